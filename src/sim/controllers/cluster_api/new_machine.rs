//! A machine out of templates: its infrastructure, its bootstrap configuration, and the Machine that refers to both.

use anyhow::{Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::Scope;
use super::objects::{
    DEV_MACHINE, DEV_MACHINE_TEMPLATE, KUBEADM_CONFIG, Kind, MACHINE, name, namespace, owner, text,
};

/// Keeps a Machine until its controller has taken it apart.
pub(super) const MACHINE_FINALIZER: &str = "machine.cluster.x-k8s.io";

/// Keeps a server until it is gone.
pub(super) const SERVER_FINALIZER: &str = "dockermachine.infrastructure.cluster.x-k8s.io";

/// What a MachineSet or a control plane wants of a new machine.
pub(super) struct NewMachine<'a> {
    pub name: String,
    pub owner_kind: Kind,
    pub owner: &'a Value,
    pub labels: Map<String, Value>,
    pub annotations: Map<String, Value>,
    /// Of the Machine; references to its parts are added.
    pub spec: Value,
    /// Reference to the template of its server.
    pub infrastructure: &'a Value,
    /// Spec and labels of its KubeadmConfig; nothing if the Machine names its Secret itself.
    pub bootstrap: Option<(Value, Map<String, Value>)>,
}

impl NewMachine<'_> {
    /// Creates the Machine and then its parts, so that each can name its owner at once.
    pub(super) fn create(mut self, scope: &mut Scope) -> Result<()> {
        let template = self.template(scope)?;
        let name = self.name.clone();
        self.spec["infrastructureRef"] = DEV_MACHINE.reference(&name);
        if self.bootstrap.is_some() {
            self.spec["bootstrap"] = json!({"configRef": KUBEADM_CONFIG.reference(&name)});
        }
        let mut metadata = self.metadata(&self.labels, &self.annotations);
        metadata["finalizers"] = json!([MACHINE_FINALIZER]);
        metadata["ownerReferences"] = json!([owner(&self.owner_kind, self.owner, true)]);
        let machine = json!({"metadata": metadata, "spec": self.spec});
        let machine = scope.infra.create(&MACHINE, machine)?;
        scope.machines.wrote(&machine);
        scope
            .infra
            .create(&DEV_MACHINE, self.server(&template, &machine))?;
        if let Some((spec, labels)) = &self.bootstrap {
            let mut metadata = self.metadata(labels, &self.annotations);
            metadata["ownerReferences"] = json!([owner(&MACHINE, &machine, true)]);
            let config = json!({"metadata": metadata, "spec": spec});
            scope.infra.create(&KUBEADM_CONFIG, config)?;
        }
        Ok(())
    }

    fn template(&self, scope: &Scope) -> Result<Value> {
        let kind = text(&self.infrastructure["kind"]);
        ensure!(
            kind == DEV_MACHINE_TEMPLATE.name,
            "no provider simulates the infrastructure of a {kind}"
        );
        let wanted = text(&self.infrastructure["name"]);
        let namespace = namespace(self.owner);
        match scope.infra.get(&DEV_MACHINE_TEMPLATE, namespace, wanted)? {
            Some(template) => Ok(template),
            None => bail!("DevMachineTemplate {namespace}/{wanted} does not exist"),
        }
    }

    fn server(&self, template: &Value, machine: &Value) -> Value {
        let of_template = &template["spec"]["template"];
        let mut annotations = merged(&of_template["metadata"]["annotations"], &self.annotations);
        let kind = "DevMachineTemplate.infrastructure.cluster.x-k8s.io";
        annotations.insert(
            "cluster.x-k8s.io/cloned-from-name".into(),
            json!(name(template)),
        );
        annotations.insert("cluster.x-k8s.io/cloned-from-groupkind".into(), json!(kind));
        let labels = merged(&of_template["metadata"]["labels"], &self.labels);
        let mut metadata = self.metadata(&labels, &annotations);
        metadata["finalizers"] = json!([SERVER_FINALIZER]);
        metadata["ownerReferences"] = json!([owner(&MACHINE, machine, true)]);
        json!({"metadata": metadata, "spec": of_template["spec"]})
    }

    fn metadata(&self, labels: &Map<String, Value>, annotations: &Map<String, Value>) -> Value {
        json!({
            "name": self.name,
            "namespace": namespace(self.owner),
            "labels": labels,
            "annotations": annotations,
        })
    }
}

/// A map of texts, or an empty one.
pub(super) fn map(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

pub(super) fn merged(first: &Value, second: &Map<String, Value>) -> Map<String, Value> {
    let mut all = map(first);
    all.extend(second.clone());
    all
}
