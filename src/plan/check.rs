//! What can never work, said before anything happens: requests that contradict each other.

use super::{Fault, Purpose, Request, Step};
use crate::attr::exec::cwd_rights;
use crate::attr::landlock::Rule;
use crate::attr::ns::IdRange;
use libc::{
    CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWTIME, CLONE_NEWUSER, CLONE_NEWUTS, MS_PRIVATE, MS_REC, MS_SLAVE,
};

type Check = fn(&Request) -> Step<()>;

pub fn check(request: &Request) -> Step<()> {
    if let Some((setter, refused)) = request.attr.refused {
        return Err(Fault::invalid(setter, refused.why).code(refused.code));
    }
    if request.purpose == Purpose::Hold {
        hold(request)?;
    } else {
        program(request)?;
    }
    if request.attr.asks_more() || request.attr.exec.asked() { chapters(request) } else { Ok(()) }
}

/// What each chapter finds wrong with itself and with the others.
#[inline(never)]
fn chapters(request: &Request) -> Step<()> {
    let attr = request.attr;
    let chapters: [(bool, Check); 10] = [
        (attr.session.asked(), session),
        (attr.signals.asked(), signals),
        (attr.ns.asked(), namespaces),
        (attr.mounts.asked(), mounts),
        (attr.ids.asked(), ids),
        (attr.caps.asked(), caps),
        (attr.exec.asked(), directory),
        (attr.exec.asked(), tracing),
        (attr.filters.asked(), filters),
        (attr.landlock.asked(), landlock),
    ];
    chapters.iter().filter(|(asked, _)| *asked).try_for_each(|(_, check)| check(request))
}

/// Refuses a contradiction.
fn refuse(contradicts: bool, what: &'static str, why: &'static str) -> Step<()> {
    if contradicts { Err(Fault::invalid(what, why)) } else { Ok(()) }
}

fn program(request: &Request) -> Step<()> {
    let by_fd = request.attr.exec.fd.is_some();
    refuse(request.path.is_none() && !by_fd, "path", "a path is needed without set_exec_fd")?;
    refuse(request.path.is_some() && by_fd, "path", "must be NULL with set_exec_fd")?;
    refuse(request.argv.is_empty(), "argv", "needs at least the program's name")
}

/// A holder never gets beyond the hold point: nothing that lies there may be promised.
#[cold]
fn hold(request: &Request) -> Step<()> {
    let attr = request.attr;
    let exec = &attr.exec;
    let never = "forkexec_hold runs no program: remove it";
    refuse(exec.fd.is_some(), "set_exec_fd", never)?;
    refuse(exec.search.is_some(), "set_search_path", never)?;
    refuse(exec.cwd.is_some(), "set_cwd", never)?;
    refuse(exec.cwd_rights != cwd_rights::PROGRAM, "set_cwd_rights", never)?;
    refuse(exec.pid_variable.is_some(), "set_pid_variable", never)?;
    refuse(exec.busy_retry_ms != 0, "set_busy_retry", never)?;
    refuse(exec.ptrace, "set_ptrace", never)?;
    refuse(exec.stop, "set_stop", never)?;
    refuse(exec.init, "set_init", never)?;
    refuse(!attr.fds.maps.is_empty(), "map_fd", never)?;
    refuse(!attr.fds.actions.is_empty(), "fd actions", never)?;
    refuse(attr.fds.inherit, "inherit_fds", never)?;
    let ids = &attr.ids;
    let any_id = ids.uid.is_some() || ids.gid.is_some() || ids.groups.is_some();
    refuse(any_id, "set_uid, set_gid, set_groups", never)?;
    refuse(attr.caps.changes() || attr.caps.no_new_privs, "capabilities, no_new_privs", never)?;
    refuse(attr.security.asked(), "set_session_keyring, set_exec_label", never)?;
    refuse(attr.filters.asked(), "seccomp filters", never)?;
    refuse(attr.landlock.asked(), "landlock", never)?;
    refuse(attr.ns.unshare & (CLONE_NEWPID | libc::CLONE_NEWCGROUP) as u32 != 0, "unshare_namespaces", never)?;
    let processes = attr.ns.joined() & CLONE_NEWPID as u32 != 0;
    refuse(processes, "join_namespace", "a holder is no process of another pid namespace: remove FORKEXEC_NS_PID")?;
    let signals = &attr.signals;
    let dispositions = signals.default | signals.ignore != 0;
    refuse(dispositions || signals.mask.is_some(), "set_signal_mask, _default, _ignore", never)?;
    refuse(
        signals.parent_death.is_some(),
        "set_parent_death_signal",
        "a holder dies with its owner anyway: remove it",
    )?;
    let nofile = |item: &crate::attr::limits::Rlimit| item.resource == crate::sys::abi::RLIMIT_NOFILE;
    refuse(attr.limits.restore_nofile || attr.limits.rlimits.iter().any(nofile), "RLIMIT_NOFILE", never)
}

