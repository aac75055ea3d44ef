//! One process at a time on one platform.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Home;
use crate::failure::Failure;

/// Held until it is dropped or the process ends. The kernel keeps it, not the file's content: a crash cannot
/// leave it stuck.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Who has the lock; only for the message to whoever is refused.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    pid: u32,
    doing: String,
    since: Timestamp,
}

/// Times that a `down` may remove the directory under our feet before that is an error.
const ATTEMPTS: usize = 10;

impl Lock {
    pub(super) fn take(home: &Home, doing: &str) -> Result<Self> {
        let path = home.dir().join("lock");
        for _ in 0..ATTEMPTS {
            home.create()?;
            let Some(mut file) = open(&path)? else {
                continue;
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(refusal(home, &mut file).into()),
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("locking {}", path.display()));
                }
            }
            // Whoever held it before may have removed the directory: then this lock guards a file without a name.
            if is_same_file(&file, &path)? {
                sign(&mut file, doing).with_context(|| format!("writing {}", path.display()))?;
                return Ok(Self { _file: file });
            }
        }
        bail!("locking {}: it keeps being removed", path.display())
    }
}

fn open(path: &Path) -> Result<Option<File>> {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    match file {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("opening {}", path.display())),
    }
}

fn is_same_file(file: &File, path: &Path) -> Result<bool> {
    let held = file.metadata().context("reading the lock")?;
    match fs::metadata(path) {
        Ok(named) => Ok(held.ino() == named.ino() && held.dev() == named.dev()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

fn sign(file: &mut File, doing: &str) -> Result<()> {
    let holder = Holder {
        pid: process::id(),
        doing: doing.to_owned(),
        since: Timestamp::now(),
    };
    file.set_len(0)?;
    file.rewind()?;
    serde_json::to_writer(&mut *file, &holder)?;
    file.flush()?;
    Ok(())
}

fn refusal(home: &Home, file: &mut File) -> Failure {
    let mut text = String::new();
    let read = file.read_to_string(&mut text).ok();
    let holder: Option<Holder> = read.and_then(|_| serde_json::from_str(&text).ok());
    let who = holder.map_or_else(
        // It has the lock and has not signed it yet.
        || "another bex-infra".to_owned(),
        |holder| {
            let Holder { pid, doing, since } = holder;
            format!("`bex-infra {doing}` (pid {pid}, since {since:.0})")
        },
    );
    Failure::refused(format!(
        "platform {} is in the hands of {who}",
        home.platform
    ))
    .hint("wait until it is done, or stop it with Ctrl-C; `bex-infra status` works meanwhile")
}
