//! `CustomResourceDefinitions`: what is served because of them, and their own life.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use serde_json::{Value, json};

use super::transaction::{Done, Step};
use super::{DeleteOptions, Registry, Subresource, Target, object};
use crate::sim::resources::{self, Column, Resource, Rules, ScalePaths, StoredAs, Subresources};
use crate::sim::schema;
use crate::sim::status::Status;
use crate::sim::store::PageRequest;

pub(super) const RESOURCE: &str = "customresourcedefinitions.apiextensions.k8s.io";

const FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";
const MANAGER: &str = "kube-apiserver";

/// All resources of the moment.
#[derive(Debug)]
pub(super) struct Served {
    pub all: Vec<Arc<Resource>>,
    built_in: Vec<Arc<Resource>>,
    /// By the definition's name, which is also what its objects are stored under.
    defined: BTreeMap<String, Vec<Arc<Resource>>>,
    terminating: BTreeSet<String>,
}

impl Served {
    pub(super) fn built_in() -> Self {
        let built_in = resources::built_in();
        Self {
            all: built_in.clone(),
            built_in,
            defined: BTreeMap::new(),
            terminating: BTreeSet::new(),
        }
    }

    pub(super) fn find(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Resource>> {
        let wanted = |resource: &&Arc<Resource>| {
            &*resource.plural == plural
                && &*resource.group == group
                && &*resource.version == version
        };
        self.all.iter().find(wanted).cloned()
    }

    pub(super) fn find_kind(
        &self,
        group: &str,
        version: &str,
        kind: &str,
    ) -> Option<Arc<Resource>> {
        let wanted = |resource: &&Arc<Resource>| {
            &*resource.kind == kind && &*resource.group == group && &*resource.version == version
        };
        self.all.iter().find(wanted).cloned()
    }

    fn define(&mut self, name: &str, resources: Vec<Arc<Resource>>, terminating: bool) {
        if terminating {
            self.terminating.insert(name.to_owned());
        } else {
            self.terminating.remove(name);
        }
        if resources.is_empty() {
            self.defined.remove(name);
        } else {
            self.defined.insert(name.to_owned(), resources);
        }
        self.all.clone_from(&self.built_in);
        self.all.extend(self.defined.values().flatten().cloned());
    }
}

impl Registry {
    /// Serves what the definitions in the store say.
    pub(super) fn serve_definitions(&self) {
        let stored = self.store().list(RESOURCE, None, &PageRequest::default());
        for item in stored.into_iter().flat_map(|page| page.items) {
            if let Ok(definition) = serde_json::from_slice(&item.json) {
                self.serve(&definition);
            }
        }
    }

    fn serve(&self, definition: &Value) {
        let resources = served(definition).into_iter().map(Arc::new).collect();
        let mut served = self
            .shared
            .served
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        served.define(
            object::name(definition),
            resources,
            object::is_deleting(definition),
        );
    }

    fn stop_serving(&self, name: &str) {
        self.shared
            .served
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .define(name, Vec::new(), false);
    }

    /// What else has to happen when an object was written or removed.
    pub(super) fn written(&self, target: &Target, done: &Done) {
        let stored_in = &*target.resource.stored.resource;
        let result = match stored_in {
            RESOURCE => self.definition_written(target, done),
            "services" => {
                let service = serde_json::from_slice(&done.json).ok();
                let held = service.as_ref().filter(|_| !done.removed);
                self.allocations().hold(&target.key(), held);
                Ok(())
            }
            _ if done.removed && self.is_terminating(stored_in) => self.finish(stored_in),
            _ => Ok(()),
        };
        if let Err(status) = result {
            tracing::error!("after a write to {}: {status}", target.key().resource);
        }
    }

    fn is_terminating(&self, definition: &str) -> bool {
        self.read_served(|served| served.terminating.contains(definition))
    }

