//! The plan in words: the dry run, and the item that an error is about.

use super::acts::{indices, landlock_rule, limit, speculated};
use super::sealed::{
    Action, CapSets, Credentials, Deadline, Listen, Move, Plan, Text, Utilization, action, cgroup, init, mode,
    mount as kind, step,
};
use super::words::{Address, Bytes, Hex, Joined, Limited, List, Namespaces, Prefixed, Set};
use crate::attr::handed::family;
use crate::sentences;
use crate::stage::{Row, STAGES, Stage};
use crate::sys::abi::LandlockRuleset;
use core::fmt::{self, Display, Formatter, Write};

/// The item of a stage, for an error message. Writes nothing if the stage has no items.
pub struct Item<'a> {
    pub plan: &'a Plan,
    pub stage: Stage,
    pub index: i32,
}

impl Display for Item<'_> {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        item(self.plan, self.stage, self.index, f)
    }
}

/// The dry run: every stage that does something, in order.
impl Display for Plan {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let memory = match self.mode {
            mode::SHARED => sentences::IN_CALLERS_MEMORY,
            mode::FRESH => sentences::IN_IMAGE,
            _ => sentences::IN_COPY,
        };
        writeln!(f, "{memory}")?;
        for row in STAGES.iter().filter(|row| !self.skips(row.stage as u32)) {
            indices(self, row.stage).try_for_each(|index| line(self, row, index, f))?;
            // The items of the list of mounts have different stages, and are shown in the order of the list.
            if row.stage == Stage::Root {
                mounts(self).try_for_each(|(row, index)| line(self, row, index, f))?;
            }
        }
        Ok(())
    }
}

fn line(plan: &Plan, row: &Row, index: i32, f: &mut Formatter) -> fmt::Result {
    write!(f, "{:3} {}", row.stage as u32, row.plain_name())?;
    if index >= 0 {
        write!(f, " {index}")?;
    }
    let mut told = Prefixed::new(f);
    write!(told, "{}", Item { plan, stage: row.stage, index })?;
    writeln!(f)
}

/// Stage and index of every item of the list of mounts.
fn mounts(plan: &Plan) -> impl Iterator<Item = (&'static Row, i32)> {
    let steps = plan.list(plan.mounts);
    let items = steps.iter().enumerate().filter(|(i, step)| {
        i.checked_sub(1).and_then(|i| steps.get(i)).is_none_or(|before| before.index != step.index)
    });
    items.filter_map(|(_, step)| Some((Row::of(step.stage as u32)?, step.index)))
}

fn mount(plan: &Plan, index: i32, f: &mut Formatter) -> fmt::Result {
    let Some(step) = plan.list(plan.mounts).iter().find(|step| step.index == index) else { return Ok(()) };
    let bytes = |text| Bytes(plan.bytes(text));
    match step.kind {
        kind::BIND if step.source_fd >= 0 && step.source.is_empty() => {
            sentences::BIND.with(&[&sentences::FD.with(&[&step.source_fd]), &bytes(step.target)]).fmt(f)
        }
        kind::BIND if step.source_fd >= 0 => {
            sentences::BIND_FD.with(&[&step.source_fd, &bytes(step.source), &bytes(step.target)]).fmt(f)
        }
        kind::BIND if step.optional != 0 => {
            sentences::BIND_IF_THERE.with(&[&bytes(step.source), &bytes(step.target)]).fmt(f)
        }
        kind::BIND => sentences::BIND.with(&[&bytes(step.source), &bytes(step.target)]).fmt(f),
        _ if step.stage == Stage::Overlay => sentences::OVERLAY.with(&[&bytes(step.target), &bytes(step.data)]).fmt(f),
        _ if step.stage == Stage::Proc => {
            let has = |kind| plan.list(plan.mounts).iter().any(|step| step.index == index && step.kind == kind);
            match (has(kind::READONLY), has(kind::MASK)) {
                (false, false) => write!(f, "{}", bytes(step.target)),
                (true, false) => sentences::PROC_READONLY_BUT.with(&[&bytes(step.target)]).fmt(f),
                (false, true) => sentences::PROC_HIDDEN_BUT.with(&[&bytes(step.target)]).fmt(f),
                (true, true) => sentences::PROC_BOTH.with(&[&bytes(step.target)]).fmt(f),
            }
        }
        kind::REMOUNT => sentences::REMOUNT.with(&[&bytes(step.target), &format_args!("{:#x}", step.flags)]).fmt(f),
        kind::MODE => sentences::MODE.with(&[&bytes(step.target), &format_args!("{:04o}", step.mode)]).fmt(f),
        kind::FILE | kind::FILE_IN_MEMORY if step.source_fd >= 0 => {
            sentences::FILE_OF_FD.with(&[&bytes(step.target), &step.source_fd]).fmt(f)
        }
        kind::SYMLINK => sentences::SYMLINK.with(&[&bytes(step.target), &bytes(step.data)]).fmt(f),
        _ => write!(f, "{}", bytes(step.target)),
    }
}

