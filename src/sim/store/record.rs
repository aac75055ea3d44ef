//! A write as bytes: how the log and the snapshot keep it.
//!
//! ```text
//! length of the body: u32 | CRC-32 of the body: u32 | body
//! body: what: u8 | revision: u64 | lengths of resource, namespace and name: 3 x u32 | these three | JSON
//! ```
//!
//! Numbers are little-endian.

use std::sync::Arc;

use bytes::Bytes;

use super::{Key, Stored};

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// For a deletion the last state.
    pub stored: Stored,
    pub deletion: bool,
}

/// Length and checksum.
const HEADER: usize = 8;

/// What a body is, with the version of this format in it.
const PUT: u8 = 0x10;
const DELETE: u8 = 0x11;

impl Record {
    pub(super) fn encode(&self) -> Vec<u8> {
        let Stored {
            key,
            revision,
            json,
        } = &self.stored;
        let names = [&key.resource, &key.namespace, &key.name];
        let mut bytes = Vec::with_capacity(HEADER + 64 + json.len());
        bytes.extend_from_slice(&[0; HEADER]);
        bytes.push(if self.deletion { DELETE } else { PUT });
        bytes.extend_from_slice(&revision.to_le_bytes());
        for name in names {
            bytes.extend_from_slice(&length(name.as_bytes()));
        }
        for name in names {
            bytes.extend_from_slice(name.as_bytes());
        }
        bytes.extend_from_slice(json);
        seal(&mut bytes);
        bytes
    }

    /// Nothing if this is not the body of a record.
    fn decode(mut body: &[u8]) -> Option<Self> {
        let [what] = take(&mut body)?;
        let revision = u64::from_le_bytes(take(&mut body)?);
        let lengths = [take(&mut body)?, take(&mut body)?, take(&mut body)?];
        let mut name = |length: [u8; 4]| -> Option<Arc<str>> {
            let length = usize::try_from(u32::from_le_bytes(length)).ok()?;
            let (name, rest) = body.split_at_checked(length)?;
            body = rest;
            Some(std::str::from_utf8(name).ok()?.into())
        };
        let key = Key {
            resource: name(lengths[0])?,
            namespace: name(lengths[1])?,
            name: name(lengths[2])?,
        };
        let json = Bytes::copy_from_slice(body);
        let stored = Stored {
            key,
            revision,
            json,
        };
        let deletion = match what {
            PUT => false,
            DELETE => true,
            _ => return None,
        };
        Some(Self { stored, deletion })
    }
}

/// Fills in the header.
fn seal(bytes: &mut [u8]) {
    let (header, body) = bytes.split_at_mut(HEADER);
    header[..4].copy_from_slice(&length(body));
    header[4..].copy_from_slice(&crc32fast::hash(body).to_le_bytes());
}

/// Nothing in a store comes near 4 GiB: requests are limited to a few MiB.
fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes()
}

/// Reads records until there is no whole and undamaged one.
#[derive(Debug)]
pub(super) struct Records<'a> {
    bytes: &'a [u8],
    /// Where the next record starts.
    pub offset: usize,
}

impl<'a> Records<'a> {
    pub(super) fn starting_at(offset: usize, bytes: &'a [u8]) -> Self {
        Self { bytes, offset }
    }

    /// They end before the bytes do.
    pub(super) fn ended_early(&self) -> bool {
        self.offset < self.bytes.len()
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let mut rest = self.bytes.get(self.offset..)?;
        let length = usize::try_from(u32::from_le_bytes(take(&mut rest)?)).ok()?;
        let checksum = u32::from_le_bytes(take(&mut rest)?);
        let body = rest.get(..length)?;
        if crc32fast::hash(body) != checksum {
            return None;
        }
        let record = Record::decode(body)?;
        self.offset += HEADER + length;
        Some(record)
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}
