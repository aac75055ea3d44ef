//! Jobs: pods that are to succeed so many times.
//!
//! Finished pods keep a finalizer until they are counted, so that none is lost when it is deleted. Left out:
//! `podFailurePolicy`, `successPolicy` and `backoffLimitPerIndex`; a Job that asks for them is not run, and an Event
//! says so.

mod pods;
mod status;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::objects::{JOB, Object, POD};
use super::selector::Selector;
use super::{claim, conditions};
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::pods::{Phase, Pod};
use crate::sim::registry::DeleteOptions;
use crate::sim::store::{Change, Key};
use status::Counts;

/// Pods that are created or deleted at one look.
const BURST: usize = 500;
const FIRST_BACKOFF: i64 = 10;
const LONGEST_BACKOFF: i64 = 600;

/// Runs Jobs.
#[derive(Debug, Default)]
pub(super) struct JobController {
    selectors: BTreeMap<Item, Selector>,
    /// Failures in a row of a Job's pods, and when the last was seen.
    failures: HashMap<Item, (u32, Timestamp)>,
}

type Job = Object<Spec, Status>;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    parallelism: Option<usize>,
    completions: Option<usize>,
    backoff_limit: Option<usize>,
    active_deadline_seconds: Option<i64>,
    ttl_seconds_after_finished: Option<i64>,
    suspend: bool,
    completion_mode: String,
    selector: Selector,
    template: Value,
    pod_failure_policy: Option<Value>,
    success_policy: Option<Value>,
    backoff_limit_per_index: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    succeeded: usize,
    failed: usize,
    start_time: Option<Timestamp>,
    completed_indexes: String,
    conditions: Vec<Value>,
}

/// Why a Job is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Complete,
    BackoffLimitExceeded,
    DeadlineExceeded,
}

/// A Job with its pods, as they were when the look began.
struct Look<'a> {
    item: &'a Item,
    job: &'a Job,
    pods: Vec<(Key, Pod)>,
    now: Timestamp,
}

impl Controller for JobController {
    fn name(&self) -> &'static str {
        "job-controller"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        if item.is(POD.resource) {
            claim::enqueue_owners(&item, JOB, &self.selectors, context);
        } else if item.is(JOB.resource) {
            claim::note_selector(&mut self.selectors, &item, change);
            if change.after.is_none() {
                self.failures.remove(&item);
            }
            context.enqueue(item);
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        let Some(job) = context.read::<Job>(item)? else {
            return Ok(());
        };
        claim::adopt_and_release(item, JOB, &job.metadata, &job.spec.selector, context)?;
        let owned = context.pods.owned(item.cluster, &job.metadata.uid);
        let look = Look {
            item,
            job: &job,
            pods: owned.map(|(key, pod)| (key.clone(), pod.clone())).collect(),
            now: context.now(),
        };
        if job.is_over() {
            return look.clean_up(context);
        }
        if job.asks_for_too_much() {
            let about = JOB.about(item, &job.metadata.uid);
            let message = "The Job uses a policy that is not simulated; it is not run";
            context.record(&about, "Warning", "UnsupportedPolicy", message);
            return Ok(());
        }
        self.run(&look, context)
    }
}

impl Job {
    fn is_over(&self) -> bool {
        let known = &self.status.conditions;
        conditions::holds(known, "Complete") || conditions::holds(known, "Failed")
    }

    fn asks_for_too_much(&self) -> bool {
        let policies = [
            &self.spec.pod_failure_policy,
            &self.spec.success_policy,
            &self.spec.backoff_limit_per_index,
        ];
        policies.iter().any(|policy| policy.is_some())
    }

    fn is_indexed(&self) -> bool {
        self.spec.completion_mode == "Indexed"
    }
}