fn item(plan: &Plan, stage: Stage, index: i32, f: &mut Formatter) -> fmt::Result {
    let text = |text: Text, f: &mut Formatter| write!(f, "{}", Bytes(plan.bytes(text)));
    match stage {
        Stage::Clone => clone(plan, f),
        Stage::CgroupBirth => {
            let and = if plan.namespaces_of_second() == 0 { "" } else { ", " };
            match plan.cgroup {
                cgroup::BORN_OF_IMAGE => sentences::BORN_IN.with(&[&plan.cgroup_fd]).fmt(f)?,
                _ => sentences::MEASURED.fmt(f)?,
            }
            write!(f, "{and}{}", Namespaces(plan.namespaces_of_second()))
        }
        Stage::Join => plan.list(plan.joins).get(index as usize).map_or(Ok(()), |join| write!(f, "{}", Joined(join))),
        Stage::Unshare => write!(f, "{}", Namespaces(plan.unshare)),
        Stage::NamespaceOwner => plan.namespace_owner.get().map_or(Ok(()), |uid| write!(f, "{uid}")),
        Stage::TimeOffsets => text(plan.time_offsets, f),
        Stage::LateNamespaces => write!(f, "{}", Namespaces(plan.late_namespaces)),
        // An error of the image's clone into the cgroup is shown with this text too.
        Stage::Cgroup if plan.is_born_in_cgroup() => sentences::BORN_IN.with(&[&plan.cgroup_fd]).fmt(f),
        Stage::Cgroup => sentences::WRITTEN_TO.with(&[&plan.cgroup_fd]).fmt(f),
        Stage::IdMap => id_maps(plan, plan.uid_map, plan.gid_map, f),
        Stage::OomScore => text(plan.oom_score_adj, f),
        Stage::CoredumpFilter => text(plan.coredump_filter, f),
        Stage::ProcessGroup => plan.group.get().map_or(Ok(()), |group| write!(f, "{group}")),
        Stage::ControllingTerminal => fd(plan.terminal, f),
        Stage::Foreground => fd(plan.foreground, f),
        Stage::Hostname => text(plan.hostname, f),
        Stage::Domainname => text(plan.domainname, f),
        Stage::Tun if plan.tun_name.is_empty() => write!(f, "{:#x}", plan.tun_flags),
        Stage::Tun => sentences::DEVICE.with(&[&Bytes(plan.bytes(plan.tun_name)), &Hex(plan.tun_flags)]).fmt(f),
        Stage::Terminal => {
            let [rows, columns] = [plan.terminal_size & 0xffff, plan.terminal_size >> 16];
            sentences::TERMINAL_SIZE.with(&[&rows, &columns]).fmt(f)
        }
        Stage::Propagation => write!(f, "{:#x}", plan.propagation),
        Stage::Root if plan.root_tree >= 0 => {
            sentences::CLONE_OF_TREE.with(&[&plan.root_tree, &plan.root_tree_items]).fmt(f)
        }
        Stage::Root => {
            match plan.text(plan.root) {
                None => sentences::EMPTY_ROOT.fmt(f)?,
                Some(_) => text(plan.root, f)?,
            }
            if plan.root_tree_missing != 0 { sentences::TREE_NOT_CLONED.fmt(f) } else { Ok(()) }
        }
        Stage::InnerUserNamespace => id_maps(plan, plan.inner_uid_map, plan.inner_gid_map, f),
        Stage::SecondUserNamespace => fd(plan.second_user_namespace, f),
        stage if stage.is_of_mounts() => mount(plan, index, f),
        Stage::Chroot => text(plan.chroot, f),
        Stage::Rlimit => limit(plan, index).map_or(Ok(()), |item| write!(f, "{}", Limited(item))),
        Stage::Nofile => plan.nofile.get().map_or(Ok(()), |item| write!(f, "{}", Limited(&item))),
        Stage::Nice => plan.nice.get().map_or(Ok(()), |nice| write!(f, "{nice}")),
        Stage::NumaPolicy => numa_policy(plan, f),
        Stage::Scheduler => scheduler(plan, f),
        Stage::Utilization => plan
            .utilization
            .get()
            .map_or(Ok(()), |Utilization { min, max }| sentences::UTILIZED.with(&[&min, &max]).fmt(f)),
        Stage::IoPriority => {
            plan.io_priority.get().map_or(Ok(()), |io| sentences::IO_CLASS.with(&[&(io >> 13), &(io & 0x1fff)]).fmt(f))
        }
        Stage::TimerSlack => plan.timer_slack.get().map_or(Ok(()), |slack| sentences::SLACK.with(&[&slack]).fmt(f)),
        Stage::Personality => plan.personality.get().map_or(Ok(()), |persona| write!(f, "{persona:#x}")),
        Stage::Umask => plan.umask.get().map_or(Ok(()), |mask| write!(f, "{mask:04o}")),
        Stage::Listen => plan.list(plan.listens).get(index as usize).map_or(Ok(()), |socket| listen(plan, socket, f)),
        Stage::HandOver if plan.handed == 1 => sentences::HANDED.fmt(f),
        Stage::HandOver => sentences::HANDED_ALL.with(&[&plan.handed]).fmt(f),
        Stage::ExecLabel => text(plan.label, f),
        Stage::ApparmorProfile => text(plan.profile, f),
        Stage::KeyringLabel => text(plan.keyring_label, f),
        Stage::Keyring => text(plan.keyring_name, f),
        Stage::KeyringPermissions => plan.keyring_permissions.get().map_or(Ok(()), |rights| write!(f, "{rights:#x}")),
        Stage::Bounding if index >= 0 => sentences::ONE_CAPABILITY.with(&[&index]).fmt(f),
        Stage::Bounding => sentences::WITHOUT_CAPABILITIES.with(&[&Hex(plan.bounding_drop)]).fmt(f),
        Stage::Groups => plan.groups.get().map_or(Ok(()), |groups| write!(f, "{:?}", plan.list(groups))),
        Stage::Gid => plan.gid.get().map_or(Ok(()), |gid| write!(f, "{gid}")),
        Stage::Uid => plan.uid.get().map_or(Ok(()), |uid| write!(f, "{uid}")),
        Stage::Securebits => plan.securebits.get().map_or(Ok(()), |bits| write!(f, "{bits:#x}")),
        Stage::Ambient => plan.ambient.get().map_or(Ok(()), |Credentials { ambient, .. }| write!(f, "{ambient:#x}")),
        Stage::Capabilities => {
            plan.capabilities.get().map_or(Ok(()), |CapSets { effective, permitted, inheritable }| {
                sentences::CAPABILITIES.with(&[&Hex(effective), &Hex(permitted), &Hex(inheritable)]).fmt(f)
            })
        }
        Stage::PrivilegedSeccomp | Stage::Seccomp => filter(plan, index, f),
        // An error names the path that failed, a dry run all of them.
        Stage::ProcessFlags if index > 0 => write!(f, "{index:#x}"),
        Stage::ProcessFlags => write!(f, "{:#x}", plan.process_flags),
        Stage::Speculation => speculation(plan, index, f),
        Stage::UserNamespaces => sentences::DENIED.fmt(f),
        Stage::LandlockRule => match landlock_rule(plan, index) {
            Some(rule) if rule.path.is_empty() => sentences::RULE_OF_PORT.with(&[&rule.port, &Hex(rule.access)]).fmt(f),
            Some(rule) => sentences::RULE_OF_PATH.with(&[&Bytes(plan.bytes(rule.path)), &Hex(rule.access)]).fmt(f),
            None => Ok(()),
        },
        Stage::Landlock => landlock(plan, f),
        Stage::CwdBeforeIds | Stage::Cwd if plan.cwd_fd >= 0 => fd(plan.cwd_fd, f),
        Stage::CwdBeforeIds | Stage::Cwd => text(plan.cwd, f),
        Stage::FdMap => fd_map(plan, index, f),
        Stage::FdAction => plan.list(plan.actions).get(index as usize).map_or(Ok(()), |item| fd_action(plan, item, f)),
        Stage::FdClose => write!(f, "{:?}", plan.list(plan.closes)),
        Stage::ParentDeath => sentences::SIGNAL.with(&[&plan.parent_death]).fmt(f),
        Stage::SignalActions if index > 0 => sentences::SIGNAL.with(&[&index]).fmt(f),
        Stage::SignalActions => {
            sentences::DISPOSITIONS.with(&[&Hex(plan.signal_default), &Hex(plan.signal_ignore)]).fmt(f)
        }
        Stage::Init if plan.init == init::LINGERS => sentences::LINGERS.fmt(f),
        Stage::SignalMask => signal_mask(plan, f),
        Stage::Exec if plan.exec_fd >= 0 => fd(plan.exec_fd, f),
        Stage::Exec => plan.list(plan.candidates).get(index.max(0) as usize).map_or(Ok(()), |path| text(*path, f)),
        _ => Ok(()),
    }
}

