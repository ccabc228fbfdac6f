//! The decisions of a plan at the limits of its rules: a row for each rule, with a request on either side of it.

use forkexec::attr::filters::SockFilter;
use forkexec::attr::{Attr, Refused};
use forkexec::plan::{Fault, Host, Purpose, Request, Sealed, Strings, lower};
use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, c_long};
use std::ffi::CStr;

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

fn lowered(purpose: Purpose, host: Host, ask: impl Fn(&mut Attr) -> Result<(), Refused>) -> Result<Sealed, Fault> {
    let mut attr = Attr::default();
    ask(&mut attr).expect("accepted");
    let argv = [c"program".as_ptr(), std::ptr::null()];
    // SAFETY: it ends with NULL and lives as long as the request.
    let argv = unsafe { Strings::new(argv.as_ptr()) };
    let path = if purpose == Purpose::Hold { None } else { Some(c"/bin/program") };
    lower(&Request { attr: &attr, path, argv, envp: argv, purpose, host })
}

fn plan(purpose: Purpose, host: Host, ask: impl Fn(&mut Attr) -> Result<(), Refused>) -> Sealed {
    lowered(purpose, host, ask).unwrap_or_else(|fault| panic!("{fault:?}"))
}

/// The plan in words, or why there is none.
fn words(ask: Ask) -> String {
    match lowered(Purpose::Spawn, HOST, ask) {
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
/// FORKEXEC_SECCOMP_LOG
const LOG: u32 = 2;
/// FORKEXEC_SECCOMP_LISTENER
const LISTENER: u32 = 8;

fn under(attr: &mut Attr, call: c_long, answer: u32) -> Result<(), Refused> {
    attr.caps.set_no_new_privs()?;
    attr.filters.add_seccomp_filter(&answers(call, answer), 0)
}

/// A child that a filter may kill, or keep from ending, does not run in the caller's memory.
#[test]
fn filters_on_the_childs_own_calls() {
    check(&[
        (SHARED, |attr| under(attr, libc::SYS_mount, KILL)),
        (IMAGE, |attr| attr.filters.add_seccomp_filter(&answers(libc::SYS_mount, KILL), 0)),
        (SHARED, |attr| under(attr, libc::SYS_rt_sigprocmask, KILL)),
        (IMAGE, |attr| attr.filters.add_seccomp_filter(&answers(libc::SYS_rt_sigprocmask, KILL), 0)),
        (IMAGE, |attr| under(attr, libc::SYS_execve, KILL)),
        (SHARED, |attr| under(attr, libc::SYS_execveat, KILL)),
        (IMAGE, |attr| under(attr, libc::SYS_exit_group, REFUSE)),
        (SHARED, |attr| under(attr, libc::SYS_getpid, KILL)),
        (IMAGE, |attr| attr.exec.set_pid_variable(c"PID").and_then(|()| under(attr, libc::SYS_getpid, KILL))),
        (SHARED, |attr| under(attr, libc::SYS_nanosleep, KILL)),
        (IMAGE, |attr| attr.exec.set_busy_retry(1).and_then(|()| under(attr, libc::SYS_nanosleep, KILL))),
        (SHARED, |attr| under(attr, libc::SYS_seccomp, KILL)),
        (SHARED, |attr| under(attr, libc::SYS_seccomp, KILL).and_then(|()| under(attr, libc::SYS_mount, KILL))),
        (IMAGE, |attr| {
            under(attr, libc::SYS_seccomp, KILL)
                .and_then(|()| attr.filters.add_seccomp_filter(&answers(libc::SYS_mount, KILL), LOG))
        }),
        (IMAGE, |attr| {
            under(attr, libc::SYS_seccomp, KILL)
                .and_then(|()| under(attr, libc::SYS_prctl, KILL))
                .and_then(|()| under(attr, libc::SYS_mount, KILL))
        }),
        (SHARED, |attr| under(attr, libc::SYS_mount, KILL).and_then(|()| under(attr, libc::SYS_seccomp, KILL))),
    ]);
}

/// Processes in a user namespace that is joined late must not reach the caller's memory either.
#[test]
fn a_second_user_namespace() {
    fn joined(attr: &mut Attr) -> Result<(), Refused> {
        // SAFETY: the path is NUL-terminated.
        let namespace = unsafe { libc::open(c"/proc/self/ns/user".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
        attr.ns.join_second_user_namespace(namespace)
    }
    check(&[(IMAGE, joined), ("second user namespace: fd ", joined)]);
}

/// A child with a real-time policy waits until its listener is taken, and needs futex(2) for that: polling would never give
/// the processor up.
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

/// Capabilities, capabilities(7).
const FULL: u64 = (1 << 41) - 1;
const NET_RAW: u64 = 1 << 13;
/// The capabilities that a child may use in a user namespace that it is born in: CHOWN to SETUID, SETPCAP, NET_ADMIN,
/// SYS_CHROOT, SYS_ADMIN and SYS_TIME.
const ON_THE_WAY: u64 = 0x1ff | 1 << 12 | 1 << 18 | 1 << 21 | 1 << 25;
const EFFECTIVE: u32 = 2;
const PERMITTED: u32 = 1;
const INHERITABLE: u32 = 4;
const BOUNDING: u32 = 8;

fn born_in_user_namespace(attr: &mut Attr) -> Result<(), Refused> {
    attr.ns.create_namespaces(libc::CLONE_NEWUSER as u32)
}

fn with_mounts(attr: &mut Attr, kind: &CStr) -> Result<(), Refused> {
    attr.ns.create_namespaces(libc::CLONE_NEWNS as u32)?;
    attr.mounts.mount_proc(c"/proc", 0)?;
    attr.mounts.add_mount(Some(c"none"), c"/tmp", Some(kind), 0, None)
}

/// The exec of the image keeps the capabilities that are carried over it.
#[test]
fn what_is_carried_over_the_image_in_a_user_namespace() {
    let carried = |purpose, ask: Ask| {
        let carry = plan(purpose, HOST, |attr| born_in_user_namespace(attr).and_then(|()| ask(attr))).carry.get();
        let carry = carry.expect("something");
        assert_eq!([carry.sets.permitted, carry.sets.effective, carry.sets.inheritable], [carry.ambient; 3]);
        carry.ambient
    };
    assert_eq!(carried(Purpose::Spawn, |_| Ok(())), FULL);
    assert_eq!(carried(Purpose::Hold, |_| Ok(())), ON_THE_WAY);
    assert_eq!(carried(Purpose::Spawn, |attr| attr.caps.drop_capabilities()), ON_THE_WAY);
    assert_eq!(carried(Purpose::Hold, |attr| with_mounts(attr, c"overlay")), FULL);
    assert_eq!(carried(Purpose::Hold, |attr| with_mounts(attr, c"tmpfs")), ON_THE_WAY);
    assert_eq!(carried(Purpose::Hold, |attr| attr.ns.create_namespaces(libc::CLONE_NEWNS as u32)), ON_THE_WAY);
}

#[test]
fn an_own_user_namespace_in_a_copy_gives_everything() {
    let copied = |attr: &mut Attr| {
        born_in_user_namespace(attr)?;
        attr.exec.set_memory_mode(2)?;
        attr.caps.drop_capabilities()
    };
    let plan = plan(Purpose::Spawn, HOST, copied);
    assert!(plan.carry.get().is_none() && plan.credentials.get().is_none());
    assert_eq!(plan.bounding_drop, FULL);
}

/// Bounding set to drop, whether capabilities are kept, regained set, ambient set, and the sets in the end: effective,
/// permitted and inheritable.
type Steps = (u64, bool, Option<[u64; 3]>, Option<([u64; 3], u64)>, Option<[u64; 3]>);

fn steps(ask: Ask) -> Steps {
    let mapped = |attr: &mut Attr| born_in_user_namespace(attr).and_then(|()| attr.ns.map_uid(0, 1000, 10));
    let plan = plan(Purpose::Spawn, HOST, |attr| mapped(attr).and_then(|()| ask(attr)));
    let ambient = plan.ambient.get().map(|ambient| (ambient.sets, ambient.ambient));
    let ambient = ambient.map(|(now, ambient)| ([now.effective, now.permitted, now.inheritable], ambient));
    let [regain, end] = [&plan.regain, &plan.capabilities]
        .map(|sets| sets.get().map(|sets| [sets.effective, sets.permitted, sets.inheritable]));
    (plan.bounding_drop, plan.keep_caps != 0, regain, ambient, end)
}

#[test]
fn how_capabilities_change() {
    let all = [FULL, FULL, 0];
    let rows: &[(Steps, Ask)] = &[
        ((0, false, None, None, None), |_| Ok(())),
        ((FULL, false, None, None, Some([0; 3])), |attr| attr.caps.drop_capabilities()),
        ((FULL & !NET_RAW, false, None, None, None), |attr| attr.caps.set_capabilities(BOUNDING, NET_RAW)),
        ((0, false, None, None, Some([NET_RAW, NET_RAW, 0])), |attr| attr.caps.set_capabilities(PERMITTED, NET_RAW)),
        ((0, false, None, None, Some([NET_RAW, FULL, 0])), |attr| attr.caps.set_capabilities(EFFECTIVE, NET_RAW)),
        ((0, false, None, None, Some([FULL, FULL, NET_RAW])), |attr| attr.caps.set_capabilities(INHERITABLE, NET_RAW)),
        ((0, false, None, Some(([FULL, FULL, NET_RAW], NET_RAW)), None), |attr| attr.caps.set_ambient(NET_RAW)),
        ((0, false, None, None, None), |attr| attr.caps.set_securebits(1)),
        // With another uid.
        ((0, false, None, None, None), |attr| attr.ids.set_uid(5)),
        ((0, true, Some(all), None, Some([0, FULL, 0])), |attr| {
            attr.ids.set_uid(5).and_then(|()| attr.caps.set_securebits(1))
        }),
        ((0, true, Some(all), None, None), |attr| attr.ids.set_uid(0).and_then(|()| attr.caps.set_securebits(1))),
        ((0, true, Some(all), None, Some([0, NET_RAW, 0])), |attr| {
            attr.ids.set_uid(5).and_then(|()| attr.caps.set_capabilities(PERMITTED, NET_RAW))
        }),
        ((0, true, Some(all), None, Some([NET_RAW, FULL, 0])), |attr| {
            attr.ids.set_uid(5).and_then(|()| attr.caps.set_capabilities(EFFECTIVE, NET_RAW))
        }),
        ((0, true, Some(all), Some(([FULL, FULL, NET_RAW], NET_RAW)), Some([NET_RAW, FULL, NET_RAW])), |attr| {
            attr.ids.set_uid(5).and_then(|()| attr.caps.set_ambient(NET_RAW))
        }),
        ((FULL, false, None, None, Some([0; 3])), |attr| {
            attr.ids.set_uid(5).and_then(|()| attr.caps.drop_capabilities())
        }),
        ((FULL, true, Some([ON_THE_WAY, ON_THE_WAY, 0]), None, Some([0; 3])), |attr| {
            attr.ids.set_uid(5)?;
            attr.caps.set_securebits(1)?;
            attr.caps.drop_capabilities()
        }),
        ((FULL & !NET_RAW, false, None, None, None), |attr| {
            attr.ids.set_uid(5).and_then(|()| attr.caps.set_capabilities(BOUNDING, NET_RAW))
        }),
    ];
    for (at, (are, ask)) in rows.iter().enumerate() {
        assert_eq!(steps(*ask), *are, "row {at}");
    }
}

/// Changes this thread's own set, which cannot be undone.
fn give_up_capabilities() {
    let header: [u32; 2] = [0x2008_0522, 0];
    // SAFETY: kernel contract, man 2 capset: version 3 takes two words of three sets; it is a raw call, of this thread alone.
    assert_eq!(unsafe { libc::syscall(libc::SYS_capset, &header, &[0u32; 6]) }, 0);
}

/// A thread that may not lower the bounding set is not asked to, if no capability in it can be gained any more.
#[test]
fn a_bounding_set_out_of_reach() {
    std::thread::spawn(|| {
        give_up_capabilities();
        let host = Host { last_cap: None, ..HOST };
        let drop = |attr: &mut Attr| attr.caps.drop_capabilities();
        let dropped = plan(Purpose::Spawn, host, drop).bounding_drop;
        let alone = |attr: &mut Attr| attr.caps.set_no_new_privs().and_then(|()| drop(attr));
        assert_eq!(plan(Purpose::Spawn, host, alone).bounding_drop, 0);
        // SAFETY: kernel contract, man 2const PR_CAPBSET_READ.
        let has = |cap: &u64| unsafe { libc::prctl(libc::PR_CAPBSET_READ, *cap) } == 1;
        assert_eq!(dropped, (0..64).filter(has).fold(0, |all, cap| all | 1 << cap));
    })
    .join()
    .expect("no assertion fails");
}

/// An inheritable capability stays so when it becomes ambient. In a thread of its own, because it cannot be undone.
#[test]
fn an_ambient_set_of_what_is_inheritable() {
    std::thread::spawn(|| {
        let header: [u32; 2] = [0x2008_0522, 0];
        // Effective, permitted and inheritable, twice.
        let mut words = [0u32; 6];
        // SAFETY: kernel contract, man 2 capget: version 3 fills two words of three sets.
        assert_eq!(unsafe { libc::syscall(libc::SYS_capget, &header, &mut words) }, 0);
        words[2] |= NET_RAW as u32;
        // SAFETY: as above, man 2 capset.
        if unsafe { libc::syscall(libc::SYS_capset, &header, &words) } != 0 {
            println!("skipped: may not have CAP_NET_RAW");
            return;
        }
        let plan = plan(Purpose::Spawn, HOST, |attr| attr.caps.set_ambient(NET_RAW));
        let inheritable = u64::from(words[2]) | u64::from(words[5]) << 32;
        assert_eq!(plan.ambient.get().expect("asked for").sets.inheritable, inheritable);
    })
    .join()
    .expect("no assertion fails");
}

/// An action may use the descriptors that the child has by then: its own, the caller's 0 to 2, or all if they are inherited.
#[test]
fn numbers_that_actions_use() {
    let refused = "FdAction, code: 9";
    let runs = "799 exec";
    check(&[
        (runs, |attr| attr.fds.dup_fd(0, 5)),
        (refused, |attr| attr.fds.dup_fd(700, 5)),
        (refused, |attr| attr.fds.close_fd(0).and_then(|()| attr.fds.dup_fd(0, 5))),
        (refused, |attr| attr.fds.close_fds_from(1).and_then(|()| attr.fds.dup_fd(1, 5))),
        (runs, |attr| attr.fds.close_fds_from(2).and_then(|()| attr.fds.dup_fd(1, 5))),
        (runs, |attr| attr.fds.map_fd(0, 700).and_then(|()| attr.fds.dup_fd(700, 5))),
        (refused, |attr| {
            attr.fds.map_fd(0, 700)?;
            attr.fds.close_fd(700)?;
            attr.fds.dup_fd(700, 5)
        }),
        (runs, |attr| attr.fds.dup_fd(0, 700).and_then(|()| attr.fds.dup_fd(700, 5))),
        (runs, |attr| attr.fds.open_fd(700, c"/", 0, 0).and_then(|()| attr.fds.enter_directory_fd(700))),
        (refused, |attr| attr.fds.enter_directory_fd(700)),
        (refused, |attr| attr.fds.inherit_fds().and_then(|()| attr.fds.dup_fd(700, 5))),
    ]);
}

/// A descriptor that only the first of two processes uses is closed before the second is made among other processes. The
/// second closes the rest.
#[test]
fn what_is_closed_before_a_joined_pid_namespace() {
    let open = |path: &std::ffi::CStr| {
        // SAFETY: a literal path, and a new descriptor of this test's own.
        let fd = unsafe { libc::fcntl(libc::open(path.as_ptr(), libc::O_RDONLY), libc::F_DUPFD_CLOEXEC, 600) };
        assert!(fd >= 600);
        fd
    };
    let [pids, uts] = [open(c"/proc/self/ns/pid"), open(c"/proc/self/ns/uts")];
    let [mapped, program, ruleset] = [(); 3].map(|()| open(c"/dev/null"));
    let ask = |attr: &mut Attr, namespace, kind: libc::c_int| {
        attr.ns.join_namespace(namespace, kind as u32)?;
        attr.fds.map_fd(mapped, 7)?;
        attr.exec.set_exec_fd(program)?;
        attr.caps.set_no_new_privs()?;
        attr.landlock.set_landlock_ruleset(ruleset)
    };
    for (namespace, kind, before) in [(pids, libc::CLONE_NEWPID, true), (uts, libc::CLONE_NEWUTS, false)] {
        let mut attr = Attr::default();
        ask(&mut attr, namespace, kind).expect("accepted");
        let argv = [c"program".as_ptr(), std::ptr::null()];
        // SAFETY: it ends with NULL and lives as long as the request.
        let argv = unsafe { Strings::new(argv.as_ptr()) };
        let request = Request { attr: &attr, path: None, argv, envp: argv, purpose: Purpose::Spawn, host: HOST };
        let plan = lower(&request).unwrap_or_else(|fault| panic!("{fault:?}"));
        let [first_only, closed] = [plan.first_process_only, plan.closes].map(|list| plan.list(list));
        let [first, later] = if before { [vec![namespace], vec![]] } else { [vec![], vec![namespace]] };
        let later = [later, vec![mapped, program, ruleset]].concat();
        assert_eq!(
            [first_only, closed],
            [first, later].map(|fds| fds.iter().map(|fd| *fd as u32).collect::<Vec<u32>>())
        );
    }
    for fd in [pids, uts, mapped, program, ruleset] {
        // SAFETY: this test's own.
        unsafe { libc::close(fd) };
    }
}

/// The library's own descriptors are above all numbers of the request. If RLIMIT_NOFILE leaves no numbers there, they are in
/// the first gap that is large enough.
#[test]
fn where_our_own_descriptors_are() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: kernel contract, man 2 getrlimit.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) }, 0);
    if limit.rlim_cur > 1 << 30 {
        println!("skipped: there is no limit");
        return;
    }
    let limit = limit.rlim_cur as i32;
    let place = |ask: &dyn Fn(&mut Attr) -> Result<(), Refused>| {
        let plan = plan(Purpose::Spawn, HOST, ask);
        (plan.top, plan.spare)
    };
    assert_eq!(place(&|_| Ok(())), (0, 3));
    assert_eq!(place(&|attr| attr.fds.map_fd(0, 1)), (2, 3));
    assert_eq!(place(&|attr| attr.fds.map_fd(0, 700)), (701, 701));
    assert_eq!(place(&|attr| attr.fds.open_fd(700, c"/", 0, 0)), (701, 701));
    assert_eq!(place(&|attr| attr.fds.dup_fd(0, 700)), (701, 701));
    assert_eq!(place(&|attr| attr.fds.map_fd(0, 700).and_then(|()| attr.fds.dup_fd(700, 5))), (701, 701));
    assert_eq!(place(&|attr| attr.fds.close_fd(700)), (701, 701));
    assert_eq!(place(&|attr| attr.fds.enter_directory_fd(2)), (3, 3));
    // A number above the limit is never one of the library's.
    assert_eq!(place(&|attr| attr.fds.close_fd(limit)), (0, 3));
    assert_eq!(place(&|attr| attr.fds.close_fd(limit - 7)), (limit - 6, limit - 6));
    assert_eq!(place(&|attr| attr.fds.close_fd(limit - 6)), (limit - 5, 3));
    let beside = |taken: &[i32]| {
        place(&|attr: &mut Attr| {
            attr.fds.close_fd(limit - 1)?;
            taken.iter().try_for_each(|target| attr.fds.map_fd(0, *target))
        })
    };
    assert_eq!(beside(&[15]), (limit, 3));
    assert_eq!(beside(&[14]), (limit, 15));
    assert_eq!(beside(&[10, 20]), (limit, 21));
    assert_eq!(beside(&[10, 23]), (limit, 11));
    assert_eq!(place(&|attr| attr.fds.close_fd(limit - 1).and_then(|()| attr.fds.dup_fd(0, 10))), (limit, 11));
    assert_eq!(
        place(&|attr| attr.fds.close_fd(limit - 1).and_then(|()| attr.fds.open_fd(10, c"/", 0, 0))),
        (limit, 11)
    );
    // Nowhere.
    let full: Vec<i32> = (0..limit / 12).map(|hole| 12 * hole + 11).collect();
    if limit < 100_000 {
        assert_eq!(beside(&full), (limit, limit));
    }
}

/// The gaps between needed descriptors and the library's own, from 3 on.
#[test]
fn the_gaps_between_what_is_needed() {
    let found = |needed: &[u32], own: &[i32]| {
        let Ok((gaps, above)) = forkexec::plan::gaps(needed, own) else { panic!("no memory") };
        (gaps.iter().map(|gap| [gap.first, gap.last]).collect::<Vec<_>>(), above)
    };
    assert_eq!(found(&[], &[]), (vec![], 3));
    assert_eq!(found(&[], &[-1, 2]), (vec![], 3));
    assert_eq!(found(&[], &[3]), (vec![], 4));
    assert_eq!(found(&[], &[4]), (vec![[3, 3]], 5));
    assert_eq!(found(&[], &[7, -1, 5]), (vec![[3, 4], [6, 6]], 8));
    assert_eq!(found(&[], &[7, 5]), (vec![[3, 4], [6, 6]], 8));
    assert_eq!(found(&[3, 9], &[-1]), (vec![[4, 8]], 10));
    assert_eq!(found(&[4], &[3]), (vec![], 5));
}
