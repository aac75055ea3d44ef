//! What the loop does, as numbers: Prometheus' text format without a library for it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::super::decision::Decision;
use super::super::history::View;

mod histogram;
pub(super) mod text;

use histogram::Histogram;

/// Upper ends of the buckets of waiting times, in seconds.
const WAITS: [f64; 12] = [
    0.1, 0.5, 1.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0,
];

/// Upper ends of the buckets of times to decide, in seconds.
const DECIDING: [f64; 10] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Different reasons of a kind; more of them are counted together.
const REASONS: usize = 30;

/// A reason is told in so many characters.
const REASON: usize = 60;

/// Numbers since the start of the process.
#[derive(Debug)]
pub(super) struct Metrics {
    view: View,
    waits: Histogram,
    deciding: Histogram,
    /// By what they do: `grow`, `remove`, `replace`, `nothing`.
    decisions: BTreeMap<&'static str, u64>,
    /// By group and by what becomes of them: `added`, `removed`, `replaced`.
    machines: BTreeMap<(String, &'static str), u64>,
    /// Of the last decision, by kind and reason.
    refused: BTreeMap<(&'static str, String), u64>,
    /// Of the last decision that bought machines.
    gap: f64,
    /// By verb, resource and code.
    requests: BTreeMap<(String, String, u16), u64>,
    /// By whether they succeeded.
    acts: BTreeMap<&'static str, u64>,
    leads: bool,
    log_failed: bool,
}

impl Metrics {
    pub(super) fn new(view: View) -> Self {
        Self {
            view,
            waits: Histogram::new(&WAITS),
            deciding: Histogram::new(&DECIDING),
            decisions: BTreeMap::new(),
            machines: BTreeMap::new(),
            refused: BTreeMap::new(),
            gap: 0.0,
            requests: BTreeMap::new(),
            acts: BTreeMap::new(),
            leads: false,
            log_failed: false,
        }
    }

    /// Takes over an object or its deletion.
    pub(super) fn change(
        &mut self,
        at: Timestamp,
        resource: &str,
        namespace: &str,
        name: &str,
        json: Option<&[u8]>,
    ) {
        match self.view.apply(at, resource, namespace, name, json) {
            Ok(Some(since)) => self.waits.add(at.duration_since(since).as_secs_f64()),
            Ok(None) => {}
            Err(error) => tracing::debug!("metrics: {error:#}"),
        }
    }

    pub(super) fn decision(&mut self, decision: &Decision, took: Duration) {
        self.deciding.add(took.as_secs_f64());
        let does = [
            ("grow", !decision.grow.is_empty()),
            ("remove", !decision.remove.is_empty()),
            ("replace", !decision.replace.is_empty()),
            ("nothing", decision.is_empty()),
        ];
        for (what, _) in does.into_iter().filter(|(_, is)| *is) {
            *self.decisions.entry(what).or_default() += 1;
        }
        for grow in &decision.grow {
            self.machines(&grow.group, "added", grow.to.saturating_sub(grow.from));
        }
        for remove in &decision.remove {
            self.machines(&remove.group, "removed", 1);
        }
        for replace in &decision.replace {
            self.machines(&replace.group, "replaced", 1);
        }
        self.gap = decision.cost.gap().unwrap_or(self.gap);
        self.refused = refused(decision);
    }

    pub(super) fn request(&mut self, verb: &str, resource: &str, code: u16) {
        let key = (verb.to_owned(), resource.to_owned(), code);
        *self.requests.entry(key).or_default() += 1;
    }

    pub(super) fn act(&mut self, succeeded: bool) {
        let result = if succeeded { "done" } else { "failed" };
        *self.acts.entry(result).or_default() += 1;
    }

    pub(super) fn leads(&mut self, leads: bool) {
        self.leads = leads;
    }

    /// Nothing is logged any more.
    pub(super) fn log_failed(&mut self) {
        self.log_failed = true;
    }

    fn machines(&mut self, group: &str, change: &'static str, count: u32) {
        let key = (group.to_owned(), change);
        *self.machines.entry(key).or_default() += u64::from(count);
    }
}

/// Pods, nodes and groups by why nothing is done about them.
fn refused(decision: &Decision) -> BTreeMap<(&'static str, String), u64> {
    let helpless = decision.helpless.iter();
    let helpless = helpless.map(|it| ("pod_helpless", &it.why, it.pods.len() as u64));
    let kept = decision.kept.iter().map(|it| ("node_kept", &it.why, 1));
    let held = decision.held.iter().map(|it| ("group_held", &it.why, 1));
    let mut refused = BTreeMap::new();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for (kind, why, count) in helpless.chain(kept).chain(held) {
        let mut key = (kind, reason(why));
        if !refused.contains_key(&key) {
            let reasons = kinds.entry(kind).or_default();
            *reasons += 1;
            if *reasons > REASONS {
                "other".clone_into(&mut key.1);
            }
        }
        *refused.entry(key).or_default() += count;
    }
    refused
}

/// A reason without what is different each time: `insufficient cpu: asks for 40 cores` becomes `insufficient cpu`.
/// Each reason is a time series of its own, and names of pods would make too many.
fn reason(why: &str) -> String {
    let end = why.find([':', '(', ';']).unwrap_or(why.len());
    let words = why[..end].split_whitespace().map(|word| {
        let name = word.contains(|c: char| c.is_ascii_digit() || "/`'\"".contains(c));
        if name { "*" } else { word }
    });
    let words: Vec<&str> = words.collect();
    words.join(" ").chars().take(REASON).collect()
}

#[cfg(test)]
mod tests;
