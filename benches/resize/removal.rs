//! S7: nodes that can go.

use bex_infra::resize::offer::Price;
use bex_infra::resize::shrink::{Candidate, Leave, Occupants, Question, shrink};
use bex_infra::resize::workload::generate::removable;

use crate::measure::{RUNS, human, median, timed};
use crate::peer::Karpenter;
use crate::tangled;

pub(crate) fn measure(_: Option<&Karpenter>) {
    println!("\n### S7: nodes with 40 pods of a hundredth each\n");
    println!("| nodes | decided | can go | optimum | of it |");
    println!("|---:|---:|---:|---:|---:|");
    for nodes in [2000, 10_000] {
        row(nodes);
    }
    tangled::measure();
}

fn row(nodes: u32) {
    let workload = removable(nodes);
    let mut situation = workload.situation().unwrap();
    let class = situation.classes[0];
    let candidate = |(node, _)| Candidate {
        node,
        group: 0,
        price: Price(50_000),
        pods: vec![Occupants {
            class,
            pods: 40,
            leave: Leave::Moves,
        }],
    };
    let question = Question {
        candidates: situation.state.nodes().map(candidate).collect(),
        budgets: Vec::new(),
        may_go: vec![nodes],
        limit: nodes as usize,
    };
    let mut times = Vec::new();
    let mut gone = 0;
    for _ in 0..RUNS {
        let (time, shrinkage) = timed(|| shrink(&mut situation.state, &question));
        times.push(time);
        gone = shrinkage.gone.len();
    }
    // A hundred of these pods fill a node.
    let optimum = nodes - (nodes * 40).div_ceil(100);
    println!(
        "| {nodes} | {} | {gone} | {optimum} | {:.1} % |",
        human(median(times)),
        f64::from(u32::try_from(gone).unwrap()) / f64::from(optimum) * 100.0,
    );
}
