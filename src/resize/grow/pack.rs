//! Pods that do not mind whom they share a machine with: contents of machines that are worth their price.

use crate::resize::approximate::float_price;

use super::fill::{Content, Order, fill};
use super::kinds::{Batch, Kind, Lot};
use super::wish;
use super::yard::Yard;

/// How many of the next larger offers are compared for a machine that grows, besides those of every size.
const NEXT: usize = 24;
/// How many offers of a site are compared; of more, some in between are left out.
const OFFERS: usize = 24;
/// How many batches of a kind are tried on a machine whose pods refuse them.
const TRIES: usize = 64;
/// A larger machine is preferred to one more if it is nearly as good: it is one machine less to keep.
pub(super) const AS_GOOD: f64 = 0.98;
/// Sums are rounded: a little more than one is surely not too little.
const ROUNDED_UP: f64 = 1.000_001;

/// Kinds with what helps to choose among them.
#[derive(Debug)]
pub(super) struct Stock<'k> {
    pub kinds: &'k mut Vec<Kind>,
    /// By site: kinds that can go there.
    pub orders: Vec<Order>,
    /// All kinds, the most worthwhile first.
    order: Vec<usize>,
}

/// What could be done next.
struct Choice {
    site: usize,
    offer: usize,
    /// The machine that changes; none, if one more is bought.
    machine: Option<usize>,
    content: Content,
    /// What each part of the price buys.
    gain: f64,
}

/// A machine to be looked at.
struct Candidate<'u> {
    site: usize,
    offer: usize,
    machine: Option<usize>,
    /// How much of it is taken already.
    used: &'u [i64],
    /// What it costs, or costs more than before.
    price: f64,
}

impl Candidate<'_> {
    fn chosen(&self, content: Content, gain: f64) -> Choice {
        Choice {
            site: self.site,
            offer: self.offer,
            machine: self.machine,
            content,
            gain,
        }
    }
}

impl<'k> Stock<'k> {
    pub(super) fn new(yard: &Yard, kinds: &'k mut Vec<Kind>) -> Self {
        let mut order: Vec<usize> = (0..kinds.len()).collect();
        let worth: Vec<f64> = kinds.iter().map(|k| yard.worth(&k.amounts)).collect();
        order.sort_by(|a, b| worth[*b].total_cmp(&worth[*a]).then(a.cmp(b)));
        let site = |site: usize| {
            let order = order.iter().copied();
            let there = order.filter(|kind| kinds[*kind].reach[site]);
            Order::of(kinds, there.collect())
        };
        Self {
            orders: (0..yard.market.sites.len()).map(site).collect(),
            order,
            kinds,
        }
    }

    /// The most worthwhile kind that is left.
    fn lead(&mut self) -> Option<usize> {
        let kinds = &self.kinds;
        let place = self.order.iter().position(|kind| kinds[*kind].pods > 0)?;
        self.order.drain(..place);
        self.order.first().copied()
    }

    /// How many pods are left.
    pub(super) fn pods(&self) -> u64 {
        self.kinds.iter().map(|kind| u64::from(kind.pods)).sum()
    }

    /// What is left, in price.
    pub(super) fn worth(&self, yard: &Yard) -> f64 {
        let kinds = self.kinds.iter();
        let worth = kinds.map(|kind| yard.worth(&kind.amounts) * f64::from(kind.pods));
        worth.sum()
    }

    /// Forgets kinds that are used up; whether there were any.
    pub(super) fn tidy(&mut self) -> bool {
        let mut any = false;
        for order in &mut self.orders {
            any |= order.tidy(self.kinds);
        }
        any
    }
}

