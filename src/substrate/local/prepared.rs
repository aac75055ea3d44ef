//! The infra node's own image: the node image with the components' images inside, already unpacked, so that a new
//! infra cluster starts its controllers at once.
//!
//! Unpacked layers are kept as plain directories of the image. A directory cannot say that it deletes a file of the
//! layer below, so images with such layers are put in packed and are unpacked by each node. The image is for nodes
//! whose containerd uses the `overlayfs` snapshotter, which is every node on Docker's usual storage.

use std::path::Path;

use anyhow::{Context, Result};
use futures::future::try_join_all;
use tokio::fs::File;

use crate::failure::Failure;
use crate::hash;
use crate::names::PREPARES_LABEL;
use crate::progress::Reporter;
use crate::tools::archive;
use crate::tools::docker::{ContainerCreateBody, Docker, HostConfig, Mount, MountType};

const REPOSITORY: &str = "bex-infra/infra-node";

const STORE_SCRIPT: &str = include_str!("prepared/store.sh");

/// What every node image of kind starts with.
const ENTRYPOINT: &str = r#"ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]"#;

/// Makes sure that Docker has the infra node's image, made of a node image and the images of components, all of which
/// Docker must have, and returns its name. The name tells the content: what was made once is found again.
///
/// `scratch` is a directory with room for the largest of the images; nothing stays there.
pub async fn infra_node(
    docker: &Docker,
    node: &str,
    components: &[String],
    scratch: &Path,
    reporter: &Reporter,
) -> Result<String> {
    let image = name(docker, node, components).await?;
    if docker.image_id(&image).await?.is_some() {
        return Ok(image);
    }
    let container = format!("bex-infra-prepare-{}", hash::short(image.as_bytes()));
    remove_leftover(docker, &container, &image).await?;
    let made = make(
        docker, &container, node, components, &image, scratch, reporter,
    )
    .await;
    docker.remove_container(&container).await?;
    made.with_context(|| format!("making the infra node's image `{image}`"))?;
    Ok(image)
}

async fn name(docker: &Docker, node: &str, components: &[String]) -> Result<String> {
    let all = components.iter().map(String::as_str).chain([node]);
    let lookups = all.map(|image| async move {
        let id = docker.image_id(image).await?;
        let id = id.with_context(|| format!("Docker does not have image `{image}`"))?;
        anyhow::Ok(format!("{image} {id}"))
    });
    let mut ingredients = try_join_all(lookups).await?;
    ingredients.sort();
    ingredients.push(STORE_SCRIPT.to_owned());
    let content = hash::short(ingredients.join("\n").as_bytes());
    Ok(format!("{REPOSITORY}:{content}"))
}

async fn make(
    docker: &Docker,
    container: &str,
    node: &str,
    components: &[String],
    image: &str,
    scratch: &Path,
    reporter: &Reporter,
) -> Result<()> {
    docker
        .create_container(container, body(node, image))
        .await?;
    docker.start(container).await?;
    run(docker, container, "start").await?;
    for component in components {
        reporter.note(format!("putting {component} into the infra node's image"));
        import(docker, container, component, scratch).await?;
    }
    run(docker, container, "finish").await?;
    reporter.note(format!("committing {image}"));
    // Without the label, nodes made of this image would look like leftovers of making it.
    let unlabelled = format!("LABEL {PREPARES_LABEL}=\"\"");
    docker
        .commit(container, image, &[ENTRYPOINT, "CMD []", &unlabelled])
        .await?;
    Ok(())
}

async fn run(docker: &Docker, container: &str, function: &str) -> Result<()> {
    let argv = ["bash", "-c", STORE_SCRIPT, "store.sh", function];
    docker.exec_ok(container, &argv).await.map(drop)
}

async fn import(docker: &Docker, container: &str, image: &str, scratch: &Path) -> Result<()> {
    let scratch = tempfile::tempdir_in(scratch).context("making a scratch directory")?;
    let file = scratch.path().join("image.tar");
    docker.save_images(&[image], &file).await?;
    let layers: Vec<String> = archive::images(&file)?
        .into_iter()
        .flat_map(|i| i.layers)
        .collect();
    let packed = archive::any_layer_deletes(&file, &layers)?;
    let how = if packed {
        "--no-unpack"
    } else {
        "--snapshotter=overlayfs"
    };
    let argv = ["ctr", "--namespace=k8s.io", "images", "import", how, "-"];
    let input = File::open(&file)
        .await
        .with_context(|| format!("opening {}", file.display()))?;
    docker.exec_ok_with_input(container, &argv, input).await?;
    if !packed {
        let mut argv = vec!["ctr", "--namespace=k8s.io", "content", "rm"];
        argv.extend(layers.iter().map(String::as_str));
        docker.exec_ok(container, &argv).await?;
    }
    Ok(())
}

fn body(node: &str, image: &str) -> ContainerCreateBody {
    let words = |words: &[&str]| Some(words.iter().map(|&word| word.to_owned()).collect());
    let tmpfs = ["/run", "/tmp"].map(|path| (path.to_owned(), String::new()));
    let volume = Mount {
        target: Some("/mnt".to_owned()),
        typ: Some(MountType::VOLUME),
        ..Mount::default()
    };
    ContainerCreateBody {
        image: Some(node.to_owned()),
        entrypoint: words(&["sleep", "infinity"]),
        labels: Some([(PREPARES_LABEL.to_owned(), image.to_owned())].into()),
        host_config: Some(HostConfig {
            privileged: Some(true),
            network_mode: Some("none".to_owned()),
            tmpfs: Some(tmpfs.into()),
            mounts: Some(vec![volume]),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

async fn remove_leftover(docker: &Docker, name: &str, image: &str) -> Result<()> {
    match docker.find_container(name).await? {
        Some(found)
            if found
                .labels
                .get(PREPARES_LABEL)
                .is_none_or(|label| label != image) =>
        {
            Err(
                Failure::refused(format!("container `{name}` was not made by bex-infra"))
                    .hint(format!("rename it: docker rename {name} NEW_NAME"))
                    .into(),
            )
        }
        Some(_) => docker.remove_container(name).await,
        None => Ok(()),
    }
}
