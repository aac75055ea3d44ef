//! The modes of the files that hold keys, whatever umask the user has: only a process of its own has one to itself.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const KUBECONFIG: &str = r#"
apiVersion: v1
kind: Config
current-context: bex
clusters: [{name: bex, cluster: {server: "https://127.0.0.1:1", certificate-authority-data: eA==}}]
contexts: [{name: bex, context: {cluster: bex, user: bex}}]
users: [{name: bex, user: {token: secret}}]
"#;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_merged_kubeconfig_is_private_even_with_umask_000() {
    let home = tempfile::tempdir().unwrap();
    let platform = home.path().join(".bex/bex");
    fs::create_dir_all(&platform).unwrap();
    fs::write(platform.join("kubeconfig"), KUBECONFIG).unwrap();
    let output = Command::new("sh")
        .args([
            "-c",
            "umask 000; exec \"$0\" kubeconfig --merge",
            env!("CARGO_BIN_EXE_bex-infra"),
        ])
        .env_clear()
        .env("HOME", home.path())
        .env("DOCKER_HOST", "unix:///nonexistent.sock")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let directory = home.path().join(".kube");
    assert_eq!(mode(&directory.join("config")), 0o600);
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(
        fs::read_dir(&directory).unwrap().count(),
        1,
        "nothing else is left there"
    );
}
