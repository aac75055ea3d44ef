//! MachineDeployment: a MachineSet for each template, of which the newest gets all machines in the end.

mod rollout;
mod sets;
mod status;

use anyhow::Result;
use serde_json::{Value, json};

use super::machines::CLUSTER_NAME_LABEL;
use super::objects::{
    CLUSTER, DEV_MACHINE_TEMPLATE, KUBEADM_CONFIG_TEMPLATE, Kind, MACHINE_DEPLOYMENT, MACHINE_SET,
    add_finalizer, has_finalizer, is_deleting, name, namespace, own, owner, owner_of,
    remove_finalizer, text, uid,
};
use super::{Again, Scope};
use rollout::{Counts, Rollout};

const FINALIZER: &str = "cluster.x-k8s.io/machinedeployment";

/// On a MachineDeployment and its MachineSets: the number of the template.
pub(super) const REVISION: &str = "machinedeployment.clusters.x-k8s.io/revision";

pub(super) fn reconcile(scope: &mut Scope, deployment: &Value) -> Result<Again> {
    let Some(cluster) = scope.cluster_of(deployment) else {
        return Ok(None);
    };
    let cluster = owner(&CLUSTER, &cluster, false);
    let prepared = scope
        .infra
        .edit(&MACHINE_DEPLOYMENT, deployment, |deployment| {
            if !is_deleting(deployment) {
                add_finalizer(deployment, FINALIZER);
            }
            own(deployment, &cluster);
            deployment["metadata"]["labels"][CLUSTER_NAME_LABEL] =
                deployment["spec"]["clusterName"].clone();
        })?;
    let Some(deployment) = prepared else {
        return Ok(None);
    };
    let sets = sets_of(scope, &deployment)?;
    if is_deleting(&deployment) {
        return empty(scope, &deployment, &sets);
    }
    adopt_templates(scope, &deployment, &cluster)?;
    let (current, mut old) = split(&deployment, sets);
    if deployment["spec"]["paused"] == true {
        hold(scope, &deployment, current.as_ref(), &old)?;
    } else {
        let current = roll(scope, &deployment, current, &mut old)?;
        if is_complete(scope, &deployment, &current)? {
            clean_up(scope, &old)?;
        }
    }
    status::report(scope, &deployment)?;
    Ok(None)
}

fn sets_of(scope: &Scope, deployment: &Value) -> Result<Vec<Value>> {
    let mut sets = scope.infra.list(&MACHINE_SET, namespace(deployment))?;
    sets.retain(|set| {
        owner_of(set, &MACHINE_DEPLOYMENT).is_some_and(|owner| owner["uid"] == uid(deployment))
    });
    Ok(sets)
}

fn empty(scope: &mut Scope, deployment: &Value, sets: &[Value]) -> Result<Again> {
    for set in sets.iter().filter(|set| !is_deleting(set)) {
        scope.infra.delete(&MACHINE_SET, set)?;
    }
    status::report(scope, deployment)?;
    if sets.is_empty() && has_finalizer(deployment, FINALIZER) {
        let gone = |deployment: &mut Value| remove_finalizer(deployment, FINALIZER);
        scope.infra.edit(&MACHINE_DEPLOYMENT, deployment, gone)?;
    }
    Ok(None)
}

/// Templates go with the cluster.
fn adopt_templates(scope: &Scope, deployment: &Value, cluster: &Value) -> Result<()> {
    let spec = &deployment["spec"]["template"]["spec"];
    let parts: [(&Kind, &Value); 2] = [
        (&DEV_MACHINE_TEMPLATE, &spec["infrastructureRef"]),
        (&KUBEADM_CONFIG_TEMPLATE, &spec["bootstrap"]["configRef"]),
    ];
    for (kind, reference) in parts {
        if let Some(template) =
            scope
                .infra
                .get(kind, namespace(deployment), text(&reference["name"]))?
        {
            scope
                .infra
                .edit(kind, &template, |template| own(template, cluster))?;
        }
    }
    Ok(())
}

/// The set with the wanted template (of several the one with most replicas), and all others from the oldest on.
fn split(deployment: &Value, mut sets: Vec<Value>) -> (Option<Value>, Vec<Value>) {
    sets.sort_by_key(|set| {
        let replicas = set["spec"]["replicas"].as_i64().unwrap_or_default();
        let created = text(&set["metadata"]["creationTimestamp"]).to_owned();
        (-replicas, created, name(set).to_owned())
    });
    let wanted = &deployment["spec"]["template"];
    let current = sets
        .iter()
        .position(|set| !is_deleting(set) && outdated(&set["spec"]["template"], wanted).is_empty());
    let current = current.map(|place| sets.remove(place));
    sets.sort_by_key(|set| {
        (
            text(&set["metadata"]["creationTimestamp"]).to_owned(),
            name(set).to_owned(),
        )
    });
    (current, sets)
}

