//! Many nodes. Times are printed, and only of an optimized build they mean anything.

use std::time::Instant;

use super::*;

/// Nodes with 40 pods of a hundredth of their size each.
fn forties(nodes: usize) -> Cluster {
    let mut cluster = Cluster::of(nodes);
    for number in 0..nodes {
        let class = cluster.run(number, asks(10));
        let node = cluster.id(number);
        let mut trial = cluster.state.trial();
        trial.place_many(class, node, 39);
        trial.keep();
        cluster.question.candidates[number].pods[0].pods = 40;
    }
    cluster
}

#[test]
fn of_nodes_that_are_filled_to_two_fifths_three_fifths_go() {
    let mut cluster = forties(200);
    let shrinkage = cluster.shrink();
    assert_eq!(shrinkage.gone.len(), 120);
    let moves: u32 = shrinkage
        .gone
        .iter()
        .flat_map(|gone| &gone.moves)
        .map(|it| it.2)
        .sum();
    assert_eq!(moves, 120 * 40);
}

#[test]
#[ignore = "prints times, for an optimized build"]
fn times() {
    for (nodes, removable) in [(2000, 1200), (10_000, 6000)] {
        let mut cluster = forties(nodes);
        for _ in 0..5 {
            let start = Instant::now();
            let shrinkage = shrink(&mut cluster.state, &cluster.question);
            println!("{nodes} nodes: {:?}", start.elapsed());
            assert_eq!(shrinkage.gone.len(), removable);
        }
    }
}
