//! How fast, how cheap and how safe the resize engine decides: `cargo bench --bench resize [-- S1 S3 S4 S5 S6 S7]`.
//!
//! `BEX_PEER_KARPENTER` names the program of `tests/peers/karpenter`; it is then asked about the same workloads, in
//! turns with ours, and stands beside it. `benches/resize.sh` builds both. Prints Markdown tables. Times are those that
//! the processors computed; ours is one thread, Karpenter's are all of its threads with their garbage collection.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![expect(clippy::print_stdout, reason = "its output is tables")]
#![expect(clippy::print_stderr, reason = "it takes minutes and says where it is")]

mod bursts;
mod check;
mod cost;
mod diverse;
mod hard;
mod measure;
mod peer;
mod reaction;
mod removal;
mod steady;
mod tangled;

use peer::Karpenter;

/// A scenario: its name, and what measures it.
type Scenario = (&'static str, fn(Option<&Karpenter>));

const SCENARIOS: [Scenario; 6] = [
    ("S1", diverse::measure),
    ("S3", cost::measure),
    ("S4", steady::measure),
    ("S5", hard::measure),
    ("S6", reaction::measure),
    ("S7", removal::measure),
];

fn main() {
    // `cargo bench` adds `--bench` to the arguments.
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let karpenter = Karpenter::find();
    for (name, measure) in SCENARIOS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            measure(karpenter.as_ref());
        }
    }
}
