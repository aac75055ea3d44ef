//! The Docker layer and the infra node against a real daemon with a real node image.
//!
//! Run with `BEX_TEST_DOCKER=1 cargo test --test docker -- --ignored --test-threads 1`. `BEX_TEST_NODE_IMAGE` names
//! the node image; it must be on the daemon.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use bex_infra::failure::{Exit, report};
use bex_infra::names::{DOCKER_NETWORK, Names};
use bex_infra::substrate::local::infra_node::{self, KubeadmSpec, NodeSpec};
use bex_infra::tools::docker::{ContainerCreateBody, Docker, File, HostConfig, State};
use tokio::io::AsyncReadExt;

const MINUTE: Duration = Duration::from_mins(1);

async fn docker() -> Docker {
    let asked = std::env::var("BEX_TEST_DOCKER").is_ok();
    assert!(
        asked,
        "these tests make containers: set BEX_TEST_DOCKER=1 to run them"
    );
    Docker::connect()
        .await
        .expect("BEX_TEST_DOCKER is set, but no Docker daemon answers")
}

fn node_image() -> String {
    std::env::var("BEX_TEST_NODE_IMAGE").unwrap_or_else(|_| "kindest/node:v1.34.4".to_owned())
}

/// A container of that name that does nothing, in place of any left by an earlier run.
async fn sleeper(docker: &Docker, name: &str) -> Result<()> {
    create_sleeper(docker, name, None).await
}

async fn create_sleeper(docker: &Docker, name: &str, network: Option<&str>) -> Result<()> {
    docker.remove_container(name).await?;
    let host_config = HostConfig {
        network_mode: network.map(str::to_owned),
        ..HostConfig::default()
    };
    let body = ContainerCreateBody {
        image: Some(node_image()),
        entrypoint: Some(vec!["sleep".to_owned(), "infinity".to_owned()]),
        volumes: Some(vec!["/scratch".to_owned()]),
        labels: Some([("infra.bex.co/test".to_owned(), name.to_owned())].into()),
        host_config: Some(host_config),
        ..ContainerCreateBody::default()
    };
    let created = docker.create_container(name, body).await?;
    created
        .map(drop)
        .context("a container of that name is there")
}

#[tokio::test]
#[ignore = "needs Docker: BEX_TEST_DOCKER=1"]
async fn a_container_is_seen_in_every_stage_of_its_life() -> Result<()> {
    let (docker, name) = (docker().await, "bex-test-life");
    sleeper(&docker, name).await?;
    let created = docker
        .find_container(name)
        .await?
        .context("it was created")?;
    assert_eq!((created.state, created.started_at), (State::Created, None));
    docker.start(name).await?;
    docker.start(name).await?;
    let listed = docker
        .list_containers(&[("infra.bex.co/test", name)])
        .await?;
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].name.as_str(), listed[0].state),
        (name, State::Running)
    );
    assert_eq!(listed[0].volumes.len(), 1);
    docker.stop(name, Duration::ZERO).await?;
    let stopped = docker
        .find_container(name)
        .await?
        .context("it was stopped")?;
    assert_eq!(
        (stopped.state, stopped.exit_code),
        (State::Exited, Some(137))
    );
    docker.remove_container(name).await?;
    docker.remove_container(name).await?;
    docker.wait_removed(name, MINUTE).await?;
    assert_eq!(docker.find_container(name).await?, None);
    Ok(())
}

