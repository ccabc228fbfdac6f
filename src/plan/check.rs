//! Refuses requests that contradict themselves, before anything happens.

use super::caller;
use super::caps::full;
use super::fault::{Fault, Step};
use super::landlock::handled as handled_by;
use super::request::{Purpose, Request};
use crate::attr::exec::{Init, cwd_rights};
use crate::attr::handed::family;
use crate::attr::landlock::Rule;
use crate::attr::mount_item::{Root, flag};
use crate::attr::ns::IdRange;
use crate::sentences::{self, Sentence};
use libc::{
    CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWTIME, CLONE_NEWUSER, CLONE_NEWUTS, MS_PRIVATE, MS_REC, MS_SLAVE,
};

type Check = fn(&Request) -> Step<()>;

pub fn check(request: &Request) -> Step<()> {
    if let Some((setter, refused)) = request.attr.refused {
        return Err(Fault::invalid(setter, refused.why).code(refused.code));
    }
    match request.purpose {
        Purpose::Hold => hold(request)?,
        Purpose::Root => root(request)?,
        Purpose::Spawn | Purpose::Start => program(request)?,
    }
    if request.attr.asks_more() || request.attr.exec.asked() { topics(request) } else { Ok(()) }
}

/// Checks each topic that was asked for, by itself and against the others.
#[inline(never)]
fn topics(request: &Request) -> Step<()> {
    let attr = request.attr;
    let topics: [(bool, Check); 12] = [
        (attr.session.asked(), session),
        (attr.signals.asked(), signals),
        (attr.ns.asked(), namespaces),
        (attr.mounts.asked(), mounts),
        (attr.ids.asked(), ids),
        (attr.caps.asked(), caps),
        (attr.security.asked(), keyring),
        (attr.exec.asked(), directory),
        (attr.exec.asked(), tracing),
        (attr.filters.asked(), filters),
        (attr.landlock.asked(), landlock),
        (attr.handed.asked(), handed),
    ];
    topics.iter().filter(|(asked, _)| *asked).try_for_each(|(_, check)| check(request))
}

/// Fails where a request contradicts itself.
fn refuse(contradicts: bool, what: &'static str, why: Sentence) -> Step<()> {
    if contradicts { Err(Fault::invalid(what, why)) } else { Ok(()) }
}

fn program(request: &Request) -> Step<()> {
    let by_fd = request.attr.exec.fd.is_some();
    refuse(request.path.is_none() && !by_fd, "path", sentences::PATH_NEEDED)?;
    refuse(request.path.is_some() && by_fd, "path", sentences::PATH_NOT_NULL)?;
    refuse(request.argv.is_empty(), "argv", sentences::ARGV_EMPTY)
}

/// A prepared root is shared by all programs, so none of them may be able to write to it.
#[cold]
fn root(request: &Request) -> Step<()> {
    let asked = &request.attr.mounts;
    refuse(asked.prepared.is_some(), "set_prepared_root", sentences::TREE_OF_TREE)?;
    refuse(asked.root.is_none(), "set_root", sentences::TREE_WITHOUT_ROOT)?;
    let is_writable = |root: &Root| root.path.is_none() && root.flags & flag::READONLY == 0;
    refuse(asked.root.as_ref().is_some_and(is_writable), "set_root", sentences::TREE_IS_WRITABLE)?;
    let joins = request.attr.ns.joined() & CLONE_NEWUSER as u32 != 0;
    refuse(joins, "join_namespace", sentences::TREE_IN_JOINED)
}

