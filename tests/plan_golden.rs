//! The plans of many requests, in words: a file in tests/golden for each. A change of a plan shows here, line by line.
//! FORKEXEC_REGEN=1 writes the files.

use forkexec::attr::exec::cwd_rights;
use forkexec::attr::filters::SockFilter;
use forkexec::attr::{Attr, Refused};
use forkexec::plan::{Host, Purpose, Request, Strings, lower};
use std::ffi::CStr;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::{env, fs};

const HOST: Host = Host {
    image_runs: true,
    memory_is_shared: true,
    born_in_cgroup: true,
    last_cap: Some(40),
    nofile_at_load: Some(1024),
};

/// Descriptors that every request may name.
const OPEN: [i32; 3] = [200, 201, 202];

fn open_them() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for fd in OPEN {
            // SAFETY: a literal path, and numbers that nobody else in this program uses.
            let opened = unsafe { libc::dup2(libc::open(c"/dev/null".as_ptr(), libc::O_RDWR), fd) };
            assert_eq!(opened, fd);
        }
    });
}

/// How a request is made.
struct Case {
    name: &'static str,
    purpose: Purpose,
    path: Option<&'static CStr>,
    host: Host,
    ask: fn(&mut Attr) -> Result<(), Refused>,
}

const fn case(name: &'static str, ask: fn(&mut Attr) -> Result<(), Refused>) -> Case {
    Case { name, purpose: Purpose::Spawn, path: Some(c"/bin/program"), host: HOST, ask }
}

const USER: u32 = libc::CLONE_NEWUSER as u32;
const MOUNT: u32 = libc::CLONE_NEWNS as u32;
const UTS: u32 = libc::CLONE_NEWUTS as u32;
const NET: u32 = libc::CLONE_NEWNET as u32;
const PID: u32 = libc::CLONE_NEWPID as u32;
const IPC: u32 = libc::CLONE_NEWIPC as u32;
const CGROUP: u32 = libc::CLONE_NEWCGROUP as u32;
const TIME: u32 = libc::CLONE_NEWTIME as u32;

fn nothing(_: &mut Attr) -> Result<(), Refused> {
    Ok(())
}

fn search(attr: &mut Attr) -> Result<(), Refused> {
    attr.exec.set_search_path(Some(c"/usr/local/bin::/bin"))?;
    attr.exec.set_pid_variable(c"LISTEN_PID")?;
    attr.exec.set_busy_retry(100)
}

fn descriptors(attr: &mut Attr) -> Result<(), Refused> {
    for (source, target) in [(0, 1), (1, 2), (2, 0), (200, 7), (201, 201), (200, 8)] {
        attr.fds.map_fd(source, target)?;
    }
    attr.fds.open_fd(9, c"/dev/zero", libc::O_RDONLY, 0)?;
    attr.fds.dup_fd(9, 10)?;
    attr.fds.close_fd(7)?;
    attr.fds.enter_directory(c"/a b\nc")?;
    attr.fds.enter_directory_fd(8)?;
    attr.fds.close_fds_from(202)
}

fn all_descriptors(attr: &mut Attr) -> Result<(), Refused> {
    attr.fds.inherit_fds()?;
    attr.fds.map_fd(200, 5)
}

fn by_descriptor(attr: &mut Attr) -> Result<(), Refused> {
    attr.exec.set_exec_fd(202)?;
    attr.exec.set_cwd_fd(201)?;
    attr.mounts.set_chroot(c"/var/empty")
}

fn terminal(attr: &mut Attr) -> Result<(), Refused> {
    attr.session.set_session()?;
    attr.session.set_controlling_terminal(200)?;
    attr.session.set_foreground(200)
}

fn group(attr: &mut Attr) -> Result<(), Refused> {
    attr.session.set_process_group(77)?;
    attr.session.detach_terminal()
}

