//! Pods that look at the others on a machine: those that keep apart, those that spread, those that follow.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::resize::approximate::float_price;
use crate::scheduling::{Apart, ClassId, NodeId};

use super::kinds::Lot;
use super::pack::AS_GOOD;
use super::wish;
use super::yard::Yard;

/// How many machines are looked at for a pod that any of most of them could take.
const LOOKED_AT: usize = 64;
/// Of how many that could take it the cheapest one is chosen.
const COMPARED: usize = 4;
/// In how many rounds pods that follow each other are placed.
const ROUNDS: u32 = 64;
/// How often pods are spread anew because machines have come meanwhile.
const ROUNDS_OF_SPREADING: u32 = 8;

impl Yard<'_, '_, '_> {
    /// A machine for each pod of a group, shared with pods of other groups. The largest groups first.
    pub(super) fn keep_apart(&mut self, lots: &mut [Lot]) {
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut numbers: HashMap<&Apart, usize> = HashMap::new();
        for (place, lot) in lots.iter().enumerate() {
            let Some(apart) = &lot.apart else { continue };
            let next = numbers.len();
            let number = *numbers.entry(apart).or_insert(next);
            groups.entry(number).or_default().push(place);
        }
        let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
        groups.sort_by_cached_key(|group| {
            let pods = group.iter().map(|lot| u64::from(lots[*lot].batch.pods));
            Reverse(pods.sum::<u64>())
        });
        for group in groups {
            self.keep_group_apart(lots, &group);
        }
    }

    fn keep_group_apart(&mut self, lots: &mut [Lot], group: &[usize]) {
        let mut taken = vec![false; self.machines.len()];
        for lot in group {
            let lot = &mut lots[*lot];
            let mut from = 0;
            while lot.batch.pods > 0 {
                let alone = self.cheapest(lot);
                let found = (from..taken.len()).find_map(|machine| {
                    let free = !taken[machine] && self.suits(machine, lot);
                    let (offer, more) = self.growth(machine, &lot.amounts).filter(|_| free)?;
                    let worthwhile = alone.is_none_or(|(_, _, alone)| {
                        float_price(more) * AS_GOOD <= float_price(alone)
                    });
                    let open = worthwhile && self.verdict(machine, lot.batch.class).is_ok();
                    open.then_some((machine, offer))
                });
                let place = found.or_else(|| self.open_for(lot, alone?));
                let Some((machine, offer)) = place else {
                    break;
                };
                taken.resize(self.machines.len(), false);
                taken[machine] = true;
                self.join(machine, offer, lot);
                from = machine + 1;
            }
        }
    }

    /// Whether a pod of the lot can be on such a machine at all.
    fn suits(&self, machine: usize, lot: &Lot) -> bool {
        lot.reach[self.machines[machine].site]
    }

    fn open_for(
        &mut self,
        lot: &Lot,
        (site, offer, _): (usize, usize, u64),
    ) -> Option<(usize, usize)> {
        let machine = self.open(site, offer);
        if self.verdict(machine, lot.batch.class).is_ok() {
            return Some((machine, offer));
        }
        // Its daemons refuse the pod.
        self.close_last();
        None
    }

    pub(super) fn join(&mut self, machine: usize, offer: usize, lot: &mut Lot) {
        self.change(machine, offer);
        let Lot { batch, amounts, .. } = lot;
        self.put(machine, batch, amounts, 1);
    }

    /// Spreads pods over the machines so far, thinly enough for machines still to come.
    pub(super) fn spread_thinly(&mut self, lots: &mut [Lot]) {
        let mut from = 0;
        for lot in lots {
            while lot.batch.pods > 0 {
                let Some((machine, offer)) = self.thin_place(lot, from) else {
                    break;
                };
                self.join(machine, offer, lot);
                from = (machine + 1) % self.machines.len();
            }
        }
    }

    fn thin_place(&self, lot: &Lot, from: usize) -> Option<(usize, usize)> {
        let inquiry = self.trial.ask(lot.batch.class).ok()?.expecting_nodes();
        let machines = (from..self.machines.len()).chain(0..from);
        let fitting = machines.take(LOOKED_AT).filter_map(|machine| {
            let node = self.machines[machine]
                .node
                .filter(|_| self.suits(machine, lot))?;
            inquiry.fits_near(node).ok()?;
            let (offer, more) = self.growth(machine, &lot.amounts)?;
            Some((machine, offer, more))
        });
        let best = fitting.take(COMPARED).min_by_key(|(_, _, more)| *more);
        best.map(|(machine, offer, _)| (machine, offer))
    }

    /// Spreads pods over all machines, and over as many more as that takes. The scheduler counts every machine, and so
    /// all that do not fit thinly are handed out once more whenever machines have come.
    pub(super) fn spread_evenly(&mut self, lots: &mut [Lot]) {
        let mut tiers: BTreeMap<Reverse<i32>, Vec<&mut Lot>> = BTreeMap::new();
        for lot in lots.iter_mut().filter(|lot| lot.batch.pods > 0) {
            let tier = Reverse(self.priority(lot.batch.class));
            tiers.entry(tier).or_default().push(lot);
        }
        for _ in 0..ROUNDS_OF_SPREADING {
            let machines = self.machines.len();
            for (Reverse(priority), lots) in &mut tiers {
                self.spread_tier(*priority, lots);
            }
            if self.machines.len() == machines {
                break;
            }
        }
    }

    fn priority(&self, class: ClassId) -> i32 {
        self.trial.content(class).priority
    }

    fn spread_tier(&mut self, priority: i32, lots: &mut [&mut Lot]) {
        let hidden = self.hide_counted(priority, lots);
        for lot in lots {
            self.take_back(lot);
            self.hand_out(lot);
        }
        for (class, node, pods) in hidden {
            self.trial.place_many(class, node, pods);
        }
    }

    /// Takes pods without rules off the nodes, though not off their machines, if the lots count them: they can come last,
    /// unless theirs is the higher priority.
    fn hide_counted(&mut self, priority: i32, lots: &[&mut Lot]) -> Vec<(ClassId, NodeId, u32)> {
        let counted: BTreeSet<usize> = lots
            .iter()
            .flat_map(|lot| self.trial.spread_over_nodes(lot.batch.class))
            .collect();
        let mut hidden = Vec::new();
        for machine in &self.machines {
            for (class, pods) in &machine.pods {
                let mut groups = self.trial.groups(*class).iter();
                let counts = groups.any(|group| counted.contains(group));
                let last =
                    || self.trial.ties(*class).is_free() && self.priority(*class) <= priority;
                if let Some(node) = machine.node.filter(|_| counts && last()) {
                    hidden.push((*class, node, *pods));
                }
            }
        }
        for (class, node, pods) in &hidden {
            self.trial.take_many(*class, *node, *pods);
        }
        hidden
    }

    fn take_back(&mut self, lot: &mut Lot) {
        for number in 0..self.machines.len() {
            let class = lot.batch.class;
            let suits = self.suits(number, lot);
            let machine = &mut self.machines[number];
            let there = machine
                .pods
                .iter()
                .position(|(of, _)| suits && *of == class);
            if let Some((_, pods)) = there.map(|place| machine.pods.remove(place)) {
                wish::add(&mut machine.used, &lot.amounts, -i64::from(pods));
                lot.batch.pods += pods;
                if let Some(node) = machine.node {
                    self.trial.take_many(class, node, pods);
                }
                if let Some(probe) = lot.batch.probe {
                    self.trial.place_many(class, probe, pods);
                }
            }
        }
    }

    fn hand_out(&mut self, lot: &mut Lot) {
        let mut from = 0;
        while lot.batch.pods > 0 {
            if let Some((machine, offer)) = self.even_place(lot, from) {
                self.join(machine, offer, lot);
                from = (machine + 1) % self.machines.len();
            } else if !self.open_many(lot) {
                break;
            }
        }
    }

    fn even_place(&self, lot: &Lot, from: usize) -> Option<(usize, usize)> {
        let inquiry = self.trial.ask(lot.batch.class).ok()?;
        let mut machines = (from..self.machines.len()).chain(0..from);
        machines.find_map(|machine| {
            let node = self.machines[machine]
                .node
                .filter(|_| self.suits(machine, lot))?;
            inquiry.fits_near(node).ok()?;
            let (offer, _) = self.growth(machine, &lot.amounts)?;
            Some((machine, offer))
        })
    }

    /// Opens as many machines as the pods take if they fill the ones that are best for them.
    fn open_many(&mut self, lot: &Lot) -> bool {
        let Some((_, per_machine)) = self.best_full_of(lot) else {
            return false;
        };
        let machines = lot.batch.pods.div_ceil(per_machine.max(1));
        (0..machines).fold(false, |any, _| {
            let cheapest = self.cheapest(lot);
            let opened = cheapest.map(|(site, offer, _)| self.open(site, offer));
            let refuses = |machine| self.verdict(machine, lot.batch.class).is_err();
            match opened {
                Some(machine) if refuses(machine) => {
                    self.close_last();
                    any
                }
                opened => any || opened.is_some(),
            }
        })
    }

    /// The offer that is the cheapest for each pod if it is full of them, and how many those are.
    fn best_full_of(&self, lot: &Lot) -> Option<(usize, u32)> {
        let sites = (0..lot.reach.len()).filter(|site| lot.reach[*site]);
        let offers = sites.flat_map(|site| self.market.sites[site].offers.iter().copied());
        let full = offers.filter_map(|offer| {
            let pods = wish::times(&self.market.holds[offer], &lot.amounts);
            let pods = pods.min(lot.batch.pods);
            (pods > 0 && self.market.left[offer] > 0).then_some((offer, pods))
        });
        full.min_by_key(|(offer, pods)| {
            u128::from(self.market.price(*offer)) * 1_000_000 / u128::from(*pods)
        })
    }

    /// Places pods that follow others, and those that they follow, a few of each at a time.
    pub(super) fn gather(&mut self, lots: &mut [Lot]) {
        for lot in lots.iter_mut() {
            self.gather_whole(lot);
        }
        let steps: Vec<u32> = lots
            .iter()
            .map(|lot| lot.batch.pods.div_ceil(ROUNDS))
            .collect();
        loop {
            let mut any = false;
            for (lot, step) in lots.iter_mut().zip(&steps) {
                for _ in 0..(*step).min(lot.batch.pods) {
                    any |= self.gather_one(lot);
                }
            }
            if !any {
                return;
            }
        }
    }

    /// Pods that want to be with each other get one machine, if one holds all of them.
    fn gather_whole(&mut self, lot: &mut Lot) {
        let groups = self.trial.groups(lot.batch.class);
        let followed: Vec<usize> = self.trial.followed(lot.batch.class).collect();
        if followed.is_empty() || !followed.iter().all(|group| groups.contains(group)) {
            return;
        }
        let mut whole = lot.clone();
        wish::add(
            &mut whole.amounts,
            &lot.amounts,
            i64::from(lot.batch.pods) - 1,
        );
        let Some((machine, offer)) = self.cheapest_place(&whole) else {
            return;
        };
        while lot.batch.pods > 0 && self.takes(machine, lot) {
            self.join(machine, offer, lot);
        }
    }

    /// On a machine that has room and takes it, or a new one if that costs less.
    pub(super) fn gather_one(&mut self, lot: &mut Lot) -> bool {
        let place = self.cheapest_place(lot);
        if let Some((machine, offer)) = place {
            self.join(machine, offer, lot);
        }
        place.is_some()
    }

    fn cheapest_place(&mut self, lot: &Lot) -> Option<(usize, usize)> {
        let there = self.any_place(lot);
        let more = there.map_or(u64::MAX, |(_, _, more)| more);
        let there = there.map(|(machine, offer, _)| (machine, offer));
        match more {
            0 => there,
            more => self.open_if_cheaper(lot, more).or(there),
        }
    }

    fn open_if_cheaper(&mut self, lot: &Lot, than: u64) -> Option<(usize, usize)> {
        let sites = (0..lot.reach.len()).filter(|site| lot.reach[*site]);
        let mut offers: Vec<(u64, u32, usize, usize)> = sites
            .filter_map(|site| {
                let offer = self.market.cheapest(site, &lot.amounts, None)?;
                Some((self.market.price(offer), self.counts[site], site, offer))
            })
            .collect();
        offers.retain(|(price, ..)| *price < than);
        offers.sort_unstable();
        for (_, _, site, offer) in offers {
            let machine = self.open(site, offer);
            if self.takes(machine, lot) {
                return Some((machine, offer));
            }
            self.close_last();
        }
        None
    }

    /// Where it costs the least more to take it in.
    fn any_place(&self, lot: &Lot) -> Option<(usize, usize, u64)> {
        let inquiry = self.trial.ask(lot.batch.class).ok()?;
        let inquiry = if self.complete {
            inquiry
        } else {
            inquiry.expecting_nodes()
        };
        let places = (0..self.machines.len()).filter_map(|machine| {
            let node = self.machines[machine]
                .node
                .filter(|_| self.suits(machine, lot))?;
            inquiry.fits_near(node).ok()?;
            inquiry.fits_beyond(node).ok()?;
            let (offer, more) = self.growth(machine, &lot.amounts)?;
            Some((machine, offer, more))
        });
        let mut best = None;
        for (machine, offer, more) in places {
            if best.is_none_or(|(_, _, least)| more < least) {
                best = Some((machine, offer, more));
            }
            if more == 0 {
                break;
            }
        }
        best
    }

    fn takes(&self, machine: usize, lot: &Lot) -> bool {
        self.fits(machine, lot.batch.class) != Some(false)
    }

    /// Takes the newest machine back, on which nobody is.
    pub(super) fn close_last(&mut self) {
        if let Some(machine) = self.machines.pop() {
            self.market.left[machine.offer] = self.market.left[machine.offer].saturating_add(1);
            self.counts[machine.site] -= 1;
            let daemons = &self.market.offers[machine.offer].daemons;
            if let Some(node) = machine.node {
                for daemon in daemons {
                    self.trial.take(*daemon, node);
                }
                self.trial.remove_node(node);
            }
        }
    }
}