/// A holder stays at the hold point for ever: a setting of a later stage would never take effect.
#[cold]
fn hold(request: &Request) -> Step<()> {
    let attr = request.attr;
    let exec = &attr.exec;
    let never = |asked: bool, what| refuse(asked, what, sentences::HOLDS_ONLY);
    never(exec.fd.is_some(), "set_exec_fd")?;
    never(exec.search.is_some(), "set_search_path")?;
    never(exec.cwd.is_some(), "set_cwd")?;
    never(exec.cwd_rights != cwd_rights::PROGRAM, "set_cwd_rights")?;
    never(exec.pid_variable.is_some(), "set_pid_variable")?;
    never(exec.busy_retry_ms != 0, "set_busy_retry")?;
    never(exec.ptrace, "set_ptrace")?;
    never(exec.stop, "set_stop")?;
    never(exec.init == Some(Init::EndsWithProgram), "set_init")?;
    never(exec.init == Some(Init::Lingers), "set_lingering_init")?;
    never(exec.measure_memory, "measure_memory")?;
    never(!attr.fds.maps.is_empty(), "map_fd")?;
    never(!attr.fds.actions.is_empty(), sentences::ABOUT_ACTIONS.text())?;
    never(attr.fds.inherit, "inherit_fds")?;
    let ids = &attr.ids;
    let any_id = ids.uid.is_some() || ids.gid.is_some() || ids.groups.is_some();
    never(any_id, sentences::ABOUT_IDS.text())?;
    never(attr.caps.changes() || attr.caps.no_new_privs, sentences::ABOUT_PRIVILEGES.text())?;
    never(attr.security.asked(), sentences::ABOUT_SECURITY.text())?;
    never(attr.filters.asked(), sentences::ABOUT_FILTERS.text())?;
    never(attr.landlock.asked(), "landlock")?;
    never(attr.handed.terminal.is_some(), "set_terminal")?;
    never(attr.limits.process_flags != 0, "set_process_flags")?;
    never(!attr.limits.speculation.is_empty(), "set_speculation")?;
    never(attr.ns.unshare & (CLONE_NEWPID | libc::CLONE_NEWCGROUP) as u32 != 0, "unshare_namespaces")?;
    let processes = attr.ns.joined() & CLONE_NEWPID as u32 != 0;
    refuse(processes, "join_namespace", sentences::HOLDS_NO_PID_NAMESPACE)?;
    let signals = &attr.signals;
    let dispositions = signals.default | signals.ignore != 0;
    never(dispositions || signals.mask.is_some(), sentences::ABOUT_SIGNALS.text())?;
    refuse(signals.parent_death.is_some(), "set_parent_death_signal", sentences::HOLDER_DIES_ANYWAY)?;
    let nofile = |item: &crate::attr::limits::Rlimit| item.resource == crate::sys::abi::RLIMIT_NOFILE;
    never(attr.limits.restore_nofile.is_some() || attr.limits.rlimits.iter().any(nofile), "RLIMIT_NOFILE")
}

fn session(request: &Request) -> Step<()> {
    let asked = &request.attr.session;
    let leads = asked.new_session;
    refuse(leads && asked.group.is_some(), "set_process_group", sentences::LEADER_HAS_GROUP)?;
    refuse(leads && asked.detach, "detach_terminal", sentences::SESSION_HAS_NO_TERMINAL)?;
    let has_new = request.attr.handed.terminal.is_some();
    let no_leader = asked.terminal.is_some() && !leads && !has_new;
    refuse(no_leader, "set_controlling_terminal", sentences::ONLY_LEADERS)?;
    let no_terminal = leads && asked.terminal.is_none() && !has_new;
    refuse(asked.foreground.is_some() && no_terminal, "set_foreground", sentences::FOREGROUND_OF_NOTHING)
}

fn signals(request: &Request) -> Step<()> {
    let asked = &request.attr.signals;
    let both = asked.default & asked.ignore != 0;
    refuse(both, "set_signal_default", sentences::DEFAULT_AND_IGNORED)
}

