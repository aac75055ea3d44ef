//! The embedded Kubernetes API answers as the real one does.
//!
//! The calls in `calls/` are played against a real kube-apiserver, and its answers are kept in `answers/`. The embedded
//! API must give the same ones, but for what `differences.txt` lists with reasons; that list may only shrink.
//!
//! - `cargo test --test conformance`: the embedded API against the kept answers.
//! - `BEX_TEST_BIN=DIR cargo test --test conformance -- --ignored`: the kept answers against a real server, from the
//!   directory of its binaries.
//!
//! With `BEX_CONFORMANCE_KEEP=1` the first writes the list of differences anew, the second the answers;
//! `BEX_CONFORMANCE_ONLY=SUBJECT` plays one file of calls.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod answers;
mod compare;
mod normal;
mod player;
mod script;
#[expect(dead_code, reason = "its kubeconfig is for other tests")]
#[path = "../support/apiserver.rs"]
mod support;

use bex_infra::sim::api::{Access, Api};
use bex_infra::sim::clock::Clock;
use bex_infra::sim::registry::Registry;
use bex_infra::sim::store::Store;
use bex_infra::tools::kube::Client;

use compare::Comparison;
use script::Script;

fn embedded() -> Client {
    let clock = Clock::real();
    let registry = Registry::new(Store::in_memory(), clock, 1);
    Client::new(Api::new(registry, clock, Access::Open), "default")
}

#[tokio::test]
async fn the_embedded_api_answers_as_the_real_one_did() {
    let differences = compare::known_differences();
    let mut comparison = Comparison::new(&differences);
    for script in Script::all() {
        // Each script has a server of its own, so that scripts do not depend on each other.
        let given = player::play(&script, &embedded()).await;
        comparison.add(&script, &answers::kept(&script), &given);
    }
    println!("{}", comparison.summary());
    if keep() {
        comparison.keep_list();
    } else {
        comparison.check();
    }
}

/// Writes answers and differences anew instead of checking them.
fn keep() -> bool {
    std::env::var_os("BEX_CONFORMANCE_KEEP").is_some()
}

#[tokio::test]
#[ignore = "needs BEX_TEST_BIN"]
async fn the_kept_answers_are_those_of_the_real_server() {
    let mut comparison = Comparison::new(&[]);
    let server = support::ApiServer::start().await;
    player::ready(&server.client).await;
    for script in Script::all() {
        let given = player::play(&script, &server.client).await;
        if keep() {
            answers::keep(&script, &given);
        }
        comparison.add(&script, &answers::kept(&script), &given);
    }
    println!("{}", comparison.summary());
    comparison.check();
}
