use serde_json::{Value, json};

use super::*;

fn small() -> Value {
    json!({
        "name": "small",
        "types": [{
            "name": "cpx22-fsn1",
            "hourly": 0.0274,
            "allocatable": {"cpu": "1900m", "memory": "3500Mi", "pods": "110"},
            "labels": {"topology.kubernetes.io/zone": "fsn1"},
        }],
        "classes": [
            {"metadata": {"namespace": "default"}, "spec": {"containers": [
                {"name": "a", "resources": {"requests": {"cpu": "500m"}}},
            ]}},
            {"metadata": {"namespace": "default"}, "spec": {"containers": [
                {"name": "b", "resources": {"requests": {"cpu": "500m"}}},
            ]}},
        ],
        "pending": [{"class": 0, "pods": 3}, {"class": 1, "pods": 2}],
        "nodes": [{"name": "n0", "type": "cpx22-fsn1", "pods": [{"class": 1, "pods": 2}]}],
        "daemonSets": [{
            "metadata": {"namespace": "kube-system", "name": "agent"},
            "spec": {"selector": {}, "template": {"spec": {"containers": [
                {"name": "agent", "resources": {"requests": {"cpu": "100m"}}},
            ]}}},
        }],
    })
}

fn situation(workload: Value) -> Result<Situation> {
    serde_json::from_value::<Workload>(workload)
        .unwrap()
        .situation()
}

fn changed(pointer: &str, value: Value) -> Value {
    let mut workload = small();
    *workload.pointer_mut(pointer).unwrap() = value;
    workload
}

fn refusal(pointer: &str, value: Value) -> String {
    let error = situation(changed(pointer, value)).unwrap_err();
    format!("{error:#}")
}

#[test]
fn classes_of_the_same_content_wait_together() {
    let situation = situation(small()).unwrap();
    let class = situation.classes[0];
    assert_eq!(situation.classes, [class, class]);
    assert_eq!(situation.waiting, [Waiting { class, pods: 5 }]);
}

#[test]
fn nodes_carry_their_pods_and_their_daemons() {
    let fits = |workload| {
        let situation = situation(workload).unwrap();
        !situation.state.feasible(situation.classes[0]).is_empty()
    };
    // 1900m less 2 × 500m less the daemon's 100m leaves room for one; a daemon of 500m leaves none.
    assert!(fits(small()));
    let daemon = "/daemonSets/0/spec/template/spec/containers/0/resources/requests/cpu";
    assert!(!fits(changed(daemon, "500m".into())));
}

#[test]
fn offers_have_prices_in_millionths_and_daemons() {
    let situation = situation(small()).unwrap();
    let offer = &situation.offers[0];
    assert_eq!(offer.price, Price(27_400));
    assert_eq!(offer.daemons.len(), 1);
    assert_eq!(offer.node.allocatable["cpu"], 1900);
    assert_eq!(offer.limit, u32::MAX);
}

#[test]
fn a_daemon_stays_off_nodes_that_it_does_not_select_or_tolerate() {
    let taint = json!([{"key": "gpu", "effect": "NoSchedule"}]);
    let mut workload = small();
    workload["types"][0]["taints"] = taint;
    assert!(situation(workload).unwrap().offers[0].daemons.is_empty());
    let mut workload = small();
    workload["daemonSets"][0]["spec"]["template"]["spec"]["nodeSelector"] = json!({"a": "b"});
    assert!(situation(workload).unwrap().offers[0].daemons.is_empty());
}

#[test]
fn nonsense_is_refused_with_its_place() {
    let price = refusal("/types/0/hourly", (-1).into());
    assert!(
        price.starts_with("types[0] (cpx22-fsn1): `hourly` is -1"),
        "{price}"
    );
    let memory = refusal("/types/0/allocatable", json!({"cpu": "1", "pods": "10"}));
    assert!(memory.contains("no memory"), "{memory}");
    let class = refusal("/pending/0/class", 7.into());
    assert!(
        class.contains("class 7 is named, but there are 2 classes"),
        "{class}"
    );
    let node = refusal("/nodes/0/type", "cpx99".into());
    assert!(
        node.starts_with("nodes[0] (n0): there is no type \"cpx99\""),
        "{node}"
    );
    let cpu = refusal(
        "/classes/1/spec/containers/0/resources/requests/cpu",
        "-3".into(),
    );
    assert!(cpu.starts_with("classes[1]: "), "{cpu}");
    let pods = refusal(
        "/pending",
        json!([{"class": 0, "pods": 4_000_000_000_u32}, {"class": 1, "pods": 4_000_000_000_u32}]),
    );
    assert!(pods.contains("too many pods"), "{pods}");
}

#[test]
fn names_that_are_there_twice_are_refused() {
    let mut workload = small();
    let double = workload["types"][0].clone();
    workload["types"].as_array_mut().unwrap().push(double);
    let error = format!("{:#}", situation(workload).unwrap_err());
    assert!(error.starts_with("types[1] (cpx22-fsn1): "), "{error}");
    let mut workload = small();
    let double = workload["nodes"][0].clone();
    workload["nodes"].as_array_mut().unwrap().push(double);
    let error = format!("{:#}", situation(workload).unwrap_err());
    assert!(error.starts_with("nodes[1] (n0): "), "{error}");
}

#[test]
fn volumes_keep_their_pods_in_their_zone() {
    let mut workload = small();
    workload["objects"] = json!([
        {
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"},
            "spec": {"capacity": {"storage": "1Gi"}, "nodeAffinity": {"required": {"nodeSelectorTerms": [
                {"matchExpressions": [
                    {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["nbg1"]},
                ]},
            ]}}},
        },
        {
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": "c", "namespace": "default",
                "annotations": {"pv.kubernetes.io/bind-completed": "yes"},
            },
            "spec": {"volumeName": "v"},
        },
    ]);
    workload["classes"][0]["spec"]["volumes"] =
        json!([{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]);
    let situation = situation(workload).unwrap();
    assert_eq!(situation.state.feasible(situation.classes[0]), []);
    assert_ne!(situation.state.feasible(situation.classes[1]), []);
}

#[test]
fn objects_that_say_nothing_about_where_pods_fit_are_refused() {
    for kind in ["ConfigMap", "Node"] {
        let mut workload = small();
        workload["objects"] = json!([{"kind": kind, "metadata": {"name": "c"}}]);
        let error = format!("{:#}", situation(workload).unwrap_err());
        assert!(error.starts_with("objects[0]: "), "{error}");
    }
    assert_eq!(
        resource("CSIStorageCapacity"),
        Some("csistoragecapacities.storage.k8s.io")
    );
    assert_eq!(
        resource("StorageClass"),
        Some("storageclasses.storage.k8s.io")
    );
}
