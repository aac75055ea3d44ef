//! Machines that are worth buying before it is known who else comes.

use crate::resize::approximate::float_price;

use super::wish::Measure;
use super::yard::{Machine, Yard};

/// So much of the best is as good as the best: packing loses more.
const AS_GOOD: f64 = 0.98;

impl Yard<'_, '_, '_> {
    /// Whether the machine would be bought just so if more pods came: what is on it is worth as much as the best machine
    /// holds for that price, or it is such a machine and full of equal pods. `best`: see [`Self::best_rates`].
    pub(super) fn is_sure(&self, machine: &Machine, measure: &Measure, best: &[f64]) -> bool {
        let least = best[machine.site] * AS_GOOD;
        if let [_] = machine.pods[..] {
            return self.rate(machine.offer) >= least && self.is_full(machine, measure);
        }
        let price = float_price(self.market.price(machine.offer));
        self.worth(&machine.used) >= least * price
    }

    /// Whether no pod like those on it has room any more.
    fn is_full(&self, machine: &Machine, measure: &Measure) -> bool {
        let room = self.room(machine.offer, &machine.used);
        let mut pods = machine.pods.iter();
        pods.all(|(class, _)| !measure.has_room(self.trial, *class, &room))
    }

    /// By site: what the machine of it that is the best for its price holds, of those that can still be had.
    pub(super) fn best_rates(&self) -> Vec<f64> {
        let best = |offers: &Vec<usize>| {
            let had = offers.iter().filter(|offer| self.market.left[**offer] > 0);
            had.map(|offer| self.rate(*offer)).fold(0.0, f64::max)
        };
        let sites = self.market.sites.iter();
        sites.map(|site| best(&site.offers)).collect()
    }

    fn rate(&self, offer: usize) -> f64 {
        let price = float_price(self.market.price(offer)).max(1.0);
        self.worth(&self.market.holds[offer]) / price
    }
}
