//! What was asked: owned copies, in any order. One file a topic. No file knows the rules of another, and none looks at the
//! process. `plan::check` finds contradictions between requests.

pub mod caps;
pub mod exec;
pub mod fds;
pub mod filters;
pub mod handed;
pub mod ids;
pub mod landlock;
pub mod limits;
pub mod mounts;
pub mod ns;
pub mod prepared;
pub mod security;
pub mod session;
pub mod signals;
mod instructions;
mod terminal_injection;
pub mod user_namespaces;

use crate::fallible::{Copied, NoMemory, Text};
use crate::sentences::{self, Sentence};
use core::ffi::CStr;

/// Why a setter has refused its arguments: a positive errno, and half a sentence that says what to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    pub code: i32,
    pub why: Sentence,
}

impl From<NoMemory> for Refused {
    fn from(_: NoMemory) -> Refused {
        Refused { code: libc::ENOMEM, why: sentences::OUT_OF_MEMORY }
    }
}

/// What a setter answers.
pub type Accepted = Result<(), Refused>;

/// One topic of a request. It knows whether anything was asked: a spawn does not look at a topic in which nothing was.
#[derive(Default, Clone, Copy, Debug)]
pub struct Topic<T> {
    asked: bool,
    value: T,
}

impl<T> Topic<T> {
    pub fn asked(&self) -> bool {
        self.asked
    }
}

impl<T> core::ops::Deref for Topic<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> core::ops::DerefMut for Topic<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.asked = true;
        &mut self.value
    }
}

impl<T: Copied> Copied for Topic<T> {
    fn copied(&self) -> Result<Topic<T>, NoMemory> {
        Ok(Topic { asked: self.asked, value: self.value.copied()? })
    }
}

/// A request: everything that was set on one `forkexec_attr`.
#[derive(Default, Debug)]
pub struct Attr {
    pub exec: Topic<exec::Exec>,
    pub fds: Topic<fds::Fds>,
    pub session: Topic<session::Session>,
    pub signals: Topic<signals::Signals>,
    pub limits: Topic<limits::Limits>,
    pub ids: Topic<ids::Ids>,
    pub caps: Topic<caps::Caps>,
    pub ns: Topic<ns::Namespaces>,
    pub mounts: Topic<mounts::Mounts>,
    pub security: Topic<security::Security>,
    pub filters: Topic<filters::Filters>,
    pub landlock: Topic<landlock::Landlock>,
    pub handed: Topic<handed::Handed>,
    /// The first setter that was refused, and why: every spawn of this attr then fails.
    pub refused: Option<(&'static str, Refused)>,
}

impl Attr {
    /// Whether anything was asked besides the program and its descriptors. If not, the spawn skips all other topics, which saves
    /// cache misses. Named one by one, so that no topic is forgotten.
    pub fn asks_more(&self) -> bool {
        let Attr {
            exec: _,
            fds: _,
            session,
            signals,
            limits,
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

    /// A copy, made without aborting when memory is short.
    pub fn copy(&self) -> Result<Attr, NoMemory> {
        Ok(Attr {
            exec: self.exec.copied()?,
            fds: self.fds.copied()?,
            session: self.session,
            signals: self.signals,
            limits: self.limits.copied()?,
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

/// A refusal for an argument that cannot mean anything.
pub(crate) fn invalid(why: Sentence) -> Accepted {
    Err(Refused { code: libc::EINVAL, why })
}

/// A refusal for a descriptor number that cannot be one.
pub(crate) fn check_fd(fd: i32) -> Accepted {
    if fd < 0 { Err(Refused { code: libc::EBADF, why: sentences::FD_NEGATIVE }) } else { Ok(()) }
}

/// The longest path that the kernel takes, without its NUL.
const LONGEST_PATH: usize = 4095;

/// A path, copied.
pub(crate) fn copy_path(path: &CStr) -> Result<Text, Refused> {
    if path.is_empty() {
        return Err(Refused { code: libc::EINVAL, why: sentences::PATH_EMPTY });
    }
    if path.to_bytes().len() > LONGEST_PATH {
        return Err(Refused { code: libc::ENAMETOOLONG, why: sentences::PATH_TOO_LONG });
    }
    Ok(Text::new(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;

    #[test]
    fn paths() {
        assert_eq!(copy_path(c"").map_err(|refused| refused.code), Err(libc::EINVAL));
        let longest = CString::new(alloc::vec![b'a'; LONGEST_PATH]).expect("no NUL");
        assert_eq!(copy_path(&longest).map(|text| text.as_cstr() == &*longest), Ok(true));
        let longer = CString::new(alloc::vec![b'a'; LONGEST_PATH + 1]).expect("no NUL");
        assert_eq!(copy_path(&longer).map_err(|refused| refused.code), Err(libc::ENAMETOOLONG));
    }

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