fn session(request: &Request) -> Step<()> {
    let asked = &request.attr.session;
    let leads = asked.new_session;
    refuse(leads && asked.group.is_some(), "set_process_group", "a session leader has a group of its own: remove one")?;
    refuse(leads && asked.detach, "detach_terminal", "a new session has no terminal: remove it")?;
    refuse(
        asked.terminal.is_some() && !leads,
        "set_controlling_terminal",
        "only a session leader gets one: add set_session",
    )?;
    let no_terminal = leads && asked.terminal.is_none();
    refuse(
        asked.foreground.is_some() && no_terminal,
        "set_foreground",
        "a new session has no terminal: add set_controlling_terminal",
    )
}

fn signals(request: &Request) -> Step<()> {
    let asked = &request.attr.signals;
    let both = asked.default & asked.ignore != 0;
    refuse(both, "set_signal_default", "a signal is in the default and in the ignore set")
}

fn namespaces(request: &Request) -> Step<()> {
    let asked = &request.attr.ns;
    let new = asked.create | asked.unshare;
    let lacks = |kind: i32| new & kind as u32 == 0;
    refuse(asked.create & asked.unshare != 0, "unshare_namespaces", "a type is both created and unshared: keep one")?;
    refuse(asked.joined() & new != 0, "join_namespace", "a type is both joined and created: keep one")?;
    let no_user = "needs a user namespace: add create_namespaces(FORKEXEC_NS_USER)";
    refuse(!asked.uid_map.is_empty() && lacks(CLONE_NEWUSER), "map_uid", no_user)?;
    refuse(!asked.gid_map.is_empty() && lacks(CLONE_NEWUSER), "map_gid", no_user)?;
    refuse(asked.subordinate && lacks(CLONE_NEWUSER), "map_subordinate_ids", no_user)?;
    let both = asked.subordinate && !(asked.uid_map.is_empty() && asked.gid_map.is_empty());
    refuse(both, "map_subordinate_ids", "contradicts map_uid and map_gid: keep one")?;
    let helps = asked.uid_helper.is_some() || asked.gid_helper.is_some();
    let no_map = asked.uid_map.is_empty() && !asked.maps_gids();
    refuse(helps && no_map, "set_map_helpers", "there is no map: add map_uid, map_gid or map_subordinate_ids")?;
    refuse(asked.allow_setgroups && !asked.maps_gids(), "allow_setgroups", "says how gids are mapped: add map_gid")?;
    refuse(asked.owner.is_some() && lacks(CLONE_NEWUSER), "set_user_namespace_owner", no_user)?;
    let hosts = "without a new UTS namespace this would change the host: add FORKEXEC_NS_UTS";
    refuse(asked.hostname.is_some() && lacks(CLONE_NEWUTS), "set_hostname", hosts)?;
    refuse(asked.domainname.is_some() && lacks(CLONE_NEWUTS), "set_domainname", hosts)?;
    let networks = "without a new network namespace this would change the host: add FORKEXEC_NS_NET";
    refuse(asked.loopback && lacks(CLONE_NEWNET), "set_loopback", networks)?;
    let times = "sets the clocks of a new time namespace: add FORKEXEC_NS_TIME";
    refuse(!asked.time_offsets.is_empty() && lacks(CLONE_NEWTIME), "set_time_offset", times)?;
    let mounts = "without a new mount namespace this would change the host: add FORKEXEC_NS_MOUNT";
    refuse(asked.propagation.is_some_and(|flags| flags != 0) && lacks(CLONE_NEWNS), "set_mount_propagation", mounts)
}

