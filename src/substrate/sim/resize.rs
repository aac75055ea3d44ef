//! The resize loop beside the embedded Kubernetes: it runs as long as the infra cluster has an object that says so.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::watcher::{self, Event};
use kube::{Api, ResourceExt};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::names::{NAMESPACE, POLICY_KEY, RESIZE_LABEL};
use crate::resize::prices::PriceList;
use crate::service::{self, PRICES, Service};
use crate::spec;
use crate::tools::kube::{self as api, Client};

/// A loop that ended by itself begins again after this.
const PAUSE: Duration = Duration::from_secs(2);

/// Runs a loop for each object with our label, until the token is cancelled. `kubeconfigs` are the infra cluster's and the
/// app cluster's; `log` is where to keep what was seen and decided.
pub(super) async fn supervise(
    kubeconfigs: [String; 2],
    log: Option<PathBuf>,
    cancel: CancellationToken,
) {
    let work = async {
        loop {
            if let Err(error) = follow(&kubeconfigs, log.as_ref(), &cancel).await {
                tracing::warn!("the resize loop: {error:#}");
            }
            sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = work => {}
        () = cancel.cancelled() => {}
    }
}

async fn follow(
    [infra, app]: &[String; 2],
    log: Option<&PathBuf>,
    cancel: &CancellationToken,
) -> Result<()> {
    let (infra, app) = (api::client(infra).await?, api::client(app).await?);
    let objects: Api<ConfigMap> = Api::namespaced(infra.clone(), NAMESPACE);
    let wanted = watcher::Config::default().labels(RESIZE_LABEL);
    let mut events = watcher::watcher(objects, wanted).boxed();
    let mut loops = Loops {
        infra,
        app,
        log: log.cloned(),
        cancel: cancel.child_token(),
        running: BTreeMap::new(),
    };
    while let Some(event) = events.try_next().await.context("watching ConfigMaps")? {
        match event {
            Event::Apply(object) | Event::InitApply(object) => loops.begin(&object),
            Event::Delete(object) => drop(loops.end(&object.name_any())),
            Event::Init | Event::InitDone => {}
        }
    }
    Ok(())
}

/// The loops that run, by the names of their objects. They end when this is dropped.
struct Loops {
    infra: Client,
    app: Client,
    log: Option<PathBuf>,
    cancel: CancellationToken,
    running: BTreeMap<String, Running>,
}

/// A loop, what it was told, and its end.
struct Running {
    told: BTreeMap<String, String>,
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

impl Loops {
    /// One that was told something else before ends first.
    fn begin(&mut self, object: &ConfigMap) {
        let (name, told) = (object.name_any(), object.data.clone().unwrap_or_default());
        if self.running.get(&name).is_some_and(|of| of.told == told) {
            return;
        }
        let service = match self.service(&name, &told) {
            Ok(service) => service,
            Err(error) => return tracing::warn!("the resize loop: {error:#}"),
        };
        let before = self.end(&name);
        let (infra, app) = (self.infra.clone(), self.app.clone());
        let cancel = self.cancel.child_token();
        let ends = cancel.clone();
        let task = tokio::spawn(async move {
            if let Some(before) = before {
                drop(before.await);
            }
            run(infra, app, service, ends).await;
        });
        let running = Running { told, cancel, task };
        self.running.insert(name, running);
    }

    fn service(&self, name: &str, told: &BTreeMap<String, String>) -> Result<Service> {
        let cluster = told
            .get("cluster")
            .with_context(|| format!("ConfigMap {name} names no cluster"))?;
        let policy = told.get(POLICY_KEY).map_or("", String::as_str);
        Ok(Service {
            log: self.log.clone(),
            policy: spec::policy(policy, &format!("ConfigMap {name}, {POLICY_KEY}"))?,
            ..Service::of(cluster)
        })
    }

    fn end(&mut self, name: &str) -> Option<JoinHandle<()>> {
        let running = self.running.remove(name)?;
        running.cancel.cancel();
        Some(running.task)
    }
}

impl Drop for Loops {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

async fn run(infra: Client, app: Client, service: Service, cancel: CancellationToken) {
    while !cancel.is_cancelled() {
        let ended = once(&infra, &app, &service, &cancel).await;
        if let Err(error) = ended {
            tracing::warn!("the resize loop of {}: {error:#}", service.cluster);
        }
        tokio::select! {
            () = sleep(PAUSE) => {}
            () = cancel.cancelled() => {}
        }
    }
}

async fn once(
    infra: &Client,
    app: &Client,
    service: &Service,
    cancel: &CancellationToken,
) -> Result<()> {
    let service = Service {
        prices: PriceList::named(PRICES)?,
        ..service.clone()
    };
    service::run(infra.clone(), app.clone(), service, cancel.clone()).await
}
