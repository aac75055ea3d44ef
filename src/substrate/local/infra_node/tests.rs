use super::*;
use crate::failure::{Exit, report};
use crate::tools::docker::fake::{Answer, VERSION, answer, socket};

const ABSENT: Answer = ("404 Not Found", r#"{"message": "No such container"}"#);
const TAKEN: Answer = (
    "409 Conflict",
    r#"{"message": "The container name is already in use"}"#,
);
const INFO: Answer = ("200 OK", "{}");
const RUNNING: Answer = (
    "200 OK",
    r#"{"Id": "1", "Name": "/bex-mgmt-control-plane", "State": {"Status": "running"},
        "Config": {"Labels": {"infra.bex.co/platform": "bex"}}}"#,
);
const FOREIGN: Answer = (
    "200 OK",
    r#"{"Id": "1", "Name": "/bex-mgmt-control-plane", "State": {"Status": "running"}}"#,
);

fn node_spec() -> NodeSpec {
    NodeSpec {
        names: Names::new("bex"),
        image: "kindest/node:v1.34.4".to_owned(),
        labels: BTreeMap::new(),
    }
}

/// `create` with a daemon that gives these answers, and what it was asked: verbs and paths.
async fn create_with(answers: Vec<Answer>) -> (Result<Container>, Vec<String>) {
    let (_directory, listener, host) = socket();
    let daemon = answer(listener, [vec![VERSION], answers].concat());
    let docker = Docker::connect_to(&host).await.unwrap();
    let created = create(&docker, &node_spec()).await;
    (created, daemon.await.unwrap())
}

#[tokio::test]
async fn a_node_that_docker_is_still_making_for_an_interrupted_run_is_waited_for() {
    let (created, _) = create_with(vec![
        ABSENT, INFO, TAKEN, ABSENT, INFO, TAKEN, RUNNING, RUNNING,
    ])
    .await;
    assert_eq!(created.unwrap().state, State::Running);
}

#[tokio::test]
async fn a_foreign_container_that_took_the_name_meanwhile_is_refused_and_not_removed() {
    let (created, asked) = create_with(vec![ABSENT, INFO, TAKEN, FOREIGN]).await;
    assert_eq!(report(&created.unwrap_err()).exit, Exit::Refused);
    assert!(
        asked.iter().all(|asked| !asked.starts_with("DELETE")),
        "{asked:?}"
    );
}

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
