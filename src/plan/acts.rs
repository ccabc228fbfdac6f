//! Which stages of a plan do something, and the items of each.

use super::sealed::{LandlockRule, Limit, Plan, Speculation, cgroup, clone, cwd_rights, mode};
use crate::stage::Stage;
use crate::sys::abi::LandlockRuleset;

/// The indices of a stage's items. Empty: the stage does nothing. -1: it acts once and has no items.
pub fn indices(plan: &Plan, stage: Stage) -> impl Iterator<Item = i32> {
    let (from, to) = match stage {
        Stage::FdMap => (0, places(plan.list(plan.moves).iter().map(|item| item.index))),
        Stage::FdAction => (0, plan.actions.len as i32),
        Stage::Join => (0, plan.joins.len as i32),
        Stage::Listen => (0, plan.listens.len as i32),
        Stage::Rlimit => (0, places(plan.list(plan.rlimits).iter().map(|item| item.index))),
        Stage::Speculation => (0, places(plan.list(plan.speculation).iter().map(|asked| asked.feature as i32))),
        Stage::PrivilegedSeccomp if plan.filters_privileged != 0 => (0, plan.filters.len as i32),
        Stage::Seccomp if plan.filters_privileged == 0 => (0, plan.filters.len as i32),
        Stage::LandlockRule => (0, places(plan.list(plan.landlock_rules).iter().map(|rule| rule.index))),
        Stage::Exec if plan.execs != 0 && plan.searched != 0 => (0, plan.candidates.len as i32),
        _ => (-1, if acts(plan, stage) { 0 } else { -1 }),
    };
    (from..to).filter(move |index| match stage {
        Stage::Rlimit => limit(plan, *index).is_some(),
        Stage::LandlockRule => landlock_rule(plan, *index).is_some(),
        Stage::Speculation => speculated(plan, *index).is_some(),
        _ => true,
    })
}

fn places(indices: impl Iterator<Item = i32>) -> i32 {
    indices.max().map_or(0, |highest| highest + 1)
}

pub fn limit(plan: &Plan, index: i32) -> Option<&Limit> {
    plan.list(plan.rlimits).iter().find(|item| item.index == index)
}

pub fn landlock_rule(plan: &Plan, index: i32) -> Option<&LandlockRule> {
    plan.list(plan.landlock_rules).iter().find(|rule| rule.index == index)
}

/// Whether a stage without items does anything.
fn acts(plan: &Plan, stage: Stage) -> bool {
    match stage {
        Stage::Clone | Stage::FdTable | Stage::SignalMask => true,
        Stage::FdUnneeded => plan.inherit == 0,
        Stage::Cgroup => matches!(plan.cgroup, cgroup::BORN | cgroup::WRITTEN),
        Stage::CgroupBirth => plan.second_clone == clone::OF_IMAGE,
        Stage::IdMap => !plan.uid_map.is_empty() || !plan.gid_map.is_empty(),
        Stage::Carry => plan.carry.get().is_some(),
        Stage::Image | Stage::FdFlags => plan.mode == mode::FRESH,
        Stage::OomScore => !plan.oom_score_adj.is_empty(),
        Stage::CoredumpFilter => !plan.coredump_filter.is_empty(),
        Stage::Credentials => plan.credentials.get().is_some(),
        Stage::Wait => plan.wait != 0,
        Stage::Nondumpable => plan.nondumpable != 0,
        Stage::Procfs => plan.needs_proc != 0,
        Stage::NamespaceOwner => plan.namespace_owner.get().is_some(),
        Stage::UnshareUser => plan.unshare_user != 0,
        Stage::WaitMaps => plan.unshare_user != 0 && plan.wait != 0,
        Stage::Unshare => plan.unshare != 0,
        Stage::TimeFile | Stage::TimeOffsets => !plan.time_offsets.is_empty() || plan.enters_time != 0,
        Stage::FirstProcess => plan.second_clone == clone::EARLY,
        Stage::CgroupNamespace => plan.unshare_cgroup != 0,
        Stage::DetachTerminal => plan.detach_terminal != 0,
        Stage::Session => plan.session != 0,
        Stage::ProcessGroup => plan.group.get().is_some(),
        Stage::ControllingTerminal => plan.terminal >= 0,
        Stage::Foreground => plan.foreground >= 0,
        Stage::Hostname => plan.text(plan.hostname).is_some(),
        Stage::Domainname => plan.text(plan.domainname).is_some(),
        Stage::Loopback => plan.loopback != 0,
        Stage::Tun => plan.tun_flags != 0,
        Stage::Terminal => plan.makes_terminal != 0,
        Stage::Propagation => plan.propagation != 0,
        Stage::Root => plan.new_root != 0,
        Stage::PivotRoot => plan.new_root != 0,
        Stage::RootReadonly => plan.root_is_readonly() && plan.root_tree < 0,
        Stage::RootTree | Stage::RootCopy => plan.copies_root != 0,
        Stage::Chroot => plan.text(plan.chroot).is_some(),
        Stage::InnerUserNamespace => !plan.inner_uid_map.is_empty(),
        Stage::SecondUserNamespace => plan.second_user_namespace >= 0,
        Stage::Affinity => !plan.affinity.is_empty(),
        Stage::Nice => plan.nice.get().is_some(),
        Stage::NumaPolicy => plan.numa_policy.get().is_some(),
        Stage::Scheduler => plan.scheduler.get().is_some() || plan.deadline.get().is_some(),
        Stage::Utilization => plan.utilization.get().is_some(),
        Stage::IoPriority => plan.io_priority.get().is_some(),
        Stage::TimerSlack => plan.timer_slack.get().is_some(),
        Stage::Personality => plan.personality.get().is_some(),
        Stage::Umask => plan.umask.get().is_some(),
        Stage::HandOver => plan.handed != 0,
        Stage::Hold => plan.hold != 0,
        _ => plan.execs != 0 && acts_after_hold(plan, stage),
    }
}