fn namespaces(request: &Request) -> Step<()> {
    let asked = &request.attr.ns;
    let new = asked.create | asked.unshare;
    let lacks = |kind: i32| new & kind as u32 == 0;
    refuse(asked.create & asked.unshare != 0, "unshare_namespaces", sentences::CREATED_AND_UNSHARED)?;
    refuse(asked.joined() & new != 0, "join_namespace", sentences::JOINED_AND_CREATED)?;
    let second_of_new = asked.second_user.is_some() && !lacks(CLONE_NEWUSER);
    refuse(second_of_new, "join_second_user_namespace", sentences::SECOND_USERS_OF_NEW)?;
    refuse(!asked.uid_map.is_empty() && lacks(CLONE_NEWUSER), "map_uid", sentences::NEEDS_USER_NAMESPACE)?;
    refuse(!asked.gid_map.is_empty() && lacks(CLONE_NEWUSER), "map_gid", sentences::NEEDS_USER_NAMESPACE)?;
    refuse(asked.subordinate && lacks(CLONE_NEWUSER), "map_subordinate_ids", sentences::NEEDS_USER_NAMESPACE)?;
    let both = asked.subordinate && !(asked.uid_map.is_empty() && asked.gid_map.is_empty());
    refuse(both, "map_subordinate_ids", sentences::SUBORDINATE_AND_MAPS)?;
    let helps = asked.uid_helper.is_some() || asked.gid_helper.is_some();
    let no_map = asked.uid_map.is_empty() && !asked.maps_gids();
    refuse(helps && no_map, "set_map_helpers", sentences::HELPERS_WITHOUT_MAP)?;
    refuse(asked.allow_setgroups && !asked.maps_gids(), "allow_setgroups", sentences::SETGROUPS_WITHOUT_MAP)?;
    refuse(asked.owner.is_some() && lacks(CLONE_NEWUSER), "set_user_namespace_owner", sentences::NEEDS_USER_NAMESPACE)?;
    refuse(asked.hostname.is_some() && lacks(CLONE_NEWUTS), "set_hostname", sentences::NEEDS_UTS)?;
    refuse(asked.domainname.is_some() && lacks(CLONE_NEWUTS), "set_domainname", sentences::NEEDS_UTS)?;
    refuse(asked.loopback && lacks(CLONE_NEWNET), "set_loopback", sentences::NEEDS_NET)?;
    refuse(!asked.time_offsets.is_empty() && lacks(CLONE_NEWTIME), "set_time_offset", sentences::NEEDS_TIME)?;
    refuse(
        asked.propagation.is_some_and(|flags| flags != 0) && lacks(CLONE_NEWNS),
        "set_mount_propagation",
        sentences::NEEDS_MOUNT,
    )
}

fn mounts(request: &Request) -> Step<()> {
    let (asked, ns) = (&request.attr.mounts, &request.attr.ns);
    let rooted = asked.has_root();
    refuse(rooted && asked.chroot.is_some(), "set_chroot", sentences::CHROOT_AND_ROOT)?;
    if let Some(prepared) = &asked.prepared {
        let others = !prepared.has_same_user_namespace(ns)
            || caller::user_namespace().unwrap_or_default() != prepared.callers_user_namespace;
        refuse(others, "set_prepared_root", sentences::TREE_OF_OTHER_USERS)?;
    }
    if asked.list.is_empty() && !rooted {
        return Ok(());
    }
    let what = match (rooted, &asked.prepared) {
        (true, None) => "set_root",
        (true, Some(_)) => "set_prepared_root",
        _ => "mounts",
    };
    refuse((ns.create | ns.unshare) & CLONE_NEWNS as u32 == 0, what, sentences::NEEDS_MOUNT)?;
    let is_private = [None, Some(MS_PRIVATE | MS_REC), Some(MS_SLAVE | MS_REC)].contains(&ns.propagation);
    refuse(!is_private, "set_mount_propagation", sentences::MOUNTS_SPREAD)
}