impl JobController {
    /// One step of a Job that is not over.
    fn run(&mut self, look: &Look, context: &mut Context) -> Result<()> {
        let counts = look.counts();
        self.note_failures(look, &counts);
        let active = look.active().count();
        if let Some(end) = look.end(&counts, active) {
            let terminating = look.delete(active, context)?;
            look.write_status(&counts, Some(end), terminating == 0, context)?;
            return look.release_finished(context);
        }
        look.write_status(&counts, None, false, context)?;
        look.release_finished(context)?;
        if let Some(seconds) = look.job.spec.active_deadline_seconds {
            let since = look.job.status.start_time.unwrap_or(look.now);
            look.again_at(since.as_second() + seconds, context);
        }
        if look.job.metadata.deleted() {
            return Ok(());
        }
        let wanted = look.wanted(&counts, active);
        if active > wanted {
            look.delete(active - wanted, context)?;
            return Ok(());
        }
        let pause_ends = self.pause_ends(look.item);
        if wanted > active && pause_ends > look.now.as_second() {
            look.again_at(pause_ends, context);
            return Ok(());
        }
        look.create((wanted - active).min(BURST), &counts, context)
    }

    fn note_failures(&mut self, look: &Look, counts: &Counts) {
        if counts.newly_failed > 0 {
            let known = self
                .failures
                .entry(look.item.clone())
                .or_insert((0, look.now));
            *known = (known.0 + 1, look.now);
        } else if counts.newly_succeeded > 0 {
            self.failures.remove(look.item);
        }
    }

    /// After failures new pods wait, longer each time.
    fn pause_ends(&self, item: &Item) -> i64 {
        let Some((failures, last)) = self.failures.get(item) else {
            return 0;
        };
        let doubled = FIRST_BACKOFF << failures.saturating_sub(1).min(10);
        last.as_second() + doubled.min(LONGEST_BACKOFF)
    }
}

impl Look<'_> {
    fn active(&self) -> impl Iterator<Item = &(Key, Pod)> {
        self.pods.iter().filter(|(_, pod)| pod.active())
    }

    fn end(&self, counts: &Counts, active: usize) -> Option<End> {
        let spec = &self.job.spec;
        let since = self.job.status.start_time;
        let late = spec
            .active_deadline_seconds
            .zip(since)
            .is_some_and(|(seconds, since)| self.now.as_second() >= since.as_second() + seconds);
        let done = match spec.completions {
            Some(completions) => counts.succeeded >= completions,
            None => counts.succeeded > 0,
        };
        if counts.failed > spec.backoff_limit.unwrap_or(6) {
            Some(End::BackoffLimitExceeded)
        } else if late && !spec.suspend {
            Some(End::DeadlineExceeded)
        } else {
            (done && active == 0).then_some(End::Complete)
        }
    }

    /// How many pods are to be active.
    fn wanted(&self, counts: &Counts, active: usize) -> usize {
        let parallelism = self.job.spec.parallelism.unwrap_or(1);
        match self.job.spec.completions {
            _ if self.job.spec.suspend => 0,
            Some(completions) => completions
                .saturating_sub(counts.succeeded)
                .min(parallelism),
            None if counts.succeeded > 0 => active,
            None => parallelism,
        }
    }

    fn again_at(&self, second: i64, context: &mut Context) {
        let left = u64::try_from(second - self.now.as_second()).unwrap_or(0);
        context.enqueue_after(self.item.clone(), Duration::from_secs(left.max(1)));
    }

    /// What is left to do for a Job that is over: count nothing any more, and go when its time is up.
    fn clean_up(&self, context: &mut Context) -> Result<()> {
        self.release_finished(context)?;
        let Some(ttl) = self.job.spec.ttl_seconds_after_finished else {
            return Ok(());
        };
        let ends = ["Complete", "Failed"];
        let end = ends
            .iter()
            .find_map(|of| conditions::find(&self.job.status.conditions, of));
        let end = end.and_then(|end| end["lastTransitionTime"].as_str()?.parse().ok());
        let end: Timestamp = end.unwrap_or(self.now);
        if end.as_second() + ttl > self.now.as_second() {
            self.again_at(end.as_second() + ttl, context);
            return Ok(());
        }
        let foreground = DeleteOptions {
            propagation: Some("Foreground".to_owned()),
            ..DeleteOptions::default()
        };
        context.delete(self.item, &foreground)
    }
}
