//! Who waits, in the terms that packing needs: dense amounts and what ties it to other pods.

use crate::scheduling::{ClassId, State, Ties};

use super::{Helpless, Waiting};

/// The resources that anybody who waits asks for. Amounts are kept in this order, and the number of pods comes last.
#[derive(Debug, Clone, Default)]
pub(super) struct Measure {
    pub places: Vec<usize>,
}

/// Pods of a class that have no place yet.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub class: ClassId,
    pub pods: u32,
    pub priority: i32,
    pub amounts: Vec<i64>,
    pub ties: Ties,
}

impl Measure {
    fn of(state: &State, classes: impl Iterator<Item = ClassId>) -> Self {
        let mut places: Vec<usize> = Vec::new();
        for class in classes {
            for (place, _) in state.requests(class) {
                if !places.contains(place) {
                    places.push(*place);
                }
            }
        }
        places.sort_unstable();
        Self { places }
    }

    /// How many amounts there are, the number of pods included.
    pub(super) fn width(&self) -> usize {
        self.places.len() + 1
    }

    /// What one pod of the class takes.
    pub(super) fn amounts(&self, state: &State, class: ClassId) -> Vec<i64> {
        let asked = state.requests(class);
        let amount = |place: &usize| {
            let asked = asked.iter().find(|(asked, _)| asked == place);
            asked.map_or(0, |(_, amount)| *amount)
        };
        self.places.iter().map(amount).chain([1]).collect()
    }
}

/// Who waits, by priority; those that may not be scheduled at all are told apart.
pub(super) fn read(state: &State, waiting: &[Waiting]) -> (Measure, Vec<Wish>, Vec<Helpless>) {
    let mut sorted = waiting.to_vec();
    sorted.retain(|waiting| waiting.pods > 0);
    sorted.sort_by_key(|waiting| waiting.class);
    sorted.dedup_by(|next, first| {
        let same = next.class == first.class;
        first.pods = first.pods.saturating_add(if same { next.pods } else { 0 });
        same
    });
    let measure = Measure::of(state, sorted.iter().map(|waiting| waiting.class));
    let (mut wishes, mut refused) = (Vec::new(), Vec::new());
    for Waiting { class, pods } in sorted {
        match state.ask(class) {
            Ok(_) => wishes.push(Wish {
                class,
                pods,
                priority: state.content(class).priority,
                amounts: measure.amounts(state, class),
                ties: state.ties(class),
            }),
            Err(why) => refused.push(Helpless { class, pods, why }),
        }
    }
    sort(&mut wishes);
    (measure, wishes, refused)
}

/// Higher priority first; then those with rules, who have less choice; then the large ones.
fn sort(wishes: &mut [Wish]) {
    let width = wishes.first().map_or(0, |wish| wish.amounts.len());
    let most = |r: usize| wishes.iter().map(|wish| wish.amounts[r]).max();
    let most: Vec<i64> = (0..width).map(|r| most(r).unwrap_or(1).max(1)).collect();
    let size = |wish: &Wish| {
        let parts = wish.amounts.iter().zip(&most);
        let parts = parts.map(|(amount, most)| i128::from(*amount) * 1_000_000 / i128::from(*most));
        parts.max().unwrap_or_default()
    };
    wishes.sort_by_cached_key(|wish| {
        (
            -i64::from(wish.priority),
            wish.ties.is_free(),
            -size(wish),
            wish.class,
        )
    });
}

/// Whether there is room for one.
pub(super) fn holds(room: &[i64], amounts: &[i64]) -> bool {
    room.iter()
        .zip(amounts)
        .all(|(room, amount)| amount <= room || *amount == 0)
}

/// For how many there is room.
pub(super) fn times(room: &[i64], amounts: &[i64]) -> u32 {
    let asked = room.iter().zip(amounts).filter(|(_, amount)| **amount > 0);
    let times = asked.map(|(room, amount)| room.div_euclid(*amount).max(0));
    let times = times.min().unwrap_or_default();
    u32::try_from(times).unwrap_or(u32::MAX)
}

/// Adds so many times the amounts, or takes them off below zero.
pub(super) fn add(total: &mut [i64], amounts: &[i64], times: i64) {
    for (total, amount) in total.iter_mut().zip(amounts) {
        *total = total.saturating_add(amount.saturating_mul(times));
    }
}
