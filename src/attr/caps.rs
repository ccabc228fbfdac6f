//! Capabilities, securebits and no_new_privs.

use super::refusal::{Accepted, invalid};
use crate::sentences;

/// The sets that `set_capabilities` takes.
pub mod set {
    pub const PERMITTED: u32 = 1;
    pub const EFFECTIVE: u32 = 2;
    pub const INHERITABLE: u32 = 4;
    pub const BOUNDING: u32 = 8;
    pub const ALL: u32 = 15;
}

/// The defined securebits: four and their locks.
const SECUREBITS: u32 = 0xff;

/// A set that is given replaces the process's; the others stay.
#[derive(Default, Clone, Copy, Debug)]
pub struct Caps {
    pub permitted: Option<u64>,
    pub effective: Option<u64>,
    pub inheritable: Option<u64>,
    pub bounding: Option<u64>,
    pub ambient: Option<u64>,
    pub securebits: Option<u32>,
    /// `drop_capabilities`: empties all five sets.
    pub drop: bool,
    pub no_new_privs: bool,
}

impl Caps {
    pub fn set_capabilities(&mut self, sets: u32, mask: u64) -> Accepted {
        if sets == 0 || sets & !set::ALL != 0 {
            return invalid(sentences::CAPABILITY_SETS);
        }
        let named = [
            (set::PERMITTED, &mut self.permitted),
            (set::EFFECTIVE, &mut self.effective),
            (set::INHERITABLE, &mut self.inheritable),
            (set::BOUNDING, &mut self.bounding),
        ];
        for (bit, field) in named {
            if sets & bit != 0 {
                *field = Some(mask);
            }
        }
        Ok(())
    }

    pub fn drop_capabilities(&mut self) -> Accepted {
        self.drop = true;
        Ok(())
    }

    pub fn set_ambient(&mut self, mask: u64) -> Accepted {
        self.ambient = Some(mask);
        Ok(())
    }

    pub fn set_securebits(&mut self, bits: u32) -> Accepted {
        if bits & !SECUREBITS != 0 {
            return invalid(sentences::SECUREBITS);
        }
        self.securebits = Some(bits);
        Ok(())
    }

    pub fn set_no_new_privs(&mut self) -> Accepted {
        self.no_new_privs = true;
        Ok(())
    }

    /// Whether a capability set or the securebits are to change.
    pub fn changes(&self) -> bool {
        let sets = [self.permitted, self.effective, self.inheritable, self.bounding, self.ambient];
        self.drop || self.securebits.is_some() || sets.iter().any(Option::is_some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_sets_change() {
        let mut caps = Caps::default();
        assert!(caps.set_capabilities(set::PERMITTED | set::EFFECTIVE, 6).is_ok());
        assert!(caps.set_capabilities(set::EFFECTIVE, 2).is_ok());
        assert_eq!((caps.permitted, caps.effective, caps.inheritable, caps.bounding), (Some(6), Some(2), None, None));
        assert!(caps.set_capabilities(0, 2).is_err());
        assert!(caps.set_capabilities(16, 2).is_err());
        assert!(caps.set_securebits(0x100).is_err());
        assert_eq!(caps.securebits, None);
    }
}
