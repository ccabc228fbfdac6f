//! Namespaces, and what is set in them.

use super::At;
use super::sys::abi::{
    AF_INET, CLONE_NEWCGROUP, IFF_UP, IfReq, PR_SET_DUMPABLE, SIOCGIFFLAGS, SIOCSIFFLAGS, SOCK_CLOEXEC, SOCK_DGRAM,
};
use super::sys::{self, Answer};

/// PR_SET_DUMPABLE(2const)
pub fn nondumpable(at: &mut At) -> Answer {
    if at.plan.nondumpable == 0 { Ok(()) } else { sys::prctl(PR_SET_DUMPABLE, 0, 0).map(drop) }
}

/// unshare(2)
pub fn unshare(at: &mut At) -> Answer {
    if at.plan.unshare == 0 { Ok(()) } else { sys::unshare(at.plan.unshare) }
}

/// unshare(2)
pub fn unshare_cgroup(at: &mut At) -> Answer {
    if at.plan.unshare_cgroup == 0 { Ok(()) } else { sys::unshare(CLONE_NEWCGROUP) }
}

/// unshare(2)
pub fn unshare_late(at: &mut At) -> Answer {
    if at.plan.late == 0 { Ok(()) } else { sys::unshare(at.plan.late) }
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
