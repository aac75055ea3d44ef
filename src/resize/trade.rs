//! A larger machine than the waiting pods ask for, where that lets others go. Pure.
//!
//! Pods that come one by one make machines come one by one, each just large enough, and small machines cost the most for
//! what they hold. So when one is about to be bought, larger ones are looked at too: with one of them there, more nodes
//! can be emptied, and each saves what it would cost from the end of its paid hour to the end of the new machine's
//! first. What costs the least over that hour is bought.

use super::grow::{Bought, stand};
use super::offer::{Offer, Price};
use super::shrink::{Question, shrink};
use crate::scheduling::State;

/// The place of the offer to buy instead of the one that was chosen for these pods, or that one. The prices of the
/// candidates are what they save within the hour.
pub fn best_offer(
    state: &mut State,
    bought: &Bought,
    offers: &[Offer],
    question: &Question,
) -> usize {
    let mut best = (
        cost(state, bought, &offers[bought.offer], question),
        bought.offer,
    );
    for (place, offer) in offers.iter().enumerate() {
        let larger = offer.limit > 0 && offer.price > offers[bought.offer].price;
        let known = |other: &Offer| {
            (other.price, &other.node.allocatable) == (offer.price, &offer.node.allocatable)
        };
        if !larger || offers[..place].iter().any(known) {
            continue;
        }
        if let Some(cost) = cost(state, bought, offer, question)
            && best.0.is_none_or(|least| cost < least)
        {
            best = (Some(cost), place);
        }
    }
    best.1
}

/// What a machine costs from the end of its paid hour on, until an hour from now. `paid` and `hour` are in one unit.
pub fn unpaid(Price(price): Price, paid: u64, hour: u64) -> Price {
    Price(price * hour.saturating_sub(paid) / hour.max(1))
}

/// Of the machine, less what it lets go. Nothing if the pods do not fit on it.
fn cost(state: &mut State, bought: &Bought, offer: &Offer, question: &Question) -> Option<i128> {
    let mut trial = state.trial();
    let node = stand(
        &mut trial,
        &offer.node,
        &offer.daemons,
        "larger".to_owned(),
        &[],
    );
    for (class, pods) in &bought.pods {
        let fit = trial.ask(*class).ok()?.how_many(node, *pods).ok()?;
        if fit < *pods {
            return None;
        }
        trial.place_many(*class, node, *pods);
    }
    let Price(saved) = shrink(trial.as_state(), question).saved;
    Some(i128::from(offer.price.0) - i128::from(saved))
}
