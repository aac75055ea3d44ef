//! A log of all writes, and a snapshot that replaces it when it gets long.
//!
//! `log` has the writes after `snapshot`. A crash between the two steps of a snapshot leaves a log whose first records
//! the snapshot has already; they are skipped. A crash in the middle of a write leaves a torn record at the end of the
//! log; it was never acknowledged and is cut off. Anything else that cannot be read is damage, and an error.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;

use super::record::{Record, Records};
use super::state::State;
use super::{Key, Stored, Unwritten};

/// The directory of a store that is open.
#[derive(Debug)]
pub(super) struct Disk {
    directory: PathBuf,
    log: File,
    /// Of the log, without what a failed write may have left behind it.
    length: u64,
    /// A write failed: the log may be longer than `length`.
    torn: bool,
    /// Length of the log that calls for a snapshot: that of the snapshot before, but not less than `least`.
    threshold: u64,
    least: u64,
    /// The kernel keeps the lock, not the file's content: a crash cannot leave it stuck.
    lock: File,
}

impl Disk {
    /// Reads what is there into `state`.
    pub(super) fn open(directory: &Path, least: u64, state: &mut State) -> Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .with_context(|| format!("creating {}", directory.display()))?;
        let lock = lock(directory)?;
        let snapshot = load_snapshot(&directory.join("snapshot"), state)?;
        let path = directory.join("log");
        let length = replay(&path, state)?;
        let log = private()
            .append(true)
            .open(&path)
            .with_context(|| format!("opening {}", path.display()))?;
        log.set_len(length)
            .with_context(|| format!("cutting {}", path.display()))?;
        Ok(Self {
            directory: directory.to_owned(),
            log,
            length,
            torn: false,
            threshold: snapshot.max(least),
            least,
            lock,
        })
    }

    /// Adds a write to the log. If that fails, the log stays as it was.
    pub(super) fn append(&mut self, record: &Record) -> Result<(), Unwritten> {
        self.append_bytes(&record.encode())
            .map_err(|cause| Unwritten {
                path: self.directory.join("log"),
                cause,
            })
    }

    fn append_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.torn {
            self.log.set_len(self.length)?;
        }
        self.torn = true;
        self.log.write_all(bytes)?;
        self.torn = false;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Replaces the log by a snapshot if it is long. Without one everything works as well; so a failure, of a full disk
    /// for example, is no failure of the write at hand.
    pub(super) fn compact(&mut self, state: &State) {
        if self.length <= self.threshold {
            return;
        }
        match self.replace_log(state) {
            Ok(length) => self.threshold = length.max(self.least),
            Err(error) => {
                tracing::warn!(
                    "no snapshot in {}, the log goes on: {error}",
                    self.directory.display()
                );
                self.threshold = self.length * 2;
            }
        }
    }

    /// Length of the snapshot.
    fn replace_log(&mut self, state: &State) -> io::Result<u64> {
        let beside = self.directory.join("snapshot.new");
        let written = write_snapshot(&beside, state)
            .and_then(|length| {
                fs::rename(&beside, self.directory.join("snapshot"))?;
                // The log must not be emptied on a disk that does not have the new name yet.
                File::open(&self.directory)?.sync_all()?;
                Ok(length)
            })
            .inspect_err(|_| drop(fs::remove_file(&beside)))?;
        self.log.set_len(0)?;
        self.length = 0;
        Ok(written)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that another thread is about to start has it too for a moment.
        drop(self.lock.unlock());
    }
}

fn lock(directory: &Path) -> Result<File> {
    let path = directory.join("lock");
    let file = private()
        .write(true)
        .open(&path)
        .with_context(|| format!("opening {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another process has the store in {}", directory.display())
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("locking {}", path.display()))
        }
    }
}

/// There are Secrets among the objects.
fn private() -> OpenOptions {
    let mut options = File::options();
    options.create(true).mode(0o600);
    options
}

/// The first record says how many objects follow, under the revision of the store.
fn write_snapshot(path: &Path, state: &State) -> io::Result<u64> {
    let mut file = BufWriter::new(private().write(true).truncate(true).open(path)?);
    let objects = state.objects();
    let head = Stored {
        key: head(),
        revision: state.revision(),
        json: Bytes::from(objects.len().to_string()),
    };
    let mut length = 0;
    for stored in std::iter::once(head).chain(objects) {
        let record = Record {
            stored,
            deletion: false,
        };
        let bytes = record.encode();
        file.write_all(&bytes)?;
        length += bytes.len() as u64;
    }
    file.into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    Ok(length)
}

/// The key of a snapshot's first record; no object has it.
fn head() -> Key {
    Key {
        resource: "".into(),
        namespace: "".into(),
        name: "".into(),
    }
}

/// Length of the snapshot; 0 if there is none.
fn load_snapshot(path: &Path, state: &mut State) -> Result<u64> {
    let bytes = read(path)?;
    if bytes.is_empty() {
        return Ok(0);
    }
    let mut records = Records::starting_at(0, &bytes);
    let first = records.next().filter(|first| first.stored.key == head());
    let count = first.as_ref().and_then(|first| {
        std::str::from_utf8(&first.stored.json)
            .ok()?
            .parse::<usize>()
            .ok()
    });
    let mut objects = Vec::new();
    objects.extend(records.by_ref().map(|record| record.stored));
    ensure!(
        count == Some(objects.len()) && !records.ended_early(),
        "{} is damaged at offset {}",
        path.display(),
        records.offset
    );
    state.restore(first.map_or(0, |first| first.stored.revision), objects);
    Ok(bytes.len() as u64)
}

/// Length of the log without a torn record at its end.
fn replay(path: &Path, state: &mut State) -> Result<u64> {
    let bytes = read(path)?;
    let mut records = Records::starting_at(0, &bytes);
    for record in records.by_ref() {
        let next = state.revision() + 1;
        ensure!(
            record.stored.revision <= next,
            "{} goes on with revision {} where {next} is missing",
            path.display(),
            record.stored.revision
        );
        if record.stored.revision == next {
            state.apply(&record);
        }
    }
    if records.ended_early() {
        let (offset, torn) = (records.offset, bytes.len() - records.offset);
        ensure!(
            !any_record_after(offset, &bytes),
            "{} is damaged at offset {offset}",
            path.display()
        );
        tracing::warn!(
            "{}: cut off {torn} bytes at offset {offset}, a write that was not completed",
            path.display()
        );
    }
    Ok(records.offset as u64)
}

/// What a crash tears is the last record; so if there is one after the unreadable place, that is damage.
fn any_record_after(offset: usize, bytes: &[u8]) -> bool {
    (offset + 1..bytes.len()).any(|start| Records::starting_at(start, bytes).next().is_some())
}

/// Nothing if the file does not exist.
fn read(path: &Path) -> Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => read.with_context(|| format!("reading {}", path.display())),
    }
}
