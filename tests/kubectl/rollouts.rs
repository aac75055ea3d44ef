//! Verbs that wait for controllers.

use super::cluster::Cluster;

#[test]
#[ignore = "needs the kubectl binary that BEX_TEST_BIN names"]
fn rollouts_go_forward_and_back() {
    let cluster = Cluster::start();
    cluster.deploy();
    let image = "get deployment web -o jsonpath={.spec.template.spec.containers[0].image}";
    cluster.says("scale deployment web --replicas=3");
    cluster.expect(
        "rollout status deployment/web --timeout=60s",
        &["successfully rolled out"],
    );
    cluster.says("set image deployment/web nginx=nginx:2");
    cluster.expect(
        "rollout status deployment/web --timeout=60s",
        &["successfully rolled out"],
    );
    assert_eq!(cluster.says(image), "nginx:2");
    cluster.says("rollout undo deployment/web");
    cluster.expect(
        "rollout status deployment/web --timeout=60s",
        &["successfully rolled out"],
    );
    assert_eq!(cluster.says(image), "nginx:1");
    cluster.says("rollout restart deployment/web");
    cluster.expect(
        "rollout status deployment/web --timeout=60s",
        &["successfully rolled out"],
    );
    cluster.expect("get deployment web", &["3/3"]);
}

#[test]
#[ignore = "needs the kubectl binary that BEX_TEST_BIN names"]
fn daemons_and_stateful_sets_go_back_to_a_revision_before() {
    let cluster = Cluster::start();
    cluster.apply(include_str!("../fixtures/kubectl-revisions.yaml"));
    for kind in ["daemonset", "statefulset"] {
        let status = format!("rollout status {kind}/agent --timeout=60s");
        let image =
            format!("get {kind} agent -o jsonpath={{.spec.template.spec.containers[0].image}}");
        cluster.says(&status);
        cluster.says(&format!("set image {kind}/agent main=agent:2"));
        cluster.says(&status);
        cluster.expect(&format!("rollout history {kind}/agent"), &["\n1 ", "\n2 "]);
        cluster.expect(
            &format!("rollout history {kind}/agent --revision=1"),
            &["agent:1"],
        );
        cluster.says(&format!("rollout undo {kind}/agent"));
        cluster.says(&status);
        assert_eq!(cluster.says(&image), "agent:1");
        cluster.expect(&format!("rollout history {kind}/agent"), &["\n2 ", "\n3 "]);
        cluster.expect(
            "get controllerrevisions",
            &["CONTROLLER", "REVISION", &format!("{kind}.apps/agent")],
        );
    }
}

#[test]
#[ignore = "needs the kubectl binary that BEX_TEST_BIN names"]
fn a_drained_node_has_no_pods_until_it_is_uncordoned() {
    let cluster = Cluster::start();
    cluster.deploy();
    cluster.says("drain node-1 --ignore-daemonsets --timeout=60s");
    cluster.expect("get node node-1", &["Ready,SchedulingDisabled"]);
    assert_eq!(
        cluster.says("get pods --field-selector spec.nodeName=node-1 -o name"),
        ""
    );
    cluster.says("uncordon node-1");
    cluster.says("wait --for=condition=Available deployment/web --timeout=60s");
    cluster.says("cordon node-1");
    cluster.expect(
        "get node node-1 -o jsonpath={.spec.unschedulable}",
        &["true"],
    );
}
