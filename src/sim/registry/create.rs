//! New objects.

use serde_json::{Value, json};

use super::transaction::{Done, Step};
use super::{Registry, Target, WriteOptions, Written, identity, kinds, object};
use crate::sim::patch::{self, Writer};
use crate::sim::status::Status;
use crate::sim::store::Key;

/// With a thousand million possible names this many attempts are enough.
const NAME_ATTEMPTS: u32 = 8;

/// What only the server sets.
const SYSTEM_FIELDS: [&str; 5] = [
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
];

impl Registry {
    pub(super) fn create_object(
        &self,
        target: &Target,
        mut object: Value,
        options: &WriteOptions,
    ) -> Result<Written, Status> {
        let warnings = kinds::decode(&target.resource, &mut object, options)?;
        check_place(target, &mut object)?;
        let base = object::text(&object, "/metadata/generateName").to_owned();
        let generated = object::name(&object).is_empty() && !base.is_empty();
        let prepared = self.prepare_new(target, object, options)?;
        let done = if generated {
            self.insert_under_free_name(target, &base, &prepared, options)?
        } else {
            self.insert(target, prepared, options)?
        };
        Ok(Written {
            json: done.json,
            created: true,
            warnings,
        })
    }

    /// Everything but the name, the uid and the revision.
    fn prepare_new(
        &self,
        target: &Target,
        mut object: Value,
        options: &WriteOptions,
    ) -> Result<Value, Status> {
        let metadata = object::metadata(&mut object);
        for field in SYSTEM_FIELDS {
            metadata.remove(field);
        }
        metadata
            .remove("resourceVersion")
            .map_or(Ok(()), |version| unset(&version))?;
        patch::own(
            None,
            &mut object,
            &target.resource,
            &self.writer(target, &options.field_manager),
        );
        self.admit(target, &mut object)?;
        Ok(object)
    }

    /// Tries names until one is free.
    fn insert_under_free_name(
        &self,
        target: &Target,
        base: &str,
        object: &Value,
        options: &WriteOptions,
    ) -> Result<Done, Status> {
        let key = Key {
            name: base.into(),
            ..target.key()
        };
        let mut last = String::new();
        for attempt in 0..NAME_ATTEMPTS {
            last = identity::name(self.shared.seed, &key, self.store().revision(), attempt);
            let mut named = object.clone();
            object::metadata(&mut named).insert("name".into(), json!(last));
            match self.insert(target, named, options) {
                Err(status) if status.reason == "AlreadyExists" => {}
                result => return result,
            }
        }
        Err(Status::no_unique_name(&target.resource, &last))
    }

    fn insert(
        &self,
        target: &Target,
        object: Value,
        options: &WriteOptions,
    ) -> Result<Done, Status> {
        let mut object = object;
        kinds::prepare_create(&target.resource, &mut object);
        kinds::validate_create(&target.resource, &object)?;
        let target = Target {
            name: object::name(&object).to_owned(),
            ..target.clone()
        };
        self.transact(&target, options.dry_run, |before, revision| {
            if let Some(before) = before {
                return Err(taken(&target, before));
            }
            self.step_create(&target, object, revision, options.dry_run)
        })
    }

    /// The last touches of a new object, whichever verb makes it.
    pub(super) fn step_create(
        &self,
        target: &Target,
        mut object: Value,
        revision: u64,
        dry_run: bool,
    ) -> Result<Step, Status> {
        self.allocate(target, None, &mut object)?;
        self.hold_allocated(target, &object, dry_run);
        let number = if dry_run { self.draft() } else { revision };
        let uid = identity::uid(self.shared.seed, &target.key(), number);
        let metadata = object::metadata(&mut object);
        metadata.insert("uid".into(), json!(uid));
        metadata.insert("creationTimestamp".into(), json!(self.time()));
        object::date_status(&target.resource, &mut object, &self.time());
        kinds::identified(&target.resource, &mut object);
        Ok(Step::Put(object))
    }

    /// An object that an apply or an upsert makes.
    pub(super) fn step_create_at(
        &self,
        target: &Target,
        mut object: Value,
        revision: u64,
        dry_run: bool,
    ) -> Result<Step, Status> {
        self.admit(target, &mut object)?;
        let metadata = object::metadata(&mut object);
        for field in SYSTEM_FIELDS {
            metadata.remove(field);
        }
        metadata.remove("resourceVersion");
        kinds::prepare_create(&target.resource, &mut object);
        kinds::validate_create(&target.resource, &object)?;
        self.step_create(target, object, revision, dry_run)
    }

    /// How the books name a writer.
    pub(super) fn writer(&self, target: &Target, manager: &str) -> Writer {
        Writer {
            manager: manager.to_owned(),
            api_version: target.resource.api_version(),
            subresource: target.subresource.name().to_owned(),
            time: self.time(),
        }
    }

    /// Now.
    pub(super) fn time(&self) -> String {
        object::time(self.shared.clock.now())
    }
}

/// The namespace of the request goes into the object; another one there is an error.
pub(super) fn check_place(target: &Target, object: &mut Value) -> Result<(), Status> {
    let named = object::text(object, "/metadata/namespace");
    if !target.resource.namespaced {
        object::metadata(object).remove("namespace");
        return Ok(());
    }
    if named.is_empty() {
        object::metadata(object).insert("namespace".into(), json!(target.namespace));
        return Ok(());
    }
    if named == target.namespace {
        return Ok(());
    }
    Err(Status::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request",
    ))
}

fn unset(resource_version: &Value) -> Result<(), Status> {
    match resource_version.as_str() {
        None | Some("" | "0") => Ok(()),
        Some(_) => Err(Status::unclassified(
            "resourceVersion should not be set on objects to be created",
        )),
    }
}

fn taken(target: &Target, existing: &Value) -> Status {
    let mut status = Status::already_exists(&target.resource, &target.name);
    if object::is_deleting(existing) {
        status.message = format!("object is being deleted: {}", status.message);
    }
    status
}
