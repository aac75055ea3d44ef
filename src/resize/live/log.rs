//! The log as a file: appended to, and begun anew with what is there when it has grown too large.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::Timestamp;

use super::super::decision::Decision;
use super::super::history::{Change, Decided, Entries, Entry, Same, Start};

/// With this many bytes a log is begun anew, or with twice as many as there were at its beginning if that is more. The
/// former one is kept beside it as `FILE.1`.
pub(super) const LARGEST: u64 = 64 << 20;

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    largest: u64,
    start: Start,
    file: BufWriter<File>,
    size: u64,
    /// Size with what was there at its beginning.
    begun_with: u64,
    /// What was logged last of each object: a hash of its name, and one of its content.
    known: HashMap<u64, u64>,
    decision: Option<Decision>,
}

impl Log {
    /// Goes on with a file or makes it. What a crash has torn off its last line is cut off.
    pub(super) fn open(path: &Path, largest: u64, start: Start) -> Result<Self> {
        let opening = || format!("opening the log {}", path.display());
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).with_context(opening)?;
        let size = end_of_last_line(&mut file).with_context(opening)?;
        file.set_len(size).with_context(opening)?;
        file.seek(SeekFrom::End(0)).with_context(opening)?;
        let mut log = Self {
            path: path.to_owned(),
            largest,
            file: BufWriter::new(file),
            size,
            begun_with: 0,
            known: HashMap::new(),
            decision: None,
            start: start.clone(),
        };
        log.write(&Entry::Start(start).line()?)?;
        Ok(log)
    }

    /// Logs an object, unless it is as it was.
    pub(super) fn change(&mut self, change: Change) -> Result<()> {
        let key = hash(&(
            change.cluster,
            &change.resource,
            &change.namespace,
            &change.name,
        ));
        let known = match &change.object {
            Some(object) => self.known.insert(key, hash(object.get())) == Some(hash(object.get())),
            None => self.known.remove(&key).is_none(),
        };
        if known {
            return Ok(());
        }
        let at = change.at;
        self.write(&Entry::Change(change).line()?)?;
        if self.size > self.largest.max(2 * self.begun_with) {
            self.begin_anew(at)?;
        }
        Ok(())
    }

    /// Logs a decision; one that is the same as the one before with a word.
    pub(super) fn decision(&mut self, decided: Decided) -> Result<()> {
        if self.decision.as_ref() == Some(&decided.decision) {
            let Decided { at, took, .. } = decided;
            return self.write(&Same { at, took }.line()?);
        }
        self.decision = Some(decided.decision.clone());
        self.write(&Entry::Decision(decided).line()?)
    }

    pub(super) fn entry(&mut self, entry: &Entry) -> Result<()> {
        self.write(&entry.line()?)
    }

    /// Hands everything to the operating system.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.file
            .flush()
            .with_context(|| format!("writing the log {}", self.path.display()))
    }

    fn write(&mut self, line: &str) -> Result<()> {
        self.size += line.len() as u64;
        self.file
            .write_all(line.as_bytes())
            .with_context(|| format!("writing the log {}", self.path.display()))
    }

    /// A new file begins with the last state of everything that is there. It takes the place of the old one in one step.
    fn begin_anew(&mut self, at: Timestamp) -> Result<()> {
        self.flush()?;
        let (new, old) = (beside(&self.path, "new"), beside(&self.path, "1"));
        let start = Start {
            at,
            midway: true,
            ..self.start.clone()
        };
        let file = File::create(&new).with_context(|| format!("making {}", new.display()))?;
        let former = std::mem::replace(&mut self.file, BufWriter::new(file));
        drop(former);
        self.size = 0;
        self.write(&Entry::Start(start).line()?)?;
        for line in present(&self.path)? {
            self.write(&line)?;
        }
        self.flush()?;
        self.begun_with = self.size;
        self.decision = None;
        fs::rename(&self.path, &old).with_context(|| format!("making {}", old.display()))?;
        fs::rename(&new, &self.path).with_context(|| format!("renaming {}", new.display()))
    }
}

/// The last line about each object that is there, in their order.
fn present(path: &Path) -> Result<Vec<String>> {
    let file = File::open(path).with_context(|| format!("reading {}", path.display()))?;
    let mut last = HashMap::new();
    for (place, entry) in Entries::new(BufReader::new(file)).enumerate() {
        match entry?.1 {
            // Everything that is there follows.
            Entry::Start(start) if !start.midway => last.clear(),
            Entry::Change(change) => {
                let names = [&change.resource, &change.namespace, &change.name];
                let key = (change.cluster, names.map(String::clone));
                if change.object.is_none() {
                    last.remove(&key);
                } else {
                    last.insert(key, (place, Entry::Change(change).line()?));
                }
            }
            _ => {}
        }
    }
    let mut lines: Vec<(usize, String)> = last.into_values().collect();
    lines.sort_unstable_by_key(|(place, _)| *place);
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

fn end_of_last_line(file: &mut File) -> Result<u64> {
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut block = vec![0; 1 << 16];
    while end > 0 {
        let begin = end.saturating_sub(block.len() as u64);
        let length = usize::try_from(end - begin)?;
        file.seek(SeekFrom::Start(begin))?;
        file.read_exact(&mut block[..length])?;
        let newline = block[..length].iter().rposition(|byte| *byte == b'\n');
        if let Some(place) = newline {
            return Ok(begin + place as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn hash(what: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
