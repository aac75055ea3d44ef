//! What is on disk after a restart, a torn write, damage, and a full disk.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::{TempDir, tempdir};

use super::super::disk::Disk;
use super::{
    Failed, Key, Limits, Outcome, PageRequest, State, Store, Stored, delete, key, names, pod, put,
};

fn objects(store: &Store) -> Vec<Stored> {
    store.state().objects().collect()
}

fn open_with_log(directory: &Path, log: u64) -> Store {
    let limits = Limits {
        log,
        ..Limits::default()
    };
    Store::open_within(directory, limits).unwrap()
}

fn size(directory: &TempDir, name: &str) -> u64 {
    fs::metadata(directory.path().join(name)).map_or(0, |file| file.len())
}

/// Some of everything; afterwards `a` and `c` exist.
fn fill(store: &Store) {
    put(store, &pod("a"), "1");
    put(store, &pod("b"), "2");
    put(store, &pod("a"), "3");
    delete(store, &pod("b"));
    put(store, &key("nodes", "", "c"), "4");
}

#[test]
fn a_store_that_is_opened_again_is_the_same() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let start = store.revision();
    fill(&store);
    let before = (store.revision(), objects(&store));
    let history = |store: &Store| store.watch(None, None, start).unwrap().take(10).unwrap();
    let changes = history(&store);
    drop(store);
    let store = Store::open(directory.path()).unwrap();
    assert_eq!((store.revision(), objects(&store)), before);
    assert_eq!(history(&store), changes);
    assert_eq!(put(&store, &pod("d"), "5").revision, before.0 + 1);
}

#[test]
fn a_store_in_use_cannot_be_opened_a_second_time() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let refused = Store::open(directory.path()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "another process has the store in {}",
            directory.path().display()
        )
    );
    drop(store);
    Store::open(directory.path()).unwrap();
}

#[test]
fn a_log_that_gets_long_is_replaced_by_a_snapshot() {
    let directory = tempdir().unwrap();
    let store = open_with_log(directory.path(), 1000);
    for round in 0..100 {
        put(&store, &pod("a"), &format!("{round:0100}"));
        assert!(size(&directory, "log") <= 1000);
    }
    delete(&store, &pod("a"));
    put(&store, &pod("b"), "1");
    let before = (store.revision(), objects(&store));
    assert!(size(&directory, "snapshot") > 0);
    drop(store);
    let store = open_with_log(directory.path(), 1000);
    assert_eq!((store.revision(), objects(&store)), before);
    assert!(
        store.watch(None, None, 1).is_err(),
        "the snapshot has no history"
    );
}

#[test]
fn a_log_may_get_as_long_as_the_snapshot() {
    let directory = tempdir().unwrap();
    let store = open_with_log(directory.path(), 1);
    for name in 0..100 {
        put(&store, &pod(&format!("{name}")), &"x".repeat(100));
    }
    let snapshot = size(&directory, "snapshot");
    put(&store, &pod("a"), "1");
    put(&store, &pod("a"), "2");
    assert_eq!(size(&directory, "snapshot"), snapshot);
    assert!(size(&directory, "log") > 1);
}

#[test]
fn a_crash_between_snapshot_and_emptying_of_the_log_does_nothing_twice() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    fill(&store);
    let before = (store.revision(), objects(&store));
    drop(store);
    let log = fs::read(directory.path().join("log")).unwrap();
    let mut state = State::new(Limits::default());
    let mut disk = Disk::open(directory.path(), 1, &mut state).unwrap();
    disk.compact(&state);
    drop(disk);
    assert_eq!(size(&directory, "log"), 0);
    fs::write(directory.path().join("log"), log).unwrap();
    let store = Store::open(directory.path()).unwrap();
    assert_eq!((store.revision(), objects(&store)), before);
    assert_eq!(put(&store, &pod("d"), "5").revision, before.0 + 1);
    drop(store);
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(store.revision(), before.0 + 1);
}

#[test]
fn a_log_that_is_cut_anywhere_gives_the_writes_before_the_cut() {
    let directory = tempdir().unwrap();
    let log = directory.path().join("log");
    let store = Store::open(directory.path()).unwrap();
    let mut states = vec![(0, store.revision(), objects(&store))];
    for round in 0..3 {
        put(&store, &pod("a"), &format!("{round}"));
        put(&store, &pod(&format!("{round}")), "{}");
        let whole = usize::try_from(size(&directory, "log")).unwrap();
        states.push((whole, store.revision(), objects(&store)));
        delete(&store, &pod("a"));
        let whole = usize::try_from(size(&directory, "log")).unwrap();
        states.push((whole, store.revision(), objects(&store)));
    }
    drop(store);
    let bytes = fs::read(&log).unwrap();
    for cut in 0..bytes.len() {
        fs::write(&log, &bytes[..cut]).unwrap();
        let store = Store::open(directory.path()).unwrap();
        if let Some((_, revision, objects_then)) = states.iter().find(|state| state.0 == cut) {
            assert_eq!(
                (store.revision(), &objects(&store)),
                (*revision, objects_then)
            );
        }
        let end = size(&directory, "log");
        assert!(end <= cut as u64, "the torn record is gone");
        let next = put(&store, &pod("after"), "{}");
        drop(store);
        let store = Store::open(directory.path()).unwrap();
        assert_eq!(store.get(&pod("after")), Some(next), "cut at {cut}");
    }
}