/// In what a template differs so that machines of it have to be replaced; in Cluster API's words.
pub(super) fn outdated(current: &Value, desired: &Value) -> Vec<String> {
    let (current, desired) = (&current["spec"], &desired["spec"]);
    let mut reasons = Vec::new();
    let (is, wanted) = (text(&current["version"]), text(&desired["version"]));
    if is != wanted {
        reasons.push(format!("Version {is}, {wanted} required"));
    }
    if current["bootstrap"] != desired["bootstrap"] {
        let kind = text(&current["bootstrap"]["configRef"]["kind"]);
        reasons.push(match kind {
            "" => {
                let secret = |spec: &Value| text(&spec["bootstrap"]["dataSecretName"]).to_owned();
                let (is, wanted) = (secret(current), secret(desired));
                format!("spec.bootstrap.dataSecretName {is}, {wanted} required")
            }
            kind => format!("{} is not up-to-date", kind.trim_end_matches("Template")),
        });
    }
    if current["infrastructureRef"] != desired["infrastructureRef"] {
        let kind = text(&current["infrastructureRef"]["kind"]);
        reasons.push(format!(
            "{} is not up-to-date",
            kind.trim_end_matches("Template")
        ));
    }
    let (is, wanted) = (
        text(&current["failureDomain"]),
        text(&desired["failureDomain"]),
    );
    if is != wanted {
        reasons.push(format!("Failure domain {is}, {wanted} required"));
    }
    reasons
}

/// Creates the current set if there is none, keeps all sets in step, and moves replicas from the old ones to it.
fn roll(
    scope: &mut Scope,
    deployment: &Value,
    current: Option<Value>,
    old: &mut [Value],
) -> Result<Value> {
    let revision = sets::revision(current.as_ref(), old);
    let current = match current {
        Some(current) => current,
        None => sets::create(scope, deployment, revision)?,
    };
    let rollout = Rollout::of(deployment);
    let counts: Vec<Counts> = old.iter().map(Counts::of).collect();
    let targets = rollout.plan(&Counts::of(&current), &counts);
    for (place, set) in old.iter_mut().enumerate() {
        sets::keep(scope, deployment, set, targets.old[place], None)?;
    }
    sets::keep(scope, deployment, &current, targets.current, Some(revision))?;
    scope
        .infra
        .edit(&MACHINE_DEPLOYMENT, deployment, |deployment| {
            deployment["metadata"]["annotations"][REVISION] = json!(revision.to_string());
        })?;
    Ok(current)
}

/// While it is paused, only the one set that has machines follows the number of replicas.
fn hold(scope: &Scope, deployment: &Value, current: Option<&Value>, old: &[Value]) -> Result<()> {
    let active = old
        .iter()
        .chain(current)
        .filter(|set| Counts::of(set).wanted > 0);
    let active: Vec<&Value> = active.collect();
    if let [one] = active[..] {
        let wanted = Rollout::of(deployment).replicas;
        scope.infra.edit(&MACHINE_SET, one, |set| {
            set["spec"]["replicas"] = json!(wanted);
        })?;
    }
    Ok(())
}

fn is_complete(scope: &Scope, deployment: &Value, current: &Value) -> Result<bool> {
    let wanted = Rollout::of(deployment).replicas;
    let set = scope
        .infra
        .get(&MACHINE_SET, namespace(current), name(current))?;
    let counts = set.as_ref().map(Counts::of);
    Ok(counts.is_some_and(|counts| counts.actual == wanted && counts.available == wanted))
}

/// Old sets without machines have no further use.
fn clean_up(scope: &Scope, old: &[Value]) -> Result<()> {
    for set in old.iter().filter(|set| !is_deleting(set)) {
        let counts = Counts::of(set);
        if counts.wanted == 0 && counts.actual == 0 {
            scope.infra.delete(&MACHINE_SET, set)?;
        }
    }
    Ok(())
}

/// A number, or a percentage of all.
pub(super) fn share(value: &Value, all: usize, up: bool) -> usize {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let Some(text) = value.as_str() else {
        return number(value.as_u64().unwrap_or_default());
    };
    let percent = text
        .trim_end_matches('%')
        .parse::<u64>()
        .unwrap_or_default();
    let hundredths = all.saturating_mul(number(percent));
    if up {
        hundredths.div_ceil(100)
    } else {
        hundredths / 100
    }
}

/// A label selector in its text form.
pub(super) fn selector_text(selector: &Value) -> String {
    let labels = selector["matchLabels"].as_object();
    let mut terms: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", text(value)))
        .collect();
    let expressions = selector["matchExpressions"].as_array();
    terms.extend(expressions.into_iter().flatten().map(|expression| {
        let key = text(&expression["key"]);
        let values = expression["values"].as_array();
        let mut values: Vec<&str> = values.into_iter().flatten().map(text).collect();
        values.sort_unstable();
        let values = values.join(",");
        match text(&expression["operator"]) {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        }
    }));
    terms.sort_by(|a, b| a.trim_start_matches('!').cmp(b.trim_start_matches('!')));
    terms.join(",")
}
