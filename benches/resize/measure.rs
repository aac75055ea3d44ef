//! Clocks, scales, and the engine asked about a workload.

use std::time::{Duration, Instant};

use bex_infra::resize::grow::{Effort, Growth, grow};
use bex_infra::resize::workload::{Situation, Workload};
use bex_infra::scheduling::{PodKey, State};

use crate::check;

pub(crate) const RUNS: usize = 5;

/// What the loop spends on a decision.
pub(crate) const EFFORT: Effort = Effort {
    improvements: 2000,
    exact_up_to: 50,
    columns: 1000,
};

/// Our side of a row.
pub(crate) struct Ours {
    /// Pods read one by one and counted to their classes, as they come from the API.
    pub(crate) taken_in: Duration,
    pub(crate) decided: Duration,
    pub(crate) growth: Growth,
    pub(crate) unscheduled: u32,
    /// Pods that do not fit where they were put.
    pub(crate) infeasible: u32,
}

/// Medians of several runs. The same input must give the same choice.
pub(crate) fn ours(workload: &Workload, effort: Effort) -> Ours {
    let mut situation = workload.situation().unwrap();
    let mut times = Vec::new();
    let mut first: Option<Growth> = None;
    for _ in 0..RUNS {
        let (time, growth) = timed(|| decide(&mut situation, effort));
        times.push(time);
        let first = first.get_or_insert_with(|| growth.clone());
        assert!(*first == growth, "{}: another choice", workload.name);
    }
    let growth = first.unwrap();
    Ours {
        taken_in: median((0..RUNS).map(|_| take_in(workload)).collect()),
        decided: median(times),
        unscheduled: growth.helpless.iter().map(|helpless| helpless.pods).sum(),
        infeasible: check::infeasible(&mut situation, &growth),
        growth,
    }
}

pub(crate) fn decide(situation: &mut Situation, effort: Effort) -> Growth {
    let Situation {
        state,
        waiting,
        offers,
        ..
    } = situation;
    grow(state, waiting, offers, effort)
}

/// How long it takes to know all waiting pods.
fn take_in(workload: &Workload) -> Duration {
    let mut state = State::new();
    let all = || {
        for (place, group) in workload.pending.iter().enumerate() {
            let pod = &workload.classes[group.class];
            for number in 0..group.pods {
                let key = PodKey {
                    namespace: "default".into(),
                    name: format!("pod-{place}-{number}").into(),
                };
                state.apply_pod(&key, std::hint::black_box(pod)).unwrap();
            }
        }
    };
    timed(all).0
}

/// With the time by the clock, for what takes less than the processors' own accounts can tell.
pub(crate) fn clocked<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let begun = Instant::now();
    let made = run();
    (begun.elapsed(), made)
}

/// With the time that this thread computed: what else runs on the machine does not count.
pub(crate) fn timed<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let begun = computed();
    let made = run();
    (computed().saturating_sub(begun), made)
}

/// How long this thread has computed.
fn computed() -> Duration {
    // The kernel writes it down when the thread lets go of its processor, else only every few milliseconds.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = text.split_whitespace().next().unwrap();
    Duration::from_nanos(nanoseconds.parse().unwrap())
}

pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The time below which so many of a thousand are.
pub(crate) fn permille(times: &mut [Duration], share: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * share / 1000).min(times.len() - 1)]
}

/// Three digits, in the unit that fits.
pub(crate) fn human(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds >= 1.0 {
        format!("{seconds:.1} s")
    } else if seconds >= 1e-3 {
        format!("{:.1} ms", seconds * 1e3)
    } else {
        format!("{:.0} µs", seconds * 1e6)
    }
}

/// Prices an hour, in the currency's unit.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53 millionths")]
pub(crate) fn hourly(price: bex_infra::resize::offer::Price) -> f64 {
    price.0 as f64 / 1e6
}

pub(crate) fn of(share: f64, whole: f64) -> String {
    if whole > 0.0 {
        format!("{:+.1} %", (share / whole - 1.0) * 100.0)
    } else {
        "-".to_owned()
    }
}

/// What the process holds in memory now, in MiB.
pub(crate) fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}
