//! Machines that are worth buying before it is known who else comes.

use super::pack::float;
use super::wish::{self, Measure};
use super::yard::{Machine, Yard};

/// So much of the best is as good as the best: packing loses more.
const AS_GOOD: f64 = 0.98;

impl Yard<'_, '_, '_> {
    /// Whether the machine would be bought just so if more pods like those on it came.
    pub(super) fn is_sure(&self, machine: &Machine, measure: &Measure) -> bool {
        self.is_full(machine, measure) && self.is_best(machine)
    }

    /// Whether no pod like those on it has room any more.
    fn is_full(&self, machine: &Machine, measure: &Measure) -> bool {
        let mut room = self.market.holds[machine.offer].clone();
        wish::add(&mut room, &machine.used, -1);
        let mut pods = machine.pods.iter();
        pods.all(|(class, _)| !wish::holds(&room, &measure.amounts(self.trial, *class)))
    }

    /// Whether no other machine of its site holds more for its price.
    fn is_best(&self, machine: &Machine) -> bool {
        let rate = |offer: usize| {
            let price = float(self.market.price(offer)).max(1.0);
            self.worth(&self.market.holds[offer]) / price
        };
        let least = rate(machine.offer) / AS_GOOD;
        let offers = &self.market.sites[machine.site].offers;
        let mut had = offers.iter().filter(|offer| self.market.left[**offer] > 0);
        had.all(|offer| rate(*offer) <= least)
    }
}
