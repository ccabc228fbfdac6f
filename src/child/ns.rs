//! Namespaces, and what is set in them.

use super::state::At;
use super::{channel, proc_files};
use crate::base::join_order::{self, Time};
use crate::base::kernel_file;
use crate::sys::abi::{
    AF_INET, AT_FDCWD, CLONE_NEWCGROUP, CLONE_NEWTIME, CLONE_NEWUSER, EPERM, IFF_UP, IfReq, O_CLOEXEC, O_DIRECTORY,
    O_PATH, O_RDONLY, O_WRONLY, PR_SET_DUMPABLE, SIOCGIFFLAGS, SIOCSIFFLAGS, SOCK_CLOEXEC, SOCK_DGRAM,
};
use crate::sys::{self, Answer, Errno};

/// time_namespaces(7): whoever opens it here may write it later, though it then belongs to root.
pub fn time_file(at: &mut At) -> Answer {
    if at.plan.enters_time != 0 {
        // SAFETY: the path is NUL-terminated.
        let directory = unsafe {
            let path = c"/proc/self/ns".as_ptr().cast();
            sys::openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0)?
        };
        proc_files::is_of_proc(directory)?;
        at.own_namespaces = directory;
    }
    if at.plan.time_offsets.is_empty() {
        return Ok(());
    }
    let path = c"/proc/self/timens_offsets".as_ptr().cast();
    // SAFETY: the path is NUL-terminated.
    at.time_file = unsafe { sys::openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0)? };
    proc_files::is_of_proc(at.time_file)
}

/// PR_SET_DUMPABLE(2const)
pub fn nondumpable(at: &mut At) -> Answer {
    if at.plan.nondumpable == 0 { Ok(()) } else { sys::prctl(PR_SET_DUMPABLE, 0, 0).map(drop) }
}

/// setns(2)
pub fn join(at: &mut At) -> Answer {
    let plan = at.plan;
    join_order::in_order(
        plan.list(plan.joins),
        |join| join.types,
        |join, types, time| {
            at.index = join.index;
            match sys::setns(join.fd, types) {
                Err(Errno(EPERM)) if plan.joins_user != 0 && time == Time::First => Ok(false),
                answer => answer.map(|()| true),
            }
        },
    )?;
    // The kernel clears the signal where a user namespace gives capabilities that the child did not have.
    if plan.joins_user == 0 { Ok(()) } else { channel::die_with_caller(at) }
}

/// setresuid(2): all three, so that nothing of the caller's can be taken back in there.
pub fn owner(at: &mut At) -> Answer {
    let Some(uid) = at.plan.namespace_owner.get() else { return Ok(()) };
    sys::setresuid(uid, uid, uid)?;
    channel::die_with_caller(at)
}

/// unshare(2)
pub fn unshare_user(at: &mut At) -> Answer {
    if at.plan.unshare_user == 0 { Ok(()) } else { sys::unshare(CLONE_NEWUSER) }
}

/// unshare(2)
pub fn unshare(at: &mut At) -> Answer {
    if at.plan.unshare == 0 { Ok(()) } else { sys::unshare(at.plan.unshare) }
}

/// time_namespaces(7)
pub fn time_offsets(at: &mut At) -> Answer {
    if !at.plan.time_offsets.is_empty() {
        kernel_file::write_and_close(at.time_file, at.plan.bytes(at.plan.time_offsets))?;
    }
    if at.plan.enters_time == 0 { Ok(()) } else { enter_time(at) }
}

/// setns(2): after the offsets, which nobody can set once a process is in the namespace. This takes memory of the child's own.
fn enter_time(at: &At) -> Answer {
    let name = c"time_for_children".as_ptr().cast();
    // SAFETY: the name is NUL-terminated.
    let namespace = unsafe { sys::openat(at.own_namespaces, name, O_RDONLY | O_CLOEXEC, 0)? };
    sys::setns(namespace, CLONE_NEWTIME)?;
    sys::close(namespace)?;
    sys::close(at.own_namespaces)
}

/// unshare(2)
pub fn unshare_cgroup(at: &mut At) -> Answer {
    if at.plan.unshare_cgroup == 0 { Ok(()) } else { sys::unshare(CLONE_NEWCGROUP) }
}

/// unshare(2)
pub fn unshare_late(at: &mut At) -> Answer {
    if at.plan.late_namespaces == 0 { Ok(()) } else { sys::unshare(at.plan.late_namespaces) }
}

/// unshare(2), user_namespaces(7): a process may map its own ids, and in this order.
pub fn inner_user(at: &mut At) -> Answer {
    if at.plan.inner_uid_map.is_empty() {
        return Ok(());
    }
    sys::unshare(CLONE_NEWUSER)?;
    proc_files::write(at.proc, c"self/setgroups", b"deny")?;
    proc_files::write(at.proc, c"self/uid_map", at.plan.bytes(at.plan.inner_uid_map))?;
    proc_files::write(at.proc, c"self/gid_map", at.plan.bytes(at.plan.inner_gid_map))
}

/// setns(2). The mounts belong to the user namespace that the child leaves. Whoever has all capabilities in the second can
/// undo none of them.
pub fn second_user(at: &mut At) -> Answer {
    if at.plan.second_user_namespace < 0 {
        return Ok(());
    }
    sys::setns(at.plan.second_user_namespace, CLONE_NEWUSER)?;
    // The kernel clears the signal where the namespace gives capabilities that the child did not have.
    channel::die_with_caller(at)
}

/// sethostname(2)
pub fn hostname(at: &mut At) -> Answer {
    at.plan.text(at.plan.hostname).map_or(Ok(()), |_| sys::sethostname(at.plan.bytes(at.plan.hostname)))
}

/// setdomainname(2)
pub fn domainname(at: &mut At) -> Answer {
    at.plan.text(at.plan.domainname).map_or(Ok(()), |_| sys::setdomainname(at.plan.bytes(at.plan.domainname)))
}

/// netdevice(7)
pub fn loopback(at: &mut At) -> Answer {
    if at.plan.loopback == 0 {
        return Ok(());
    }
    let socket = sys::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC)?;
    let done = bring_up(socket);
    sys::close(socket)?;
    done
}

fn bring_up(socket: i32) -> Answer {
    let mut lo = IfReq { name: *b"lo\0\0\0\0\0\0\0\0\0\0\0\0\0\0", flags: 0, rest: [0; 22] };
    sys::ioctl_with(socket, SIOCGIFFLAGS, &mut lo)?;
    lo.flags |= IFF_UP;
    sys::ioctl_with(socket, SIOCSIFFLAGS, &mut lo)
}