    /// No new objects of a kind that is going.
    pub(super) fn admit_custom(&self, target: &Target, object: &Value) -> Result<(), Status> {
        if self.is_terminating(&target.resource.stored.resource) {
            return Err(Status::forbidden(
                &target.resource,
                object::name(object),
                "create not allowed while custom resource definition is terminating",
            ));
        }
        Ok(())
    }

    fn definition_written(&self, target: &Target, done: &Done) -> Result<(), Status> {
        if done.removed {
            self.stop_serving(&target.name);
            return Ok(());
        }
        let definition: Value = serde_json::from_slice(&done.json)
            .map_err(|error| Status::internal(error.to_string()))?;
        self.serve(&definition);
        if object::is_deleting(&definition) {
            return self.clean_up(&definition);
        }
        let status = target.clone().with(Subresource::Status);
        let now = self.time();
        self.modify(&status, MANAGER, &mut |definition| {
            accept(definition, &now);
            Ok(())
        })
        .map(drop)
    }

    /// Deletes all objects of a definition that is to go.
    fn clean_up(&self, definition: &Value) -> Result<(), Status> {
        let name = object::name(definition);
        if !object::finalizers(definition).contains(&FINALIZER) || self.is_empty(name) {
            return self.finish(name);
        }
        let resource = self.read_served(|served| served.defined.get(name)?.first().cloned());
        let Some(resource) = resource else {
            return Ok(());
        };
        let all = Target::new(resource.clone(), "", "");
        for item in self.list(&all, &PageRequest::default())?.items {
            let one = Target::new(resource.clone(), &item.key.namespace, &item.key.name);
            match self.delete(&one, &DeleteOptions::default()) {
                // Somebody else was quicker.
                Err(status) if status.code == 404 => {}
                result => drop(result?),
            }
        }
        Ok(())
    }

    fn is_empty(&self, definition: &str) -> bool {
        let page = PageRequest {
            limit: Some(1),
            after: None,
        };
        self.store()
            .list(definition, None, &page)
            .is_ok_and(|page| page.items.is_empty())
    }

