//! What is said of a pod that finds no place on `w1` when `w0` goes.

use serde_json::json;

use super::*;

fn why(mover: Pod, stays: Node, others: &[Pod]) -> Option<String> {
    let pods = [&[mover], others].concat();
    let seen = workload(&[node("w0"), stays], &pods);
    let mut homeless = remove(&seen, &[machine("w0", 1)], 1).homeless;
    assert!(homeless.len() <= 1);
    homeless.pop().map(|homeless| homeless.why)
}

fn port(ip: &str, port: i32, protocol: &str) -> HostPort {
    HostPort {
        ip: ip.to_owned(),
        port,
        protocol: protocol.to_owned(),
    }
}

#[test]
fn a_shortage_names_the_need_and_the_most_that_is_free() {
    let mut neighbour = pod("b", "w1");
    neighbour.requests = amounts(1600, 3584, 1);
    let mebi = 1 << 20;
    let expected = [
        ("cpu", 400, None),
        (
            "cpu",
            401,
            Some("needs 0.401 CPU; the freest remaining node has 0.4"),
        ),
        (
            "cpu",
            2000,
            Some("needs 2 CPU; the freest remaining node has 0.4"),
        ),
        ("memory", 512 * mebi, None),
        (
            "memory",
            512 * mebi + 1,
            Some("needs 513 MiB of memory; the freest remaining node has 512 MiB"),
        ),
        ("nvidia.com/gpu", 0, None),
        (
            "nvidia.com/gpu",
            1,
            Some("needs 1 nvidia.com/gpu; the freest remaining node has 0"),
        ),
    ];
    for (resource, amount, says) in expected {
        let mut mover = pod("a", "w0");
        mover.requests = amounts(100, 512, 1);
        mover.requests.insert(resource.to_owned(), amount);
        let said = why(mover, node("w1"), std::slice::from_ref(&neighbour));
        assert_eq!(said.as_deref(), says, "{amount} {resource}");
    }
}

#[test]
fn room_that_is_scattered_over_nodes_is_no_room() {
    let mut large = pod("a", "w0");
    large.requests = amounts(1500, 3072, 1);
    let (mut cpu, mut memory) = (node("w1"), node("w2"));
    cpu.allocatable = amounts(2000, 1024, 10);
    memory.allocatable = amounts(1000, 4096, 10);
    let seen = workload(&[node("w0"), cpu, memory], &[large]);
    let removal = remove(&seen, &[machine("w0", 1)], 1);
    assert_eq!(
        removal.homeless[0].why,
        "needs 1.5 CPU and 3072 MiB of memory; no remaining node has all of that free"
    );
}

#[test]
fn a_node_runs_only_so_many_pods() {
    let mut full = node("w1");
    full.allocatable = amounts(2000, 4096, 1);
    let mut tiny = pod("tiny", "w1");
    tiny.requests = amounts(0, 0, 1);
    assert_eq!(
        why(pod("a", "w0"), full.clone(), &[tiny.clone()]).as_deref(),
        Some("every remaining node runs as many pods as it may")
    );
    tiny.phase = "Failed".to_owned();
    assert_eq!(
        why(pod("a", "w0"), full, &[tiny]),
        None,
        "a finished pod makes room"
    );
}

#[test]
fn node_selector_and_node_affinity_look_at_the_labels_of_what_remains() {
    let mut picky = pod("a", "w0");
    picky.node_selector = pairs(&[("disk", "ssd")]);
    assert_eq!(
        why(picky.clone(), node("w1"), &[]).as_deref(),
        Some("node selector disk=ssd matches no remaining node")
    );
    let mut ssd = node("w1");
    ssd.labels = pairs(&[("disk", "ssd")]);
    assert_eq!(why(picky.clone(), ssd.clone(), &[]), None);

    picky.node_selector.clear();
    picky.node_affinity = Some(read(json!({"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "disk", "operator": "NotIn", "values": ["ssd"]}]}
    ]})));
    assert_eq!(
        why(picky.clone(), ssd, &[]).as_deref(),
        Some("its required node affinity matches no remaining node")
    );
    assert_eq!(why(picky, node("w1"), &[]), None);
}

