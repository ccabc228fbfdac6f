//! What a spawn tries next after a failure: a table, of which the first rule that applies is taken.
//!
//! A rule gives up one way, which the spawn then does without; or it tries the same ways again, a few times at most. Where no
//! rule applies, the spawn has failed.

use super::channel;
use super::failure::Failure;
use super::hint::{self, Hint};
use super::image;
use super::ways::Ways;
use crate::sealed::{Plan, mode};
use crate::sentences;
use crate::stage::Stage;
use crate::sys::Errno;
use crate::sys::ways::{Call, Means, means};
use libc::{E2BIG, EBADF, EFBIG, ETIMEDOUT, ETXTBSY};

/// What a rule looks at.
struct Met {
    stage: Stage,
    code: i32,
    signal: i32,
    born_in_cgroup: bool,
    is_plain_copy: bool,
    /// The caller's signals could not be blocked. So there was no clone, and the errno is not one of clone(2).
    before_clone: bool,
}

/// Why the spawn failed.
#[derive(Clone, Copy)]
enum Cause {
    Errno(i32),
    /// `sys::ways` takes the errno for a refusal of this call.
    Refused(Call),
    /// The child was killed by SIGKILL, at a time when nobody but the kernel had a reason.
    Killed,
}

/// Which plans a rule is about.
#[derive(Clone, Copy)]
enum Of {
    All,
    BornInCgroup,
    PlainCopy,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Image,
    StringsInImage,
    IntoCgroup,
    OwnTable,
    Fetch,
    ExitSignal,
}

#[derive(Clone, Copy)]
enum Next {
    /// The same ways, after this was done.
    Again(fn()),
    Without(Way),
}

struct Rule {
    stage: Stage,
    cause: Cause,
    of: Of,
    next: Next,
    /// Tells the thread's next spawns of a refusal.
    hint: Option<&'static Hint>,
}

const fn rule(stage: Stage, cause: Cause, next: Next) -> Rule {
    Rule { stage, cause, of: Of::All, next, hint: None }
}

impl Rule {
    const fn of(self, of: Of) -> Rule {
        Rule { of, ..self }
    }

    const fn hint(self, hint: &'static Hint) -> Rule {
        Rule { hint: Some(hint), ..self }
    }
}

static RULES: [Rule; 15] = [
    // Other code of the caller's has closed the file of the image or of the page: both are looked at, and made again.
    rule(Stage::Image, Cause::Errno(EBADF), Next::Again(forget_closed_files)),
    // Another process has the image open for writing: another image is made.
    rule(Stage::Image, Cause::Errno(ETXTBSY), Next::Again(image::renew)),
    // The kernel limits the strings of an exec. The program's may fit without those of the image beside them.
    rule(Stage::Image, Cause::Errno(E2BIG), Next::Without(Way::StringsInImage)),
    // This program's strings are too long, or RLIMIT_FSIZE is too small at this moment: no hint.
    rule(Stage::Image, Cause::Errno(E2BIG), Next::Without(Way::Image)),
    rule(Stage::Image, Cause::Errno(EFBIG), Next::Without(Way::Image)),
    rule(Stage::Image, Cause::Refused(Call::Image), Next::Without(Way::Image)).hint(&hint::IMAGE),
    // The image cannot take the caller's capabilities with it; that depends on the plan: no hint.
    rule(Stage::Carry, Cause::Refused(Call::Carry), Next::Without(Way::Image)),
    rule(Stage::FdTable, Cause::Refused(Call::OwnTable), Next::Without(Way::OwnTable)).hint(&hint::OWN_TABLE),
    // The caller was so slow that the child has stopped to wait for its ends to be fetched.
    rule(Stage::Pipe, Cause::Errno(ETIMEDOUT), Next::Again(nothing)),
    rule(Stage::Pipe, Cause::Errno(ETIMEDOUT), Next::Without(Way::Fetch)),
    rule(Stage::Pipe, Cause::Refused(Call::Fetch), Next::Without(Way::Fetch)).hint(&hint::FETCH),
    rule(Stage::Clone, Cause::Refused(Call::IntoCgroup), Next::Without(Way::IntoCgroup)).of(Of::BornInCgroup),
    // Since Linux 6.14 the kernel kills a child that is born in a cgroup that was ever killed as a whole, but not one that is
    // moved there.
    rule(Stage::Child, Cause::Killed, Next::Without(Way::IntoCgroup)).of(Of::BornInCgroup),
    rule(Stage::CgroupBirth, Cause::Killed, Next::Without(Way::IntoCgroup)).of(Of::BornInCgroup),
    // Not where there are namespaces: the kernel refuses those by the same errno, with any exit signal.
    rule(Stage::Clone, Cause::Refused(Call::ExitSignal), Next::Without(Way::ExitSignal))
        .of(Of::PlainCopy)
        .hint(&hint::EXIT_SIGNAL),
];

