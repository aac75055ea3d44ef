//! Image archives as `docker save` writes them: which images are inside, and whether layers delete files.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Tar entries that stand for files of a lower layer that are gone begin with this.
const DELETION: &str = ".wh.";

/// One image of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedImage {
    /// As Docker shows it: `kindest/node:v1.34.3`.
    pub name: String,
    /// Digests that a daemon may know the image by once it is loaded: of its configuration (classic image store) and
    /// of its manifest (containerd image store).
    pub ids: Vec<String>,
    /// Digests of the layers, lowest first.
    pub layers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerEntry {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

#[derive(Deserialize)]
struct OciIndex {
    manifests: Vec<OciManifest>,
}

#[derive(Deserialize)]
struct OciManifest {
    digest: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// The images of an archive, by name.
pub fn images(archive: &Path) -> Result<Vec<ArchivedImage>> {
    let doing = || format!("reading image archive {}", archive.display());
    let entries: Vec<DockerEntry> = json(archive, "manifest.json").with_context(doing)?;
    let index: OciIndex = json(archive, "index.json").with_context(doing)?;
    let mut images: Vec<ArchivedImage> = entries
        .into_iter()
        .flat_map(|entry| named(&entry, &index))
        .collect();
    images.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(images)
}

/// Whether one of these layers of an archive deletes files of the layers below it. A layer that cannot be looked into
/// counts as one that does.
pub fn any_layer_deletes(archive: &Path, layers: &[String]) -> Result<bool> {
    let wanted: HashSet<&str> = layers.iter().map(String::as_str).collect();
    let doing = || format!("reading the layers of image archive {}", archive.display());
    let mut tar = open(archive)?;
    for entry in tar.entries_with_seek().with_context(doing)? {
        let entry = entry.with_context(doing)?;
        let blob = digest(&entry.path().with_context(doing)?.to_string_lossy());
        if blob.is_some_and(|blob| wanted.contains(blob.as_str())) && deletes(entry) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn named(entry: &DockerEntry, index: &OciIndex) -> Vec<ArchivedImage> {
    let names = entry.repo_tags.iter().flatten();
    names
        .map(|name| ArchivedImage {
            name: name.clone(),
            ids: digest(&entry.config)
                .into_iter()
                .chain(manifest_of(name, index))
                .collect(),
            layers: entry
                .layers
                .iter()
                .filter_map(|path| digest(path))
                .collect(),
        })
        .collect()
}

fn manifest_of(name: &str, index: &OciIndex) -> Option<String> {
    let is_named = |manifest: &&OciManifest| {
        let full = manifest.annotations.get("io.containerd.image.name");
        full.is_some_and(|full| familiar(full) == name)
    };
    index
        .manifests
        .iter()
        .find(is_named)
        .map(|m| m.digest.clone())
}

/// `docker.io/kindest/node:v1` as Docker shows it: `kindest/node:v1`.
fn familiar(name: &str) -> &str {
    let short = name.strip_prefix("docker.io/").unwrap_or(name);
    short.strip_prefix("library/").unwrap_or(short)
}

/// `blobs/sha256/0f...` as `sha256:0f...`.
fn digest(path: &str) -> Option<String> {
    path.strip_prefix("blobs/sha256/")
        .map(|hex| format!("sha256:{hex}"))
}

fn deletes(layer: impl Read) -> bool {
    let mut layer = BufReader::new(layer);
    let mut magic = [0; 2];
    if layer.read_exact(&mut magic).is_err() {
        return true;
    }
    let whole = magic.as_slice().chain(layer);
    match magic {
        [0x1f, 0x8b] => lists_deletions(GzDecoder::new(whole)),
        _ => lists_deletions(whole),
    }
    .unwrap_or(true)
}

fn lists_deletions(layer: impl Read) -> Result<bool> {
    for entry in tar::Archive::new(layer).entries()? {
        let entry = entry?;
        let path = entry.path()?;
        if path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(DELETION))
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn json<T: DeserializeOwned>(archive: &Path, name: &str) -> Result<T> {
    let mut tar = open(archive)?;
    for entry in tar.entries_with_seek()? {
        let entry = entry?;
        if entry.path()? == Path::new(name) {
            return serde_json::from_reader(entry).with_context(|| format!("parsing its {name}"));
        }
    }
    anyhow::bail!("it has no {name}; it must be written by Docker 25 or newer")
}

fn open(archive: &Path) -> Result<tar::Archive<impl Read + Seek + use<>>> {
    let file = File::open(archive).with_context(|| format!("opening {}", archive.display()))?;
    Ok(tar::Archive::new(file))
}

#[cfg(test)]
mod tests;
