//! What a log tells, gathered for the page.

use std::collections::{BTreeMap, VecDeque};
use std::io::BufRead;

use anyhow::Result;
use jiff::Timestamp;

use super::series::{Point, Series};
use crate::resize::decision::Decision;
use crate::resize::history::{Act, Change, Decided, Entries, Entry, Start, View};
use crate::resize::offer::Price;

/// The page lists this many decisions, the last ones.
const DECISIONS: usize = 1000;

#[derive(Debug, Default)]
pub(super) struct Story {
    pub cluster: String,
    pub currency: String,
    pub version: String,
    pub from: Timestamp,
    pub to: Timestamp,
    pub series: Series,
    pub decisions: VecDeque<Decided>,
    pub refusals: BTreeMap<(Kind, String), Refusal>,
    pub totals: Totals,
    /// How long pods waited for a node, in seconds, from the shortest on.
    pub waits: Vec<f64>,
    pub warnings: Vec<String>,
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Totals {
    pub decisions: u64,
    pub acting: u64,
    pub added: u64,
    pub removed: u64,
    pub replaced: u64,
    pub failed_acts: u64,
    /// Of everything that was bought, and the least that it could have cost.
    pub bought: u64,
    pub bound: u64,
    /// In units of the currency, over the whole log.
    pub spent: f64,
    /// Some price was known: otherwise costs are made up.
    pub priced: bool,
}

/// What kind of thing was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    NoHelp,
    Held,
    Kept,
}

/// The same reason, told several times.
#[derive(Debug, PartialEq)]
pub(super) struct Refusal {
    pub first: Timestamp,
    pub last: Timestamp,
    pub times: u64,
    /// Pods, groups or nodes, as they were told last.
    pub about: Vec<String>,
}

/// What is known of the clusters while the log is read.
#[derive(Debug, Default)]
struct Now {
    view: View,
    cost: Price,
    /// The most since the last point.
    pending: u32,
    since: Option<Timestamp>,
}

impl Story {
    pub(super) fn of(log: impl BufRead) -> Result<Self> {
        let mut story = Self::default();
        let mut now = Now::default();
        let (start, mut entries) = Entries::begin(log)?;
        story.add(&mut now, Entry::Start(start));
        for entry in &mut entries {
            let (_, entry) = entry?;
            story.add(&mut now, entry);
        }
        let last = now.point(story.to);
        story.series.push(last);
        story.warnings.extend(entries.warning().map(str::to_owned));
        story.waits.sort_by(f64::total_cmp);
        Ok(story)
    }

    fn add(&mut self, now: &mut Now, entry: Entry) {
        let at = entry.at();
        if now.since.is_none() {
            (self.from, self.to) = (at, at);
        }
        // A clock that was set back draws nothing backwards.
        let at = at.max(self.to);
        if let Some(since) = now.since {
            self.totals.spent += units(now.cost) * seconds(since, at) / 3600.0;
        }
        now.since = Some(at);
        self.to = at;
        match entry {
            Entry::Start(start) => self.start(now, start),
            Entry::Change(change) => self.change(now, &change),
            Entry::Decision(decided) => self.decision(now, decided),
            Entry::Act(Act { result, .. }) => self.totals.failed_acts += u64::from(result.is_err()),
        }
        if self.series.is_due(at) {
            let point = now.point(at);
            self.series.push(point);
        }
    }

    fn start(&mut self, now: &mut Now, start: Start) {
        self.cluster = start.cluster;
        self.version = start.version;
        self.currency.clone_from(&start.prices.currency);
        now.view = View::new(start.prices);
        if start.midway {
            self.warnings.push(format!(
                "The log was begun anew at {:.0}, when it had grown too large.",
                start.at
            ));
        }
    }

    fn change(&mut self, now: &mut Now, change: &Change) {
        let json = change.object.as_ref().map(|object| object.get().as_bytes());
        let (namespace, name) = (&change.namespace, &change.name);
        let applied = now
            .view
            .apply(change.at, &change.resource, namespace, name, json);
        match applied {
            Ok(waited) => self
                .waits
                .extend(waited.map(|since| seconds(since, change.at))),
            Err(error) => self.warnings.push(format!("{error:#}")),
        }
        let pending = u32::try_from(now.view.pending().len()).unwrap_or(u32::MAX);
        now.pending = now.pending.max(pending);
    }

    fn decision(&mut self, now: &mut Now, decided: Decided) {
        let decision = &decided.decision;
        now.cost = decision.cost.before;
        self.totals.add(decision);
        for (kind, why, about) in refusals(decision) {
            let refusal = self
                .refusals
                .entry((kind, why.to_owned()))
                .or_insert_with(|| Refusal {
                    first: decided.at,
                    last: decided.at,
                    times: 0,
                    about: Vec::new(),
                });
            if refusal.last != decided.at || refusal.times == 0 {
                refusal.times += 1;
                refusal.about.clear();
            }
            refusal.last = decided.at;
            refusal.about.extend_from_slice(about);
        }
        let before = self.decisions.back();
        let same = before.is_some_and(|before| before.decision.helpless == decision.helpless);
        if decision.is_empty() && (same || decision.helpless.is_empty()) {
            return;
        }
        self.decisions.push_back(decided);
        if self.decisions.len() > DECISIONS {
            self.decisions.pop_front();
        }
    }
}

impl Totals {
    fn add(&mut self, decision: &Decision) {
        self.decisions += 1;
        self.acting += u64::from(!decision.is_empty());
        let grown = decision
            .grow
            .iter()
            .map(|grow| u64::from(grow.to.saturating_sub(grow.from)));
        self.added += grown.sum::<u64>();
        self.removed += decision.remove.len() as u64;
        self.replaced += decision.replace.len() as u64;
        self.priced |= !decision.cost.unpriced;
        if decision.cost.bound.0 > 0 {
            self.bought = self.bought.saturating_add(decision.cost.bought.0);
            self.bound = self.bound.saturating_add(decision.cost.bound.0);
        }
    }
}

impl Now {
    fn point(&mut self, at: Timestamp) -> Point {
        let pending = u32::try_from(self.view.pending().len()).unwrap_or(u32::MAX);
        let machines = self.view.machines().into_iter();
        let machines = machines.map(|(group, all)| (group.to_owned(), all.joined + all.coming));
        Point {
            at,
            pending: std::mem::replace(&mut self.pending, pending).max(pending),
            machines: machines.collect(),
            cost: units(self.cost),
        }
    }
}

fn refusals(decision: &Decision) -> Vec<(Kind, &str, &[String])> {
    let helpless = decision.helpless.iter();
    let helpless = helpless.map(|it| (Kind::NoHelp, it.why.as_str(), it.pods.as_slice()));
    let held = decision.held.iter();
    let held = held.map(|it| (Kind::Held, it.why.as_str(), std::slice::from_ref(&it.group)));
    let kept = decision.kept.iter();
    let kept = kept.map(|it| (Kind::Kept, it.why.as_str(), std::slice::from_ref(&it.node)));
    helpless.chain(held).chain(kept).collect()
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn units(price: Price) -> f64 {
    price.0 as f64 / 1e6
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}
