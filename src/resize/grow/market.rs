//! What can be had, sorted for the search: offers that no rule tells apart form a site.

use std::collections::{BTreeSet, HashMap};

use crate::resize::offer::Offer;
use crate::scheduling::labels::Labels;
use crate::scheduling::node::{ATTACHABLE, Taint};
use crate::scheduling::{ClassId, HOSTNAME, Node, NodeId, State, Trial};

use super::wish::{self, Measure, Wish};

/// Offers, and what is left of them.
#[derive(Debug)]
pub(super) struct Market<'a> {
    pub offers: &'a [Offer],
    /// By offer: what is free for pods, daemons taken off.
    pub holds: Vec<Vec<i64>>,
    /// By offer: how many machines can still be had.
    pub left: Vec<u32>,
    pub sites: Vec<Site>,
    /// The most of each amount that any offer holds.
    pub largest: Vec<i64>,
    /// How many of the amounts tell how large a machine is.
    sizes: usize,
}

/// Offers that differ in size and price alone, as far as any rule can see: a zone, mostly. A machine can change its offer
/// for another one of its site without a pod noticing.
#[derive(Debug, Default)]
pub(super) struct Site {
    /// The cheapest first.
    pub offers: Vec<usize>,
    /// A node as it is in all of them, with nothing of it that no rule looks at.
    pub sample: Node,
    /// Stands for the site where rules about zones are asked.
    pub probe: Option<NodeId>,
    /// What its best machine costs, in millionths an hour and as if it were the largest one.
    pub dearness: u64,
}

