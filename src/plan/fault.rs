//! Why there is no plan.

use crate::fallible::NoMemory;
use crate::sentences::{self, Sentence};
use crate::stage::Stage;

/// Why there is no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub stage: Stage,
    pub code: i32,
    pub index: i32,
    /// The setter, or the part of the request, that the fault is about. Empty: the whole request.
    pub what: &'static str,
    /// Half a sentence that tells the user what to change.
    pub why: Sentence,
}

impl Fault {
    #[cold]
    pub fn no_memory() -> Fault {
        Fault { stage: Stage::Memory, code: libc::ENOMEM, index: -1, what: "", why: sentences::NOTHING }
    }

    #[cold]
    pub fn too_big() -> Fault {
        Fault {
            stage: Stage::Validate,
            code: libc::E2BIG,
            index: -1,
            what: sentences::ABOUT_STRINGS.text(),
            why: sentences::NOTHING,
        }
    }

    /// The request contradicts itself.
    #[cold]
    pub fn invalid(what: &'static str, why: Sentence) -> Fault {
        Fault { stage: Stage::Validate, code: libc::EINVAL, index: -1, what, why }
    }

    /// A system call that asks about the process has failed; errno is its errno.
    #[cold]
    pub fn unresolved(what: &'static str) -> Fault {
        Fault { stage: Stage::Resolve, code: nix::errno::Errno::last_raw(), index: -1, what, why: sentences::NOTHING }
    }

    /// The same fault at the stage that looks at the process.
    pub fn resolving(self) -> Fault {
        Fault { stage: Stage::Resolve, ..self }
    }

    pub fn code(self, code: i32) -> Fault {
        Fault { code, ..self }
    }

    pub fn at(self, index: usize) -> Fault {
        Fault { index: index as i32, ..self }
    }
}

impl From<NoMemory> for Fault {
    #[cold]
    fn from(_: NoMemory) -> Fault {
        Fault::no_memory()
    }
}

/// The result of every function that makes a part of the plan.
pub type Step<T> = Result<T, Fault>;
