//! The steps of the child: every stage with its code, in the order of `Stage`.

use super::state::At;
use super::{
    caps, channel, cwd, exec, exit, fds, filters, handed, ids, image, init, landlock, limits, mounts, ns, root,
    second_process, security, session, signals,
};
use crate::sealed::{Plan, Wiring};
use crate::stage::Stage;
use crate::sys::{self, Answer};

struct Step {
    /// The first of its stages. A step with several stages says when it comes to the next.
    stage: Stage,
    run: fn(&mut At) -> Answer,
}

macro_rules! program {
    ($($stage:ident $(| $more:ident)* => $run:path,)*) => {
        static PROGRAM: &[Step] = &[$(Step { stage: Stage::$stage, run: $run }),*];

        /// The stages alone, to be searched in few cache lines.
        static NUMBERS: &[u16] = &[$(Stage::$stage as u16),*];

        const _: () = {
            let mut numbers: &[u32] = &[$(Stage::$stage as u32, $(Stage::$more as u32,)*)*];
            while let [one, rest @ ..] = numbers {
                if let Some(next) = rest.first() {
                    assert!(*one < *next, "the rows of the program must ascend");
                }
                numbers = rest;
            }
        };
    };
}

program! {
    FdTable => fds::own_table,
    FdUnneeded => fds::close_unneeded,
    Carry => caps::carry,
    Image => image::become_image,
    FdFlags => fds::close_on_exec,
    OomScore => limits::oom_score_adj,
    CoredumpFilter => limits::coredump_filter,

    Credentials => caps::put_back,
    CgroupBirth => second_process::born_of_image,
    Wait => channel::wait,
    TimeFile => ns::time_file,
    Nondumpable => ns::nondumpable,
    Procfs => security::hold_proc,
    Join => ns::join,
    NamespaceOwner => ns::owner,
    UnshareUser => ns::unshare_user,
    WaitMaps => channel::wait_maps,
    Unshare => ns::unshare,
    TimeOffsets => ns::time_offsets,
    FirstProcess => second_process::first_process,
    CgroupNamespace => ns::unshare_cgroup,

    DetachTerminal => session::detach_terminal,
    Session => session::session,
    ProcessGroup => session::process_group,
    ControllingTerminal => session::controlling_terminal,
    Foreground => session::foreground,

    Hostname => ns::hostname,
    Domainname => ns::domainname,
    Loopback => ns::loopback,
    Tun => handed::tun,
    Propagation => root::propagation,
    RootTree => root::try_tree,
    Root => root::root,
    Mount
    | Bind
    | Tmpfs
    | Proc
    | Dev
    | Directory
    | Symlink
    | File
    | Mask
    | Readonly
    | Overlay
    | Remount
    | Mode => mounts::populate,
    PivotRoot => root::pivot_root,
    RootReadonly => root::root_readonly,
    RootCopy => root::copy_root,
    Chroot => root::chroot,
    Terminal => handed::terminal,
    InnerUserNamespace => ns::inner_user,
    SecondUserNamespace => ns::second_user,

    Rlimit => limits::rlimits,
    Affinity => limits::affinity,
    NumaPolicy => limits::numa_policy,
    Nice => limits::nice,
    Scheduler => limits::scheduler,
    Utilization => limits::utilization,
    IoPriority => limits::io_priority,
    TimerSlack => limits::timer_slack,
    Personality => limits::personality,
    Umask => limits::umask,
    Listen
    | HandOver => handed::hand_over,
    Hold => channel::hold,
    LateNamespaces => ns::unshare_late,
    SecondClone => second_process::second_clone,

    CwdBeforeIds => cwd::before_ids,
    ExecLabel => security::exec_label,
    ApparmorProfile => security::apparmor_profile,
    KeyringLabel => security::keyring_label,
    Keyring => security::session_keyring,
    KeyringPermissions => security::keyring_permissions,
    Bounding => caps::bounding,
    KeepCaps => caps::keep,
    PrivilegedSeccomp => filters::privileged_seccomp,
    Groups => ids::groups,
    Gid => ids::gid,
    Uid => ids::uid,
    Effective => caps::regain,
    Securebits => caps::securebits,
    Ambient => caps::ambient,
    Capabilities => caps::capabilities,
    Cwd => cwd::enter,
    CwdCheck => cwd::check,
    LastClone => second_process::last_clone,

    FdInternal => fds::internal,
    FdMap => fds::map,
    Streams => handed::streams,
    FdAction => fds::actions,
    LandlockRule => landlock::rules,
    ParentDeath => signals::parent_death,
    Init => init::fork_program,
    ProcessFlags => limits::process_flags,
    Speculation => limits::speculation,
    NoNewPrivs => caps::no_new_privs,
    Landlock => landlock::restrict,
    FdClose => fds::close_rest,
    Nofile => limits::nofile,

    Trace => exec::trace,
    Stop => exec::stop,
    SignalActions => signals::actions,
    UserNamespaces => filters::user_namespaces,
    Seccomp => filters::seccomp,
    SignalMask => signals::last_mask,
    Exec => exec::exec,
}

/// The rows behind the stage that was done last, without those that the plan skips.
fn rows_after(done: u32, plan: &Plan) -> impl Iterator<Item = &'static Step> {
    let before = |stage: u32| NUMBERS.partition_point(|number| (*number as u32) < stage);
    let first = before(done.saturating_add(1));
    let skipped = before(plan.skips_from).max(first)..before(plan.skips_until).max(first);
    let rows = |range: core::ops::Range<usize>| PROGRAM.get(range).unwrap_or_default().iter();
    rows(first..skipped.start).chain(rows(skipped.end..PROGRAM.len()))
}

/// The whole child: runs every row that is not done yet. A row that fails ends the child, unless its failure is tolerated.
pub fn run(plan: &Plan, wiring: &Wiring, argv: *const *const u8, envp: *const *const u8) -> ! {
    let at = &mut At::start(plan, wiring, channel::open(wiring), argv, envp);
    at.stage = Stage::Image;
    if let Err(errno) = channel::begin(at) {
        channel::fail(at, errno);
    }
    for step in rows_after(wiring.done, plan) {
        at.index = -1;
        channel::at_stage(at, step.stage);
        if let Err(errno) = (step.run)(at) {
            let tolerated = at.plan.list(at.plan.tolerated).contains(&(at.stage as u32));
            if !tolerated {
                channel::fail(at, errno);
            }
        }
    }
    sys::exit(exit::FAILED)
}
