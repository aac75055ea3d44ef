//! The choice of machines, stage by stage: those with the least choice first.

use std::collections::{BTreeMap, BTreeSet};

use crate::resize::approximate::float_price;
use crate::resize::bounds;
use crate::resize::offer::{Offer, Price};
use crate::scheduling::{ClassId, Trial};

use super::kinds::{Lot, Part, Sorted};
use super::market::Market;
use super::pack::Stock;
use super::wish::{Measure, Wish};
use super::yard::{Machine, Yard};
use super::{Bought, Effort, Growth, Helpless, helpless, problem};

/// Buys for all of them together. If that leaves somebody helpless for the sake of pods of lower priority, those of higher
/// priority choose first.
pub(super) fn buy(
    trial: &mut Trial,
    offers: &[Offer],
    measure: &Measure,
    wishes: &[Wish],
    effort: Effort,
) -> Growth {
    let growth = buy_in_turn(trial, offers, measure, &[wishes], effort);
    let tiers = wishes.chunk_by(|a, b| a.priority == b.priority);
    let tiers: Vec<&[Wish]> = tiers.collect();
    let above = tiers.iter().rev().skip(1).map(|tier| tier.len());
    let above = &wishes[..above.sum()];
    let helpless = helpless_among(above, &growth);
    if helpless.is_empty() {
        return growth;
    }
    let without = buy(trial, offers, measure, above, effort);
    let without = helpless_among(above, &without);
    if helpless
        .iter()
        .all(|(class, pods)| without.get(class) >= Some(pods))
    {
        return growth;
    }
    buy_in_turn(trial, offers, measure, &tiers, effort)
}

/// How many pods of each of these wishes no machine helps.
fn helpless_among(wishes: &[Wish], growth: &Growth) -> BTreeMap<ClassId, u32> {
    let classes: BTreeSet<ClassId> = wishes.iter().map(|wish| wish.class).collect();
    let mut pods = BTreeMap::new();
    for helpless in growth
        .helpless
        .iter()
        .filter(|it| classes.contains(&it.class))
    {
        *pods.entry(helpless.class).or_default() += helpless.pods;
    }
    pods
}

/// The trial is the same afterwards.
fn buy_in_turn(
    trial: &mut Trial,
    offers: &[Offer],
    measure: &Measure,
    tiers: &[&[Wish]],
    effort: Effort,
) -> Growth {
    let begun = trial.changes();
    let market = Market::new(trial, offers, measure, tiers);
    let mut wishes = tiers.iter().flat_map(|tier| tier.iter());
    let watched = wishes.any(|wish| wish.ties.near);
    let mut yard = Yard::new(trial, market, watched);
    let (mut parts, mut homeless) = (Vec::new(), Vec::new());
    for tier in tiers {
        homeless.extend(yard.buy(tier, &mut parts, measure, effort));
    }
    if watched && tiers.len() > 1 {
        homeless.extend(yard.place_in_turn(tiers));
    }
    yard.trim();
    for lot in &homeless {
        let part = parts.iter_mut().find(|part| part.class == lot.batch.class);
        if let Some(part) = part {
            part.pods -= lot.batch.pods;
        }
    }
    // Kinds are everything if nobody has rules.
    let mut wishes = tiers.iter().flat_map(|tier| tier.iter());
    let everything = homeless.is_empty() && wishes.all(|wish| wish.ties.is_free());
    let known = yard.bound.filter(|_| everything && tiers.len() == 1);
    let bound = || bounds::bound(&problem::of(&yard.market, &parts), effort.columns).price;
    let bound = known.unwrap_or_else(bound);
    let growth = growth(&yard, &homeless, measure, Price(bound));
    trial.back_to(begun);
    growth
}

