//! The best content of one bin, where items have values. Pure.
//!
//! A depth-first search over counts. What the rest of the bin is worth at most is told by prices of its resources: any
//! prices give a valid limit, and those of the linear relaxation give the best one.

use super::profile::{Piece, Profile};
use super::reduced::{Reduced, room_for};
use super::simplex::Program;
use crate::resize::approximate::float;

/// One bin and what can go in, the most worthwhile in front.
#[derive(Debug)]
pub(super) struct Knapsack<'a> {
    free: &'a [i64],
    candidates: Vec<Candidate<'a>>,
    /// What the room in the bin is worth at most.
    room: f64,
    /// What the candidates from each place on are worth at most beyond the room they take.
    rest: Vec<f64>,
    /// The same with a resource kept whole, for those that are asked about often enough.
    profiles: Vec<Profile>,
}

#[derive(Debug)]
struct Candidate<'a> {
    shape: usize,
    amounts: &'a [i64],
    value: i64,
    least: u32,
    most: u32,
    apart: Option<u32>,
    /// What the room is worth that one of it takes, and what it is worth for that.
    room: f64,
    dense: f64,
}

/// Shapes and how many of each.
pub(super) type Content = Vec<(usize, u32)>;

/// So many of a shape to choose from, and what each is worth.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offered {
    pub shape: usize,
    pub count: u32,
    pub value: i64,
}

/// The best content that was found, and what no content is worth more than.
#[derive(Debug, Default)]
pub(super) struct Best {
    pub value: i64,
    pub content: Content,
    pub at_most: i64,
    /// Steps that it took.
    pub steps: u32,
}

/// Prices of a bin's resources that tell what is not worth while.
#[derive(Debug, Clone, Default)]
pub(super) struct RoomPrices(Vec<f64>);

/// The search: counts of the candidates so far, and what is left of the bin.
struct Search<'a, F> {
    knapsack: &'a Knapsack<'a>,
    free: Vec<i64>,
    counts: Vec<u32>,
    apart: Vec<u32>,
    /// Contents of less value are of no interest.
    wanted: i64,
    steps: u32,
    /// The highest limit of what was not looked at.
    missed: f64,
    visit: F,
}

/// All shapes, by their places in both.
pub(super) fn offered<'v>(
    values: &'v [i64],
    counts: &'v [u32],
) -> impl Iterator<Item = Offered> + 'v {
    let all = values.iter().zip(counts).enumerate();
    all.map(|(shape, (value, count))| Offered {
        shape,
        count: *count,
        value: *value,
    })
}

impl RoomPrices {
    /// The best ones for these values and counts.
    pub(super) fn of(reduced: &Reduced, stock: usize, values: &[i64], counts: &[u32]) -> Self {
        let free = &reduced.stocks[stock].amounts;
        let scale: Vec<f64> = free.iter().map(|amount| float(*amount).max(1.0)).collect();
        let mut program = Program::new(vec![1.0; free.len()], vec![0.0; free.len()]);
        let highest = float(values.iter().copied().max().unwrap_or_default()).max(1.0);
        for (shape, content) in reduced.shapes.iter().enumerate() {
            let most = content.most.min(counts[shape]);
            if content.fits[stock] && values[shape] > 0 && most > 0 {
                let amounts = content.amounts.iter().zip(&scale).enumerate();
                let entries = amounts.filter(|(_, (amount, _))| **amount > 0);
                let entries = entries.map(|(row, (amount, scale))| (row, float(*amount) / scale));
                program.add(
                    -float(values[shape]) / highest,
                    entries.collect(),
                    most.into(),
                );
            }
        }
        program.minimize(500);
        let prices = program.prices().iter().zip(&scale);
        Self(
            prices
                .map(|(price, scale)| (-price).max(0.0) * highest / scale)
                .collect(),
        )
    }

    /// Of a unit of each resource.
    pub(super) fn new(prices: Vec<f64>) -> Self {
        Self(prices)
    }

    pub(super) fn of_amounts(&self, amounts: &[i64]) -> f64 {
        self.0
            .iter()
            .zip(amounts)
            .map(|(price, amount)| price * float(*amount))
            .sum()
    }
}

