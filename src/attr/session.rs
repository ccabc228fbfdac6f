//! Session, process group and terminal.

use super::refusal::{Accepted, check_fd, invalid};
use crate::sentences;

#[derive(Default, Clone, Copy, Debug)]
pub struct Session {
    pub new_session: bool,
    pub group: Option<i32>,
    /// The caller's descriptor of the terminal.
    pub terminal: Option<i32>,
    /// The caller's descriptor of the terminal.
    pub foreground: Option<i32>,
    pub detach: bool,
}

impl Session {
    pub fn set_session(&mut self) -> Accepted {
        self.new_session = true;
        Ok(())
    }

    pub fn set_process_group(&mut self, pgid: i32) -> Accepted {
        if pgid < 0 {
            return invalid(sentences::GROUP_NEGATIVE);
        }
        self.group = Some(pgid);
        Ok(())
    }

    pub fn set_controlling_terminal(&mut self, tty: i32) -> Accepted {
        check_fd(tty)?;
        self.terminal = Some(tty);
        Ok(())
    }

    pub fn set_foreground(&mut self, tty: i32) -> Accepted {
        check_fd(tty)?;
        self.foreground = Some(tty);
        Ok(())
    }

    pub fn detach_terminal(&mut self) -> Accepted {
        self.detach = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_terminals() {
        let mut session = Session::default();
        assert!(session.set_process_group(7).is_ok());
        assert!(session.set_process_group(-1).is_err());
        assert_eq!(session.group, Some(7));
        assert_eq!(session.set_foreground(-1).map_err(|refused| refused.code), Err(libc::EBADF));
    }
}
