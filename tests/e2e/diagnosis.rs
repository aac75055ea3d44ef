//! What a person would look at first when a test failed.

use crate::bex::Bex;
use crate::judge::{docker, kubectl, kubectl_infra};

pub(crate) fn print(bex: &Bex) {
    show("containers", docker(&["ps", "--all"]));
    show(
        "Cluster API",
        kubectl_infra(
            bex,
            &[
                "get",
                "clusters,machinedeployments,machines,devmachines",
                "--all-namespaces",
                "--output=wide",
            ],
        ),
    );
    show(
        "pods of the infra cluster",
        kubectl_infra(bex, &["get", "pods", "--all-namespaces"]),
    );
    show(
        "events of the infra cluster",
        kubectl_infra(bex, &["get", "events", "--sort-by=.lastTimestamp"]).map(|text| tail(&text)),
    );
    let capd = [
        "logs",
        "--namespace=capd-system",
        "deployment/capd-controller-manager",
        "--tail=30",
    ];
    show("Docker provider", kubectl_infra(bex, &capd));
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

fn show(title: &str, text: anyhow::Result<String>) {
    eprintln!("\n.. {title}");
    eprintln!("{}", text.unwrap_or_else(|error| format!("{error:#}")));
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
