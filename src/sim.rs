//! An embedded Kubernetes: its API with the controllers that matter to this project behind it, in memory.
//!
//! # What it is for
//!
//! First contact without Docker, token or patience (`bex-infra up sim`); tests of everything that talks to Kubernetes;
//! rehearsals at 10,000 nodes; faults and time under control.
//!
//! # What it is not
//!
//! No containers run in it: a pod is an entry that becomes Running after a while. There is no exec, no logs, no proxy,
//! no admission webhooks, no aggregated API servers, no RBAC beyond one token, no `OpenAPI` descriptions. What it leaves
//! out answers with the real API's own error. `tests/conformance/` plays the same calls against a real kube-apiserver,
//! and scripts for controllers with a real kube-controller-manager behind it, and compares; `differences.txt` lists what
//! differs.
//!
//! Objects are validated as far as people and controllers get things wrong: names, references, selectors, ports, amounts,
//! what may not change. Volumes of cloud providers, Windows, security profiles and the CEL rules of definitions are not
//! looked into, nor are Ingresses and `NetworkPolicies` beyond their types.
//!
//! Not done yet: volumes are not provisioned, and `CronJobs` and preemption are missing.
//!
//! # How it is built
//!
//! - [`store`]: bytes by key with revisions, history and a log on disk; what etcd is to Kubernetes.
//! - [`schema`]: shapes of kinds as data: which fields exist, how lists merge, what is filled in.
//! - [`kinds`]: what is special to built-in kinds: defaults beyond the schema's, validation.
//! - [`patch`]: the four ways to change an object: JSON, merge, strategic merge, server-side apply.
//! - [`registry`]: the verbs over all kinds, with finalizers, preconditions, subresources and field ownership.
//! - [`api`]: HTTP over the registry: routes, discovery, selectors, watches, tables.
//! - [`engine`]: the clock and the queue that drive [`controllers`]; real time or virtual, same seed same trace.
//! - [`pods`]: what controllers know of pods without reading them again; [`random`]: seeded numbers, a stream a purpose.
//! - [`scenario`]: how long things take and what goes wrong, from a seed.
//!
//! Sockets are not opened here: `tools::https` serves [`api`], and a `kube::Client` takes it as a tower service.

pub mod api;
pub mod clock;
pub mod cluster_api;
pub mod controllers;
pub mod engine;
pub mod kinds;
pub mod patch;
pub mod pods;
pub mod random;
pub mod registry;
pub mod resources;
pub mod scenario;
pub mod schema;
pub mod status;
pub mod store;

use anyhow::{Context, Result};
use tokio_util::sync::CancellationToken;

use api::{Access, Api};
use clock::Clock;
use controllers::cluster_api::{ClusterApi, Endpoint};
use controllers::scheduler::Scheduler;
use engine::{Cluster, Controller, Engine};
use registry::Registry;
use scenario::Scenario;
use store::Store;

/// Both clusters and what drives them.
pub struct Sim {
    infra: Registry,
    app: Registry,
    clock: Clock,
    engine: Engine,
}

/// Where the objects of both clusters are kept.
pub struct Stores {
    pub infra: Store,
    pub app: Store,
}

impl Stores {
    pub fn in_memory() -> Self {
        Self {
            infra: Store::in_memory(),
            app: Store::in_memory(),
        }
    }

    /// Below `directory`; goes on from what is there.
    pub fn open(directory: &std::path::Path) -> Result<Self> {
        Ok(Self {
            infra: Store::open(&directory.join("infra"))?,
            app: Store::open(&directory.join("app"))?,
        })
    }
}

impl Sim {
    /// `endpoint` is where the app cluster is told to be reached.
    pub fn new(
        stores: Stores,
        clock: Clock,
        scenario: Scenario,
        endpoint: Endpoint,
    ) -> Result<Self> {
        let seed = scenario.seed;
        let infra = Registry::new(stores.infra, clock, seed);
        let app = Registry::new(stores.app, clock, !seed);
        cluster_api::install(&infra).context("defining the kinds of Cluster API")?;
        let mut controllers = controllers::all();
        for cluster in [Cluster::Infra, Cluster::App] {
            controllers.push(Box::new(Scheduler::new(cluster)) as Box<dyn Controller>);
        }
        controllers.push(Box::new(ClusterApi::new(endpoint, seed)));
        let engine = Engine::new(infra.clone(), app.clone(), clock, scenario, controllers);
        Ok(Self {
            infra,
            app,
            clock,
            engine,
        })
    }

    pub fn registry(&self, cluster: Cluster) -> &Registry {
        match cluster {
            Cluster::Infra => &self.infra,
            Cluster::App => &self.app,
        }
    }

    pub fn api(&self, cluster: Cluster, access: Access) -> Api {
        Api::new(self.registry(cluster).clone(), self.clock, access)
    }

    pub fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Lets the controllers work until the token is cancelled.
    pub async fn run(&mut self, cancel: CancellationToken) {
        self.engine.run(cancel).await;
    }
}