impl<'a> Knapsack<'a> {
    /// `must`: a shape of which one has to be in.
    pub(super) fn new(
        reduced: &'a Reduced,
        stock: usize,
        offered: impl Iterator<Item = Offered>,
        prices: &RoomPrices,
        must: Option<usize>,
    ) -> Self {
        let free = &*reduced.stocks[stock].amounts;
        let candidate = |offered: Offered| {
            let Offered { shape, value, .. } = offered;
            let content = &reduced.shapes[shape];
            let room = room_for(free, &content.amounts);
            let enough = content.most.min(offered.count).min(room);
            (content.fits[stock] && enough > 0).then(|| {
                let room = prices.of_amounts(&content.amounts);
                Candidate {
                    shape,
                    amounts: &content.amounts,
                    value,
                    least: u32::from(must == Some(shape)),
                    most: enough,
                    apart: content.apart,
                    dense: float(value) / room.max(f64::MIN_POSITIVE),
                    room,
                }
            })
        };
        let mut candidates: Vec<Candidate> = offered.filter_map(candidate).collect();
        candidates.sort_by(|a, b| b.least.cmp(&a.least).then(b.dense.total_cmp(&a.dense)));
        let mut rest = vec![0.0; candidates.len() + 1];
        // Sums of products of whole numbers may be wrong in their last digits.
        rest[candidates.len()] = 1.0;
        for (place, it) in candidates.iter().enumerate().rev() {
            let gain = (float(it.value) - it.room).max(0.0) + 1e-11 * float(it.value);
            rest[place] = rest[place + 1] + gain * f64::from(it.most);
        }
        Self {
            free,
            room: prices.of_amounts(free) * (1.0 + 1e-11),
            candidates,
            rest,
            profiles: Vec::new(),
        }
    }

    /// Learns for each resource that has a price what the rest is worth at most if it is kept whole.
    pub(super) fn with_profiles(mut self, prices: &RoomPrices) -> Self {
        let piece = |it: &Candidate<'a>| Piece {
            amounts: it.amounts,
            value: float(it.value),
            most: it.most,
        };
        let pieces: Vec<Piece> = self.candidates.iter().map(piece).collect();
        let costly = (0..self.free.len()).filter(|resource| prices.0[*resource] > 0.0);
        let profile = |resource| Profile::new(resource, self.free, &pieces, &prices.0);
        self.profiles = costly.map(profile).collect();
        self
    }

    /// What no content is worth more than, without looking for one.
    pub(super) fn limit(&self) -> i64 {
        whole(self.most(0, self.room, self.free))
    }

    /// What the candidates from this place on add at most. `room`: what the free amounts are worth.
    fn most(&self, from: usize, room: f64, free: &[i64]) -> f64 {
        let profiles = self.profiles.iter();
        let limits = profiles.map(|profile| profile.limit(from, free));
        limits.fold(room + self.rest[from], f64::min)
    }

    /// The best content, as good as it is found in so many steps. One part of `grain` is not worth a search.
    pub(super) fn best(&self, steps: u32, grain: i64) -> Best {
        let mut best = Best::default();
        let mut left = steps;
        let mut wanted = 1;
        let mut missed = 0;
        for spare in [1, 2, u32::MAX] {
            let mut search = Search::new(self, wanted, left, |value, counts: &[u32], _: &[i64]| {
                best.value = value;
                best.content = self.content(counts);
                value + 1 + value / grain
            });
            search.descend(0, 0, self.room, spare);
            (left, wanted, missed) = (search.steps, search.wanted, whole(search.missed));
        }
        // What was left out is worth less than what was asked for at the end.
        let passed_over = best.value + best.value / grain;
        best.at_most = passed_over.max(missed).min(self.limit());
        best.steps = steps - left;
        best
    }

    /// Some contents of at least this value to which nothing can be added, those near the greedy one in front. Whether that
    /// is all of them, and how many steps it took.
    pub(super) fn some_full(
        &self,
        wanted: i64,
        steps: u32,
        most: usize,
        mut each: impl FnMut(i64, Content),
    ) -> (bool, u32) {
        let mut seen: Vec<Vec<u32>> = Vec::new();
        let mut left = steps;
        for spare in [1, u32::MAX] {
            let mut search =
                Search::new(self, wanted, left, |value, counts: &[u32], free: &[i64]| {
                    if !self.takes_more(counts, free) && !seen.iter().any(|known| known == counts) {
                        seen.push(counts.to_vec());
                        each(value, self.content(counts));
                    }
                    if seen.len() < most { wanted } else { i64::MAX }
                });
            search.descend(0, 0, self.room, spare);
            left = search.steps;
            if search.wanted == i64::MAX || left == 0 {
                return (false, steps - left);
            }
        }
        (true, steps - left)
    }

    fn content(&self, counts: &[u32]) -> Content {
        let taken = self
            .candidates
            .iter()
            .zip(counts)
            .filter(|(_, count)| **count > 0);
        taken
            .map(|(candidate, count)| (candidate.shape, *count))
            .collect()
    }

    fn takes_more(&self, counts: &[u32], free: &[i64]) -> bool {
        self.candidates
            .iter()
            .zip(counts)
            .enumerate()
            .any(|(place, (it, count))| {
                let excluded = |other: usize| {
                    other != place && counts[other] > 0 && self.candidates[other].apart == it.apart
                };
                *count < it.most
                    && room_for(free, it.amounts) > 0
                    && (it.apart.is_none() || !(0..counts.len()).any(excluded))
            })
    }
}

