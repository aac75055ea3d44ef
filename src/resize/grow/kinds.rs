//! Who waits, sorted by how a machine for them is found. Zones are settled here, before any machine is there.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::scheduling::{Apart, ClassId, NodeId, Trial};

use super::market::Market;
use super::wish::Wish;

/// Equal pods that have no machine yet.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub class: ClassId,
    pub pods: u32,
    /// Where they stand for now, if their zone is settled.
    pub probe: Option<NodeId>,
    /// Other pods on the same machine matter.
    pub near: bool,
}

/// Pods of one size for the same sites.
#[derive(Debug, Clone, Default)]
pub(super) struct Kind {
    pub amounts: Vec<i64>,
    /// By site.
    pub reach: Vec<bool>,
    pub pods: u32,
    /// Those with rules in front: who has less choice goes first.
    pub batches: VecDeque<Batch>,
}

/// Pods that look at the others on a machine, placed one by one.
#[derive(Debug, Clone)]
pub(super) struct Lot {
    pub batch: Batch,
    pub amounts: Vec<i64>,
    pub reach: Vec<bool>,
    pub apart: Option<Apart>,
    /// It has rules about other pods.
    pub tied: bool,
}

/// Pods of a class that wait, as far as size and price are concerned.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub class: ClassId,
    pub pods: u32,
    pub amounts: Vec<i64>,
    /// By site, whatever zone they were told.
    pub reach: Vec<bool>,
    pub apart: Option<Apart>,
}

/// Everybody who waits.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// They follow others onto their machine, or others follow them.
    pub followers: Vec<Lot>,
    /// No two of them share a machine.
    pub apart: Vec<Lot>,
    /// Spread over machines.
    pub spread: Vec<Lot>,
    pub kinds: Vec<Kind>,
    /// No zone was found for them.
    pub stranded: Vec<Lot>,
    pub parts: Vec<Part>,
}

/// Pods of a class for a site, or for several of them.
pub(super) struct Share {
    reach: Vec<bool>,
    pods: u32,
    probe: Option<NodeId>,
}

/// What sorting needs to know on the way.
struct Sorter<'m, 'a> {
    market: &'m Market<'a>,
    /// By size and by what they select: where one fits.
    reaches: BTreeMap<(usize, Vec<i64>), Vec<bool>>,
    /// How much each site has got.
    loads: Vec<u64>,
    /// Groups of pods that others follow.
    followed: BTreeSet<usize>,
}

impl Sorted {
    pub(super) fn of(trial: &mut Trial, market: &Market, wishes: &[Wish]) -> Self {
        let leads = wishes.iter().filter(|wish| wish.ties.follows);
        let followed = leads.flat_map(|wish| trial.followed(wish.class));
        let mut sorter = Sorter {
            market,
            reaches: BTreeMap::new(),
            loads: vec![0; market.sites.len()],
            followed: followed.collect(),
        };
        let mut all = Self::default();
        let mut kinds: BTreeMap<(Vec<i64>, Vec<bool>), Kind> = BTreeMap::new();
        // Of the same priority, those that are spread over machines come first, and those that even zones out by themselves
        // before others that look at the same pods: in this order the scheduler can place them.
        let mut in_turn: Vec<&Wish> = wishes.iter().filter(|wish| wish.pods > 0).collect();
        in_turn.sort_by_key(|wish| {
            let evens_out = trial.spreads_itself(wish.class);
            (Reverse(wish.priority), !wish.ties.spreads, !evens_out)
        });
        for wish in in_turn {
            let reach = sorter.reach(trial, wish);
            all.parts.push(Part::of(wish, &reach));
            let mut groups = trial.groups(wish.class).iter();
            let follows = wish.ties.follows || groups.any(|g| sorter.followed.contains(g));
            if follows {
                let share = Share::anywhere(reach, wish.pods);
                all.followers.push(Lot::of(wish, share));
                continue;
            }
            for share in sorter.shares(trial, wish, reach) {
                all.sort(wish, share, &mut kinds);
            }
        }
        all.kinds = kinds.into_values().collect();
        all
    }

    fn sort(
        &mut self,
        wish: &Wish,
        share: Share,
        kinds: &mut BTreeMap<(Vec<i64>, Vec<bool>), Kind>,
    ) {
        if !share.reach.contains(&true) {
            self.stranded.push(Lot::of(wish, share));
        } else if wish.ties.apart.is_some() {
            self.apart.push(Lot::of(wish, share));
        } else if wish.ties.spreads {
            self.spread.push(Lot::of(wish, share));
        } else {
            let key = (wish.amounts.clone(), share.reach.clone());
            kinds.entry(key).or_default().join(Lot::of(wish, share));
        }
    }
}

