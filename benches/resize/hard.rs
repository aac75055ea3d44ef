//! S5: rules about other pods, ports and volumes.

use bex_infra::resize::workload::generate::{Hardship, diverse, hard};

use crate::measure::{EFFORT, hourly, human, of, ours};
use crate::peer::Karpenter;

const SEED: u64 = 42;

pub(crate) fn measure(karpenter: Option<&Karpenter>) {
    println!("\n### S5: hard constraints, the pods that others depend on last\n");
    println!(
        "| pods | decided | per pod | of S1's | nodes | per hour | Karpenter computes | its nodes | per hour | ours against its | unscheduled, ours / its | no order found |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for pods in [1000, 5000] {
        let easy = ours(&diverse(pods, SEED), EFFORT);
        let easy = easy.decided / pods;
        println!(
            "| diverse-{pods} (S1) | | {} | 1.0 × | | | | | | | | |",
            human(easy)
        );
        for hardship in Hardship::ALL {
            // Karpenter takes minutes for the larger ones.
            let karpenter = karpenter.filter(|_| pods == 1000);
            row(hardship, pods, easy.as_secs_f64(), karpenter);
        }
    }
}

fn row(hardship: Hardship, pods: u32, easy: f64, karpenter: Option<&Karpenter>) {
    let workload = hard(hardship, pods, SEED);
    let ours = ours(&workload, EFFORT);
    let theirs = karpenter.and_then(|karpenter| karpenter.solve(&workload, 1));
    let each = ours.decided / pods;
    let price = hourly(ours.growth.cost);
    let their = match &theirs {
        Some(theirs) => format!(
            "{} | {} | {:.2} | {}",
            human(theirs.decided),
            theirs.nodes,
            theirs.hourly,
            of(price, theirs.hourly),
        ),
        None => "- | - | - | -".to_owned(),
    };
    println!(
        "| {} | {} | {} | {:.1} × | {} | {price:.2} | {their} | {} / {} | {} |",
        workload.name,
        human(ours.decided),
        human(each),
        each.as_secs_f64() / easy,
        ours.growth.machines.len(),
        ours.unscheduled,
        theirs.map_or("-".to_owned(), |theirs| theirs.unscheduled.to_string()),
        ours.infeasible,
    );
}
