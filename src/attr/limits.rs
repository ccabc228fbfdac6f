//! Resource limits, scheduling, and flags of the process.

use super::refusal::{Accepted, invalid};
use crate::fallible::{self, Copied, NoMemory};
use crate::sentences;
use crate::stage::Stage;
use alloc::vec::Vec;

/// A resource limit. A half that is `KEEP` stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rlimit {
    pub resource: u32,
    pub soft: u64,
    pub hard: u64,
}

/// Leaves this half of a limit as it is.
pub const KEEP: u64 = 0xffff_ffff_ffff_fffe;

/// The number of resources: `RLIM_NLIMITS`.
const RESOURCES: u32 = 16;

/// One more than the highest processor, and the most entries of a list.
pub const MOST_CPUS: usize = 8192;

/// The stages that may be allowed to fail. They protect nothing, with two exceptions: the keyring, which may fail only where
/// the kernel has none, and the late namespaces, without which the program stays in the caller's namespaces.
const ALLOWABLE: [Stage; 10] = [
    Stage::Nice,
    Stage::IoPriority,
    Stage::OomScore,
    Stage::TimerSlack,
    Stage::Affinity,
    Stage::Hostname,
    Stage::Domainname,
    Stage::Loopback,
    Stage::LateNamespaces,
    Stage::Keyring,
];

/// The flags of `set_process_flags`.
pub mod process {
    pub const NO_THP: u32 = 1;
    pub const MDWE: u32 = 2;
    pub const NO_TSC: u32 = 4;
    pub const SUBREAPER: u32 = 8;
    pub const RESET_ON_FORK: u32 = 16;
    pub const OWN_CORE: u32 = 32;
    pub const KSM: u32 = 64;
    pub const ALL: u32 = 127;
    /// The flags that the kernel keeps with the memory, and not with the process.
    pub const OF_MEMORY: u32 = NO_THP | MDWE | KSM;
}

/// The controls of `set_speculation`, in the kernel's numbers.
pub mod speculate {
    pub const ENABLE: u32 = 2;
    pub const DISABLE: u32 = 4;
    pub const FORCE_DISABLE: u32 = 8;
}

/// Higher than any kernel's feature.
const MOST_SPECULATION: u32 = 255;

/// The kinds of memory that the kernel may write into a core dump. core(5)
const CORE_KINDS: u32 = 0x1ff;

/// The RLIMIT_NOFILE that a language runtime has set at its start. A half that is `KEEP` matches any value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised {
    pub soft: u64,
    pub hard: u64,
}

/// One more than the highest memory node, and the most entries of a list.
pub const MOST_NODES: usize = 1024;

/// The scheduling policy and its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduler {
    Policy {
        policy: i32,
        priority: i32,
    },
    /// SCHED_DEADLINE, in nanoseconds.
    Deadline {
        runtime: u64,
        deadline: u64,
        period: u64,
    },
}

/// Utilization clamps: the scheduler takes the program's load to be between these values, of 1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utilization {
    pub min: u32,
    pub max: u32,
}

/// A kind of speculative execution, and whether it is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speculation {
    pub feature: u32,
    pub control: u32,
}

/// The policy by which memory nodes are chosen.
#[derive(Debug, PartialEq, Eq)]
pub struct MemoryPolicy {
    pub mode: u32,
    pub nodes: Vec<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IoPriority {
    pub class: u32,
    pub level: u32,
}

#[derive(Default, Debug)]
pub struct Limits {
    pub rlimits: Vec<Rlimit>,
    pub nice: Option<i32>,
    pub affinity: Option<Vec<u32>>,
    pub scheduler: Option<Scheduler>,
    pub utilization: Option<Utilization>,
    pub numa_policy: Option<MemoryPolicy>,
    pub io_priority: Option<IoPriority>,
    pub umask: Option<u32>,
    pub personality: Option<u32>,
    pub oom_score_adj: Option<i32>,
    pub timer_slack_ns: Option<u64>,
    pub process_flags: u32,
    pub speculation: Vec<Speculation>,
    pub coredump_filter: Option<u32>,
    pub restore_nofile: Option<Raised>,
    /// Stages that may fail without failing the spawn.
    pub allowed_failures: Vec<u32>,
}

impl Limits {
    /// A second limit for a resource replaces the first.
    pub fn set_rlimit(&mut self, resource: u32, soft: u64, hard: u64) -> Accepted {
        if resource >= RESOURCES {
            return invalid(sentences::RESOURCE);
        }
        if soft != KEEP && hard != KEEP && soft > hard {
            return invalid(sentences::SOFT_ABOVE_HARD);
        }
        Ok(fallible::replace_or_push(&mut self.rlimits, Rlimit { resource, soft, hard }, |old| {
            old.resource == resource
        })?)
    }

    pub fn set_nice(&mut self, nice: i32) -> Accepted {
        if !(-20..=19).contains(&nice) {
            return invalid(sentences::NICE);
        }
        self.nice = Some(nice);
        Ok(())
    }

