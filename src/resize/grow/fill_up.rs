//! Machines that were opened for pods with rules are filled up with those that have none.

use foldhash::HashMap;

use crate::resize::approximate::float_price;

use super::fill::{Content, fill};
use super::pack::Stock;
use super::wish;
use super::yard::{Machine, Yard};

/// To how many sizes a machine may grow to be filled up.
const SIZES: usize = 4;
/// How often machines are filled up, each time with the next sizes in view.
const FILLS: usize = 16;

/// What a machine becomes, and what else goes onto it.
struct Choice {
    offer: usize,
    content: Content,
    /// What of the price is of use.
    gain: f64,
}

/// The choices for machines by what they are and how much of them is used: the next one like them gets the same.
type Known = HashMap<(usize, Vec<i64>), Choice>;

impl Yard<'_, '_, '_> {
    /// Fills machines up that were opened for pods with rules, as far as that costs less than it is worth.
    pub(super) fn fill_up(&mut self, stock: &mut Stock) {
        let mut open: Vec<usize> = (0..self.machines.len()).collect();
        let mut known = Known::default();
        for round in 1..=FILLS {
            let before = stock.pods();
            if round <= SIZES {
                known.clear();
            }
            self.fill_once(stock, round.min(SIZES), &mut open, &mut known);
            if stock.pods() == 0 || stock.pods() == before && round > SIZES {
                return;
            }
        }
    }

    /// Machines for which nothing is left are open no more.
    fn fill_once(
        &mut self,
        stock: &mut Stock,
        sizes: usize,
        open: &mut Vec<usize>,
        known: &mut Known,
    ) {
        for (turn, machine) in std::mem::take(open).into_iter().enumerate() {
            if turn % 64 == 0 && stock.tidy() {
                known.clear();
            }
            let Machine { offer, used, .. } = &self.machines[machine];
            let like = (*offer, used.clone());
            let choice = match known.remove(&like) {
                Some(choice) if self.can_be_had(stock, &choice, like.0) => Some(choice),
                _ => self.best_fill(stock, machine, sizes),
            };
            let Some(choice) = choice else { continue };
            self.change(machine, choice.offer);
            self.load(machine, stock, &choice.content);
            if sizes < SIZES || !choice.content.is_empty() {
                open.push(machine);
            }
            known.insert(like, choice);
        }
    }

    /// Whether all that a choice takes is left, for a machine of such an offer.
    fn can_be_had(&self, stock: &Stock, choice: &Choice, now: usize) -> bool {
        let mut content = choice.content.iter();
        self.market.has(choice.offer, Some(now))
            && content.all(|(kind, pods)| stock.kinds[*kind].pods >= *pods)
    }

    /// The content that leaves the least of the price without use.
    fn best_fill(&self, stock: &Stock, machine: usize, sizes: usize) -> Option<Choice> {
        let now = &self.machines[machine];
        let order = &stock.orders[now.site];
        if order.kinds.is_empty() {
            return None;
        }
        let offers = self.market.sites[now.site].offers.iter().copied();
        let larger = offers.filter(|offer| {
            self.market.has(*offer, Some(now.offer))
                && wish::holds(&self.market.holds[*offer], &now.used)
        });
        let mut before: &[i64] = &[];
        let distinct = larger.filter(|offer| {
            let holds = &*self.market.holds[*offer];
            std::mem::replace(&mut before, holds) != holds
        });
        let choices = distinct.take(sizes).map(|offer| {
            let room = self.room(offer, &now.used);
            let (content, left) = fill(stock.kinds, order, &room);
            let holds = self.worth(&self.market.holds[offer]);
            Choice {
                offer,
                content,
                gain: holds - self.worth(&left) - float_price(self.market.price(offer)),
            }
        });
        choices.max_by(|a, b| a.gain.total_cmp(&b.gain).then(b.offer.cmp(&a.offer)))
    }
}
