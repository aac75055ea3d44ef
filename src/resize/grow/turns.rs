//! The order of the scheduler, where machines run out and not everybody gets one.
//!
//! Machines that come for pods of lower priority take part in the spread of others, which are placed before them. So all
//! pods are put onto the machines anew as the scheduler will do it: those of higher priority first, each where it was
//! meant to be, or wherever else it fits.

use std::collections::BTreeMap;
use std::mem;

use super::kinds::{Batch, Lot, Share};
use super::wish::Wish;
use super::yard::Yard;
use crate::scheduling::ClassId;

/// Pods of a wish on a machine.
struct Meant<'w> {
    wish: &'w Wish,
    machine: usize,
    pods: u32,
}

impl Yard<'_, '_, '_> {
    /// Returns those who have no place then.
    pub(super) fn place_in_turn(&mut self, tiers: &[&[Wish]]) -> Vec<Lot> {
        self.watch();
        let mut meant = self.clear(tiers);
        for tier in &mut meant {
            self.place_where_meant(tier);
            self.place_anywhere(tier);
        }
        let left = meant.iter().flatten().filter(|meant| meant.pods > 0);
        left.map(|meant| self.lot(meant)).collect()
    }

    /// Takes everybody off the machines; returns who was where, by tier.
    fn clear<'w>(&mut self, tiers: &[&'w [Wish]]) -> Vec<Vec<Meant<'w>>> {
        let mut there: BTreeMap<ClassId, Vec<(usize, u32)>> = BTreeMap::new();
        for (number, machine) in self.machines.iter_mut().enumerate() {
            machine.used.fill(0);
            for (class, pods) in mem::take(&mut machine.pods) {
                if let Some(node) = machine.node {
                    self.trial.take_many(class, node, pods);
                }
                there.entry(class).or_default().push((number, pods));
            }
        }
        let mut meant = |wish: &'w Wish| {
            let of = there.remove(&wish.class).unwrap_or_default().into_iter();
            of.map(move |(machine, pods)| Meant {
                wish,
                machine,
                pods,
            })
        };
        let tiers = tiers.iter();
        tiers
            .map(|tier| tier.iter().flat_map(&mut meant).collect())
            .collect()
    }

    /// Some find their places only when others have.
    fn place_where_meant(&mut self, tier: &mut [Meant]) {
        loop {
            let mut any = false;
            for meant in tier.iter_mut() {
                while meant.pods > 0 && self.takes_one(meant.machine, meant.wish) {
                    self.put_one(meant.machine, meant);
                    any = true;
                }
            }
            if !any {
                return;
            }
        }
    }

    fn place_anywhere(&mut self, tier: &mut [Meant]) {
        for meant in tier {
            while meant.pods > 0 {
                let mut machines = 0..self.machines.len();
                let Some(machine) = machines.find(|it| self.takes_one(*it, meant.wish)) else {
                    break;
                };
                self.put_one(machine, meant);
            }
        }
    }

    fn takes_one(&self, machine: usize, wish: &Wish) -> bool {
        self.fits(machine, wish.class) == Some(true) && self.has_room(machine, &wish.amounts)
    }

    fn put_one(&mut self, machine: usize, meant: &mut Meant) {
        let mut batch = Batch {
            class: meant.wish.class,
            pods: 1,
            probe: None,
            near: true,
        };
        self.put(machine, &mut batch, &meant.wish.amounts, 1);
        meant.pods -= 1;
    }

    fn lot(&self, meant: &Meant) -> Lot {
        let reach = self.market.reach(self.trial, meant.wish.class);
        Lot::of(meant.wish, Share::anywhere(reach, meant.pods))
    }
}