    pub fn set_affinity(&mut self, cpus: &[u32]) -> Accepted {
        if cpus.is_empty() || cpus.len() > MOST_CPUS {
            return invalid(sentences::NO_PROCESSORS);
        }
        if cpus.iter().any(|&cpu| cpu as usize >= MOST_CPUS) {
            return invalid(sentences::PROCESSOR);
        }
        self.affinity = Some(fallible::copy_of(cpus)?);
        Ok(())
    }

    pub fn set_scheduler(&mut self, policy: i32, priority: i32) -> Accepted {
        let priorities = match policy {
            libc::SCHED_OTHER | libc::SCHED_BATCH | libc::SCHED_IDLE => 0..=0,
            libc::SCHED_FIFO | libc::SCHED_RR => 1..=99,
            _ => return invalid(sentences::POLICY),
        };
        if !priorities.contains(&priority) {
            return invalid(sentences::PRIORITY);
        }
        self.scheduler = Some(Scheduler::Policy { policy, priority });
        Ok(())
    }

    /// A period of 0: the kernel takes the deadline.
    pub fn set_deadline(&mut self, runtime: u64, deadline: u64, period: u64) -> Accepted {
        // The kernel refuses less than 1024 ns, and the highest bit.
        let fits = (1024..=deadline).contains(&runtime) && (period == 0 || deadline <= period);
        if !fits || (deadline | period) >> 63 != 0 {
            return invalid(sentences::DEADLINE);
        }
        self.scheduler = Some(Scheduler::Deadline { runtime, deadline, period });
        Ok(())
    }

    pub fn set_utilization(&mut self, min: u32, max: u32) -> Accepted {
        if min > max || max > 1024 {
            return invalid(sentences::UTILIZATION);
        }
        self.utilization = Some(Utilization { min, max });
        Ok(())
    }

    pub fn set_numa_policy(&mut self, mode: u32, nodes: &[u32]) -> Accepted {
        if nodes.len() > MOST_NODES || nodes.iter().any(|&node| node as usize >= MOST_NODES) {
            return invalid(sentences::NODES);
        }
        self.numa_policy = Some(MemoryPolicy { mode, nodes: fallible::copy_of(nodes)? });
        Ok(())
    }

    pub fn set_io_priority(&mut self, class: u32, level: u32) -> Accepted {
        if class > 3 || level > 7 {
            return invalid(sentences::IO_PRIORITY);
        }
        if class == 0 && level != 0 {
            return invalid(sentences::IO_NO_LEVELS);
        }
        self.io_priority = Some(IoPriority { class, level });
        Ok(())
    }

    pub fn set_umask(&mut self, mask: u32) -> Accepted {
        if mask > 0o777 {
            return invalid(sentences::UMASK);
        }
        self.umask = Some(mask);
        Ok(())
    }

    pub fn set_personality(&mut self, persona: u32) -> Accepted {
        if persona == u32::MAX {
            return invalid(sentences::PERSONALITY);
        }
        self.personality = Some(persona);
        Ok(())
    }

    pub fn set_oom_score_adj(&mut self, adjustment: i32) -> Accepted {
        if !(-1000..=1000).contains(&adjustment) {
            return invalid(sentences::OOM_SCORE);
        }
        self.oom_score_adj = Some(adjustment);
        Ok(())
    }

    pub fn set_timer_slack(&mut self, nanoseconds: u64) -> Accepted {
        self.timer_slack_ns = Some(nanoseconds);
        Ok(())
    }

    pub fn set_process_flags(&mut self, flags: u32) -> Accepted {
        if flags & !process::ALL != 0 {
            return invalid(sentences::PROCESS_FLAGS);
        }
        self.process_flags = flags;
        Ok(())
    }

    /// A second call for a feature replaces the first.
    pub fn set_speculation(&mut self, feature: u32, control: u32) -> Accepted {
        if feature > MOST_SPECULATION {
            return invalid(sentences::SPECULATION_FEATURE);
        }
        if !matches!(control, speculate::ENABLE | speculate::DISABLE | speculate::FORCE_DISABLE) {
            return invalid(sentences::SPECULATION);
        }
        Ok(fallible::replace_or_push(&mut self.speculation, Speculation { feature, control }, |old| {
            old.feature == feature
        })?)
    }

    pub fn set_coredump_filter(&mut self, kinds: u32) -> Accepted {
        // The kernel ignores other bits.
        if kinds & !CORE_KINDS != 0 {
            return invalid(sentences::COREDUMP_FILTER);
        }
        self.coredump_filter = Some(kinds);
        Ok(())
    }

    pub fn restore_nofile(&mut self) -> Accepted {
        self.restore_nofile_from(KEEP, KEEP)
    }

    pub fn restore_nofile_from(&mut self, soft: u64, hard: u64) -> Accepted {
        self.restore_nofile = Some(Raised { soft, hard });
        Ok(())
    }

