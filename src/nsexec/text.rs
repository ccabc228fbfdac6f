//! Text of a bounded length. What does not fit is left out, never written elsewhere.

pub struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
    /// Kept free at the end.
    reserved: usize,
}

impl<const N: usize> Text<N> {
    pub fn new() -> Self {
        Text { bytes: [0; N], length: 0, reserved: 0 }
    }

    pub fn reserve(&mut self, bytes: usize) {
        self.reserved = bytes;
    }

    /// All of it, or nothing.
    pub fn add(&mut self, bytes: &[u8]) -> bool {
        let end = self.length.saturating_add(bytes.len());
        if end.saturating_add(self.reserved) > N {
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
        self.digits(number.unsigned_abs(), 10);
    }

    pub fn hex(&mut self, number: u64) {
        self.digits(number, 16);
    }

    fn digits(&mut self, number: u64, base: u64) {
        let mut digits = [0u8; 20];
        let (mut rest, mut start) = (number, digits.len());
        for place in digits.iter_mut().rev() {
            let digit = rest.checked_rem(base).unwrap_or(0) as u8;
            *place = if digit < 10 { b'0'.wrapping_add(digit) } else { b'a'.wrapping_add(digit.wrapping_sub(10)) };
            rest = rest.checked_div(base).unwrap_or(0);
            start = start.saturating_sub(1);
            if rest == 0 {
                break;
            }
        }
        self.add(digits.get(start..).unwrap_or(&[]));
    }

    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&[])
    }
}