fn scheduler(plan: &Plan, f: &mut Formatter) -> fmt::Result {
    if let Some(Deadline { runtime, deadline, period, .. }) = plan.deadline.get() {
        // The kernel takes the deadline as the period if there is none.
        let period = if period == 0 { deadline } else { period };
        return sentences::DEADLINE_OF.with(&[&runtime, &deadline, &period]).fmt(f);
    }
    plan.scheduler.get().map_or(Ok(()), |asked| sentences::SCHEDULER.with(&[&asked.policy, &asked.priority]).fmt(f))
}

fn clone(plan: &Plan, f: &mut Formatter) -> fmt::Result {
    let namespaces = plan.namespaces_of_first();
    write!(f, "{}", Namespaces(namespaces))?;
    if plan.pids.is_empty() {
        return Ok(());
    }
    f.write_str(if namespaces == 0 { "" } else { ", " })?;
    sentences::CHOSEN_PID.with(&[&List(plan.list(plan.pids))]).fmt(f)
}

fn speculation(plan: &Plan, index: i32, f: &mut Formatter) -> fmt::Result {
    speculated(plan, index).map_or(Ok(()), |asked| sentences::SPECULATED.with(&[&asked.feature, &asked.control]).fmt(f))
}

fn numa_policy(plan: &Plan, f: &mut Formatter) -> fmt::Result {
    let Some(mode) = plan.numa_policy.get() else { return Ok(()) };
    sentences::MEMORY_POLICY.with(&[&mode, &Set(plan.list(plan.numa_nodes))]).fmt(f)
}

