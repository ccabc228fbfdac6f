//! What the program may not ask of the kernel: seccomp filters.

use super::owned::{self, Copied, NoMemory};
use super::{Accepted, invalid};
pub use crate::sys::abi::SockFilter;
use alloc::vec::Vec;

/// The flags of a filter: the kernel's.
pub mod flag {
    pub const TSYNC: u32 = 1;
    pub const LOG: u32 = 2;
    pub const SPEC_ALLOW: u32 = 4;
    pub const LISTENER: u32 = 8;
    pub const ALL: u32 = 15;
}

/// The most instructions that the kernel takes: `BPF_MAXINSNS`.
pub const MOST_INSTRUCTIONS: usize = 4096;

#[derive(Debug)]
pub enum Filter {
    Given {
        program: Vec<SockFilter>,
        flags: u32,
    },
    /// `deny_terminal_injection`
    TerminalInjection,
}

#[derive(Default, Debug)]
pub struct Filters {
    pub seccomp: Vec<Filter>,
}

impl Filters {
    pub fn add_seccomp_filter(&mut self, program: &[SockFilter], flags: u32) -> Accepted {
        if program.is_empty() {
            return invalid("a filter has 1 to 4096 instructions");
        }
        if flags & !flag::ALL != 0 {
            return invalid("the flags are TSYNC, LOG, SPEC_ALLOW and LISTENER");
        }
        if flags & flag::LISTENER != 0 && flags & flag::TSYNC != 0 {
            return invalid("the kernel takes TSYNC and LISTENER only apart");
        }
        let program = owned::list(program)?;
        Ok(owned::push(&mut self.seccomp, Filter::Given { program, flags })?)
    }

    /// Once is enough.
    pub fn deny_terminal_injection(&mut self) -> Accepted {
        let denied = |filter: &Filter| matches!(filter, Filter::TerminalInjection);
        Ok(owned::put(&mut self.seccomp, Filter::TerminalInjection, denied)?)
    }
}

impl Filter {
    pub fn has_listener(&self) -> bool {
        matches!(self, Filter::Given { flags, .. } if flags & flag::LISTENER != 0)
    }
}

impl Copied for Filter {
    fn copied(&self) -> Result<Filter, NoMemory> {
        Ok(match self {
            Filter::Given { program, flags } => Filter::Given { program: owned::list(program)?, flags: *flags },
            Filter::TerminalInjection => Filter::TerminalInjection,
        })
    }
}

impl Copied for Filters {
    fn copied(&self) -> Result<Filters, NoMemory> {
        Ok(Filters { seccomp: owned::list_of(&self.seccomp)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_keep_their_order() {
        let mut filters = Filters::default();
        let allow = SockFilter { code: 6, value: 0x7fff_0000, ..SockFilter::default() };
        assert!(filters.add_seccomp_filter(&[allow], flag::LOG).is_ok());
        assert!(filters.deny_terminal_injection().is_ok());
        assert!(filters.add_seccomp_filter(&[allow, allow], 0).is_ok());
        assert!(filters.deny_terminal_injection().is_ok());
        assert!(filters.add_seccomp_filter(&[], 0).is_err());
        assert!(filters.add_seccomp_filter(&[allow], 1 << 9).is_err());
        let copy = filters.copied().expect("memory");
        let lengths = copy.seccomp.iter().map(|filter| match filter {
            Filter::Given { program, .. } => program.len(),
            Filter::TerminalInjection => 0,
        });
        assert_eq!(lengths.collect::<Vec<_>>(), [1, 0, 2]);
    }
}