/// What rules can see of an offer.
#[derive(PartialEq, Eq, Hash)]
struct Looks<'a> {
    labels: Vec<(&'a str, &'a str)>,
    taints: Vec<(&'a str, &'a str, &'a str)>,
    unschedulable: bool,
    /// How many volumes each driver attaches, if anybody has volumes.
    attachable: Vec<(&'a str, i64)>,
    daemons: &'a [ClassId],
}

impl<'a> Market<'a> {
    pub(super) fn new(
        state: &State,
        offers: &'a [Offer],
        measure: &Measure,
        tiers: &[&[Wish]],
    ) -> Self {
        let keys = state.labels_in_rules();
        let mut wishes = tiers.iter().flat_map(|tier| tier.iter());
        let volumes = wishes.any(|wish| !state.content(wish.class).claims.is_empty());
        let holds: Vec<Vec<i64>> = offers.iter().map(|o| room(state, o, measure)).collect();
        let mut market = Self {
            offers,
            left: offers.iter().map(|offer| offer.limit).collect(),
            sites: Vec::new(),
            largest: largest(&holds, measure.width()),
            holds,
            sizes: measure.sizes(),
        };
        market.group(&keys, volumes);
        market
    }

    fn group(&mut self, keys: &BTreeSet<&str>, volumes: bool) {
        let offers = self.offers;
        let seen = |key: &str| key != HOSTNAME && keys.contains(key);
        let mut numbers: HashMap<Looks<'a>, usize> = HashMap::new();
        for (place, offer) in offers.iter().enumerate() {
            let next = numbers.len();
            let number = *numbers
                .entry(Looks::of(offer, seen, volumes))
                .or_insert(next);
            if number == next {
                self.sites.push(Site {
                    sample: sample(&offer.node, keys),
                    ..Site::default()
                });
            }
            self.sites[number].offers.push(place);
        }
        for site in 0..self.sites.len() {
            self.sites[site]
                .offers
                .sort_by_key(|offer| (offers[*offer].price, *offer));
            self.sites[site].dearness = self.dearness(site);
        }
    }

    fn dearness(&self, site: usize) -> u64 {
        let offers = self.sites[site].offers.iter();
        let offers = offers.filter(|offer| self.left[**offer] > 0);
        let price = |offer: &usize| {
            let parts = self.holds[*offer].iter().zip(&self.largest);
            let sizes = parts.take(self.sizes);
            let share = sizes.map(|(holds, all)| holds.saturating_mul(1_000) / (*all).max(1));
            let share = share.min().unwrap_or_default().max(1).unsigned_abs();
            self.price(*offer).saturating_mul(1_000) / share
        };
        offers.map(price).min().unwrap_or(u64::MAX)
    }

    /// Places of the amounts that are volumes.
    pub(super) fn volumes(&self) -> std::ops::Range<usize> {
        self.sizes..self.largest.len()
    }

    pub(super) fn price(&self, offer: usize) -> u64 {
        self.offers[offer].price.0
    }

    /// Whether a machine of the offer can be had; `kept` can, for it is kept for that.
    pub(super) fn has(&self, offer: usize, kept: Option<usize>) -> bool {
        self.left[offer] > 0 || Some(offer) == kept
    }

    /// The cheapest offer of a site that holds the amounts and can be had.
    pub(super) fn cheapest(
        &self,
        site: usize,
        amounts: &[i64],
        kept: Option<usize>,
    ) -> Option<usize> {
        let offers = self.sites[site].offers.iter().copied();
        let mut can = offers.filter(|offer| self.has(*offer, kept));
        can.find(|offer| wish::holds(&self.holds[*offer], amounts))
    }

    /// By site: whether its nodes as such take pods of the class.
    pub(super) fn reach(&self, state: &State, class: ClassId) -> Vec<bool> {
        let open = |site: &Site| state.node_rule(class, &site.sample).is_none();
        self.sites.iter().map(open).collect()
    }

    /// Puts a node into each site that stands for all that may come: any number of pods and of volumes.
    pub(super) fn set_probes(&mut self, trial: &mut Trial) {
        for (number, site) in self.sites.iter_mut().enumerate() {
            let mut node = site.sample.clone();
            node.labels.remove(HOSTNAME);
            node.allocatable.clear();
            node.name = format!("resize-site-{number}");
            site.probe = Some(trial.set_node(node));
        }
    }

    pub(super) fn has_probes(&self) -> bool {
        self.sites.iter().any(|site| site.probe.is_some())
    }

    pub(super) fn remove_probes(&mut self, trial: &mut Trial) {
        for site in &mut self.sites {
            if let Some(probe) = site.probe.take() {
                trial.remove_node(probe);
            }
        }
    }
}

impl<'a> Looks<'a> {
    fn of(offer: &'a Offer, seen: impl Fn(&str) -> bool, volumes: bool) -> Self {
        let amounts = offer.node.allocatable.iter();
        let attachable = amounts.filter(|(name, _)| volumes && name.starts_with(ATTACHABLE));
        let labels: &'a Labels = &offer.node.labels;
        let labels = labels.iter().filter(|(key, _)| seen(key));
        let taint = |taint: &'a Taint| (&*taint.key, &*taint.value, &*taint.effect);
        Self {
            labels: labels.map(|(key, value)| (&**key, &**value)).collect(),
            taints: offer.node.taints.iter().map(taint).collect(),
            unschedulable: offer.node.unschedulable,
            attachable: attachable.map(|(name, most)| (&**name, *most)).collect(),
            daemons: &offer.daemons,
        }
    }
}

/// The node with nothing but what rules look at: of its room that is how many volumes it attaches.
fn sample(node: &Node, keys: &BTreeSet<&str>) -> Node {
    let mut node = node.clone();
    node.labels.retain(|key, _| keys.contains(&**key));
    let attaches = |name: &String, _: &mut i64| name.starts_with(ATTACHABLE);
    node.allocatable.retain(attaches);
    node
}

/// What is free on a machine of the offer once its daemons run.
fn room(state: &State, offer: &Offer, measure: &Measure) -> Vec<i64> {
    let mut room = measure.holds(state, offer);
    for daemon in &offer.daemons {
        wish::add(&mut room, &measure.amounts(state, *daemon), -1);
    }
    room
}

fn largest(holds: &[Vec<i64>], width: usize) -> Vec<i64> {
    let most = |r: usize| holds.iter().map(|holds| holds[r]).max();
    (0..width).map(|r| most(r).unwrap_or_default()).collect()
}
