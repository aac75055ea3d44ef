//! The embedded Kubernetes API answers as the real one does.
//!
//! The calls in `calls/` are played against a real kube-apiserver, and its answers are kept in `answers/`. The embedded
//! API must give the same ones, but for what `differences.txt` lists with reasons; that list may only shrink.
//! `controllers/` holds the same for what controllers make of objects: with kube-controller-manager on the real server,
//! and the embedded controllers in virtual time.
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
mod controllers;
mod normal;
mod player;
mod script;
mod settled;
#[path = "../support/apiserver.rs"]
mod support;

#[path = "../support/controller_manager.rs"]
mod controller_manager;

use bex_infra::sim;
use bex_infra::sim::api::{Access, Api};
use bex_infra::sim::clock::Clock;
use bex_infra::sim::engine::Engine;
use bex_infra::sim::registry::Registry;
use bex_infra::sim::scenario::Scenario;
use bex_infra::sim::store::Store;
use bex_infra::tools::kube::Client;
use tokio_util::sync::CancellationToken;

use compare::Comparison;
use controller_manager::ControllerManager;
use script::Script;

fn embedded() -> (Registry, Client) {
    let clock = Clock::real();
    let registry = Registry::new(Store::in_memory(), clock, 1);
    let api = Api::new(registry.clone(), clock, Access::Open);
    (registry, Client::new(api, "default"))
}

/// The embedded API with what a controller manager runs, until the token is cancelled.
fn embedded_with_controllers(cancel: CancellationToken) -> Client {
    let clock = Clock::real();
    let (app, client) = embedded();
    let infra = Registry::new(Store::in_memory(), clock, 2);
    let controllers = sim::controllers::manager();
    let mut engine = Engine::new(infra, app, clock, Scenario::default(), controllers);
    tokio::spawn(async move { engine.run(cancel).await });
    client
}

#[tokio::test]
async fn the_embedded_api_answers_as_the_real_one_did() {
    let home = script::api();
    let differences = compare::known_differences(&home);
    let mut comparison = Comparison::new(&differences);
    for script in Script::all(&home) {
        // Each script has a server of its own, so that scripts do not depend on each other.
        let given = player::play(&script, &embedded().1).await;
        comparison.add(&script, &answers::kept(&script), &given);
    }
    println!("{}", comparison.summary());
    if keep() {
        comparison.keep_list(&home);
    } else {
        comparison.check();
    }
}

#[tokio::test(start_paused = true)]
async fn the_embedded_controllers_settle_as_the_real_ones_did() {
    let home = script::controllers();
    let differences = compare::known_differences(&home);
    let mut comparison = Comparison::new(&differences);
    for script in Script::all(&home) {
        let cancel = CancellationToken::new();
        let client = embedded_with_controllers(cancel.clone());
        let given = controllers::play(&script, &client).await;
        cancel.cancel();
        comparison.add(&script, &answers::kept(&script), &given);
    }
    println!("{}", comparison.summary());
    if keep() {
        comparison.keep_list(&home);
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
    for script in Script::all(&script::api()) {
        let given = player::play(&script, &server.client).await;
        if keep() {
            answers::keep(&script, &given);
        }
        comparison.add(&script, &answers::kept(&script), &given);
    }
    println!("{}", comparison.summary());
    comparison.check();
}

#[tokio::test]
#[ignore = "needs BEX_TEST_BIN"]
async fn the_kept_settlements_are_those_of_the_real_controllers() {
    let mut comparison = Comparison::new(&[]);
    let server = support::ApiServer::start().await;
    player::ready(&server.client).await;
    let manager = ControllerManager::start(&server);
    for script in Script::all(&script::controllers()) {
        let given = controllers::play(&script, &server.client).await;
        if keep() {
            answers::keep(&script, &given);
        }
        comparison.add(&script, &answers::kept(&script), &given);
    }
    drop(manager);
    println!("{}", comparison.summary());
    comparison.check();
}
