//! A real kube-controller-manager, from the directory of binaries named by `BEX_TEST_BIN`.

use std::process::Child;

use tempfile::TempDir;

use crate::support::{ApiServer, binary};

/// Ends its process when dropped.
pub(crate) struct ControllerManager {
    process: Child,
    _directory: TempDir,
}

impl ControllerManager {
    pub(crate) fn start(server: &ApiServer) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let kubeconfig = directory.path().join("kubeconfig");
        std::fs::write(&kubeconfig, &server.kubeconfig).unwrap();
        let process = binary("kube-controller-manager")
            .arg(format!("--kubeconfig={}", kubeconfig.display()))
            .args(["--leader-elect=false", "--secure-port=0"])
            .args(["--kube-api-qps=1000", "--kube-api-burst=1000"])
            // There is no CA that it could publish.
            .arg("--controllers=*,-root-ca-certificate-publisher-controller")
            // No node sends heartbeats.
            .arg("--node-monitor-grace-period=1h")
            .spawn()
            .unwrap();
        Self {
            process,
            _directory: directory,
        }
    }
}

impl Drop for ControllerManager {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
