//! `bundle verify` names the file that is not as it should be.

use std::fs;

use bex_infra::hash;
use serde_json::json;

use crate::sandbox::{Done, Sandbox};

const MANIFEST: &str = "components/cluster-api/v1.13.0/core-components.yaml";
const ARCHIVE: &str = "images/platform.tar";

/// A bundle of one manifest and one archive, in the directory `bundle`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let dir = sandbox.path().join("bundle");
    let contents = [(MANIFEST, "kind: Namespace\n"), (ARCHIVE, "layers")];
    for (path, content) in contents {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let files = contents.map(|(path, content)| {
        json!({"path": path, "sha256": hash::sha256(content.as_bytes()), "size": content.len()})
    });
    let index = json!({
        "apiVersion": "infra.bex.co/v1alpha1",
        "kind": "Bundle",
        "catalog": {
            "kubernetes": "v1.34.4",
            "images": {"node": "kindest/node:v1.34.4", "loadBalancer": "kindest/haproxy:v1"},
            "components": [{
                "name": "cluster-api",
                "version": "v1.13.0",
                "manifest": format!("./{MANIFEST}"),
                "sha256": hash::sha256(b"kind: Namespace\n"),
            }],
        },
        "images": [{"name": "kindest/node:v1.34.4", "ids": ["sha256:aa"], "file": ARCHIVE}],
        "files": files,
    });
    let text = index.to_string();
    let sum = format!("{}  index.json\n", hash::sha256(text.as_bytes()));
    fs::write(dir.join("index.json"), text).unwrap();
    fs::write(dir.join("index.json.sha256"), sum).unwrap();
    sandbox
}

fn verify(sandbox: &Sandbox, dir: &str) -> Done {
    sandbox.run(&["bundle", "verify", dir])
}

#[test]
fn a_sound_bundle_passes() {
    let done = sandbox().run(&["bundle", "verify", "bundle", "-o", "json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let found: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(
        found,
        json!({"directory": "bundle", "files": 2, "bytes": 22})
    );
}

#[test]
fn a_flipped_bit_is_refused_with_the_files_name() {
    for name in [MANIFEST, ARCHIVE, "index.json"] {
        let sandbox = sandbox();
        let path = sandbox.path().join("bundle").join(name);
        let mut bytes = fs::read(&path).unwrap();
        bytes[3] ^= 1;
        fs::write(&path, bytes).unwrap();
        let done = verify(&sandbox, "bundle");
        assert_eq!(done.code, Some(1), "{}", done.stderr);
        assert!(
            done.stderr.contains(&format!("`{name}` is damaged")),
            "{}",
            done.stderr
        );
        assert!(
            done.stderr.contains("\nhint: copy the bundle again"),
            "{}",
            done.stderr
        );
    }
}

#[test]
fn a_directory_that_is_absent_or_no_bundle_is_refused_by_name() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path().join("photos")).unwrap();
    for dir in ["absent", "photos"] {
        let done = verify(&sandbox, dir);
        assert_eq!(done.code, Some(2), "{}", done.stderr);
        assert!(
            done.stderr.contains(&format!("{dir} is not a bundle")),
            "{}",
            done.stderr
        );
    }
}
