#![expect(
    clippy::needless_pass_by_value,
    reason = "objects are written where they are used"
)]

mod create;
mod definitions;
mod delete;
mod services;
mod speed;
mod subresources;
mod update;

use serde_json::json;

use super::*;

/// An empty cluster and short words for requests to it.
struct Cluster {
    registry: Registry,
}

impl Cluster {
    fn new() -> Self {
        let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
        Self {
            registry: Registry::new(Store::in_memory(), clock, 7),
        }
    }

    /// `pods`, `default/pods`, `default/pods/web`, `default/pods/web/status`, `-/nodes/n1`.
    fn target(&self, path: &str) -> Target {
        let mut parts = path.split('/');
        let namespace = parts.next().unwrap();
        let plural = parts.next().unwrap();
        let all = self.registry.resources();
        let resource = all
            .into_iter()
            .find(|resource| &*resource.plural == plural)
            .unwrap();
        let name = parts.next().unwrap_or_default();
        let subresource = match parts.next() {
            None => Subresource::None,
            Some("status") => Subresource::Status,
            Some("scale") => Subresource::Scale,
            Some("eviction") => Subresource::Eviction,
            Some("binding") => Subresource::Binding,
            Some("finalize") => Subresource::Finalize,
            Some(other) => panic!("no subresource {other}"),
        };
        let namespace = namespace.trim_start_matches('-');
        Target::new(resource, namespace, name).with(subresource)
    }

    fn get(&self, path: &str) -> Result<Value, Status> {
        let stored = self.registry.get(&self.target(path))?;
        Ok(serde_json::from_slice(&stored.json).unwrap())
    }

    fn create(&self, path: &str, object: Value) -> Result<Value, Status> {
        self.create_with(path, object, &options())
    }

    fn create_with(
        &self,
        path: &str,
        mut object: Value,
        options: &WriteOptions,
    ) -> Result<Value, Status> {
        let target = self.target(path);
        complete(&target, &mut object);
        value(self.registry.create(&target, object, options)?)
    }

    fn update(&self, path: &str, mut object: Value) -> Result<Value, Status> {
        let target = self.target(path);
        complete(&target, &mut object);
        value(self.registry.update(&target, object, &options())?)
    }

    fn patch(&self, path: &str, change: &Patch) -> Result<Value, Status> {
        value(
            self.registry
                .patch(&self.target(path), change, &options())?,
        )
    }

    fn merge(&self, path: &str, change: Value) -> Result<Value, Status> {
        self.patch(path, &Patch::Merge(change))
    }

    fn delete(&self, path: &str) -> Result<Value, Status> {
        self.delete_with(path, &DeleteOptions::default())
    }

    fn delete_with(&self, path: &str, options: &DeleteOptions) -> Result<Value, Status> {
        value(self.registry.delete(&self.target(path), options)?)
    }

    /// What watchers of the resource see from here on: `MODIFIED web`.
    fn events(&self, resource: &str, since: u64) -> Vec<String> {
        let mut watch = self
            .registry
            .store()
            .watch(Some(resource), None, since)
            .unwrap();
        let changes = watch.take(1000).unwrap();
        changes
            .iter()
            .map(|change| {
                let what = match (&change.before, &change.after) {
                    (None, _) => "ADDED",
                    (_, Some(_)) => "MODIFIED",
                    (_, None) => "DELETED",
                };
                format!("{what} {}", change.key.name)
            })
            .collect()
    }

    fn revision(&self) -> u64 {
        self.registry.store().revision()
    }
}

fn options() -> WriteOptions {
    WriteOptions {
        field_manager: "test".into(),
        ..WriteOptions::default()
    }
}

fn dry_run() -> WriteOptions {
    WriteOptions {
        dry_run: true,
        ..options()
    }
}

fn complete(target: &Target, object: &mut Value) {
    if target.subresource == Subresource::None || target.subresource == Subresource::Status {
        object["apiVersion"] = json!(target.resource.api_version());
        object["kind"] = json!(&*target.resource.kind);
    }
}

#[expect(clippy::unnecessary_wraps, reason = "ends chains that fail")]
fn value(written: Written) -> Result<Value, Status> {
    Ok(serde_json::from_slice(&written.json).unwrap())
}

fn config_map(name: &str) -> Value {
    json!({"metadata": {"name": name}, "data": {"a": "1"}})
}

fn pod(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    })
}
