//! What became of a launch.

use super::ends;
use super::failure::Failure;
use super::handshake;
use super::launch::{Launched, Name};
use super::shared::Shared;
use crate::child::init::SIGNALLED;
use crate::plan::Sealed;
use crate::report::{Report, kind};
use crate::sealed::{Plan, clone, mode};
use crate::stage::{Row, Stage};
use crate::sys::abi::{EINTR, EINVAL, F_GETOWN, P_PID, P_PIDFD, WALL, WCLONE, WEXITED, WNOHANG, WNOWAIT, WaitInfo};
use crate::sys::{self, Answer, Errno};
use alloc::vec::Vec;
use nix::errno::Errno as Number;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// For how long those that are about to end are waited for.
pub const PATIENCE: Duration = Duration::from_millis(200);

/// How far a start has come, as far as it was heard.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Start {
    Held,
    LetGo,
    /// In the program; whether it was the image that execed it.
    Running {
        exact: bool,
    },
    Failed,
}

/// Comes back when the child is in the program, or at its hold point.
pub fn until_ready(launched: &mut Launched, plan: &Shared<Sealed>) -> Result<Start, Failure> {
    if plan.mode != mode::COPIED && !passed_exec(launched) {
        return Err(died_in_our_memory(launched, plan));
    }
    if let Some(above) = launched.to_fetch {
        let ends = ends::fetch(launched.pidfd(), above);
        launched.ends = ends.map_err(|errno| not_fetched(launched, plan, errno))?;
    }
    if plan.mode == mode::SHARED { Ok(Start::Running { exact: true }) } else { until_told(launched, plan) }
}

/// The same for a child that has memory of its own.
#[inline(never)]
fn until_told(launched: &Launched, plan: &Shared<Sealed>) -> Result<Start, Failure> {
    if let Err(failure) = handshake::serve(launched, plan) {
        // It may be that the child was killed, and that this is why it cannot be served.
        return Err(given_up(launched, plan, failure));
    }
    if plan.second_clone == clone::EARLY {
        until_second(launched, plan, None)?;
    }
    if plan.hold == 0 {
        return until_running(launched, plan, None);
    }
    match listen_for_word(launched, None) {
        Heard::Held => Ok(Start::Held),
        heard => Err(heard.into_failure(launched, plan)),
    }
}

/// Comes back when a child that nothing holds is in the program, or when time is up.
pub fn until_running(launched: &Launched, plan: &Shared<Sealed>, deadline: Option<Instant>) -> Result<Start, Failure> {
    if plan.second_clone >= clone::LATE && launched.second.get().is_none() && !until_second(launched, plan, deadline)? {
        return Ok(Start::LetGo);
    }
    let heard = listen_to_end(launched, deadline);
    // A tracer waits for its tracees whatever their exit signal, and only by that could an exec be told.
    // An init never execs.
    let exact = plan.mode == mode::COPIED && plan.trace == 0 && plan.stop == 0 && plan.init == 0;
    match heard {
        Heard::NotYet => Ok(Start::LetGo),
        Heard::Exec if plan.doomed == 0 && (!exact || passed_exec(launched)) => Ok(Start::Running { exact }),
        heard => Err(heard.into_failure(launched, plan)),
    }
}

/// Comes back when the child has left the rest to a second process, or when time is up; whether it has.
fn until_second(launched: &Launched, plan: &Shared<Sealed>, deadline: Option<Instant>) -> Result<bool, Failure> {
    let heard = listen_for_word(launched, deadline);
    match &heard {
        // The end of the first may be noticed before the second has said anything.
        Heard::Second | Heard::Died(_) => (),
        Heard::NotYet => return Ok(false),
        _ => return Err(heard.into_failure(launched, plan)),
    }
    second(launched).ok_or_else(|| heard.into_failure(launched, plan))?;
    // Not before the second is known: whoever waits for the child meanwhile finds one or the other.
    reap(&launched.first);
    handshake::go(launched, false).map(|()| true).map_err(|errno| Failure::at(Stage::SecondClone, errno, plan))
}