fn ids(request: &Request) -> Step<()> {
    let (asked, ns) = (&request.attr.ids, &request.attr.ns);
    refuse(asked.groups.is_some() && asked.keep_groups, "keep_groups", sentences::GROUPS_AND_KEPT)?;
    if ns.create & CLONE_NEWUSER as u32 == 0 && ns.unshare & CLONE_NEWUSER as u32 == 0 {
        return Ok(());
    }
    let denied = asked.groups.as_deref().is_some_and(|groups| !groups.is_empty()) && !ns.allow_setgroups;
    if ns.subordinate { Ok(()) } else { mapped(request, &ns.uid_map, &ns.gid_map) }?;
    refuse(denied, "set_groups", sentences::SETGROUPS_DENIED).map_err(|fault| fault.code(libc::EPERM))
}

/// Checks that the ids of the program are mapped in its new user namespace.
pub fn mapped(request: &Request, uid_map: &[IdRange], gid_map: &[IdRange]) -> Step<()> {
    let asked = &request.attr.ids;
    let maps = |map: &[IdRange], id: u32| map.iter().any(|range| range.inside <= id && id - range.inside < range.count);
    refuse(asked.uid.is_some_and(|uid| !maps(uid_map, uid)), "set_uid", sentences::NOT_MAPPED)?;
    refuse(asked.gid.is_some_and(|gid| !maps(gid_map, gid)), "set_gid", sentences::NOT_MAPPED)?;
    let groups = asked.groups.as_deref().unwrap_or_default();
    refuse(groups.iter().any(|gid| !maps(gid_map, *gid)), "set_groups", sentences::NOT_MAPPED)
}

fn caps(request: &Request) -> Step<()> {
    let asked = &request.attr.caps;
    let sets = [asked.permitted, asked.effective, asked.inheritable, asked.bounding];
    let named = sets.iter().chain([&asked.ambient]).flatten().fold(0, |all, set| all | set);
    refuse(named != 0 && named & !full(request)? != 0, "capabilities", sentences::CAPABILITY_UNKNOWN)?;
    let others = sets.iter().any(Option::is_some) || asked.ambient.is_some_and(|ambient| ambient != 0);
    refuse(asked.drop && others, "drop_capabilities", sentences::DROP_AND_SETS)?;
    let outside = |set: Option<u64>, of: Option<u64>| set.unwrap_or(0) & !of.unwrap_or(u64::MAX) != 0;
    refuse(outside(asked.effective, asked.permitted), "set_capabilities", sentences::EFFECTIVE_OUTSIDE)?;
    let sets = [asked.permitted, asked.inheritable, asked.bounding];
    refuse(sets.iter().any(|set| outside(asked.ambient, *set)), "set_ambient", sentences::AMBIENT_OUTSIDE)?;
    let never_raised = asked.securebits.unwrap_or(0) & libc::SECBIT_NO_CAP_AMBIENT_RAISE as u32 != 0;
    let raised = asked.ambient.is_some_and(|ambient| ambient != 0);
    refuse(never_raised && raised, "set_securebits", sentences::AMBIENT_FORBIDDEN)
}

fn keyring(request: &Request) -> Step<()> {
    let asked = &request.attr.security;
    let none = asked.keyring.is_none();
    refuse(none && asked.keyring_label.is_some(), "set_keyring_label", sentences::NO_SESSION_KEYRING)?;
    refuse(none && asked.keyring_permissions.is_some(), "set_keyring_permissions", sentences::NO_SESSION_KEYRING)
}

fn directory(request: &Request) -> Step<()> {
    let asked = &request.attr.exec;
    let nothing = asked.cwd_rights != cwd_rights::PROGRAM && asked.cwd.is_none();
    refuse(nothing, "set_cwd_rights", sentences::NO_DIRECTORY_TO_ENTER)
}

