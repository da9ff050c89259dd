//! Numbers as bytes: variable-length integers, and a reader that never runs past the end.
//!
//! Invariant: reading is total; bytes that make no sense are [`Unreadable`], never a panic.

use super::Unreadable;

/// Appends `value` in seven-bit groups, lowest first.
pub fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed number so that small magnitudes stay short.
pub fn put_signed(out: &mut Vec<u8>, value: i64) {
    put(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// A place in bytes being read.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a>(pub &'a [u8]);

impl<'a> Cursor<'a> {
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Unreadable> {
        let (head, tail) = self.0.split_at_checked(length).ok_or(Unreadable)?;
        self.0 = tail;
        Ok(head)
    }

    pub fn byte(&mut self) -> Result<u8, Unreadable> {
        let (first, tail) = self.0.split_first().ok_or(Unreadable)?;
        self.0 = tail;
        Ok(*first)
    }

    pub fn number(&mut self) -> Result<u64, Unreadable> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift).ok_or(Unreadable)?;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Unreadable)
    }

    pub fn signed(&mut self) -> Result<i64, Unreadable> {
        let value = self.number()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    pub fn index(&mut self) -> Result<usize, Unreadable> {
        usize::try_from(self.number()?).map_err(|_| Unreadable)
    }

    pub fn small(&mut self) -> Result<u32, Unreadable> {
        u32::try_from(self.number()?).map_err(|_| Unreadable)
    }

    /// A count of things that take at least one byte each, so that a wrong one cannot ask for endless memory.
    pub fn count(&mut self) -> Result<usize, Unreadable> {
        let count = self.index()?;
        if count <= self.0.len() { Ok(count) } else { Err(Unreadable) }
    }

    pub fn float(&mut self) -> Result<f64, Unreadable> {
        let bytes: [u8; 8] = self.take(8)?.try_into().map_err(|_| Unreadable)?;
        Ok(f64::from_le_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_size_come_back() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put(&mut out, value);
            assert_eq!(Cursor(&out).number(), Ok(value));
        }
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            let mut out = Vec::new();
            put_signed(&mut out, value);
            assert_eq!(Cursor(&out).signed(), Ok(value));
        }
        assert_eq!(Cursor(&[0x80; 20]).number(), Err(Unreadable));
        assert_eq!(Cursor(&[5]).count(), Err(Unreadable));
    }
}
