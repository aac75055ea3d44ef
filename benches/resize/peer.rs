//! The real Karpenter, asked about a workload.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use bex_infra::resize::workload::Workload;
use serde::Deserialize;

/// The program of `tests/peers/karpenter`.
pub(crate) struct Karpenter {
    program: PathBuf,
    /// It is asked about no more pods at once.
    most: u32,
}

/// Karpenter's side of a row: medians.
pub(crate) struct Theirs {
    /// By the clock.
    pub(crate) took: Duration,
    /// What all its threads computed.
    pub(crate) decided: Duration,
    pub(crate) nodes: usize,
    pub(crate) hourly: f64,
    pub(crate) unscheduled: u32,
    pub(crate) peak_mib: f64,
}

#[derive(Debug, Deserialize)]
struct Answer {
    setup_ns: u64,
    solve_ns: u64,
    computed_ns: u64,
    nodes: usize,
    hourly: f64,
    unscheduled: u32,
    peak_bytes: u64,
}

impl Karpenter {
    pub(crate) fn find() -> Option<Self> {
        let path = std::env::var_os("BEX_PEER_KARPENTER")?;
        let most = std::env::var("BEX_PEER_PODS").ok();
        Some(Self {
            program: path.into(),
            most: most.map_or(20_000, |most| most.parse().unwrap()),
        })
    }

    /// Setting up counts: Karpenter does it in every loop. Nothing, if the pods are more than it is asked about.
    pub(crate) fn solve(&self, workload: &Workload, runs: usize) -> Option<Theirs> {
        let pods: u32 = workload.pending.iter().map(|group| group.pods).sum();
        if runs == 0 || pods > self.most {
            return None;
        }
        eprintln!("Karpenter: {} ...", workload.name);
        let mut answers = self.answers(workload, runs);
        answers.sort_by_key(|answer| answer.computed_ns);
        let middle = &answers[answers.len() / 2];
        let peak = answers.iter().map(|answer| answer.peak_bytes >> 20).max();
        Some(Theirs {
            took: Duration::from_nanos(middle.setup_ns + middle.solve_ns),
            decided: Duration::from_nanos(middle.computed_ns),
            nodes: middle.nodes,
            hourly: middle.hourly,
            unscheduled: middle.unscheduled,
            peak_mib: f64::from(u32::try_from(peak.unwrap_or_default()).unwrap()),
        })
    }

    fn answers(&self, workload: &Workload, runs: usize) -> Vec<Answer> {
        let mut child = Command::new(&self.program)
            .args(["-runs", &runs.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let text = serde_json::to_vec(workload).unwrap();
        child.stdin.take().unwrap().write_all(&text).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", workload.name);
        let lines = output.stdout.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }
}
