//! The status of a child, as C has it.

use super::constants::*;
use crate::parent::{Ran, Waited};
use core::mem::MaybeUninit;
use static_assertions::const_assert_eq;

/// How a child ended and what it used.
///
/// It grows at its end only; forkexec_wait is told its size. It has no padding.
#[allow(non_camel_case_types)]
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct forkexec_status {
    /// Which fields are filled: FORKEXEC_STATUS_ bits; the others are 0.
    pub valid: u32,
    /// The status as waitpid(2) has it.
    pub wait_status: i32,
    /// The exit code. -1: a signal ended the child.
    pub exit_code: i32,
    /// The signal that ended the child. 0: it exited.
    pub signal: i32,
    /// 1: it left a core dump.
    pub core_dumped: u32,
    /// Whether the program ran: a FORKEXEC_RAN_ constant. It is FORKEXEC_RAN_NO also after a spawn that returned 0, if
    /// a signal killed the child in the middle of execve(2).
    pub ran: u32,
    /// Processor time in user mode, in nanoseconds, of the child and of the processes that it waited for.
    pub user_ns: u64,
    /// Processor time in the kernel, of the same.
    pub system_ns: u64,
    /// The peak of resident memory of the largest process among the child and those that it waited for, in bytes. With
    /// FORKEXEC_STATUS_OWN_MEMORY it is the program's own, but may include about 1 MiB of the library's image. Without,
    /// it is never below max_rss_floor_bytes.
    pub max_rss_bytes: u64,
    /// The caller's own peak when it made the child, which the kernel counts in max_rss_bytes. Only a larger
    /// max_rss_bytes is the program's. 0 with FORKEXEC_STATUS_OWN_MEMORY.
    pub max_rss_floor_bytes: u64,
    /// The peak of memory of the child's cgroup, by all that ever ran in it, if there is a cgroup and it counts memory.
    pub memory_peak_bytes: u64,
    /// Page faults that needed no reading.
    pub minor_faults: u64,
    /// Page faults that needed reading.
    pub major_faults: u64,
    /// Blocks read.
    pub block_reads: u64,
    /// Blocks written.
    pub block_writes: u64,
    /// Context switches because the child waited.
    pub voluntary_switches: u64,
    /// Context switches because its time slice was over.
    pub involuntary_switches: u64,
    /// 1: SIGKILL killed the child, or the program of an init, and oom_kills is not 0. The memory limit of its cgroup
    /// or of one above was reached, or the machine ran out of memory. If others than the child and its descendants are
    /// in the cgroup, one of them may have been killed, and somebody else may have sent the SIGKILL.
    pub out_of_memory: u32,
    /// How many processes the kernel's out-of-memory killer has killed in the child's cgroup since the child began, and
    /// with version 2 in those below it: oom_kill in memory.events, with version 1 in memory.oom_control.
    pub oom_kills: u32,
    /// Why it ended: a FORKEXEC_ENDED_ constant. 0: it has not ended.
    pub ended: u32,
    /// The signal that stopped the child, with FORKEXEC_STATUS_STOPPED.
    pub stop_signal: i32,
}

const_assert_eq!(size_of::<forkexec_status>(), 6 * 4 + 11 * 8 + 4 * 4);
const_assert_eq!(core::mem::offset_of!(forkexec_status, user_ns), 24);

impl forkexec_status {
    pub(super) fn of(waited: &Waited) -> forkexec_status {
        let exited = waited.code == libc::CLD_EXITED;
        let core_dumped = waited.code == libc::CLD_DUMPED;
        let core_bit = if core_dumped { 0x80 } else { 0 };
        let usage = &waited.usage;
        let count = |number: libc::c_long| number as u64;
        let peak_bit = if waited.memory_peak.is_some() { FORKEXEC_STATUS_MEMORY_PEAK } else { 0 };
        let oom_bit = if waited.oom_kills.is_some() { FORKEXEC_STATUS_OUT_OF_MEMORY } else { 0 };
        let memory_bit = if waited.own_memory { FORKEXEC_STATUS_OWN_MEMORY } else { 0 };
        let oom_kills = waited.oom_kills.unwrap_or(0);
        forkexec_status {
            valid: FORKEXEC_STATUS_EXIT | FORKEXEC_STATUS_RAN | FORKEXEC_STATUS_USAGE | peak_bit | oom_bit | memory_bit,
            wait_status: if exited { (waited.status & 0xff) << 8 } else { waited.status | core_bit },
            exit_code: if exited { waited.status } else { -1 },
            signal: if exited { 0 } else { waited.status },
            core_dumped: core_dumped as u32,
            ran: match waited.ran {
                Ran::No => FORKEXEC_RAN_NO,
                Ran::Yes => FORKEXEC_RAN_YES,
                Ran::Unknown => FORKEXEC_RAN_UNKNOWN,
            },
            user_ns: waited.user_ns(),
            system_ns: waited.system_ns(),
            max_rss_bytes: waited.max_rss(),
            max_rss_floor_bytes: waited.max_rss_floor,
            memory_peak_bytes: waited.memory_peak.unwrap_or(0),
            minor_faults: count(usage.ru_minflt),
            major_faults: count(usage.ru_majflt),
            block_reads: count(usage.ru_inblock),
            block_writes: count(usage.ru_oublock),
            voluntary_switches: count(usage.ru_nvcsw),
            involuntary_switches: count(usage.ru_nivcsw),
            out_of_memory: (waited.killed() && oom_kills != 0) as u32,
            oom_kills: u32::try_from(oom_kills).unwrap_or(u32::MAX),
            ended: match (exited, waited.status) {
                (true, _) => FORKEXEC_ENDED_EXIT,
                _ if waited.killed() && oom_kills != 0 => FORKEXEC_ENDED_MEMORY,
                (_, libc::SIGXCPU | libc::SIGXFSZ) => FORKEXEC_ENDED_LIMIT,
                _ => FORKEXEC_ENDED_SIGNAL,
            },
            stop_signal: 0,
        }
    }

    pub(super) fn lingering(waited: &Waited) -> forkexec_status {
        let status = forkexec_status::of(waited);
        forkexec_status { valid: status.valid | FORKEXEC_STATUS_LINGERS, ..status }
    }

    /// waitpid(2) tells stops and continuations in these numbers.
    pub(super) fn changed(valid: u32, wait_status: i32, stop_signal: i32) -> forkexec_status {
        forkexec_status { valid, wait_status, exit_code: -1, stop_signal, ..forkexec_status::default() }
    }

    pub(super) fn as_bytes(&self) -> &[MaybeUninit<u8>] {
        // SAFETY: a status has no padding.
        unsafe { core::slice::from_raw_parts((&raw const *self).cast(), size_of::<forkexec_status>()) }
    }
}
