//! The memory in which the child runs, and whether other processes may trace it.

use super::caller;
use super::fault::{Fault, Step};
use super::filters;
use super::request::Request;
use super::sealed::{Plan, cgroup, mode};
use crate::attr::limits::process;
use crate::sentences::{self, Sentence};
use crate::stage::Stage;

/// Whether the child makes itself non-dumpable. In shared memory the flag would be the caller's as well, and the child has
/// the caller's ids anyway. A child that stops is meant to be looked at by a debugger: as long as it has the caller's
/// credentials, it stays dumpable.
pub fn nondumpable(request: &Request, plan: &Plan<()>) -> bool {
    let same = plan.uid.get().is_none() && plan.gid.get().is_none() && plan.groups.get().is_none();
    let same = same && !request.attr.caps.changes() && plan.clone_namespaces & libc::CLONE_NEWUSER as u64 == 0;
    let same = same && !plan.joins_any();
    !(plan.stop != 0 && same)
}

/// The memory in which the child runs. It shares the caller's memory only while this gives nobody new power over the caller.
/// A child that could be traced, signalled, frozen or out-of-memory-killed by processes that cannot do that to the caller
/// gets memory of its own.
pub fn mode_of(request: &Request, plan: &Plan<()>) -> Step<u32> {
    let attr = request.attr;
    // Processes with the child's new ids may send it SIGSTOP in the middle of the caller's memory.
    let other_identity = plan.uid.get().is_some() || plan.gid.get().is_some() || plan.groups.get().is_some();
    // A change of credentials would clear the caller's dumpable flag, which is kept with the memory.
    let other_privileges = attr.caps.changes();
    // Processes with capabilities in that user namespace may trace the child.
    let user_namespace = plan.clone_namespaces & libc::CLONE_NEWUSER as u64 != 0 || plan.unshare_user != 0;
    // Processes in the namespaces that are joined may have nothing to do with the caller.
    let joins = plan.joins_any();
    // The child outlives the call, or others stop it. It must not stay in the caller's memory for that time.
    let waits =
        plan.hold != 0 || plan.wait != 0 || plan.trace != 0 || plan.stop != 0 || plan.listener != 0 || plan.init != 0;
    // A process that can freeze the cgroup would freeze the caller, which waits for the child. And the out-of-memory killer,
    // when it kills a whole cgroup, kills all processes that share the memory.
    let dangerous_cgroup = !matches!(plan.cgroup, cgroup::NONE | cgroup::BORN);
    // In another pid namespace getppid(2) does not tell whether the caller lives. A descriptor does, and only a child with
    // memory of its own is given one.
    let dies_with_parent = plan.parent_death != 0 || plan.may_block != 0;
    let cannot_see_parent = dies_with_parent && plan.other_pid_namespace != 0;
    // A child that is killed by its filter dumps a core of the caller's memory, and kernels before 5.16 then kill all
    // processes that share it.
    let filtered = !plan.filters.is_empty() && filters::may_kill(request, plan);
    // The kernel keeps these settings with the memory, which would be the caller's.
    let other_memory = plan.process_flags & process::OF_MEMORY != 0 || !plan.coredump_filter.is_empty();
    let exposed = exposes_own_file(request, plan);
    let fresh = filtered || other_identity || other_privileges || user_namespace || joins || waits || dangerous_cgroup;
    // The child writes to its oom_score_adj. If the caller is not dumpable, the file of a child in its memory belongs to
    // root.
    let not_its_own = !plan.oom_score_adj.is_empty() && !caller::is_dumpable();
    // setns(2) refuses a time namespace to a process that shares its memory. And the memory of a child that shares or copies
    // the caller's could not be measured alone.
    let measured = attr.exec.measure_memory;
    let fresh =
        fresh || cannot_see_parent || exposed || not_its_own || plan.enters_time != 0 || measured || other_memory;
    // Descriptors are handed to the caller over a socket, and only a child with memory of its own has one.
    let fresh = fresh || plan.handed != 0;
    let asked = attr.exec.memory_mode;
    if asked == mode::COPIED || !request.host.memory_is_shared {
        return if exposed || measured { Err(needs_image(asked, exposed)) } else { Ok(mode::COPIED) };
    }
    if !fresh && asked != mode::FRESH {
        return Ok(mode::SHARED);
    }
    // If only an image will do, it is tried even if it was refused before, so that the failure names the reason.
    let needed = exposed || measured || asked == mode::FRESH;
    if !request.host.image_runs && !needed {
        return Ok(mode::COPIED);
    }
    match caller::ids_outlive_exec() {
        true => Ok(mode::FRESH),
        false if needed => Err(ids_lost(exposed, measured)),
        false => Ok(mode::COPIED),
    }
}

/// Whether other processes may open `/proc/PID/exe` of the child before the exec of the program. They may in another root or
/// mount namespace, where a script can name `/proc/self/exe` as its interpreter, and in a pid namespace with other processes
/// in it. In the image this link leads to a sealed memfd. In the caller's memory, or a copy of it, the link leads to the
/// caller's own program file. A process that holds that file open can overwrite it once the caller has ended
/// (CVE-2019-5736).
fn exposes_own_file(request: &Request, plan: &Plan<()>) -> bool {
    plan.other_root != 0 || request.attr.ns.joined() & libc::CLONE_NEWPID as u32 != 0
}

#[cold]
fn needs_image(asked: u32, exposed: bool) -> Fault {
    match (asked == mode::COPIED, exposed) {
        (true, true) => Fault::invalid("set_memory_mode", sentences::ROOT_NEEDS_IMAGE),
        (true, false) => Fault::invalid("measure_memory", sentences::COPY_HAS_CALLERS_MEMORY),
        (false, true) => not_shared(sentences::ABOUT_ROOT.text(), sentences::ROOT_UNDER_EMULATOR),
        (false, false) => not_shared("measure_memory", sentences::COPY_UNDER_EMULATOR),
    }
}

#[cold]
fn not_shared(what: &'static str, why: Sentence) -> Fault {
    Fault { stage: Stage::Image, ..Fault::invalid(what, why) }.code(libc::EOPNOTSUPP)
}

#[cold]
fn ids_lost(exposed: bool, measured: bool) -> Fault {
    let (what, why) = match (exposed, measured) {
        (true, _) => (sentences::ABOUT_ROOT.text(), sentences::ROOT_LOSES_IDS),
        (false, true) => ("measure_memory", sentences::MEASURED_LOSES_IDS),
        (false, false) => ("set_memory_mode", sentences::FRESH_LOSES_IDS),
    };
    Fault { stage: Stage::Image, ..Fault::invalid(what, why) }.code(libc::EPERM)
}
