//! The request: copies of everything that was set, in any order of calls. Each topic has a file, which does not know the
//! rules of another and does not look at the process. `plan::check` finds contradictions between topics.

pub mod caps;
pub mod cgroup;
pub mod exec;
pub mod fds;
pub mod filters;
pub mod handed;
pub mod ids;
pub mod landlock;
pub mod limits;
pub mod mount_item;
pub mod mounts;
pub mod ns;
pub mod prepared;
mod refusal;
pub mod security;
pub mod session;
pub mod signals;
mod instructions;
mod terminal_injection;
mod topic;
pub mod user_namespaces;

use crate::fallible::{Copied, NoMemory};
pub use refusal::{Accepted, Refused};
use topic::Topic;

/// A request: everything that was set on one `forkexec_attr`.
#[derive(Default, Debug)]
pub struct Attr {
    pub exec: Topic<exec::Exec>,
    pub fds: Topic<fds::Fds>,
    pub session: Topic<session::Session>,
    pub signals: Topic<signals::Signals>,
    pub limits: Topic<limits::Limits>,
    pub cgroup: Topic<cgroup::Cgroup>,
    pub ids: Topic<ids::Ids>,
    pub caps: Topic<caps::Caps>,
    pub ns: Topic<ns::Namespaces>,
    pub mounts: Topic<mounts::Mounts>,
    pub security: Topic<security::Security>,
    pub filters: Topic<filters::Filters>,
    pub landlock: Topic<landlock::Landlock>,
    pub handed: Topic<handed::Handed>,
    /// The first setter that was refused, and why. Every spawn with this attr then fails.
    pub refused: Option<(&'static str, Refused)>,
}

impl Attr {
    /// Whether anything was asked besides the program, its descriptors and its cgroup. If not, a spawn does not look at the
    /// other topics, which saves cache misses. Each field is named, so that a new topic cannot be forgotten.
    pub fn asks_more(&self) -> bool {
        let Attr {
            exec: _,
            fds: _,
            session,
            signals,
            limits,
            cgroup: _,
            ids,
            caps,
            ns,
            mounts,
            security,
            filters,
            landlock,
            handed,
            refused: _,
        } = self;
        let asked = session.asked() | signals.asked() | limits.asked() | ids.asked();
        let asked = asked | caps.asked() | ns.asked() | mounts.asked() | security.asked() | filters.asked();
        asked | landlock.asked() | handed.asked()
    }

    /// A copy, or an error when memory is short.
    pub fn copy(&self) -> Result<Attr, NoMemory> {
        Ok(Attr {
            exec: self.exec.copied()?,
            fds: self.fds.copied()?,
            session: self.session,
            signals: self.signals,
            limits: self.limits.copied()?,
            cgroup: self.cgroup.copied()?,
            ids: self.ids.copied()?,
            caps: self.caps,
            ns: self.ns.copied()?,
            mounts: self.mounts.copied()?,
            security: self.security.copied()?,
            filters: self.filters.copied()?,
            landlock: self.landlock.copied()?,
            handed: self.handed.copied()?,
            refused: self.refused,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_setter_leaves_the_attr_and_its_copy_alone() {
        let mut attr = Attr::default();
        assert!(attr.limits.set_nice(5).is_ok());
        assert!(attr.limits.set_nice(20).is_err());
        assert!(attr.fds.open_fd(4, c"/dev/null", 0, 0).is_ok());
        assert!(attr.ns.set_hostname(c"judge").is_ok());
        let copy = attr.copy().expect("memory");
        assert_eq!(copy.limits.nice, Some(5));
        assert_eq!(copy.fds.actions.len(), 1);
        assert_eq!(copy.ns.hostname.as_ref().map(|text| text.as_cstr()), Some(c"judge"));
    }
}
