//! One write of one object: its state before, what is done to it, and the answer.

use bytes::Bytes;
use serde_json::Value;

use super::{Registry, Target, object};
use crate::sim::resources::Resource;
use crate::sim::status::Status;
use crate::sim::store::Outcome;

/// What a write does to its object.
pub(super) enum Step {
    Put(Value),
    /// With its last state.
    Delete(Value),
    /// Like a deletion, but the answer is that to an update; watchers see the last state that was stored.
    Finish {
        last: Value,
        answer: Value,
    },
    /// Nothing differs.
    Keep(Value),
}

/// What a write has done.
pub(super) struct Done {
    /// As the target's version shows it; of a deletion, as watchers see it.
    pub json: Bytes,
    pub created: bool,
    /// It was removed.
    pub removed: bool,
    /// Something was written.
    stored: bool,
    /// Of the object as it is now.
    revision: u64,
}

impl Done {
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }
}

impl Registry {
    /// Runs `step` on the object's current state and the revision that a write would get. A dry run goes all the way
    /// and writes nothing.
    pub(super) fn transact(
        &self,
        target: &Target,
        dry_run: bool,
        step: impl FnOnce(Option<&Value>, u64) -> Result<Step, Status>,
    ) -> Result<Done, Status> {
        let resource = &*target.resource;
        let mut done = None;
        self.store().write(&target.key(), |stored, revision| {
            let before = stored
                .map(|stored| object::parse(resource, &stored.json))
                .transpose()?;
            let step = step(before.as_ref(), revision)?;
            let (outcome, result) = carry_out(resource, step, revision, before.is_none(), dry_run)?;
            done = Some(result);
            Ok::<_, Status>(outcome)
        })?;
        let done = done.ok_or_else(|| Status::internal("the transaction did not run"))?;
        if done.stored {
            self.written(target, &done);
        }
        Ok(done)
    }
}

fn carry_out(
    resource: &Resource,
    step: Step,
    revision: u64,
    created: bool,
    dry_run: bool,
) -> Result<(Outcome, Done), Status> {
    let finished = match &step {
        Step::Finish { answer, .. } => Some(object::bytes_of(answer)),
        _ => None,
    };
    let (mut value, removed) = match step {
        Step::Keep(value) => return Ok((Outcome::Keep, unwritten(&value, false, false))),
        Step::Put(value) => (value, false),
        Step::Delete(last) | Step::Finish { last, .. } => (last, true),
    };
    if dry_run {
        return Ok((Outcome::Keep, unwritten(&value, created, removed)));
    }
    object::set_resource_version(&mut value, revision);
    let stored = object::print(resource, value)?;
    let done = Done {
        json: finished.unwrap_or_else(|| resource.present(&stored)),
        created,
        removed,
        stored: true,
        revision,
    };
    let outcome = if removed {
        Outcome::Delete(stored)
    } else {
        Outcome::Put(stored)
    };
    Ok((outcome, done))
}

fn unwritten(value: &Value, created: bool, removed: bool) -> Done {
    Done {
        json: object::bytes_of(value),
        created,
        removed,
        stored: false,
        revision: object::resource_version(value).parse().unwrap_or(0),
    }
}
