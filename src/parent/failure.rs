//! A failure, and the sentence that tells it.

use super::helper::End;
use super::shared::Shared;
use super::why::{self, Why};
use crate::page::{Report, side};
use crate::plan::{Bytes, Fault, Item, Sealed};
use crate::sealed::{Mount, Plan, Text, cgroup, cwd_rights, mount};
use crate::stage::{Row, Stage};
use core::fmt::{self, Display, Formatter};
use nix::errno::Errno;

pub struct Failure {
    pub stage: Stage,
    pub code: i32,
    pub index: i32,
    /// The child that failed, 0 if there never was one.
    pub pid: i32,
    /// What killed it before it was the program.
    pub signal: i32,
    /// `page::side`
    side: u32,
    /// The plan, to name the item.
    plan: Option<Shared<Sealed>>,
    /// What it is about where the plan does not say.
    what: &'static str,
    why: &'static str,
    /// The helper that it was left to.
    helper: Text,
    helped: Option<End>,
}

const NOTHING: Failure = Failure {
    stage: Stage::None,
    code: 0,
    index: -1,
    pid: 0,
    signal: 0,
    side: side::NONE,
    plan: None,
    what: "",
    why: "",
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

    /// clone(2) failed. Where the child was to be born in its cgroup, it is the cgroup that these errnos are about: without
    /// CLONE_INTO_CGROUP the kernel answers none of them.
    #[cold]
    pub fn of_clone(errno: Errno, plan: &Shared<Sealed>) -> Failure {
        use Errno::{EACCES, EBADF, EBUSY, ENODEV, ENOENT, EOPNOTSUPP};
        let refused = matches!(errno, EACCES | EBADF | EBUSY | ENODEV | ENOENT | EOPNOTSUPP);
        let by_cgroup = refused && plan.cgroup == cgroup::BORN;
        Failure::at(if by_cgroup { Stage::Cgroup } else { Stage::Clone }, errno, plan)
    }

    /// A call on a child that is not in the state for it.
    #[cold]
    pub fn not_now(errno: Errno, why: &'static str) -> Failure {
        Failure { code: errno as i32, why, ..NOTHING }
    }

    /// Not even the child could be made by which is found out how children are made.
    #[cold]
    pub fn of_trial(errno: Errno) -> Failure {
        Failure { stage: Stage::Clone, ..Failure::not_now(errno, "") }
    }

    /// What the child reported.
    #[cold]
    pub fn reported(report: Report, pid: i32, plan: &Shared<Sealed>) -> Failure {
        let stage = Row::of(report.stage).map_or(Stage::Child, |row| row.stage);
        let Report { code, index, side, .. } = report;
        Failure { stage, code, index, side, pid, plan: Some(plan.clone()), ..NOTHING }
    }

    /// The child died without a word, at a stage or one that nobody knows.
    #[cold]
    pub fn killed(stage: Option<Stage>, signal: i32, pid: i32, plan: &Shared<Sealed>) -> Failure {
        let stage = stage.unwrap_or(Stage::Child);
        Failure { pid, signal, ..Failure::at(stage, Errno::ECANCELED, plan) }
    }

    pub fn item(self, index: i32, what: &'static str) -> Failure {
        Failure { index, what, ..self }
    }

    /// The plan's helper, and how it ended.
    pub fn of_helper(self, helper: Text, helped: Option<End>, why: &'static str) -> Failure {
        Failure { helper, helped, why, ..self }
    }

    /// Half a sentence that says what the errno does not.
    pub fn because(self, why: &'static str) -> Failure {
        Failure { why, ..self }
    }

    pub fn of_child(self, pid: i32) -> Failure {
        Failure { pid, ..self }
    }

    /// Whether there was a plan, and such a one.
    pub fn plan_is(&self, such: impl Fn(&Plan) -> bool) -> bool {
        self.plan.as_ref().is_some_and(|plan| such(plan))
    }
}