fn growth(yard: &Yard, homeless: &[Lot], measure: &Measure, bound: Price) -> Growth {
    let why = |lot: &Lot| Helpless {
        class: lot.batch.class,
        pods: lot.batch.pods,
        why: helpless::why(yard.trial, &yard.market, measure, lot),
    };
    let prices = yard.machines.iter();
    let prices = prices.map(|machine| yard.market.price(machine.offer));
    let best = yard.best_rates();
    let bought = |machine: &Machine| Bought {
        offer: machine.offer,
        pods: machine.pods.clone(),
        sure: yard.is_sure(machine, measure, &best),
    };
    let mut machines: Vec<Bought> = yard.machines.iter().map(bought).collect();
    machines.sort_by_key(|machine| !machine.sure);
    Growth {
        placed: Vec::new(),
        cost: Price(prices.fold(0, u64::saturating_add)),
        machines,
        helpless: homeless.iter().map(why).collect(),
        bound,
    }
}

impl Yard<'_, '_, '_> {
    /// Finds machines for all of these; returns those without one.
    fn buy(
        &mut self,
        wishes: &[Wish],
        parts: &mut Vec<Part>,
        measure: &Measure,
        effort: Effort,
    ) -> Vec<Lot> {
        if wishes.iter().any(|wish| wish.ties.beyond) {
            self.market.set_probes(self.trial);
        }
        self.complete = false;
        let mut sorted = Sorted::of(self.trial, &self.market, wishes);
        let pods = wishes.iter().map(|wish| u64::from(wish.pods)).sum::<u64>();
        let free = wishes.iter().all(|wish| wish.ties.is_free()) && self.machines.is_empty();
        let few = free && pods <= u64::from(effort.exact_up_to);
        self.prices = bounds::unit_prices(&problem::of_burst(&self.market, &sorted.parts, measure));
        if few && self.buy_cheapest(&sorted.parts, effort.improvements) {
            parts.append(&mut sorted.parts);
            return Vec::new();
        }
        parts.append(&mut sorted.parts);
        self.gather(&mut sorted.followers);
        self.keep_apart(&mut sorted.apart);
        self.spread_thinly(&mut sorted.spread);
        let mut stock = Stock::new(self, &mut sorted.kinds);
        self.fill_up(&mut stock);
        // A mixture is worth its while where most is still to be bought.
        if effort.improvements > 0 && stock.worth(self) > self.cost() {
            self.buy_mixture(&mut stock, effort);
        }
        let mut homeless = self.pack(&mut stock);
        self.spread_evenly(&mut sorted.spread);
        let Sorted {
            followers,
            apart,
            spread,
            stranded,
            ..
        } = sorted;
        homeless.extend([followers, apart, spread, stranded].into_iter().flatten());
        homeless.retain(|lot| lot.batch.pods > 0);
        self.try_again(&mut homeless);
        homeless
    }

    /// Once more without a thought of zones in which no machine is.
    fn try_again(&mut self, homeless: &mut Vec<Lot>) {
        for Lot { batch, .. } in homeless.iter_mut() {
            if let Some(probe) = batch.probe.take() {
                self.trial.take_many(batch.class, probe, batch.pods);
            }
        }
        self.market.remove_probes(self.trial);
        self.complete = true;
        if homeless.iter().any(|lot| lot.tied) {
            self.watch();
        }
        for lot in homeless.iter_mut().filter(|lot| lot.tied) {
            lot.reach = self.market.reach(self.trial, lot.batch.class);
            while lot.batch.pods > 0 && self.gather_one(lot) {}
        }
        homeless.retain(|lot| lot.batch.pods > 0);
    }

    fn cost(&self) -> f64 {
        let prices = self.machines.iter();
        let prices = prices.map(|machine| float_price(self.market.price(machine.offer)));
        prices.sum()
    }

    /// Makes each machine the cheapest that holds what is on it; those from which all went elsewhere are not needed.
    fn trim(&mut self) {
        self.machines.retain(|machine| !machine.pods.is_empty());
        for machine in 0..self.machines.len() {
            let now = &self.machines[machine];
            let cheapest = self.market.cheapest(now.site, &now.used, Some(now.offer));
            if let Some(cheapest) = cheapest {
                self.change(machine, cheapest);
            }
        }
    }
}
