//! A failure, and the reason that its errno alone does not tell. `message` writes the whole sentence.

use super::chroot;
use super::process::End;
use super::procfs;
use super::reason::{self, Reason};
use super::trial;
use crate::page::{Report, side};
use crate::plan::{Fault, Sealed};
use crate::sealed::{Mount, Plan, Text, cwd_rights, mount};
use crate::sentences::{self, Sentence};
use crate::shared::Shared;
use crate::stage::{Row, Stage};
use nix::errno::Errno;

pub struct Failure {
    pub stage: Stage,
    pub code: i32,
    pub index: i32,
    /// The child that failed. 0: there was none.
    pub pid: i32,
    /// The signal that killed it before its program ran.
    pub signal: i32,
    /// `page::side`
    side: u32,
    /// The child died without a report.
    pub(super) died: bool,
    /// The plan, to name the item.
    pub(super) plan: Option<Shared<Sealed>>,
    /// The item, if the plan does not tell it.
    pub(super) what: &'static str,
    why: Sentence,
    /// The helper that was run for this step.
    pub(super) helper: Text,
    pub(super) helped: Option<End>,
}

const NOTHING: Failure = Failure {
    stage: Stage::None,
    code: 0,
    index: -1,
    pid: 0,
    signal: 0,
    side: side::NONE,
    died: false,
    plan: None,
    what: "",
    why: sentences::NOTHING,
    helper: Text::EMPTY,
    helped: None,
};

impl Failure {
    /// There is no plan.
    #[cold]
    pub fn of_plan(Fault { stage, code, index, what, why }: Fault) -> Failure {
        Failure { stage, code, index, what, why, ..NOTHING }
    }

    /// A step of the caller's side.
    #[cold]
    pub fn at(stage: Stage, errno: Errno, plan: &Shared<Sealed>) -> Failure {
        Failure { stage, code: errno as i32, plan: Some(plan.clone()), ..NOTHING }
    }

    /// clone(2) failed.
    #[cold]
    pub fn of_clone(errno: Errno, plan: &Shared<Sealed>) -> Failure {
        Failure::at(stage_of_clone(errno as i32, plan), errno, plan)
    }

    /// A call on a child that is not in the state for it.
    #[cold]
    pub fn not_now(errno: Errno, why: Sentence) -> Failure {
        Failure { code: errno as i32, why, ..NOTHING }
    }

    /// The child that finds out how children are made could not be made itself.
    #[cold]
    pub fn of_trial((stage, errno): (Stage, Errno)) -> Failure {
        Failure { stage, ..Failure::not_now(errno, sentences::NOTHING) }
    }

    /// What the child reported.
    #[cold]
    pub fn reported(report: Report, pid: i32, plan: &Shared<Sealed>) -> Failure {
        let stage = Row::of(report.stage).map_or(Stage::Child, |row| row.stage);
        let Report { code, index, side, .. } = report;
        let stage = if stage == Stage::Clone { stage_of_clone(code, plan) } else { stage };
        Failure { stage, code, index, side, pid, plan: Some(plan.clone()), ..NOTHING }
    }

    /// The child died without a report, at this stage, if it is known.
    #[cold]
    pub fn killed(stage: Option<Stage>, signal: i32, pid: i32, plan: &Shared<Sealed>) -> Failure {
        let stage = stage.unwrap_or(Stage::Child);
        Failure { pid, signal, died: true, ..Failure::at(stage, Errno::ECANCELED, plan) }
    }

    pub fn item(self, index: i32, what: &'static str) -> Failure {
        Failure { index, what, ..self }
    }

    /// The plan's helper, and how it ended.
    pub fn of_helper(self, helper: Text, helped: Option<End>, why: Sentence) -> Failure {
        Failure { helper, helped, why, ..self }
    }

    /// The reason: half a sentence that says what the errno does not.
    pub fn because(self, why: Sentence) -> Failure {
        Failure { why, ..self }
    }

    /// The reason that `because` was given.
    pub fn why(&self) -> Sentence {
        self.why
    }

    pub fn of_child(self, pid: i32) -> Failure {
        Failure { pid, ..self }
    }

