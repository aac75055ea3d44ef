//! What a person would look at first when a test failed.

use anyhow::Result;

use crate::bex::Bex;
use crate::judge::{docker, kubectl};

pub(crate) fn print(bex: &Bex) {
    show("containers", docker(&["ps", "--all"]));
    let kinds = "clusters,machinedeployments,machines,devmachines";
    show("Cluster API", infra(bex, &["get", kinds, "--output=wide"]));
    show(
        "pods of the infra cluster",
        infra(bex, &["get", "pods", "--all-namespaces"]),
    );
    let events = infra(
        bex,
        &[
            "get",
            "events",
            "--all-namespaces",
            "--sort-by=.metadata.creationTimestamp",
        ],
    );
    show(
        "events of the infra cluster",
        events.map(|text| tail(&text)),
    );
    let capd = [
        "logs",
        "--namespace=capd-system",
        "deployment/capd-controller-manager",
        "--tail=30",
    ];
    show("Docker provider", infra(bex, &capd));
    show(
        "load balancer",
        docker(&["logs", "--tail=10", &format!("{}-lb", bex.name())]),
    );
    show("nodes", kubectl(bex, &["get", "nodes", "--output=wide"]));
    show(
        "pods",
        kubectl(bex, &["get", "pods", "--all-namespaces", "--output=wide"]),
    );
}

/// Inside the infra node: that works before there is a kubeconfig.
fn infra(bex: &Bex, args: &[&str]) -> Result<String> {
    let node = format!("{}-mgmt-control-plane", bex.name());
    let mut all = vec![
        "exec",
        &node,
        "kubectl",
        "--kubeconfig=/etc/kubernetes/admin.conf",
    ];
    all.extend(args);
    docker(&all)
}

fn show(title: &str, text: Result<String>) {
    eprintln!("\n.. {title}");
    eprintln!("{}", text.unwrap_or_else(|error| format!("{error:#}")));
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
