"""What a child has used. Apart from the rest, for it needs typing."""

from __future__ import annotations

from typing import NamedTuple, Optional


class Usage(NamedTuple):
    """What a child and what it waited for have used. Times are seconds, memory is bytes."""

    user: float
    system: float
    max_rss: int
    max_rss_floor: int
    memory_peak: Optional[int]
    minor_faults: int
    major_faults: int
    block_reads: int
    block_writes: int
    voluntary_switches: int
    involuntary_switches: int