#[test]
fn damage_anywhere_but_in_the_last_write_is_an_error_that_names_file_and_offset() {
    let directory = tempdir().unwrap();
    let log = directory.path().join("log");
    let store = Store::open(directory.path()).unwrap();
    put(&store, &pod("a"), "1");
    let first = size(&directory, "log");
    put(&store, &pod("b"), "2");
    let second = size(&directory, "log");
    put(&store, &pod("c"), "3");
    drop(store);
    let bytes = fs::read(&log).unwrap();
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x40;
        fs::write(&log, &damaged).unwrap();
        let opened = Store::open(directory.path());
        let place = place as u64;
        if place < second {
            let offset = if place < first { 0 } else { first };
            assert_eq!(
                opened.unwrap_err().to_string(),
                format!("{} is damaged at offset {offset}", log.display())
            );
        } else {
            let page = opened
                .unwrap()
                .list("pods", None, &PageRequest::default())
                .unwrap();
            assert_eq!(names(&page.items), ["a", "b"]);
        }
    }
}

#[test]
fn damage_in_a_snapshot_is_an_error() {
    let directory = tempdir().unwrap();
    let snapshot = directory.path().join("snapshot");
    let store = open_with_log(directory.path(), 1);
    put(&store, &pod("a"), "1");
    put(&store, &pod("b"), "2");
    drop(store);
    let bytes = fs::read(&snapshot).unwrap();
    let opened = || Store::open(directory.path()).unwrap_err().to_string();
    let expected = format!("{} is damaged at offset ", snapshot.display());
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x40;
        fs::write(&snapshot, &damaged).unwrap();
        assert!(opened().starts_with(&expected), "damaged at {place}");
    }
    for cut in 1..bytes.len() {
        fs::write(&snapshot, &bytes[..cut]).unwrap();
        assert!(opened().starts_with(&expected), "cut at {cut}");
    }
}

#[test]
fn a_log_without_its_snapshot_is_an_error() {
    let directory = tempdir().unwrap();
    drop(put(&open_with_log(directory.path(), 1), &pod("a"), "1"));
    let last = put(&Store::open(directory.path()).unwrap(), &pod("b"), "2");
    fs::remove_file(directory.path().join("snapshot")).unwrap();
    assert_eq!(
        Store::open(directory.path()).unwrap_err().to_string(),
        format!(
            "{} goes on with revision {} where 2 is missing",
            directory.path().join("log").display(),
            last.revision
        )
    );
}

/// Runs in a process whose files the kernel keeps below 64 KiB.
const FULL: &str = "BEX_STORE_TEST_FULL";

#[test]
#[ignore = "started by the test below"]
fn writes_until_the_disk_is_full() {
    let Some(directory) = std::env::var_os(FULL) else {
        return;
    };
    let directory = Path::new(&directory);
    let store = open_with_log(directory, u64::MAX);
    let fill = |name: &str, size: usize| -> Result<_, Failed> {
        let json = "x".repeat(size).into();
        store.write(&pod(name), |_, _| Ok(Outcome::Put(json)))
    };
    let mut refused = None;
    for number in 0..100 {
        let before = (store.revision(), objects(&store));
        if let Err(Failed(error)) = fill(&format!("{number}"), 1000) {
            assert_eq!((store.revision(), objects(&store)), before);
            refused = Some(error);
            break;
        }
    }
    let error = refused.unwrap();
    let log = format!("writing {}", directory.join("log").display());
    assert!(error.starts_with(&log), "{error}");
    assert!(fill("large", 10_000).is_err());
    fill("small", 10).unwrap();
    let before = (store.revision(), objects(&store));
    drop(store);
    let store = open_with_log(directory, 1);
    assert_eq!((store.revision(), objects(&store)), before);
}

#[test]
fn on_a_full_disk_the_write_fails_and_memory_and_disk_agree() {
    let directory = tempdir().unwrap();
    let child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--test-threads=1"])
        .arg("store::tests::disk::writes_until_the_disk_is_full")
        .env(FULL, directory.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
    assert!(size(&directory, "log") > 30_000);
}

#[test]
fn a_snapshot_that_cannot_be_written_fails_no_write() {
    let directory = tempdir().unwrap();
    fs::create_dir_all(directory.path().join("snapshot.new/in the way")).unwrap();
    let store = open_with_log(directory.path(), 1);
    for number in 0..10 {
        put(&store, &pod(&format!("{number}")), "{}");
    }
    let before = (store.revision(), objects(&store));
    assert_eq!(size(&directory, "snapshot"), 0);
    drop(store);
    let store = Store::open(directory.path()).unwrap();
    assert_eq!((store.revision(), objects(&store)), before);
}

#[test]
fn the_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempdir().unwrap();
    let directory = parent.path().join("store");
    let store = open_with_log(&directory, 1);
    put(&store, &pod("a"), "1");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for name in ["lock", "log", "snapshot"] {
        assert_eq!(mode(&directory.join(name)), 0o600, "{name}");
    }
}

#[test]
fn keys_with_any_text_survive() {
    let directory = tempdir().unwrap();
    let keys: Vec<Key> = ["", "a", "ä", &"x".repeat(70_000), "a\0b"]
        .iter()
        .map(|name| key("things", "", name))
        .collect();
    let store = Store::open(directory.path()).unwrap();
    for key in &keys {
        put(&store, key, "");
    }
    let before = objects(&store);
    drop(store);
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(objects(&store), before);
}
