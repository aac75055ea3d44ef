//! S1: Karpenter's own benchmark.

use bex_infra::resize::workload::Workload;
use bex_infra::resize::workload::generate::{diverse, preferring};

use crate::measure::{EFFORT, RUNS, hourly, human, of, ours};
use crate::peer::Karpenter;

const SEED: u64 = 42;

pub(crate) fn measure(karpenter: Option<&Karpenter>) {
    println!("\n### S1: Karpenter's diverse mix, 400 types in up to three zones\n");
    println!(
        "| pods | taken in | decided | nodes | a fifth | per hour | Karpenter computes | by the clock | its nodes | per hour | its memory | faster | cheaper | unscheduled, ours / its | no order found |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (pods, runs) in [(500, RUNS), (5000, 1), (20_000, 1), (100_000, 0)] {
        row(&diverse(pods, SEED), pods / 5, karpenter, runs);
    }
    row(&preferring(4000, SEED), 0, karpenter, 1);
}

/// Karpenter solves it so many times.
fn row(workload: &Workload, fifth: u32, karpenter: Option<&Karpenter>, runs: usize) {
    let ours = ours(workload, EFFORT);
    let price = hourly(ours.growth.cost);
    let theirs = karpenter.and_then(|karpenter| karpenter.solve(workload, runs));
    let their = match &theirs {
        Some(theirs) => format!(
            "{} | {} | {} | {:.2} | {:.0} MiB | {:.0} × | {}",
            human(theirs.decided),
            human(theirs.took),
            theirs.nodes,
            theirs.hourly,
            theirs.peak_mib,
            theirs.decided.as_secs_f64() / ours.decided.as_secs_f64(),
            of(price, theirs.hourly),
        ),
        None => "- | - | - | - | - | - | -".to_owned(),
    };
    println!(
        "| {} | {} | {} | {} | {fifth} | {price:.2} | {their} | {} / {} | {} |",
        workload.name,
        human(ours.taken_in),
        human(ours.decided),
        ours.growth.machines.len(),
        ours.unscheduled,
        theirs.map_or("-".to_owned(), |theirs| theirs.unscheduled.to_string()),
        ours.infeasible,
    );
}
