//! What policy lets a decision buy.

use super::super::decision::{Decision, Held};
use super::super::offer::Price;
use super::super::policy::Policy;

const HOURS_A_MONTH: u64 = 730;

/// How many machines may still come, and what they may cost.
#[derive(Debug, Clone)]
pub(super) struct Allowance {
    most: u32,
    machines: u32,
    /// Of all machines together, an hour.
    cap: u64,
    cost: u64,
    bought: u64,
    refused: u32,
    /// A group of which nobody knows what its machines cost, if that matters.
    unpriced: Option<String>,
}

impl Allowance {
    /// `cost`: of the machines that are there. `unpriced` finds a group of which nobody knows what its machines cost.
    pub(super) fn new<'a>(
        policy: &Policy,
        cost: Price,
        unpriced: impl FnOnce() -> Option<&'a str>,
    ) -> Self {
        let monthly = policy.max_monthly_cost.map(|cost| cost.0 / HOURS_A_MONTH);
        let caps = policy.max_hourly_cost.map(|cost| cost.0).into_iter();
        let cap = caps.chain(monthly).min();
        Self {
            most: policy.max_additions,
            machines: 0,
            cap: cap.unwrap_or(u64::MAX),
            unpriced: cap.and_then(|_| unpriced()).map(str::to_owned),
            cost: cost.0,
            bought: 0,
            refused: 0,
        }
    }

    /// Whether one machine more may come.
    pub(super) fn allows(&self, price: Price) -> bool {
        let within = self.cost.saturating_add(price.0) <= self.cap;
        self.machines < self.most && within && self.unpriced.is_none()
    }

    /// The same, and it counts either way.
    pub(super) fn take(&mut self, price: Price) -> bool {
        let allowed = self.allows(price);
        if allowed {
            self.machines += 1;
            self.cost = self.cost.saturating_add(price.0);
            self.bought = self.bought.saturating_add(price.0);
        } else {
            self.refused = self.refused.saturating_add(1);
        }
        allowed
    }

    /// How many of some equal machines may come.
    pub(super) fn take_up_to(&mut self, machines: u32, price: Price) -> u32 {
        for taken in 0..machines {
            if !self.take(price) {
                // One of them is counted already.
                self.refused = self.refused.saturating_add(machines - taken - 1);
                return taken;
            }
        }
        machines
    }

    pub(super) fn bought(&self) -> Price {
        Price(self.bought)
    }

    /// Says what was refused, if anything was.
    pub(super) fn explain(&self, decision: &mut Decision) {
        if self.refused == 0 {
            return;
        }
        let refused = self.refused;
        let machines = if refused == 1 { "machine" } else { "machines" };
        let cap = Price(self.cap);
        let limit = match &self.unpriced {
            _ if self.machines >= self.most => {
                format!("no more than {} come at once", self.most)
            }
            Some(group) => format!(
                "nobody knows what machines of {group} cost, and so whether all together cost no more than {cap} an hour; name its machine type, and prices that have it"
            ),
            None => format!("all together would cost more than {cap} an hour"),
        };
        decision.held.push(Held {
            group: "all".to_owned(),
            why: format!("{refused} {machines} more would be needed: {limit}"),
        });
    }
}