    /// Whether there is a plan, and it is like this.
    pub fn plan_is(&self, such: impl Fn(&Plan) -> bool) -> bool {
        self.plan.as_ref().is_some_and(|plan| such(plan))
    }
}

impl Failure {
    /// The reason that the errno alone does not tell: the one that is known, or that the caller finds out now, or that is likely.
    pub(super) fn reason(&self) -> Reason<'_> {
        if !self.why.is_empty() {
            return Reason::Said(self.why);
        }
        let plan: Option<&Sealed> = self.plan.as_deref().filter(|_| self.signal == 0);
        let found = plan.and_then(|plan| reason::of(plan, self.stage, self.code, self.index, self.side));
        found.unwrap_or_else(|| Reason::Said(self.hint()))
    }

    fn hint(&self) -> Sentence {
        let chrooted = self.plan_is(|plan| plan.other_root != 0);
        let user = self.plan_is(|plan| plan.clone_namespaces & libc::CLONE_NEWUSER as u64 != 0);
        let chosen = self.plan_is(|plan| !plan.pids.is_empty());
        let chosen_outside = self.plan_is(|plan| plan.pids.len > 1);
        match (self.stage, self.code) {
            _ if self.signal == libc::SIGSYS => sentences::KILLED_BY_FILTER,
            (Stage::Memory, libc::EPERM | libc::EACCES) => sentences::MAPPING_DENIED,
            (Stage::Hold | Stage::Wait | Stage::WaitMaps, libc::EPERM | libc::ENOSYS) if self.pid != 0 => {
                sentences::WAITING_DENIED
            }
            (Stage::ParentDeath, libc::EPERM | libc::ENOSYS) if self.pid != 0 => sentences::LOOKING_DENIED,
            // Steps that the child takes by the caller's /proc.
            (
                Stage::OomScore | Stage::CoredumpFilter | Stage::TimeFile | Stage::Procfs,
                libc::ENOENT | libc::EOPNOTSUPP,
            ) => match procfs::trouble() {
                sentences::NOTHING if self.stage == Stage::TimeFile => sentences::NO_TIME_NAMESPACES,
                trouble => trouble,
            },
            (Stage::Exec, libc::ENOEXEC) => sentences::NO_PROGRAM,
            (Stage::Groups, libc::EPERM) if self.plan_is(|plan| plan.ends_in_joined_user_namespace()) => {
                sentences::GROUPS_DENIED_THERE
            }
            (Stage::Groups, libc::EPERM) => sentences::GROUPS_DROPPED,
            (Stage::Bounding, libc::EPERM) => sentences::NEEDS_SETPCAP,
            // Without another root, a copy of the caller's memory is used instead.
            (Stage::Image, libc::EACCES | libc::EPERM | libc::ENOSYS | libc::ENOEXEC) if chrooted => {
                sentences::IMAGE_REFUSED
            }
            (Stage::Carry, _) if chrooted => sentences::IMAGE_TAKES_CAPABILITIES,
            (Stage::Cgroup, code) => refused_by_cgroup(code),
            (Stage::Clone, libc::EEXIST) => sentences::PID_IN_USE,
            (Stage::Clone, libc::EPERM) if chosen_outside || chosen && !user => sentences::PID_NEEDS,
            (Stage::Clone, libc::EINVAL) if chosen => sentences::PID_LEVELS,
            (Stage::Clone, libc::ENOSYS) if chosen => sentences::PID_BY_CLONE3,
            (Stage::Clone, libc::EAGAIN) if is_deadline() => sentences::DEADLINE_MAKES_NONE,
            (Stage::Clone, libc::EINVAL | libc::ENOMEM) if procfs::children_go_elsewhere() => {
                sentences::CHILDREN_GO_ELSEWHERE
            }
            (stage, libc::EAGAIN) if makes_a_process(stage) => sentences::TOO_MANY_PROCESSES,
            (Stage::Exec, libc::EAGAIN) => sentences::USER_HAS_TOO_MANY,
            (Stage::Image, libc::EFBIG) => sentences::FILE_SIZE_LIMITED,
            (Stage::OomScore, libc::EACCES) => sentences::OOM_SCORE_REFUSED,
            (Stage::IdMap, libc::EACCES) => sentences::PROC_FORBIDDEN,
            (Stage::OomScore | Stage::CoredumpFilter | Stage::IdMap, libc::EROFS) => sentences::PROC_READONLY,
            (Stage::Propagation | Stage::Root | Stage::PivotRoot, libc::EPERM | libc::EACCES) => {
                sentences::MOUNTS_FORBIDDEN
            }
            (Stage::Clone, libc::EINVAL) if trial::only_sigchld() => sentences::NO_NAMESPACES_IN_QEMU,
            (Stage::Clone, libc::EPERM) if user && chroot::is_certain() => sentences::IN_A_CHROOT,
            (Stage::Clone, libc::EPERM) if user => sentences::USER_NAMESPACES_RESTRICTED,
            (Stage::IdMap, libc::EINVAL) if self.helper.is_empty() => sentences::RANGES_OVERLAP,
            (Stage::IdMap, libc::EPERM) if self.helper.is_empty() => sentences::OWN_ID_ONCE,
            (Stage::Rlimit | Stage::Nofile, libc::EPERM) => sentences::NEEDS_RESOURCE,
            (Stage::PrivilegedSeccomp, libc::EACCES) => sentences::FILTER_NEEDS_PRIVILEGE,
            (Stage::Exec, libc::EACCES) if self.plan_is(|plan| plan.ruleset.get().is_some_and(|set| set.fs != 0)) => {
                sentences::LANDLOCK_FORBIDS_PROGRAM
            }
            (Stage::Bind, libc::ENOSYS | libc::EPERM) if self.maps_ids() => sentences::IDMAPPED_NEEDS,
            (Stage::LandlockRule, libc::EINVAL) if self.index < 0 => sentences::LANDLOCK_BITS_UNKNOWN,
            (Stage::LandlockRule, libc::EINVAL) => sentences::RULE_OF_DIRECTORIES,
            (Stage::ProcessFlags, libc::EINVAL | libc::ENODEV) => sentences::PROCESS_FLAG_UNKNOWN,
            (Stage::Speculation, libc::ENXIO | libc::EPERM | libc::ENODEV) => sentences::SPECULATION_FIXED,
            (Stage::Utilization, libc::EOPNOTSUPP | libc::EINVAL | libc::ENOSYS) => sentences::UTILIZATION_UNKNOWN,
            (Stage::NumaPolicy, libc::EINVAL) => sentences::NODES_NOT_THERE,
            (Stage::Scheduler, libc::EPERM) if self.has_deadline() => sentences::DEADLINE_REFUSED,
            (Stage::Scheduler, libc::EBUSY) if self.has_deadline() => sentences::DEADLINE_TOO_MUCH,
            (Stage::Terminal, libc::ENOENT | libc::ENODEV) => sentences::NO_PTMX,
            (Stage::SecondUserNamespace, libc::EPERM) => sentences::SECOND_USERS_NOT_BELOW,
            (Stage::SecondUserNamespace, libc::EINVAL) => sentences::SECOND_USERS_ALREADY,
            (Stage::Tun, libc::ENOENT | libc::ENXIO | libc::ENODEV) => sentences::NO_TUN,
            (Stage::Tun, libc::EACCES) => sentences::TUN_FORBIDDEN,
            (Stage::Tun, libc::EPERM) => sentences::TUN_NEEDS,
            (Stage::Listen, libc::EADDRINUSE) => sentences::LISTEN_IN_USE,
            (Stage::Listen, libc::EADDRNOTAVAIL) => sentences::LISTEN_NO_ADDRESS,
            (Stage::Listen, libc::EACCES) => sentences::LISTEN_FORBIDDEN,
            (Stage::UserNamespaces, libc::EOPNOTSUPP) => sentences::FILTER_WITHOUT_EFFECT,
            (Stage::File, libc::EBADF) => sentences::FILE_NOT_READABLE,
            (Stage::Remount, libc::EINVAL) => sentences::NOTHING_MOUNTED,
            (Stage::Overlay, libc::ENODEV) => sentences::NO_OVERLAY,
            (Stage::Overlay, libc::EPERM) if user => sentences::OVERLAY_FORBIDDEN,
            (Stage::Overlay, libc::EINVAL) if user => sentences::OVERLAY_UNCOVERS,
            (Stage::Overlay, libc::EINVAL) => sentences::OVERLAY_REFUSED,
            (Stage::Proc, libc::EPERM) => sentences::PROC_NEEDS,
            (Stage::Dev, libc::EINVAL) if user && self.plan_is(|plan| plan.inner_uid_map.is_empty()) => {
                sentences::PTS_NEEDS_ROOT
            }
            (Stage::Bind | Stage::Mount, libc::EINVAL) if user && self.binds_alone() => sentences::BIND_UNCOVERS,
            (Stage::PivotRoot | Stage::Propagation, libc::EINVAL) => sentences::ROOT_NO_MOUNT,
            (stage, libc::EROFS) if stage.is_of_mounts() && self.plan_is(|plan| plan.root_tree >= 0) => {
                sentences::TREE_IS_READONLY
            }
            (stage, libc::EOPNOTSUPP) if stage.is_of_mounts() => sentences::MOUNT_ON_FILE,
            (Stage::CwdBeforeIds, libc::EACCES | libc::EPERM) => sentences::CWD_AS_CALLER,
            (Stage::Cwd, libc::EACCES | libc::EPERM) if self.plan_is(has_other_rights) => sentences::CWD_AS_PROGRAM,
            (Stage::CwdCheck, libc::ENOENT) => sentences::OUTSIDE_ROOT,
            _ => sentences::NOTHING,
        }
    }

    fn binds_alone(&self) -> bool {
        let alone = |step: &Mount| step.kind == mount::BIND && step.flags & libc::MS_REC == 0;
        self.plan_is(|plan| plan.list(plan.mounts).iter().any(|step| step.index == self.index && alone(step)))
    }

    fn has_deadline(&self) -> bool {
        self.plan_is(|plan| plan.deadline.get().is_some())
    }

    fn maps_ids(&self) -> bool {
        let maps = |step: &Mount| step.index == self.index && step.user_namespace >= 0;
        self.plan_is(|plan| plan.list(plan.mounts).iter().any(maps))
    }
}

