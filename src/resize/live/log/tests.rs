use std::time::Duration;

use serde_json::json;
use serde_json::value::RawValue;

use super::*;
use crate::resize::model::Cluster;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn open(path: &Path, largest: u64) -> Log {
    let start = Start {
        cluster: "bex".into(),
        ..Start::default()
    };
    Log::open(path, largest, start).unwrap()
}

fn pod(second: i64, name: &str, phase: Option<&str>) -> Change {
    let object = phase.map(|phase| json!({"status": {"phase": phase}}).to_string());
    Change {
        at: at(second),
        cluster: Cluster::App,
        resource: "pods".into(),
        namespace: "default".into(),
        name: name.into(),
        object: object.map(|object| RawValue::from_string(object).unwrap()),
    }
}

fn decided(second: i64) -> Decided {
    Decided {
        at: at(second),
        decision: Decision::default(),
        took: Duration::from_millis(1),
    }
}

fn entries(path: &Path) -> Vec<Entry> {
    let file = BufReader::new(File::open(path).unwrap());
    Entries::new(file).map(|entry| entry.unwrap().1).collect()
}

/// Names and phases of the changes.
fn changes(path: &Path) -> Vec<String> {
    let entries = entries(path).into_iter();
    let changes = entries.filter_map(|entry| match entry {
        Entry::Change(change) => Some(change),
        _ => None,
    });
    let text = |change: Change| match change.object {
        Some(object) => format!("{} {}", change.name, object.get()),
        None => format!("{} gone", change.name),
    };
    changes.map(text).collect()
}

#[test]
fn what_did_not_change_is_not_logged_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let mut log = open(&path, LARGEST);
    for (name, phase) in [
        ("a", Some("Pending")),
        ("a", Some("Pending")),
        ("b", None),
        ("a", Some("Running")),
        ("a", None),
        ("a", None),
        ("a", Some("Running")),
    ] {
        log.change(pod(1, name, phase)).unwrap();
    }
    log.flush().unwrap();
    assert_eq!(
        changes(&path),
        [
            r#"a {"status":{"phase":"Pending"}}"#,
            r#"a {"status":{"phase":"Running"}}"#,
            "a gone",
            r#"a {"status":{"phase":"Running"}}"#,
        ]
    );
}

#[test]
fn equal_decisions_take_a_word_each_and_are_read_as_decisions() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let mut log = open(&path, LARGEST);
    for second in 1..4 {
        log.decision(decided(second)).unwrap();
    }
    log.flush().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches("{\"same\":").count(), 2, "{text}");
    let read = entries(&path).into_iter().filter_map(|entry| match entry {
        Entry::Decision(decided) => Some(decided),
        _ => None,
    });
    assert_eq!(read.collect::<Vec<_>>(), [1, 2, 3].map(decided));
}

#[test]
fn a_torn_line_is_cut_off_before_more_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let mut log = open(&path, LARGEST);
    log.change(pod(1, "a", Some("Pending"))).unwrap();
    log.flush().unwrap();
    drop(log);
    let whole = fs::metadata(&path).unwrap().len();
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"change\":{\"at\":").unwrap();
    let mut log = open(&path, LARGEST);
    assert!(log.size > whole);
    log.change(pod(2, "b", Some("Pending"))).unwrap();
    log.flush().unwrap();
    assert_eq!(changes(&path).len(), 2);
    assert_eq!(entries(&path).len(), 4);
}

#[test]
fn a_log_that_grew_too_large_begins_anew_with_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let mut log = open(&path, 4000);
    log.change(pod(1, "stays", Some("Running"))).unwrap();
    for second in 0..100 {
        let name = format!("short-{second}");
        log.change(pod(second, &name, Some("Running"))).unwrap();
        log.decision(decided(second)).unwrap();
        log.change(pod(second, &name, None)).unwrap();
    }
    log.flush().unwrap();
    for file in [&path, &beside(&path, "1")] {
        assert!(fs::metadata(file).unwrap().len() < 5000);
    }
    assert!(!beside(&path, "new").exists());
    let Entry::Start(start) = &entries(&path)[0] else {
        panic!("the first line is no start");
    };
    assert!(start.midway && start.cluster == "bex");
    assert_eq!(changes(&path)[0], r#"stays {"status":{"phase":"Running"}}"#);
}

#[test]
fn a_cluster_that_is_larger_than_the_log_may_be_does_not_make_it_begin_anew_all_the_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let mut log = open(&path, 500);
    let mut anew = 0;
    for number in 0..1000 {
        let before = log.begun_with;
        let name = format!("pod-{number}");
        log.change(pod(1, &name, Some("Running"))).unwrap();
        anew += u32::from(log.begun_with != before);
    }
    log.flush().unwrap();
    assert!(anew < 12, "{anew}");
    assert_eq!(changes(&path).len(), 1000);
}

#[test]
fn a_path_that_cannot_be_written_is_named() {
    let error = Log::open(Path::new("/nowhere/log"), LARGEST, Start::default());
    let error = format!("{:#}", error.unwrap_err());
    assert!(
        error.starts_with("opening the log /nowhere/log: "),
        "{error}"
    );
}