#[test]
fn taints_are_named() {
    let mut tainted = node("w1");
    tainted.taints = read(json!([
        {"key": "soft", "effect": "PreferNoSchedule"},
        {"key": "team", "value": "ml", "effect": "NoSchedule"},
    ]));
    assert_eq!(
        why(pod("a", "w0"), tainted.clone(), &[]).as_deref(),
        Some("every remaining node is tainted: team=ml:NoSchedule")
    );
    let mut tolerant = pod("a", "w0");
    tolerant.tolerations = read(json!([{"key": "team", "operator": "Exists"}]));
    assert_eq!(why(tolerant, tainted, &[]), None);
}

#[test]
fn a_host_port_is_taken_by_the_same_port_protocol_and_address() {
    let here = port("10.0.0.1", 80, "TCP");
    let everywhere = port("0.0.0.0", 80, "TCP");
    let expected = [
        (&here, here.clone(), true),
        (&here, everywhere.clone(), true),
        (&everywhere, here.clone(), true),
        (&here, port("10.0.0.2", 80, "TCP"), false),
        (&here, port("10.0.0.1", 81, "TCP"), false),
        (&here, port("10.0.0.1", 80, "UDP"), false),
    ];
    for (taken, wanted, refused) in expected {
        let (mut neighbour, mut mover) = (pod("b", "w1"), pod("a", "w0"));
        neighbour.host_ports = vec![taken.clone()];
        mover.host_ports = vec![wanted.clone()];
        let text = "host port 80/TCP is taken on every remaining node";
        let says = refused.then_some(text);
        assert_eq!(
            why(mover, node("w1"), &[neighbour]).as_deref(),
            says,
            "{wanted:?}"
        );
    }
}

#[test]
fn anti_affinity_keeps_pods_apart_whoever_has_the_rule() {
    let apart = json!([
        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}
    ]);
    let says = "pod anti-affinity keeps it off every remaining node";
    let (plain, mut strict) = (pod("a", "w0"), pod("b", "w0"));
    strict.anti_affinity = apart;
    let at = |pod: &Pod| Pod {
        node: Some("w1".to_owned()),
        name: "resident".to_owned(),
        ..pod.clone()
    };
    assert_eq!(
        why(strict.clone(), node("w1"), &[at(&plain)]).as_deref(),
        Some(says)
    );
    assert_eq!(
        why(plain.clone(), node("w1"), &[at(&strict)]).as_deref(),
        Some(says)
    );
    assert_eq!(why(plain.clone(), node("w1"), &[at(&plain)]), None);
    let mut other = at(&plain);
    other.labels = pairs(&[("app", "db")]);
    assert_eq!(why(strict.clone(), node("w1"), &[other]), None);
    assert_eq!(
        why(plain, node("w1"), &[strict]).as_deref(),
        Some(says),
        "two that move to one node"
    );
}

#[test]
fn anti_affinity_counts_the_whole_zone() {
    let mut strict = pod("a", "w0");
    strict.anti_affinity = read(json!([
        {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "web"}}}
    ]));
    let zoned = |name: &str, zone: &str| Node {
        labels: pairs(&[("zone", zone)]),
        ..node(name)
    };
    let homeless = |zone: &str| {
        let nodes = [node("w0"), zoned("w1", "north"), zoned("w2", zone)];
        let seen = workload(&nodes, &[strict.clone(), pod("b", "w1")]);
        remove(&seen, &[machine("w0", 1)], 1).homeless.len()
    };
    assert_eq!(homeless("north"), 1);
    assert_eq!(homeless("south"), 0);
}

#[test]
fn a_volume_holds_its_pod_on_the_nodes_that_reach_it() {
    let mut bound = pod("a", "w0");
    bound.volumes = vec![BoundVolume {
        claim: "data-0".to_owned(),
        nodes: read(json!({"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["w0"]}]}
        ]})),
    }];
    assert_eq!(
        why(bound, node("w1"), &[]).as_deref(),
        Some("no remaining node reaches the volume of its claim data-0")
    );
}

