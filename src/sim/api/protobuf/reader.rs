//! The wire format: numbered fields, each an integer or a run of bytes.

/// One occurrence of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Integer(u64),
    Bytes(&'a [u8]),
}

impl<'a> Part<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Integer(_) => Err("proto: wrong wireType = 0".to_owned()),
        }
    }

    /// Negative numbers are written as their two's complement.
    pub(super) fn integer(self) -> Result<i64, String> {
        match self {
            Self::Integer(number) => Ok(number.cast_signed()),
            Self::Bytes(_) => Err("proto: wrong wireType = 2".to_owned()),
        }
    }
}

/// Reads a message field by field; after an error comes nothing more.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn field(&mut self) -> Result<(u64, Part<'a>), String> {
        let tag = self.varint()?;
        let part = match tag & 7 {
            0 => Part::Integer(self.varint()?),
            1 => Part::Bytes(self.take(8)?),
            2 => {
                let length = self.varint()?;
                Part::Bytes(self.take(usize::try_from(length).unwrap_or(usize::MAX))?)
            }
            5 => Part::Bytes(self.take(4)?),
            other => return Err(format!("proto: illegal wireType {other}")),
        };
        Ok((tag >> 3, part))
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err("proto: integer overflow".to_owned())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or("unexpected EOF")?;
        self.rest = rest;
        Ok(taken)
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<(u64, Part<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}
