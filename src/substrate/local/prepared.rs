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
    let preparation = Preparation {
        docker,
        container: format!("bex-infra-prepare-{}", hash::short(image.as_bytes())),
        image: &image,
        scratch,
    };
    preparation.remove_leftover().await?;
    let made = Box::pin(preparation.make(node, components, reporter)).await;
    docker.remove_container(&preparation.container).await?;
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

/// An image in the making, in a container of its own.
struct Preparation<'a> {
    docker: &'a Docker,
    container: String,
    image: &'a str,
    scratch: &'a Path,
}

impl Preparation<'_> {
    async fn make(&self, node: &str, components: &[String], reporter: &Reporter) -> Result<()> {
        let (docker, container) = (self.docker, &self.container);
        docker
            .create_container(container, body(node, self.image))
            .await?
            .with_context(|| format!("a container `{container}` is there already"))?;
        docker.start(container).await?;
        self.run("start").await?;
        for component in components {
            reporter.note(format!("putting {component} into the infra node's image"));
            self.import(component).await?;
        }
        self.run("finish").await?;
        reporter.note(format!("committing {}", self.image));
        // Without the label, nodes made of this image would look like leftovers of making it.
        let unlabelled = format!("LABEL {PREPARES_LABEL}=\"\"");
        let changes = [ENTRYPOINT, "CMD []", &unlabelled];
        docker
            .commit(container, self.image, &changes)
            .await
            .map(drop)
    }

    /// Runs a function of the script.
    async fn run(&self, function: &str) -> Result<()> {
        let argv = ["bash", "-c", STORE_SCRIPT, "store.sh", function];
        self.docker.exec_ok(&self.container, &argv).await.map(drop)
    }

    async fn import(&self, image: &str) -> Result<()> {
        let scratch = tempfile::tempdir_in(self.scratch).context("making a scratch directory")?;
        let file = scratch.path().join("image.tar");
        self.docker.save_images(&[image], &file).await?;
        let layers = archive::images(&file)?
            .into_iter()
            .flat_map(|image| image.layers);
        let layers: Vec<String> = layers.collect();
        if archive::any_layer_deletes(&file, &layers)? {
            return self.ctr_import("--no-unpack", &file).await;
        }
        self.ctr_import("--snapshotter=overlayfs", &file).await?;
        let mut argv = vec!["ctr", "--namespace=k8s.io", "content", "rm"];
        argv.extend(layers.iter().map(String::as_str));
        self.docker.exec_ok(&self.container, &argv).await.map(drop)
    }

    async fn ctr_import(&self, how: &str, file: &Path) -> Result<()> {
        let argv = ["ctr", "--namespace=k8s.io", "images", "import", how, "-"];
        let input = File::open(file).await;
        let input = input.with_context(|| format!("opening {}", file.display()))?;
        self.docker
            .exec_ok_with_input(&self.container, &argv, input)
            .await
            .map(drop)
    }

    async fn remove_leftover(&self) -> Result<()> {
        let name = &self.container;
        let Some(found) = self.docker.find_container(name).await? else {
            return Ok(());
        };
        if found
            .labels
            .get(PREPARES_LABEL)
            .is_some_and(|label| label == self.image)
        {
            return self.docker.remove_container(name).await;
        }
        Err(
            Failure::refused(format!("container `{name}` was not made by bex-infra"))
                .hint(format!("rename it: docker rename {name} NEW_NAME"))
                .into(),
        )
    }
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
