//! The session keyring, and the labels of security modules.

use super::refusal::{Accepted, Refused, invalid};
use crate::fallible::{Copied, NoMemory, Text};
use crate::sentences;
use core::ffi::CStr;

/// A new session keyring without a name, or the one with that name, which is made if there is none.
#[derive(Debug)]
pub enum Keyring {
    Anonymous,
    Named(Text),
}

#[derive(Default, Debug)]
pub struct Security {
    pub keyring: Option<Keyring>,
    /// The label for SELinux, or without `profile` for the module that takes one.
    pub label: Option<Text>,
    /// The profile of AppArmor.
    pub profile: Option<Text>,
    pub keyring_label: Option<Text>,
    pub keyring_permissions: Option<u32>,
}

/// All permission bits of a key, for possessor, owner, group and others: keyctl(2).
const KEY_RIGHTS: u32 = 0x3f3f_3f3f;

/// The longest description of a key, and the longest label, without the NUL. AppArmor takes a word before the label.
const LONGEST_NAME: usize = 4095;
const LONGEST_LABEL: usize = 4090;

impl Security {
    /// `None`: a new keyring without a name.
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
        self.label = Some(copy_label(label)?);
        Ok(())
    }

    pub fn set_apparmor_profile(&mut self, profile: &CStr) -> Accepted {
        self.profile = Some(copy_label(profile)?);
        Ok(())
    }

    pub fn set_keyring_label(&mut self, label: &CStr) -> Accepted {
        self.keyring_label = Some(copy_label(label)?);
        Ok(())
    }

    pub fn set_keyring_permissions(&mut self, permissions: u32) -> Accepted {
        if permissions & !KEY_RIGHTS != 0 {
            return invalid(sentences::KEYRING_PERMISSIONS);
        }
        self.keyring_permissions = Some(permissions);
        Ok(())
    }
}

fn copy_label(label: &CStr) -> Result<Text, Refused> {
    if label.is_empty() || label.count_bytes() > LONGEST_LABEL {
        invalid(sentences::LABEL_LENGTH)?;
    }
    Ok(Text::new(label)?)
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
        Ok(Security {
            keyring: self.keyring.copied()?,
            label: self.label.copied()?,
            profile: self.profile.copied()?,
            keyring_label: self.keyring_label.copied()?,
            keyring_permissions: self.keyring_permissions,
        })
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
        assert!(security.set_keyring_permissions(0x8000_0000).is_err());
        assert!(security.set_keyring_permissions(0x3f01_0000).is_ok());
        assert!(security.set_exec_label(c"u:r:t:s0").is_ok());
    }
}
