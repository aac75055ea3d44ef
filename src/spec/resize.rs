//! What the resize loop may do: `spec.resize`, and a policy file, which is the same without `enabled`.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::Resize;
use super::reader::{Field, Object, Reader};
use crate::resize::offer::Price;
use crate::resize::policy::{Policy, QuietHours, RemovalBudget, values};

/// Fields of a policy.
pub(super) const POLICY: [&str; 13] = [
    "maxHourlyCost",
    "maxMonthlyCost",
    "priorityCutoff",
    "unneededFor",
    "beforeNextHour",
    "maxRemovals",
    "removalBudget",
    "maxAdditions",
    "settle",
    "quietHours",
    "maxUnreadyPercent",
    "retrySoldOut",
    "bootDeadline",
];

/// `spec.resize`, or what is usual.
pub(super) fn resize(spec: &Object<'_>, reader: &mut Reader) -> Option<Resize> {
    let Some(field) = spec.get("resize") else {
        return Some(Resize::default());
    };
    let known: Vec<&str> = POLICY.into_iter().chain(["enabled"]).collect();
    let object = reader.object(&field, &known)?;
    let enabled = object.get("enabled");
    let enabled = enabled.and_then(|field| reader.boolean(&field));
    Some(Resize {
        enabled: enabled.unwrap_or(true),
        policy: policy(&object, reader),
    })
}

/// A policy; what is absent, or wrong and noted, is as in [`Policy::default`].
pub(super) fn policy(object: &Object<'_>, reader: &mut Reader) -> Policy {
    let usual = Policy::default();
    let mut fields = Fields { object, reader };
    Policy {
        max_hourly_cost: fields.money("maxHourlyCost"),
        max_monthly_cost: fields.money("maxMonthlyCost"),
        priority_cutoff: fields.number(
            "priorityCutoff",
            usual.priority_cutoff,
            i32::MIN..=i32::MAX,
        ),
        unneeded_for: fields.duration("unneededFor", usual.unneeded_for),
        before_next_hour: fields.duration("beforeNextHour", usual.before_next_hour),
        max_removals: fields.number("maxRemovals", usual.max_removals, 0..=u32::MAX),
        removal_budget: fields.removal_budget(),
        max_additions: fields.number("maxAdditions", usual.max_additions, 0..=u32::MAX),
        settle: fields.duration("settle", usual.settle),
        quiet_hours: fields.quiet_hours().unwrap_or_default(),
        max_unready_percent: fields.number("maxUnreadyPercent", usual.max_unready_percent, 0..=100),
        retry_sold_out: fields.duration("retrySoldOut", usual.retry_sold_out),
        boot_deadline: fields.duration("bootDeadline", usual.boot_deadline),
    }
}

/// The fields of a policy and where to note what is wrong with them.
struct Fields<'a, 'b> {
    object: &'a Object<'a>,
    reader: &'b mut Reader,
}

impl Fields<'_, '_> {
    fn money(&mut self, name: &str) -> Option<Price> {
        let field = self.object.get(name)?;
        let text = self.reader.digits(&field)?;
        let amount = values::money(&text);
        amount
            .map_err(|wrong| self.reader.wrong(&field, wrong))
            .ok()
    }

    fn duration(&mut self, name: &str, usual: Duration) -> Duration {
        let field = self.object.get(name);
        let read = field.and_then(|field| self.reader.checked(&field, values::duration));
        read.unwrap_or(usual)
    }

    fn number<T>(&mut self, name: &str, usual: T, range: RangeInclusive<T>) -> T
    where
        T: TryFrom<i128> + PartialOrd + Display,
    {
        let field = self.object.get(name);
        let read = field.and_then(|field| self.reader.count(&field, &range));
        read.unwrap_or(usual)
    }

    fn removal_budget(&mut self) -> Option<RemovalBudget> {
        let field = self.object.get("removalBudget")?;
        let budget = self.reader.object(&field, &["nodes", "within"])?;
        let nodes = self.reader.required(&budget, "nodes");
        let within = self.reader.required(&budget, "within");
        let nodes = nodes.and_then(|field| {
            let share = values::share(&self.reader.digits(&field)?);
            share.map_err(|wrong| self.reader.wrong(&field, wrong)).ok()
        });
        let within = within.and_then(|field| self.reader.checked(&field, values::duration));
        Some(RemovalBudget {
            nodes: nodes?,
            within: within?,
        })
    }

    fn quiet_hours(&mut self) -> Option<Vec<QuietHours>> {
        let items = self.reader.list(&self.object.get("quietHours")?)?;
        let hours = items
            .iter()
            .filter_map(|item: &Field<'_>| self.reader.checked(item, values::hours));
        Some(hours.collect())
    }
}
