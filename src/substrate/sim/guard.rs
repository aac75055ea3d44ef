//! One server at a time on one state directory.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{ErrorKind, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context, Result};

use crate::failure::Failure;

/// Held by a server for as long as it lives; the kernel keeps it, so that a crash cannot leave it stuck.
#[derive(Debug)]
pub struct Guard {
    _file: File,
}

impl Guard {
    /// Makes the directory if need be, mode 0700. Refused while another server has it.
    pub fn take(dir: &Path) -> Result<Self> {
        let mut builder = DirBuilder::new();
        builder
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .with_context(|| format!("creating {}", dir.display()))?;
        let path = path(dir);
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path);
        let mut file = file.with_context(|| format!("opening {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let failure = Failure::refused(format!("another process serves {}", dir.display()));
                return Err(failure.hint("choose another --state").into());
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("locking {}", path.display()));
            }
        }
        sign(&mut file).with_context(|| format!("writing {}", path.display()))?;
        Ok(Self { _file: file })
    }
}

fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", process::id())?;
    file.flush()
}

/// Process id of the server that has the directory now; `None` if nobody has it.
pub fn holder(dir: &Path) -> Result<Option<u32>> {
    let path = path(dir);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("opening {}", path.display())),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => {
            let text =
                fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            Ok(text.trim().parse().ok())
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("locking {}", path.display()))
        }
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join("server.lock")
}
