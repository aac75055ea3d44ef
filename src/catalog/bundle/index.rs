//! A bundle's index: its format, and the checks that make it safe to follow.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Component as Part, Path};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, text};
use crate::failure::{Exit, Failure};
use crate::hash;

pub(super) const INDEX: &str = "index.json";
pub(super) const INDEX_SUM: &str = "index.json.sha256";

const API_VERSION: &str = "infra.bex.co/v1alpha1";
const KIND: &str = "Bundle";

/// Larger than any index; a guard against reading something else into memory.
const INDEX_LIMIT: u64 = 4 << 20;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Index {
    api_version: String,
    kind: String,
    /// Manifests and metadata are paths below the bundle, `./components/...`.
    pub catalog: Catalog,
    pub images: Vec<Image>,
    pub files: Vec<File>,
}

/// An image and the archive that it is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Image {
    pub name: String,
    /// Any of these is the image: its id differs between Docker's two image stores.
    pub ids: Vec<String>,
    pub file: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Relative, with `/`.
    pub path: String,
    pub sha256: String,
    /// In bytes.
    pub size: u64,
}

impl Index {
    pub(super) fn new(catalog: Catalog, images: Vec<Image>, files: Vec<File>) -> Self {
        let (api_version, kind) = (API_VERSION.to_owned(), KIND.to_owned());
        Self {
            api_version,
            kind,
            catalog,
            images,
            files,
        }
    }
}

/// Whether a directory calls itself a bundle, sound or not.
pub(super) fn is_bundle(directory: &Path) -> bool {
    directory.join(INDEX).is_file() && directory.join(INDEX_SUM).is_file()
}

pub(super) fn write(directory: &Path, index: &Index) -> Result<()> {
    let mut text = serde_json::to_string_pretty(index)?;
    text.push('\n');
    let sum = sum_line(text.as_bytes());
    for (name, content) in [(INDEX, text), (INDEX_SUM, sum)] {
        let path = directory.join(name);
        fs::write(&path, content).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// Reads and checks the index of a bundle.
pub(super) fn read(directory: &Path) -> Result<Index> {
    if !is_bundle(directory) {
        let message = format!(
            "{} is not a bundle: it has no {INDEX} with {INDEX_SUM}",
            directory.display()
        );
        return Err(Failure::new(Exit::Usage, message)
            .hint(format!(
                "make one: bex-infra bundle create {}",
                directory.display()
            ))
            .into());
    }
    read_checked(directory).with_context(|| format!("opening bundle {}", directory.display()))
}

fn read_checked(directory: &Path) -> Result<Index> {
    let path = directory.join(INDEX);
    let size = regular_file(directory, INDEX)?;
    ensure!(
        size <= INDEX_LIMIT,
        "{INDEX} has {size} bytes, which no index has"
    );
    let bytes = fs::read(&path).with_context(|| format!("reading {INDEX}"))?;
    regular_file(directory, INDEX_SUM)?;
    let sum =
        fs::read(directory.join(INDEX_SUM)).with_context(|| format!("reading {INDEX_SUM}"))?;
    if sum != sum_line(&bytes).as_bytes() {
        let expected = String::from_utf8_lossy(&sum);
        let expected = expected.split_whitespace().next().unwrap_or("nothing");
        return Err(damaged(INDEX, &format!("SHA-256 {expected}"), &hash::sha256(&bytes)).into());
    }
    let index: Index =
        serde_json::from_slice(&bytes).with_context(|| format!("parsing {INDEX}"))?;
    check(directory, &index)?;
    Ok(index)
}

fn check(directory: &Path, index: &Index) -> Result<()> {
    let this = (index.api_version.as_str(), index.kind.as_str());
    if this != (API_VERSION, KIND) {
        bail!(
            "{INDEX} says `{}` `{}`; this bex-infra reads `{API_VERSION}` `{KIND}`",
            this.0,
            this.1
        );
    }
    let mut names = HashSet::new();
    for file in &index.files {
        ensure!(
            is_inside(&file.path),
            "{INDEX} names `{}`, which is not a path inside the bundle",
            file.path
        );
        ensure!(
            text::is_sha256(&file.sha256),
            "{INDEX} has no SHA-256 for `{}`",
            file.path
        );
        ensure!(
            names.insert(file.path.as_str()),
            "{INDEX} lists `{}` twice",
            file.path
        );
        let size = regular_file(directory, &file.path)?;
        if size != file.size {
            return Err(damaged(
                &file.path,
                &format!("{} bytes", file.size),
                &size.to_string(),
            )
            .into());
        }
    }
    check_references(index)
}

/// Everything that the catalogue and the images refer to is one of the files.
fn check_references(index: &Index) -> Result<()> {
    let sums: HashMap<&str, &str> = index
        .files
        .iter()
        .map(|f| (f.path.as_str(), f.sha256.as_str()))
        .collect();
    let sum_of = |path: &str| sums.get(path.strip_prefix("./").unwrap_or(path)).copied();
    for component in &index.catalog.components {
        let sum = sum_of(&component.manifest)
            .ok_or_else(|| anyhow!("{INDEX} does not list manifest `{}`", component.manifest))?;
        ensure!(
            component.sha256.as_deref() == Some(sum),
            "{INDEX} has two checksums for `{}`",
            component.manifest
        );
        if let Some(metadata) = &component.metadata {
            ensure!(
                sum_of(metadata).is_some(),
                "{INDEX} does not list `{metadata}`"
            );
        }
    }
    for image in &index.images {
        ensure!(
            sum_of(&image.file).is_some(),
            "{INDEX} does not list image archive `{}`",
            image.file
        );
    }
    Ok(())
}

/// Size of a file below the bundle. Symbolic links, which may lead out of it, are refused at every level.
pub(super) fn regular_file(directory: &Path, path: &str) -> Result<u64> {
    let mut at = directory.to_owned();
    let mut size = 0;
    for part in Path::new(path).components() {
        at.push(part);
        let found =
            fs::symlink_metadata(&at).with_context(|| format!("looking at file `{path}`"))?;
        ensure!(
            !found.is_symlink(),
            "`{path}` is or lies behind a symbolic link"
        );
        size = found.len();
    }
    ensure!(at.is_file(), "`{path}` is not a file");
    Ok(size)
}

fn is_inside(path: &str) -> bool {
    let plain = Path::new(path)
        .components()
        .all(|part| matches!(part, Part::Normal(_)));
    // `a//b` and `a/./b` are the same file as `a/b` under another name.
    let canonical = path.split('/').all(|part| !part.is_empty() && part != ".");
    plain && canonical && path != INDEX && path != INDEX_SUM
}

pub(super) fn damaged(file: &str, expected: &str, found: &str) -> Failure {
    Failure::failed(format!("`{file}` is damaged: expected {expected}, found {found}"))
        .hint("copy the bundle again from where it came from, or make it anew with `bex-infra bundle create`")
}

fn sum_line(index: &[u8]) -> String {
    format!("{}  {INDEX}\n", hash::sha256(index))
}
