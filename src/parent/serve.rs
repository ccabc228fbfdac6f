//! The steps that the caller takes for a waiting child, because they need privilege in the namespaces that the child has left.

use super::evidence::Heard;
use super::failure::Failure;
use super::give_up::failure_of;
use super::hear::hear_word;
use super::launched::Launched;
use super::process::{End, Process};
use super::procfs::{Directory, Unproven};
use crate::base::decimal::Digits;
use crate::base::kernel_file;
use crate::page::kind;
use crate::plan::Sealed;
use crate::sealed::{Plan, Text, cgroup};
use crate::sentences;
use crate::shared::Shared;
use crate::stage::Stage;
use crate::sys::abi::{IOPRIO_WHO_PROCESS, PRIO_PROCESS, RLIMIT_NOFILE};
use crate::sys::{self, Errno};
use core::cell::OnceCell;
use core::ffi::CStr;
use nix::errno::Errno as Number;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use std::os::fd::{BorrowedFd, IntoRawFd};

type Done = Result<(), Failure>;

/// Runs a helper like newuidmap(1): its path, the pid that it is for, and the map. `None`: other code has reaped it.
pub type RunHelper = fn(&CStr, i32, &[u8]) -> Result<Option<End>, Number>;

/// Takes all steps that the plan leaves to the caller; then the child goes on.
pub fn serve(launched: &Launched, plan: &Shared<Sealed>, run_helper: RunHelper) -> Done {
    if plan.wait == 0 {
        return Ok(());
    }
    let serving = Serving { process: launched.process(), plan, run_helper, directory: OnceCell::new() };
    if plan.tells_own_memory != 0 {
        hear(launched, plan, kind::OUTSIDE)?;
    }
    if plan.cgroup == cgroup::WRITTEN {
        serving.cgroup()?;
    }
    serving.limits()?;
    if plan.unshare_user != 0 {
        launched.go().map_err(|errno| Failure::at(Stage::Wait, errno, plan))?;
        hear(launched, plan, kind::UNMAPPED)?;
    }
    serving.maps()?;
    launched.go().map_err(|errno| Failure::at(Stage::Wait, errno, plan))
}

/// Waits until the child has said this word.
fn hear(launched: &Launched, plan: &Shared<Sealed>, word: u32) -> Done {
    match hear_word(launched, plan, None) {
        Heard::Said(said) if said == word => Ok(()),
        heard => Err(failure_of(heard, launched, plan)),
    }
}

struct Serving<'a> {
    process: &'a Process,
    plan: &'a Shared<Sealed>,
    run_helper: RunHelper,
    directory: OnceCell<Directory>,
}

