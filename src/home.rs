//! The directory of one platform on this machine: its kubeconfig and its lock.

mod lock;
#[cfg(test)]
mod tests;

use std::env;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::failure::Failure;
pub use lock::Lock;

/// `${BEX_HOME:-~/.bex}/<platform>`, mode 0700. Nothing in it is state: what is lost is written again by `up`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
    platform: String,
}

impl Home {
    /// The directory of `platform` according to the environment.
    pub fn of(platform: &str) -> Result<Self> {
        let root = match env::var_os("BEX_HOME").filter(|value| !value.is_empty()) {
            Some(root) => PathBuf::from(root),
            None => env::home_dir()
                .filter(|home| home.is_absolute())
                .ok_or_else(|| Failure::usage("neither BEX_HOME nor HOME names a directory"))?
                .join(".bex"),
        };
        Ok(Self::at(root, platform))
    }

    /// The directory of `platform` below `root`.
    pub fn at(root: impl Into<PathBuf>, platform: &str) -> Self {
        Self {
            root: root.into(),
            platform: platform.to_owned(),
        }
    }

    /// Names of all platforms that have a directory here.
    pub fn platforms() -> Result<Vec<String>> {
        let root = Self::of("")?.root;
        let entries = match fs::read_dir(&root) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.with_context(|| format!("reading {}", root.display()))?,
        };
        let names = entries.map(|entry| Ok(entry?.file_name().into_string().ok()));
        let names: io::Result<Vec<Option<String>>> = names.collect();
        Ok(names?.into_iter().flatten().collect())
    }

    pub fn dir(&self) -> PathBuf {
        self.root.join(&self.platform)
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.dir().join("kubeconfig")
    }

    pub fn exists(&self) -> bool {
        self.dir().exists()
    }

    /// Takes the platform for this process, which is `doing` something (`up`); creates the directory.
    ///
    /// Refused while another process has it. The lock ends with the process, however that ends.
    pub fn lock(&self, doing: &str) -> Result<Lock> {
        Lock::take(self, doing)
    }

    /// Removes the directory with everything in it, and the root if nothing else is there.
    ///
    /// The lock is consumed after the removal, so that nobody slips in between.
    pub fn remove(&self, lock: Lock) -> Result<()> {
        let dir = self.dir();
        let removed = ignore(ErrorKind::NotFound, fs::remove_dir_all(&dir));
        drop(lock);
        removed.with_context(|| format!("removing {}", dir.display()))?;
        remove_if_empty(&self.root)
    }

    fn create(&self) -> Result<()> {
        let dir = self.dir();
        let private = DirBuilder::new().recursive(true).mode(0o700).create(&dir);
        private
            .and_then(|()| fs::set_permissions(&dir, Permissions::from_mode(0o700)))
            .with_context(|| format!("creating {}", dir.display()))
    }
}

fn remove_if_empty(dir: &Path) -> Result<()> {
    let removed = ignore(ErrorKind::NotFound, fs::remove_dir(dir));
    ignore(ErrorKind::DirectoryNotEmpty, removed)
        .with_context(|| format!("removing {}", dir.display()))
}

fn ignore(kind: ErrorKind, result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| {
        if error.kind() == kind {
            Ok(())
        } else {
            Err(error)
        }
    })
}
