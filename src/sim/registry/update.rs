//! Changes of objects that exist: PUT, the four patches, and those of controllers.

use serde_json::Value;

use super::create::check_place;
use super::transaction::{Done, Step};
use super::{Patch, Registry, Subresource, Target, WriteOptions, Written, kinds, object};
use crate::sim::patch;
use crate::sim::resources::Resource;
use crate::sim::status::{Cause, Status};
use crate::sim::store::Stored;

impl Registry {
    /// PUT of an object or of its status.
    pub(super) fn replace_object(
        &self,
        target: &Target,
        mut object: Value,
        options: &WriteOptions,
    ) -> Result<Written, Status> {
        let warnings = kinds::decode(&target.resource, &mut object, options)?;
        check_name(target, &object)?;
        check_place(target, &mut object)?;
        let done = self.transact(target, options.dry_run, |before, revision| {
            let Some(before) = before else {
                return self.upsert(target, object, revision, options);
            };
            check_uid(target, &object, before)?;
            check_version(target, &object, before)?;
            self.book(target, before, &mut object, options);
            self.step_update(target, before, object, options.dry_run)
        })?;
        Ok(done.written(warnings))
    }

    /// A PUT of something that does not exist creates it, for the kinds that allow it.
    fn upsert(
        &self,
        target: &Target,
        mut object: Value,
        revision: u64,
        options: &WriteOptions,
    ) -> Result<Step, Status> {
        if !target.resource.rules.upsert || target.subresource != Subresource::None {
            return Err(Status::not_found(&target.resource, &target.name));
        }
        let writer = self.writer(target, &options.field_manager);
        patch::own(None, &mut object, &target.resource, &writer);
        self.step_create_at(target, object, revision, options.dry_run)
    }

    /// A patch of an object or of its status.
    pub(super) fn patch_object(
        &self,
        target: &Target,
        patch: &Patch,
        options: &WriteOptions,
    ) -> Result<Written, Status> {
        let mut warnings = Vec::new();
        let done = self.transact(target, options.dry_run, |before, revision| {
            let mut object = self.patched(target, before, patch, options)?;
            warnings = kinds::decode_patched(&target.resource, &mut object, patch, options)?;
            check_name(target, &object)?;
            check_place(target, &mut object)?;
            let applied = matches!(patch, Patch::Apply(_));
            let Some(before) = before else {
                check_unknown_uid(target, &object)?;
                return self.step_create_at(target, object, revision, options.dry_run);
            };
            check_version(target, &object, before)?;
            if !applied {
                self.book(target, before, &mut object, options);
            }
            self.step_update(target, before, object, options.dry_run)
        })?;
        Ok(done.written(warnings))
    }

    /// The object with the patch in it. Only an apply can make a new one.
    fn patched(
        &self,
        target: &Target,
        before: Option<&Value>,
        patch: &Patch,
        options: &WriteOptions,
    ) -> Result<Value, Status> {
        let resource = &*target.resource;
        let existing = || before.ok_or_else(|| Status::not_found(resource, &target.name));
        match patch {
            Patch::Json(patch) => patch::json(existing()?, patch),
            Patch::Merge(patch) => Ok(patch::merge(existing()?, patch)),
            Patch::Strategic(_) if resource.custom => Err(no_strategic_merge()),
            Patch::Strategic(patch) => patch::strategic(existing()?, patch, &resource.schema),
            Patch::Apply(_) if target.subresource != Subresource::None && before.is_none() => {
                Err(Status::not_found(resource, &target.name))
            }
            Patch::Apply(applied) => {
                // Without a name it is the one that the path says.
                if before.is_none() || !object::name(applied).is_empty() {
                    check_name(target, applied)?;
                }
                let writer = self.writer(target, &options.field_manager);
                patch::apply(before, applied, resource, &writer, options.force)
            }
        }
    }

    pub(super) fn modify_object(
        &self,
        target: &Target,
        manager: &str,
        change: &mut dyn FnMut(&mut Value) -> Result<(), Status>,
    ) -> Result<Option<Stored>, Status> {
        if self.store().get(&target.key()).is_none() {
            return Ok(None);
        }
        let options = WriteOptions {
            field_manager: manager.to_owned(),
            ..WriteOptions::default()
        };
        let result = self.transact(target, false, |before, _| {
            let Some(before) = before else {
                return Err(Status::not_found(&target.resource, &target.name));
            };
            let mut object = before.clone();
            change(&mut object)?;
            kinds::decode(&target.resource, &mut object, &options)?;
            if object == *before {
                return Ok(Step::Keep(object));
            }
            kinds::decode(&target.resource, &mut object, &options)?;
            self.book(target, before, &mut object, &options);
            self.step_update(target, before, object, false)
        });
        match result {
            Ok(done) => Ok(Some(Stored {
                key: target.key(),
                revision: done.revision(),
                json: done.json,
            })),
            Err(status) if status.reason == "NotFound" => Ok(None),
            Err(status) => Err(status),
        }
    }

    /// Notes what the writer has changed.
    pub(super) fn book(
        &self,
        target: &Target,
        before: &Value,
        after: &mut Value,
        options: &WriteOptions,
    ) {
        let writer = self.writer(target, &options.field_manager);
        patch::own(Some(before), after, &target.resource, &writer);
    }

