//! Process 2: waits until the other two have finished. Then the Go runtime starts in it.

use super::channel::{self, FINISHED, GO, RETURN};
use super::log::Piece::*;
use super::start::{Start, call_itself};
use crate::sys;
use crate::sys::nsexec::{self as calls, SIGPIPE};

/// Returns after everything of the bootstrap is closed and freed.
pub fn run(start: &mut Start) {
    start.log.enter("nsexec-2");
    call_itself(c"runc:[2:INIT]");
    let (log, message) = (&start.log, &start.message);
    let [others, end] = start.to_init;
    let _ = sys::close(start.to_child[1]);
    let _ = sys::close(others);
    channel::expect(log, end, "from stage-0", GO);
    log.debug(&[Text("~> nsexec stage-2")]);
    log.check(sys::setsid(), &[Text("setsid failed")]);
    log.check(sys::setresuid(0, 0, 0), &[Text("setuid failed")]);
    log.check(sys::setresgid(0, 0, 0), &[Text("setgid failed")]);
    if !message.rootless && message.setgroup {
        log.check(sys::setgroups(&[]), &[Text("setgroups failed")]);
    }
    log.debug(&[Text("<= nsexec container setup")]);
    if start.mask & calls::bit(SIGPIPE) == 0 {
        // SIGPIPE of a log that nobody reads must not reach the Go program.
        let _ = calls::take_signal(SIGPIPE);
    }
    log.check(sys::set_mask(start.mask), &[Text("failed to restore the signal mask")]);
    channel::tell(log, end, FINISHED);
    // Stage 0 may still fail until then. The Go program must not run after an error was reported.
    channel::expect(log, end, "from stage-0", RETURN);
    let _ = sys::close(end);
    start.message = Default::default();
    // SAFETY: the message was the only one to look into it.
    unsafe { start.memory.free() };
}
