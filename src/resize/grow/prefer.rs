//! Offers that are taken whatever they cost, as long as they help.

use std::borrow::Cow;

use crate::resize::offer::{Offer, Price};
use crate::scheduling::Trial;

use super::wish::{Measure, Wish};
use super::{Bought, Effort, Growth, buy, yard};

/// Buys of the offers up to each of `ends` in turn, for those whom the ones before did not help.
pub(super) fn buy(
    trial: &mut Trial,
    offers: &[Offer],
    ends: &[usize],
    measure: &Measure,
    mut wishes: Vec<Wish>,
    effort: Effort,
) -> Growth {
    let mut all = Growth::default();
    let mut left = Cow::Borrowed(offers);
    for end in ends {
        if wishes.is_empty() {
            break;
        }
        let growth = buy::buy(trial, &left[..*end], measure, &wishes, effort);
        if *end < offers.len() {
            keep_helpless(&mut wishes, &growth);
            stand(trial, offers, &growth.machines, all.machines.len());
            for machine in &growth.machines {
                let limit = &mut left.to_mut()[machine.offer].limit;
                *limit = limit.saturating_sub(1);
            }
        }
        all.cost = Price(all.cost.0.saturating_add(growth.cost.0));
        all.bound = Price(all.bound.0.saturating_add(growth.bound.0));
        all.machines.extend(growth.machines);
        all.helpless = growth.helpless;
    }
    all
}

fn keep_helpless(wishes: &mut Vec<Wish>, growth: &Growth) {
    for wish in wishes.iter_mut() {
        let helpless = growth.helpless.iter();
        let of = helpless.filter(|helpless| helpless.class == wish.class);
        wish.pods = of.map(|helpless| helpless.pods).sum();
    }
    wishes.retain(|wish| wish.pods > 0);
}

/// What is bought is there for whoever chooses next: its pods count for their rules.
fn stand(trial: &mut Trial, offers: &[Offer], machines: &[Bought], from: usize) {
    for (number, machine) in machines.iter().enumerate() {
        let name = format!("resize-bought-{}", from + number);
        let Offer { node, daemons, .. } = &offers[machine.offer];
        yard::stand(trial, node, daemons, name, &machine.pods);
    }
}