impl<'a, F: FnMut(i64, &[u32], &[i64]) -> i64> Search<'a, F> {
    /// `visit` is shown each content of the wanted value, and tells what is wanted next.
    fn new(knapsack: &'a Knapsack, wanted: i64, steps: u32, visit: F) -> Self {
        Self {
            knapsack,
            free: knapsack.free.to_vec(),
            counts: vec![0; knapsack.candidates.len()],
            apart: Vec::new(),
            wanted,
            steps,
            missed: 0.0,
            visit,
        }
    }

    /// `spare`: how often it may take less than there is room for. The best contents are seldom far from taking all.
    fn descend(&mut self, from: usize, value: i64, room: f64, spare: u32) {
        let limit = float(value) + self.knapsack.most(from, room, &self.free);
        if whole(limit) < self.wanted {
            return;
        }
        if self.steps == 0 {
            self.missed = self.missed.max(limit);
            return;
        }
        self.steps -= 1;
        let next = (from..self.counts.len()).find(|place| self.has_room(*place));
        let Some(place) = next else {
            if value >= self.wanted {
                self.wanted = (self.visit)(value, &self.counts, &self.free);
            }
            return;
        };
        let it = &self.knapsack.candidates[place];
        let most = self.room(place);
        for count in (it.least..=most).rev() {
            if count < most && spare == 0 {
                break;
            }
            if self.steps == 0 {
                self.miss(place, value, room, count);
                break;
            }
            self.take(place, i64::from(count));
            self.counts[place] = count;
            let apart = it.apart.filter(|_| count > 0);
            self.apart.extend(apart);
            self.descend(
                place + 1,
                value + it.value * i64::from(count),
                room - it.room * f64::from(count),
                spare - u32::from(count < most),
            );
            if apart.is_some() {
                self.apart.pop();
            }
            self.take(place, -i64::from(count));
        }
        self.counts[place] = 0;
    }

    /// Counts from this one down to none are not looked at. What they can be worth is linear in the count.
    fn miss(&mut self, place: usize, value: i64, room: f64, count: u32) {
        let it = &self.knapsack.candidates[place];
        let gain = (float(it.value) - it.room) * f64::from(count);
        let limit = float(value) + room + self.knapsack.rest[place + 1] + gain.max(0.0);
        let profiled = float(value) + self.knapsack.most(place, f64::INFINITY, &self.free);
        self.missed = self.missed.max(limit.min(profiled));
    }

    fn has_room(&self, place: usize) -> bool {
        let it = &self.knapsack.candidates[place];
        let mut amounts = self.free.iter().zip(it.amounts);
        amounts.all(|(free, amount)| amount <= free)
            && it.apart.is_none_or(|set| !self.apart.contains(&set))
    }

    /// How many of a candidate that has room go in.
    fn room(&self, place: usize) -> u32 {
        let it = &self.knapsack.candidates[place];
        it.most.min(room_for(&self.free, it.amounts))
    }

    fn take(&mut self, place: usize, count: i64) {
        let amounts = self.knapsack.candidates[place].amounts;
        for (free, amount) in self.free.iter_mut().zip(amounts) {
            *free -= amount * count;
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "values that are too large become the largest one"
)]
fn whole(value: f64) -> i64 {
    value as i64
}
