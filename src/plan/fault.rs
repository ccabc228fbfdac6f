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
    /// What it is about, if not the whole request: a setter's name.
    pub what: &'static str,
    /// Half a sentence that says what to change.
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

    /// A contradiction in the request.
    #[cold]
    pub fn invalid(what: &'static str, why: Sentence) -> Fault {
        Fault { stage: Stage::Validate, code: libc::EINVAL, index: -1, what, why }
    }

    /// The process could not be looked at.
    #[cold]
    pub fn unresolved(what: &'static str) -> Fault {
        Fault { stage: Stage::Resolve, code: nix::errno::Errno::last_raw(), index: -1, what, why: sentences::NOTHING }
    }

    /// The same, found while the process was looked at.
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

/// What a step of lowering answers.
pub type Step<T> = Result<T, Fault>;
