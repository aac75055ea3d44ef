//! How often values were how large.

/// Counts by upper ends, each without those below it.
#[derive(Debug)]
pub(super) struct Histogram {
    ends: &'static [f64],
    /// One more than ends: the last one is for everything above.
    counts: Vec<u64>,
    sum: f64,
}

impl Histogram {
    pub(super) fn new(ends: &'static [f64]) -> Self {
        Self {
            ends,
            counts: vec![0; ends.len() + 1],
            sum: 0.0,
        }
    }

    pub(super) fn add(&mut self, value: f64) {
        let value = value.max(0.0);
        let place = self.ends.partition_point(|end| *end < value);
        self.counts[place] += 1;
        self.sum += value;
    }

    /// Upper ends with how many values are not above them, as Prometheus counts; without the endless one.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let mut below = 0;
        self.ends.iter().zip(&self.counts).map(move |(end, count)| {
            below += count;
            (*end, below)
        })
    }

    pub(super) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(super) fn sum(&self) -> f64 {
        self.sum
    }
}
