//! Pods that do not mind whom they share a machine with: contents of machines that are worth their price.

use super::fill::{Content, fill};
use super::kinds::{Batch, Kind, Lot};
use super::wish;
use super::yard::Yard;

/// To how many sizes a machine may grow to be filled up.
const SIZES: usize = 4;
/// How many of the next larger offers are compared for a machine that grows, besides those of every size.
const NEXT: usize = 24;
/// How often machines are filled up, each time with the next sizes in view.
const FILLS: usize = 16;
/// How many offers of a site are compared; of more, some in between are left out.
const OFFERS: usize = 24;
/// How many batches of a kind are tried on a machine whose pods refuse them.
const TRIES: usize = 64;
/// A larger machine is preferred to one more if it is nearly as good: it is one machine less to keep.
const AS_GOOD: f64 = 0.98;

/// Kinds with what helps to choose among them.
#[derive(Debug)]
pub(super) struct Stock<'k> {
    pub kinds: &'k mut Vec<Kind>,
    /// By site: kinds that can go there, the most worthwhile first.
    orders: Vec<Vec<usize>>,
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

impl<'k> Stock<'k> {
    pub(super) fn new(yard: &Yard, kinds: &'k mut Vec<Kind>) -> Self {
        let mut order: Vec<usize> = (0..kinds.len()).collect();
        let worth: Vec<f64> = kinds.iter().map(|k| yard.worth(&k.amounts)).collect();
        order.sort_by(|a, b| worth[*b].total_cmp(&worth[*a]).then(a.cmp(b)));
        let site = |site: usize| {
            let order = order.iter().copied();
            order.filter(|kind| kinds[*kind].reach[site]).collect()
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
    fn pods(&self) -> u64 {
        self.kinds.iter().map(|kind| u64::from(kind.pods)).sum()
    }

    /// What is left, in price.
    pub(super) fn worth(&self, yard: &Yard) -> f64 {
        let kinds = self.kinds.iter();
        let worth = kinds.map(|kind| yard.worth(&kind.amounts) * f64::from(kind.pods));
        worth.sum()
    }

    /// Forgets kinds that are used up.
    fn tidy(&mut self) {
        for order in &mut self.orders {
            let kinds = &self.kinds;
            order.retain(|kind| kinds[*kind].pods > 0);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "approximate on purpose")]
pub(super) fn float(price: u64) -> f64 {
    price as f64
}

impl Yard<'_, '_, '_> {
    /// Fills machines up that were opened for pods with rules, as far as that costs less than it is worth.
    pub(super) fn fill_up(&mut self, stock: &mut Stock) {
        for round in 1..=FILLS {
            let before = stock.pods();
            self.fill_once(stock, round.min(SIZES));
            if stock.pods() == 0 || stock.pods() == before && round > SIZES {
                return;
            }
        }
    }

    fn fill_once(&mut self, stock: &mut Stock, sizes: usize) {
        for machine in 0..self.machines.len() {
            if machine % 64 == 0 {
                stock.tidy();
            }
            if let Some(choice) = self.best_fill(stock, machine, sizes) {
                self.change(machine, choice.offer);
                self.load(machine, stock, &choice.content);
            }
        }
    }

    /// The content that leaves the least of the price without use.
    fn best_fill(&self, stock: &Stock, machine: usize, sizes: usize) -> Option<Choice> {
        let now = &self.machines[machine];
        let order = &stock.orders[now.site];
        if order.is_empty() {
            return None;
        }
        let offers = self.market.sites[now.site].offers.iter().copied();
        let larger = offers.filter(|offer| {
            (self.market.left[*offer] > 0 || *offer == now.offer)
                && wish::holds(&self.market.holds[*offer], &now.used)
        });
        let mut before: &[i64] = &[];
        let distinct = larger.filter(|offer| {
            let holds = &*self.market.holds[*offer];
            std::mem::replace(&mut before, holds) != holds
        });
        let choices = distinct.take(sizes).map(|offer| {
            let mut room = self.market.holds[offer].clone();
            wish::add(&mut room, &now.used, -1);
            let (content, left) = fill(stock.kinds, order, &room);
            let holds = self.worth(&self.market.holds[offer]);
            Choice {
                site: now.site,
                offer,
                machine: Some(machine),
                content,
                gain: holds - self.worth(&left) - float(self.market.price(offer)),
            }
        });
        choices.max_by(|a, b| a.gain.total_cmp(&b.gain).then(b.offer.cmp(&a.offer)))
    }

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
        let offers = sites.flat_map(|site| self.compared(site).map(move |offer| (site, offer)));
        let empty = vec![0; self.market.largest.len()];
        let choices = offers.filter_map(|(site, offer)| {
            let price = float(self.market.price(offer));
            let (content, worth) = self.content(stock, site, offer, &empty, lead)?;
            Some(Choice {
                site,
                offer,
                machine: None,
                content,
                gain: worth / price.max(1.0),
            })
        });
        choices.max_by(|a, b| {
            let machines = |choice: &Choice| self.counts[choice.site];
            let gain = a.gain.total_cmp(&b.gain);
            gain.then(machines(b).cmp(&machines(a)))
                .then(b.offer.cmp(&a.offer))
        })
    }

    /// Offers of a site that are worth a look: all of them, or some of every size.
    fn compared(&self, site: usize) -> impl Iterator<Item = usize> {
        let offers = &self.market.sites[site].offers;
        let step = offers.len().div_ceil(OFFERS).max(1);
        let some = offers.iter().rev().step_by(step).copied();
        some.filter(|offer| self.market.left[*offer] > 0)
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
        let offers = next
            .take(NEXT)
            .chain(self.compared(now.site).filter(dearer));
        let choices = offers.filter_map(|offer| {
            let more = float(self.market.price(offer) - price);
            let (content, worth) = self.content(stock, now.site, offer, &now.used, lead)?;
            Some(Choice {
                site: now.site,
                offer,
                machine: Some(machine),
                content,
                gain: worth / more,
            })
        });
        choices.max_by(|a, b| a.gain.total_cmp(&b.gain))
    }

    /// One of the lead and whatever else goes in, with its worth.
    fn content(
        &self,
        stock: &Stock,
        site: usize,
        offer: usize,
        used: &[i64],
        lead: usize,
    ) -> Option<(Content, f64)> {
        let mut room = self.market.holds[offer].clone();
        wish::add(&mut room, used, -1);
        let before = self.worth(&room);
        if !wish::holds(&room, &stock.kinds[lead].amounts) {
            return None;
        }
        let (content, left) = fill(stock.kinds, &stock.orders[site], &room);
        Some((content, before - self.worth(&left)))
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
