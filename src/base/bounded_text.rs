//! Text with room for N bytes. What does not fit is left out, never written elsewhere.

use super::decimal::Digits;
use core::ffi::CStr;

pub struct BoundedText<const N: usize> {
    bytes: [u8; N],
    length: usize,
    /// Kept free at the end.
    reserved: usize,
    /// Something did not fit.
    is_cut: bool,
}

impl<const N: usize> BoundedText<N> {
    pub fn new() -> Self {
        BoundedText { bytes: [0; N], length: 0, reserved: 0, is_cut: false }
    }

    /// A text and a number behind it, as a descriptor or a pid comes in a path of /proc.
    pub fn numbered(text: &[u8], number: i32) -> Self {
        let mut numbered = Self::new();
        numbered.add(text);
        numbered.number(i64::from(number));
        numbered
    }

    #[cfg(any(forkexec_nsexec, test))]
    pub fn reserve(&mut self, bytes: usize) {
        self.reserved = bytes;
    }

    /// All of it, or nothing.
    pub fn add(&mut self, bytes: &[u8]) -> bool {
        let end = self.length.saturating_add(bytes.len());
        if end.saturating_add(self.reserved) > N {
            self.is_cut = true;
            return false;
        }
        let places = self.bytes.iter_mut().skip(self.length);
        places.zip(bytes).for_each(|(place, byte)| *place = *byte);
        self.length = end;
        true
    }

    pub fn number(&mut self, number: i64) {
        if number < 0 {
            self.add(b"-");
        }
        self.add(Digits::of(number.unsigned_abs()).as_bytes());
    }

    #[cfg(any(forkexec_nsexec, test))]
    pub fn hex(&mut self, number: u64) {
        self.add(Digits::hexadecimal(number).as_bytes());
    }

    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// With a NUL behind it. `None` where there is no room for that, or a NUL within, or something was left out: a path that
    /// is cut leads elsewhere.
    pub fn c_str(&self) -> Option<&CStr> {
        let ended = self.bytes.get(..=self.length).filter(|_| !self.is_cut)?;
        if !self.bytes().iter().all(|byte| *byte != 0) {
            return None;
        }
        // SAFETY: nothing was ever written behind the text, where there are zeros, and there is none in it.
        Some(unsafe { CStr::from_bytes_with_nul_unchecked(ended) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        assert_eq!(BoundedText::<24>::numbered(b"/proc/self/fd/", 7).c_str(), Some(c"/proc/self/fd/7"));
        assert_eq!(BoundedText::<24>::numbered(b"", i32::MIN).c_str(), Some(c"-2147483648"));
        let longest = BoundedText::<15>::numbered(b"/fd/", i32::MAX);
        assert_eq!(longest.c_str(), Some(c"/fd/2147483647"));
        assert_eq!(BoundedText::<14>::numbered(b"/fd/", i32::MAX).c_str(), None, "there is no room for the NUL");
        assert_eq!(BoundedText::<13>::numbered(b"/fd/", i32::MAX).c_str(), None, "the number is left out");
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut text = BoundedText::<8>::new();
        text.reserve(2);
        assert!(text.add(b"four"));
        assert!(!text.add(b"five"));
        text.reserve(0);
        text.hex(0xbeef);
        assert_eq!(text.bytes(), b"fourbeef");
        assert!(!text.add(b"!"));
    }
}
