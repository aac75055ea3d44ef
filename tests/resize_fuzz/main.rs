//! Decisions on random clusters, checked by the validator, which shares nothing with the engine.
//!
//! `BEX_FUZZ_CASES` sets how many cases are tried (300 without), `BEX_FUZZ_SEED` the first of their seeds.
//! One case is shown with all of its objects. A million, in pieces of which each says its seeds:
//!
//! ```text
//! for first in $(seq 1 20000 1000000); do
//!   BEX_FUZZ_SEED=$first BEX_FUZZ_CASES=20000 cargo test --release --test resize_fuzz every_decision -- --nocapture
//! done
//! ```

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod case;
mod generate;
mod nonsense;
mod playback;
mod pods;
#[expect(dead_code, reason = "the scheduling oracle uses all of it")]
#[path = "../scheduling_oracle/random.rs"]
mod random;
#[path = "../resize_validator/mod.rs"]
mod validator;

use std::collections::BTreeMap;
use std::thread;

use bex_infra::resize::decision::Decision;
use bex_infra::resize::history::trim;
use bex_infra::resize::model::Model;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use case::Case;
use validator::Verdict;

/// How often each thing happened.
#[derive(Debug, Default)]
struct Counts {
    times: BTreeMap<&'static str, u64>,
    /// Growth of which neither was shown that it is right nor that it is wrong.
    open: Vec<String>,
}

impl Counts {
    fn add(&mut self, what: &'static str, times: usize) {
        *self.times.entry(what).or_default() += times as u64;
    }

    fn merge(&mut self, other: Self) {
        self.open.extend(other.open);
        for (what, times) in other.times {
            *self.times.entry(what).or_default() += times;
        }
    }
}

fn setting(name: &str, default: u64) -> u64 {
    let text = std::env::var(name);
    text.map_or(default, |text| text.parse().unwrap())
}

#[test]
fn every_decision_on_a_random_cluster_is_safe() {
    let (first, cases) = (setting("BEX_FUZZ_SEED", 1), setting("BEX_FUZZ_CASES", 300));
    if cases == 1 {
        println!("{}", generate::case(first));
    }
    let (counts, wrong) = try_all(first, cases);
    println!(
        "seeds {first} to {}: {:#?}",
        first + cases - 1,
        counts.times
    );
    println!(
        "first open ones: {:#?}",
        &counts.open[..counts.open.len().min(10)]
    );
    let shown: Vec<&String> = wrong.iter().take(30).collect();
    assert!(
        wrong.is_empty(),
        "{} violations (BEX_FUZZ_CASES=1 BEX_FUZZ_SEED=N shows one), the first ones: {shown:#?}",
        wrong.len()
    );
    // Few cases need not show everything.
    let all = [
        "grown",
        "grown for pods that came first",
        "removed",
        "replaced",
        "moved",
        "helpless",
        "held",
        "kept",
    ];
    for what in all.iter().filter(|_| cases >= 300) {
        assert!(
            counts.times.get(what).is_some_and(|times| *times > 0),
            "nothing was {what}: {counts:?}"
        );
    }
}

/// What happened in all cases, and what is wrong with them.
fn try_all(first: u64, cases: u64) -> (Counts, Vec<String>) {
    let workers = thread::available_parallelism()
        .map_or(1, |n| n.get() as u64)
        .min(4);
    let run = |worker: u64| {
        let mut counts = Counts::default();
        let mut wrong = Vec::new();
        for seed in (first..first + cases)
            .skip(usize::try_from(worker).unwrap())
            .step_by(usize::try_from(workers).unwrap())
        {
            wrong.extend(one(seed, &mut counts));
        }
        (counts, wrong)
    };
    let mut counts = Counts::default();
    let mut wrong: Vec<String> = Vec::new();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|worker| scope.spawn(move || run(worker)))
            .collect();
        for thread in threads {
            let (more, violations) = thread.join().unwrap();
            counts.merge(more);
            wrong.extend(violations);
        }
    });
    (counts, wrong)
}

/// Violations in one random cluster, with its seed.
fn one(seed: u64, counts: &mut Counts) -> Vec<String> {
    let case = generate::case(seed);
    let (now, decision) = case.decide(&mut case.model());
    count(&decision, counts);
    let mut wrong = is_safe(&case, now, &decision, counts);
    wrong.extend(is_safe_while_more_come(&case, counts));
    wrong.extend(is_repeatable(&case, &decision));
    wrong.extend(does_not_flap(&case, &decision, counts));
    wrong.extend(leaves_others_alone(&case, &decision, counts));
    wrong.extend(asks_once(&case, &decision, counts));
    wrong
        .into_iter()
        .map(|what| format!("seed {seed}: {what}"))
        .collect()
}

fn is_safe(case: &Case, now: Timestamp, decision: &Decision, counts: &mut Counts) -> Vec<String> {
    let world = case.world();
    if let Verdict::Unknown(why) = validator::growth(&world, decision) {
        counts.add("growth whose places were not found", 1);
        counts.open.push(format!("seed {}: {why}", case.seed));
    }
    validator::check(&world, &case.policy, now, decision)
}