impl Yard<'_, '_, '_> {
    /// Puts all that is left on machines: on more of them, or on larger ones in place of those that are there.
    pub(super) fn pack(&mut self, stock: &mut Stock) -> Vec<Lot> {
        let mut homeless = Vec::new();
        let mut larger = vec![0; self.market.sites.len()];
        let until = self.machines.len();
        while let Some(lead) = stock.lead() {
            stock.tidy();
            let more = self.best_machine(stock, lead);
            let grown = self.best_extension(stock, lead, &mut larger, until);
            let best = match (more, grown) {
                (Some(more), Some(grown)) if more.gain * AS_GOOD > grown.gain => Some(more),
                (more, grown) => grown.or(more),
            };
            let any = best.is_some_and(|choice| self.realize(stock, &choice) > 0);
            if !any {
                homeless.extend(refused(&mut stock.kinds[lead]));
            }
        }
        homeless
    }

    fn best_machine(&self, stock: &Stock, lead: usize) -> Option<Choice> {
        let sites = 0..self.market.sites.len();
        let sites = sites.filter(|site| stock.kinds[lead].reach[*site]);
        let compared = |site| self.compared(stock, site, lead);
        let offers = sites.flat_map(|site| compared(site).map(move |offer| (site, offer)));
        let empty = vec![0; self.market.largest.len()];
        let candidates = offers.map(|(site, offer)| Candidate {
            site,
            offer,
            machine: None,
            used: &empty,
            price: float_price(self.market.price(offer)).max(1.0),
        });
        self.best_of(stock, lead, candidates)
    }

    /// Offers of a site that are worth a look: all of them, or some of every size.
    fn compared(&self, stock: &Stock, site: usize, lead: usize) -> impl Iterator<Item = usize> {
        let offers = &self.market.sites[site].offers;
        let offers = &offers[..self.worth_while(stock, site, lead)];
        let step = offers.len().div_ceil(OFFERS).max(1);
        let some = offers.iter().rev().step_by(step).rev().copied();
        some.filter(|offer| self.market.left[*offer] > 0)
    }

    /// How many offers of a site, from the cheapest on, can be filled with what is worth their price: each of a site
    /// attaches as many volumes, and so the large ones stay empty if everybody has some. One that holds the lead is among
    /// them.
    fn worth_while(&self, stock: &Stock, site: usize, lead: usize) -> usize {
        let (offers, order) = (&self.market.sites[site].offers, &stock.orders[site]);
        let most = self.market.volumes().filter_map(|r| {
            let least = *order.least.get(r)?;
            let attached = self.market.holds[*offers.first()?][r];
            (least > 0).then(|| attached / least)
        });
        let (Some(most), Some(dearest)) = (most.min(), order.kinds.first()) else {
            return offers.len();
        };
        let amounts = |kind: usize| &stock.kinds[kind].amounts;
        let worth = self.worth(amounts(*dearest)) * float_price(most.max(0).unsigned_abs());
        let filled =
            offers.partition_point(|offer| float_price(self.market.price(*offer)) <= worth);
        let cheapest = self.market.cheapest(site, amounts(lead), None);
        let cheapest = cheapest.and_then(|it| offers.iter().position(|offer| *offer == it));
        cheapest.map_or(filled, |place| filled.max(place + 1))
    }

    /// A machine with something on it that becomes a larger one. Those that cannot are passed over for good.
    fn best_extension(
        &self,
        stock: &Stock,
        lead: usize,
        from: &mut [usize],
        until: usize,
    ) -> Option<Choice> {
        let sites = 0..self.market.sites.len();
        let sites = sites.filter(|site| stock.kinds[lead].reach[*site]);
        let choices = sites.filter_map(|site| {
            while from[site] < until {
                let machine = from[site];
                let choice = (self.machines[machine].site == site)
                    .then(|| self.extension(stock, lead, machine));
                if let Some(choice) = choice.flatten() {
                    return Some(choice);
                }
                from[site] += 1;
            }
            None
        });
        choices.max_by(|a, b| a.gain.total_cmp(&b.gain))
    }

    fn extension(&self, stock: &Stock, lead: usize, machine: usize) -> Option<Choice> {
        let now = &self.machines[machine];
        let price = self.market.price(now.offer);
        let dearer = |offer: &usize| self.market.price(*offer) > price;
        let next = self.market.sites[now.site].offers.iter().copied();
        let next = next.filter(|offer| dearer(offer) && self.market.left[*offer] > 0);
        // One of those that hold and cost the same is enough.
        let same = |a: usize, b: usize| {
            self.market.price(a) == self.market.price(b)
                && self.market.holds[a] == self.market.holds[b]
        };
        let mut before = now.offer;
        let next = next
            .take(NEXT)
            .filter(|offer| !same(std::mem::replace(&mut before, *offer), *offer));
        let offers = next.chain(self.compared(stock, now.site, lead).filter(dearer));
        let candidates = offers.map(|offer| Candidate {
            site: now.site,
            offer,
            machine: Some(machine),
            used: &now.used,
            price: float_price(self.market.price(offer) - price),
        });
        self.best_of(stock, lead, candidates)
    }

    /// The one that buys the most for its price: of those with room for one of the lead, filled with whatever else goes in.
    /// Of equals, one where there are the fewest machines.
    fn best_of<'u>(
        &self,
        stock: &Stock,
        lead: usize,
        candidates: impl Iterator<Item = Candidate<'u>>,
    ) -> Option<Choice> {
        let all = stock.worth(self) * ROUNDED_UP;
        let mut best: Option<Choice> = None;
        for candidate in candidates {
            let room = self.room(candidate.offer, candidate.used);
            let holds = self.worth(&room);
            // What it could hold at best says of most that they are not the best, without being filled.
            let most = holds.min(all) / candidate.price;
            let worse = best.as_ref().is_some_and(|best| most < best.gain);
            if worse || !wish::holds(&room, &stock.kinds[lead].amounts) {
                continue;
            }
            let (content, left) = fill(stock.kinds, &stock.orders[candidate.site], &room);
            let gain = (holds - self.worth(&left)) / candidate.price;
            let choice = candidate.chosen(content, gain);
            if best
                .as_ref()
                .is_none_or(|best| self.is_better(&choice, best))
            {
                best = Some(choice);
            }
        }
        best
    }

    fn is_better(&self, choice: &Choice, than: &Choice) -> bool {
        let rank = |choice: &Choice| (self.counts[choice.site], choice.offer);
        let gain = choice.gain.total_cmp(&than.gain);
        gain.then(rank(than).cmp(&rank(choice))).is_gt()
    }

    /// Does it, as often as there are pods for it; how many pods found a place.
    fn realize(&mut self, stock: &mut Stock, choice: &Choice) -> u32 {
        if let Some(machine) = choice.machine {
            self.change(machine, choice.offer);
            return self.load(machine, stock, &choice.content);
        }
        let each = choice.content.iter();
        let times = each
            .map(|(kind, pods)| stock.kinds[*kind].pods / pods)
            .min();
        let times = times
            .unwrap_or_default()
            .min(self.market.left[choice.offer]);
        let mut placed = 0;
        for _ in 0..times {
            let machine = self.open(choice.site, choice.offer);
            let pods = self.load(machine, stock, &choice.content);
            placed += pods;
            if pods == 0 {
                self.close_last();
                break;
            }
        }
        placed
    }

    /// Puts a content on a machine, as far as the pods there allow it.
    pub(super) fn load(&mut self, machine: usize, stock: &mut Stock, content: &Content) -> u32 {
        let kinds = content.iter();
        let placed =
            kinds.map(|(kind, pods)| self.load_kind(machine, &mut stock.kinds[*kind], *pods));
        placed.sum()
    }

    fn load_kind(&mut self, machine: usize, kind: &mut Kind, wanted: u32) -> u32 {
        let (mut left, mut place) = (wanted, 0);
        while left > 0 && place < kind.batches.len().min(TRIES) {
            let batch = &mut kind.batches[place];
            let placed = self.load_batch(machine, batch, &kind.amounts, left);
            left -= placed;
            if batch.pods == 0 {
                kind.batches.remove(place);
            } else {
                place += 1;
            }
        }
        kind.pods -= wanted - left;
        wanted - left
    }

    fn load_batch(&mut self, machine: usize, batch: &mut Batch, amounts: &[i64], most: u32) -> u32 {
        let wanted = most.min(batch.pods);
        if !batch.near {
            self.put(machine, batch, amounts, wanted);
            return wanted;
        }
        for placed in 0..wanted {
            if self.verdict(machine, batch.class).is_err() {
                return placed;
            }
            self.put(machine, batch, amounts, 1);
        }
        wanted
    }
}

/// Takes the pods out that no machine took.
fn refused(kind: &mut Kind) -> Vec<Lot> {
    kind.pods = 0;
    let batches = std::mem::take(&mut kind.batches).into_iter();
    let lot = |batch: Batch| Lot {
        tied: batch.near || batch.probe.is_some(),
        batch,
        amounts: kind.amounts.clone(),
        reach: kind.reach.clone(),
        apart: None,
    };
    batches.map(lot).collect()
}