/// The ways to try after this failure, if there are others.
#[cold]
pub fn after(failure: &Failure, ways: Ways) -> Option<Ways> {
    let met = Met {
        stage: failure.stage,
        code: failure.code,
        signal: failure.signal,
        born_in_cgroup: failure.plan_is(Plan::is_born_in_cgroup),
        is_plain_copy: failure.plan_is(is_plain_copy),
        before_clone: failure.why() == sentences::BLOCKING_DENIED,
    };
    let rule = first(&met, &ways)?;
    if let (Some(hint), Cause::Refused(call)) = (rule.hint, rule.cause) {
        hint.refused(means(call, Errno(met.code)));
    }
    if let Next::Again(act) = rule.next {
        act();
    }
    Some(rule.next.of(ways))
}

fn first(met: &Met, ways: &Ways) -> Option<&'static Rule> {
    RULES.iter().filter(|_| !met.before_clone).find(|rule| rule.is_about(met) && rule.next.is_left(*ways))
}

impl Rule {
    fn is_about(&self, met: &Met) -> bool {
        let is_of = match self.of {
            Of::All => true,
            Of::BornInCgroup => met.born_in_cgroup,
            Of::PlainCopy => met.is_plain_copy,
        };
        let is_cause = match self.cause {
            Cause::Errno(errno) => met.code == errno,
            Cause::Refused(call) => means(call, Errno(met.code)) != Means::Error,
            Cause::Killed => met.signal == libc::SIGKILL,
        };
        self.stage == met.stage && is_of && is_cause
    }
}

impl Next {
    /// The spawn has not done this already.
    fn is_left(self, mut ways: Ways) -> bool {
        match self {
            Next::Again(_) => ways.tries_left > 0,
            Next::Without(way) => *way.of(&mut ways),
        }
    }

    fn of(self, mut ways: Ways) -> Ways {
        match self {
            Next::Again(_) => ways.tries_left = ways.tries_left.saturating_sub(1),
            Next::Without(way) => *way.of(&mut ways) = false,
        }
        ways
    }
}

impl Way {
    fn of(self, ways: &mut Ways) -> &mut bool {
        match self {
            Way::Image => &mut ways.image,
            Way::StringsInImage => &mut ways.strings_in_image,
            Way::IntoCgroup => &mut ways.into_cgroup,
            Way::OwnTable => &mut ways.own_table,
            Way::Fetch => &mut ways.fetch,
            Way::ExitSignal => &mut ways.exit_signal,
        }
    }
}

fn is_plain_copy(plan: &Plan) -> bool {
    plan.mode == mode::COPIED && plan.clone_namespaces == 0 && plan.pids.is_empty()
}

fn forget_closed_files() {
    image::look_again();
    channel::look_again();
}

