//! DELETE: preconditions, grace periods, finalizers and what becomes of the dependents.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::transaction::{Done, Step};
use super::{DeleteOptions, Registry, Target, Written, definitions, object};
use crate::sim::resources::Resource;
use crate::sim::status::{self, Cause, Status};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

/// What a DELETE has come to.
enum Fate {
    /// It waits for finalizers or its grace period.
    Pending,
    /// It is to be removed by a second write, so that watchers see its last grace period.
    Due,
    Gone,
}

impl Registry {
    pub(super) fn delete_object(
        &self,
        target: &Target,
        options: &DeleteOptions,
    ) -> Result<Written, Status> {
        validate(options)?;
        let mut fate = Fate::Pending;
        let mut done = self.transact(target, options.dry_run, |before, _| {
            let before = before.ok_or_else(|| Status::not_found(&target.resource, &target.name))?;
            check_preconditions(&target.resource, before, options)?;
            let (step, what) = self.step_delete(target, before, options)?;
            fate = what;
            Ok(step)
        })?;
        if matches!(fate, Fate::Due) && !options.dry_run {
            done = self.remove(target, done)?;
        }
        let gone = !matches!(fate, Fate::Pending);
        if gone && !target.resource.rules.returns_deleted {
            done.json = success(target, &done)?;
        }
        Ok(Written {
            json: done.json,
            created: false,
            warnings: Vec::new(),
        })
    }

    /// The second write of a deletion. Whoever was faster is right.
    fn remove(&self, target: &Target, marked: Done) -> Result<Done, Status> {
        let done = self.transact(target, false, |before, _| match before {
            Some(before) if object::finalizers(before).is_empty() => {
                Ok(Step::Delete(before.clone()))
            }
            Some(before) => Ok(Step::Keep(before.clone())),
            None => Err(Status::not_found(&target.resource, &target.name)),
        });
        match done {
            Err(status) if status.reason == "NotFound" => Ok(marked),
            done => done,
        }
    }

    fn step_delete(
        &self,
        target: &Target,
        before: &Value,
        options: &DeleteOptions,
    ) -> Result<(Step, Fate), Status> {
        match target.resource.stored.resource.as_ref() {
            "namespaces" => return Ok(own_rule(self.step_delete_namespace(target, before)?)),
            definitions::RESOURCE => {
                return Ok(own_rule(definitions::step_delete(before, &self.time())));
            }
            _ => {}
        }
        let mut after = before.clone();
        let graceful = match &*target.resource.stored.resource {
            "pods" => match self.grant_grace(&mut after, options)? {
                Grace::Granted => true,
                Grace::Over => false,
                Grace::Running => return Ok((Step::Keep(after), Fate::Pending)),
            },
            _ => false,
        };
        set_collector_finalizers(&target.resource, &mut after, options);
        let pending = !object::finalizers(&after).is_empty();
        if !graceful && !pending {
            return Ok((Step::Delete(before.clone()), Fate::Gone));
        }
        if !graceful {
            self.mark(&mut after);
        }
        let fate = if pending || object::grace(&after).unwrap_or(0) > 0 {
            Fate::Pending
        } else {
            Fate::Due
        };
        Ok((keep_if_equal(before, after), fate))
    }

    /// Without a grace period of its own, an object with finalizers is deleted from now on.
    fn mark(&self, object: &mut Value) {
        let now = self.time();
        let first = !object::is_deleting(object);
        if first {
            raise_generation(object);
        }
        let metadata = object::metadata(object);
        let later = metadata
            .get("deletionTimestamp")
            .and_then(Value::as_str)
            .is_some_and(|at| *at > *now);
        if first || later {
            metadata.insert("deletionTimestamp".into(), json!(now));
        }
        metadata.insert("deletionGracePeriodSeconds".into(), json!(0));
    }

    /// A pod on a node is told to stop before it goes.
    fn grant_grace(&self, pod: &mut Value, options: &DeleteOptions) -> Result<Grace, Status> {
        let now = self.shared.clock.now();
        let asked = options.grace_period_seconds.map(at_least_one_if_negative);
        if object::is_deleting(pod) {
            return shorten(pod, asked, now);
        }
        let period = grace_period(pod, asked);
        let at = object::time(now + SignedDuration::from_secs(period));
        let metadata = object::metadata(pod);
        metadata.insert("deletionTimestamp".into(), json!(at));
        metadata.insert("deletionGracePeriodSeconds".into(), json!(period));
        raise_generation(pod);
        Ok(Grace::Granted)
    }
}

/// Whether a pod still has time.
enum Grace {
    /// From now on, or less than before.
    Granted,
    /// There is none any more.
    Over,
    /// It goes on as it is.
    Running,
}

fn grace_period(pod: &Value, asked: Option<i64>) -> i64 {
    let finished = matches!(object::text(pod, "/status/phase"), "Succeeded" | "Failed");
    if finished || object::text(pod, "/spec/nodeName").is_empty() {
        return 0;
    }
    let own = object::number(pod, "/spec/terminationGracePeriodSeconds").unwrap_or(0);
    at_least_one_if_negative(asked.unwrap_or(own))
}

