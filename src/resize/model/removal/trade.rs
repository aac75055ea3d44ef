//! A larger machine than the waiting pods ask for, where that lets others go before they are paid for again.

use jiff::Timestamp;

use super::super::super::decision::Decision;
use super::super::super::grow::Bought;
use super::super::super::offer::Offer;
use super::super::super::policy::Policy;
use super::super::super::trade;
use super::super::Model;
use super::super::plans::Settled;
use super::super::time::since;
use super::candidates::Field;
use super::quiet_until;

/// In a larger cluster one machine more or less is not worth the time.
const MOST_NODES: usize = 200;

impl Model {
    /// What to buy in the place of the only machine that would come: the place of a larger offer, or its own.
    pub(in crate::resize::model) fn trade(
        &mut self,
        policy: &Policy,
        now: Timestamp,
        offers: &[Offer],
        settled: &[Settled],
        alone: &Bought,
    ) -> usize {
        let stay = quiet_until(&policy.quiet_hours, now).is_some();
        if stay || self.prices.billed_seconds == 0 || self.nodes.len() > MOST_NODES {
            return alone.offer;
        }
        let mut field = self.field(policy, now, settled, &mut Decision::default());
        self.price_by_what_they_save(now, &mut field);
        if field.candidates.is_empty() {
            return alone.offer;
        }
        self.with_settled(settled, |model| {
            trade::best_offer(&mut model.state, alone, offers, &field.question())
        })
    }

    /// Each candidate counts for what it costs from the end of its paid hour on, until an hour from now. Those that are
    /// not billed by the hour are left out: they go as soon as they can.
    fn price_by_what_they_save(&self, now: Timestamp, field: &mut Field) {
        let hour = u64::from(self.prices.billed_seconds);
        let all = std::mem::take(&mut field.candidates).into_iter();
        let all = all.zip(std::mem::take(&mut field.names));
        let billed = all.filter_map(|(mut candidate, name)| {
            let paid = since(self.paid_until(now, &name)?, now).as_secs();
            candidate.price = trade::unpaid(candidate.price, paid, hour);
            Some((candidate, name))
        });
        (field.candidates, field.names) = billed.unzip();
    }
}
