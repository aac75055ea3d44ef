//! What to put into a machine: contents that are worth the most.

use super::kinds::Kind;
use super::wish;

/// Kinds by place, and how many of each.
pub(super) type Content = Vec<(usize, u32)>;

/// Of more kinds than these, some of every size are looked at.
const LOOKED_AT: usize = 48;

/// What of the kinds goes into the room: the lead in front, then what leaves the amounts that are left in balance. `order`
/// names the kinds that may go in, the most worthwhile first.
pub(super) fn fill(kinds: &[Kind], order: &[usize], room: &[i64]) -> (Content, Vec<i64>) {
    let mut filling = Filling {
        kinds,
        whole: room.iter().map(|room| share(1, *room)).collect(),
        room: room.to_vec(),
        content: Content::new(),
    };
    let step = order.len().div_ceil(LOOKED_AT).max(1);
    let mut open: Vec<usize> = order.iter().copied().step_by(step).collect();
    open.retain(|kind| filling.most(*kind) > 0);
    if let Some(lead) = open.first().copied() {
        filling.take(lead, 1);
        open.retain(|kind| filling.most(*kind) > 0);
    }
    while let Some(best) = filling.best(&open) {
        let most = filling.most(best);
        filling.take(best, (most / 8).max(1));
        open.retain(|kind| filling.most(*kind) > 0);
    }
    // Those that were not looked at fill what is left.
    for kind in order {
        filling.take(*kind, filling.most(*kind));
    }
    filling.content.sort_unstable();
    (filling.content, filling.room)
}

struct Filling<'k> {
    kinds: &'k [Kind],
    /// By amount: one part of the whole room.
    whole: Vec<f64>,
    room: Vec<i64>,
    content: Content,
}

#[expect(clippy::cast_precision_loss, reason = "approximate on purpose")]
fn share(part: i64, whole: i64) -> f64 {
    part as f64 / whole.max(1) as f64
}

impl Filling<'_> {
    /// How many more of a kind go in.
    fn most(&self, kind: usize) -> u32 {
        let amounts = &self.kinds[kind].amounts;
        // Most do not fit, which is seen without a division.
        if !wish::holds(&self.room, amounts) {
            return 0;
        }
        // A machine holds few kinds: looking through them is faster than a map.
        let taken = self.content.iter().find(|(taken, _)| *taken == kind);
        let taken = taken.map_or(0, |(_, pods)| *pods);
        wish::times(&self.room, amounts).min(self.kinds[kind].pods - taken)
    }

    fn take(&mut self, kind: usize, pods: u32) {
        if pods > 0 {
            let amounts = &self.kinds[kind].amounts;
            wish::add(&mut self.room, amounts, -i64::from(pods));
            match self.content.iter_mut().find(|(taken, _)| *taken == kind) {
                Some((_, before)) => *before += pods,
                None => self.content.push((kind, pods)),
            }
        }
    }

    /// The kind that asks most for what there is most of.
    #[expect(clippy::cast_precision_loss, reason = "approximate on purpose")]
    fn best(&self, open: &[usize]) -> Option<usize> {
        let left = self.room.iter().zip(&self.whole);
        let left: Vec<f64> = left
            .map(|(room, whole)| *room as f64 * whole * whole)
            .collect();
        let suits = |kind: usize| -> f64 {
            let parts = self.kinds[kind].amounts.iter().zip(&left);
            parts.map(|(amount, left)| *amount as f64 * left).sum()
        };
        let scored = open.iter().map(|kind| (*kind, suits(*kind)));
        let best = scored.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        best.map(|(kind, _)| kind)
    }
}
