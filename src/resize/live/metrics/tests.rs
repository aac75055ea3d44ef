use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::resize::decision::{Cost, Grow, Held, Helpless, Kept};
use crate::resize::offer::Price;

const DASHBOARD: &str = include_str!("../../../../examples/grafana-resize.json");

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn decision() -> Decision {
    Decision {
        grow: vec![Grow {
            group: "bex-\"worker\"".into(),
            from: 3,
            to: 5,
            machine_type: "cpx22".into(),
            price: Price(27_400),
            pods: vec!["default/web".into()],
        }],
        helpless: vec![Helpless {
            pods: vec!["default/huge-1".into(), "default/huge-2".into()],
            why: "insufficient cpu: asks for 40 cores".into(),
        }],
        kept: ["default/a", "default/b-2"]
            .map(|pod| Kept {
                node: "n0".into(),
                why: format!("pod {pod} has no controller"),
            })
            .into(),
        held: vec![Held {
            group: "all".into(),
            why: "quiet hours".into(),
        }],
        cost: Cost {
            bought: Price(110),
            bound: Price(100),
            ..Cost::default()
        },
        ..Decision::default()
    }
}

/// Something of everything.
fn full() -> Metrics {
    let mut metrics = Metrics::new(View::default());
    let mut pod = json!({"spec": {"containers": []}});
    let mut tell = |second, resource: &str, name: &str, object: &Value| {
        let json = object.to_string();
        metrics.change(at(second), resource, "default", name, Some(json.as_bytes()));
    };
    tell(10, "pods", "waits", &pod);
    tell(10, "pods", "web", &pod);
    pod["spec"]["nodeName"] = json!("n0");
    tell(14, "pods", "web", &pod);
    let machine =
        json!({"metadata": {"labels": {"cluster.x-k8s.io/deployment-name": "bex-worker"}}});
    tell(15, "machines.cluster.x-k8s.io", "m0", &machine);
    metrics.decision(&decision(), Duration::from_micros(700));
    metrics.decision(&Decision::default(), Duration::from_secs(9));
    metrics.decision(&decision(), Duration::from_micros(100));
    metrics.request("patch", "machinedeployments", 200);
    metrics.act(true);
    metrics.leads(true);
    metrics
}

#[test]
fn numbers_are_told_in_the_text_format() {
    let text = full().text(at(40));
    for line in [
        "# TYPE bex_resize_pod_wait_seconds histogram",
        "bex_resize_pending_pods 1",
        "bex_resize_oldest_pending_seconds 30",
        "bex_resize_pod_wait_seconds_bucket{le=\"1\"} 0",
        "bex_resize_pod_wait_seconds_bucket{le=\"5\"} 1",
        "bex_resize_pod_wait_seconds_bucket{le=\"+Inf\"} 1",
        "bex_resize_pod_wait_seconds_sum 4",
        "bex_resize_machines{group=\"bex-worker\",state=\"coming\"} 1",
        "bex_resize_decisions_total{does=\"grow\"} 2",
        "bex_resize_decisions_total{does=\"nothing\"} 1",
        "bex_resize_decision_seconds_bucket{le=\"0.0001\"} 1",
        "bex_resize_decision_seconds_bucket{le=\"0.001\"} 2",
        "bex_resize_decision_seconds_count 3",
        "bex_resize_machine_changes_total{group=\"bex-\\\"worker\\\"\",change=\"added\"} 4",
        "bex_resize_refused{kind=\"pod_helpless\",reason=\"insufficient cpu\"} 2",
        "bex_resize_refused{kind=\"node_kept\",reason=\"pod * has no controller\"} 2",
        "bex_resize_refused{kind=\"group_held\",reason=\"quiet hours\"} 1",
        "bex_resize_api_requests_total{verb=\"patch\",resource=\"machinedeployments\",code=\"200\"} 1",
        "bex_resize_acts_total{result=\"done\"} 1",
        "bex_resize_leader 1",
        "bex_resize_log_failed 0",
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n\n{text}");
    }
    assert!(text.contains("bex_resize_gap_ratio 0.10"), "{text}");
}

#[test]
fn what_was_refused_before_is_not_told_any_more() {
    let mut metrics = full();
    metrics.decision(&Decision::default(), Duration::ZERO);
    assert!(!metrics.text(at(40)).contains("bex_resize_refused{"));
}

#[test]
fn reasons_cannot_become_ever_more_time_series() {
    let name = |number: u8| {
        char::from(b'a' + number % 26)
            .to_string()
            .repeat(1 + usize::from(number / 26))
    };
    let kept = (0..100).map(|number| Kept {
        node: "n0".into(),
        why: name(number),
    });
    let decision = Decision {
        kept: kept.collect(),
        ..Decision::default()
    };
    let refused = refused(&decision);
    assert_eq!(refused.len(), REASONS + 1);
    assert_eq!(refused[&("node_kept", "other".to_owned())], 70);
}

/// Names of metrics in a text, without the endings of histograms.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_lowercase() || c == '_'));
    let names = words.filter(|word| word.starts_with("bex_resize_"));
    let whole = |name: &str| {
        let endings = ["_bucket", "_sum", "_count"];
        let ending = endings.iter().find_map(|ending| name.strip_suffix(ending));
        ending.unwrap_or(name).to_owned()
    };
    names.map(whole).collect()
}

#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array());
    let queries = targets
        .flatten()
        .map(|target| target["expr"].as_str().unwrap());
    let queries: Vec<&str> = queries.collect();
    let text = full().text(at(40));
    let told = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let told: Vec<&str> = told.collect();
    assert_eq!(names(&queries.join("\n")), names(&told.join("\n")));
}

#[test]
fn every_sample_belongs_to_the_metric_above_it() {
    let mut current = String::new();
    for line in full().text(at(40)).lines() {
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            kind.split(' ').next().unwrap().clone_into(&mut current);
        } else if !line.starts_with('#') {
            assert_eq!(names(line).first(), Some(&current), "{line}");
        }
    }
}