/// `mount 3 (/proc): Operation not permitted: why`
impl Display for Failure {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        if self.stage != Stage::None {
            write!(f, "{}", Row::of(self.stage as u32).map_or("", Row::plain_name))?;
            if self.index >= 0 {
                write!(f, " {}", self.index)?;
            }
            match &self.plan {
                Some(plan) if !self.helper.is_empty() => write!(f, " ({})", Bytes(plan.bytes(self.helper)))?,
                _ if !self.what.is_empty() => write!(f, " ({})", self.what)?,
                Some(plan) => {
                    Bracketed { f, begun: false }.write(Item { plan, stage: self.stage, index: self.index })?;
                }
                None => (),
            }
            write!(f, ": ")?;
        }
        match self.signal {
            0 => write!(f, "{}", Errno::from_raw(self.code).desc())?,
            signal => write!(f, "killed by signal {signal} before the program ran")?,
        }
        match self.helped {
            Some(End { code: libc::CLD_EXITED, status }) if status != 0 => write!(f, ": it exited with {status}")?,
            Some(End { status, .. }) if status != 0 => write!(f, ": signal {status} killed it")?,
            _ => (),
        }
        if !self.why.is_empty() {
            return write!(f, ": {}", self.why);
        }
        if let Some(why) = self.looked_up() {
            return write!(f, ": {why}");
        }
        match self.hint() {
            "" => Ok(()),
            why => write!(f, ": {why}"),
        }
    }
}

impl Failure {
    /// What the caller finds out now.
    fn looked_up(&self) -> Option<Why<'_>> {
        let plan: &Plan = self.plan.as_ref().filter(|_| self.signal == 0)?;
        why::of(plan, self.stage, self.code, self.index, self.side)
    }

    /// What the errno alone does not tell.
    fn hint(&self) -> &'static str {
        let chrooted = self.plan_is(|plan| plan.other_root != 0);
        let user = self.plan_is(|plan| plan.clone_namespaces & libc::CLONE_NEWUSER as u64 != 0);
        match (self.stage, self.code) {
            (Stage::Exec, libc::ENOEXEC) => "neither a program for this machine nor a script with #!",
            (Stage::Groups, libc::EPERM) if self.plan_is(|plan| plan.joins_user != 0) => {
                "the joined user namespace denies setgroups, or has no gid map: keep_groups leaves the groups as they are"
            }
            (Stage::Groups, libc::EPERM) => "the supplementary groups are dropped with new ids: keep_groups keeps them",
            (Stage::Bounding, libc::EPERM) => "needs CAP_SETPCAP, or no_new_privs with drop_capabilities",
            // Elsewhere a copy of the caller's memory does instead.
            (Stage::Image, libc::EACCES | libc::EPERM | libc::ENOSYS | libc::ENOEXEC) if chrooted => {
                "another root needs the built-in image, or /proc/self/exe there would be the caller's own file \
                 (CVE-2019-5736): let memfds be executed, see vm.memfd_noexec"
            }
            (Stage::Carry, _) if chrooted => {
                "another root needs the built-in image, and an exec takes the caller's capabilities"
            }
            (Stage::Cgroup, code) => refused_by_cgroup(code),
            (Stage::Clone, libc::EAGAIN) if self.plan_is(|plan| plan.cgroup == cgroup::BORN) => {
                "a limit on processes: RLIMIT_NPROC, or pids.max of the cgroup or of one above it"
            }
            (Stage::Clone, libc::EPERM) if user => "user namespaces are restricted here: see forkexec_probe",
            (Stage::IdMap, libc::EPERM) if self.helper.is_empty() => {
                "without privilege one's own id can be mapped, once, and with setgroups denied"
            }
            (Stage::Rlimit | Stage::Nofile, libc::EPERM) => "raising a hard limit needs CAP_SYS_RESOURCE",
            (Stage::PrivilegedSeccomp, libc::EACCES) => "needs CAP_SYS_ADMIN, or set_no_new_privs",
            (Stage::Exec, libc::EACCES) if self.plan_is(|plan| plan.ruleset.get().is_some_and(|set| set.fs != 0)) => {
                "with Landlock the program and its loader need EXECUTE and READ_FILE"
            }
            (Stage::Bind, libc::ENOSYS | libc::EPERM) if self.maps_ids() => {
                "bind_mount_idmapped takes CAP_SYS_ADMIN, open_tree(2), move_mount(2) and mount_setattr(2)"
            }
            (Stage::LandlockRule, libc::EINVAL) => "a file that is not a directory has no such access",
            (Stage::Proc, libc::EPERM) => {
                "needs a pid namespace of one's own, and a /proc that nothing covers in parts, as containers do: bind /proc instead"
            }
            (Stage::Dev, libc::EINVAL) if user => "pts takes user and group 0 of the user namespace: map them",
            (Stage::Bind | Stage::Mount, libc::EINVAL) if user && self.binds_alone() => {
                "what is mounted below would be uncovered in a user namespace: bind it recursively"
            }
            (Stage::PivotRoot | Stage::Propagation, libc::EINVAL) => {
                "the caller's root is not a mount, as in a chroot or an initramfs"
            }
            (stage, libc::EOPNOTSUPP) if Stage::Mount <= stage && stage <= Stage::Readonly => {
                "mounting on a file takes a /proc of the caller's, or Linux 5.12"
            }
            (Stage::CwdBeforeIds, libc::EACCES | libc::EPERM) => {
                "entered with the caller's rights: FORKEXEC_CWD_RIGHTS_EITHER tries the program's as well"
            }
            (Stage::Cwd, libc::EACCES | libc::EPERM) if self.plan_is(has_other_rights) => {
                "entered with the program's rights: set_cwd_rights has it entered with the caller's"
            }
            (Stage::CwdCheck, libc::ENOENT) => "the directory lies outside the root",
            _ => "",
        }
    }

    fn binds_alone(&self) -> bool {
        let alone = |step: &Mount| step.kind == mount::BIND && step.flags & libc::MS_REC == 0;
        self.plan_is(|plan| plan.list(plan.mounts).iter().any(|step| step.index == self.index && alone(step)))
    }

    fn maps_ids(&self) -> bool {
        let maps = |step: &Mount| step.index == self.index && step.user_namespace >= 0;
        self.plan_is(|plan| plan.list(plan.mounts).iter().any(maps))
    }
}

