//! Contents from the relaxation over whole machines, rounded down: the larger part of many pods.

use crate::resize::bounds::{self, Share};

use super::fill::Content;
use super::pack::Stock;
use super::problem;
use super::yard::Yard;

impl Yard<'_, '_, '_> {
    /// Buys machines whose contents the cheapest mixture has at least once.
    pub(super) fn buy_mixture(&mut self, stock: &mut Stock, columns: u32) {
        let mixed = problem::of_kinds(&self.market, stock.kinds);
        let mut shares = bounds::mixture(&mixed.problem, columns);
        shares.sort_by(|a, b| b.times.total_cmp(&a.times));
        for share in shares {
            for _ in 0..whole(share.times) {
                if !self.buy_share(stock, &share, &mixed.offers[share.bin]) {
                    break;
                }
            }
        }
    }

    /// One machine with this content, if all of it can be had.
    fn buy_share(&mut self, stock: &mut Stock, share: &Share, offers: &[(usize, usize)]) -> bool {
        let content: Option<Vec<(usize, u32)>> = share
            .content
            .iter()
            .map(|(kinds, pods)| {
                let mut kinds = kinds.iter().copied();
                Some((kinds.find(|kind| stock.kinds[*kind].pods >= *pods)?, *pods))
            })
            .collect();
        let Some(content) = content.filter(|content| !content.is_empty()) else {
            return false;
        };
        let reached = |site: usize, content: &Content| {
            let mut kinds = content.iter();
            kinds.all(|(kind, _)| stock.kinds[*kind].reach[site])
        };
        let can = offers
            .iter()
            .filter(|(site, offer)| self.market.left[*offer] > 0 && reached(*site, &content));
        let Some((site, offer)) = can.min_by_key(|(site, _)| self.counts[*site]).copied() else {
            return false;
        };
        let machine = self.open(site, offer);
        let placed = self.load(machine, stock, &content);
        if placed == 0 {
            self.close_last();
        }
        placed > 0
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, and no more than there are pods"
)]
fn whole(times: f64) -> u32 {
    (times + 1e-6).floor() as u32
}