fn fd(number: i32, f: &mut Formatter) -> fmt::Result {
    sentences::FD.with(&[&number]).fmt(f)
}

fn id_maps(plan: &Plan, uids: Text, gids: Text, f: &mut Formatter) -> fmt::Result {
    let asked = [("uid", uids), ("gid", gids)].into_iter().filter(|(_, map)| !map.is_empty());
    for (place, (ids, map)) in asked.enumerate() {
        write!(f, "{}{ids} {}", if place > 0 { ", " } else { "" }, Bytes(plan.bytes(map)))?;
    }
    Ok(())
}

/// `tcp 127.0.0.1:3128, backlog 64`
fn listen(plan: &Plan, socket: &Listen, f: &mut Formatter) -> fmt::Result {
    let address = plan.bytes(socket.address);
    let is_unix = family(address) == libc::AF_UNIX;
    let kind = match socket.kind {
        libc::SOCK_STREAM if is_unix => "stream",
        libc::SOCK_STREAM => "tcp",
        libc::SOCK_DGRAM if is_unix => "dgram",
        libc::SOCK_DGRAM => "udp",
        _ => "seqpacket",
    };
    match socket.kind {
        libc::SOCK_DGRAM => sentences::BOUND.with(&[&kind, &Address(address)]).fmt(f),
        _ => sentences::LISTENS.with(&[&kind, &Address(address), &socket.backlog]).fmt(f),
    }
}