/// From now on the child is the second process, if there is one, which waits. Both tell who it is, since either may be
/// killed before: the first with its last act, and the second with the first thing that it says.
pub fn second(launched: &Launched) -> Option<()> {
    let pid = owner_of_go(launched).or_else(|| {
        hear_second(launched);
        owner_of_go(launched)
    })?;
    // SAFETY: kernel contract, man 2 pidfd_open: a new descriptor of our own, of a child that nobody has reaped.
    let pidfd = sys::pidfd_open(pid).ok().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
    let name = Name { pid, pidfd };
    // Whoever has power over it in there has power over the file, too, but not to make it name anybody who is not ours.
    if !is_child(&name, WALL) {
        return None;
    }
    if let Some(heir) = &launched.heir {
        heir.is(name.pid);
    }
    launched.second.set(name).ok()
}

fn owner_of_go(launched: &Launched) -> Option<i32> {
    let go = launched.ends.go.as_ref()?.as_fd().as_raw_fd();
    sys::fcntl(go, F_GETOWN, 0).ok().filter(|pid| *pid > 0)
}

/// Waits for the second's first word, or for the end of the pipe where there is none; not for ever, since somebody else's
/// fork may have the other end.
fn hear_second(launched: &Launched) {
    let Some(reports) = &launched.ends.reports else { return };
    let deadline = Instant::now().checked_add(PATIENCE);
    let mut fds = [PollFd::new(reports.as_fd(), PollFlags::POLLIN)];
    loop {
        match poll(&mut fds, remaining(deadline)) {
            Err(Number::EINTR | Number::EAGAIN) => continue,
            Ok(0) | Err(_) => return,
            Ok(_) => (),
        }
        // What the first had said before is of no more use.
        if matches!(read_reports(reports, &mut [Report::default()]), Heard::Second | Heard::Died(None)) {
            return;
        }
    }
}

/// Without the ends nothing can be heard of it. That it died may be the reason, or that it did not wait any longer.
fn not_fetched(launched: &Launched, plan: &Shared<Sealed>, errno: Number) -> Failure {
    match kill_and_reap(launched) {
        0 if errno == Number::ESRCH => Failure::at(Stage::Pipe, Number::ETIMEDOUT, plan),
        signal if errno == Number::ESRCH => Failure::killed(None, signal, launched.pid(), plan),
        _ => Failure::at(Stage::Pipe, errno, plan),
    }
}

/// What is heard of a child on its way.
pub enum Heard {
    /// It waits to be let go on.
    Held,
    /// It left the rest to another process.
    Second,
    /// It said that exec is next, and then nothing.
    Exec,
    Failed(Report),
    /// It was killed before it said that exec is next, by what it has blamed for that.
    Died(Option<Stage>),
    NotYet,
}

impl Heard {
    /// The failure that a child has come to; it is reaped.
    pub fn into_failure(self, launched: &Launched, plan: &Shared<Sealed>) -> Failure {
        match self {
            Heard::Failed(report) => {
                // By its listener, which is ours, it might never come to its end.
                if plan.listener != 0 {
                    kill(launched);
                }
                reap(launched.name());
                Failure::reported(report, launched.pid(), plan)
            }
            // Where only its own filter can have killed it.
            Heard::Exec if plan.doomed != 0 => {
                Failure::killed(Some(Stage::Exec), reap_program(launched, plan), launched.pid(), plan)
            }
            // An init comes to its end by itself, and tells of the program's.
            Heard::Died(stage) if plan.init != 0 => {
                Failure::killed(stage, reap_program(launched, plan), launched.pid(), plan)
            }
            Heard::Died(stage) => Failure::killed(stage, kill_and_reap(launched), launched.pid(), plan),
            _ => Failure::killed(None, kill_and_reap(launched), launched.pid(), plan),
        }
    }
}

/// Listens for the next word: that the child is held, say, or failed on the way. What it says after that is for later.
pub fn listen_for_word(launched: &Launched, deadline: Option<Instant>) -> Heard {
    let mut first = [Report::default()];
    listen(launched, PollFlags::POLLIN, deadline, &mut first)
}