    /// From the object that was asked for to the one that is stored.
    pub(super) fn step_update(
        &self,
        target: &Target,
        before: &Value,
        mut after: Value,
        dry_run: bool,
    ) -> Result<Step, Status> {
        let resource = &*target.resource;
        inherit(before, &mut after);
        kinds::prepare_update(resource, target.subresource, before, &mut after);
        if target.subresource == Subresource::None {
            self.allocate(target, Some(before), &mut after)?;
        }
        kinds::validate_update(resource, target.subresource, before, &after)?;
        self.hold_allocated(target, &after, dry_run);
        patch::settle(before, &mut after);
        if after == *before {
            return Ok(Step::Keep(after));
        }
        if is_over(before, &after) {
            return Ok(Step::Finish {
                last: before.clone(),
                answer: after,
            });
        }
        Ok(Step::Put(after))
    }
}

impl Done {
    fn written(self, warnings: Vec<String>) -> Written {
        Written {
            json: self.json,
            created: self.created,
            warnings,
        }
    }
}

/// A deletion only waited for finalizers, and the last one is gone.
fn is_over(before: &Value, after: &Value) -> bool {
    object::finalizers(after).is_empty()
        && object::is_deleting(before)
        && object::grace(before).unwrap_or(0) == 0
        && object::spec_finalizers(after) == 0
}

/// What a writer cannot change is as it was.
fn inherit(before: &Value, after: &mut Value) {
    let old = &before["metadata"];
    let new = object::metadata(after);
    let mut keep = |field: &str, always: bool| match old.get(field) {
        Some(value) if always || !new.contains_key(field) => {
            new.insert(field.to_owned(), value.clone());
        }
        None if always => {
            new.remove(field);
        }
        _ => {}
    };
    keep("generation", true);
    keep("creationTimestamp", true);
    keep("resourceVersion", true);
    keep("uid", false);
    keep("deletionGracePeriodSeconds", false);
    if old.get("deletionTimestamp").is_some() {
        keep("deletionTimestamp", true);
    }
    new.remove("selfLink");
}

pub(super) fn check_name(target: &Target, object: &Value) -> Result<(), Status> {
    match object::name(object) {
        name if name == target.name => Ok(()),
        "" => Err(Status::bad_request(format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            target.name
        ))),
        name => Err(Status::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            target.name
        ))),
    }
}

/// A uid in a PUT is a precondition.
pub(super) fn check_uid(target: &Target, object: &Value, before: &Value) -> Result<(), Status> {
    let (wanted, is) = (object::uid(object), object::uid(before));
    if wanted.is_empty() || wanted == is {
        return Ok(());
    }
    let key = storage_key(target);
    let because = format!(
        "StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: \
         Precondition failed: UID in precondition: {wanted}, UID in object meta: {is}"
    );
    Err(Status::conflict(&target.resource, &target.name, &because))
}

/// Where the real server has it in etcd; error texts show it.
fn storage_key(target: &Target) -> String {
    let Resource { group, plural, .. } = &*target.resource;
    let kind = match (&**group, &**plural) {
        ("", "nodes") => "minions".to_owned(),
        ("", "services") => "services/specs".to_owned(),
        ("", "endpoints") => "services/endpoints".to_owned(),
        _ if target.resource.custom || group.starts_with("apiextensions") => {
            format!("{group}/{plural}")
        }
        ("networking.k8s.io", "ingresses") => "ingress".to_owned(),
        _ => plural.to_string(),
    };
    match target.namespace.as_str() {
        "" => format!("/registry/{kind}/{}", target.name),
        namespace => format!("/registry/{kind}/{namespace}/{}", target.name),
    }
}

/// An applied uid says that the object exists.
fn check_unknown_uid(target: &Target, object: &Value) -> Result<(), Status> {
    let uid = object::uid(object);
    if uid.is_empty() {
        return Ok(());
    }
    let because = format!(
        "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
    );
    Err(Status::conflict(&target.resource, &target.name, &because))
}

/// The version that the writer has seen must be the current one. None is fine, unless the kind insists.
pub(super) fn check_version(target: &Target, object: &Value, before: &Value) -> Result<(), Status> {
    let seen = object::resource_version(object);
    if matches!(seen, "" | "0") {
        return if target.resource.rules.versioned {
            Err(version_required(target))
        } else {
            Ok(())
        };
    }
    let Ok(version) = seen.parse::<u64>() else {
        return Err(Status::unclassified(format!(
            "strconv.ParseUint: parsing {seen:?}: invalid syntax"
        )));
    };
    if object::resource_version(before).parse() == Ok(version) {
        Ok(())
    } else {
        Err(Status::modified(&target.resource, &target.name))
    }
}

fn version_required(target: &Target) -> Status {
    let cause = Cause {
        reason: "FieldValueInvalid".into(),
        message: "Invalid value: 0: must be specified for an update".into(),
        field: "metadata.resourceVersion".into(),
    };
    let Resource { group, plural, .. } = &*target.resource;
    Status::invalid(group, plural, &target.name, vec![cause])
}

fn no_strategic_merge() -> Status {
    Status::unsupported_media_type(
        "the body of the request was in an unknown format - accepted media types include: \
         application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
    )
}