fn signals(attr: &mut Attr) -> Result<(), Refused> {
    attr.signals.set_signal_mask(0x4002)?;
    attr.signals.set_signal_default(!1)?;
    attr.signals.set_signal_ignore(1)?;
    attr.signals.set_parent_death_signal(libc::SIGTERM, 1)
}

fn limits(attr: &mut Attr) -> Result<(), Refused> {
    attr.limits.set_rlimit(libc::RLIMIT_CORE, 0, 0)?;
    attr.limits.set_rlimit(libc::RLIMIT_NOFILE, 64, 64)?;
    attr.limits.set_rlimit(libc::RLIMIT_CPU, 1, u64::MAX)?;
    attr.limits.set_affinity(&[0, 64])?;
    attr.limits.set_nice(-5)?;
    attr.limits.set_scheduler(libc::SCHED_RR, 9)?;
    attr.limits.set_io_priority(3, 0)?;
    attr.limits.set_timer_slack(50)?;
    attr.limits.set_personality(0x40000)?;
    attr.limits.set_umask(0o27)?;
    attr.limits.set_oom_score_adj(-7)?;
    attr.limits.allow_failure(520)
}

fn ids(attr: &mut Attr) -> Result<(), Refused> {
    attr.ids.set_uid(1000)?;
    attr.ids.set_gid(1000)?;
    attr.exec.set_cwd(c"/home")?;
    attr.exec.set_cwd_rights(cwd_rights::EITHER)?;
    attr.caps.set_no_new_privs()
}

fn groups_kept(attr: &mut Attr) -> Result<(), Refused> {
    attr.ids.set_uid(1000)?;
    attr.ids.keep_groups()
}

fn namespaces(attr: &mut Attr) -> Result<(), Refused> {
    attr.ns.create_namespaces(MOUNT | UTS | NET | PID | IPC | CGROUP | TIME)?;
    attr.ns.set_hostname(c"judge")?;
    attr.ns.set_domainname(c"court")?;
    attr.ns.set_time_offset(libc::CLOCK_BOOTTIME, -5, 0)?;
    attr.ns.set_time_offset(libc::CLOCK_MONOTONIC, 86400, 9)?;
    attr.ns.set_loopback()
}

fn namespaces_late(attr: &mut Attr) -> Result<(), Refused> {
    attr.ns.unshare_namespaces(MOUNT | UTS | PID | CGROUP)?;
    attr.ns.set_mount_propagation(libc::MS_SLAVE | libc::MS_REC)
}

fn mounts(attr: &mut Attr) -> Result<(), Refused> {
    attr.ns.create_namespaces(MOUNT)?;
    attr.mounts.set_root(None, 1)?;
    attr.mounts.bind_mount(c"/usr", c"/usr", None, 0x21)?;
    attr.mounts.bind_mount(c"/opt", c"/opt", None, 0xa1)?;
    attr.mounts.mount_proc(c"/proc", 0x620)?;
    attr.mounts.mount_dev(c"/dev", 0x20)?;
    attr.mounts.mount_tmpfs(c"/tmp", 4096, 0o1777, 0x20)?;
    attr.mounts.add_mount(None, c"/", None, libc::MS_REMOUNT | libc::MS_NOSUID, None)?;
    attr.mounts.make_directory(c"/work", 0o700)?;
    attr.mounts.make_symlink(c"usr/bin", c"/bin")?;
    attr.mounts.make_file(c"/etc/passwd", b"root:x:0:0::/:/bin/sh\n", 0o644)?;
    attr.mounts.mask_path(c"/proc/kcore")?;
    attr.mounts.make_readonly(c"/proc/sys")
}

fn user_namespace(attr: &mut Attr) -> Result<(), Refused> {
    attr.ns.create_namespaces(USER | MOUNT)?;
    attr.ns.map_uid(0, 1000, 1)?;
    attr.ns.map_uid(1, 100_000, 65_535)?;
    attr.ns.map_gid(0, 1000, 1)?;
    attr.ids.set_uid(0)?;
    attr.ids.set_gid(0)?;
    attr.limits.set_nice(-5)?;
    attr.limits.set_oom_score_adj(-7)
}

