//! Which machines go.

use super::*;

fn chosen(workload: &Given, machines: &[Candidate], count: usize) -> Vec<String> {
    remove(workload, machines, count).machines
}

#[test]
fn the_machine_with_the_fewest_pods_goes_first() {
    let pods = [pod("a", "w0"), pod("b", "w0"), pod("c", "w1")];
    let seen = workload(&[node("w0"), node("w1"), node("w2")], &pods);
    let machines = [machine("w0", 3), machine("w1", 2), machine("w2", 1)];
    assert_eq!(chosen(&seen, &machines, 1), ["m-w2"]);
    let removal = remove(&seen, &machines, 2);
    assert_eq!(removal.machines, ["m-w2", "m-w1"]);
    assert_eq!(removal.homeless[0].pod, "default/c");
}

#[test]
fn of_machines_with_equally_many_pods_the_oldest_goes() {
    let seen = workload(&[node("w0"), node("w1"), node("w2")], &[]);
    let machines = [machine("w0", 1), machine("w1", 3), machine("w2", 2)];
    assert_eq!(chosen(&seen, &machines, 2), ["m-w1", "m-w2"]);
}

#[test]
fn a_machine_whose_pods_fit_elsewhere_goes_before_an_emptier_one_whose_pods_do_not() {
    let mut picky = pod("picky", "w0");
    picky.node_selector = pairs(&[("kubernetes.io/hostname", "w0")]);
    let pods = [picky, pod("a", "w1"), pod("b", "w1")];
    let seen = workload(&[node("w0"), node("w1"), node("w2")], &pods);
    let removal = remove(&seen, &[machine("w0", 2), machine("w1", 1)], 1);
    assert_eq!(removal.machines, ["m-w1"]);
    assert_eq!(removal.reason, "fewest pods, all of which fit elsewhere");
    assert_eq!(removal.homeless, []);
}

#[test]
fn where_every_choice_costs_pods_the_cheapest_is_made_and_said() {
    let mut pods = vec![pod("a", "w0"), pod("b", "w1"), pod("c", "w1")];
    for pod in &mut pods {
        pod.node_selector = pairs(&[("disk", "ssd")]);
    }
    // `w0` has more pods, but all except one fit on `w1`.
    pods.extend([pod("d", "w0"), pod("e", "w0")]);
    pods[3].requests.clear();
    pods[4].requests.clear();
    let seen = workload(&[node("w0"), node("w1")], &pods);
    let removal = remove(&seen, &[machine("w0", 1), machine("w1", 2)], 1);
    assert_eq!(removal.machines, ["m-w0"]);
    assert_eq!(removal.reason, "fewest pods without another place");
    assert_eq!(removal.homeless.len(), 1);
}

#[test]
fn a_machine_without_a_ready_node_goes_before_any_other() {
    let seen = workload(&[node("w0"), node("w1")], &[pod("a", "w1")]);
    let mut broken = machine("w1", 1);
    broken.ready = false;
    let mut unborn = machine("w2", 0);
    (unborn.node, unborn.ready) = (None, false);
    let machines = [machine("w0", 3), broken, unborn];
    assert_eq!(chosen(&seen, &machines, 1), ["m-w2"]);
    let removal = remove(&seen, &machines, 2);
    assert_eq!(removal.machines, ["m-w2", "m-w1"]);
    assert_eq!(removal.reason, "no Ready node");
    assert_eq!(removal.homeless, []);
}

#[test]
fn a_broken_machine_goes_first_even_if_its_pods_are_lost() {
    let mut orphan = pod("orphan", "w0");
    orphan.controller = None;
    let seen = workload(&[node("w0"), node("w1"), node("w2")], &[orphan]);
    let mut broken = machine("w0", 0);
    broken.ready = false;
    let removal = remove(&seen, &[machine("w1", 1), broken], 1);
    assert_eq!(removal.machines, ["m-w0"]);
    assert_eq!(removal.homeless.len(), 1);
}

#[test]
fn machines_on_their_way_out_count_and_are_not_chosen_again() {
    let seen = workload(&[node("w0"), node("w1"), node("w2")], &[]);
    let mut leaving = machine("w0", 3);
    leaving.deleting = true;
    let machines = [leaving, machine("w1", 2), machine("w2", 1)];
    assert_eq!(chosen(&seen, &machines, 1), Vec::<String>::new());
    assert_eq!(chosen(&seen, &machines, 2), ["m-w1"]);
}

