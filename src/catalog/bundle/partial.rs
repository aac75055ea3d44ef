//! A bundle in the making: `DIR.partial`, which becomes `DIR` in one step when it is complete.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::index::is_bundle;
use crate::failure::Failure;

/// Marks a directory as ours to delete, and is locked as long as somebody works there.
const MARKER: &str = ".bex-infra-bundle";

/// Held until the bundle is finished; the kernel releases the lock of a process that died.
#[derive(Debug)]
pub(super) struct Partial {
    target: PathBuf,
    directory: PathBuf,
    _lock: File,
}

impl Partial {
    /// Starts anew, over whatever an interrupted run left. Refuses to touch directories that are not bundles.
    pub(super) fn begin(target: &Path) -> Result<Self> {
        // Without a slash at the end, which would put what lies beside it inside.
        let target: PathBuf = std::path::absolute(target)?.components().collect();
        let directory = beside(&target, ".partial");
        refuse_foreign(&target, is_bundle(&target))?;
        refuse_foreign(
            &directory,
            directory.join(MARKER).is_file() || is_bundle(&directory),
        )?;
        let doing = || format!("making directory {}", directory.display());
        fs::create_dir_all(&directory).with_context(doing)?;
        let lock = File::create(directory.join(MARKER)).with_context(doing)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy(&directory).into()),
            Err(TryLockError::Error(error)) => return Err(error).with_context(doing),
        }
        empty(&directory)?;
        Ok(Self {
            target,
            directory,
            _lock: lock,
        })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Puts the finished bundle in the target's place. A crash on the way leaves the old bundle as `DIR.old`, the new
    /// one as `DIR.partial`, or both; never half of one under the target's name.
    pub(super) fn finish(self) -> Result<()> {
        let doing = || format!("moving the finished bundle to {}", self.target.display());
        let old = beside(&self.target, ".old");
        refuse_foreign(&old, is_bundle(&old))?;
        remove(&old).with_context(doing)?;
        fs::remove_file(self.directory.join(MARKER)).with_context(doing)?;
        if self.target.exists() {
            fs::rename(&self.target, &old).with_context(doing)?;
        }
        fs::rename(&self.directory, &self.target).with_context(doing)?;
        remove(&old).with_context(doing)
    }
}

fn beside(target: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(target);
    name.push(suffix);
    name.into()
}

/// An absent or empty directory is anybody's.
fn refuse_foreign(directory: &Path, is_ours: bool) -> Result<()> {
    let is_empty = match fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Err(error) => {
            return Err(error).with_context(|| format!("looking into {}", directory.display()));
        }
    };
    if is_ours || is_empty {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "{} exists and is not a bundle",
        directory.display()
    ))
    .hint("name another directory, or remove this one yourself")
    .into())
}

fn busy(directory: &Path) -> Failure {
    Failure::refused(format!(
        "another bex-infra is making a bundle in {}",
        directory.display()
    ))
    .hint("wait until it is done, or name another directory")
}

fn empty(directory: &Path) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        let removed = match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(&path),
            false if entry.file_name() == MARKER => Ok(()),
            false => fs::remove_file(&path),
        };
        removed.with_context(|| format!("removing {}", path.display()))?;
    }
    Ok(())
}

fn remove(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