/// A second DELETE can only make the time shorter, and not shorter than until now.
fn shorten(pod: &mut Value, asked: Option<i64>, now: Timestamp) -> Result<Grace, Status> {
    let current = match object::grace(pod).map(at_least_one_if_negative) {
        None | Some(0) => return Ok(Grace::Over),
        Some(seconds) => seconds,
    };
    let Some(mut period) = asked.filter(|asked| *asked < current) else {
        return Ok(Grace::Running);
    };
    let end: Timestamp = object::text(pod, "/metadata/deletionTimestamp")
        .parse()
        .map_err(|error| Status::internal(format!("deletionTimestamp: {error}")))?;
    let mut end = end - SignedDuration::from_secs(current - period);
    if end < now {
        end = now;
        period = period.min(1);
    }
    let metadata = object::metadata(pod);
    metadata.insert("deletionTimestamp".into(), json!(object::time(end)));
    metadata.insert("deletionGracePeriodSeconds".into(), json!(period));
    Ok(Grace::Granted)
}

fn at_least_one_if_negative(seconds: i64) -> i64 {
    if seconds < 0 { 1 } else { seconds }
}

fn raise_generation(object: &mut Value) {
    let generation = object::generation(object);
    if generation > 0 {
        object::metadata(object).insert("generation".into(), json!(generation + 1));
    }
}

/// Namespaces and definitions decide for themselves; both answer with the object.
fn own_rule(step: Step) -> (Step, Fate) {
    let fate = if matches!(step, Step::Delete(_)) {
        Fate::Gone
    } else {
        Fate::Pending
    };
    (step, fate)
}

fn keep_if_equal(before: &Value, after: Value) -> Step {
    if *before == after {
        Step::Keep(after)
    } else {
        Step::Put(after)
    }
}

/// The garbage collector's two finalizers are as the options say, or else as they were.
fn set_collector_finalizers(resource: &Resource, object: &mut Value, options: &DeleteOptions) {
    let old = object::finalizers(object);
    let has = |name: &str| old.contains(&name);
    let (orphan, foreground) = match (options.orphan_dependents, options.propagation.as_deref()) {
        _ if &*resource.stored.resource == "events" => (false, false),
        (Some(orphan), _) => (orphan, false),
        (None, Some("Orphan")) => (true, false),
        (None, Some("Foreground")) => (false, true),
        (None, Some(_)) => (false, false),
        (None, None) => (has(ORPHAN), has(FOREGROUND)),
    };
    if orphan == has(ORPHAN) && foreground == has(FOREGROUND) {
        return;
    }
    let mut finalizers: Vec<String> = old
        .into_iter()
        .filter(|name| ![ORPHAN, FOREGROUND].contains(name))
        .map(str::to_owned)
        .collect();
    finalizers.extend(orphan.then(|| ORPHAN.to_owned()));
    finalizers.extend(foreground.then(|| FOREGROUND.to_owned()));
    object::set_finalizers(object, &finalizers);
}

pub(super) fn check_preconditions(
    resource: &Resource,
    object: &Value,
    options: &DeleteOptions,
) -> Result<(), Status> {
    let refused = |because: String| {
        let mut status = Status::conflict(resource, object::name(object), "");
        status.message = format!(
            "Operation cannot be fulfilled on {} {:?}: {because}",
            resource.group_kind(),
            object::name(object)
        );
        if let Some(details) = &mut status.details {
            details.kind = resource.kind.to_string();
        }
        Err(status)
    };
    let (uid, version) = (object::uid(object), object::resource_version(object));
    if let Some(wanted) = options.uid.as_deref().filter(|wanted| *wanted != uid) {
        return refused(format!(
            "the UID in the precondition ({wanted}) does not match the UID in record ({uid}). The object might have been deleted and then recreated"
        ));
    }
    if let Some(wanted) = options
        .resource_version
        .as_deref()
        .filter(|wanted| *wanted != version)
    {
        return refused(format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record ({version}). The object might have been modified"
        ));
    }
    Ok(())
}

fn validate(options: &DeleteOptions) -> Result<(), Status> {
    let Some(propagation) = options.propagation.as_deref() else {
        return Ok(());
    };
    let (reason, message) = if options.orphan_dependents.is_some() {
        (
            "FieldValueInvalid",
            format!(
                "Invalid value: {propagation:?}: orphanDependents and deletionPropagation cannot be both set"
            ),
        )
    } else if ["Background", "Foreground", "Orphan"].contains(&propagation) {
        return Ok(());
    } else {
        (
            "FieldValueNotSupported",
            format!(
                r#"Unsupported value: {propagation:?}: supported values: "Foreground", "Background", "Orphan", "nil""#
            ),
        )
    };
    let cause = Cause {
        reason: reason.into(),
        message,
        field: "propagationPolicy".into(),
    };
    Err(Status::invalid(
        "meta.k8s.io",
        "DeleteOptions",
        "",
        vec![cause],
    ))
}

/// The answer for kinds that do not show what was deleted.
fn success(target: &Target, done: &Done) -> Result<bytes::Bytes, Status> {
    let object: Value =
        serde_json::from_slice(&done.json).map_err(|error| Status::internal(error.to_string()))?;
    let answer = status::success(&target.resource, &target.name, object::uid(&object));
    Ok(object::bytes_of(&answer))
}
