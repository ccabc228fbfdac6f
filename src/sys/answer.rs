//! The answer of a system call.

use super::abi::EINTR;

/// A positive errno.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Errno(pub i32);

/// The answer of a system call.
pub type Answer<T = ()> = Result<T, Errno>;

/// Makes a call again for as long as a signal interrupts it.
pub fn again<T>(mut call: impl FnMut() -> Answer<T>) -> Answer<T> {
    loop {
        match call() {
            Err(Errno(EINTR)) => continue,
            answer => return answer,
        }
    }
}

/// What the kernel returned, as a `Result`.
pub fn answer(raw: isize) -> Answer<usize> {
    if (-4095..0).contains(&raw) { Err(Errno(raw.wrapping_neg() as i32)) } else { Ok(raw as usize) }
}

macro_rules! call {
    ($nr:ident $(, $arg:expr)*) => { call!(@ nr::$nr; [$($arg,)*] 0, 0, 0, 0, 0, 0) };
    (@ $nr:expr; [$a:expr, $b:expr, $c:expr, $d:expr, $e:expr, $f:expr,] $($rest:tt)*) => { call!(! $nr, $a, $b, $c, $d, $e, $f) };
    (@ $nr:expr; [$a:expr, $b:expr, $c:expr, $d:expr, $e:expr,] $($rest:tt)*) => { call!(! $nr, $a, $b, $c, $d, $e, 0) };
    (@ $nr:expr; [$a:expr, $b:expr, $c:expr, $d:expr,] $($rest:tt)*) => { call!(! $nr, $a, $b, $c, $d, 0, 0) };
    (@ $nr:expr; [$a:expr, $b:expr, $c:expr,] $($rest:tt)*) => { call!(! $nr, $a, $b, $c, 0, 0, 0) };
    (@ $nr:expr; [$a:expr, $b:expr,] $($rest:tt)*) => { call!(! $nr, $a, $b, 0, 0, 0, 0) };
    (@ $nr:expr; [$a:expr,] $($rest:tt)*) => { call!(! $nr, $a, 0, 0, 0, 0, 0) };
    (@ $nr:expr; [] $($rest:tt)*) => { call!(! $nr, 0, 0, 0, 0, 0, 0) };
    (! $nr:expr, $a:expr, $b:expr, $c:expr, $d:expr, $e:expr, $f:expr) => {
        // SAFETY: kernel contract, see the man page that the function names.
        answer(unsafe { syscall6($nr, $a as usize, $b as usize, $c as usize, $d as usize, $e as usize, $f as usize) })
    };
}
