use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use serde_json::value::RawValue;

use super::series::{Point, Series};
use super::*;
use crate::resize::decision::{Cost, Decision, Grow, Helpless, Kept, Remove};
use crate::resize::history::{Change, Decided, Entry, Start};
use crate::resize::model::Cluster;
use crate::resize::offer::Price;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn machine(second: i64, group: &str, number: u32, there: bool) -> Entry {
    let object = json!({
        "metadata": {"labels": {"cluster.x-k8s.io/deployment-name": group}},
        "status": {"nodeRef": {"name": format!("{group}-{number}")}},
    });
    changed(
        second,
        "machines.cluster.x-k8s.io",
        &format!("{group}-{number}"),
        there.then_some(&object),
    )
}

fn changed(second: i64, resource: &str, name: &str, object: Option<&serde_json::Value>) -> Entry {
    Entry::Change(Change {
        at: at(second),
        cluster: Cluster::App,
        resource: resource.into(),
        namespace: "default".into(),
        name: name.into(),
        object: object.map(|object| RawValue::from_string(object.to_string()).unwrap()),
    })
}

fn decided(second: i64, decision: Decision) -> Entry {
    Entry::Decision(Decided {
        at: at(second),
        decision,
        took: std::time::Duration::from_micros(120),
    })
}

fn cost(before: u64) -> Cost {
    Cost {
        before: Price(before),
        after: Price(before),
        ..Cost::default()
    }
}

fn grow(pods: usize) -> Decision {
    Decision {
        grow: vec![Grow {
            group: "bex-worker".into(),
            from: 1,
            to: 3,
            machine_type: "cpx22".into(),
            price: Price(27_400),
            pods: (0..pods).map(|pod| format!("default/web-{pod}")).collect(),
        }],
        helpless: vec![Helpless {
            pods: vec!["default/<huge>".into()],
            why: "insufficient memory: asks for 10 TiB".into(),
        }],
        cost: Cost {
            before: Price(27_400),
            after: Price(82_200),
            bought: Price(54_800),
            bound: Price(54_000),
            unpriced: false,
        },
        ..Decision::default()
    }
}

fn remove() -> Decision {
    Decision {
        remove: vec![Remove {
            node: "bex-worker-2".into(),
            machine: "bex-worker-2".into(),
            group: "bex-worker".into(),
            moves: vec![],
            saves: Price(27_400),
            reason: "empty".into(),
        }],
        kept: vec![Kept {
            node: "bex-worker-1".into(),
            why: "default/bare has no controller".into(),
        }],
        cost: cost(82_200),
        ..Decision::default()
    }
}

fn start() -> Entry {
    Entry::Start(Start {
        at: at(0),
        version: "0.1.0".into(),
        cluster: "bex".into(),
        ..Start::default()
    })
}

/// Days of rising and falling load.
fn day(hours: i64) -> Vec<Entry> {
    let mut entries = vec![start()];
    let waiting = json!({"spec": {"containers": []}});
    let mut placed = waiting.clone();
    placed["spec"]["nodeName"] = json!("n0");
    for second in (0..hours * 3600).step_by(20) {
        let wave = second * 12 / 3600 % 24;
        let group = ["bex-worker", "bex-big", "bex-arm"][usize::try_from(second / 20 % 3).unwrap()];
        let number = u32::try_from(second / 20 % 40).unwrap();
        entries.push(machine(second, group, number, wave < 12));
        let name = format!("web-{}", second / 20 % 100);
        entries.push(changed(second + 1, "pods", &name, Some(&waiting)));
        if second % 40 == 0 || wave > 6 {
            entries.push(changed(second + 9, "pods", &name, Some(&placed)));
        }
        let steps = u64::try_from(wave).unwrap();
        entries.push(decided(
            second + 10,
            Decision {
                cost: cost(27_400 * (steps + 1)),
                ..Decision::default()
            },
        ));
        if second % 1800 == 0 {
            entries.push(decided(second + 11, grow(12)));
        }
        if second % 2400 == 1200 {
            entries.push(decided(second + 12, remove()));
        }
    }
    entries
}

fn page(entries: &[Entry]) -> String {
    let log: String = entries.iter().map(|entry| entry.line().unwrap()).collect();
    report(log.as_bytes()).unwrap()
}

#[test]
fn a_day_of_entries_becomes_one_page_without_anything_from_outside() {
    let page = page(&day(24));
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(!page.contains("{{") && !page.contains("NaN"));
}

#[test]
fn names_cannot_become_part_of_the_page() {
    let page = page(&day(1));
    assert!(page.contains("&lt;huge&gt;") && !page.contains("<huge>"));
}

#[test]
fn every_decision_that_acts_is_on_the_time_line_and_has_its_text() {
    let page = page(&day(2));
    // Growth each half hour; removals twenty minutes past and each forty minutes on.
    assert_eq!(page.matches("<details id=\"d").count(), 4 + 3);
    assert_eq!(page.matches("<a href=\"#d").count(), 4 + 3);
    assert!(page.contains("grow bex-worker 1 -&gt; 3 (cpx22) for 12 pods"));
}

#[test]
fn refusals_are_counted_by_their_reasons() {
    let page = page(&day(2));
    let row = "<td>no help</td><td>insufficient memory: asks for 10 TiB</td><td>default/&lt;huge&gt;</td><td>4</td>";
    assert!(page.contains(row));
    assert!(page.contains("<td>node kept</td><td>default/bare has no controller</td>"));
}

#[test]
fn money_is_summed_over_the_time_that_it_was_paid_for() {
    let entries = [
        start(),
        decided(
            0,
            Decision {
                cost: cost(2_000_000),
                ..Decision::default()
            },
        ),
        decided(
            1800,
            Decision {
                cost: cost(4_000_000),
                ..Decision::default()
            },
        ),
        decided(3600, Decision::default()),
    ];
    assert!(page(&entries).contains("<dt>spent</dt><dd>3.00 </dd>"));
}

#[test]
fn where_no_price_is_known_no_cost_is_made_up() {
    let unpriced = |second| {
        let mut decision = remove();
        decision.cost.unpriced = true;
        decided(second, decision)
    };
    let page = page(&[start(), unpriced(0), unpriced(1800)]);
    assert!(page.contains("<dt>spent</dt><dd>no prices known</dd>"));
    assert!(!page.contains("an hour</h2>") && !page.contains("id=\"cost"));
    assert!(page.contains("<td>-</td></tr>"));
}

#[test]
fn thinning_keeps_the_ends_the_order_and_the_peak() {
    let mut series = Series::default();
    for second in 0..100_000_u32 {
        let at = at(0) + SignedDuration::from_secs(second.into());
        if series.is_due(at) {
            let pending = if second == 1 { 77 } else { 0 };
            series.push(Point {
                at,
                pending,
                ..Point::default()
            });
        }
    }
    let points = series.points();
    assert!((300..=1200).contains(&points.len()), "{}", points.len());
    assert_eq!(points[0].at, at(0));
    assert!(points.windows(2).all(|pair| pair[0].at < pair[1].at));
    assert_eq!(points.iter().map(|point| point.pending).max(), Some(77));
}