#[tokio::test]
#[ignore = "needs Docker: BEX_TEST_DOCKER=1"]
async fn a_command_gets_all_of_a_large_input_and_its_streams_stay_apart() -> Result<()> {
    let (docker, name, size) = (docker().await, "bex-test-exec", 300 << 20);
    sleeper(&docker, name).await?;
    docker.start(name).await?;
    let zeros = tokio::io::repeat(0).take(size);
    let counted = docker
        .exec_ok_with_input(name, &["wc", "-c"], zeros)
        .await?;
    assert_eq!(counted.trim(), size.to_string());
    let unread = tokio::io::repeat(0).take(size);
    assert_eq!(
        docker
            .exec_with_input(name, &["true"], unread)
            .await?
            .status,
        0
    );
    let apart = docker
        .exec(name, &["sh", "-c", "echo out; echo err >&2; exit 3"])
        .await?;
    assert_eq!(
        (apart.status, &*apart.stdout, &*apart.stderr),
        (3, &b"out\n"[..], &b"err\n"[..])
    );
    let error = docker
        .exec_ok(name, &["sh", "-c", "echo no >&2; exit 1"])
        .await
        .unwrap_err();
    let expected =
        format!("`docker exec {name} sh -c 'echo no >&2; exit 1'` ended with status 1: no");
    assert_eq!(format!("{error:#}"), expected);
    docker.remove_container(name).await
}

#[tokio::test]
#[ignore = "needs Docker: BEX_TEST_DOCKER=1"]
async fn files_go_in_and_come_out_with_their_modes() -> Result<()> {
    let (docker, name) = (docker().await, "bex-test-files");
    sleeper(&docker, name).await?;
    docker.start(name).await?;
    let content = b"secret \0 bytes".to_vec();
    let path = "/deep/er/file".to_owned();
    docker
        .write_files(
            name,
            &[File {
                path,
                mode: 0o600,
                content: content.clone(),
            }],
        )
        .await?;
    assert_eq!(
        docker.read_file(name, "/deep/er/file").await?,
        Some(content)
    );
    assert_eq!(docker.read_file(name, "/deep/er/nothing").await?, None);
    let mode = docker
        .exec_ok(name, &["stat", "-c", "%a %u", "/deep/er/file"])
        .await?;
    assert_eq!(mode.trim(), "600 0");
    docker.remove_container(name).await?;
    docker
        .read_file(name, "/deep/er/file")
        .await
        .expect_err("there is no such container");
    Ok(())
}

#[tokio::test]
#[ignore = "needs Docker: BEX_TEST_DOCKER=1"]
async fn an_image_survives_commit_save_and_load() -> Result<()> {
    let (docker, name, image) = (docker().await, "bex-test-image", "bex.test/committed:1");
    let directory = tempfile::tempdir()?;
    let archive = directory.path().join("image.tar");
    sleeper(&docker, name).await?;
    let id = docker.commit(name, image, &["LABEL a=b"]).await?;
    docker.save_images(&[image], &archive).await?;
    docker.remove_container(name).await?;
    docker.remove_image(image).await?;
    docker.remove_image(image).await?;
    assert_eq!(docker.image_id(image).await?, None);
    docker.load_images(&archive).await?;
    assert_eq!(docker.image_id(image).await?, Some(id));
    docker.tag(image, "bex.test/committed:2").await?;
    docker.remove_image(image).await?;
    docker.remove_image("bex.test/committed:2").await
}

#[tokio::test]
#[ignore = "needs Docker: BEX_TEST_DOCKER=1"]
async fn a_network_is_made_once_and_is_in_use_while_a_container_runs_in_it() -> Result<()> {
    let (docker, network, name) = (docker().await, "bex-test-network", "bex-test-attached");
    docker.remove_container(name).await?;
    docker.remove_network(network).await?;
    assert!(docker.ensure_network(network, &[]).await?);
    assert!(!docker.ensure_network(network, &[]).await?);
    assert!(docker.network_labels(network).await?.is_some());
    create_sleeper(&docker, name, Some(network)).await?;
    docker.start(name).await?;
    docker
        .remove_network(network)
        .await
        .expect_err("it is in use");
    docker.remove_container(name).await?;
    docker.remove_network(network).await?;
    docker.remove_network(network).await
}