/// Whether the program has other rights to files than the caller, and only the program's were tried.
fn has_other_rights(plan: &Plan) -> bool {
    let ids = plan.uid.get().is_some() || plan.gid.get().is_some() || plan.groups.get().is_some();
    plan.cwd_rights == cwd_rights::PROGRAM && (ids || plan.capabilities.get().is_some())
}

/// sched(7)
fn is_deadline() -> bool {
    // SAFETY: kernel contract, man 2 sched_getscheduler: 0 is this thread.
    unsafe { libc::sched_getscheduler(0) & !libc::SCHED_RESET_ON_FORK == libc::SCHED_DEADLINE }
}

/// Why mmap(2) of the page was refused: its errno does not tell.
pub fn mapping_denied(errno: i32) -> Sentence {
    if matches!(errno, libc::EPERM | libc::EACCES) { sentences::MAPPING_DENIED } else { sentences::NOTHING }
}

fn makes_a_process(stage: Stage) -> bool {
    matches!(stage, Stage::Clone | Stage::FirstProcess | Stage::SecondClone | Stage::LastClone | Stage::Init)
}

/// With CLONE_INTO_CGROUP these errnos of clone3(2) are about the cgroup: without the flag the kernel answers none of them.
fn stage_of_clone(code: i32, plan: &Plan) -> Stage {
    use libc::{EACCES, EBADF, EBUSY, ENODEV, ENOENT, EOPNOTSUPP};
    let refused = matches!(code, EACCES | EBADF | EBUSY | ENODEV | ENOENT | EOPNOTSUPP);
    if refused && plan.is_born_in_cgroup() { Stage::Cgroup } else { Stage::Clone }
}

/// Why the kernel does not let a process into a cgroup. cgroups(7)
fn refused_by_cgroup(code: i32) -> Sentence {
    match code {
        libc::EACCES | libc::EPERM => sentences::CGROUP_NEEDS_RIGHTS,
        libc::EBUSY => sentences::CGROUP_HAS_CONTROLLERS,
        libc::EOPNOTSUPP => sentences::CGROUP_TYPE,
        libc::ENOENT | libc::ENODEV => sentences::CGROUP_GONE,
        libc::ENOSPC => sentences::CGROUP_WITHOUT_CPUS,
        _ => sentences::NOTHING,
    }
}