impl Share {
    pub(super) fn anywhere(reach: Vec<bool>, pods: u32) -> Self {
        Self {
            reach,
            pods,
            probe: None,
        }
    }
}

impl Part {
    fn of(wish: &Wish, reach: &[bool]) -> Self {
        Self {
            class: wish.class,
            pods: wish.pods,
            amounts: wish.amounts.clone(),
            reach: reach.to_vec(),
            apart: wish.ties.apart.clone(),
        }
    }
}

impl Lot {
    pub(super) fn of(wish: &Wish, share: Share) -> Self {
        Self {
            batch: Batch {
                class: wish.class,
                pods: share.pods,
                probe: share.probe,
                near: wish.ties.near,
            },
            amounts: wish.amounts.clone(),
            reach: share.reach,
            apart: wish.ties.apart.clone(),
            tied: !wish.ties.is_free(),
        }
    }
}

impl Kind {
    fn join(&mut self, lot: Lot) {
        self.pods = self.pods.saturating_add(lot.batch.pods);
        self.amounts = lot.amounts;
        self.reach = lot.reach;
        if lot.batch.near {
            self.batches.push_front(lot.batch);
        } else {
            self.batches.push_back(lot.batch);
        }
    }
}

impl Sorter<'_, '_> {
    /// Sites whose nodes take the pod, alone on the largest machine.
    fn reach(&mut self, trial: &Trial, wish: &Wish) -> Vec<bool> {
        let key = (trial.selection(wish.class), wish.amounts.clone());
        let market = self.market;
        let reach = self.reaches.entry(key).or_insert_with(|| {
            let mut reach = market.reach(trial, wish.class);
            for (site, reach) in reach.iter_mut().enumerate() {
                *reach &= market.cheapest(site, &wish.amounts, None).is_some();
            }
            reach
        });
        reach.clone()
    }

    /// Pods that look beyond single machines are told their zone one by one; so are those that are spread over machines,
    /// if rules about zones count them.
    fn shares(&mut self, trial: &mut Trial, wish: &Wish, reach: Vec<bool>) -> Vec<Share> {
        let counts = wish.ties.spreads && trial.counts_beyond(wish.class);
        let told = wish.ties.beyond || counts && self.market.has_probes();
        if !told {
            return vec![Share::anywhere(reach, wish.pods)];
        }
        let mut pods = vec![0; reach.len()];
        let mut left = wish.pods;
        while left > 0 {
            let Some((site, probe)) = self.site_for(trial, wish, &reach) else {
                break;
            };
            trial.place(wish.class, probe);
            self.loads[site] = self.loads[site].saturating_add(self.size(wish));
            pods[site] += 1;
            left -= 1;
        }
        let places = pods.iter().enumerate().filter(|(_, pods)| **pods > 0);
        let told = places.map(|(site, pods)| Share {
            reach: (0..reach.len()).map(|other| other == site).collect(),
            pods: *pods,
            probe: self.market.sites[site].probe,
        });
        let stranded = (left > 0).then(|| Share::anywhere(vec![false; reach.len()], left));
        told.chain(stranded).collect()
    }

    /// The cheapest site that its rules allow; of those that cost the same, the one with the fewest pods of its kind, and
    /// then of all.
    fn site_for(&self, trial: &Trial, wish: &Wish, reach: &[bool]) -> Option<(usize, NodeId)> {
        let inquiry = trial.ask(wish.class).ok()?;
        let sites = (0..reach.len()).filter(|site| reach[*site]);
        let sites = sites.filter_map(|site| Some((site, self.market.sites[site].probe?)));
        let fits = |(_, probe): &(usize, NodeId)| {
            inquiry.fits_beyond(*probe).is_ok() && inquiry.fits_volumes(*probe).is_ok()
        };
        let cost = |site: usize| self.market.sites[site].dearness;
        sites.filter(fits).min_by_key(|(site, probe)| {
            let crowd = trial.crowd(wish.class, *probe);
            (cost(*site), crowd, self.loads[*site], *site)
        })
    }

    fn size(&self, wish: &Wish) -> u64 {
        let parts = wish.amounts.iter().zip(&self.market.largest);
        let parts = parts.map(|(amount, all)| amount.saturating_mul(1_000_000) / (*all).max(1));
        parts.max().unwrap_or_default().max(0).unsigned_abs()
    }
}
