//! Checking every byte of a bundle.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use tokio::task::spawn_blocking;

use super::Bundle;
use super::index::{self, INDEX, INDEX_SUM, damaged};
use crate::failure::Failure;
use crate::hash;
use crate::progress::Reporter;

/// What [`Bundle::verify`] looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    pub files: usize,
    pub bytes: u64,
}

impl Bundle {
    /// Compares every byte of every file with the index, and finds files that the index does not know. The error names
    /// the first file that is not as it should be.
    pub async fn verify(&self, reporter: &Reporter) -> Result<Verified> {
        self.refuse_strangers()?;
        for file in &self.index.files {
            reporter.note(format!("reading {}", file.path));
            self.check(&file.path).await?;
        }
        Ok(Verified {
            files: self.index.files.len(),
            bytes: self.size(),
        })
    }

    /// Compares one of the index's files with its checksum.
    pub(super) async fn check(&self, path: &str) -> Result<()> {
        let listed = self.index.files.iter().find(|file| file.path == path);
        let expected = listed.map(|file| file.sha256.clone()).unwrap_or_default();
        let (directory, name) = (self.directory.clone(), path.to_owned());
        let found = spawn_blocking(move || sum(&directory, &name)).await??;
        if found == expected {
            return Ok(());
        }
        let error = damaged(path, &format!("SHA-256 {expected}"), &found);
        Err(error).with_context(|| format!("checking bundle {}", self.directory.display()))
    }

    fn refuse_strangers(&self) -> Result<()> {
        let mut found = files_below(&self.directory)?;
        for known in self
            .index
            .files
            .iter()
            .map(|file| file.path.as_str())
            .chain([INDEX, INDEX_SUM])
        {
            found.remove(known);
        }
        let Some(stranger) = found.first() else {
            return Ok(());
        };
        Err(Failure::failed(format!(
            "`{stranger}` is in bundle {} but not in its index",
            self.directory.display()
        ))
        .hint("remove it, or make the bundle anew with `bex-infra bundle create`")
        .into())
    }
}

/// SHA-256 of a file below a directory.
pub(super) fn sum(directory: &Path, path: &str) -> Result<String> {
    index::regular_file(directory, path)?;
    let file = File::open(directory.join(path)).with_context(|| format!("opening `{path}`"))?;
    hash::sha256_of(file).with_context(|| format!("reading `{path}`"))
}

/// Every file (or link, or anything that is not a directory) below a directory, relative to it.
pub(super) fn files_below(directory: &Path) -> Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(at) = pending.pop() {
        for entry in fs::read_dir(&at).with_context(|| format!("listing {}", at.display()))? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                pending.push(path);
            } else {
                let inside = path.strip_prefix(directory)?;
                files.insert(inside.to_string_lossy().into_owned());
            }
        }
    }
    Ok(files)
}
