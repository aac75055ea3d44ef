//! Machines for pods that wait: what is offered, what is bought of it, and what policy leaves of that.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::super::decision::{self, Decision, Held};
use super::super::grow::{self, Effort, Growth, Placed, Waiting};
use super::super::offer::{Offer, Price};
use super::super::policy::Policy;
use super::Model;
use super::allowance::Allowance;
use super::groups::Group;
use super::plans::{Kept, Plans, Settled};
use super::pods::title;
use super::time::sooner;
use crate::names::INSTANCE_TYPE;
use crate::scheduling::{ClassId, PodKey};

/// Enough for the last percents of a few thousand pods within some milliseconds.
const EFFORT: Effort = Effort {
    improvements: 2000,
    exact_up_to: 50,
    columns: 1000,
};

/// While pods come, most is decided again with the next one.
const QUICKLY: Effort = Effort {
    improvements: 0,
    exact_up_to: 0,
    columns: 0,
};

/// Names of the pods of each class, handed out one after the other.
struct Names {
    left: BTreeMap<ClassId, Vec<PodKey>>,
    /// How many pods of each class have no name yet, for they are still to come.
    owed: BTreeMap<ClassId, u32>,
}

/// What may be bought. Of those of one pool the preferred ones come first.
struct Market {
    offers: Vec<Offer>,
    /// Up to each of these, all are as much preferred.
    ends: Vec<usize>,
}

/// What is bought for each group.
#[derive(Debug, Default)]
pub(super) struct Order {
    pub machines: u32,
    pods: Vec<String>,
    /// The same by machine.
    pub plans: Vec<Vec<PodKey>>,
}

pub(super) type Orders = BTreeMap<String, Order>;

impl Model {
    /// Returns the pods that fit on what is there or on its way.
    pub(super) fn grow(
        &mut self,
        policy: &Policy,
        now: Timestamp,
        decision: &mut Decision,
    ) -> Vec<Settled> {
        // Before places are kept: afterwards those who have one count as placed, and as waiting too.
        let mut names = self.names(policy, now);
        let Kept {
            settled: mut kept,
            lost,
        } = self.keep_places();
        names.leave_out(&kept);
        let mut orders = Orders::new();
        let mut settled = kept.clone();
        let mut slack = 0;
        let mut allowance = Allowance::new(policy, decision.cost.before, || self.unpriced());
        let untouched = allowance.clone();
        if !names.left.is_empty() {
            let market = self.market(policy, now, decision);
            let mut growth = self.choose(now, &names, &market);
            if lost && let Some(anew) = self.choose_anew(policy, now, &market, &kept, &growth) {
                (names, growth) = anew;
                self.plans = Plans::default();
                (kept, settled) = (Vec::new(), Vec::new());
            }
            let Market { offers, ends } = market;
            let placed = names.settle(&growth.placed);
            self.plan_for(&placed);
            settled.extend(placed);
            slack = growth.cost.0.saturating_sub(growth.bound.0);
            if let [alone] = &mut growth.machines[..] {
                // None that is less preferred.
                let level = ends.iter().find(|end| alone.offer < **end);
                let level = level.map_or(&offers[..], |end| &offers[..*end]);
                let other = self.trade(policy, now, level, &settled, alone);
                if allowance.allows(offers[other].price) {
                    alone.sure &= other == alone.offer;
                    alone.offer = other;
                }
            }
            orders = self.order(now, &offers, &growth, &mut names, &mut allowance, decision);
            decision.helpless = names.helpless(&growth);
        }
        self.take_away(&kept);
        self.say_what_is_above_maximum(decision);
        self.reach_minimum(now, &mut orders, &mut allowance, untouched);
        allowance.explain(decision);
        // What is held back makes the bound lower by no more than its price, and the minimum has to be bought whatever
        // is chosen: the distance to the bound stays what it is.
        let bought = allowance.bought();
        decision.cost.bought = bought;
        decision.cost.bound = Price(bought.0.saturating_sub(slack));
        self.write_orders(orders, decision);
        settled
    }

    fn choose(&mut self, now: Timestamp, names: &Names, market: &Market) -> Growth {
        let hurry = self.pods.more_may_come(now);
        let effort = if hurry { QUICKLY } else { EFFORT };
        let (demand, Market { offers, ends }) = (self.pods.demand(), market);
        grow::grow_by_preference(
            &mut self.state,
            &names.waiting(),
            demand,
            offers,
            ends,
            effort,
        )
    }

