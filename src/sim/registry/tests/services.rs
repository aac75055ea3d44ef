use super::*;

fn service(name: &str, spec: Value) -> Value {
    let mut object = json!({"metadata": {"name": name}, "spec": spec});
    if object["spec"].get("ports").is_none() {
        object["spec"]["ports"] = json!([{"port": 80}]);
    }
    object
}

fn create(cluster: &Cluster, name: &str, spec: Value) -> Result<Value, Status> {
    cluster.create("default/services", service(name, spec))
}

fn port(service: &Value, index: usize) -> u64 {
    service["spec"]["ports"][index]["nodePort"]
        .as_u64()
        .unwrap_or(0)
}

#[test]
fn every_service_has_an_address_of_its_own() {
    let cluster = Cluster::new();
    let addresses: std::collections::BTreeSet<String> = (0..40)
        .map(|index| {
            let made = create(&cluster, &format!("s{index}"), json!({})).unwrap();
            made["spec"]["clusterIP"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(addresses.len(), 40);
    assert!(
        addresses
            .iter()
            .all(|address| address.starts_with("10.96."))
    );
}

#[test]
fn an_address_is_free_again_when_its_service_is_gone() {
    let cluster = Cluster::new();
    create(&cluster, "a", json!({"clusterIP": "10.96.77.1"})).unwrap();
    let status = create(&cluster, "b", json!({"clusterIP": "10.96.77.1"})).unwrap_err();
    assert_eq!(
        status.message,
        "Service \"b\" is invalid: spec.clusterIPs: Invalid value: [\"10.96.77.1\"]: failed to allocate IP 10.96.77.1: provided IP is already allocated"
    );
    cluster.delete("default/services/a").unwrap();
    create(&cluster, "b", json!({"clusterIP": "10.96.77.1"})).unwrap();
}

#[test]
fn an_address_outside_of_the_network_is_refused() {
    let status = create(&Cluster::new(), "a", json!({"clusterIP": "10.97.0.1"})).unwrap_err();
    assert_eq!(
        status.message,
        "Service \"a\" is invalid: spec.clusterIPs: Invalid value: [\"10.97.0.1\"]: failed to allocate IP 10.97.0.1: the provided network does not match the current range"
    );
}

#[test]
fn an_address_stays_as_it_is() {
    let cluster = Cluster::new();
    let made = create(&cluster, "a", json!({})).unwrap();
    let kept = cluster
        .merge(
            "default/services/a",
            json!({"spec": {"clusterIP": null, "clusterIPs": null}}),
        )
        .unwrap();
    assert_eq!(kept, made);
    let other = json!({"spec": {"clusterIP": "10.96.77.2"}});
    let status = cluster.merge("default/services/a", other).unwrap_err();
    assert_eq!(
        status.message,
        "Service \"a\" is invalid: spec.clusterIPs[0]: Invalid value: [\"10.96.77.2\"]: may not change once set"
    );
}

#[test]
fn a_headless_service_has_no_address() {
    let made = create(&Cluster::new(), "a", json!({"clusterIP": "None"})).unwrap();
    assert_eq!(made["spec"]["clusterIPs"], json!(["None"]));
}

#[test]
fn node_ports_come_and_go_with_the_type() {
    let cluster = Cluster::new();
    let made = create(
        &cluster,
        "a",
        json!({"type": "NodePort", "ports": [{"port": 80, "name": "x"}, {"port": 81, "name": "y"}]}),
    )
    .unwrap();
    let (first, second) = (port(&made, 0), port(&made, 1));
    assert!(
        first != second && (30_000..=32_767).contains(&first),
        "{made}"
    );
    let changed = cluster
        .merge("default/services/a", json!({"spec": {"type": "ClusterIP"}}))
        .unwrap();
    assert_eq!(port(&changed, 0), 0);
}

#[test]
fn a_port_keeps_its_node_port_by_its_name() {
    let cluster = Cluster::new();
    let made = create(
        &cluster,
        "a",
        json!({"type": "NodePort", "ports": [{"port": 80, "name": "x"}]}),
    )
    .unwrap();
    let changed = cluster
        .update(
            "default/services/a",
            service(
                "a",
                json!({"type": "NodePort", "ports": [{"port": 82, "name": "y"}, {"port": 81, "name": "x"}]}),
            ),
        )
        .unwrap();
    assert_eq!(port(&changed, 1), port(&made, 0));
    assert_ne!(port(&changed, 0), port(&made, 0));
}

#[test]
fn a_node_port_is_given_once() {
    let cluster = Cluster::new();
    let spec = json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30001}]});
    create(&cluster, "a", spec.clone()).unwrap();
    let status = create(&cluster, "b", spec).unwrap_err();
    assert_eq!(
        status.message,
        "Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated"
    );
    let low = json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]});
    let status = create(&cluster, "b", low).unwrap_err();
    assert_eq!(
        status.message,
        "Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767"
    );
}

#[test]
fn an_external_name_needs_no_address() {
    let cluster = Cluster::new();
    create(&cluster, "a", json!({"clusterIP": "10.96.77.1"})).unwrap();
    let patch = json!({"spec": {"type": "ExternalName", "externalName": "a.b"}});
    let changed = cluster.merge("default/services/a", patch).unwrap();
    assert_eq!(changed["spec"].get("clusterIP"), None);
    create(&cluster, "b", json!({"clusterIP": "10.96.77.1"})).unwrap();
}

#[test]
fn a_dry_run_takes_no_address() {
    let cluster = Cluster::new();
    let object = service("a", json!({"clusterIP": "10.96.77.1"}));
    cluster
        .create_with("default/services", object.clone(), &dry_run())
        .unwrap();
    cluster.create("default/services", object).unwrap();
}

#[test]
fn addresses_are_known_after_a_restart() {
    let cluster = Cluster::new();
    create(&cluster, "a", json!({"clusterIP": "10.96.77.1"})).unwrap();
    let again = Cluster {
        registry: Registry::new(
            cluster.registry.store().clone(),
            Clock::starting_at("2026-01-02T00:00:00Z".parse().unwrap()),
            7,
        ),
    };
    assert!(create(&again, "b", json!({"clusterIP": "10.96.77.1"})).is_err());
}