fn tracing(request: &Request) -> Step<()> {
    let asked = &request.attr.exec;
    let spawns = request.purpose == Purpose::Spawn;
    refuse(asked.ptrace && spawns, "set_ptrace", sentences::NEEDS_START)?;
    refuse(asked.stop && spawns, "set_stop", sentences::NEEDS_START)?;
    let first = request.attr.ns.create & CLONE_NEWPID as u32 != 0;
    let setter = if asked.init == Some(Init::Lingers) { "set_lingering_init" } else { "set_init" };
    refuse(asked.init.is_some() && !first, setter, sentences::INIT_WITHOUT_PID)?;
    refuse(asked.init.is_some() && asked.ptrace, "set_ptrace", sentences::INIT_IS_THE_PARENT)?;
    // The kernel drops a stop that process 1 sends itself, except for a tracee: its tracer gets every signal first.
    refuse(asked.stop && first && !asked.ptrace, "set_stop", sentences::FIRST_CANNOT_STOP)
}

fn filters(request: &Request) -> Step<()> {
    let attr = request.attr;
    let bare = attr.filters.no_user_namespaces && !attr.caps.no_new_privs;
    refuse(bare, "deny_user_namespaces", sentences::LANDLOCK_NEEDS_NO_NEW_PRIVS)?;
    let mut listeners = attr.filters.seccomp.iter().enumerate().filter(|(_, filter)| filter.has_listener());
    if listeners.next().is_none() {
        return Ok(());
    }
    let second = listeners.next().map_or(0, |(index, _)| index);
    refuse(second > 0, "add_seccomp_filter", sentences::ONE_LISTENER).map_err(|fault| fault.at(second))?;
    // The child sends the listener from a second thread, and the kernel makes none after these calls.
    let other_children =
        attr.ns.unshare & CLONE_NEWPID as u32 | (attr.ns.create | attr.ns.unshare) & CLONE_NEWTIME as u32;
    refuse(other_children != 0, "add_seccomp_filter", sentences::LISTENER_STAYS_HERE)
}

fn landlock(request: &Request) -> Step<()> {
    let asked = &request.attr.landlock;
    // With CAP_SYS_ADMIN, landlock_restrict_self(2) works without no_new_privs. Whether the child still has it at that stage
    // depends on other settings, so it is not relied on.
    let bare = !request.attr.caps.no_new_privs;
    refuse(bare, "landlock", sentences::LANDLOCK_NEEDS_NO_NEW_PRIVS)?;
    let handled = handled_by(asked);
    asked.rules.iter().enumerate().try_for_each(|(index, rule)| {
        let (what, more) = match rule {
            Rule::Path { access, .. } => ("add_landlock_path", access & !handled.fs),
            Rule::Port { access, .. } => ("add_landlock_port", access & !handled.net),
        };
        refuse(more != 0, what, sentences::GRANTS_UNHANDLED).map_err(|fault| fault.at(index))
    })
}

fn handed(request: &Request) -> Step<()> {
    let (asked, ns, session) = (&request.attr.handed, &request.attr.ns, &request.attr.session);
    if asked.terminal.is_some() {
        refuse(session.group.is_some(), "set_process_group", sentences::LEADER_HAS_GROUP)?;
        refuse(session.detach, "detach_terminal", sentences::SESSION_HAS_NO_TERMINAL)?;
        refuse(session.terminal.is_some(), "set_controlling_terminal", sentences::HAS_NEW_TERMINAL)?;
        refuse(session.foreground.is_some(), "set_foreground", sentences::HAS_NEW_TERMINAL)?;
    }
    // Only in a new network namespace is the loopback interface surely down. In one that is joined it may be up.
    let is_down = (ns.create | ns.unshare) & CLONE_NEWNET as u32 != 0 && !ns.loopback;
    asked.sockets.iter().enumerate().try_for_each(|(index, socket)| {
        let needs = is_down && is_loopback(&socket.address);
        refuse(needs, "listen", sentences::LISTEN_NEEDS_LOOPBACK).map_err(|fault| fault.at(index))
    })
}

/// ip(7), ipv6(7)
fn is_loopback(address: &[u8]) -> bool {
    match family(address) {
        libc::AF_INET => address.get(4) == Some(&127),
        libc::AF_INET6 => address.get(8..24) == Some(&core::net::Ipv6Addr::LOCALHOST.octets()[..]),
        _ => false,
    }
}