#[tokio::test]
#[ignore = "needs Docker: BEX_TEST_DOCKER=1"]
async fn a_foreign_container_of_the_nodes_name_is_refused() -> Result<()> {
    let docker = docker().await;
    let spec = node_spec("bextestforeign");
    sleeper(&docker, &spec.names.infra_node()).await?;
    let error = infra_node::create(&docker, &spec).await.unwrap_err();
    assert_eq!(report(&error).exit, Exit::Refused);
    docker.remove_container(&spec.names.infra_node()).await
}

#[tokio::test]
#[ignore = "needs Docker: BEX_TEST_DOCKER=1"]
async fn an_infra_node_comes_up_once_and_keeps_its_address_over_a_restart() -> Result<()> {
    let (docker, spec) = (docker().await, node_spec("bextestnode"));
    let name = spec.names.infra_node();
    docker.remove_container(&name).await?;
    bring_up(&docker, &spec).await?;
    let first = docker.find_container(&name).await?.context("it was made")?;
    let kubeconfig = infra_node::kubeconfig(&docker, &name).await?;
    assert!(kubeconfig.contains(&format!(
        "https://127.0.0.1:{}",
        first.published_port(6443)?
    )));

    bring_up(&docker, &spec).await?;
    assert_eq!(
        docker.find_container(&name).await?,
        Some(first),
        "nothing was left to do"
    );

    docker.stop(&name, Duration::from_secs(10)).await?;
    bring_up(&docker, &spec).await?;
    api_server_answers(&docker, &name).await?;
    assert_eq!(infra_node::kubeconfig(&docker, &name).await?, kubeconfig);
    docker.remove_container(&name).await
}

#[tokio::test]
#[ignore = "needs Docker: BEX_TEST_DOCKER=1"]
async fn whatever_interrupts_a_bring_up_the_next_one_finishes_it() -> Result<()> {
    let (docker, spec) = (docker().await, node_spec("bextestcrash"));
    let name = spec.names.infra_node();
    for (milliseconds, node_dies) in [
        (20, false),
        (150, false),
        (500, false),
        (1500, false),
        (1500, true),
        (4500, true),
    ] {
        docker.remove_container(&name).await?;
        let limit = Duration::from_millis(milliseconds);
        let interrupted = tokio::time::timeout(limit, bring_up(&docker, &spec)).await;
        assert!(
            interrupted.is_err(),
            "the bring-up took less than {milliseconds} ms"
        );
        if node_dies {
            docker.stop(&name, Duration::ZERO).await?;
        }
        let case = format!("after {milliseconds} ms, node dies: {node_dies}");
        bring_up(&docker, &spec).await.context(case.clone())?;
        api_server_answers(&docker, &name).await.context(case)?;
    }
    docker.remove_container(&name).await
}

fn node_spec(platform: &str) -> NodeSpec {
    NodeSpec {
        names: Names::new(platform),
        image: node_image(),
        labels: BTreeMap::new(),
    }
}

async fn bring_up(docker: &Docker, spec: &NodeSpec) -> Result<()> {
    let name = spec.names.infra_node();
    let (_, version) = spec
        .image
        .rsplit_once(':')
        .context("the node image has a tag")?;
    let kubeadm = KubeadmSpec {
        cluster_name: spec.names.infra_cluster(),
        kubernetes_version: version.to_owned(),
        pod_subnet: "10.244.0.0/16".to_owned(),
        service_subnet: "10.96.0.0/16".to_owned(),
    };
    docker.ensure_network(DOCKER_NETWORK, &[]).await?;
    infra_node::create(docker, spec).await?;
    infra_node::boot(docker, &name, MINUTE).await?;
    infra_node::kubeadm_init(docker, &name, &kubeadm).await
}

async fn api_server_answers(docker: &Docker, name: &str) -> Result<()> {
    let ask = "until kubectl get --raw /readyz; do sleep 0.2; done";
    docker
        .exec_ok(name, &["timeout", "60", "sh", "-c", ask])
        .await?;
    Ok(())
}