fn mounts(request: &Request) -> Step<()> {
    let (asked, ns) = (&request.attr.mounts, &request.attr.ns);
    let rooted = asked.root.is_some();
    refuse(rooted && asked.chroot.is_some(), "set_chroot", "contradicts set_root: keep one")?;
    if asked.list.is_empty() && !rooted {
        return Ok(());
    }
    let what = if rooted { "set_root" } else { "mounts" };
    let hosts = "without a new mount namespace this would change the host: add FORKEXEC_NS_MOUNT";
    refuse((ns.create | ns.unshare) & CLONE_NEWNS as u32 == 0, what, hosts)?;
    let apart = [None, Some(MS_PRIVATE | MS_REC), Some(MS_SLAVE | MS_REC)].contains(&ns.propagation);
    refuse(!apart, "set_mount_propagation", "would bring the mounts to the caller: MS_PRIVATE or MS_SLAVE, with MS_REC")
}

fn ids(request: &Request) -> Step<()> {
    let (asked, ns) = (&request.attr.ids, &request.attr.ns);
    refuse(asked.groups.is_some() && asked.keep_groups, "keep_groups", "contradicts set_groups: keep one")?;
    if ns.create & CLONE_NEWUSER as u32 == 0 && ns.unshare & CLONE_NEWUSER as u32 == 0 {
        return Ok(());
    }
    let denied = asked.groups.as_deref().is_some_and(|groups| !groups.is_empty()) && !ns.allow_setgroups;
    if ns.subordinate { Ok(()) } else { mapped(request, &ns.uid_map, &ns.gid_map) }?;
    refuse(denied, "set_groups", "setgroups is denied with this gid map: add allow_setgroups")
        .map_err(|fault| fault.code(libc::EPERM))
}

/// The ids of the program are ids of its new user namespace.
pub fn mapped(request: &Request, uid_map: &[IdRange], gid_map: &[IdRange]) -> Step<()> {
    let asked = &request.attr.ids;
    let unmapped = "not mapped in the new user namespace: add it to the map";
    let maps = |map: &[IdRange], id: u32| map.iter().any(|range| range.inside <= id && id - range.inside < range.count);
    refuse(asked.uid.is_some_and(|uid| !maps(uid_map, uid)), "set_uid", unmapped)?;
    refuse(asked.gid.is_some_and(|gid| !maps(gid_map, gid)), "set_gid", unmapped)?;
    let groups = asked.groups.as_deref().unwrap_or_default();
    refuse(groups.iter().any(|gid| !maps(gid_map, *gid)), "set_groups", unmapped)
}

