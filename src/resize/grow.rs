//! Machines for pods that wait, at the lowest price. Pure.
//!
//! # How
//!
//! 1. Pods go onto nodes that are there ([`settle`]), those of higher priority first.
//! 2. Offers that no rule tells apart form a site: a zone, mostly ([`market`]). Pods with rules about zones are told one
//!    ([`kinds`]), on a node in each site that stands for all that may come.
//! 3. Pods that look at the others on a machine get their places one by one ([`alone`]); the rest goes by size and count
//!    onto machines by the cheapest mixture of contents ([`mix`]), and what that leaves out onto those whose contents are
//!    worth the most for their price ([`pack`]).
//! 4. Each machine becomes the cheapest of its site that holds what is on it.
//!
//! Whether a rule holds is always asked of the [`State`], in which new machines are nodes on trial.

mod alone;
mod buy;
mod exact;
mod fill;
mod fill_up;
mod helpless;
mod kinds;
mod market;
mod mix;
mod pack;
mod prefer;
mod problem;
mod rooms;
mod settle;
mod sure;
#[cfg(test)]
mod tests;
mod turns;
mod wish;
mod yard;

use std::collections::BTreeMap;

use crate::scheduling::{ClassId, NodeId, State};

use super::offer::{Offer, Price};

pub(super) use yard::stand;

/// Pods of a class that wait for a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub class: ClassId,
    pub pods: u32,
}

/// What pods of a burst ask for, by the places of the resources' names, and how many ask for just that. Those count as well
/// that have their machines already: machines are worth what they hold for all of a burst, not for the last few of it.
pub type Demand = BTreeMap<Vec<(usize, i64)>, u32>;

/// How hard to look for a cheaper choice. Counted in steps, not in time: the same input gives the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Steps of the search that improves a choice; 0 takes the first one.
    pub improvements: u32,
    /// Choices for at most so many pods are looked for exactly.
    pub exact_up_to: u32,
    /// Columns that the lower bound may generate; 0 leaves it at the simple one.
    pub columns: u32,
}

/// What is to be bought, and for whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Growth {
    /// Pods that fit on nodes that are there or on their way.
    pub placed: Vec<Placed>,
    /// Those that are sure are in front.
    pub machines: Vec<Bought>,
    /// Pods that no machine would help.
    pub helpless: Vec<Helpless>,
    /// Of all bought machines.
    pub cost: Price,
    /// What machines for the pods would cost at least, whatever is chosen; where offers are preferred, of those that the
    /// order leaves.
    pub bound: Price,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    pub class: ClassId,
    pub node: NodeId,
    pub pods: u32,
}

/// One machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought {
    /// The place of its offer in the list.
    pub offer: usize,
    /// Who gets onto it, without its daemons.
    pub pods: Vec<(ClassId, u32)>,
    /// It would be bought just so if more pods came: what is on it is worth its price, or it is full of equal pods and
    /// nothing else holds more for its price.
    pub sure: bool,
}

/// Pods that stay without a node, and the one constraint that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Helpless {
    pub class: ClassId,
    pub pods: u32,
    pub why: String,
}

/// Finds places for the pods, first on what is there, then on new machines; those of higher priority first. The state is
/// the same afterwards, but for classes it got to know.
pub fn grow(state: &mut State, waiting: &[Waiting], offers: &[Offer], effort: Effort) -> Growth {
    let demand = Demand::new();
    grow_by_preference(state, waiting, &demand, offers, &[offers.len()], effort)
}

/// The same where some offers are preferred whatever they cost: first the best is made of those up to the first of `ends`,
/// then the pods for which these are not enough may have those up to the next one as well, and so on.
pub fn grow_by_preference(
    state: &mut State,
    waiting: &[Waiting],
    demand: &Demand,
    offers: &[Offer],
    ends: &[usize],
    effort: Effort,
) -> Growth {
    let (measure, mut wishes, helpless) = wish::read(state, waiting, demand, offers);
    let mut trial = state.trial();
    let placed = settle::settle(&mut trial, &measure, &mut wishes);
    wishes.retain(|wish| wish.pods > 0);
    let mut growth = prefer::buy(&mut trial, offers, ends, &measure, wishes, effort);
    growth.placed = placed;
    growth.helpless.extend(helpless);
    growth.helpless.sort_by_key(|helpless| helpless.class);
    growth
}
