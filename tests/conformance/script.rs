//! Calls as text, one file a subject.
//!
//! ```text
//! # A comment.
//! in /api/v1/namespaces/crud          relative paths start here from now on
//! POST configmaps                     a call
//!   {metadata: {name: a}}             its body: YAML, sent as JSON; apiVersion and kind are written out
//! GET configmaps/a as a               its answer is called `a`
//! Accept: application/yaml            a header of the call above
//! DELETE configmaps/a?resourceVersion=$(a/metadata/resourceVersion)
//! WATCH 2 configmaps?...              opens a watch, reads two events and closes it
//! ```
//!
//! `JSON`, `MERGE`, `STRATEGIC` and `APPLY` are PATCH with that content type, `TABLE` is a GET for a table. A body that
//! starts with `|` is sent as it is.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of calls.
pub(crate) struct Script {
    /// The directory that has the calls, their answers and the list of differences.
    pub home: PathBuf,
    pub name: String,
    pub calls: Vec<Call>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Call {
    /// The line of the call, with a number if it comes again: names the call in answers and differences.
    pub label: String,
    pub verb: String,
    pub path: String,
    /// Events that a watch reads; objects that a verb on a list acts on.
    pub events: usize,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// What later calls name its answer.
    pub name: Option<String>,
}

/// The calls to the API alone.
pub(crate) fn api() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

/// Those that controllers have an answer to.
pub(crate) fn controllers() -> PathBuf {
    api().join("controllers")
}

impl Script {
    /// All files below `home`, in the order of their names.
    pub(crate) fn all(home: &Path) -> Vec<Self> {
        let only = std::env::var("BEX_CONFORMANCE_ONLY").ok();
        let files = fs::read_dir(home.join("calls")).unwrap();
        let mut scripts: Vec<Self> = files
            .map(|file| Self::read(home, &file.unwrap().path()))
            .filter(|script| only.as_ref().is_none_or(|only| *only == script.name))
            .collect();
        scripts.sort_by(|a, b| a.name.cmp(&b.name));
        scripts
    }

    fn read(home: &Path, path: &Path) -> Self {
        Self {
            home: home.to_owned(),
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            calls: parse(&fs::read_to_string(path).unwrap()),
        }
    }
}

fn parse(text: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut base = String::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if line.starts_with('#') {
            continue;
        }
        if let Some(body) = line.strip_prefix("  ") {
            let call = calls.last_mut().expect("a body without a call");
            call.body.push_str(body);
            call.body.push('\n');
        } else if let Some(path) = line.strip_prefix("in ") {
            path.trim().clone_into(&mut base);
        } else if let Some((name, value)) = header(line) {
            let call = calls.last_mut().expect("a header without a call");
            call.headers.push((name.to_owned(), value.to_owned()));
        } else {
            let mut call = parse_call(line, &base);
            let before = calls.iter().filter(|other| other.is_again(&call)).count();
            if before > 0 {
                call.label = format!("{} #{}", call.label, before + 1);
            }
            calls.push(call);
        }
    }
    calls
}

fn header(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(": ")?;
    (!name.contains(' ')).then_some((name, value.trim()))
}

fn parse_call(line: &str, base: &str) -> Call {
    let (line, name) = match line.rsplit_once(" as ") {
        Some((line, name)) => (line, Some(name.to_owned())),
        None => (line, None),
    };
    let (verb, mut path) = line.split_once(' ').unwrap_or((line, ""));
    let mut events = 0;
    if let Some((count, rest)) = path.split_once(' ') {
        let wrong = |error| panic!("{line}: {error}: a number and a path are needed");
        (events, path) = (count.parse().unwrap_or_else(wrong), rest);
    }
    let absolute = path.starts_with('/');
    Call {
        label: line.to_owned(),
        verb: verb.to_owned(),
        path: match path {
            "" => base.to_owned(),
            path if absolute => path.to_owned(),
            path => format!("{base}/{path}"),
        },
        events,
        headers: Vec::new(),
        body: String::new(),
        name,
    }
}

impl Call {
    fn is_again(&self, other: &Self) -> bool {
        let line = |call: &Self| call.label.split(" #").next().map(str::to_owned);
        line(self) == line(other)
    }
}
