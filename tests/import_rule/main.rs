//! Holds the import rule of `src/lib.rs` over the source tree.
//!
//! The tree is read as text: comments, strings and test code are blanked, then paths are looked for. That is enough
//! to find what a person would write, in `use` lists as well as inline.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod text;

use std::fs;
use std::path::{Path, PathBuf};

use text::{code, paths, without_test_modules};

/// What files may not contain, and which files that is about.
struct Rule {
    name: &'static str,
    forbidden: &'static [&'static str],
    applies: fn(&str) -> bool,
}

const RULES: [Rule; 5] = [
    Rule {
        name: "pure rooms know neither the runtime nor the outside",
        forbidden: &[
            "tokio",
            "kube",
            "bollard",
            "reqwest",
            "std::process",
            "std::fs",
            "std::env",
        ],
        applies: |file| {
            in_room(
                file,
                &[
                    "spec",
                    "names",
                    "plan",
                    "render",
                    "quantity",
                    "random",
                    "scheduling",
                    "resize",
                    "catalog/manifest",
                    "catalog/support",
                ],
            ) && !in_room(file, &["resize/live"])
        },
    },
    Rule {
        name: "only tools and substrate open sockets or start processes",
        forbidden: &[
            // Addresses are data.
            "std::net::TcpListener",
            "std::net::TcpStream",
            "std::net::UdpSocket",
            "std::os::unix::net",
            "std::process::Command",
            "tokio::net",
            "tokio::process",
            "bollard",
            "reqwest",
        ],
        applies: |file| !in_room(file, &["tools", "substrate"]),
    },
    Rule {
        name: "only cli and ui print",
        forbidden: &[
            "println!",
            "eprintln!",
            "print!",
            "eprint!",
            "dbg!",
            "std::io::stdout",
            "std::io::stderr",
        ],
        applies: |file| !in_room(file, &["cli", "ui"]),
    },
    Rule {
        name: "observe never writes",
        forbidden: &[
            "tools::kube::apply",
            "PostParams",
            "PatchParams",
            "DeleteParams",
        ],
        applies: |file| in_room(file, &["observe"]),
    },
    Rule {
        name: "only its substrate knows the embedded Kubernetes",
        forbidden: &["crate::sim"],
        applies: |file| !in_room(file, &["sim", "substrate/sim", "cli/sim"]),
    },
];

#[test]
fn the_source_tree_keeps_the_import_rule() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut violations = Vec::new();
    for file in rust_files(&src) {
        let name = file
            .strip_prefix(&src)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        violations.extend(check(&name, &fs::read_to_string(&file).unwrap()));
    }
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn planted_violations_are_found_in_every_way_of_writing() {
    let planted = [
        ("plan.rs", "use tokio::time;"),
        ("plan/up.rs", "fn f() { ::tokio::spawn(x); }"),
        ("render.rs", "use std::{fmt, process::Command};"),
        (
            "render/tera.rs",
            "use std::process;\nfn f() { process::exit(1) }",
        ),
        ("spec.rs", "use kube as k;"),
        ("names.rs", "use {serde::Serialize, bollard::Docker};"),
        ("catalog/manifest.rs", "type C = kube::Client;"),
        ("resize/history/report.rs", "use std::fs::File;"),
        ("home.rs", "use std::os::{unix::{net::UnixStream, fs}};"),
        ("run.rs", "fn f() { std::process::Command::new(\"sh\"); }"),
        (
            "execute.rs",
            "use tokio::{\n    net::TcpStream,\n    time,\n};",
        ),
        ("home.rs", "use std::io;\nfn f() { io::stdout(); }"),
        ("home.rs", "use std::net::*;"),
        (
            "home.rs",
            "use std::net;\nfn f() { net::TcpStream::connect(x); }",
        ),
        ("home.rs", "fn f() { println!(\"x\") }"),
        ("resize/live/lease.rs", "use crate::sim::clock::rfc3339;"),
    ];
    for (file, text) in planted {
        assert!(!check(file, text).is_empty(), "not found: {file}: {text}");
    }
}

#[test]
fn what_only_looks_like_a_violation_is_let_through() {
    let innocent = [
        (
            "plan.rs",
            "// use tokio::time;\n/* kube::Client */\n/// println!\nuse crate::failure::Failure;",
        ),
        (
            "plan.rs",
            "const TEXT: &str = \"use tokio::net\"; const RAW: &str = r#\"kube::\"Client\"#;",
        ),
        (
            "plan.rs",
            "#[cfg(test)]\nmod tests {\n    use tokio::time;\n    fn f() { println!(\"{}\", '}') }\n}",
        ),
        ("plan/tests.rs", "use tokio::time;"),
        ("plan/tests/choice.rs", "use tokio::time;"),
        (
            "plan.rs",
            "use crate::kubeconfig::Kubeconfig; fn kube_proxy() {} struct Tokio;",
        ),
        (
            "tools/docker.rs",
            "use bollard::Docker; use std::net::TcpStream;",
        ),
        ("ui.rs", "fn f() { std::io::stdout(); }"),
        ("resize/live/log.rs", "use std::fs; use tokio::time;"),
        ("spec.rs", "use std::net::Ipv4Addr; use super::*;"),
        (
            "home.rs",
            "use std::process; fn f<'a>(x: &'a str) { process::id(); }",
        ),
    ];
    for (file, text) in innocent {
        assert_eq!(check(file, text), [""; 0], "{file}: {text}");
    }
}

/// Violations of all rules in one file, as `file: rule: path`.
fn check(file: &str, text: &str) -> Vec<String> {
    if is_test(file) {
        return Vec::new();
    }
    let paths = paths(&without_test_modules(&code(text)));
    let mut violations = Vec::new();
    for rule in RULES.iter().filter(|rule| (rule.applies)(file)) {
        for forbidden in rule.forbidden {
            if let Some(path) = paths.iter().find(|path| reaches(path, forbidden)) {
                violations.push(format!("{file}: {}: {path}", rule.name));
            }
        }
    }
    violations
}

fn is_test(file: &str) -> bool {
    Path::new(file)
        .with_extension("")
        .iter()
        .any(|part| part == "tests")
}

/// `file` is the module of that name or lies in its folder.
fn in_room(file: &str, rooms: &[&str]) -> bool {
    let module = file.trim_end_matches(".rs");
    rooms
        .iter()
        .any(|room| module == *room || module.starts_with(&format!("{room}/")))
}

/// The path is the forbidden one, leads below it, or takes in all that lies above it.
fn reaches(path: &str, forbidden: &str) -> bool {
    if let Some(all) = path.strip_suffix("::*") {
        return reaches(all, forbidden) || reaches(forbidden, all);
    }
    path == forbidden
        || path
            .strip_prefix(forbidden)
            .is_some_and(|rest| rest.starts_with("::"))
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (dirs, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let files = files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files
        .chain(dirs.iter().flat_map(|dir| rust_files(dir)))
        .collect()
}
