//! What a plan decides at the borders of its rules: one row a rule, with a request on either side of it.

use forkexec::attr::filters::SockFilter;
use forkexec::attr::{Attr, Refused};
use forkexec::plan::{Host, Purpose, Request, Strings, lower};
use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, c_long};

const HOST: Host = Host {
    image_runs: true,
    memory_is_shared: true,
    born_in_cgroup: true,
    last_cap: Some(40),
    nofile_at_load: Some(1024),
};

const SHARED: &str = "a child in the caller's memory";
const IMAGE: &str = "a child in an image of its own";

type Ask = fn(&mut Attr) -> Result<(), Refused>;

/// The plan in words, or why there is none.
fn words(ask: Ask) -> String {
    let mut attr = Attr::default();
    ask(&mut attr).expect("accepted");
    let argv = [c"program".as_ptr(), std::ptr::null()];
    // SAFETY: it ends with NULL and lives as long as the request.
    let argv = unsafe { Strings::new(argv.as_ptr()) };
    let path = Some(c"/bin/program");
    match lower(&Request { attr: &attr, path, argv, envp: argv, purpose: Purpose::Spawn, host: HOST }) {
        Ok(plan) => plan.to_string(),
        Err(fault) => format!("{fault:?}"),
    }
}

fn check(rows: &[(&str, Ask)]) {
    for (has, ask) in rows {
        let is = words(*ask);
        assert!(is.contains(has), "{has:?} is not in:\n{is}");
    }
}

/// A filter that gives one answer to a call, and allows all others.
fn answers(call: c_long, answer: u32) -> [SockFilter; 4] {
    let op = |code, jump_true, jump_false, value| SockFilter { code: code as u16, jump_true, jump_false, value };
    [
        op(BPF_LD | BPF_W | BPF_ABS, 0, 0, 0),
        op(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, call as u32),
        op(BPF_RET | BPF_K, 0, 0, answer),
        op(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}

const KILL: u32 = libc::SECCOMP_RET_KILL_PROCESS;
const REFUSE: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
/// FORKEXEC_SECCOMP_LISTENER
const LISTENER: u32 = 8;

fn under(attr: &mut Attr, call: c_long, answer: u32) -> Result<(), Refused> {
    attr.caps.set_no_new_privs()?;
    attr.filters.add_seccomp_filter(&answers(call, answer), 0)
}

/// A child that a filter may kill, or keep from ending, is not in the caller's memory.
#[test]
fn filters_on_the_childs_own_calls() {
    check(&[
        (SHARED, |attr| under(attr, libc::SYS_mount, KILL)),
        (IMAGE, |attr| attr.filters.add_seccomp_filter(&answers(libc::SYS_mount, KILL), 0)),
        (IMAGE, |attr| under(attr, libc::SYS_rt_sigprocmask, KILL)),
        (SHARED, |attr| under(attr, libc::SYS_rt_sigprocmask, REFUSE)),
        (IMAGE, |attr| under(attr, libc::SYS_execve, KILL)),
        (SHARED, |attr| under(attr, libc::SYS_execveat, KILL)),
        (IMAGE, |attr| under(attr, libc::SYS_exit_group, REFUSE)),
        (SHARED, |attr| under(attr, libc::SYS_getpid, KILL)),
        (IMAGE, |attr| attr.exec.set_pid_variable(c"PID").and_then(|()| under(attr, libc::SYS_getpid, KILL))),
        (SHARED, |attr| under(attr, libc::SYS_nanosleep, KILL)),
        (IMAGE, |attr| attr.exec.set_busy_retry(1).and_then(|()| under(attr, libc::SYS_nanosleep, KILL))),
        (SHARED, |attr| under(attr, libc::SYS_seccomp, KILL)),
        (IMAGE, |attr| under(attr, libc::SYS_seccomp, KILL).and_then(|()| under(attr, libc::SYS_mount, KILL))),
        (SHARED, |attr| under(attr, libc::SYS_mount, KILL).and_then(|()| under(attr, libc::SYS_seccomp, KILL))),
    ]);
}

/// A child that nobody can take the processor from waits for its listener to be taken, for which it needs futex(2).
#[test]
fn a_listener_of_a_real_time_child() {
    fn listened(attr: &mut Attr, call: c_long) -> Result<(), Refused> {
        attr.caps.set_no_new_privs()?;
        attr.filters.add_seccomp_filter(&answers(call, REFUSE), LISTENER)
    }
    let refused = "have to allow futex";
    check(&[
        (refused, |attr| attr.limits.set_scheduler(libc::SCHED_FIFO, 1).and_then(|()| listened(attr, libc::SYS_futex))),
        (IMAGE, |attr| attr.limits.set_scheduler(libc::SCHED_FIFO, 1).and_then(|()| listened(attr, libc::SYS_mount))),
        (IMAGE, |attr| attr.limits.set_scheduler(libc::SCHED_BATCH, 0).and_then(|()| listened(attr, libc::SYS_futex))),
        (IMAGE, |attr| listened(attr, libc::SYS_futex)),
        (SHARED, |attr| {
            attr.limits.set_scheduler(libc::SCHED_FIFO, 1).and_then(|()| under(attr, libc::SYS_futex, REFUSE))
        }),
    ]);
}
