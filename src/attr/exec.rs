//! The program: where it is looked for, and in which directory and memory it starts.

use super::refusal::{Accepted, check_fd, copy_path, invalid};
use crate::fallible::{Copied, NoMemory, Text};
use crate::sentences;
use core::ffi::CStr;

/// The working directory of the program.
#[derive(Debug)]
pub enum Cwd {
    Path(Text),
    Fd(i32),
}

/// The credentials with which the working directory is entered.
pub mod cwd_rights {
    /// The program's.
    pub const PROGRAM: u32 = 0;
    /// The caller's.
    pub const CALLER: u32 = 1;
    /// The caller's; if those are refused, the program's.
    pub const EITHER: u32 = 2;
}

/// Which directories are searched for a name without a slash.
#[derive(Debug)]
pub enum Search {
    Default,
    List(Text),
}

/// When the init of a pid namespace ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Init {
    EndsWithProgram,
    /// It ends with the last process of the namespace.
    Lingers,
}

/// The memory in which the child runs.
pub mod mode {
    /// The caller's if that is safe, else its own.
    pub const AUTO: u32 = 0;
    /// Its own: the built-in image.
    pub const FRESH: u32 = 1;
    /// Its own: a copy of the caller's.
    pub const COPIED: u32 = 2;
}

#[derive(Default, Debug)]
pub struct Exec {
    pub fd: Option<i32>,
    pub search: Option<Search>,
    pub cwd: Option<Cwd>,
    /// `forkexec_attr_set_cwd_rights`: a `cwd_rights` constant.
    pub cwd_rights: u32,
    pub busy_retry_ms: u32,
    pub pid_variable: Option<Text>,
    /// `forkexec_attr_set_memory_mode`: a `mode` constant.
    pub memory_mode: u32,
    pub ptrace: bool,
    pub stop: bool,
    pub init: Option<Init>,
    pub measure_memory: bool,
}

impl Exec {
    pub fn set_exec_fd(&mut self, fd: i32) -> Accepted {
        check_fd(fd)?;
        self.fd = Some(fd);
        Ok(())
    }

    /// `None`: the default list.
    pub fn set_search_path(&mut self, dirs: Option<&CStr>) -> Accepted {
        self.search = Some(match dirs {
            None => Search::Default,
            Some(dirs) if dirs.is_empty() => return invalid(sentences::SEARCH_PATH_EMPTY),
            Some(dirs) => Search::List(Text::new(dirs)?),
        });
        Ok(())
    }

    pub fn set_cwd(&mut self, path: &CStr) -> Accepted {
        self.cwd = Some(Cwd::Path(copy_path(path)?));
        Ok(())
    }

    pub fn set_cwd_fd(&mut self, fd: i32) -> Accepted {
        check_fd(fd)?;
        self.cwd = Some(Cwd::Fd(fd));
        Ok(())
    }

    pub fn set_cwd_rights(&mut self, rights: u32) -> Accepted {
        if rights > cwd_rights::EITHER {
            return invalid(sentences::CWD_RIGHTS);
        }
        self.cwd_rights = rights;
        Ok(())
    }

    pub fn set_busy_retry(&mut self, milliseconds: u32) -> Accepted {
        self.busy_retry_ms = milliseconds;
        Ok(())
    }

    pub fn set_pid_variable(&mut self, name: &CStr) -> Accepted {
        if name.is_empty() || name.to_bytes().contains(&b'=') {
            return invalid(sentences::VARIABLE_NAME);
        }
        self.pid_variable = Some(Text::new(name)?);
        Ok(())
    }

    pub fn set_memory_mode(&mut self, mode: u32) -> Accepted {
        if mode > mode::COPIED {
            return invalid(sentences::MEMORY_MODE);
        }
        self.memory_mode = mode;
        Ok(())
    }

    pub fn set_ptrace(&mut self) -> Accepted {
        self.ptrace = true;
        Ok(())
    }

    pub fn set_stop(&mut self) -> Accepted {
        self.stop = true;
        Ok(())
    }

    pub fn measure_memory(&mut self) -> Accepted {
        self.measure_memory = true;
        Ok(())
    }

    pub fn set_init(&mut self) -> Accepted {
        self.init = Some(Init::EndsWithProgram);
        Ok(())
    }

    pub fn set_lingering_init(&mut self) -> Accepted {
        self.init = Some(Init::Lingers);
        Ok(())
    }
}

impl Copied for Cwd {
    fn copied(&self) -> Result<Cwd, NoMemory> {
        Ok(match self {
            Cwd::Path(path) => Cwd::Path(path.copied()?),
            Cwd::Fd(fd) => Cwd::Fd(*fd),
        })
    }
}

impl Copied for Search {
    fn copied(&self) -> Result<Search, NoMemory> {
        Ok(match self {
            Search::Default => Search::Default,
            Search::List(dirs) => Search::List(dirs.copied()?),
        })
    }
}

impl Copied for Exec {
    fn copied(&self) -> Result<Exec, NoMemory> {
        Ok(Exec {
            fd: self.fd,
            search: self.search.copied()?,
            cwd: self.cwd.copied()?,
            cwd_rights: self.cwd_rights,
            busy_retry_ms: self.busy_retry_ms,
            pid_variable: self.pid_variable.copied()?,
            memory_mode: self.memory_mode,
            ptrace: self.ptrace,
            stop: self.stop,
            init: self.init,
            measure_memory: self.measure_memory,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_cwd_wins_and_a_refused_one_does_not() {
        let mut exec = Exec::default();
        assert!(exec.set_cwd(c"/tmp").is_ok());
        assert!(exec.set_cwd_fd(3).is_ok());
        assert!(exec.set_cwd(c"").is_err());
        assert!(matches!(exec.cwd, Some(Cwd::Fd(3))));
        assert_eq!(exec.set_cwd_fd(-100).map_err(|refused| refused.code), Err(libc::EBADF));
    }

    #[test]
    fn names_and_modes() {
        let mut exec = Exec::default();
        assert!(exec.set_pid_variable(c"LISTEN_PID").is_ok());
        assert!(exec.set_pid_variable(c"").is_err());
        assert!(exec.set_pid_variable(c"A=B").is_err());
        assert!(exec.set_search_path(Some(c"")).is_err());
        assert!(exec.search.is_none());
        assert!(exec.set_search_path(None).is_ok());
        assert!(matches!(exec.search, Some(Search::Default)));
        assert!(exec.set_cwd_rights(3).is_err());
        assert!(exec.set_cwd_rights(cwd_rights::EITHER).is_ok());
        assert!(exec.set_memory_mode(3).is_err());
        assert!(exec.set_memory_mode(mode::COPIED).is_ok());
    }
}