/// Whether the program's rights to files are not the caller's, and only they were tried.
fn has_other_rights(plan: &Plan) -> bool {
    let ids = plan.uid.get().is_some() || plan.gid.get().is_some() || plan.groups.get().is_some();
    plan.cwd_rights == cwd_rights::PROGRAM && (ids || plan.capabilities.get().is_some())
}

/// Why the kernel does not let a process into a cgroup. cgroups(7)
fn refused_by_cgroup(code: i32) -> &'static str {
    match code {
        libc::EACCES | libc::EPERM => {
            "needs the right to write cgroup.procs there, and in the nearest cgroup above both it and the caller's"
        }
        libc::EBUSY => "it has controllers enabled for its children (cgroup.subtree_control): use one below it",
        libc::EOPNOTSUPP => {
            "its cgroup.type is \"domain invalid\" or \"threaded\": use one that is not beside or in threaded ones"
        }
        libc::ENOENT | libc::ENODEV => "it was removed, or lies outside the cgroup namespace of the caller",
        libc::ENOSPC => "its cpuset.cpus or cpuset.mems is empty",
        _ => "",
    }
}

/// Text in brackets, if there is any.
struct Bracketed<'a, 'f> {
    f: &'a mut Formatter<'f>,
    begun: bool,
}

impl Bracketed<'_, '_> {
    fn write(mut self, item: impl Display) -> fmt::Result {
        fmt::Write::write_fmt(&mut self, format_args!("{item}"))?;
        if self.begun { self.f.write_str(")") } else { Ok(()) }
    }
}

impl fmt::Write for Bracketed<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if !self.begun && !text.is_empty() {
            self.begun = true;
            self.f.write_str(" (")?;
        }
        self.f.write_str(text)
    }
}
