use super::fake::{Answer, answer, socket};
use super::*;
use crate::failure::report;

const OLD_DAEMON: Answer = ("200 OK", r#"{"Version": "20.10.24", "ApiVersion": "1.41"}"#);

#[tokio::test]
async fn every_request_carries_the_version_agreed_with_an_older_daemon() {
    let (_directory, listener, host) = socket();
    let daemon = answer(
        listener,
        vec![OLD_DAEMON, ("200 OK", "{}"), ("200 OK", "[]")],
    );
    let docker = Docker::connect_to(&host).await.unwrap();
    docker.info().await.unwrap();
    docker.list_containers(&[("a", "b")]).await.unwrap();
    let requests = daemon.await.unwrap();
    assert_eq!(requests[0], "GET /version HTTP/1.1");
    assert_eq!(requests[1], "GET /v1.41/info HTTP/1.1");
    assert!(
        requests[2].starts_with("GET /v1.41/containers/json?all=true&"),
        "{}",
        requests[2]
    );
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_never_answers_is_given_up() {
    let (_directory, _listener, host) = socket();
    let error = Docker::connect_to(&host).await.err().unwrap();
    let report = report(&error);
    assert_eq!(report.exit, Exit::OperatorMustAct);
    assert_eq!(
        report.causes,
        ["the Docker daemon gave no answer within 60 s"]
    );
}

#[tokio::test]
async fn a_missing_socket_says_what_to_do() {
    let error = Docker::connect_to("unix:///nowhere/docker.sock")
        .await
        .err()
        .unwrap();
    let report = report(&error);
    assert_eq!(report.exit, Exit::OperatorMustAct);
    assert_eq!(
        report.message,
        "no Docker daemon answers at unix:///nowhere/docker.sock"
    );
    assert!(report.hints[0].contains("systemctl start docker"));
}

#[tokio::test]
async fn a_container_is_read_from_what_docker_inspect_prints() {
    const INSPECTED: &str = r#"{
        "Id": "abc", "Name": "/bex-lb", "Image": "sha256:1", "Created": "2026-01-02T03:04:05.6Z",
        "State": {"Status": "exited", "ExitCode": 2, "StartedAt": "0001-01-01T00:00:00Z"},
        "Config": {"Image": "kindest/haproxy:v1", "Labels": {"a": "b"}},
        "Mounts": [{"Type": "volume", "Name": "v1"}, {"Type": "bind", "Source": "/lib/modules"}],
        "NetworkSettings": {
            "Ports": {"6443/tcp": [{"HostIp": "127.0.0.1", "HostPort": "32768"}], "53/udp": null},
            "Networks": {"kind": {"IPAddress": "172.18.0.2"}}
        }
    }"#;
    let (_directory, listener, host) = socket();
    let daemon = answer(listener, vec![OLD_DAEMON, ("200 OK", INSPECTED)]);
    let docker = Docker::connect_to(&host).await.unwrap();
    let container = docker.find_container("bex-lb").await.unwrap().unwrap();
    daemon.await.unwrap();
    assert_eq!(
        (container.name.as_str(), container.state),
        ("bex-lb", State::Exited)
    );
    assert_eq!((container.started_at, container.exit_code), (None, Some(2)));
    assert_eq!(container.published_port(6443).unwrap(), 32768);
    assert_eq!(container.networks["kind"], "172.18.0.2");
    assert_eq!(container.volumes, ["v1"]);
}