fn caps(request: &Request) -> Step<()> {
    let asked = &request.attr.caps;
    let sets = [asked.permitted, asked.effective, asked.inheritable, asked.bounding];
    let named = sets.iter().chain([&asked.ambient]).flatten().fold(0, |all, set| all | set);
    refuse(
        named != 0 && named & !super::caps::full(request)? != 0,
        "capabilities",
        "a capability is unknown to this kernel",
    )?;
    let others = sets.iter().any(Option::is_some) || asked.ambient.is_some_and(|ambient| ambient != 0);
    refuse(asked.drop && others, "drop_capabilities", "contradicts the other sets: keep one")?;
    let outside = |set: Option<u64>, of: Option<u64>| set.unwrap_or(0) & !of.unwrap_or(u64::MAX) != 0;
    refuse(outside(asked.effective, asked.permitted), "set_capabilities", "effective is not within permitted")?;
    let ambient = "the ambient set has to be within the permitted, inheritable and bounding sets";
    let sets = [asked.permitted, asked.inheritable, asked.bounding];
    refuse(sets.iter().any(|set| outside(asked.ambient, *set)), "set_ambient", ambient)?;
    let never_raised = asked.securebits.unwrap_or(0) & libc::SECBIT_NO_CAP_AMBIENT_RAISE as u32 != 0;
    let raised = asked.ambient.is_some_and(|ambient| ambient != 0);
    refuse(never_raised && raised, "set_securebits", "forbids the ambient set that set_ambient asks for")
}

fn directory(request: &Request) -> Step<()> {
    let asked = &request.attr.exec;
    let nothing = asked.cwd_rights != cwd_rights::PROGRAM && asked.cwd.is_none();
    refuse(nothing, "set_cwd_rights", "there is no directory to enter: add set_cwd or set_cwd_fd")
}

fn tracing(request: &Request) -> Step<()> {
    let asked = &request.attr.exec;
    let needs_start = "the caller has to act meanwhile: use forkexec_start and forkexec_release";
    let spawns = request.purpose == Purpose::Spawn;
    refuse(asked.ptrace && spawns, "set_ptrace", needs_start)?;
    refuse(asked.stop && spawns, "set_stop", needs_start)?;
    let first = request.attr.ns.create & CLONE_NEWPID as u32 != 0;
    let no_namespace = "an init is the first process of a pid namespace: add create_namespaces(FORKEXEC_NS_PID)";
    refuse(asked.init && !first, "set_init", no_namespace)?;
    refuse(asked.init && asked.ptrace, "set_ptrace", "the program's parent is its init, not the caller: remove one")?;
    refuse(asked.stop && first, "set_stop", "the first process of a pid namespace cannot stop itself")
}

fn filters(request: &Request) -> Step<()> {
    let attr = request.attr;
    let mut listeners = attr.filters.seccomp.iter().enumerate().filter(|(_, filter)| filter.has_listener());
    if listeners.next().is_none() {
        return Ok(());
    }
    let second = listeners.next().map_or(0, |(index, _)| index);
    refuse(second > 0, "add_seccomp_filter", "only one filter has a listener").map_err(|fault| fault.at(second))?;
    // The kernel makes no thread there, by which the listener would get to the caller.
    let elsewhere = attr.ns.unshare & CLONE_NEWPID as u32 | (attr.ns.create | attr.ns.unshare) & CLONE_NEWTIME as u32;
    let why = "with a listener no new time namespace, nor a pid namespace for the program's children";
    refuse(elsewhere != 0, "add_seccomp_filter", why)
}

fn landlock(request: &Request) -> Step<()> {
    let asked = &request.attr.landlock;
    // A caller with CAP_SYS_ADMIN could do without; but which of its privileges the child still has there is for others to say.
    let bare = !request.attr.caps.no_new_privs;
    refuse(bare, "landlock", "the kernel takes it only from who gains no privileges: add set_no_new_privs")?;
    let handled = super::landlock::handled(asked);
    let why = "grants what is not handled: add it to set_landlock_handled";
    asked.rules.iter().enumerate().try_for_each(|(index, rule)| {
        let (what, more) = match rule {
            Rule::Path { access, .. } => ("add_landlock_path", access & !handled.fs),
            Rule::Port { access, .. } => ("add_landlock_port", access & !handled.net),
        };
        refuse(more != 0, what, why).map_err(|fault| fault.at(index))
    })
}
