//! A process that is killed in the middle of its writes has lost nothing that it acknowledged.
//!
//! The child is this test binary. It writes objects whose content can be checked, and says so after each write.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use tempfile::tempdir;

use super::{Failed, Limits, Outcome, Store, pod};

const DIRECTORY: &str = "BEX_STORE_TEST_KILL";
const SEED: &str = "BEX_STORE_TEST_SEED";
const ROUNDS: u64 = 15;
const OBJECTS: u64 = 40;

/// Small enough that there are snapshots all the time.
const LIMITS: Limits = Limits {
    changes: 1000,
    bytes: 1 << 20,
    log: 1 << 18,
};

/// A generator of numbers that is good enough for tests (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// Its revision, again and again, so that a half one or a mixture is seen.
fn content(revision: u64, copies: u64) -> String {
    let copies = usize::try_from(copies).unwrap();
    format!("{revision} ").repeat(copies + 1)
}

#[test]
#[ignore = "started by the test below"]
fn writes_until_it_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let mut random = Random(std::env::var(SEED).unwrap().parse().unwrap());
    let store = Store::open_within(Path::new(&directory), LIMITS).unwrap();
    loop {
        let name = random.below(OBJECTS).to_string();
        let (deletion, copies) = (random.below(4) == 0, random.below(2000));
        let written = store.write(&pod(&name), |current, revision| -> Result<_, Failed> {
            Ok(match current {
                Some(_) if deletion => Outcome::Delete("gone".into()),
                _ => Outcome::Put(content(revision, copies).into()),
            })
        });
        let stored = written.unwrap().unwrap();
        let gone = stored.json == "gone";
        let acknowledgement = format!("acknowledged {} {name} {gone}\n", stored.revision);
        stdout().write_all(acknowledgement.as_bytes()).unwrap();
    }
}

fn start(directory: &Path, seed: u64) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--nocapture", "--test-threads=1"])
        .arg("store::tests::kill::writes_until_it_is_killed")
        .env(DIRECTORY, directory)
        .env(SEED, seed.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

/// What the child acknowledged: the latest revision of each object, and whether it is gone since.
#[derive(Default)]
struct Acknowledged {
    revision: u64,
    objects: BTreeMap<String, (u64, bool)>,
}

impl Acknowledged {
    fn read(&mut self, line: &str) {
        // The first one follows the name of the test.
        let Some((_, said)) = line.split_once("acknowledged ") else {
            return;
        };
        let words: Vec<&str> = said.split_whitespace().collect();
        // The child can be killed in the middle of a line.
        let [revision, name, gone @ ("true" | "false")] = words[..] else {
            return;
        };
        self.revision = revision.parse().unwrap();
        let latest = (self.revision, gone == "true");
        self.objects.insert(name.to_owned(), latest);
    }

    /// The store has all of it, and at most one write more: the one in whose middle the child was.
    fn check(&self, store: &Store) {
        assert!(
            (self.revision..=self.revision + 1).contains(&store.revision()),
            "revision {} after {} was acknowledged",
            store.revision(),
            self.revision
        );
        let mut unsaid = Vec::new();
        for number in 0..OBJECTS {
            let name = number.to_string();
            let found = store.get(&pod(&name));
            if let Some(stored) = &found {
                let word = format!("{} ", stored.revision);
                let copies = stored.json.len() / word.len();
                assert_eq!(stored.json, word.repeat(copies), "half an object");
            }
            let found = found.map(|stored| stored.revision);
            let said = self.objects.get(&name).filter(|(_, gone)| !gone);
            let said = said.map(|(revision, _)| *revision);
            if found != said {
                unsaid.push((name, found, said));
            }
        }
        assert!(
            unsaid.len() as u64 <= store.revision() - self.revision,
            "found and acknowledged: {unsaid:?}"
        );
    }

    /// Takes the write that was not acknowledged as made: the next child builds on it.
    fn accept(&mut self, store: &Store) {
        self.revision = store.revision();
        for number in 0..OBJECTS {
            let name = number.to_string();
            let latest = store
                .get(&pod(&name))
                .map_or((0, true), |stored| (stored.revision, false));
            self.objects.insert(name, latest);
        }
    }
}

#[test]
fn a_process_killed_at_any_point_of_its_writes_loses_nothing_acknowledged() {
    let seed = std::env::var(SEED).map_or_else(
        |_| u64::from(std::process::id()),
        |seed| seed.parse().unwrap(),
    );
    writeln!(stdout(), "{SEED}={seed}").unwrap();
    let directory = tempdir().unwrap();
    let mut random = Random(seed);
    let mut acknowledged = Acknowledged {
        revision: 1,
        ..Acknowledged::default()
    };
    for round in 0..ROUNDS {
        let (mut child, mut output) = start(directory.path(), seed ^ (round << 32));
        let patience = 1 + random.below(600);
        let mut line = String::new();
        let mut lines = 0;
        while output.read_line(&mut line).unwrap() > 0 {
            acknowledged.read(&line);
            line.clear();
            lines += 1;
            if lines == patience {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(lines >= patience, "seed {seed}: the child ended by itself");
        let store = Store::open_within(directory.path(), LIMITS).unwrap();
        acknowledged.check(&store);
        acknowledged.accept(&store);
    }
    assert!(
        acknowledged.revision > 100,
        "seed {seed}: nothing was written"
    );
}