impl Serving<'_> {
    fn failed(&self, stage: Stage, errno: Number, index: i32, what: &'static str) -> Failure {
        Failure::at(stage, errno, self.plan).item(index, what).of_child(self.process.pid)
    }

    /// A step whose failure the request may tolerate, as for the child's own step of the same stage.
    fn step(&self, stage: Stage, index: i32, answer: Result<(), Errno>) -> Done {
        match answer {
            Err(Errno(errno)) if !self.tolerates(stage) => Err(self.failed(stage, Number::from_raw(errno), index, "")),
            _ => Ok(()),
        }
    }

    fn cgroup(&self) -> Done {
        // SAFETY: C caller guarantees that the descriptor, which the plan saw open, stays so during the call.
        let directory = unsafe { BorrowedFd::borrow_raw(self.plan.cgroup_fd) };
        let flags = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        openat(directory, c"cgroup.procs", flags, Mode::empty())
            .and_then(|file| {
                let pid = Digits::of(self.process.pid as u64);
                kernel_file::write_and_close(file.into_raw_fd(), pid.as_bytes())
                    .map_err(|Errno(code)| Number::from_raw(code))
            })
            .map_err(|errno| self.failed(Stage::Cgroup, errno, -1, ""))
    }

    fn limits(&self) -> Done {
        let plan: &Plan = self.plan;
        if plan.privileged == 0 {
            return Ok(());
        }
        for item in plan.list(plan.raises) {
            let stage = if item.resource == RLIMIT_NOFILE { Stage::Nofile } else { Stage::Rlimit };
            self.step(stage, item.index, sys::set_rlimit(self.process.pid, item.resource, &item.limit))?;
        }
        if let Some(nice) = plan.nice.get() {
            self.step(Stage::Nice, -1, sys::setpriority(PRIO_PROCESS, self.process.pid, nice))?;
        }
        if let Some(asked) = plan.scheduler.get() {
            self.step(Stage::Scheduler, -1, sys::sched_setscheduler(self.process.pid, asked.policy, asked.priority))?;
        }
        if let Some(asked) = plan.deadline.get() {
            self.step(Stage::Scheduler, -1, sys::sched_setattr(self.process.pid, &asked.attr()))?;
        }
        if let Some(priority) = plan.io_priority.get() {
            self.step(Stage::IoPriority, -1, sys::ioprio_set(IOPRIO_WHO_PROCESS, self.process.pid, priority))?;
        }
        if !plan.oom_score_adj.is_empty() && plan.is_born_in_user_namespace() {
            self.oom_score_adj()?;
        }
        Ok(())
    }

    fn oom_score_adj(&self) -> Done {
        let bytes = self.plan.bytes(self.plan.oom_score_adj);
        match self.directory(Stage::OomScore, "") {
            Ok(directory) => self.step(Stage::OomScore, -1, directory.write(c"oom_score_adj", bytes)),
            Err(_) if self.tolerates(Stage::OomScore) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    fn tolerates(&self, stage: Stage) -> bool {
        self.plan.list(self.plan.tolerated).contains(&(stage as u32))
    }

    /// Leaves to a helper what the kernel did not let the caller write itself.
    fn by_helper(&self, directory: &Directory, helper: Text, file: &CStr, map: &[u8]) -> Done {
        let plan: &Plan = self.plan;
        // SAFETY: plan::lower guarantees a NUL-terminated path.
        let Some(path) = plan.text(helper).map(|path| unsafe { CStr::from_ptr(path.cast()) }) else { return Ok(()) };
        let failed = |errno, end, why| Err(self.failed(Stage::IdMap, errno, -1, "").of_helper(helper, end, why));
        let keeps_groups = file == c"gid_map" && plan.setgroups.is_empty();
        let is_written = || directory.read(file, &mut [0; 32]).is_ok_and(|text| !text.is_empty());
        let denies = || !directory.read(c"setgroups", &mut [0; 32]).is_ok_and(|text| text.starts_with(b"allow"));
        match (self.run_helper)(path, directory.number(), map) {
            Err(errno) => failed(errno, None, sentences::NOTHING),
            Ok(Some(end)) if !end.is_success() => failed(Number::EPERM, Some(end), sentences::NOTHING),
            // Also if other code has reaped the helper, the file tells.
            Ok(end) if !is_written() => failed(Number::EPERM, end, sentences::HELPER_WROTE_NOTHING),
            Ok(end) if keeps_groups && denies() => failed(Number::EPERM, end, sentences::HELPER_DENIED_SETGROUPS),
            Ok(_) => Ok(()),
        }
    }

    /// uid_map, setgroups, gid_map, in this order: an unprivileged caller must deny setgroups before the kernel takes a gid map.
    fn maps(&self) -> Done {
        let plan: &Plan = self.plan;
        let files = [
            (c"uid_map", "uid_map", plan.uid_map, plan.uid_helper),
            (c"setgroups", "setgroups", plan.setgroups, Text::EMPTY),
            (c"gid_map", "gid_map", plan.gid_map, plan.gid_helper),
        ];
        for (file, name, text, helper) in files.iter().filter(|(_, _, text, _)| !text.is_empty()) {
            let directory = self.directory(Stage::IdMap, name)?;
            match directory.write(file, plan.bytes(*text)) {
                // Kernels before 3.19 have no setgroups to deny.
                Err(Errno(libc::ENOENT)) if *name == "setgroups" => (),
                Err(Errno(libc::EPERM)) if !helper.is_empty() => {
                    self.by_helper(directory, *helper, file, plan.bytes(*text))?
                }
                answer => {
                    answer.map_err(|Errno(errno)| self.failed(Stage::IdMap, Number::from_raw(errno), -1, name))?
                }
            }
        }
        Ok(())
    }

    /// The child's directory in /proc, opened when it is first needed.
    fn directory(&self, stage: Stage, name: &'static str) -> Result<&Directory, Failure> {
        if let Some(directory) = self.directory.get() {
            return Ok(directory);
        }
        let found = Directory::of(self.process)
            .map_err(|Unproven { code, why }| self.failed(stage, Number::from_raw(code), -1, name).because(why))?;
        Ok(self.directory.get_or_init(|| found))
    }
}