fn acts_after_hold(plan: &Plan, stage: Stage) -> bool {
    match stage {
        Stage::LateNamespaces => plan.late_namespaces != 0,
        Stage::SecondClone => plan.second_clone == clone::LATE,
        Stage::LastClone => plan.second_clone == clone::LAST,
        Stage::CwdBeforeIds => plan.cwd_rights != cwd_rights::PROGRAM,
        Stage::ExecLabel => plan.text(plan.label).is_some(),
        Stage::ApparmorProfile => plan.text(plan.profile).is_some(),
        Stage::KeyringLabel => plan.text(plan.keyring_label).is_some(),
        Stage::Keyring => plan.keyring != 0,
        Stage::KeyringPermissions => plan.keyring_permissions.get().is_some(),
        Stage::Bounding => plan.bounding_drop != 0,
        Stage::KeepCaps => plan.keep_caps != 0,
        Stage::Groups => plan.groups.get().is_some(),
        Stage::Gid => plan.gid.get().is_some(),
        Stage::Uid => plan.uid.get().is_some(),
        Stage::Effective => plan.regain.get().is_some(),
        Stage::Securebits => plan.securebits.get().is_some(),
        Stage::Ambient => plan.ambient.get().is_some(),
        Stage::Capabilities => plan.capabilities.get().is_some(),
        Stage::Cwd => {
            let is_asked = plan.text(plan.cwd).is_some() || plan.cwd_fd >= 0;
            is_asked && plan.cwd_rights != cwd_rights::CALLER
        }
        Stage::CwdCheck => plan.cwd_check != 0,
        Stage::FdInternal => plan.top > 0 || plan.exec_fd_moves != 0 || plan.ruleset_fd >= 0,
        Stage::Streams => plan.makes_terminal != 0,
        Stage::ParentDeath => plan.parent_death != 0,
        Stage::Init => plan.init != 0,
        Stage::ProcessFlags => plan.process_flags != 0,
        Stage::NoNewPrivs => plan.no_new_privs != 0,
        Stage::Landlock => {
            let lacks = plan.ruleset_lacks != LandlockRuleset::default() || plan.ruleset_lacks_flags != 0;
            plan.ruleset.get().is_some() || plan.ruleset_fd >= 0 || plan.ruleset_flags != 0 || lacks
        }
        Stage::FdClose => !plan.closes.is_empty(),
        Stage::Nofile => plan.nofile.get().is_some(),
        Stage::Trace => plan.trace != 0,
        Stage::Stop => plan.stop != 0,
        Stage::SignalActions => plan.signal_default | plan.signal_ignore != 0,
        Stage::UserNamespaces => !plan.no_user_namespaces.is_empty(),
        Stage::Exec => true,
        _ => false,
    }
}

pub fn speculated(plan: &Plan, index: i32) -> Option<&Speculation> {
    plan.list(plan.speculation).iter().find(|asked| asked.feature as i32 == index)
}
