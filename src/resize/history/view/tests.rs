use serde_json::{Value, json};

use super::*;
use crate::resize::prices::{Location, MachineType};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn view() -> View {
    let location = Location {
        name: "fsn1".into(),
        hourly: Price(20_000),
        available: true,
    };
    let machine_type = MachineType {
        name: "cpx22".into(),
        locations: vec![location],
        ..MachineType::default()
    };
    View::new(PriceList {
        types: vec![machine_type],
        ..PriceList::default()
    })
}

fn tell(
    view: &mut View,
    second: i64,
    resource: &str,
    name: &str,
    object: &Value,
) -> Option<Timestamp> {
    let json = object.to_string();
    view.apply(at(second), resource, "default", name, Some(json.as_bytes()))
        .unwrap()
}

fn machine(group: &str, node: &str) -> Value {
    json!({
        "metadata": {"labels": {DEPLOYMENT_LABEL: group}},
        "status": {"nodeRef": {"name": node}},
    })
}

#[test]
fn a_pod_waits_until_it_has_a_node_and_its_wait_is_told() {
    let mut view = view();
    let created = at(10).to_string();
    let mut pod = json!({"metadata": {"creationTimestamp": created}, "spec": {"containers": []}});
    assert_eq!(tell(&mut view, 11, "pods", "web", &pod), None);
    assert_eq!(view.pending().collect::<Vec<_>>(), [at(10)]);
    pod["spec"]["nodeName"] = json!("n0");
    assert_eq!(tell(&mut view, 15, "pods", "web", &pod), Some(at(10)));
    assert_eq!(tell(&mut view, 16, "pods", "web", &pod), None);
    assert_eq!(view.pending().len(), 0);
}

#[test]
fn pods_that_want_no_node_do_not_wait() {
    let mut view = view();
    for pod in [
        json!({"spec": {"containers": [], "schedulingGates": [{"name": "quota"}]}}),
        json!({"spec": {"containers": []}, "status": {"phase": "Succeeded"}}),
        json!({"metadata": {"deletionTimestamp": at(1).to_string()}, "spec": {"containers": []}}),
    ] {
        tell(&mut view, 2, "pods", "web", &pod);
        assert_eq!(view.pending().len(), 0, "{pod}");
    }
}

#[test]
fn a_deleted_pod_has_not_got_a_node() {
    let mut view = view();
    tell(
        &mut view,
        1,
        "pods",
        "web",
        &json!({"spec": {"containers": []}}),
    );
    let ended = view.apply(at(2), "pods", "default", "web", None).unwrap();
    assert_eq!((ended, view.pending().len()), (None, 0));
}

#[test]
fn machines_are_counted_by_group_with_what_they_cost() {
    let mut view = view();
    let group = json!({"metadata": {"annotations": {
        MACHINE_TYPE_ANNOTATION: "cpx22", LOCATION_ANNOTATION: "fsn1",
    }}});
    tell(
        &mut view,
        1,
        "machinedeployments.cluster.x-k8s.io",
        "a",
        &group,
    );
    tell(
        &mut view,
        1,
        "machinedeployments.cluster.x-k8s.io",
        "empty",
        &json!({}),
    );
    tell(
        &mut view,
        1,
        "machines.cluster.x-k8s.io",
        "a-1",
        &machine("a", "a-1"),
    );
    tell(
        &mut view,
        1,
        "machines.cluster.x-k8s.io",
        "a-2",
        &machine("a", ""),
    );
    let control_plane = json!({"metadata": {"labels": {CONTROL_PLANE_LABEL: ""}}});
    tell(
        &mut view,
        1,
        "machines.cluster.x-k8s.io",
        "cp",
        &control_plane,
    );
    let expected = Machines {
        joined: 1,
        coming: 1,
        cost: Price(40_000),
    };
    let machines = view.machines();
    assert_eq!(machines["a"], expected);
    assert_eq!(machines["empty"], Machines::default());
    assert_eq!(machines[CONTROL_PLANE].coming, 1);
}

#[test]
fn an_object_that_cannot_be_read_is_named() {
    let error = view().apply(at(1), "pods", "default", "web", Some(b"[]"));
    let error = format!("{:#}", error.unwrap_err());
    assert!(error.starts_with("reading pods default/web: "), "{error}");
}
