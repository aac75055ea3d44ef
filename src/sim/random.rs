//! Random numbers from a seed: splitmix64, one stream per purpose.
//!
//! A stream is named by what it is for, so that a new consumer does not shift the numbers of the others.

use crate::random;

/// A stream of numbers.
#[derive(Debug, Clone)]
pub struct Random(random::Random);

impl Random {
    /// The stream of `seed` for this purpose.
    pub fn new(seed: u64, purpose: &[&str]) -> Self {
        let mix = |seed: u64, part: &&str| {
            let mut mixed = random::Random::new(seed ^ fnv(part.as_bytes()));
            mixed.number()
        };
        Self(random::Random::new(purpose.iter().fold(seed, mix)))
    }

    pub fn number(&mut self) -> u64 {
        self.0.number()
    }

    /// Uniform between the two, both included.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        let span = to.saturating_sub(from).saturating_add(1);
        from + self.number() % span
    }

    /// True with this probability.
    pub fn chance(&mut self, percent: u8) -> bool {
        self.number() % 100 < u64::from(percent)
    }
}

/// FNV-1a with 64 bits.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_same_purpose_gives_the_same_numbers_and_another_one_others() {
        let mut first = Random::new(7, &["kubelet", "default/a"]);
        let mut again = Random::new(7, &["kubelet", "default/a"]);
        let mut other = Random::new(7, &["kubelet", "default/b"]);
        let number = first.number();
        assert_eq!(number, again.number());
        assert_ne!(number, other.number());
    }

    #[test]
    fn both_ends_of_a_range_are_hit_and_nothing_beyond() {
        let mut random = Random::new(1, &[]);
        let hits: std::collections::BTreeSet<u64> =
            (0..200).map(|_| random.between(3, 6)).collect();
        assert_eq!(hits, (3..=6).collect());
        assert_eq!(random.between(0, 0), 0);
    }
}
