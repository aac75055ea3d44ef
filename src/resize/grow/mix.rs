//! Many pods without rules: machines by the relaxation over whole contents, rounded and improved.

use crate::resize::bounds;

use super::Effort;
use super::fill::Content;
use super::pack::Stock;
use super::problem;
use super::yard::Yard;

/// Contents of machines that may come up.
const CONTENTS: u32 = 1_000;
/// Steps of the search in contents for one step of improvement.
const STEPS: u64 = 500;

impl Yard<'_, '_, '_> {
    /// Buys machines for all kinds; what a machine's pods do not let in is left over.
    pub(super) fn buy_mixture(&mut self, stock: &mut Stock, effort: Effort) {
        let mixed = problem::of_kinds(&self.market, stock.kinds);
        let steps = u64::from(effort.improvements) * STEPS;
        let Some((packing, bound)) = bounds::choice(&mixed.problem, CONTENTS, steps) else {
            return;
        };
        self.bound = self.machines.is_empty().then_some(bound.price);
        for (bin, content) in packing {
            self.buy_content(stock, &content, &mixed.offers[bin]);
        }
    }

    /// One machine with this content, in the site with the fewest machines.
    fn buy_content(&mut self, stock: &mut Stock, content: &Content, offers: &[(usize, usize)]) {
        let reached = |site: usize| {
            content
                .iter()
                .all(|(kind, _)| stock.kinds[*kind].reach[site])
        };
        let can = offers
            .iter()
            .filter(|(site, offer)| self.market.left[*offer] > 0 && reached(*site));
        let Some((site, offer)) = can.min_by_key(|(site, _)| self.counts[*site]).copied() else {
            return;
        };
        let machine = self.open(site, offer);
        if self.load(machine, stock, content) == 0 {
            self.close_last();
        }
    }
}
