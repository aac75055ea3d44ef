//! The status of a Job: what was counted, and how it ended.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::{Value, json};

use super::{End, JOB, Look, Phase, Pod, conditions, pods};
use crate::sim::engine::Context;
use crate::sim::registry::Subresource;
use crate::timestamp::rfc3339;

/// Pods that finished, those of the status so far included.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) succeeded: usize,
    pub(super) failed: usize,
    pub(super) newly_succeeded: usize,
    pub(super) newly_failed: usize,
    /// Indexes that succeeded.
    pub(super) indexes: BTreeSet<usize>,
}

impl Look<'_> {
    pub(super) fn counts(&self) -> Counts {
        let new = || {
            self.pods
                .iter()
                .map(|(_, pod)| pod)
                .filter(|pod| pod.tracked)
        };
        let succeeded = new().filter(|pod| pod.phase == Phase::Succeeded);
        // A pod that was deleted before it finished failed.
        let failed = |pod: &&Pod| {
            pod.phase == Phase::Failed
                || (pod.deleted.is_some() && !pod.finished() && !self.job.spec.suspend)
        };
        let mut counts = Counts {
            newly_succeeded: succeeded.clone().count(),
            newly_failed: new().filter(failed).count(),
            indexes: parse_indexes(&self.job.status.completed_indexes),
            ..Counts::default()
        };
        counts.failed = self.job.status.failed + counts.newly_failed;
        if self.job.is_indexed() {
            counts.indexes.extend(succeeded.filter_map(pods::index));
            counts.succeeded = counts.indexes.len();
        } else {
            counts.succeeded = self.job.status.succeeded + counts.newly_succeeded;
        }
        counts
    }

    /// Writes what was counted; with an `end`, why the Job is over, and that it is once its pods are `gone`.
    pub(super) fn write_status(
        &self,
        counts: &Counts,
        end: Option<End>,
        gone: bool,
        context: &mut Context,
    ) -> Result<()> {
        let now = rfc3339(self.now);
        let known = self.conditions(end, gone, &now, context);
        let running: Vec<&Pod> = match end {
            Some(_) => Vec::new(),
            None => self.active().map(|(_, pod)| pod).collect(),
        };
        let ready = running.iter().filter(|pod| pod.ready).count();
        let terminating = self
            .pods
            .iter()
            .filter(|(_, pod)| pod.deleted.is_some() && !pod.finished());
        let terminating = terminating.count();
        let started = !self.job.spec.suspend;
        context.modify(self.item, Subresource::Status, |object| {
            let status = &mut object["status"];
            for (name, count) in [
                ("active", running.len()),
                ("succeeded", counts.succeeded),
                ("failed", counts.failed),
            ] {
                set_or_remove(status, name, (count > 0).then(|| count.into()));
            }
            status["ready"] = ready.into();
            status["terminating"] = terminating.into();
            status["uncountedTerminatedPods"] = json!({});
            if started && status["startTime"].is_null() {
                status["startTime"] = now.clone().into();
            }
            if !counts.indexes.is_empty() {
                status["completedIndexes"] = format_indexes(&counts.indexes).into();
            }
            if end == Some(End::Complete) && gone {
                status["completionTime"] = now.clone().into();
            }
            if !known.is_empty() {
                status["conditions"] = known.clone().into();
            }
        })?;
        Ok(())
    }

    fn conditions(
        &self,
        end: Option<End>,
        gone: bool,
        now: &str,
        context: &mut Context,
    ) -> Vec<Value> {
        let mut known = self.job.status.conditions.clone();
        self.note_suspension(&mut known, now, context);
        let Some(end) = end else {
            return known;
        };
        let (first, last) = end.conditions();
        let (reason, message) = end.reason();
        add(&mut known, first, reason, message, now);
        if gone && !conditions::holds(&known, last) {
            add(&mut known, last, reason, message, now);
            let about = JOB.about(self.item, &self.job.metadata.uid);
            match end {
                End::Complete => context.record(&about, "Normal", "Completed", "Job completed"),
                _ => context.record(&about, "Warning", reason, message),
            }
        }
        known
    }

    fn note_suspension(&self, known: &mut Vec<Value>, now: &str, context: &mut Context) {
        let suspended = self.job.spec.suspend;
        let (status, reason, message) = if suspended {
            ("True", "JobSuspended", "Job suspended")
        } else {
            ("False", "JobResumed", "Job resumed")
        };
        let current = conditions::find(known, "Suspended").map(|c| c["status"] == status);
        if current == Some(true) || (current.is_none() && !suspended) {
            return;
        }
        let about = JOB.about(self.item, &self.job.metadata.uid);
        let of = if suspended { "Suspended" } else { "Resumed" };
        context.record(&about, "Normal", of, message);
        conditions::remove(known, "Suspended");
        known.push(condition("Suspended", status, reason, message, now));
    }
}

impl End {
    /// What is said when the end is decided, and when all pods are gone.
    fn conditions(self) -> (&'static str, &'static str) {
        match self {
            Self::Complete => ("SuccessCriteriaMet", "Complete"),
            _ => ("FailureTarget", "Failed"),
        }
    }

    fn reason(self) -> (&'static str, &'static str) {
        match self {
            Self::Complete => (
                "CompletionsReached",
                "Reached expected number of succeeded pods",
            ),
            Self::BackoffLimitExceeded => (
                "BackoffLimitExceeded",
                "Job has reached the specified backoff limit",
            ),
            Self::DeadlineExceeded => (
                "DeadlineExceeded",
                "Job was active longer than specified deadline",
            ),
        }
    }
}

fn condition(of: &str, status: &str, reason: &str, message: &str, now: &str) -> Value {
    let mut condition = conditions::condition(of, status, reason, message, now);
    condition["lastProbeTime"] = now.into();
    condition
}

fn add(known: &mut Vec<Value>, of: &str, reason: &str, message: &str, now: &str) {
    if !conditions::holds(known, of) {
        known.push(condition(of, "True", reason, message, now));
    }
}

fn set_or_remove(status: &mut Value, name: &str, value: Option<Value>) {
    match value {
        Some(value) => status[name] = value,
        None => drop(
            status
                .as_object_mut()
                .and_then(|status| status.remove(name)),
        ),
    }
}

/// `0-2,5`.
fn parse_indexes(text: &str) -> BTreeSet<usize> {
    let ranges = text.split(',').filter_map(|range| {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        Some(from.parse::<usize>().ok()?..=to.parse().ok()?)
    });
    ranges.flatten().collect()
}

fn format_indexes(indexes: &BTreeSet<usize>) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for index in indexes {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *index => *last = *index,
            _ => ranges.push((*index, *index)),
        }
    }
    let texts = ranges.into_iter().map(|(from, to)| match to - from {
        0 => from.to_string(),
        1 => format!("{from},{to}"),
        _ => format!("{from}-{to}"),
    });
    texts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_written_as_ranges_and_read_again() {
        let indexes: BTreeSet<usize> = [0, 1, 2, 5, 7, 8].into();
        assert_eq!(format_indexes(&indexes), "0-2,5,7,8");
        assert_eq!(parse_indexes("0-2,5,7,8"), indexes);
        assert_eq!(parse_indexes(""), BTreeSet::new());
    }
}
