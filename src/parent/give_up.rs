//! Ends and reaps a child whose start has failed, and makes the failure of what was heard of it.

use super::evidence::{Heard, end_of_program, stage_of, words};
use super::failure::{Failure, mapping_denied};
use super::launched::Launched;
use super::process::End;
use super::procfs;
use super::second_process::second;
use crate::page::{OWNER_DIED, kind};
use crate::plan::Sealed;
use crate::sealed::{Plan, clone, mode};
use crate::shared::Shared;
use crate::stage::Stage;
use core::sync::atomic::Ordering;
use nix::errno::Errno;

/// The failure. The child is reaped.
pub fn failure_of(heard: Heard, launched: &Launched, plan: &Shared<Sealed>) -> Failure {
    end_first(launched, plan);
    match heard {
        Heard::Failed(report) => {
            // The second process may have failed before the caller knew of it.
            if plan.second_clone != clone::NONE && launched.second.get().is_none() && second(launched).is_some() {
                launched.first.reap();
            }
            // A call of the child's may wait for the listener, which the caller has: then it would never end by itself.
            if plan.listener != 0 {
                launched.process().kill();
            }
            launched.process().reap();
            Failure::reported(report, launched.pid(), plan)
        }
        Heard::Died(stage) => killed(launched, plan, stage),
        _ => {
            launched.process().kill();
            killed(launched, plan, None)
        }
    }
}

/// The second process may have failed before the caller has heard of it. It is the caller's child too. The first has nothing
/// left to do, and is reaped here.
fn end_first(launched: &Launched, plan: &Plan) {
    let may_have_two = plan.second_clone != clone::NONE && launched.second.get().is_none();
    if may_have_two && second(launched).is_some() {
        launched.first.kill();
        launched.first.reap();
    }
}

/// A child that died without a report. An init ends by itself after its program, and tells how the program ended.
fn killed(launched: &Launched, plan: &Shared<Sealed>, stage: Option<Stage>) -> Failure {
    let by_itself = plan.init != 0 || plan.exec_is_killed != 0 && stage == Some(Stage::Exec);
    if !by_itself {
        launched.process().kill();
    }
    let end = launched.process().reap();
    // The second process may have been killed before the kernel could mark its word; the page is not in use any more.
    if launched.second.get().is_some() {
        launched.page().second.word.fetch_or(OWNER_DIED, Ordering::AcqRel);
    }
    if let Some(errno) = launched.listener_refused() {
        return Failure::at(stage_of_filters(plan), errno, plan).of_child(launched.pid());
    }
    let unowned =
        launched.page().first.has_left() && stage_of(launched.page().report()).is_none_or(|at| at <= Stage::Image);
    match end {
        // The image could not open the page, and has told its errno by its exit status.
        Some(End { code: libc::CLD_EXITED, status }) if unowned && status != 0 && plan.mode == mode::FRESH => {
            let failure = Failure::at(Stage::Image, Errno::from_raw(status), plan);
            failure.because(mapping_denied(status)).of_child(launched.pid())
        }
        end => {
            let end = end_of_program(launched, plan.init != 0).map(|(end, _)| end).or(end);
            let signal = End::signal_of(end);
            Failure::killed(cause(plan, stage, signal), signal, launched.pid(), plan)
        }
    }
}

fn stage_of_filters(plan: &Plan) -> Stage {
    if plan.filters_privileged != 0 { Stage::PrivilegedSeccomp } else { Stage::Seccomp }
}

/// The stage to name. A filter that kills for one of the library's own calls is the cause, whichever stage makes the call.
fn cause(plan: &Plan, stage: Option<Stage>, signal: i32) -> Option<Stage> {
    let put_on = stage_of_filters(plan);
    let by_filter = signal == libc::SIGSYS && !plan.filters.is_empty();
    stage.map(|stage| if by_filter && stage > put_on && stage < Stage::Exec { put_on } else { stage })
}

/// Ends a child that the caller could not serve. If the child was killed by others, or has reported, that is the failure.
pub fn given_up(launched: &Launched, plan: &Shared<Sealed>, failure: Failure) -> Failure {
    // A process that is about to end is no longer shown in /proc to a caller that is not root.
    let left = words(launched, &launched.page()).word.load(Ordering::Acquire) & OWNER_DIED != 0;
    let dead = left || procfs::is_exiting(launched.process()) || launched.process().has_ended();
    end_first(launched, plan);
    launched.process().kill();
    let signal = End::signal_of(launched.process().reap());
    let report = launched.page().report();
    match report.kind {
        kind::FAILED => Failure::reported(report, launched.pid(), plan),
        _ if signal != 0 && (dead || signal != libc::SIGKILL) => {
            Failure::killed(stage_of(report), signal, launched.pid(), plan)
        }
        _ => failure,
    }
}
