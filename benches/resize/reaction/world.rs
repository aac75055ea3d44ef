//! Clusters on loopback: the embedded Kubernetes as a process of its own, and a real kube-apiserver with etcd and
//! kube-scheduler. In both, four node groups of Hetzner's types; nobody makes machines.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bex_infra::catalog::{Catalog, manifest};
use bex_infra::tools::kube::{self, Client, Objects, is_true};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::{ApiServer, soon};
use crate::bursts::group;

pub(super) const TYPES: [&str; 4] = ["cpx22", "cpx32", "cpx42", "cpx52"];

const DEFINED: [&str; 3] = ["MachineDeployment", "MachineSet", "Machine"];

/// Two clusters and how to reach them. They end with this.
pub(super) struct World {
    pub(super) name: &'static str,
    pub(super) infra: String,
    pub(super) app: String,
    _server: Server,
}

/// What has to be kept for as long as it is to run, in the order in which it ends.
#[expect(dead_code, reason = "kept until the end")]
enum Server {
    Embedded(Ends, TempDir),
    Real(Ends, TempDir, Box<ApiServer>),
}

/// A process that is ended with this.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl World {
    /// `bex-infra sim serve`.
    pub(super) async fn embedded() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_bex-infra"))
            .args(["sim", "serve", "-o", "json", "--state"])
            .arg(directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = process.stdout.take().unwrap();
        let ends = Ends(process);
        let mut said = serde_json::Deserializer::from_reader(stdout).into_iter::<Value>();
        let said = said.next().unwrap().unwrap();
        let kubeconfig = |cluster: &str| {
            let path = said[cluster]["kubeconfig"].as_str().unwrap();
            std::fs::read_to_string(path).unwrap()
        };
        let world = Self {
            name: "embedded",
            infra: kubeconfig("infra"),
            app: kubeconfig("app"),
            _server: Server::Embedded(ends, directory),
        };
        let infra = world.client(&world.infra).await;
        build(&infra, Vec::new()).await;
        world
    }

    /// From the directory of programs that `BEX_TEST_BIN` names, with the Cluster API of the catalogue `BEX_CATALOG`.
    pub(super) async fn real() -> Self {
        let server = ApiServer::start().await;
        let directory = tempfile::tempdir().unwrap();
        let kubeconfig = server.kubeconfig.clone();
        let scheduler = start_scheduler(directory.path(), &kubeconfig);
        build(&server.client, definitions()).await;
        Self {
            name: "kube-apiserver",
            infra: kubeconfig.clone(),
            app: kubeconfig,
            _server: Server::Real(scheduler, directory, Box::new(server)),
        }
    }

    /// With connections of its own.
    pub(super) async fn client(&self, kubeconfig: &str) -> Client {
        kube::client(kubeconfig).await.unwrap()
    }
}

async fn build(infra: &Client, definitions: Vec<Value>) {
    if !definitions.is_empty() {
        kube::apply(infra, &definitions, soon()).await.unwrap();
        established(infra).await;
    }
    let groups = TYPES.map(group);
    kube::apply(infra, &groups, soon()).await.unwrap();
}

fn start_scheduler(directory: &Path, kubeconfig: &str) -> Ends {
    let file = directory.join("kubeconfig");
    std::fs::write(&file, kubeconfig).unwrap();
    let programs = PathBuf::from(std::env::var_os("BEX_TEST_BIN").unwrap());
    let process = Command::new(programs.join("kube-scheduler"))
        .arg(format!("--kubeconfig={}", file.display()))
        .args(["--leader-elect=false", "--secure-port=0"])
        .args(["--kube-api-qps=5000", "--kube-api-burst=10000"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Ends(process.unwrap())
}

/// Cluster API's own. Nobody is there who would convert between their versions.
fn definitions() -> Vec<Value> {
    let file = PathBuf::from(std::env::var_os("BEX_CATALOG").unwrap());
    let text = std::fs::read_to_string(&file).unwrap();
    let catalog: Catalog = serde_saphyr::from_str(&text).unwrap();
    let mut components = catalog.components.iter();
    let component = components.find(|of| of.name == "cluster-api").unwrap();
    let text = std::fs::read_to_string(file.with_file_name(&component.manifest)).unwrap();
    let phases = manifest::load(component, &text).unwrap();
    let mut definitions: Vec<Value> = phases.objects().cloned().collect();
    definitions.retain(|object| {
        let kind = object["spec"]["names"]["kind"].as_str();
        object["kind"] == "CustomResourceDefinition"
            && kind.is_some_and(|kind| DEFINED.contains(&kind))
    });
    for definition in &mut definitions {
        definition["spec"]["conversion"] = json!({"strategy": "None"});
    }
    assert_eq!(definitions.len(), DEFINED.len());
    definitions
}

async fn established(client: &Client) {
    let api = "apiextensions.k8s.io/v1";
    let definitions = Objects::new(client, api, "CustomResourceDefinition", None);
    while !definitions
        .list("")
        .await
        .unwrap()
        .iter()
        .all(|it| is_true(it, "Established"))
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
