//! Every verdict of `scheduling`, and its reason, against the plugins of the real scheduler.
//!
//! `BEX_TEST_ORACLE` names the program built from `tests/peers/scheduler` (`go build -o /tmp/oracle .` there);
//! `BEX_TEST_SEED` and `BEX_TEST_STATES` choose another walk. A disagreement is printed with its seed and as the smallest
//! cluster that still shows it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "scheduling_oracle/generate.rs"]
mod generate;
#[path = "scheduling_oracle/oracle.rs"]
mod oracle;
#[path = "scheduling_oracle/ours.rs"]
mod ours;
#[path = "scheduling_oracle/random.rs"]
mod random;
#[path = "scheduling_oracle/shrink.rs"]
mod shrink;

use std::collections::BTreeMap;

use serde_json::Value;

use oracle::{Oracle, Verdict};
use random::Random;

#[test]
#[ignore = "needs BEX_TEST_ORACLE, the program of tests/peers/scheduler"]
fn every_verdict_and_every_reason_is_the_real_schedulers() {
    let mut oracle = Oracle::start();
    let seed = number("BEX_TEST_SEED", 1);
    let mut counts = BTreeMap::new();
    let mut verdicts = 0;
    for state in seed..seed + number("BEX_TEST_STATES", 300) {
        let cluster = generate::cluster(&mut Random::new(state));
        let theirs = oracle.ask(&cluster);
        let ours = ours::answer(&cluster, state);
        for (pod, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
            if theirs.failed.is_empty() && theirs != ours {
                report(&mut oracle, &cluster, pod, state);
            }
            verdicts += cluster["nodes"].as_array().unwrap().len();
            count(&mut counts, theirs);
        }
    }
    println!("seed {seed}: {verdicts} verdicts agree");
    for (reason, times) in counts {
        println!("{times:>9} {reason}");
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn count(counts: &mut BTreeMap<String, u64>, verdict: &Verdict) {
    let whole = [&verdict.gated, &verdict.refused, &verdict.failed];
    let whole = whole.into_iter().filter(|text| !text.is_empty());
    // Without what comes after the first name: names differ from pod to pod.
    let whole = whole.map(|text| text.split(['"', '/']).next().unwrap());
    let fits = verdict.nodes.iter().filter(|reasons| reasons.is_empty());
    let reasons = verdict.nodes.iter().flatten().map(String::as_str);
    for reason in whole.chain(fits.map(|_| "fits")).chain(reasons) {
        *counts.entry(reason.to_owned()).or_default() += 1;
    }
}

fn report(oracle: &mut Oracle, cluster: &Value, pod: usize, state: u64) -> ! {
    let mut cluster = cluster.clone();
    cluster["pending"] = vec![cluster["pending"][pod].clone()].into();
    let small = shrink::smallest(cluster, |cluster| {
        // Without any node the scheduler says so before its plugins say anything.
        let nodes = cluster["nodes"].as_array().unwrap().len();
        let theirs = oracle.ask(cluster);
        nodes > 0 && theirs[0].failed.is_empty() && theirs != ours::answer(cluster, state)
    });
    let (theirs, ours) = (oracle.ask(&small), ours::answer(&small, state));
    panic!(
        "seed {state}:\n{}\n  real: {theirs:?}\n  ours: {ours:?}",
        serde_json::to_string_pretty(&small).unwrap()
    );
}
