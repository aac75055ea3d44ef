//! A good choice for many different items. Pure.

use super::choice::{Choice, Filled, MANY, Worths, rounded};
use super::classes::Classes;
use super::configurations;
use super::divided::divide;
use super::reduced::{Reduced, Shape};
use super::shares::Shares;

/// How many times as many steps there are where none are spent on contents of the relaxation: for few items, and for many.
const FEWER: u64 = 3;
const MORE: u64 = 12;
/// So many items are chosen for by classes too, with so many contents of these.
const FEW: u64 = 2_000;
const CLASSED: u32 = 600;
/// How often bins get their shares of what is left.
const SHARINGS: u32 = 3;

/// Bins for all items with so many steps of improvement; nothing is said of what they cost at least. Bins get their shares
/// of all items; where they are few, it matters how many there are of each kind, and so classes of items are tried as well.
pub(super) fn choose(reduced: &Reduced, steps: u64) -> Option<(Vec<Filled>, u64)> {
    let alike = |shape: &Shape| shape.apart.is_none() && shape.most >= shape.count;
    // Where all bins hold much the same, greedy contents are as good.
    if !reduced.shapes.iter().all(alike) || !reduced.has_small_choosy() {
        return None;
    }
    let values = divide(reduced)?.values(reduced);
    let worths = Worths::of(
        reduced,
        configurations::whole_values(&values, reduced.items()),
    );
    let few = reduced.items() <= FEW;
    let times = if few { FEWER } else { MORE };
    let shared = by_shares(Choice::new(reduced, &worths, steps.saturating_mul(times)));
    let classed = few.then(|| by_classes(Choice::new(reduced, &worths, steps)));
    let both = shared.into_iter().chain(classed.flatten());
    Some((both.min_by_key(Choice::price)?.bins(), 0))
}

fn by_shares(mut choice: Choice) -> Option<Choice> {
    let mut counts = choice.reduced.counts();
    for _ in 0..SHARINGS {
        let (rest, shapes) = choice.reduced.rest(&counts, &choice.left);
        if rest.shapes.len() <= MANY {
            break;
        }
        for (stock, mut content) in Shares::of(&rest)?.bins() {
            for (shape, _) in &mut content {
                *shape = shapes[*shape];
            }
            choice.take_of(&mut counts, stock, &content, false);
        }
    }
    let complete = choice.dive_for_rest(counts);
    choice.improve(0);
    complete.then_some(choice)
}

fn by_classes(mut choice: Choice) -> Option<Choice> {
    let mut classes = Classes::of(choice.reduced);
    let mut plans = rounded(configurations::mixture(&classes.reduced, CLASSED).0);
    plans.sort_by_key(|(_, plan)| !classes.has_choosy(plan));
    for (stock, plan) in plans {
        let content = classes.fill(stock, &plan);
        if !content.is_empty() && !choice.take((stock, content)) {
            return None;
        }
    }
    let complete = choice.pack_rest(&classes.items.left());
    choice.improve(0);
    complete.then_some(choice)
}