/// Listens for the end of what the child has to say, until time is up. A word alone does not wake the caller: what comes
/// next tells more, and soon.
fn listen_to_end(launched: &Launched, deadline: Option<Instant>) -> Heard {
    // Who it is, what is to blame for its death, that it is about to exec, and that this failed.
    let mut all = [Report::default(); 4];
    listen(launched, PollFlags::empty(), deadline, &mut all)
}

fn listen(launched: &Launched, wakes: PollFlags, deadline: Option<Instant>, said: &mut [Report]) -> Heard {
    let Some(reports) = &launched.ends.reports else { return Heard::Died(None) };
    if let Some(listening) = &launched.listening {
        return listening.listen(launched, reports, deadline);
    }
    // The pipe's end tells, or the death of the child where a fork of somebody else's still holds the pipe. Without a
    // pidfd the pipe is listened to twice.
    let death = launched.pidfd().map_or((reports, wakes), |pidfd| (pidfd, PollFlags::POLLIN));
    loop {
        let mut fds = [(reports, wakes), death].map(|(fd, events)| PollFd::new(fd.as_fd(), events));
        match poll(&mut fds, remaining(deadline)) {
            Ok(0) => return Heard::NotYet,
            Ok(_) => {
                let [pipe, _] = fds;
                let spoken = pipe.any() != Some(false) || is_readable(reports);
                let heard = if spoken { read_reports(reports, said) } else { Heard::Died(None) };
                if !is_known(&heard, launched) {
                    return heard;
                }
            }
            Err(Number::EINTR | Number::EAGAIN) => continue,
            Err(_) => return Heard::Died(None),
        }
    }
}

/// Who goes on was known by the end of the first before it said so.
pub fn is_known(heard: &Heard, launched: &Launched) -> bool {
    matches!(heard, Heard::Second) && launched.second.get().is_some()
}

/// A dead child may have spoken before.
fn is_readable(reports: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(reports.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}

/// What has been said, as far as there is room.
fn read_reports(reports: &OwnedFd, said: &mut [Report]) -> Heard {
    // SAFETY: reports are 16 bytes each, of which any values are valid.
    let bytes = unsafe { core::slice::from_raw_parts_mut(said.as_mut_ptr().cast::<u8>(), size_of_val(said)) };
    let count = sys::read(reports.as_raw_fd(), bytes).unwrap_or(0) / size_of::<Report>();
    let mut last = Heard::Died(None);
    for report in said.iter().take(count) {
        match report.kind {
            kind::FAILED => return Heard::Failed(*report),
            kind::HELD | kind::UNMAPPED => return Heard::Held,
            kind::SECOND => last = Heard::Second,
            kind::BLAMED => last = Heard::Died(Row::of(report.stage).map(|row| row.stage)),
            _ => last = Heard::Exec,
        }
    }
    last
}

pub fn remaining(deadline: Option<Instant>) -> PollTimeout {
    let Some(deadline) = deadline else { return PollTimeout::NONE };
    let left = deadline.saturating_duration_since(Instant::now());
    // Rounded up: a poll that ends early would only be called again.
    let milliseconds = left.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128) as i32;
    PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX)
}

/// Whether an exec of this child passed its point of no return. Until then its exit signal is 0, which only `__WCLONE`
/// waits for; exec makes it SIGCHLD. Hearing nothing would not be enough: a child killed before exec is silent too.
fn passed_exec(launched: &Launched) -> bool {
    !is_child(launched.name(), WCLONE)
}

/// Whether it is a child of this process's, of those that are waited for in that way.
fn is_child(name: &Name, kind: i32) -> bool {
    let mut info = WaitInfo::EMPTY;
    by_name(name, |which, id| sys::waitid(which, id, &mut info, WEXITED | WNOHANG | WNOWAIT | kind)).is_ok()
}

/// Waits by the pidfd, which is nobody else's; by pid where the kernel (before Linux 5.4) has the one without the other.
pub fn by_name(name: &Name, mut wait: impl FnMut(i32, i32) -> Answer) -> Answer {
    let answer = name.pidfd.as_ref().map(|pidfd| wait(P_PIDFD, pidfd.as_raw_fd()));
    match answer {
        None | Some(Err(Errno(EINVAL))) => wait(P_PID, name.pid),
        Some(answer) => answer,
    }
}