fn nothing() {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use libc::{EACCES, EAGAIN, EINVAL, ENOEXEC, ENOMEM, ENOSYS, EPERM};

    const ALL: Ways = Ways {
        image: true,
        strings_in_image: true,
        into_cgroup: true,
        own_table: true,
        fetch: true,
        exit_signal: true,
        tries_left: 3,
    };

    fn met(stage: Stage, code: i32) -> Met {
        Met { stage, code, signal: 0, born_in_cgroup: false, is_plain_copy: false, before_clone: false }
    }

    /// What is given up by and by, while the same failure comes again and again; "again" is the same ways once more. An
    /// exclamation mark is a hint.
    fn tried(met: &Met) -> Vec<&'static str> {
        let (mut ways, mut tried) = (ALL, Vec::new());
        while let Some(rule) = first(met, &ways) {
            tried.push(match (rule.next, rule.hint.is_some()) {
                (Next::Again(_), false) => "again",
                (Next::Without(Way::Image), true) => "image!",
                (Next::Without(Way::Image), false) => "image",
                (Next::Without(Way::StringsInImage), false) => "strings",
                (Next::Without(Way::IntoCgroup), false) => "cgroup",
                (Next::Without(Way::OwnTable), true) => "table!",
                (Next::Without(Way::Fetch), true) => "fetch!",
                (Next::Without(Way::Fetch), false) => "fetch",
                (Next::Without(Way::ExitSignal), true) => "signal!",
                (next, hint) => panic!("{:?} {hint}", matches!(next, Next::Again(_))),
            });
            ways = rule.next.of(ways);
        }
        tried
    }

    #[test]
    fn each_failure_has_its_next_ways() {
        let again = ["again"; 3];
        let table: [(Stage, i32, &[&str]); 22] = [
            (Stage::Image, EBADF, &again),
            (Stage::Image, ETXTBSY, &again),
            (Stage::Image, E2BIG, &["strings", "image"]),
            (Stage::Image, EFBIG, &["image"]),
            (Stage::Image, ENOEXEC, &["image!"]),
            (Stage::Image, EACCES, &["image!"]),
            (Stage::Image, ENOSYS, &["image!"]),
            (Stage::Image, EPERM, &["image!"]),
            (Stage::Image, ENOMEM, &[]),
            (Stage::Carry, EPERM, &["image"]),
            (Stage::Carry, EINVAL, &["image"]),
            (Stage::FdTable, ENOSYS, &["table!"]),
            (Stage::FdTable, EPERM, &["table!"]),
            (Stage::FdTable, ENOMEM, &[]),
            (Stage::Pipe, ETIMEDOUT, &["again", "again", "again", "fetch"]),
            (Stage::Pipe, EACCES, &["fetch!"]),
            (Stage::Pipe, ENOSYS, &["fetch!"]),
            (Stage::Pipe, libc::EMFILE, &[]),
            (Stage::Clone, EPERM, &[]),
            (Stage::Clone, EINVAL, &[]),
            (Stage::Exec, ENOSYS, &[]),
            (Stage::Mount, EPERM, &[]),
        ];
        for (stage, code, next) in table {
            assert_eq!(tried(&met(stage, code)), next, "{stage:?} {code}");
        }
    }

    #[test]
    fn a_clone_is_tried_without_its_cgroup_and_without_its_exit_signal() {
        let born = |code| Met { born_in_cgroup: true, ..met(Stage::Clone, code) };
        let copy = |code| Met { is_plain_copy: true, ..met(Stage::Clone, code) };
        for code in [ENOSYS, EPERM, EINVAL, E2BIG] {
            assert_eq!(tried(&born(code)), ["cgroup"], "{code}");
        }
        assert_eq!(tried(&copy(EINVAL)), ["signal!"]);
        assert_eq!(tried(&Met { is_plain_copy: true, ..born(EINVAL) }), ["cgroup", "signal!"]);
        for code in [EAGAIN, ENOMEM] {
            assert!(tried(&born(code)).is_empty() && tried(&copy(code)).is_empty(), "{code}");
        }
    }

    #[test]
    fn signals_that_cannot_be_blocked_are_no_refusal_of_a_clone() {
        for code in [ENOSYS, EPERM, EINVAL] {
            let born = Met { born_in_cgroup: true, is_plain_copy: true, ..met(Stage::Clone, code) };
            assert_eq!(tried(&born).first(), Some(&"cgroup"), "{code}");
            assert!(tried(&Met { before_clone: true, ..born }).is_empty(), "{code}");
        }
    }

    #[test]
    fn a_child_that_is_killed_at_its_birth_in_a_cgroup_is_moved_there() {
        let killed = |stage, signal| Met { signal, born_in_cgroup: true, ..met(stage, libc::ECANCELED) };
        assert_eq!(tried(&killed(Stage::Child, libc::SIGKILL)), ["cgroup"]);
        assert_eq!(tried(&killed(Stage::CgroupBirth, libc::SIGKILL)), ["cgroup"]);
        for other in [killed(Stage::Child, libc::SIGSYS), killed(Stage::Exec, libc::SIGKILL)] {
            assert!(tried(&other).is_empty());
        }
        assert!(tried(&Met { born_in_cgroup: false, ..killed(Stage::Child, libc::SIGKILL) }).is_empty());
    }
}