    /// Another choice, with new places for everybody, if that costs less. When a place is lost because of what has come
    /// meanwhile, the places that are left may be in the way.
    fn choose_anew(
        &mut self,
        policy: &Policy,
        now: Timestamp,
        market: &Market,
        kept: &[Settled],
        other: &Growth,
    ) -> Option<(Names, Growth)> {
        if kept.is_empty() || other.machines.is_empty() {
            return None;
        }
        self.take_away(kept);
        let names = self.names(policy, now);
        let growth = self.choose(now, &names, market);
        let helpless = |growth: &Growth| growth.helpless.iter().map(|it| it.pods).sum::<u32>();
        if growth.cost < other.cost && helpless(&growth) <= helpless(other) {
            return Some((names, growth));
        }
        self.put_there(kept);
        None
    }

    /// While pods come, those that are still to come take part in the choice, but nothing is bought for them alone.
    fn names(&self, policy: &Policy, now: Timestamp) -> Names {
        let mut left: BTreeMap<ClassId, Vec<PodKey>> = BTreeMap::new();
        // From the last name on, because they are taken from the end.
        for (key, waits) in self.pods.waiting.iter().rev() {
            if waits.priority >= policy.priority_cutoff {
                left.entry(waits.class).or_default().push(key.clone());
            }
        }
        // Those that came first are helped first: nobody waits for long while others pass by.
        for names in left.values_mut() {
            names.sort_by_cached_key(|key| Reverse(self.pods.waiting.get(key).map(|it| it.since)));
        }
        let more = self.pods.more_may_come(now);
        let owed = more.then(|| self.pods.owed(&self.state, now));
        Names {
            left,
            owed: owed.unwrap_or_default(),
        }
    }

    /// All groups that may grow.
    fn market(&self, policy: &Policy, now: Timestamp, decision: &mut Decision) -> Market {
        let mut open: Vec<(&str, u32, &Group)> = Vec::new();
        for (name, group) in &self.groups {
            let Some(sizes) = group.sizes.filter(|_| group.may_not_change().is_none()) else {
                continue;
            };
            if self.ladder.closed(name, now).is_none() {
                let left = sizes.max.saturating_sub(group.replicas);
                open.push((name, left.min(self.left_in_pool(group)), group));
            }
        }
        open.sort_by_key(|(name, _, group)| (group.rung, *name));
        let mut ranks: BTreeMap<&str, usize> = BTreeMap::new();
        let mut ranked: Vec<(usize, Offer)> = Vec::new();
        for (name, left, group) in open {
            let (price, _) = self.price(group);
            let rank = ranks.entry(&group.pool).or_default();
            let own = if group.pool.is_empty() { 0 } else { *rank };
            *rank += usize::from(left > 0);
            match self.offer(name, price, left.min(policy.max_additions)) {
                Ok(offer) => ranked.push((own, offer)),
                Err(why) => decision.held.push(Held {
                    group: name.to_owned(),
                    why,
                }),
            }
        }
        Market::of(ranked)
    }

    /// How many machines more the group's pool may have: its maximum holds for all of its rungs together.
    fn left_in_pool(&self, group: &Group) -> u32 {
        if group.pool.is_empty() {
            return u32::MAX;
        }
        let rungs = || self.groups.values().filter(|of| of.pool == group.pool);
        let sizes = rungs().filter_map(|rung| rung.sizes);
        let most = sizes.map(|sizes| sizes.max).max().unwrap_or_default();
        most.saturating_sub(rungs().map(|rung| rung.replicas).sum())
    }

    /// Takes what was bought as far as policy and the pools' sizes let it.
    fn order(
        &self,
        now: Timestamp,
        offers: &[Offer],
        growth: &Growth,
        names: &mut Names,
        allowance: &mut Allowance,
        decision: &mut Decision,
    ) -> Orders {
        let mut orders = Orders::new();
        let (mut in_pools, mut full) = (BTreeMap::new(), BTreeSet::new());
        for machine in &growth.machines {
            let offer = &offers[machine.offer];
            let price = self.groups.get(&offer.group).map(|group| self.price(group));
            let price = price.map_or(Price(0), |(price, _)| price);
            let pods = names.take_keys(&machine.pods);
            if pods.is_empty() {
                continue;
            }
            if let Some(until) = self.pods.hold(now, machine.sure, &pods) {
                sooner(&mut decision.again, until);
                continue;
            }
            let group = self.groups.get(&offer.group);
            let left = group.map_or(0, |group| self.left_in_pool(group));
            let pool = group.map_or("", |group| group.pool.as_str());
            let in_pool = in_pools.entry(pool).or_insert(0);
            if *in_pool >= left {
                full.insert(pool);
                continue;
            }
            if !allowance.take(price) {
                continue;
            }
            *in_pool += 1;
            let order = orders.entry(offer.group.clone()).or_default();
            order.machines += 1;
            order.pods.extend(pods.iter().map(title));
            order.plans.push(pods);
        }
        decision.held.extend(full.into_iter().map(|pool| Held {
            group: pool.to_owned(),
            why: "its rungs together have as many machines as the pool may have".to_owned(),
        }));
        orders
    }

