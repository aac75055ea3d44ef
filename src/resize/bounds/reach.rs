//! How much of a bin whole items can take at most. Pure.
//!
//! Items come in round numbers, bins do not: with items of 64 MiB a bin of 100 MiB is one of 64 MiB, and with one item of
//! 5 CPUs and one of 2 a bin of 6 CPUs is one of 5. Bounds that divide items are higher for it.

use super::reduced::{Reduced, Shape};

/// In more parts than these, amounts are not told apart by which of them items add up to.
const PARTS: usize = 1 << 16;
const WORD: usize = 64;

impl Reduced {
    /// Takes off what no items that go into a bin add up to, resource by resource.
    pub(super) fn take_off_beyond_reach(&mut self) {
        for (place, stock) in self.stocks.iter_mut().enumerate() {
            let takes = |shape: &&Shape| shape.fits[place];
            let shapes: Vec<&Shape> = self.shapes.iter().filter(takes).collect();
            for (resource, amount) in stock.amounts.iter_mut().enumerate() {
                let items = shapes
                    .iter()
                    .map(|shape| (shape.amounts[resource], shape.most));
                *amount = reach(items, *amount);
            }
        }
    }
}

/// The most that items of these amounts, so many of each, can add up to within this.
fn reach(items: impl Iterator<Item = (i64, u32)> + Clone, within: i64) -> i64 {
    let part = items.clone().fold(0, |part, (amount, _)| gcd(part, amount));
    if part == 0 {
        return 0;
    }
    let Some(parts) = usize::try_from(within / part)
        .ok()
        .filter(|parts| *parts < PARTS)
    else {
        return within / part * part;
    };
    let mut sums = Sums::new(parts);
    for (amount, count) in items.filter(|(amount, _)| *amount > 0) {
        sums.add(usize::try_from(amount / part).unwrap_or(usize::MAX), count);
        if sums.has(parts) {
            break;
        }
    }
    i64::try_from(sums.largest()).unwrap_or_default() * part
}

/// The greatest amount of which both are multiples.
pub(super) fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Sums up to a largest one, a bit for each.
struct Sums {
    words: Vec<u64>,
    most: usize,
}

impl Sums {
    /// Nothing but zero.
    fn new(most: usize) -> Self {
        let mut words = vec![0; most / WORD + 1];
        words[0] = 1;
        Self { words, most }
    }

    fn has(&self, sum: usize) -> bool {
        self.words[sum / WORD] >> (sum % WORD) & 1 == 1
    }

    /// Those with up to so many more of this amount; twice as many at a time.
    fn add(&mut self, amount: usize, mut count: u32) {
        let mut times = 1;
        while count > 0 {
            let some = times.min(count);
            let more = amount.saturating_mul(some as usize);
            if more > self.most {
                break;
            }
            self.add_once(more);
            count -= some;
            times *= 2;
        }
    }

    fn add_once(&mut self, amount: usize) {
        let (words, bits) = (amount / WORD, amount % WORD);
        for place in (words..self.words.len()).rev() {
            let mut moved = self.words[place - words] << bits;
            if bits > 0 && place > words {
                moved |= self.words[place - words - 1] >> (WORD - bits);
            }
            self.words[place] |= moved;
        }
    }

    fn largest(&self) -> usize {
        let mut sums = (0..=self.most).rev();
        sums.find(|sum| self.has(*sum)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
