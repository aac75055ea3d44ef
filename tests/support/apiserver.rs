//! A real etcd and kube-apiserver on loopback, from the directory of binaries named by `BEX_TEST_BIN`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bex_infra::tools::kube;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

const TOKEN: &str = "apiserver-test-token";

/// Ends its processes when dropped.
pub(crate) struct ApiServer {
    pub kubeconfig: String,
    pub client: kube::Client,
    processes: Vec<Child>,
    _directory: TempDir,
}

impl ApiServer {
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let [etcd_port, peer_port, port] = [free_port(), free_port(), free_port()];
        service_account_key(path);
        std::fs::write(
            path.join("tokens"),
            format!("{TOKEN},admin,admin,system:masters\n"),
        )
        .unwrap();
        let processes = vec![
            start_etcd(path, etcd_port, peer_port),
            start_server(path, etcd_port, port),
        ];
        let kubeconfig = kubeconfig(path, port).await;
        let client = kube::client(&kubeconfig).await.unwrap();
        kube::server_ready(&client, soon()).await.unwrap();
        Self {
            kubeconfig,
            client,
            processes,
            _directory: directory,
        }
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().rev() {
            drop(process.kill());
            drop(process.wait());
        }
    }
}

/// A deadline that only a broken machine misses.
pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

pub(crate) fn binary(name: &str) -> Command {
    let directory = std::env::var("BEX_TEST_BIN")
        .expect("BEX_TEST_BIN names a directory with etcd and kube-apiserver");
    let mut command = Command::new(PathBuf::from(directory).join(name));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn service_account_key(path: &Path) {
    let done = binary("kubeadm")
        .args(["init", "phase", "certs", "sa", "--cert-dir"])
        .arg(path)
        .status()
        .unwrap();
    assert!(done.success(), "kubeadm made no service account key");
}

fn start_etcd(path: &Path, port: u16, peer_port: u16) -> Child {
    let (client, peer) = (
        format!("http://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{peer_port}"),
    );
    binary("etcd")
        .arg("--data-dir")
        .arg(path.join("etcd"))
        .args([
            "--listen-client-urls",
            &client,
            "--advertise-client-urls",
            &client,
        ])
        .args([
            "--listen-peer-urls",
            &peer,
            "--initial-advertise-peer-urls",
            &peer,
        ])
        .args([
            "--initial-cluster",
            &format!("default={peer}"),
            "--unsafe-no-fsync",
        ])
        .spawn()
        .unwrap()
}

fn start_server(path: &Path, etcd_port: u16, port: u16) -> Child {
    let file = |name: &str| path.join(name).display().to_string();
    binary("kube-apiserver")
        .arg(format!("--etcd-servers=http://127.0.0.1:{etcd_port}"))
        .arg(format!("--secure-port={port}"))
        .arg(format!("--cert-dir={}", path.display()))
        .arg(format!("--token-auth-file={}", file("tokens")))
        .arg(format!("--service-account-key-file={}", file("sa.pub")))
        .arg(format!(
            "--service-account-signing-key-file={}",
            file("sa.key")
        ))
        .args([
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--authorization-mode=RBAC",
        ])
        .args([
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/16",
        ])
        .args([
            "--disable-admission-plugins=ServiceAccount",
            "--anonymous-auth=false",
            "--allow-privileged=true",
        ])
        .spawn()
        .unwrap()
}

/// The server writes its own certificate, which is its own CA.
async fn kubeconfig(path: &Path, port: u16) -> String {
    let certificate = path.join("apiserver.crt");
    let deadline = soon();
    while !certificate.exists() {
        assert!(
            Instant::now() < deadline,
            "kube-apiserver wrote no certificate"
        );
        sleep(Duration::from_millis(50)).await;
    }
    serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "clusters": [{"name": "test", "cluster": {
            "server": format!("https://127.0.0.1:{port}"),
            "certificate-authority": certificate,
        }}],
        "users": [{"name": "test", "user": {"token": TOKEN}}],
    })
    .to_string()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
