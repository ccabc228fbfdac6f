//! Decimal numbers, read and written without core::fmt, which brings in code that can panic.

/// The number with one digit more; `None`: that is no digit. A number that is too large is `u64::MAX`.
pub fn append(number: u64, digit: u8) -> Option<u64> {
    let digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
    Some(number.saturating_mul(10).saturating_add(u64::from(digit)))
}

/// One or more digits and nothing else. A number that is too large is `u64::MAX`.
pub fn parse(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() { None } else { digits.iter().try_fold(0, |number, digit| append(number, *digit)) }
}

/// The same with a minus before it, if it is negative.
pub fn parse_signed(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        Some(digits) => i64::try_from(parse(digits)?).ok()?.checked_neg(),
        None => parse(text)?.try_into().ok(),
    }
}

/// The most digits: those of 2^64 - 1 in base 8.
const LONGEST: usize = 22;

/// The digits of a number, in base 10, 8 or 16.
pub struct Digits {
    places: [u8; LONGEST],
    start: usize,
}

impl Digits {
    pub fn of(number: u64) -> Digits {
        Digits::in_base(number, 10)
    }

    pub fn octal(number: u64) -> Digits {
        Digits::in_base(number, 8)
    }

    pub fn hexadecimal(number: u64) -> Digits {
        Digits::in_base(number, 16)
    }

    fn in_base(number: u64, base: u64) -> Digits {
        let mut places = [0u8; LONGEST];
        let (mut rest, mut start) = (number, places.len());
        for place in places.iter_mut().rev() {
            *place = digit(rest.checked_rem(base).unwrap_or(0) as u8);
            rest = rest.checked_div(base).unwrap_or(0);
            start = start.saturating_sub(1);
            if rest == 0 {
                break;
            }
        }
        Digits { places, start }
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.places.get(self.start..).unwrap_or_default()
    }
}

/// The digit of a number below 16.
pub fn digit(value: u8) -> u8 {
    if value < 10 { b'0'.wrapping_add(value) } else { b'a'.wrapping_add(value.wrapping_sub(10)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_and_nothing_else() {
        for (text, number) in [("0", Some(0)), ("4294967296", Some(1 << 32)), ("", None), ("+1", None), ("1 ", None)] {
            assert_eq!(parse(text.as_bytes()), number, "{text}");
        }
        assert_eq!(parse(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse(b"18446744073709551616"), Some(u64::MAX), "it is too large");
        for (text, number) in [("-1", Some(-1)), ("77", Some(77)), ("-", None), ("--1", None), ("", None)] {
            assert_eq!(parse_signed(text.as_bytes()), number, "{text}");
        }
        assert_eq!(parse_signed(b"-9999999999999999999"), None);
    }

    #[test]
    fn digits() {
        assert_eq!(Digits::of(0).as_bytes(), b"0");
        assert_eq!(Digits::of(u64::MAX).as_bytes(), b"18446744073709551615");
        assert_eq!(Digits::hexadecimal(0xbeef).as_bytes(), b"beef");
        assert_eq!(Digits::octal(0o1777).as_bytes(), b"1777");
        assert_eq!(Digits::octal(u64::MAX).as_bytes(), b"1777777777777777777777");
    }
}
