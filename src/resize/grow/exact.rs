//! Few pods: the cheapest choice of all, as far as it can be found.

use std::collections::BTreeMap;

use crate::resize::bounds::{self, Packing};

use super::kinds::Part;
use super::problem;
use super::wish;
use super::yard::Yard;

/// Steps of the exact search for one step of the search that improves a choice.
const STEPS: u32 = 1_500;

impl Yard<'_, '_, '_> {
    /// Buys the cheapest machines that are found for pods without rules about others. False if none hold all of them.
    pub(super) fn buy_cheapest(&mut self, parts: &[Part], improvements: u32) -> bool {
        let exact = problem::exact(&self.market, parts);
        let steps = improvements.saturating_mul(STEPS);
        let Some((packing, bound)) = bounds::cheapest(&exact.problem, steps) else {
            return false;
        };
        self.bound = Some(bound.price);
        self.take_over(&packing, &exact.parts, parts);
        true
    }

    /// Opens the machines of a packing; `items` names the parts that each item stands for.
    fn take_over(&mut self, packing: &Packing, items: &[Vec<usize>], parts: &[Part]) {
        let mut left: BTreeMap<usize, u32> = BTreeMap::new();
        left.extend(
            parts
                .iter()
                .enumerate()
                .map(|(place, part)| (place, part.pods)),
        );
        for (offer, content) in packing {
            let sites = &self.market.sites;
            let Some(site) = sites.iter().position(|site| site.offers.contains(offer)) else {
                continue;
            };
            let machine = self.open(site, *offer);
            for (item, pods) in content {
                let mut wanted = *pods;
                for place in &items[*item] {
                    let part = &parts[*place];
                    let there = left.entry(*place).or_default();
                    let pods = wanted.min(*there);
                    *there -= pods;
                    wanted -= pods;
                    let machine = &mut self.machines[machine];
                    wish::add(&mut machine.used, &part.amounts, i64::from(pods));
                    machine
                        .pods
                        .extend((pods > 0).then_some((part.class, pods)));
                }
            }
        }
    }
}