    /// The definition goes with its last object.
    fn finish(&self, name: &str) -> Result<(), Status> {
        if !self.is_empty(name) {
            return Ok(());
        }
        let Some(resource) =
            self.resource("apiextensions.k8s.io", "v1", "customresourcedefinitions")
        else {
            return Ok(());
        };
        let target = Target::new(resource, "", name);
        self.modify(&target, MANAGER, &mut |definition| {
            let left: Vec<String> = object::finalizers(definition)
                .into_iter()
                .filter(|finalizer| *finalizer != FINALIZER)
                .map(str::to_owned)
                .collect();
            object::set_finalizers(definition, &left);
            Ok(())
        })
        .map(drop)
    }
}

/// DELETE marks a definition; it goes when its objects are gone.
pub(super) fn step_delete(before: &Value, now: &str) -> Step {
    let mut after = before.clone();
    if object::is_deleting(before) {
        return Step::Keep(after);
    }
    let mut finalizers: Vec<String> = object::finalizers(before)
        .into_iter()
        .map(str::to_owned)
        .collect();
    if !finalizers.iter().any(|name| name == FINALIZER) {
        finalizers.push(FINALIZER.to_owned());
    }
    object::set_finalizers(&mut after, &finalizers);
    object::metadata(&mut after).insert("deletionTimestamp".into(), json!(now));
    let condition = json!({
        "type": "Terminating",
        "status": "True",
        "reason": "InstanceDeletionPending",
        "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
    });
    object::set_condition(object::member(&mut after, "status"), condition, now);
    Step::Put(after)
}

/// Names are accepted as they are.
fn accept(definition: &mut Value, now: &str) {
    let names = definition["spec"]["names"].clone();
    let status = object::member(definition, "status");
    status["acceptedNames"] = names;
    let conditions = [
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        (
            "Established",
            "InitialNamesAccepted",
            "the initial names have been accepted",
        ),
    ];
    for (of, reason, message) in conditions {
        let condition = json!({"type": of, "status": "True", "reason": reason, "message": message});
        object::set_condition(status, condition, now);
    }
}

/// What the server adds to a definition before it is stored.
pub(super) fn prepare(definition: &mut Value, before: Option<&Value>) {
    let storage = storage_version(definition).to_owned();
    let status = object::member(definition, "status");
    if before.is_none() {
        *status = json!({
            "conditions": null,
            "acceptedNames": {"plural": "", "kind": ""},
            "storedVersions": [],
        });
    }
    let stored = status["storedVersions"].as_array().cloned();
    let mut stored = stored.unwrap_or_default();
    if !storage.is_empty() && !stored.contains(&json!(storage)) {
        stored.push(json!(storage));
    }
    status["storedVersions"] = Value::Array(stored);
}

fn storage_version(definition: &Value) -> &str {
    versions(definition)
        .find(|version| version["storage"] == true)
        .map_or("", |version| object::text(version, "/name"))
}

fn versions(definition: &Value) -> impl Iterator<Item = &Value> {
    definition["spec"]["versions"]
        .as_array()
        .into_iter()
        .flatten()
}

/// A resource for each version that is served.
fn served(definition: &Value) -> Vec<Resource> {
    let stored = StoredAs {
        resource: object::name(definition).into(),
        api_version: resources::api_version(
            object::text(definition, "/spec/group"),
            storage_version(definition),
        )
        .into(),
    };
    versions(definition)
        .filter(|version| version["served"] == true)
        .map(|version| resource(definition, version, stored.clone()))
        .collect()
}

fn resource(definition: &Value, version: &Value, stored: StoredAs) -> Resource {
    let text = |pointer: &str| Arc::from(object::text(definition, pointer));
    let kind: Arc<str> = text("/spec/names/kind");
    Resource {
        group: text("/spec/group"),
        version: object::text(version, "/name").into(),
        plural: text("/spec/names/plural"),
        singular: text("/spec/names/singular"),
        list_kind: text("/spec/names/listKind"),
        short_names: texts(definition, "/spec/names/shortNames"),
        categories: texts(definition, "/spec/names/categories"),
        namespaced: object::text(definition, "/spec/scope") == "Namespaced",
        verbs: Resource::defined_verbs(),
        subresources: Subresources {
            status: version["subresources"].get("status").is_some(),
            scale: version.pointer("/subresources/scale").map(scale_paths),
            ..Subresources::default()
        },
        columns: columns(version),
        schema: schema::defined(version),
        custom: true,
        rules: Rules {
            versioned: true,
            ..Rules::default()
        },
        stored,
        kind,
    }
}

fn texts(definition: &Value, pointer: &str) -> Vec<Arc<str>> {
    definition
        .pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(Arc::from)
        .collect()
}

/// `.spec.replicas` becomes `/spec/replicas`.
fn scale_paths(scale: &Value) -> ScalePaths {
    let pointer = |name: &str| scale[name].as_str().map(|path| path.replace('.', "/"));
    ScalePaths {
        spec: pointer("specReplicasPath").unwrap_or_default(),
        status: pointer("statusReplicasPath").unwrap_or_default(),
        selector: pointer("labelSelectorPath"),
    }
}

/// Without any there is the age.
fn columns(version: &Value) -> Vec<Column> {
    let Some(columns) = version["additionalPrinterColumns"].as_array() else {
        return vec![age()];
    };
    let column = |column: &Value| Column {
        name: object::text(column, "/name").to_owned(),
        of: object::text(column, "/type").to_owned(),
        format: object::text(column, "/format").to_owned(),
        description: object::text(column, "/description").to_owned(),
        priority: column["priority"]
            .as_i64()
            .and_then(|priority| i32::try_from(priority).ok())
            .unwrap_or(0),
        path: Some(object::text(column, "/jsonPath").to_owned()),
    };
    columns.iter().map(column).collect()
}

fn age() -> Column {
    Column {
        name: "Age".into(),
        of: "date".into(),
        format: String::new(),
        description: "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata".into(),
        priority: 0,
        path: Some(".metadata.creationTimestamp".into()),
    }
}
