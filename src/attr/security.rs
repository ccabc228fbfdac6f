//! What the kernel's keys and security modules know the program by.

use super::owned::{Copied, NoMemory, Text};
use super::{Accepted, invalid};
use crate::sentences;
use core::ffi::CStr;

/// The session keyring: a new one without a name, or the one of that name.
#[derive(Debug)]
pub enum Keyring {
    Anonymous,
    Named(Text),
}

#[derive(Default, Debug)]
pub struct Security {
    pub keyring: Option<Keyring>,
    pub label: Option<Text>,
}

/// The longest that the kernel takes, without its NUL: of a key's description, and of what is written for a label, which
/// AppArmor wants a word before.
const LONGEST_NAME: usize = 4095;
const LONGEST_LABEL: usize = 4090;

impl Security {
    /// `None` is a new one without a name.
    pub fn set_session_keyring(&mut self, name: Option<&CStr>) -> Accepted {
        self.keyring = Some(match name {
            None => Keyring::Anonymous,
            Some(name) if name.is_empty() || name.count_bytes() > LONGEST_NAME => {
                return invalid(sentences::KEYRING_NAME);
            }
            Some(name) => Keyring::Named(Text::new(name)?),
        });
        Ok(())
    }

    pub fn set_exec_label(&mut self, label: &CStr) -> Accepted {
        if label.is_empty() || label.count_bytes() > LONGEST_LABEL {
            return invalid(sentences::LABEL_LENGTH);
        }
        self.label = Some(Text::new(label)?);
        Ok(())
    }
}

impl Copied for Keyring {
    fn copied(&self) -> Result<Keyring, NoMemory> {
        Ok(match self {
            Keyring::Anonymous => Keyring::Anonymous,
            Keyring::Named(name) => Keyring::Named(name.copied()?),
        })
    }
}

impl Copied for Security {
    fn copied(&self) -> Result<Security, NoMemory> {
        Ok(Security { keyring: self.keyring.copied()?, label: self.label.copied()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels() {
        let mut security = Security::default();
        assert!(security.set_session_keyring(Some(c"")).is_err());
        assert!(security.keyring.is_none());
        assert!(security.set_session_keyring(Some(c"_ses.1")).is_ok());
        assert!(matches!(security.copied().expect("memory").keyring, Some(Keyring::Named(_))));
        assert!(security.set_session_keyring(None).is_ok());
        assert!(matches!(security.keyring, Some(Keyring::Anonymous)));
        assert!(security.set_exec_label(c"").is_err());
        assert!(security.set_exec_label(c"u:r:t:s0").is_ok());
    }
}
