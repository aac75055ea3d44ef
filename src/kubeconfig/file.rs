//! Kubeconfig files: atomic, private, and the user's own one with care.

use std::env;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Kubeconfig, merge};
use crate::failure::Failure;

/// Reads a kubeconfig; `None` if there is no such file.
pub fn read(path: &Path) -> Result<Option<Kubeconfig>> {
    match fs::read_to_string(path) {
        Ok(text) => Kubeconfig::parse(&text)
            .with_context(|| format!("reading {}", path.display()))
            .map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// Writes a kubeconfig of our own: atomically, mode 0600.
pub fn write(path: &Path, kubeconfig: &Kubeconfig) -> Result<()> {
    replace(path, &kubeconfig.to_yaml()?, None)
}

/// The file that kubectl reads first: the first entry of `KUBECONFIG`, or `~/.kube/config`.
pub fn users_own() -> Result<PathBuf> {
    let list = env::var_os("KUBECONFIG").unwrap_or_default();
    if let Some(first) = env::split_paths(&list).find(|path| !path.as_os_str().is_empty()) {
        return Ok(first);
    }
    let home = env::home_dir().ok_or_else(|| {
        Failure::usage("neither KUBECONFIG nor HOME says where your kubeconfig is")
    })?;
    Ok(home.join(".kube/config"))
}

/// Merges `ours` into the user's file, keeping a copy of what was there. Returns whether anything changed.
pub fn merge_into(path: &Path, ours: &Kubeconfig, platform: &str, force: bool) -> Result<bool> {
    edit(path, |theirs| {
        Ok(merge::merged(theirs, ours, platform, force)?)
    })
}

/// Takes out of the user's file what [`merge_into`] put there. Returns whether anything changed.
pub fn unmerge_from(path: &Path, ours: &Kubeconfig, platform: &str) -> Result<bool> {
    if !path.exists() {
        return Ok(false);
    }
    edit(path, |theirs| Ok(merge::unmerged(theirs, ours, platform)))
}

fn edit(path: &Path, change: impl FnOnce(&Kubeconfig) -> Result<Kubeconfig>) -> Result<bool> {
    let editing = || format!("editing {}", path.display());
    // A link stays a link; the file behind it is replaced.
    let target = fs::canonicalize(path)
        .or_else(|_| std::path::absolute(path))
        .with_context(editing)?;
    create_parent(&target).with_context(editing)?;
    let _lock = KubectlLock::take(&target).with_context(editing)?;
    let before = read(&target)?;
    let theirs = before.clone().map_or_else(|| Kubeconfig::parse(""), Ok)?;
    let changed = change(&theirs).with_context(editing)?;
    if changed == theirs {
        return Ok(false);
    }
    if before.is_some() {
        let text = fs::read_to_string(&target).with_context(editing)?;
        replace(&with_suffix(&target, ".bex-backup"), &text, Some(&target))?;
    }
    replace(
        &target,
        &changed.to_yaml()?,
        before.map(|_| target.as_path()),
    )?;
    Ok(true)
}

/// Replaces a file in one step, with the owner and mode of `like`, or ours and 0600.
fn replace(path: &Path, text: &str, like: Option<&Path>) -> Result<()> {
    let write = || -> Result<()> {
        let dir = path.parent().unwrap_or(Path::new("."));
        // The temporary file is made with mode 0600 whatever the umask says.
        let mut file = tempfile::Builder::new()
            .prefix(".bex-kubeconfig-")
            .tempfile_in(dir)?;
        file.write_all(text.as_bytes())?;
        if let Some(like) = like {
            let like = fs::metadata(like)?;
            fchown(file.as_file(), Some(like.uid()), Some(like.gid()))?;
            file.as_file()
                .set_permissions(Permissions::from_mode(like.mode() & 0o777))?;
        }
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(File::open(dir)?.sync_all()?)
    };
    write().with_context(|| format!("writing {}", path.display()))
}

fn create_parent(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    Ok(DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(parent)?)
}

/// kubectl's own convention: whoever edits `config` creates `config.lock` first.
struct KubectlLock(PathBuf);

impl KubectlLock {
    fn take(path: &Path) -> Result<Self> {
        let lock = with_suffix(path, ".lock");
        match File::create_new(&lock) {
            Ok(_) => Ok(Self(lock)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Err(Failure::refused(format!(
                    "{} exists: another program is editing the file",
                    lock.display()
                ))
                .hint(format!(
                    "if no kubectl is running, it was left by a crash: rm {}",
                    lock.display()
                ))
                .into())
            }
            Err(error) => Err(error).with_context(|| format!("creating {}", lock.display())),
        }
    }
}

impl Drop for KubectlLock {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!("removing {}: {error}", self.0.display());
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}