#[test]
fn cordoned_nodes_and_nodes_that_are_not_ready_take_nobody() {
    let (mut cordoned, mut broken) = (node("w1"), node("w1"));
    cordoned.unschedulable = true;
    broken.ready = false;
    for stays in [cordoned, broken] {
        let said = why(pod("a", "w0"), stays, &[]);
        assert_eq!(
            said.as_deref(),
            Some("no Ready and schedulable node remains")
        );
    }
}

#[test]
fn what_would_be_lost_or_cannot_be_judged_is_said() {
    let (mut orphan, mut local, mut device) = (pod("a", "w0"), pod("a", "w0"), pod("a", "w0"));
    orphan.controller = None;
    local.host_paths = vec!["/var/data".to_owned()];
    device.resource_claims = json!([{"name": "gpu", "resourceClaimName": "gpu"}]);
    let expected = [
        (orphan, "no controller would make it again"),
        (
            local,
            "what it keeps in /var/data of its node would stay behind",
        ),
        (device, "its resource claim rule could not be checked"),
    ];
    for (mover, says) in expected {
        assert_eq!(why(mover, node("w1"), &[]).as_deref(), Some(says));
    }
}

#[test]
fn a_budget_that_allows_one_disruption_allows_one_after_another() {
    let mut seen = workload(
        &[node("w0"), node("w1"), node("w2")],
        &[pod("a", "w0"), pod("b", "w1")],
    );
    let machines = [machine("w0", 2), machine("w1", 1)];
    seen.budgets = vec![budget("web", 1)];
    assert_eq!(remove(&seen, &machines, 2).homeless, []);
    seen.budgets = vec![budget("web", 0)];
    let stuck = remove(&seen, &machines, 1);
    assert_eq!(
        stuck.homeless[0].why,
        "PodDisruptionBudget web allows no disruption now"
    );
}

#[test]
fn a_budget_covers_running_pods_of_its_namespace_that_it_selects() {
    let says = |mover: Pod, budgets: &[Budget]| {
        let mut seen = workload(&[node("w0"), node("w1")], &[mover]);
        seen.budgets = budgets.to_vec();
        let mut homeless = remove(&seen, &[machine("w0", 1)], 1).homeless;
        homeless.pop().map(|homeless| homeless.why)
    };
    let web = pod("a", "w0");
    assert!(says(web.clone(), &[budget("web", 0)]).is_some());
    let (mut elsewhere, mut other, mut starting) = (web.clone(), web.clone(), web.clone());
    elsewhere.namespace = "shop".to_owned();
    other.labels.clear();
    starting.phase = "Pending".to_owned();
    for free in [elsewhere, other, starting] {
        assert_eq!(says(free, &[budget("web", 0)]), None);
    }
    let mut nobody = budget("nobody", 0);
    nobody.selector = None;
    assert_eq!(says(web.clone(), &[nobody]), None);
    assert_eq!(
        says(web, &[budget("one", 1), budget("two", 1)]).as_deref(),
        Some("more than one PodDisruptionBudget covers it, and such a pod is never evicted")
    );
}

#[test]
fn spread_and_affinity_are_judged() {
    let term = json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "db"}}});
    let (mut follower, mut even) = (pod("a", "w0"), pod("a", "w0"));
    follower.affinity = json!([term]);
    let says = "node(s) didn't match pod affinity rules";
    assert_eq!(
        why(follower.clone(), node("w1"), &[]).as_deref(),
        Some(says)
    );
    let mut db = pod("db", "w1");
    db.labels = pairs(&[("app", "db")]);
    assert_eq!(why(follower, node("w1"), &[db]), None);

    even.spread = json!([{
        "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }]);
    assert_eq!(why(even.clone(), node("w1"), &[]), None);
    let says = "node(s) didn't match pod topology spread constraints";
    let mut neighbour = pod("b", "w1");
    neighbour.requests.clear();
    assert_eq!(why(even, node("w1"), &[neighbour]).as_deref(), Some(says));
}