fn fd_map(plan: &Plan, index: i32, f: &mut Formatter) -> fmt::Result {
    let moves = plan.list(plan.moves);
    let of = |kind| moves.iter().find(move |item| item.index == index && item.step == kind);
    if let Some(Move { from, to, .. }) = of(step::KEEP).or(of(step::MOVE)) {
        return sentences::MOVED.with(&[from, to]).fmt(f);
    }
    // A move that ends a cycle takes the descriptor that was saved at its beginning.
    let end = moves.iter().position(|item| item.index == index && item.step == step::RESTORE);
    let begin = moves.iter().take(end.unwrap_or(0)).rfind(|item| item.step == step::SAVE);
    match (begin, end.and_then(|end| moves.get(end))) {
        (Some(Move { from, .. }), Some(Move { to, .. })) => sentences::MOVED.with(&[from, to]).fmt(f),
        _ => Ok(()),
    }
}

fn fd_action(plan: &Plan, item: &Action, f: &mut Formatter) -> fmt::Result {
    let path = Bytes(plan.bytes(item.path));
    match item.kind {
        action::OPEN => sentences::OPENED.with(&[&path, &item.fd]).fmt(f),
        action::DUP => sentences::DUPLICATED.with(&[&item.other, &item.fd]).fmt(f),
        action::CLOSE => sentences::CLOSED.with(&[&item.fd]).fmt(f),
        action::CLOSE_FROM => sentences::CLOSED_FROM.with(&[&item.fd]).fmt(f),
        action::ENTER => sentences::ENTERED.with(&[&path]).fmt(f),
        _ => sentences::ENTERED_FD.with(&[&item.fd]).fmt(f),
    }
}

fn signal_mask(plan: &Plan, f: &mut Formatter) -> fmt::Result {
    match plan.signal_mask.get() {
        Some(mask) => write!(f, "{mask:#x}")?,
        None => sentences::CALLERS_MASK.fmt(f)?,
    }
    if plan.mask_before_filters != 0 { sentences::BEFORE_FILTERS.fmt(f) } else { Ok(()) }
}

fn filter(plan: &Plan, index: i32, f: &mut Formatter) -> fmt::Result {
    let Some(filter) = plan.list(plan.filters).get(index as usize) else { return Ok(()) };
    let length = filter.program.len;
    match filter.flags {
        0 => sentences::FILTER.with(&[&length]).fmt(f),
        flags => sentences::FILTER_WITH_FLAGS.with(&[&length, &Hex(flags)]).fmt(f),
    }
}

fn landlock(plan: &Plan, f: &mut Formatter) -> fmt::Result {
    let flags = plan.ruleset_fd_flags | plan.ruleset_flags;
    let handled = Handled { ruleset: plan.ruleset.get().unwrap_or_default(), flags };
    let lacks = Handled { ruleset: plan.ruleset_lacks, flags: plan.ruleset_lacks_flags };
    let of_fd: [&dyn Display; 2] = [&plan.ruleset_fd, &handled];
    let of_fd = sentences::RULESET_OF_FD.with(&of_fd);
    let handled: &dyn Display = if plan.ruleset_fd >= 0 { &of_fd } else { &handled };
    if plan.ruleset_lacks == LandlockRuleset::default() && plan.ruleset_lacks_flags == 0 {
        return handled.fmt(f);
    }
    sentences::RULESET_LACKS.with(&[handled, &lacks]).fmt(f)
}

/// The accesses that a ruleset handles, and the flags of landlock_restrict_self(2).
struct Handled {
    ruleset: LandlockRuleset,
    flags: u32,
}

impl Display for Handled {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let LandlockRuleset { fs, net, scopes } = self.ruleset;
        let (fs, net, scopes) = (Hex(fs), Hex(net), Hex(scopes));
        let parts: [&dyn Display; 3] = [&fs, &net, &scopes];
        let ruleset = sentences::RULESET.with(&parts);
        match self.flags {
            0 => ruleset.fmt(f),
            flags => sentences::RULESET_WITH_FLAGS.with(&[&ruleset, &Hex(flags)]).fmt(f),
        }
    }
}
