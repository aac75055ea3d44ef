//! Making a bundle of a catalogue.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use futures::future::try_join_all;
use serde_json::Value;
use tokio::task::spawn_blocking;

use super::Bundle;
use super::index::{self, File, Image, Index};
use super::partial::Partial;
use super::verify::{files_below, sum};
use crate::catalog::{Catalog, Component, manifest};
use crate::hash;
use crate::progress::Reporter;
use crate::substrate::local::prepared;
use crate::tools::docker::Docker;
use crate::tools::{archive, download};

const ARCHIVE: &str = "images/platform.tar";

/// Makes a bundle of everything that a catalogue names: downloads the manifests, pulls the images that Docker lacks,
/// makes the infra node's image, and writes it all to `directory` (and, until it is complete, to `directory.partial`).
///
/// A bundle that is there already is replaced in the end; any other directory is refused. Manifests without a checksum
/// are pinned to what was downloaded: see [`Bundle::catalog`].
pub async fn create(
    docker: &Docker,
    catalog: &Catalog,
    directory: &Path,
    reporter: &Reporter,
) -> Result<Bundle> {
    let partial = Partial::begin(directory)?;
    let root = partial.directory();
    fs::create_dir_all(root.join("images"))?;
    let mut catalog = catalog.clone();
    reporter.note("downloading manifests");
    let stored = try_join_all(
        catalog
            .components
            .iter()
            .map(|component| store(component, root)),
    )
    .await?;
    let mut component_images = BTreeSet::new();
    for (component, (pinned, images)) in catalog.components.iter_mut().zip(stored) {
        *component = pinned;
        component_images.extend(images);
    }
    let component_images: Vec<String> = component_images.into_iter().collect();
    let platform = [
        catalog.images.node.clone(),
        catalog.images.load_balancer.clone(),
    ];
    pull_lacking(docker, platform.iter().chain(&component_images), reporter).await?;
    let infra_node = Box::pin(prepared::infra_node(
        docker,
        &platform[0],
        &component_images,
        root,
        reporter,
    ))
    .await?;
    reporter.note("saving images");
    let names = [
        platform[0].as_str(),
        platform[1].as_str(),
        infra_node.as_str(),
    ];
    docker.save_images(&names, &root.join(ARCHIVE)).await?;
    catalog.images.infra_node = Some(infra_node);
    reporter.note("computing checksums");
    write_index(catalog, root).await?;
    partial.finish()?;
    Bundle::open(directory)
}

/// Fetches a component's files and returns the component with paths inside the bundle, and its images.
async fn store(component: &Component, root: &Path) -> Result<(Component, BTreeSet<String>)> {
    let directory = format!("components/{}/{}", component.name, component.version);
    fs::create_dir_all(root.join(&directory))
        .with_context(|| format!("making directory {directory}"))?;
    let text = download::text(component).await?;
    let objects: Vec<Value> = manifest::load(component, &text)?
        .objects()
        .cloned()
        .collect();
    let mut pinned = component.clone();
    pinned.sha256 = Some(hash::sha256(text.as_bytes()));
    pinned.manifest = write(root, &directory, &component.manifest, text.as_bytes())?;
    if let Some(metadata) = &component.metadata {
        let bytes = download::fetch(metadata, None).await?;
        pinned.metadata = Some(write(root, &directory, metadata, &bytes)?);
    }
    Ok((pinned, manifest::images(&objects)))
}

/// Writes a file under the name it has at its source and returns its path in the bundle.
fn write(root: &Path, directory: &str, source: &str, bytes: &[u8]) -> Result<String> {
    let path = format!("{directory}/{}", file_name(source));
    fs::write(root.join(&path), bytes).with_context(|| format!("writing {path}"))?;
    Ok(format!("./{path}"))
}

fn file_name(source: &str) -> &str {
    let path = source.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.chars().all(plain) && name.chars().any(char::is_alphanumeric) {
        name
    } else {
        "components.yaml"
    }
}

async fn pull_lacking(
    docker: &Docker,
    images: impl Iterator<Item = &String>,
    reporter: &Reporter,
) -> Result<()> {
    for image in images {
        if docker.image_id(image).await?.is_none() {
            docker
                .pull_image(image, |status| {
                    reporter.note(format!("pulling {image}: {status}"));
                })
                .await?;
        }
    }
    Ok(())
}

async fn write_index(catalog: Catalog, root: &Path) -> Result<()> {
    let root = root.to_owned();
    spawn_blocking(move || {
        let archived = archive::images(&root.join(ARCHIVE))?.into_iter();
        let images = archived.map(|i| Image {
            name: i.name,
            ids: i.ids,
            file: ARCHIVE.to_owned(),
        });
        let files = files_below(&root)?
            .into_iter()
            .filter(|path| path.contains('/'));
        let files: Result<Vec<File>> = files.map(|path| describe(&root, path)).collect();
        index::write(&root, &Index::new(catalog, images.collect(), files?))
    })
    .await?
}

fn describe(root: &Path, path: String) -> Result<File> {
    let size = index::regular_file(root, &path)?;
    let sha256 = sum(root, &path)?;
    Ok(File { path, sha256, size })
}
