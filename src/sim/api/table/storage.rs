//! Cells of storage classes, volumes and claims.

use jiff::Timestamp;
use serde_json::Value;

use super::cells::{Compute, items, text};

pub(super) fn named(name: &str) -> Option<Compute> {
    Some(match name {
        "allows-expansion" => allows_expansion,
        "storage-class-name" => storage_class_name,
        "claim-capacity" => claim_capacity,
        "claim-access-modes" => claim_access_modes,
        "volume-access-modes" => volume_access_modes,
        "volume-claim" => volume_claim,
        _ => return None,
    })
}

fn allows_expansion(class: &Value, _: Timestamp) -> Value {
    class["allowVolumeExpansion"]
        .as_bool()
        .unwrap_or_default()
        .into()
}

fn storage_class_name(class: &Value, _: Timestamp) -> Value {
    let (name, annotations) = (
        text(&class["metadata"]["name"]),
        &class["metadata"]["annotations"],
    );
    let marks = [
        "storageclass.kubernetes.io/is-default-class",
        "storageclass.beta.kubernetes.io/is-default-class",
    ];
    if marks.iter().any(|mark| annotations[*mark] == "true") {
        return format!("{name} (default)").into();
    }
    name.into()
}

fn claim_capacity(claim: &Value, _: Timestamp) -> Value {
    if text(&claim["spec"]["volumeName"]).is_empty() {
        return "".into();
    }
    claim["status"]["capacity"]["storage"]
        .as_str()
        .unwrap_or("0")
        .into()
}

fn claim_access_modes(claim: &Value, _: Timestamp) -> Value {
    if text(&claim["spec"]["volumeName"]).is_empty() {
        return "".into();
    }
    access_modes(&claim["status"]["accessModes"])
}

fn volume_access_modes(volume: &Value, _: Timestamp) -> Value {
    access_modes(&volume["spec"]["accessModes"])
}

fn access_modes(modes: &Value) -> Value {
    let known = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let has = |mode: &str| items(modes).iter().any(|given| given == mode);
    let shown: Vec<&str> = known
        .iter()
        .filter(|(mode, _)| has(mode))
        .map(|(_, short)| *short)
        .collect();
    shown.join(",").into()
}

fn volume_claim(volume: &Value, _: Timestamp) -> Value {
    let claim = &volume["spec"]["claimRef"];
    if claim.is_null() {
        return "".into();
    }
    format!("{}/{}", text(&claim["namespace"]), text(&claim["name"])).into()
}