fn owned_namespace(attr: &mut Attr) -> Result<(), Refused> {
    attr.ns.create_namespaces(USER | NET | PID)?;
    attr.ns.set_user_namespace_owner(123_456)?;
    attr.ns.map_uid(0, 123_456, 10)?;
    attr.ns.map_gid(0, 123_456, 10)?;
    attr.ns.allow_setgroups()
}

fn capabilities(attr: &mut Attr) -> Result<(), Refused> {
    attr.ns.create_namespaces(USER)?;
    attr.ns.map_uid(5, 1000, 1)?;
    attr.ids.set_uid(5)?;
    attr.caps.set_capabilities(3, 0x421)?;
    attr.caps.set_capabilities(8, 0x421)?;
    attr.caps.set_ambient(0x20)?;
    attr.caps.set_securebits(1)
}

fn no_capabilities(attr: &mut Attr) -> Result<(), Refused> {
    attr.ns.create_namespaces(USER)?;
    attr.caps.drop_capabilities()?;
    attr.caps.set_no_new_privs()
}

fn filters(attr: &mut Attr) -> Result<(), Refused> {
    let allow = SockFilter { code: 6, value: libc::SECCOMP_RET_ALLOW, ..SockFilter::default() };
    attr.filters.deny_terminal_injection()?;
    attr.filters.add_seccomp_filter(&[allow], 2)?;
    attr.caps.set_no_new_privs()
}

fn privileged_filters(attr: &mut Attr) -> Result<(), Refused> {
    attr.filters.deny_terminal_injection()
}

fn security(attr: &mut Attr) -> Result<(), Refused> {
    attr.security.set_session_keyring(Some(c"_ses.box"))?;
    attr.exec.set_cwd(c"/")?;
    attr.mounts.set_chroot(c"/var/empty")
}

fn listener(attr: &mut Attr) -> Result<(), Refused> {
    let ask = SockFilter { code: 6, value: libc::SECCOMP_RET_USER_NOTIF, ..SockFilter::default() };
    attr.filters.add_seccomp_filter(&[ask], 8)?;
    attr.caps.set_no_new_privs()
}

fn handed(attr: &mut Attr) -> Result<(), Refused> {
    attr.handed.listen(libc::SOCK_STREAM, b"\x01\x00\x00proxy", 7)?;
    attr.handed.listen(libc::SOCK_DGRAM, b"\x01\x00/run/log\x00", 0)?;
    attr.handed.set_terminal(24, 80)?;
    attr.handed.open_tun(Some(c"proxy0"), 0x1001)?;
    attr.fds.map_fd(200, 1)
}

fn init(attr: &mut Attr) -> Result<(), Refused> {
    attr.ns.create_namespaces(PID)?;
    attr.exec.set_init()
}

fn fresh(attr: &mut Attr) -> Result<(), Refused> {
    attr.exec.set_memory_mode(1)
}

fn copied(attr: &mut Attr) -> Result<(), Refused> {
    attr.exec.set_memory_mode(2)
}

fn traced(attr: &mut Attr) -> Result<(), Refused> {
    attr.exec.set_ptrace()?;
    attr.exec.set_stop()
}

fn blocking(attr: &mut Attr) -> Result<(), Refused> {
    attr.fds.open_fd(0, c"fifo", libc::O_RDONLY, 0)
}

