//! Whose memory the child runs in, and whether others may look into it.

use super::caller;
use super::fault::{Fault, Step};
use super::filters;
use super::request::Request;
use super::sealed::{Plan, cgroup, mode};
use crate::attr::limits::process;
use crate::sentences::{self, Sentence};
use crate::stage::Stage;

/// Only in memory of its own: in shared memory the flag is the caller's too, and the child is nothing the caller is not.
/// A child that stops is there to be looked into, and as long as it stays what the caller is, the caller's equals may.
pub fn nondumpable(request: &Request, plan: &Plan<()>) -> bool {
    let same = plan.uid.get().is_none() && plan.gid.get().is_none() && plan.groups.get().is_none();
    let same = same && !request.attr.caps.changes() && plan.clone_namespaces & libc::CLONE_NEWUSER as u64 == 0;
    let same = same && plan.joins.is_empty();
    !(plan.stop != 0 && same)
}

/// Whose memory the child runs in. It shares the caller's only while whoever may trace, signal, freeze or
/// out-of-memory-kill it by what it becomes could already do that to the caller.
pub fn mode_of(request: &Request, plan: &Plan<()>) -> Step<u32> {
    let attr = request.attr;
    // The new identity's processes may signal it, and stop it in the middle of our memory.
    let other_identity = plan.uid.get().is_some() || plan.gid.get().is_some() || plan.groups.get().is_some();
    // Credentials of its own would clear the caller's dumpable flag, or lack what guards it.
    let other_privileges = attr.caps.changes();
    // The neighbours of the namespace's owner may trace into it.
    let user_namespace = plan.clone_namespaces & libc::CLONE_NEWUSER as u64 != 0 || plan.unshare_user != 0;
    // Whoever is in there is nobody of the caller's.
    let joins = !plan.joins.is_empty();
    // It outlives the call, or is stopped by others: nobody may have to wait for it in our memory.
    let waits =
        plan.hold != 0 || plan.wait != 0 || plan.trace != 0 || plan.stop != 0 || plan.listener != 0 || plan.init != 0;
    // Who can freeze it would freeze the caller with it, and what kills it together with others there would kill the caller.
    let dangerous_cgroup = !matches!(plan.cgroup, cgroup::NONE | cgroup::BORN);
    // Only a descriptor of the caller tells its death in there, and only an image is given one.
    let blind = plan.parent_death != 0 && plan.foreign != 0;
    // Killed by its own filter it leaves a core of our memory, and kernels before 5.16 then kill all who share it.
    let filtered = !plan.filters.is_empty() && filters::may_kill(request, plan);
    // The kernel keeps them with the memory, which would be the caller's.
    let other_memory = plan.process_flags & process::OF_MEMORY != 0 || !plan.coredump_filter.is_empty();
    let exposed = exposes_own_file(request, plan);
    let fresh = filtered || other_identity || other_privileges || user_namespace || joins || waits || dangerous_cgroup;
    // A file of /proc of its own, which in the memory of a caller that is not dumpable belongs to root.
    let not_its_own = !plan.oom_score_adj.is_empty() && !caller::is_dumpable();
    // setns(2) into a time namespace takes memory of its own.
    // A copy has in its own memory all that the caller has.
    let measured = attr.exec.measure_memory;
    let fresh = fresh || blind || exposed || not_its_own || plan.enters_time != 0 || measured || other_memory;
    // What it hands over goes by its end of a socket, and only an image or a copy is given one.
    let fresh = fresh || plan.handed != 0;
    let asked = attr.exec.memory_mode;
    if asked == mode::COPIED || !request.host.memory_is_shared {
        return if exposed || measured { Err(needs_image(asked, exposed)) } else { Ok(mode::COPIED) };
    }
    if !fresh && asked != mode::FRESH {
        return Ok(mode::SHARED);
    }
    // Where nothing but an image will do it is tried in any case, so that the reason why it fails is told.
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

/// Whether processes that are not the caller's may open `/proc/PID/exe` of the child before it is the program: in a root or
/// mount namespace that is not the caller's, where a script may name `/proc/self/exe` as its interpreter, and in a pid
/// namespace that others are in. In the image this link leads to a sealed memfd. In the caller's memory, or a copy of it, it
/// leads to the caller's own file, which whoever has it open can overwrite when the caller has ended (CVE-2019-5736).
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
