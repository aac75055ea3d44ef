//! What the server makes up for a new object: uids and generated names, all from the seed.

use std::fmt::Write;

use crate::sim::random::Random;
use crate::sim::store::Key;

/// No vowels and no digits that look like letters, so that no words come out.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
const SUFFIX: usize = 5;
const LONGEST_NAME: usize = 63;

/// A uid of the form of UUIDs of version 4. A revision is used once, so no two objects have the same.
pub(super) fn uid(seed: u64, key: &Key, revision: u64) -> String {
    let mut random = stream(seed, "uid", key, revision);
    let bits = (u128::from(random.number()) << 64) | u128::from(random.number());
    let bits = bits & !(0xf << 76) | (0x4 << 76);
    let bits = bits & !(0b11 << 62) | (0b10 << 62);
    let mut uid = format!("{bits:032x}");
    for dash in [20, 16, 12, 8] {
        uid.insert(dash, '-');
    }
    uid
}

/// `generateName` with five characters; another attempt gives others.
pub(super) fn name(seed: u64, base: &Key, revision: u64, attempt: u32) -> String {
    let mut random = stream(seed, "name", base, revision);
    for _ in 0..attempt {
        random.number();
    }
    let mut bits = random.number();
    let mut name = shortened(&base.name).to_owned();
    for _ in 0..SUFFIX {
        let index = usize::try_from(bits % ALPHABET.len() as u64).unwrap_or_default();
        name.push(char::from(ALPHABET[index]));
        bits /= ALPHABET.len() as u64;
    }
    name
}

/// The first bytes, so that the suffix still fits.
fn shortened(base: &str) -> &str {
    let mut end = base.len().min(LONGEST_NAME - SUFFIX);
    while !base.is_char_boundary(end) {
        end -= 1;
    }
    &base[..end]
}

fn stream(seed: u64, purpose: &str, key: &Key, revision: u64) -> Random {
    let mut at = String::new();
    // Writing to a String cannot fail.
    let _ = write!(at, "{revision}");
    Random::new(
        seed,
        &[purpose, &key.resource, &key.namespace, &key.name, &at],
    )
}
