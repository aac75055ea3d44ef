//! S4: clusters that run, and pods that come.

use std::collections::BTreeMap;
use std::time::Duration;

use bex_infra::resize::grow::Waiting;
use bex_infra::resize::workload::generate::{steady, wave};
use bex_infra::resize::workload::{Situation, Workload};
use bex_infra::scheduling::{ClassId, PodKey};

use crate::check;
use crate::measure::{
    EFFORT, RUNS, clocked, decide, human, median, ours, permille, resident_mib, timed,
};
use crate::peer::Karpenter;

const ASKED: usize = 1000;

pub(crate) fn measure(karpenter: Option<&Karpenter>) {
    println!(
        "\n### S4: nodes with ten pods each, 500 apps, three of ten with rules about each other\n"
    );
    println!(
        "| nodes | all taken in | memory | one new pod, median | p99 | one pod of a hundred anew | no order found | a wave of 10,000 pods | bought for it | no order found | Karpenter, one new pod | its memory |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let mut waves = Vec::new();
    for nodes in [1000, 2500, 5000, 10_000] {
        waves.push((f64::from(nodes), row(nodes, karpenter).as_secs_f64()));
    }
    println!(
        "\nThe wave's time grows with the nodes to the power of {:.2}.",
        exponent(&waves)
    );
}

/// How long the wave takes.
fn row(nodes: u32, karpenter: Option<&Karpenter>) -> Duration {
    let workload = steady(nodes);
    let before = resident_mib();
    let (taken_in, mut situation) = timed(|| workload.situation().unwrap());
    let memory = resident_mib() - before;
    // The first question of each class makes it known.
    let classes: Vec<ClassId> = situation.classes.clone();
    let mut times = Vec::new();
    for class in classes.iter().cycle().take(ASKED) {
        situation.waiting = vec![Waiting {
            class: *class,
            pods: 1,
        }];
        let (time, growth) = clocked(|| decide(&mut situation, EFFORT));
        assert!(growth.helpless.is_empty(), "{:?}", growth.helpless);
        times.push(time);
    }
    let (churn, lost) = churn(&mut situation, &workload);
    drop(situation);
    let wave = ours(&wave(nodes, 10_000), EFFORT);
    let theirs = karpenter.and_then(|karpenter| karpenter.solve(&workload, RUNS));
    println!(
        "| {nodes} | {} | {memory:.0} MiB | {} | {} | {} | {lost} | {} | {} | {} | {} | {} |",
        human(taken_in),
        human(median(times.clone())),
        human(permille(&mut times, 990)),
        human(churn),
        human(wave.decided),
        wave.growth.machines.len(),
        wave.infeasible,
        theirs
            .as_ref()
            .map_or("-".to_owned(), |theirs| human(theirs.decided)),
        theirs.map_or("-".to_owned(), |theirs| format!(
            "{:.0} MiB",
            theirs.peak_mib
        )),
    );
    wave.decided
}

/// How long it takes when every hundredth pod goes and another one like it comes, and for how many no order was found.
fn churn(situation: &mut Situation, workload: &Workload) -> (Duration, u32) {
    let mut leave = Vec::new();
    for node in &workload.nodes {
        for (place, group) in node.pods.iter().enumerate() {
            let name = |number| format!("{}-{place}-{number}", node.name).into();
            leave.extend((0..group.pods).map(|number| (name(number), group.class)));
        }
    }
    let leave: Vec<_> = leave.into_iter().step_by(100).collect();
    let (time, growth) = timed(|| {
        let mut waiting: BTreeMap<ClassId, u32> = BTreeMap::new();
        for (name, class) in leave {
            let namespace = "default".into();
            assert!(situation.state.remove_pod(&PodKey { namespace, name }));
            *waiting.entry(situation.classes[class]).or_default() += 1;
        }
        let waiting = waiting.into_iter();
        situation.waiting = waiting
            .map(|(class, pods)| Waiting { class, pods })
            .collect();
        decide(situation, EFFORT)
    });
    (time, check::infeasible(situation, &growth))
}

/// The slope of the line through the logarithms.
fn exponent(points: &[(f64, f64)]) -> f64 {
    let points: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let count: f64 = points.iter().map(|_| 1.0).sum();
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let covariance: f64 = points
        .iter()
        .map(|point| (point.0 - x) * (point.1 - y))
        .sum();
    let variance: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    covariance / variance
}
