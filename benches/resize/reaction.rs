//! S6: from a pod that does not fit to the PATCH that asks for its machine, with the loop itself against API servers.

mod burst;
mod running;
mod sight;
mod single;
#[path = "../../tests/support/apiserver.rs"]
mod support;
mod world;

use tokio::runtime::Runtime;

use crate::peer::Karpenter;
use bex_infra::resize::workload::generate::Arrival;
use world::World;

pub(crate) fn measure(_: Option<&Karpenter>) {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        crate::bursts::measure();
        single::heading();
        for real in servers() {
            single::row(&open(real).await).await;
        }
        burst::heading();
        for real in servers() {
            let world = open(real).await;
            for arrival in Arrival::ALL {
                burst::row(&world, arrival).await;
            }
        }
    });
}

/// The real one only where its programs are.
fn servers() -> Vec<bool> {
    let known = ["BEX_TEST_BIN", "BEX_CATALOG"];
    if known.iter().all(|name| std::env::var_os(name).is_some()) {
        return vec![false, true];
    }
    eprintln!("no kube-apiserver: BEX_TEST_BIN and BEX_CATALOG do not say where it is");
    vec![false]
}

async fn open(real: bool) -> World {
    if real {
        World::real().await
    } else {
        World::embedded().await
    }
}

/// A pod by its name, of a class of the workload.
fn named(mut pod: serde_json::Value, name: &str) -> serde_json::Value {
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = name.into();
    pod
}
