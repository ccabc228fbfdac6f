//! A seccomp filter with a listener. The descriptor of the listener has to be sent to the caller, and the filter may refuse
//! sendmsg(2). So a second thread, made before the filter is loaded and not under it, sends the descriptor. It ends before the
//! next step.

use super::exit::FAILED;
use super::state::At;
use crate::sealed::{Filter, message};
use crate::sys::abi::Timespec;
use crate::sys::{self, Answer, Errno};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicI32, AtomicU32, Ordering};

#[repr(C, align(16))]
struct Stack([u8; 8192]);

/// What child and messenger share.
struct Delivery {
    socket: i32,
    /// What to deliver.
    listener: AtomicI32,
    /// The errno of the delivery.
    failed: AtomicI32,
    /// The kernel clears both, each when that thread is gone.
    child: AtomicU32,
    messenger: AtomicU32,
}

const NOT_YET: i32 = -1;
const NONE: i32 = -2;

/// seccomp(2). Returns when the listener is sent and the other thread has ended.
pub fn put_on(at: &At, filter: &Filter) -> Answer {
    let delivery = Delivery {
        socket: at.lifeline,
        listener: AtomicI32::new(NOT_YET),
        failed: AtomicI32::new(0),
        child: AtomicU32::new(1),
        messenger: AtomicU32::new(1),
    };
    let mut stack = MaybeUninit::<Stack>::uninit();
    let top = stack.as_mut_ptr().wrapping_add(1) as usize;
    sys::set_tid_address(delivery.child.as_ptr().cast())?;
    // SAFETY: stack and delivery stay until the kernel says that the messenger is gone; `deliver` never returns.
    unsafe { sys::clone_thread(top, delivery.messenger.as_ptr().cast(), deliver, (&raw const delivery).cast())? };
    let listener = sys::set_filter(at.plan.list(filter.program), filter.flags);
    delivery.listener.store(listener.unwrap_or(NONE), Ordering::Release);
    until_gone(at, &delivery.messenger);
    listener?;
    match delivery.failed.load(Ordering::Acquire) {
        0 => Ok(()),
        errno => Err(Errno(errno)),
    }
}

/// Waits until the kernel has cleared the word of a thread that has ended. Where the filters may refuse futex(2), the word is
/// polled, which takes no system call. The plan refuses such filters with a real-time policy: the poll could keep the other
/// thread from its processor for ever.
fn until_gone(at: &At, thread: &AtomicU32) {
    loop {
        let value = thread.load(Ordering::Acquire);
        if value == 0 {
            return;
        }
        if at.plan.futex_allowed != 0 {
            let _ = sys::futex_wait(thread, value, None);
        } else {
            core::hint::spin_loop();
        }
    }
}

/// The messenger.
unsafe extern "C" fn deliver(delivery: *const c_void) -> ! {
    // SAFETY: `put_on` guarantees the delivery until this thread is gone.
    let delivery = unsafe { &*delivery.cast::<Delivery>() };
    while delivery.listener.load(Ordering::Acquire) == NOT_YET {
        // An earlier filter may end the child alone.
        if delivery.child.load(Ordering::Acquire) == 0 {
            sys::exit(FAILED);
        }
        let _ = sys::sleep(&Timespec { seconds: 0, nanoseconds: 10_000 });
    }
    let listener = delivery.listener.load(Ordering::Acquire);
    if listener >= 0 {
        if let Err(Errno(errno)) = sys::send_fds(delivery.socket, &[message::LISTENER], &[listener]) {
            delivery.failed.store(errno, Ordering::Release);
        }
        let _ = sys::close(listener);
    }
    sys::exit_thread()
}
