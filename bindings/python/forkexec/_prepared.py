"""A root that is built once, for many programs."""

from __future__ import annotations

from ._errors import from_c
from ._native import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._attr import Attr

_PLACE, _ERROR = ffi.typeof("struct forkexec_root **"), ffi.typeof("struct forkexec_error *")


class PreparedRoot:
    """A root with its mounts that is built once; forkexec_root_new. Attr(prepared_root=...) gives each program a clone.

    attr: an Attr with root and mounts, and the namespaces and maps that the programs have too. An empty root is readonly. What
      programs write to (Tmpfs, Proc, and more) is made anew for each of them.

    Before Linux 6.15 each start builds the root; probe(Feature.PREPARED_ROOT). The end of `with`, of the last reference, or
    close() frees it; Attrs that have it keep it.
    """

    __slots__ = ("_c", "__weakref__")

    def __init__(self, attr: Attr) -> None:
        from ._attr import Attr

        self._c: Any = None
        if not isinstance(attr, Attr):
            raise TypeError(f"a root is prepared of an Attr, not of {attr!r}")
        place, error = ffi.gc(ffi.new(_PLACE), lib.python_free_root), ffi.new(_ERROR)
        result = lib.forkexec_root_new(attr._c, place, error)
        if result < 0:
            raise from_c(result, error)
        self._c = place

    def _set(self, attr: Any) -> int:
        # Whatever another thread closes meanwhile, this reference keeps.
        place = self._c
        if place is None:
            raise ValueError("the root is closed")
        return int(lib.forkexec_attr_set_prepared_root(attr, place[0]))

    def close(self) -> None:
        """Frees the root; forkexec_root_free. Attrs that have it keep it."""
        self._c = None

    def __enter__(self) -> PreparedRoot:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}{' closed' if self._c is None else ''}>"
