//! Names with five random characters at their end.

use crate::sim::random::Random;

/// What Kubernetes uses in generated names: no vowels, and nothing that looks like another character.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

const LENGTH: usize = 5;

/// Longest name of which labels can be made.
const MAX: usize = 63;

/// Random by seed: the same calls give the same names.
#[derive(Debug)]
pub(super) struct Names(Random);

impl Names {
    pub(super) fn new(seed: u64) -> Self {
        Self(Random::new(seed, &["cluster-api", "names"]))
    }

    /// `BASE-xxxxx`, as no object is called yet.
    pub(super) fn after(&mut self, base: &str, is_taken: impl Fn(&str) -> bool) -> String {
        let base: String = base.chars().take(MAX - LENGTH - 1).collect();
        loop {
            let name = format!("{base}-{}", self.suffix());
            if !is_taken(&name) {
                return name;
            }
        }
    }

    fn suffix(&mut self) -> String {
        let last = ALPHABET.len() as u64 - 1;
        (0..LENGTH)
            .map(|_| usize::try_from(self.0.between(0, last)).unwrap_or_default())
            .map(|place| char::from(ALPHABET[place]))
            .collect()
    }
}
