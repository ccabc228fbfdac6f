//! Seccomp filters.

use super::refusal::{Accepted, invalid};
use super::terminal_injection::TERMINAL_INJECTION;
use crate::bpf::Verdicts;
use crate::fallible::{self, Copied, NoMemory};
use crate::sentences;
pub use crate::sys::abi::SockFilter;
use alloc::vec::Vec;

/// The flags of seccomp(2).
pub mod flag {
    pub const TSYNC: u32 = 1;
    pub const LOG: u32 = 2;
    pub const SPEC_ALLOW: u32 = 4;
    pub const LISTENER: u32 = 8;
    pub const KILLABLE: u32 = 32;
    pub const ALL: u32 = 47;
}

/// The most instructions that the kernel takes: `BPF_MAXINSNS`.
pub const MOST_INSTRUCTIONS: usize = 4096;

/// A filter, and its answers to the child's own system calls. They are found out once, when the filter is added.
#[derive(Debug)]
pub struct Filter {
    program: Program,
    pub flags: u32,
    pub verdicts: Verdicts,
}

#[derive(Debug)]
enum Program {
    Given(Vec<SockFilter>),
    /// `deny_terminal_injection`
    TerminalInjection,
}

#[derive(Default, Debug)]
pub struct Filters {
    pub seccomp: Vec<Filter>,
    /// `deny_user_namespaces`: the program and its descendants cannot make user namespaces.
    pub no_user_namespaces: bool,
}

impl Filters {
    pub fn add_seccomp_filter(&mut self, program: &[SockFilter], flags: u32) -> Accepted {
        if program.is_empty() {
            return invalid(sentences::FILTER_LENGTH);
        }
        if flags & !flag::ALL != 0 {
            return invalid(sentences::FILTER_FLAGS);
        }
        if flags & flag::LISTENER != 0 && flags & flag::TSYNC != 0 {
            return invalid(sentences::TSYNC_AND_LISTENER);
        }
        if flags & flag::KILLABLE != 0 && flags & flag::LISTENER == 0 {
            return invalid(sentences::KILLABLE_WITHOUT_LISTENER);
        }
        let program = Program::Given(fallible::copy_of(program)?);
        Ok(fallible::push(&mut self.seccomp, Filter::new(program, flags)?)?)
    }

    pub fn deny_user_namespaces(&mut self) -> Accepted {
        self.no_user_namespaces = true;
        Ok(())
    }

    /// A second call changes nothing.
    pub fn deny_terminal_injection(&mut self) -> Accepted {
        let denied = |filter: &Filter| matches!(filter.program, Program::TerminalInjection);
        if self.seccomp.iter().any(denied) {
            return Ok(());
        }
        Ok(fallible::push(&mut self.seccomp, Filter::new(Program::TerminalInjection, 0)?)?)
    }
}

impl Filter {
    fn new(program: Program, flags: u32) -> Result<Filter, NoMemory> {
        let verdicts = Verdicts::of(program.instructions()).map_err(|_| NoMemory)?;
        Ok(Filter { program, flags, verdicts })
    }

    pub fn instructions(&self) -> &[SockFilter] {
        self.program.instructions()
    }

    pub fn has_listener(&self) -> bool {
        self.flags & flag::LISTENER != 0
    }
}

impl Program {
    fn instructions(&self) -> &[SockFilter] {
        match self {
            Program::Given(instructions) => instructions,
            Program::TerminalInjection => &TERMINAL_INJECTION,
        }
    }
}

impl Copied for Filter {
    fn copied(&self) -> Result<Filter, NoMemory> {
        let program = match &self.program {
            Program::Given(instructions) => Program::Given(fallible::copy_of(instructions)?),
            Program::TerminalInjection => Program::TerminalInjection,
        };
        Ok(Filter { program, ..*self })
    }
}

impl Copied for Filters {
    fn copied(&self) -> Result<Filters, NoMemory> {
        Ok(Filters { seccomp: fallible::copy_each(&self.seccomp)?, ..*self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bpf::Call;

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
        let lengths: Vec<_> = copy.seccomp.iter().map(|filter| (filter.instructions().len(), filter.flags)).collect();
        assert_eq!(lengths, [(1, flag::LOG), (TERMINAL_INJECTION.len(), 0), (2, 0)]);
    }

    /// The library's own filter allows the system calls that come after it.
    #[test]
    fn terminal_injection_stops_no_call_of_the_child() {
        let mut filters = Filters::default();
        assert!(filters.deny_terminal_injection().is_ok());
        let verdicts = filters.seccomp[0].verdicts;
        for call in [Call::Seccomp, Call::SignalMask, Call::Execve, Call::Execveat, Call::Getpid, Call::Nanosleep] {
            assert!(verdicts.on(call).always_allow());
        }
        assert!(verdicts.on(Call::ExitGroup).always_allow());
    }
}
