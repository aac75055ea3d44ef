use std::collections::BTreeMap;
use std::io::Read;
use std::process::Command;

use super::*;
use crate::failure::report;

const MAPPED: &str = "\
55d0c0000000-55d0c0100000 r--p 00000000 fe:00 11 /usr/local/bin/bex-infra
55d0c0100000-55d0c0900000 r-xp 00100000 fe:00 11 /usr/local/bin/bex-infra
7f0000000000-7f0000100000 r-xp 00000000 fe:00 12 /usr/lib/x86_64-linux-gnu/libc.so.6
7f0000100000-7f0000200000 r--p 00100000 fe:00 12 /usr/lib/x86_64-linux-gnu/libc.so.6
7f0000300000-7f0000400000 r-xp 00000000 fe:00 13 /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
7f0000500000-7f0000600000 r--p 00000000 fe:00 14 /usr/lib/locale/C.utf8/LC_CTYPE
7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0 [vdso]
";

fn files(mappings: &str) -> Result<Files> {
    Files::of(mappings, "/usr/local/bin/bex-infra".into())
}

#[test]
fn a_program_is_started_by_its_own_loader_which_is_told_where_the_libraries_are() {
    assert_eq!(
        files(MAPPED).unwrap().command(),
        [
            "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
            "--library-path",
            "/usr/lib/x86_64-linux-gnu",
            "/bin/bex-infra"
        ]
    );
}

#[test]
fn a_static_program_is_started_as_it_is() {
    let mappings: Vec<&str> = MAPPED.lines().take(2).collect();
    let files = files(&mappings.join("\n")).unwrap();
    assert_eq!(files.command(), ["/bin/bex-infra"]);
}

#[test]
fn a_program_that_was_replaced_is_no_image() {
    let replaced = MAPPED.replace("libc.so.6", "libc.so.6 (deleted)");
    let report = report(&files(&replaced).unwrap_err());
    assert!(
        report.message.contains("was replaced since"),
        "{}",
        report.message
    );
    assert_eq!(report.hints, ["run the same command again"]);
}

/// Unpacks the image of this test's own program and starts it in there.
#[test]
#[cfg(target_os = "linux")]
fn the_image_holds_all_that_the_program_needs() {
    let files = Files::of_this_process().unwrap();
    let archive = files.archive().unwrap();
    let mut parts = BTreeMap::new();
    let mut tar = tar::Archive::new(archive.reopen().unwrap());
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        parts.insert(entry.path().unwrap().display().to_string(), content);
    }
    let config: Value = serde_json::from_slice(&parts["config.json"]).unwrap();
    let digest = hash::sha256(&parts["layer.tar"]);
    assert_eq!(config["rootfs"]["diff_ids"][0], format!("sha256:{digest}"));
    let manifest: Value = serde_json::from_slice(&parts["manifest.json"]).unwrap();
    assert_eq!(manifest[0]["RepoTags"][0], files.image().unwrap());

    let root = tempfile::tempdir().unwrap();
    tar::Archive::new(parts["layer.tar"].as_slice())
        .unpack(root.path())
        .unwrap();
    let inside = |path: &String| match path.strip_prefix('/') {
        Some(path) => root.path().join(path).display().to_string(),
        None => path.clone(),
    };
    let command: Vec<String> = files.command().iter().map(inside).collect();
    let listed = Command::new(&command[0])
        .args(&command[1..])
        .arg("--list")
        .output()
        .unwrap();
    assert!(listed.status.success(), "{listed:?}");
}
