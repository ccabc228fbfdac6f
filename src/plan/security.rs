//! The session keyring, and the label of the program.

use super::draft::Draft;
use super::fault::Step;
use super::request::Request;
use super::sealed::keyring;
use crate::attr::security::Keyring;
use crate::stage::Stage;
use std::fs::File;
use std::io::Read;

pub fn lower(request: &Request, draft: &mut Draft) -> Step<()> {
    let asked = &request.attr.security;
    if let Some(asked) = &asked.keyring {
        // The keyring may fail only where the kernel has no keyrings: then the program cannot get the caller's either.
        let optional = request.attr.limits.allowed_failures.contains(&(Stage::Keyring as u32));
        draft.plan.keyring = if optional { keyring::IF_THERE_ARE } else { keyring::NEEDED };
        if let Keyring::Named(name) = asked {
            draft.plan.keyring_name = draft.arena.text(name.as_cstr())?;
        }
    }
    // With both a label and a profile, the label is SELinux's. Its files have no module's name in their path.
    let both = asked.label.is_some() && asked.profile.is_some();
    if let Some(label) = &asked.label {
        let Module { path, before } = if both { SELINUX } else { module() };
        draft.plan.label_path = draft.arena.joined(&[path])?;
        draft.plan.label = draft.arena.joined(&[before, label.as_cstr().to_bytes()])?;
    }
    if let Some(profile) = &asked.profile {
        let Module { path, before } = if both { APPARMOR } else { apparmor() };
        draft.plan.profile_path = draft.arena.joined(&[path])?;
        draft.plan.profile = draft.arena.joined(&[before, profile.as_cstr().to_bytes()])?;
    }
    if let Some(label) = &asked.keyring_label {
        draft.plan.keyring_label = draft.arena.text(label.as_cstr())?;
    }
    let labels = [draft.plan.label, draft.plan.profile, draft.plan.keyring_label];
    draft.plan.needs_proc |= labels.iter().any(|label| !label.is_empty()) as u32;
    draft.plan.keyring_permissions = asked.keyring_permissions.into();
    Ok(())
}

/// How a security module takes a label: the file below /proc, and the word before the label.
struct Module {
    path: &'static [u8],
    before: &'static [u8],
}

const SELINUX: Module = Module { path: b"self/attr/exec", before: b"" };
const APPARMOR: Module = Module { path: b"self/attr/apparmor/exec", before: b"exec " };

/// SELinux and AppArmor take a label. AppArmor is recognized by its files. For all others the file of SELinux is written,
/// and a kernel without labels refuses that.
fn module() -> Module {
    match begins("/proc/self/attr/apparmor/current").is_some() || is_old_apparmor() {
        true => apparmor(),
        false => SELINUX,
    }
}

/// Before Linux 5.8 AppArmor has no directory of its own in /proc/PID/attr.
fn apparmor() -> Module {
    let named = begins("/proc/self/attr/apparmor/current").is_some();
    if !named && is_old_apparmor() { Module { path: SELINUX.path, ..APPARMOR } } else { APPARMOR }
}

fn is_old_apparmor() -> bool {
    begins("/sys/module/apparmor/parameters/enabled") == Some(b'Y')
}

/// The first byte of a file. `None`: it is empty or cannot be read.
fn begins(path: &str) -> Option<u8> {
    let mut first = [0];
    File::open(path).ok()?.read_exact(&mut first).ok()?;
    let [first] = first;
    Some(first)
}
