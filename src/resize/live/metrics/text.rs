//! Prometheus' text exposition format, version 0.0.4.

use std::fmt::{Display, Write};

use jiff::Timestamp;

use super::super::super::offer::Price;
use super::Metrics;
use super::histogram::Histogram;

pub(in super::super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Labels of a sample.
type Labels<'a> = &'a [(&'a str, &'a str)];

impl Metrics {
    /// Everything as it is at `now`.
    pub(in super::super) fn text(&self, now: Timestamp) -> String {
        let mut page = Page(String::new());
        self.pods(&mut page, now);
        self.groups(&mut page);
        self.decided(&mut page);
        self.done(&mut page);
        page.0
    }

    fn pods(&self, page: &mut Page, now: Timestamp) {
        let pending = self.view.pending();
        page.head("pending_pods", "gauge", "Pods that wait for a node.");
        page.sample("pending_pods", &[], pending.len());
        let oldest = pending.min().map_or(0.0, |since| {
            now.duration_since(since).as_secs_f64().max(0.0)
        });
        page.head(
            "oldest_pending_seconds",
            "gauge",
            "How long the pod that waits longest has waited.",
        );
        page.sample("oldest_pending_seconds", &[], oldest);
        page.histogram(
            "pod_wait_seconds",
            "How long pods waited until they had a node.",
            &self.waits,
        );
    }

    fn groups(&self, page: &mut Page) {
        let groups = self.view.machines();
        page.head("machines", "gauge", "Machines by group, joined or not yet.");
        for (group, machines) in &groups {
            for (state, count) in [("joined", machines.joined), ("coming", machines.coming)] {
                let labels = [("group", *group), ("state", state)];
                page.sample("machines", &labels, count);
            }
        }
        page.head(
            "cost_per_hour",
            "gauge",
            "What the machines of a group cost an hour, in units of the price list's currency.",
        );
        for (group, machines) in &groups {
            let Price(cost) = machines.cost;
            let (units, millionths) = (cost / 1_000_000, cost % 1_000_000);
            let cost = format_args!("{units}.{millionths:06}");
            page.sample("cost_per_hour", &[("group", group)], cost);
        }
    }

    fn decided(&self, page: &mut Page) {
        page.head("decisions_total", "counter", "Decisions by what they do.");
        for (what, count) in &self.decisions {
            page.sample("decisions_total", &[("does", what)], count);
        }
        page.histogram(
            "decision_seconds",
            "How long it took to decide.",
            &self.deciding,
        );
        page.head(
            "refused",
            "gauge",
            "Pods, nodes and groups about which nothing is done, by the reason.",
        );
        for ((kind, reason), count) in &self.refused {
            let labels = [("kind", *kind), ("reason", reason.as_str())];
            page.sample("refused", &labels, count);
        }
        page.head(
            "gap_ratio",
            "gauge",
            "How much more than the lower bound the last machines cost, as a share of it.",
        );
        page.sample("gap_ratio", &[], self.gap);
    }

    fn done(&self, page: &mut Page) {
        page.head(
            "machine_changes_total",
            "counter",
            "Machines that were decided to come, to go or to be replaced.",
        );
        for ((group, change), count) in &self.machines {
            let labels = [("group", group.as_str()), ("change", change)];
            page.sample("machine_changes_total", &labels, count);
        }
        page.head("acts_total", "counter", "What was done, by its result.");
        for (result, count) in &self.acts {
            page.sample("acts_total", &[("result", result)], count);
        }
        page.head(
            "api_requests_total",
            "counter",
            "Requests that change something, by the code of the answer; 0 if there was none.",
        );
        for ((verb, resource, code), count) in &self.requests {
            let code = code.to_string();
            let labels = [
                ("verb", verb.as_str()),
                ("resource", resource.as_str()),
                ("code", code.as_str()),
            ];
            page.sample("api_requests_total", &labels, count);
        }
        page.head("leader", "gauge", "1 if this process may write.");
        page.sample("leader", &[], u8::from(self.leads));
        page.head("log_failed", "gauge", "1 if the log cannot be written.");
        page.sample("log_failed", &[], u8::from(self.log_failed));
    }
}

/// Names begin with `bex_resize_`.
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.put(format_args!(
            "# HELP bex_resize_{name} {help}\n# TYPE bex_resize_{name} {kind}\n"
        ));
    }

    fn sample(&mut self, name: &str, labels: Labels, value: impl Display) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escape(value)))
            .collect();
        if labels.is_empty() {
            self.put(format_args!("bex_resize_{name} {value}\n"));
        } else {
            let labels = labels.join(",");
            self.put(format_args!("bex_resize_{name}{{{labels}}} {value}\n"));
        }
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.head(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        for (end, count) in histogram.buckets() {
            self.sample(&bucket, &[("le", &end.to_string())], count);
        }
        let count = histogram.count();
        self.sample(&bucket, &[("le", "+Inf")], count);
        self.sample(&format!("{name}_sum"), &[], histogram.sum());
        self.sample(&format!("{name}_count"), &[], count);
    }

    fn put(&mut self, text: std::fmt::Arguments) {
        // Writing to a String cannot fail.
        let _ = self.0.write_fmt(text);
    }
}

fn escape(value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    value.replace('\n', "\\n")
}
