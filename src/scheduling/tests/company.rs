//! Rules about other pods: affinity, anti-affinity, spread.

use super::*;

#[test]
fn anti_affinity_keeps_others_away_and_is_kept_away_by_others() {
    let mut cluster = Cluster::with_zones(&["a", "a", "b"]);
    cluster.run(
        "shy",
        apart(json!({"topologyKey": ZONE, "labelSelector": web()})),
        "n0",
    );
    assert_eq!(cluster.feasible(pod(json!({}))), ["n2"]);
    let shy = apart(json!({"topologyKey": HOST, "labelSelector": web()}));
    assert_eq!(cluster.feasible(shy), ["n2"]);
    cluster.0.remove_pod(&key("shy"));
    assert_eq!(cluster.feasible(pod(json!({}))).len(), 3);
}

#[test]
fn the_first_of_a_group_may_be_alone_and_the_others_follow_it() {
    let mut cluster = Cluster::with_zones(&["a", "b", "b"]);
    let group = || together(json!({"topologyKey": ZONE, "labelSelector": web()}));
    assert_eq!(cluster.feasible(group()).len(), 3);
    cluster.run("first", group(), "n1");
    assert_eq!(cluster.feasible(group()), ["n1", "n2"]);
}

#[test]
fn a_namespace_selector_that_holds_without_labels_selects_every_namespace() {
    let mut cluster = Cluster::with_zones(&["a", "b"]);
    let labels = json!({"team": "red"});
    cluster.add(
        "namespaces",
        json!({"metadata": {"name": "default", "labels": labels}}),
    );
    cluster.run("web", pod(json!({})), "n0");
    let without = json!({"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]});
    let term = json!({"topologyKey": ZONE, "labelSelector": web(), "namespaceSelector": without});
    assert_eq!(cluster.feasible(apart(term)), ["n1"]);
}

#[test]
fn labels_of_a_namespace_that_change_change_who_is_meant() {
    let mut cluster = Cluster::with_zones(&["a", "b"]);
    cluster.run("web", pod(json!({})), "n0");
    let red = json!({"matchLabels": {"team": "red"}});
    let term = json!({"topologyKey": ZONE, "labelSelector": web(), "namespaceSelector": red});
    assert_eq!(cluster.feasible(apart(term.clone())).len(), 2);
    let labels = json!({"team": "red"});
    cluster.add(
        "namespaces",
        json!({"metadata": {"name": "default", "labels": labels}}),
    );
    assert_eq!(cluster.feasible(apart(term)), ["n1"]);
}

#[test]
fn spread_fills_the_emptiest_zone_first() {
    let mut cluster = Cluster::with_zones(&["a", "b", "b"]);
    cluster.run("one", pod(json!({})), "n1");
    assert_eq!(cluster.feasible(spread(evenly(ZONE))), ["n0"]);
    cluster.0.remove_node("n0");
    assert_eq!(cluster.feasible(spread(evenly(ZONE))), ["n1", "n2"]);
}

#[test]
fn too_few_domains_count_as_an_empty_one() {
    let mut cluster = Cluster::with_zones(&["a"]);
    cluster.run("one", pod(json!({})), "n0");
    let mut constraint = evenly(ZONE);
    assert_eq!(cluster.feasible(spread(constraint.clone())), ["n0"]);
    constraint["minDomains"] = 2.into();
    assert!(cluster.feasible(spread(constraint)).is_empty());
}

#[test]
fn spread_does_not_count_pods_that_are_about_to_go() {
    let mut cluster = Cluster::with_zones(&["a", "b"]);
    let mut going = pod(json!({}));
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    cluster.run("going", going, "n0");
    assert_eq!(cluster.feasible(spread(evenly(ZONE))).len(), 2);
}

#[test]
fn an_excluded_node_has_the_counts_of_its_zone_all_the_same() {
    let mut cluster = Cluster::with_zones(&["a", "a"]);
    let mut node = cluster.0.node(cluster.node("n1")).unwrap().clone();
    node.labels.insert("disk".into(), "ssd".into());
    cluster.0.set_node(node);
    cluster.run("one", pod(json!({})), "n1");
    let mut constraint = evenly(ZONE);
    constraint["minDomains"] = 2.into();
    let mut picky = spread(constraint);
    picky["spec"]["nodeSelector"] = json!({"disk": "ssd"});
    let class = cluster.class(picky);
    let refusal = cluster.0.ask(class).unwrap().fits(cluster.node("n1"));
    assert_eq!(refusal, Err(Refusal::Spread));
}