#[test]
fn pods_of_machines_on_their_way_out_take_places_but_are_not_reported() {
    let pods = [
        pod("a", "w0"),
        pod("b", "w0"),
        pod("c", "w0"),
        pod("d", "w1"),
    ];
    let seen = workload(&[node("w0"), node("w1"), node("w2")], &pods);
    let mut leaving = machine("w0", 2);
    leaving.deleting = true;
    let removal = remove(&seen, &[leaving, machine("w1", 1)], 2);
    assert_eq!(removal.machines, ["m-w1"]);
    let homeless: Vec<&str> = removal.homeless.iter().map(|h| h.pod.as_str()).collect();
    assert_eq!(homeless, ["default/d"]);
}

#[test]
fn pods_of_the_node_itself_and_pods_that_are_done_do_not_count() {
    let mut daemon = pod("daemon", "w0");
    daemon.controller = Some("DaemonSet".to_owned());
    let mut fixed = pod("static", "w0");
    (fixed.mirror, fixed.controller) = (true, Some("Node".to_owned()));
    let mut done = pod("done", "w0");
    (done.phase, done.controller) = ("Succeeded".to_owned(), None);
    let mut stopping = pod("stopping", "w0");
    stopping.terminating = true;
    let seen = workload(&[node("w0")], &[daemon, fixed, done, stopping]);
    let removal = remove(&seen, &[machine("w0", 1)], 1);
    assert_eq!(removal.homeless, []);
    assert_eq!(removal.reason, "no pods to move");
}

#[test]
fn the_pods_of_all_machines_that_go_share_the_places_that_remain() {
    let pods = [pod("a", "w0"), pod("b", "w0"), pod("c", "w1")];
    let seen = workload(&[node("w0"), node("w1"), node("w2")], &pods);
    let machines = [machine("w0", 1), machine("w1", 2)];
    assert_eq!(remove(&seen, &machines, 1).homeless, []);
    assert_eq!(remove(&seen, &machines, 2).homeless.len(), 1);
}

#[test]
fn a_large_pod_is_placed_before_small_ones_take_its_room() {
    let mut small = pod("a-small", "w0");
    small.requests = amounts(500, 512, 1);
    let mut large = pod("b-large", "w0");
    large.requests = amounts(2000, 512, 1);
    let mut half = node("w2");
    half.allocatable = amounts(500, 4096, 10);
    let seen = workload(&[node("w0"), node("w1"), half], &[small, large]);
    assert_eq!(remove(&seen, &[machine("w0", 1)], 1).homeless, []);
}

#[test]
fn a_pod_that_is_bound_to_a_node_is_placed_before_larger_ones_that_are_not() {
    let mut bound = pod("bound", "w0");
    bound.requests = amounts(500, 512, 1);
    bound.node_selector = pairs(&[("kubernetes.io/hostname", "w1")]);
    let mut large = pod("large", "w0");
    large.requests = amounts(2000, 512, 1);
    let seen = workload(&[node("w0"), node("w1"), node("w2")], &[large, bound]);
    assert_eq!(remove(&seen, &[machine("w0", 1)], 1).homeless, []);
}

#[test]
fn a_control_plane_node_takes_those_who_tolerate_its_taint() {
    let mut control_plane = node("cp");
    control_plane.taints = read(serde_json::json!([
        {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
    ]));
    let mut dns = pod("dns", "w0");
    dns.tolerations = read(serde_json::json!([
        {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
    ]));
    let seen = workload(&[control_plane, node("w0")], &[dns, pod("web", "w0")]);
    let removal = remove(&seen, &[machine("w0", 1)], 1);
    let homeless: Vec<&str> = removal.homeless.iter().map(|h| h.pod.as_str()).collect();
    assert_eq!(homeless, ["default/web"]);
}

#[test]
fn more_machines_than_there_are_cannot_go() {
    let seen = workload(&[node("w0")], &[]);
    assert_eq!(chosen(&seen, &[machine("w0", 1)], 5), ["m-w0"]);
}

#[test]
fn the_reason_says_who_loses_an_empty_dir() {
    let mut cache = pod("cache", "w0");
    cache.empty_dir = true;
    let seen = workload(&[node("w0"), node("w1")], &[cache]);
    let removal = remove(&seen, &[machine("w0", 1)], 1);
    assert_eq!(
        removal.reason,
        "fewest pods, all of which fit elsewhere; 1 pod loses its emptyDir"
    );
}
