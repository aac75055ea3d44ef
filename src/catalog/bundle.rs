//! A bundle: a directory with images, component manifests and a checksummed index, used instead of the network.
//!
//! ```text
//! index.json                             what is inside; every other file with its size and SHA-256
//! index.json.sha256                      the index's own SHA-256, for `sha256sum --check`
//! components/<name>/<version>/<file>     manifests and metadata, laid out as a local repository of clusterctl
//! images/platform.tar                    node, infra node and load balancer, as `docker save` writes them
//! ```

mod create;
mod index;
mod partial;
mod verify;

pub use create::create;
pub use verify::Verified;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Catalog;
use crate::tools::docker::Docker;
use index::{Image, Index};

/// A bundle on disk whose index has been checked. Its other files are checked when they are used, or by
/// [`verify`](Bundle::verify).
#[derive(Debug, Clone)]
pub struct Bundle {
    directory: PathBuf,
    index: Index,
    catalog: Catalog,
}

/// What [`Bundle::load`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// Names of the images that Docker did not have.
    pub images: Vec<String>,
}

impl Bundle {
    /// Reads the index and makes sure that every file it names is there, is a regular file and has the right size.
    pub fn open(directory: &Path) -> Result<Self> {
        let directory = std::path::absolute(directory)?;
        let index = index::read(&directory)?;
        let mut catalog = index.catalog.clone();
        catalog.resolve(&directory);
        Ok(Self {
            directory,
            index,
            catalog,
        })
    }

    /// The bundle's catalogue: manifests are absolute paths, each with its SHA-256.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Bytes of all files that the index names.
    pub fn size(&self) -> u64 {
        self.index.files.iter().map(|file| file.size).sum()
    }

    /// Loads the images that Docker lacks. An image of the same name but another content is replaced. If nothing is
    /// lacking, no file is read; an archive that is read is checked first.
    pub async fn load(&self, docker: &Docker) -> Result<Loaded> {
        let mut lacking = Vec::new();
        for image in &self.index.images {
            if !is_loaded(docker, image).await? {
                lacking.push(image);
            }
        }
        let archives: BTreeSet<&str> = lacking.iter().map(|image| image.file.as_str()).collect();
        for archive in archives {
            self.check(archive).await?;
            docker.load_images(&self.directory.join(archive)).await?;
        }
        let images = lacking
            .into_iter()
            .map(|image| image.name.clone())
            .collect();
        Ok(Loaded { images })
    }
}

async fn is_loaded(docker: &Docker, image: &Image) -> Result<bool> {
    let id = docker.image_id(&image.name).await?;
    Ok(id.is_some_and(|id| image.ids.contains(&id)))
}

#[cfg(test)]
mod tests;
