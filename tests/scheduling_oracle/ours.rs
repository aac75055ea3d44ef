//! The same question to `scheduling`. The state gets to where it is asked in a roundabout way, so that keeping counts
//! is put to the test too.

use bex_infra::scheduling::{Pod, PodKey, State};
use k8s_openapi::api::core::v1 as core;
use serde_json::Value;

use super::oracle::Verdict;
use super::random::Random;

/// The lists of a cluster, and the resources that are in them.
const LISTS: [(&str, &str); 9] = [
    ("nodes", "nodes"),
    ("namespaces", "namespaces"),
    ("claims", "persistentvolumeclaims"),
    ("volumes", "persistentvolumes"),
    ("classes", "storageclasses.storage.k8s.io"),
    ("drivers", "csidrivers.storage.k8s.io"),
    ("driverNodes", "csinodes.storage.k8s.io"),
    ("capacities", "csistoragecapacities.storage.k8s.io"),
    ("attachments", "volumeattachments.storage.k8s.io"),
];

pub(crate) fn answer(cluster: &Value, seed: u64) -> Vec<Verdict> {
    let mut state = State::new();
    let mut random = Random::new(seed);
    if random.percent(50) {
        // Rules that exist before what they count.
        for pod in list(cluster, "pending") {
            state.class(Pod::of(&read(pod)).unwrap());
        }
    }
    let mut steps = steps(cluster);
    detour(&mut state, &steps, &mut random);
    if random.percent(50) {
        steps.reverse();
    }
    for (resource, object) in steps {
        apply(&mut state, resource, object);
    }
    let pending = list(cluster, "pending");
    pending
        .map(|pod| verdict(&mut state, cluster, pod))
        .collect()
}

fn steps(cluster: &Value) -> Vec<(&'static str, &Value)> {
    let lists = LISTS.into_iter().chain([("pods", "pods")]);
    let steps = lists.flat_map(|(name, resource)| {
        let objects = list(cluster, name);
        objects.map(move |object| (resource, object))
    });
    steps.collect()
}

/// Objects that come and go again, and pods and nodes that were different before.
fn detour(state: &mut State, steps: &[(&str, &Value)], random: &mut Random) {
    for (resource, object) in steps {
        if random.percent(30) {
            apply(state, resource, object);
            if random.percent(50) {
                remove(state, resource, object);
            }
        }
        if *resource == "nodes" && random.percent(30) {
            let mut other = (*object).clone();
            other["metadata"]["labels"] = steps[0].1["metadata"]["labels"].clone();
            other["spec"] = Value::Null;
            apply(state, resource, &other);
        }
        if *resource == "pods" && random.percent(30) {
            let mut other = (*object).clone();
            other["spec"]["nodeName"] = steps[0].1["metadata"]["name"].clone();
            apply(state, resource, &other);
        }
    }
}

fn verdict(state: &mut State, cluster: &Value, pod: &Value) -> Verdict {
    let key = key(pod);
    let class = state.class(Pod::of(&read(pod)).unwrap());
    let exceptions = state.exceptions(&key, class);
    let diagnosis = state.diagnose_pod(&key, class);
    let message = diagnosis.map(|diagnosis| diagnosis.to_string());
    let message = message.map(|text| text.split(" preemption: ").next().unwrap().to_owned());
    let mut verdict = Verdict {
        message: message.unwrap_or_default(),
        ..Verdict::default()
    };
    match state.ask(class) {
        Err(text) if text.starts_with("waiting for scheduling gates") => {
            verdict.gated = text;
            verdict.message = String::new();
        }
        Err(text) => verdict.refused = text,
        Ok(inquiry) => {
            for node in list(cluster, "nodes") {
                let id = state.node_id(name(node)).unwrap();
                let refusal = exceptions
                    .get(&id)
                    .copied()
                    .or_else(|| inquiry.fits(id).err());
                let mut reasons = refusal.map(|r| inquiry.reasons(r)).unwrap_or_default();
                reasons.sort();
                verdict.nodes.push(reasons);
            }
        }
    }
    verdict
}

fn apply(state: &mut State, resource: &str, object: &Value) {
    if resource == "pods" {
        state.apply_pod(&key(object), &read(object)).unwrap();
    } else {
        let json = object.to_string();
        let json = Some(json.as_bytes());
        state
            .apply(resource, namespace(object), name(object), json)
            .unwrap();
    }
}

fn remove(state: &mut State, resource: &str, object: &Value) {
    if resource == "pods" {
        state.remove_pod(&key(object));
    } else {
        state
            .apply(resource, namespace(object), name(object), None)
            .unwrap();
    }
}

fn list<'a>(cluster: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    cluster[name].as_array().into_iter().flatten()
}

fn read(pod: &Value) -> core::Pod {
    serde_json::from_value(pod.clone()).unwrap()
}

fn key(object: &Value) -> PodKey {
    PodKey {
        namespace: namespace(object).into(),
        name: name(object).into(),
    }
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap()
}

fn namespace(object: &Value) -> &str {
    object["metadata"]["namespace"].as_str().unwrap_or_default()
}
