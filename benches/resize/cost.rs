//! S3: what usual pods cost on Hetzner's price list. `BEX_BENCH_SEEDS=1,2,3` makes other pods of the same kinds, and
//! `BEX_BENCH_IMPROVEMENTS` lets the engine try for longer than the loop does.

use bex_infra::resize::grow::Effort;
use bex_infra::resize::prices::PriceList;
use bex_infra::resize::workload::generate::{Family, Shape, catalog, few_left, usual};
use bex_infra::resize::workload::{Type, Workload};

use crate::measure::{EFFORT, RUNS, hourly, human, of, ours};
use crate::peer::Karpenter;

const SEED: &str = "42";
const HOURS_A_MONTH: f64 = 730.0;
const CATALOGS: [(&str, &[&str]); 2] = [("CPX", &["cpx"]), ("CPX + CCX", &["cpx", "ccx"])];

pub(crate) fn measure(karpenter: Option<&Karpenter>) {
    let prices = PriceList::named("hetzner").unwrap();
    println!("\n### S3: usual pods on Hetzner's price list, six DaemonSets on each node\n");
    println!(
        "| types | pods | decided | nodes | {} a month | above the bound | Karpenter computes | its nodes | a month | ours against its | unscheduled, ours / its | no order found |",
        prices.currency
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let seeds = std::env::var("BEX_BENCH_SEEDS").unwrap_or(SEED.to_owned());
    for seed in seeds.split(',') {
        let named = |name: &str| match seed {
            SEED => name.to_owned(),
            other => format!("{name}, seed {other}"),
        };
        let seed = seed.parse().unwrap();
        for (name, prefixes) in CATALOGS {
            rows(&named(name), &types(&prices, prefixes), seed, karpenter);
        }
        // Karpenter knows no limits.
        let all = types(&prices, &["cx", "cax", "cpx", "ccx"]);
        let stock = few_left(all, &["cx", "cax"], seed);
        rows(
            &named("all, 0 to 20 left of each CX and CAX"),
            &stock,
            seed,
            None,
        );
    }
}

fn rows(name: &str, types: &[Type], seed: u64, karpenter: Option<&Karpenter>) {
    for shape in [Shape::Generic, Shape::Web, Shape::Trace] {
        for (pods, runs) in [(50, RUNS), (500, RUNS), (5000, 1), (50_000, 0)] {
            let workload = usual(shape, pods, types.to_vec(), seed);
            row(name, &workload, karpenter, runs);
        }
    }
}

fn effort() -> Effort {
    let improvements = std::env::var("BEX_BENCH_IMPROVEMENTS");
    let improvements = improvements.map_or(EFFORT.improvements, |it| it.parse().unwrap());
    Effort {
        improvements,
        ..EFFORT
    }
}

fn types(prices: &PriceList, prefixes: &[&str]) -> Vec<Type> {
    let family = Family {
        prefixes,
        location: "fsn1",
        sold_out_too: true,
    };
    catalog(prices, family)
}

fn row(types: &str, workload: &Workload, karpenter: Option<&Karpenter>, runs: usize) {
    let ours = ours(workload, effort());
    let (price, bound) = (hourly(ours.growth.cost), hourly(ours.growth.bound));
    let theirs = karpenter.and_then(|karpenter| karpenter.solve(workload, runs));
    let their = match &theirs {
        Some(theirs) => format!(
            "{} | {} | {:.0} | {}",
            human(theirs.decided),
            theirs.nodes,
            theirs.hourly * HOURS_A_MONTH,
            of(price, theirs.hourly),
        ),
        None => "- | - | - | -".to_owned(),
    };
    println!(
        "| {types} | {} | {} | {} | {:.0} | {} | {their} | {} / {} | {} |",
        workload.name,
        human(ours.decided),
        ours.growth.machines.len(),
        price * HOURS_A_MONTH,
        of(price, bound),
        ours.unscheduled,
        theirs.map_or("-".to_owned(), |theirs| theirs.unscheduled.to_string()),
        ours.infeasible,
    );
}