/// The child of a shared launch that is not the program: what it left in memory says why.
#[cold]
fn died_in_our_memory(launched: &Launched, plan: &Shared<Sealed>) -> Failure {
    let signal = reap(launched.name());
    match launched.report {
        report @ Report { kind: kind::FAILED, .. } => Failure::reported(report, launched.pid(), plan),
        Report { stage, .. } => Failure::killed(
            Row::of(stage).map(|row| row.stage).filter(|stage| *stage > Stage::Child),
            signal,
            launched.pid(),
            plan,
        ),
    }
}

/// A child that the caller could not serve. A death that is not of our making is the reason why.
fn given_up(launched: &Launched, plan: &Shared<Sealed>, failure: Failure) -> Failure {
    let dead = is_ending(launched.pid());
    kill(launched);
    let heard = listen_to_end(launched, None);
    let signal = reap(launched.name());
    match heard {
        Heard::Failed(report) => Failure::reported(report, launched.pid(), plan),
        _ if signal != 0 && (dead || signal != libc::SIGKILL) => Failure::killed(None, signal, launched.pid(), plan),
        _ => failure,
    }
}

/// Whether it is past the point where a dying process loses its memory, and everybody the right to write its files.
fn is_ending(pid: i32) -> bool {
    const PF_EXITING: u32 = 4;
    let stat = stat(pid);
    let flags = core::str::from_utf8(&stat).ok().and_then(|stat| stat.split_ascii_whitespace().nth(6)?.parse().ok());
    flags.is_some_and(|flags: u32| flags & PF_EXITING != 0)
}

/// What /proc tells of a process, from its state on. proc_pid_stat(5)
pub fn stat(pid: i32) -> Vec<u8> {
    let mut path = [0u8; 32];
    let mut rest = path.as_mut_slice();
    let _ = write!(rest, "/proc/{pid}/stat");
    let left = rest.len();
    let path = core::str::from_utf8(path.get(..32 - left).unwrap_or_default()).unwrap_or_default();
    let mut stat = std::fs::read(path).unwrap_or_default();
    // The name before it may have any bytes.
    let name = stat.iter().rposition(|byte| *byte == b')').map_or(0, |end| stat.len().min(end + 2));
    stat.drain(..name);
    stat
}

pub fn kill_and_reap(launched: &Launched) -> i32 {
    kill(launched);
    reap(launched.name())
}

/// By pidfd where there is one: the caller's own wait may have reaped the child, and its pid be another's.
pub fn kill(launched: &Launched) {
    match launched.pidfd() {
        Some(pidfd) if sys::pidfd_send_signal(pidfd.as_raw_fd(), libc::SIGKILL, 0) != Err(Errno(libc::ENOSYS)) => (),
        _ => drop(sys::kill(launched.pid(), libc::SIGKILL)),
    }
}

/// Reaps a child that is dying; the signal that killed it, 0 if none did or somebody else was told.
pub fn reap(name: &Name) -> i32 {
    signal_of(&end_of(name, 0))
}

/// The same for the program, of which an init tells in its own way.
fn reap_program(launched: &Launched, plan: &Plan) -> i32 {
    let end = end_of(launched.name(), 0);
    let told = plan.init != 0 && end.code == libc::CLD_EXITED && end.status > SIGNALLED;
    if told { end.status - SIGNALLED } else { signal_of(&end) }
}

fn end_of(name: &Name, flags: i32) -> WaitInfo {
    let mut info = WaitInfo::EMPTY;
    while by_name(name, |which, id| sys::waitid(which, id, &mut info, WEXITED | WALL | flags)) == Err(Errno(EINTR)) {}
    info
}

fn signal_of(info: &WaitInfo) -> i32 {
    if matches!(info.code, libc::CLD_KILLED | libc::CLD_DUMPED) { info.status } else { 0 }
}
