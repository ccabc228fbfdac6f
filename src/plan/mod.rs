//! The plan: the request, checked for contradictions and against the process, with everything resolved, in one flat piece of
//! memory that is then read-only. Each topic has a file, named as in `attr` and `child`. Nothing here makes a process, and a
//! failure leaves nothing behind.

mod caller;
mod request;
mod strings;
mod fault;
pub mod arena;
mod draft;
mod session;
mod signals;
mod caps;
mod check;
mod subordinate;
mod ns;
mod mounts;
mod limits;
mod cgroup;
mod ids;
mod security;
mod filters;
mod landlock;
mod handed;
mod exec;
mod fds;
mod memory_mode;
mod acts;
mod words;
mod describe;
pub mod sealed;

pub use arena::Sealed;
pub use caller::{is_dumpable, user_namespace as callers_user_namespace};
pub use describe::Item;
pub use fault::Fault;
pub use fds::gaps;
#[doc(hidden)] // for tests/fds_shuffle.rs
pub use fds::shuffle;
pub use limits::ksm_lasts;
pub use request::{Host, Purpose, Request};
pub use strings::Strings;
pub use words::Bytes;

use crate::attr::Attr;
use crate::attr::fds::Action;
use crate::stage::Stage;
use alloc::vec::Vec;
use arena::Arena;
use draft::Draft;
use fault::Step;
use sealed::{Plan, clone, cwd_rights, mode};

/// Makes the plan for a request.
pub fn lower(request: &Request) -> Step<Sealed> {
    check::check(request)?;
    let arena = Arena::new()?;
    let mut draft = Draft { arena, plan: Plan::nothing(), needed: Vec::new(), kept_open: Vec::new(), nofile_now: None };
    draft.plan.hold = (request.purpose != Purpose::Spawn) as u32;
    draft.plan.execs = matches!(request.purpose, Purpose::Spawn | Purpose::Start) as u32;
    let attr = request.attr;
    let more = attr.asks_more();
    if more {
        topics(request, &mut draft)?;
    }
    if attr.cgroup.asked() {
        cgroup::lower(request, &mut draft)?;
    }
    exec::lower(request, &mut draft)?;
    fds::lower(request, &mut draft)?;
    // The child may block: open(2) of a FIFO waits for a process at its other end, and a path may be on a FUSE or network
    // file system.
    let opens = request.attr.fds.actions.iter().any(|item| matches!(item, Action::Open { .. }));
    let may_block = opens || draft.plan.new_root != 0 || !draft.plan.mounts.is_empty();
    draft.plan.may_block = may_block as u32;
    draft.plan.mode = memory_mode::mode_of(request, &draft.plan)?;
    if draft.plan.mode == mode::FRESH {
        exec::own_file(request, &mut draft)?;
    }
    cgroup::second_of_image(request, &mut draft.plan);
    limits::deadline(&draft.plan)?;
    ns::pids(request, &draft.plan)?;
    ns::how_it_waits(&mut draft.plan);
    draft.plan.exec_is_killed = (!draft.plan.filters.is_empty() && filters::kill_exec(request, &draft.plan)) as u32;
    draft.plan.nondumpable = (draft.plan.mode != mode::SHARED && memory_mode::nondumpable(request, &draft.plan)) as u32;
    caps::lower(request, &mut draft)?;
    // A child that is born in its cgroup has no step for it.
    if !more && draft.plan.mode == mode::SHARED {
        draft.plan.skips_from = Stage::Carry as u32;
        draft.plan.skips_until = skips_until(attr) as u32;
    }
    Ok(draft.arena.seal(&draft.plan))
}

/// The first stage after the clone that can have something to do for a request which asks only for a program and
/// descriptors.
fn skips_until(attr: &Attr) -> Stage {
    if attr.exec.cwd_rights != cwd_rights::PROGRAM {
        Stage::CwdBeforeIds
    } else if attr.exec.asked() {
        Stage::Cwd
    } else if attr.fds.asked() {
        Stage::FdInternal
    } else {
        // If clone(2) could not reset the signal handlers, this stage does.
        Stage::SignalActions
    }
}

/// Lowers all topics except the program, its descriptors and its cgroup.
#[inline(never)]
fn topics(request: &Request, draft: &mut Draft) -> Step<()> {
    let attr = request.attr;
    if attr.session.asked() {
        session::lower(request, draft)?;
    }
    if attr.signals.asked() {
        signals::lower(request, draft);
    }
    if attr.ns.asked() {
        ns::lower(request, draft)?;
    }
    if attr.mounts.asked() {
        mounts::lower(request, draft)?;
    }
    if attr.limits.asked() {
        limits::lower(request, draft)?;
    }
    if attr.ids.asked() {
        ids::lower(request, draft)?;
    }
    if attr.security.asked() {
        security::lower(request, draft)?;
    }
    if attr.filters.asked() {
        filters::lower(request, draft)?;
    }
    if attr.landlock.asked() {
        landlock::lower(request, draft)?;
    }
    if attr.handed.asked() {
        handed::lower(request, draft)?;
    }
    // Filters that are installed with privilege come before `LAST`, and would have to allow its clone. So the clone is made
    // earlier.
    let before_filters = !draft.plan.filters.is_empty() && draft.plan.filters_privileged != 0;
    if draft.plan.second_clone == clone::LAST && before_filters {
        draft.plan.second_clone = clone::LATE;
    }
    let joined = attr.ns.joined() & libc::CLONE_NEWNS as u32 != 0;
    draft.plan.other_root = (joined || attr.mounts.has_root() || attr.mounts.chroot.is_some()) as u32;
    Ok(())
}