    pub fn allow_failure(&mut self, stage: u32) -> Accepted {
        if !ALLOWABLE.iter().any(|&allowable| allowable as u32 == stage) {
            return invalid(sentences::FAILURE_NOT_ALLOWED);
        }
        Ok(fallible::replace_or_push(&mut self.allowed_failures, stage, |&old| old == stage)?)
    }
}

impl Copied for MemoryPolicy {
    fn copied(&self) -> Result<MemoryPolicy, NoMemory> {
        Ok(MemoryPolicy { mode: self.mode, nodes: fallible::copy_of(&self.nodes)? })
    }
}

impl Copied for Limits {
    fn copied(&self) -> Result<Limits, NoMemory> {
        Ok(Limits {
            rlimits: fallible::copy_of(&self.rlimits)?,
            nice: self.nice,
            affinity: self.affinity.as_deref().map(fallible::copy_of).transpose()?,
            scheduler: self.scheduler,
            utilization: self.utilization,
            numa_policy: self.numa_policy.copied()?,
            io_priority: self.io_priority,
            umask: self.umask,
            personality: self.personality,
            oom_score_adj: self.oom_score_adj,
            timer_slack_ns: self.timer_slack_ns,
            process_flags: self.process_flags,
            speculation: fallible::copy_of(&self.speculation)?,
            coredump_filter: self.coredump_filter,
            restore_nofile: self.restore_nofile,
            allowed_failures: fallible::copy_of(&self.allowed_failures)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_limited_once_and_keeps_its_place() {
        let mut limits = Limits::default();
        assert!(limits.set_rlimit(7, 64, KEEP).is_ok());
        assert!(limits.set_rlimit(0, KEEP, 3).is_ok());
        assert!(limits.set_rlimit(7, 32, u64::MAX).is_ok());
        assert!(limits.set_rlimit(7, 65, 64).is_err());
        assert!(limits.set_rlimit(16, 0, 0).is_err());
        let nofile = Rlimit { resource: 7, soft: 32, hard: u64::MAX };
        assert_eq!(limits.copied().expect("memory").rlimits, [nofile, Rlimit { resource: 0, soft: KEEP, hard: 3 }]);
    }

    #[test]
    fn ranges() {
        let mut limits = Limits::default();
        assert!(limits.set_nice(-21).is_err());
        assert!(limits.set_affinity(&[]).is_err());
        assert!(limits.set_affinity(&[8192]).is_err());
        assert!(limits.set_affinity(&[0, 8191]).is_ok());
        assert!(limits.set_scheduler(libc::SCHED_FIFO, 0).is_err());
        assert!(limits.set_scheduler(libc::SCHED_FIFO, 99).is_ok());
        assert!(limits.set_scheduler(libc::SCHED_IDLE, 1).is_err());
        assert!(limits.set_scheduler(6, 0).is_err());
        assert!(limits.set_io_priority(0, 1).is_err());
        assert!(limits.set_io_priority(2, 7).is_ok());
        assert!(limits.set_umask(0o1000).is_err());
        assert!(limits.set_personality(u32::MAX).is_err());
        assert!(limits.set_oom_score_adj(-1001).is_err());
        assert!(limits.set_process_flags(1 << 31).is_err());
        assert!(limits.set_speculation(0, 16).is_err());
        assert!(limits.set_speculation(0, 2).is_ok());
        assert!(limits.set_speculation(0, 4).is_ok());
        assert_eq!(limits.speculation.len(), 1);
        assert!(limits.set_coredump_filter(0x200).is_err());
        assert!(limits.set_coredump_filter(0).is_ok());
        assert!(limits.set_deadline(1024, 1024, 0).is_ok());
        assert!(limits.set_deadline(1023, 1024, 1024).is_err());
        assert!(limits.set_deadline(1025, 1024, 0).is_err());
        assert!(limits.set_deadline(1024, 1026, 1025).is_err());
        assert!(limits.set_deadline(1024, 1 << 63, 0).is_err());
        assert!(limits.set_utilization(0, 1024).is_ok());
        assert!(limits.set_utilization(2, 1).is_err());
        assert!(limits.set_utilization(0, 1025).is_err());
        assert!(limits.set_numa_policy(0, &[]).is_ok());
        assert!(limits.set_numa_policy(2, &[1023]).is_ok());
        assert!(limits.set_numa_policy(2, &[1024]).is_err());
    }

    #[test]
    fn only_what_protects_nothing_may_fail() {
        let mut limits = Limits::default();
        assert!(limits.allow_failure(Stage::Nice as u32).is_ok());
        assert!(limits.allow_failure(Stage::Nice as u32).is_ok());
        assert!(limits.allow_failure(Stage::Uid as u32).is_err());
        assert!(limits.allow_failure(Stage::Unshare as u32).is_err());
        assert_eq!(limits.allowed_failures, [Stage::Nice as u32]);
    }
}
