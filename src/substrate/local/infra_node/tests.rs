use super::*;
use crate::failure::{Exit, report};

fn container(labels: &[(&str, &str)]) -> Container {
    let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Container {
        id: "1".to_owned(),
        name: "bex-mgmt-control-plane".to_owned(),
        image: "kindest/node:v1.34.4".to_owned(),
        image_id: "sha256:1".to_owned(),
        state: State::Running,
        labels: labels.iter().map(own).collect(),
        ports: BTreeMap::new(),
        networks: BTreeMap::new(),
        volumes: Vec::new(),
        created_at: None,
        started_at: None,
        exit_code: None,
    }
}

#[test]
fn only_a_container_with_our_own_label_is_touched() {
    let names = Names::new("bex");
    assert!(refuse_foreign(&container(&[(PLATFORM_LABEL, "bex")]), &names).is_ok());
    for foreign in [container(&[]), container(&[(PLATFORM_LABEL, "other")])] {
        let report = report(&refuse_foreign(&foreign, &names).unwrap_err());
        assert_eq!(report.exit, Exit::Refused);
        assert!(
            report.message.contains("`bex-mgmt-control-plane`"),
            "{}",
            report.message
        );
    }
}

#[test]
fn extra_labels_cannot_replace_those_that_mark_the_owner() {
    let spec = NodeSpec {
        names: Names::new("bex"),
        image: "kindest/node:v1.34.4".to_owned(),
        labels: [
            (PLATFORM_LABEL.to_owned(), "x".to_owned()),
            ("a".to_owned(), "b".to_owned()),
        ]
        .into(),
    };
    let labels = labels(&spec);
    assert_eq!(
        (labels[PLATFORM_LABEL].as_str(), labels["a"].as_str()),
        ("bex", "b")
    );
    assert_eq!(labels[KIND_CLUSTER_LABEL], "bex-mgmt");
    assert_eq!(labels[KIND_ROLE_LABEL], "control-plane");
}

#[test]
fn only_the_server_of_a_kubeconfig_changes() {
    let config =
        "clusters:\n- cluster:\n    server: https://bex-mgmt-control-plane:6443\n  name: a\n";
    assert_eq!(
        with_server(config, "https://127.0.0.1:40000"),
        "clusters:\n- cluster:\n    server: https://127.0.0.1:40000\n  name: a\n"
    );
}
