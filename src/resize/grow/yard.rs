//! Machines that are to be bought, as far as they are filled.

use crate::resize::approximate;
use crate::scheduling::{ClassId, HOSTNAME, Node, NodeId, Refusal, Trial};

use super::kinds::{Batch, Lot};
use super::market::Market;
use super::wish;

/// A machine of the choice so far. It can still become a larger or a smaller one of its site.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub site: usize,
    pub offer: usize,
    pub used: Vec<i64>,
    pub pods: Vec<(ClassId, u32)>,
    /// Where rules are asked; machines on which none matters have none.
    pub node: Option<NodeId>,
}

#[derive(Debug)]
pub(super) struct Yard<'t, 's, 'a> {
    pub trial: &'t mut Trial<'s>,
    pub market: Market<'a>,
    pub machines: Vec<Machine>,
    /// By site.
    pub counts: Vec<u32>,
    /// Some pods have rules about others on the same machine.
    pub watched: bool,
    /// Hardly a machine is still to come.
    pub complete: bool,
    /// What a unit of each amount is worth.
    pub prices: Vec<f64>,
    /// What machines for the kinds cost at least, if that came out on the way.
    pub bound: Option<u64>,
}

/// Makes a node of a machine that is like another one, with its daemons and these pods on it.
pub(in crate::resize) fn stand(
    trial: &mut Trial,
    like: &Node,
    daemons: &[ClassId],
    name: String,
    pods: &[(ClassId, u32)],
) -> NodeId {
    let mut node = like.clone();
    node.labels.insert(HOSTNAME.to_owned(), name.clone());
    node.name = name;
    let id = trial.set_node(node);
    for daemon in daemons {
        trial.place(*daemon, id);
    }
    for (class, pods) in pods {
        trial.place_many(*class, id, *pods);
    }
    id
}

impl<'t, 's, 'a> Yard<'t, 's, 'a> {
    pub(super) fn new(trial: &'t mut Trial<'s>, market: Market<'a>, watched: bool) -> Self {
        Self {
            counts: vec![0; market.sites.len()],
            trial,
            market,
            machines: Vec::new(),
            watched,
            complete: false,
            prices: Vec::new(),
            bound: None,
        }
    }

    /// What amounts are worth, in the price of the best mixture of machines.
    pub(super) fn worth(&self, amounts: &[i64]) -> f64 {
        approximate::worth(&self.prices, amounts)
    }

    /// What is free on a machine of the offer of which so much is used.
    pub(super) fn room(&self, offer: usize, used: &[i64]) -> Vec<i64> {
        let mut room = self.market.holds[offer].clone();
        wish::add(&mut room, used, -1);
        room
    }

    /// Whether a machine holds so much more as it is.
    pub(super) fn has_room(&self, machine: usize, amounts: &[i64]) -> bool {
        let now = &self.machines[machine];
        let holds = &self.market.holds[now.offer];
        let mut rooms = holds.iter().zip(&now.used).zip(amounts);
        rooms.all(|((holds, used), amount)| *amount == 0 || used + amount <= *holds)
    }

    /// The offer that a machine needs to have to hold so much more, and what that costs more.
    pub(super) fn growth(&self, machine: usize, amounts: &[i64]) -> Option<(usize, u64)> {
        let now = &self.machines[machine];
        if self.has_room(machine, amounts) {
            return Some((now.offer, 0));
        }
        let mut used = now.used.clone();
        wish::add(&mut used, amounts, 1);
        let offer = self.market.cheapest(now.site, &used, Some(now.offer))?;
        let more = self.market.price(offer);
        Some((offer, more.saturating_sub(self.market.price(now.offer))))
    }

    /// The cheapest machine for one pod alone: its site, its offer and its price. Of sites that cost the same, the one with
    /// the fewest machines.
    pub(super) fn cheapest(&self, lot: &Lot) -> Option<(usize, usize, u64)> {
        let sites = (0..lot.reach.len()).filter(|site| lot.reach[*site]);
        let offers = sites.filter_map(|site| {
            let offer = self.market.cheapest(site, &lot.amounts, None)?;
            Some((site, offer, self.market.price(offer)))
        });
        offers.min_by_key(|(site, _, price)| (*price, self.counts[*site], *site))
    }

    pub(super) fn open(&mut self, site: usize, offer: usize) -> usize {
        self.market.left[offer] -= 1;
        self.counts[site] += 1;
        self.machines.push(Machine {
            site,
            offer,
            used: vec![0; self.market.largest.len()],
            pods: Vec::new(),
            node: None,
        });
        let machine = self.machines.len() - 1;
        if self.watched {
            self.set_node(machine);
        }
        machine
    }

    /// From now on rules are asked on every machine.
    pub(super) fn watch(&mut self) {
        self.watched = true;
        for machine in 0..self.machines.len() {
            if self.machines[machine].node.is_none() {
                self.set_node(machine);
            }
        }
    }

    /// Makes a node of the machine, with its daemons and the pods on it.
    fn set_node(&mut self, machine: usize) {
        let Machine {
            site, offer, pods, ..
        } = &self.machines[machine];
        let daemons = &self.market.offers[*offer].daemons;
        let name = format!("resize-machine-{machine}");
        let sample = &self.market.sites[*site].sample;
        self.machines[machine].node = Some(stand(self.trial, sample, daemons, name, pods));
    }

    /// Changes a machine for another one of its site.
    pub(super) fn change(&mut self, machine: usize, offer: usize) {
        let before = std::mem::replace(&mut self.machines[machine].offer, offer);
        if before != offer {
            self.market.left[before] = self.market.left[before].saturating_add(1);
            self.market.left[offer] -= 1;
        }
    }

    /// What the others on the machine say to one pod more.
    pub(super) fn verdict(&self, machine: usize, class: ClassId) -> Result<(), Refusal> {
        let inquiry = self.trial.ask(class);
        match (inquiry, self.machines[machine].node) {
            (Ok(inquiry), Some(node)) => inquiry.fits_near(node),
            _ => Ok(()),
        }
    }

    /// Whether a pod may come to a machine beside the pods that are anywhere; nothing if nobody can say.
    pub(super) fn fits(&self, machine: usize, class: ClassId) -> Option<bool> {
        let inquiry = self.trial.ask(class).ok()?;
        let node = self.machines[machine].node?;
        Some(inquiry.fits_near(node).is_ok() && inquiry.fits_beyond(node).is_ok())
    }

    /// Puts pods of a batch on a machine that has room for them.
    pub(super) fn put(&mut self, machine: usize, batch: &mut Batch, amounts: &[i64], pods: u32) {
        batch.pods -= pods;
        let machine = &mut self.machines[machine];
        if let Some(probe) = batch.probe {
            self.trial.take_many(batch.class, probe, pods);
        }
        if let Some(node) = machine.node {
            self.trial.place_many(batch.class, node, pods);
        }
        wish::add(&mut machine.used, amounts, i64::from(pods));
        match machine.pods.last_mut() {
            Some((class, count)) if *class == batch.class => *count += pods,
            _ => machine.pods.push((batch.class, pods)),
        }
    }
}