/// Before it is known that ReplicaSets make no more pods.
fn is_safe_while_more_come(case: &Case, counts: &mut Counts) -> Vec<String> {
    let mut objects = case.objects.iter();
    if !objects.any(|object| object.resource == "replicasets.apps") {
        return Vec::new();
    }
    let soon = case.now + SignedDuration::from_millis(500);
    let decision = case.model().decide(&case.policy, soon);
    counts.add("decisions while ReplicaSets may make more", 1);
    counts.add("grown for pods that came first", decision.grow.len());
    is_safe(case, soon, &decision, counts)
}

fn count(decision: &Decision, counts: &mut Counts) {
    counts.add("cases", 1);
    counts.add("grown", decision.grow.len());
    counts.add(
        "pods that machines come for",
        decision.grow.iter().map(|grow| grow.pods.len()).sum(),
    );
    counts.add("removed", decision.remove.len());
    counts.add("replaced", decision.replace.len());
    counts.add(
        "moved",
        decision
            .remove
            .iter()
            .map(|remove| remove.moves.len())
            .sum(),
    );
    counts.add("helpless", decision.helpless.len());
    counts.add("held", decision.held.len());
    counts.add("kept", decision.kept.len());
    counts.add("cases with nothing to do", usize::from(decision.is_empty()));
}

/// The same again gives the same, and so does what the log keeps of it.
fn is_repeatable(case: &Case, decision: &Decision) -> Option<String> {
    let mut model = Model::new(case.prices.clone());
    for object in &case.objects {
        let json = trim(object.resource, object.json.to_string().as_bytes()).unwrap();
        case.tell(&mut model, object, &json);
    }
    let (_, again) = case.decide(&mut model);
    (again != *decision).then(|| {
        format!("another decision from trimmed objects: {again:?} instead of {decision:?}")
    })
}

/// I7: what went is not bought back.
fn does_not_flap(case: &Case, decision: &Decision, counts: &mut Counts) -> Option<String> {
    let waits = case
        .world()
        .pods
        .iter()
        .any(|pod| pod.spec.as_ref().unwrap().node_name.is_none());
    if decision.remove.is_empty() || waits || !decision.grow.is_empty() {
        return None;
    }
    counts.add("removals followed for ten minutes", 1);
    let after = case.after_removal(decision);
    let mut model = after.model();
    for second in [2, 60, 600] {
        let later = case.now + SignedDuration::from_secs(second);
        let next = model.decide(&case.policy, later);
        // A minimum that the pace had held back may follow.
        if next.grow.iter().any(|grow| !grow.pods.is_empty()) {
            return Some(format!(
                "I7: {:?} is bought {second} s after {:?} went",
                next.grow, decision.remove
            ));
        }
    }
    None
}

/// I8: a group in which something is wrong changes nothing for the others.
fn leaves_others_alone(case: &Case, decision: &Decision, counts: &mut Counts) -> Option<String> {
    let mut without = case.clone();
    without.objects.retain(|object| object.name() != "bad");
    if without.objects.len() == case.objects.len() {
        return None;
    }
    counts.add("cases with a bad group", 1);
    let (_, alone) = without.decide(&mut without.model());
    let same = alone.grow == decision.grow && alone.remove == decision.remove;
    (!same).then(|| format!("I8: with a bad group {decision:?}, without {alone:?}"))
}

/// While machines for pods are on their way nothing more is asked for. Those that a pool lacks to its minimum may be asked
/// for before.
fn asks_once(case: &Case, decision: &Decision, counts: &mut Counts) -> Option<String> {
    if decision.grow.is_empty() || !only_grows(decision) {
        return None;
    }
    counts.add("growth looked at again", 1);
    let mut model = case.model();
    let (mut now, mut first) = case.decide(&mut model);
    let mut asked = case.clone();
    loop {
        ask(&mut asked, &mut model, &first);
        now += SignedDuration::from_secs(1);
        let next = model.decide(&case.policy, now);
        if next.grow.is_empty() || !only_grows(&next) {
            return None;
        }
        if first.grow.iter().any(|grow| !grow.pods.is_empty()) {
            let (next, first) = (next.grow, first.grow);
            return Some(format!("I9: {next:?} is asked for after {first:?}"));
        }
        first = next;
    }
}

/// What the pace holds back comes later.
fn only_grows(decision: &Decision) -> bool {
    let goes = !(decision.remove.is_empty() && decision.replace.is_empty());
    !goes && decision.held.is_empty() && decision.helpless.is_empty()
}

fn ask(asked: &mut Case, model: &mut Model, decision: &Decision) {
    for grow in &decision.grow {
        let group = asked.get("machinedeployments.cluster.x-k8s.io", &grow.group);
        group["spec"]["replicas"] = json!(grow.to);
        let group = group.to_string();
        let mut all = asked.objects.iter();
        let object = all.find(|object| object.name() == grow.group);
        asked.tell(model, object.unwrap(), group.as_bytes());
    }
}
