//! What programs read: completions, JSON, YAML, and pipes that close early.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::sandbox::{Sandbox, stdout};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn bash_accepts_its_completions() {
    let script = stdout(&["completions", "bash"]);
    assert!(script.contains("kubeconfig"));
    let mut bash = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    bash.stdin
        .take()
        .unwrap()
        .write_all(script.as_bytes())
        .unwrap();
    assert!(bash.wait().unwrap().success());
}

#[test]
fn zsh_and_fish_get_completions_of_their_own() {
    let zsh = stdout(&["completions", "zsh"]);
    assert!(zsh.starts_with("#compdef bex-infra"), "{zsh}");
    let fish = stdout(&["completions", "fish"]);
    assert!(fish.contains("complete -c bex-infra"), "{fish}");
    for script in [zsh, fish] {
        assert!(script.contains("kubeconfig"), "{script}");
    }
}

#[test]
fn the_version_is_one_line_or_json() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(stdout(&["version"]).starts_with(&format!("bex-infra {version} (")));
    assert_eq!(
        json(&stdout(&["version", "-o", "json"]))["version"],
        version
    );
}

#[test]
fn rendered_objects_are_a_list_in_json_and_documents_in_yaml() {
    let list = json(&stdout(&["render", "local", "-o", "json"]));
    let objects = list["items"].as_array().unwrap();
    assert!(objects.iter().any(|object| object["kind"] == "Cluster"));
    let documents: Vec<Value> = serde_saphyr::from_multiple(&stdout(&["render", "local"])).unwrap();
    assert_eq!(&documents, objects);
}

#[test]
fn rendered_objects_follow_the_flags() {
    let flags = ["render", "local", "--name", "ci", "-o", "table"];
    assert!(stdout(&flags).contains("ci-worker-0"));
}

#[test]
fn errors_become_json_with_the_output() {
    let done = Sandbox::new().run(&["status", "-o", "json"]);
    assert_eq!(done.stdout, "");
    let error = &json(&done.stderr)["error"];
    assert_eq!(error["exitCode"], 4);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("unix:///nonexistent.sock"),
        "{error}"
    );
    assert!(!error["hints"].as_array().unwrap().is_empty(), "{error}");
}

#[test]
fn findings_of_doctor_are_json_even_if_it_fails() {
    let done = Sandbox::new().run(&["doctor", "-o", "json"]);
    assert_eq!(json(&done.stdout)[0]["severity"], "error");
    assert_eq!(json(&done.stderr)["error"]["exitCode"], 4);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let commands: [&[&str]; 5] = [
        &["render", "local"],
        &["render", "local", "-o", "json"],
        &["completions", "bash"],
        &["version"],
        &["--help"],
    ];
    for args in commands {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let sandbox = Sandbox::new();
        let output = sandbox.command(args).stdout(writer).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {stderr}");
        assert_eq!(stderr, "", "{args:?}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(full) = full else {
        return; // a Linux device
    };
    let output = Sandbox::new()
        .command(&["version"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
}
