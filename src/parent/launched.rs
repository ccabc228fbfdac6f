//! A child that was made, and what the caller keeps of it until the handle is closed.

use super::channel::Channel;
use super::channel_ends::Kept;
use super::keeper::Keeper;
use super::listener::Listening;
use super::process::Process;
use crate::page::{Page, Report};
use crate::shared::Shared;
use core::ops::Deref;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use nix::errno::Errno;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

pub struct Launched {
    pub first: Process,
    /// The process that goes on where the first has ended.
    pub second: OnceLock<Process>,
    /// Tells the keeper thread of the second process.
    pub keeper: Option<Keeper>,
    pub ends: Kept,
    /// The page, for a child that has memory of its own.
    pub channel: Mutex<Option<Shared<Channel>>>,
    /// How often the child had spoken when the caller last heard it.
    pub heard: AtomicU32,
    /// The program of an init left its memory before the init did.
    pub left_before_init: AtomicBool,
    /// The child has made page and ends itself, from this number on; they are to be fetched.
    pub to_fetch: Option<u32>,
    /// The report of a child that was in the caller's memory.
    pub report: Report,
    /// The thread that made it. 0: its death does not matter, or none of the caller's has made it.
    pub thread: i32,
    /// Receives the descriptors that the child sends.
    pub listening: Option<Listening>,
    /// The child's exec changes its exit signal, which tells of the exec.
    pub exit_signal_tells: bool,
}

impl Launched {
    /// The process that is the child now.
    pub fn process(&self) -> &Process {
        self.second.get().unwrap_or(&self.first)
    }

    pub fn pid(&self) -> i32 {
        self.process().pid
    }

    pub fn pidfd(&self) -> Option<&OwnedFd> {
        self.process().pidfd.as_ref()
    }

    /// Lets a waiting child go on: the page wakes it, or, if it polls, its eventfd does.
    pub fn go(&self) -> Result<(), Errno> {
        let channel = self.lock_channel().clone();
        if let Some(channel) = channel {
            channel.release();
        }
        self.ends.go.as_ref().map_or(Ok(0), |go| go.write(1)).map(drop)
    }

    /// Lets a held child go, on these terms: a constant of `page::go`.
    pub fn go_on_terms(&self, terms: u32) -> Result<(), Errno> {
        self.page().go.store(terms, Ordering::Release);
        self.go()
    }

    /// An empty page if the child has none.
    pub fn page(&self) -> PageOf {
        PageOf(self.lock_channel().clone())
    }

    pub fn lock_channel(&self) -> MutexGuard<'_, Option<Shared<Channel>>> {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops the page if all has been read from it; otherwise only its file, since the child has mapped the page.
    pub fn let_go_of_page(&self, is_read: bool) {
        let mut channel = self.lock_channel();
        if is_read {
            channel.take();
        } else if let Some(channel) = channel.as_ref() {
            channel.leave_file();
        }
    }

    /// Why the listener of the child's filter could not be received, if the child was killed for that.
    pub fn listener_refused(&self) -> Option<Errno> {
        self.listening.as_ref().and_then(Listening::refused)
    }

    /// The keeper thread is to live as long as this process.
    pub fn tell_keeper(&self, second: &Process) {
        if let Some(keeper) = &self.keeper {
            keeper.waits_for(second.pid);
        }
    }
}

/// The page of a child, which stays mapped as long as this lives.
pub struct PageOf(Option<Shared<Channel>>);

impl Deref for PageOf {
    type Target = Page;

    fn deref(&self) -> &Page {
        static NOTHING: Page = Page::new();
        self.0.as_ref().map_or(&NOTHING, |channel| channel.page())
    }
}
