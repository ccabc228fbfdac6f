//! The environment with a variable for the program's pid, which only the child knows.

use crate::child::exec::PID_DIGITS;
use crate::fallible::{NoMemory, push};
use crate::plan::Strings;
use crate::sealed::Plan;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char};
use core::ptr::null;

/// The variable is the first entry, with room for the digits.
pub struct WithPid {
    _entry: Vec<u8>,
    vector: Vec<*const c_char>,
}

impl WithPid {
    pub fn new(plan: &Plan, envp: Strings) -> Result<Option<WithPid>, NoMemory> {
        if plan.text(plan.pid_variable).is_none() {
            return Ok(None);
        }
        let name = plan.bytes(plan.pid_variable);
        let mut entry = Vec::new();
        entry.try_reserve_exact(name.len() + 2 + PID_DIGITS).map_err(|_| NoMemory)?;
        entry.extend_from_slice(name);
        entry.push(b'=');
        // Digits and not NULs, so that an exec copies all of them; the child writes its pid over them.
        entry.extend_from_slice(&[b'0'; PID_DIGITS]);
        entry.push(0);
        let mut vector = Vec::new();
        push(&mut vector, entry.as_ptr().cast())?;
        let others = envp.iter().filter(|text| !names(text, name));
        others.map(CStr::as_ptr).chain([null()]).try_for_each(|text| push(&mut vector, text))?;
        Ok(Some(WithPid { _entry: entry, vector }))
    }

    pub fn strings(&self) -> Strings<'_> {
        // SAFETY: a vector that ends with NULL, of our own entry and of the C caller's.
        unsafe { Strings::new(self.vector.as_ptr()) }
    }
}

/// Whether an entry of an environment is of this name.
fn names(entry: &CStr, name: &[u8]) -> bool {
    entry.to_bytes().strip_prefix(name).is_some_and(|rest| rest.first() == Some(&b'='))
}
