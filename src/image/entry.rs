//! The first instruction: from the strings on the stack back to a plan.

use super::child;
use super::sealed::{Plan, Wiring, strings};
use super::sys;
use core::arch::global_asm;

#[cfg(target_arch = "x86_64")]
global_asm!(".globl _start", "_start:", "xor ebp, ebp", "mov rdi, rsp", "and rsp, -16", "call {start}", "ud2", start = sym start);

#[cfg(target_arch = "aarch64")]
global_asm!(".globl _start", "_start:", "mov x29, xzr", "mov x30, xzr", "mov x0, sp", "bl {start}", "brk #1", start = sym start);

/// The kernel leaves argc, argv and envp on the stack. argv is "forkexec" and the program's; envp is a string that is
/// there for its room, the pieces, and the program's. The strings of a vector stand one behind the other.
unsafe extern "C" fn start(stack: *const usize) -> ! {
    // SAFETY: kernel contract, man 2 execve: the vectors; parent::image guarantees what is in them.
    unsafe {
        let argv = stack.add(1).cast::<*const u8>();
        let envp = argv.add(stack.read()).add(1);
        let room = envp.read().cast_mut();
        let plan = room.add(room.align_offset(8));
        let pieces = envp.add(1).read();
        // The first piece holds the wiring, which says how many there are.
        decode(plan, pieces, strings::PIECE);
        if (*plan.cast::<Wiring>()).strings_fd >= 0 {
            go_on_with_file(&*plan.cast::<Wiring>());
        }
        let length = (*plan.cast::<Wiring>()).length as usize;
        let mut done = strings::PIECE;
        let mut next = pieces.add(strings::STRING);
        while done < length {
            decode(plan.add(done), next, length.saturating_sub(done).min(strings::PIECE));
            done = done.saturating_add(strings::PIECE);
            next = next.add(strings::STRING);
        }
        let wiring = &*plan.cast::<Wiring>();
        let plan = Plan::from_bytes(plan.add(size_of::<Wiring>()).cast(), length.saturating_sub(size_of::<Wiring>()));
        child::run(plan, wiring, argv.add(1), envp.add(1).add(length.div_ceil(strings::PIECE)))
    }
}

/// The same where plan and program's strings are in a file. What fails here is told by the exit status, as in
/// channel::open.
unsafe fn go_on_with_file(wiring: &Wiring) -> ! {
    let fd = wiring.strings_fd;
    let mapped = sys::map_copy(fd, wiring.strings_length as usize);
    let base = match mapped.and_then(|base| sys::close(fd).map(|()| base)) {
        Ok(base) => base,
        Err(sys::Errno(errno)) => sys::exit(errno),
    };
    // SAFETY: parent::strings_file guarantees what is in the file, which nobody can change.
    unsafe {
        let [argv, envp] = [wiring.strings_argv, wiring.strings_envp].map(|place| base.add(place as usize).cast::<usize>());
        relocate(argv, base as usize);
        relocate(envp, base as usize);
        let plan = Plan::from_bytes(base.cast(), wiring.strings_plan as usize);
        child::run(plan, wiring, argv.cast(), envp.cast())
    }
}

/// From places in the file to addresses.
///
/// # Safety
/// `vector` ends with 0, and can be written.
unsafe fn relocate(mut vector: *mut usize, base: usize) {
    // SAFETY: the caller vouches for it.
    unsafe {
        while vector.read() != 0 {
            vector.write(vector.read().wrapping_add(base));
            vector = vector.add(1);
        }
    }
}

/// One piece, from behind its key to where it belongs, which is always before where it stands.
///
/// # Safety
/// `from` is the key of a piece of `length` bytes, and `to` lies below it.
unsafe fn decode(to: *mut u8, from: *const u8, length: usize) {
    // SAFETY: the caller vouches for both; forwards never overwrites what is still to be read.
    unsafe {
        let key = from.read();
        let (words, from) = (length / 8, from.add(1));
        let mask = u64::from_ne_bytes([key; 8]);
        for i in 0..words {
            let word = from.cast::<u64>().add(i).read_unaligned();
            to.cast::<u64>().add(i).write_unaligned(word ^ mask);
        }
        for i in words.saturating_mul(8)..length {
            to.add(i).write(from.add(i).read() ^ key);
        }
    }
}

/// The four functions that the compiler may call; there is no libc to have them.
mod memory {
    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
        for i in 0..count {
            // SAFETY: the compiler guarantees both ranges; volatile keeps this loop from becoming a call of itself.
            unsafe { to.add(i).write_volatile(from.add(i).read_volatile()) };
        }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
        if (to as usize) <= from as usize {
            // SAFETY: the compiler guarantees both ranges; forwards never overwrites what is still to be read.
            return unsafe { memcpy(to, from, count) };
        }
        for i in (0..count).rev() {
            // SAFETY: as above, backwards.
            unsafe { to.add(i).write_volatile(from.add(i).read_volatile()) };
        }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
        for i in 0..count {
            // SAFETY: the compiler guarantees the range.
            unsafe { to.add(i).write_volatile(byte as u8) };
        }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, count: usize) -> i32 {
        for i in 0..count {
            // SAFETY: the compiler guarantees both ranges.
            let (a, b) = unsafe { (one.add(i).read_volatile(), other.add(i).read_volatile()) };
            if a != b {
                return a as i32 - b as i32;
            }
        }
        0
    }
}