fn cases() -> Vec<Case> {
    let no_image = Host { image_runs: false, ..HOST };
    let emulated = Host { memory_is_shared: false, ..HOST };
    vec![
        case("plain", nothing),
        Case { path: Some(c"program"), ..case("search", search) },
        case("descriptors", descriptors),
        case("all_descriptors", all_descriptors),
        Case { path: None, ..case("by_descriptor", by_descriptor) },
        case("terminal", terminal),
        case("handed", handed),
        case("group", group),
        case("signals", signals),
        case("limits", limits),
        case("ids", ids),
        case("groups_kept", groups_kept),
        case("namespaces", namespaces),
        case("namespaces_late", namespaces_late),
        case("mounts", mounts),
        case("user_namespace", user_namespace),
        Case { host: no_image, ..case("user_namespace_without_image", user_namespace) },
        case("owned_namespace", owned_namespace),
        case("capabilities", capabilities),
        case("no_capabilities", no_capabilities),
        case("filters", filters),
        case("privileged_filters", privileged_filters),
        case("security", security),
        case("listener", listener),
        case("init", init),
        case("fresh", fresh),
        Case { host: no_image, ..case("fresh_without_image", fresh) },
        case("copied", copied),
        Case { host: emulated, ..case("emulated", nothing) },
        case("blocking", blocking),
        Case { purpose: Purpose::Start, ..case("start", nothing) },
        Case { purpose: Purpose::Start, ..case("start_traced", traced) },
        Case { purpose: Purpose::Hold, path: None, ..case("hold", namespaces) },
    ]
}

/// The plan, or why there is none.
fn words(case: &Case) -> String {
    let mut attr = Attr::default();
    (case.ask)(&mut attr).expect("accepted");
    let argv = [c"program".as_ptr(), c"argument".as_ptr(), std::ptr::null()];
    let envp = [c"LISTEN_PID=1".as_ptr(), c"A=B".as_ptr(), std::ptr::null()];
    // SAFETY: both end with NULL and live as long as the request.
    let (argv, envp) = unsafe { (Strings::new(argv.as_ptr()), Strings::new(envp.as_ptr())) };
    let request = Request { attr: &attr, path: case.path, argv, envp, purpose: case.purpose, host: case.host };
    let mut text = String::new();
    match lower(&request) {
        Ok(plan) => {
            let whole = plan.to_string();
            // Which capabilities are carried over the exec of the image depends on the user, except in a new user namespace.
            let own = attr.ns.create & USER == 0 || attr.ns.owner.is_some();
            let carried = |line: &str| ["115 ", "200 "].iter().any(|stage| line.starts_with(stage));
            for line in whole.lines().filter(|line| !(own && carried(line))) {
                writeln!(text, "{line}").expect("a string");
            }
        }
        Err(fault) => writeln!(text, "{fault:?}").expect("a string"),
    }
    text
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.txt"))
}

#[test]
fn plans_are_as_they_were() {
    open_them();
    let regenerate = env::var_os("FORKEXEC_REGEN").is_some_and(|value| value == "1");
    let mut changed = Vec::new();
    for case in cases() {
        let (path, is) = (golden(case.name), words(&case));
        if regenerate {
            fs::write(&path, &is).expect("tests/golden is writable");
        }
        let was = fs::read_to_string(&path).unwrap_or_default();
        if is != was {
            println!("{}:\nwas\n{was}\nis\n{is}", case.name);
            changed.push(case.name);
        }
    }
    assert!(changed.is_empty(), "{changed:?}: FORKEXEC_REGEN=1 cargo test --test plan_golden, if that is meant");
}

/// Lowering the same request again gives the same words, and leaves no descriptor behind.
#[test]
fn plans_depend_on_the_request_alone() {
    open_them();
    for case in cases() {
        assert_eq!(words(&case), words(&case), "{}", case.name);
    }
}

#[test]
fn no_file_is_forgotten() {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")).expect("readable");
    let names: Vec<String> = cases().iter().map(|case| format!("{}.txt", case.name)).collect();
    for entry in entries {
        let name = entry.expect("readable").file_name().into_string().expect("text");
        assert!(names.contains(&name), "tests/golden/{name} is no request's");
    }
}