    fn write_orders(&mut self, orders: Orders, decision: &mut Decision) {
        let older = Arc::new(self.coming.awaited().clone());
        for (name, order) in orders {
            let Some(group) = self.groups.get(&name) else {
                continue;
            };
            let learned = self.learned.get(&group.template);
            let label = learned.and_then(|node| node.labels.get(INSTANCE_TYPE));
            let machine_type = Some(&group.machine_type).filter(|known| !known.is_empty());
            decision.grow.push(decision::Grow {
                from: group.replicas,
                to: group.replicas + order.machines,
                machine_type: machine_type.or(label).cloned().unwrap_or_default(),
                price: self.price(group).0,
                pods: order.pods,
                group: name.clone(),
            });
            for pods in order.plans {
                self.plans.add(&name, pods, &older);
            }
        }
    }
}

impl Market {
    /// Of offers with their ranks, 0 being preferred to 1.
    fn of(mut ranked: Vec<(usize, Offer)>) -> Self {
        ranked.sort_by_key(|(rank, _)| *rank);
        let tiers = ranked.chunk_by(|(a, _), (b, _)| a == b);
        let ends = tiers.scan(0, |end, tier| {
            *end += tier.len();
            Some(*end)
        });
        let mut ends: Vec<usize> = ends.collect();
        if ends.is_empty() {
            // Nothing is offered: that is what pods are told.
            ends.push(0);
        }
        Self {
            ends,
            offers: ranked.into_iter().map(|(_, offer)| offer).collect(),
        }
    }
}

impl Names {
    fn waiting(&self) -> Vec<Waiting> {
        let classes = self.left.iter();
        let waiting = classes.map(|(class, pods)| {
            let owed = self.owed.get(class).copied().unwrap_or_default();
            let pods = u32::try_from(pods.len()).unwrap_or(u32::MAX);
            Waiting {
                class: *class,
                pods: pods.saturating_add(owed),
            }
        });
        waiting.collect()
    }

    fn take(&mut self, class: ClassId, pods: u32) -> Vec<PodKey> {
        let Some(left) = self.left.get_mut(&class) else {
            return Vec::new();
        };
        let rest = left.len().saturating_sub(pods as usize);
        let mut taken = left.split_off(rest);
        taken.reverse();
        taken
    }

    fn take_keys(&mut self, pods: &[(ClassId, u32)]) -> Vec<PodKey> {
        let pods = pods.iter();
        pods.flat_map(|(class, pods)| self.take(*class, *pods))
            .collect()
    }

    /// Some have their places already.
    fn leave_out(&mut self, settled: &[Settled]) {
        let known: BTreeSet<&PodKey> = settled.iter().map(|settled| &settled.pod).collect();
        if !known.is_empty() {
            for pods in self.left.values_mut() {
                pods.retain(|pod| !known.contains(pod));
            }
            self.left.retain(|_, pods| !pods.is_empty());
        }
    }

    fn settle(&mut self, placed: &[Placed]) -> Vec<Settled> {
        let mut settled = Vec::new();
        for Placed { class, node, pods } in placed {
            let taken = self.take(*class, *pods).into_iter();
            settled.extend(taken.map(|pod| Settled {
                pod,
                class: *class,
                node: *node,
            }));
        }
        settled
    }

    fn helpless(&mut self, growth: &Growth) -> Vec<decision::Helpless> {
        let helpless = growth.helpless.iter();
        let named = helpless.map(|helpless| decision::Helpless {
            pods: self
                .take_keys(&[(helpless.class, helpless.pods)])
                .iter()
                .map(title)
                .collect(),
            why: helpless.why.clone(),
        });
        named.filter(|helpless| !helpless.pods.is_empty()).collect()
    }
}
