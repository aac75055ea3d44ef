use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::file::{merge_into, unmerge_from};
use super::*;
use crate::failure::{Exit, report};

fn admin(authority: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: kubernetes-admin@k\n\
         clusters: [{{name: k, cluster: {{certificate-authority-data: {authority}, server: 'https://10.0.0.1:6443'}}}}]\n\
         contexts: [{{name: kubernetes-admin@k, context: {{cluster: k, user: kubernetes-admin}}}}]\n\
         users: [{{name: kubernetes-admin, user: {{client-certificate-data: Y2VydA==, client-key-data: a2V5}}}}]\n"
    )
}

fn ours(authority: &str) -> Kubeconfig {
    let (app, infra) = (admin(authority), admin("aW5mcmE="));
    combine(&[
        Access {
            context: "bex",
            admin: &app,
            server: Some("https://127.0.0.1:1001"),
        },
        Access {
            context: "bex-mgmt",
            admin: &infra,
            server: Some("https://127.0.0.1:1002"),
        },
    ])
    .unwrap()
}

const THEIRS: &str = "\
apiVersion: v1
kind: Config
current-context: prod
clusters:
- name: prod
  cluster: {server: 'https://prod:6443', certificate-authority-data: cHJvZA==, x-unknown: 1}
contexts:
- name: prod
  context: {cluster: prod, user: me, namespace: shop}
users:
- name: me
  user: {token: '0123', exec: null}
x-team: platform
";

struct Users {
    dir: tempfile::TempDir,
    config: PathBuf,
}

fn users(text: &str) -> Users {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config");
    fs::write(&config, text).unwrap();
    Users { dir, config }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn two_clusters_become_two_contexts_with_the_first_one_current() {
    let config = ours("YXBw");
    assert_eq!(config.contexts(), ["bex", "bex-mgmt"]);
    assert_eq!(config.current(), Some("bex"));
    assert_eq!(config.server("bex-mgmt"), Some("https://127.0.0.1:1002"));
    assert_eq!(
        config.as_value()["users"][0]["user"]["client-key-data"],
        "a2V5"
    );
}

#[test]
fn a_kubeconfig_survives_writing_and_reading() {
    let config = Kubeconfig::parse(THEIRS).unwrap();
    assert_eq!(
        Kubeconfig::parse(&config.to_yaml().unwrap()).unwrap(),
        config
    );
    assert_eq!(config.as_value()["users"][0]["user"]["token"], "0123");
}

#[test]
fn one_context_can_be_had_alone() {
    let only = ours("YXBw").only("bex-mgmt");
    assert_eq!(only.contexts(), ["bex-mgmt"]);
    assert_eq!(only.current(), Some("bex-mgmt"));
    assert_eq!(
        only.as_value()["clusters"].as_array().map(Vec::len),
        Some(1)
    );
}

#[test]
fn parse_errors_never_quote_the_text() {
    for text in [
        "users: {token: s3cret",
        "- s3cret",
        "users: s3cret",
        "s3cret: *s3cret",
        "a: s3cret: b",
    ] {
        let error = format!("{:#}", Kubeconfig::parse(text).unwrap_err());
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[test]
fn merging_keeps_everything_else_and_the_current_context() {
    let users = users(THEIRS);
    assert!(merge_into(&users.config, &ours("YXBw"), "bex", false).unwrap());
    let merged = file::read(&users.config).unwrap().unwrap();
    assert_eq!(merged.contexts(), ["prod", "bex", "bex-mgmt"]);
    assert_eq!(merged.current(), Some("prod"));
    assert_eq!(merged.as_value()["x-team"], "platform");
    assert_eq!(merged.as_value()["clusters"][0]["cluster"]["x-unknown"], 1);
    assert_eq!(
        fs::read_to_string(users.dir.path().join("config.bex-backup")).unwrap(),
        THEIRS
    );
    assert!(!users.dir.path().join("config.lock").exists());
}

#[test]
fn merging_twice_changes_nothing_the_second_time() {
    let users = users(THEIRS);
    merge_into(&users.config, &ours("YXBw"), "bex", false).unwrap();
    assert!(!merge_into(&users.config, &ours("YXBw"), "bex", false).unwrap());
    assert_eq!(
        fs::read_to_string(users.dir.path().join("config.bex-backup")).unwrap(),
        THEIRS
    );
}

#[test]
fn entries_of_an_earlier_platform_of_ours_are_replaced() {
    let users = users("");
    merge_into(&users.config, &ours("b2xk"), "bex", false).unwrap();
    assert!(merge_into(&users.config, &ours("bmV3"), "bex", false).unwrap());
    let merged = file::read(&users.config).unwrap().unwrap();
    assert_eq!(merged.contexts(), ["bex", "bex-mgmt"]);
    assert_eq!(
        merged.as_value()["clusters"][0]["cluster"]["certificate-authority-data"],
        "bmV3"
    );
}

#[test]
fn an_entry_that_leads_elsewhere_is_refused_unless_forced() {
    let text = THEIRS.replace("prod", "bex");
    let users = users(&text);
    let error = merge_into(&users.config, &ours("YXBw"), "bex", false).unwrap_err();
    let refused = report(&error);
    assert_eq!(refused.exit, Exit::Refused);
    assert!(
        refused.causes[0].contains("https://bex:6443"),
        "{refused:?}"
    );
    assert_eq!(fs::read_to_string(&users.config).unwrap(), text);
    assert!(merge_into(&users.config, &ours("YXBw"), "bex", true).unwrap());
}

#[test]
fn unmerging_leaves_the_file_as_it_was() {
    let users = users(THEIRS);
    merge_into(&users.config, &ours("YXBw"), "bex", false).unwrap();
    assert!(unmerge_from(&users.config, &ours("YXBw"), "bex").unwrap());
    let left = file::read(&users.config).unwrap().unwrap();
    assert_eq!(left, Kubeconfig::parse(THEIRS).unwrap());
}

#[test]
fn unmerging_forgets_a_current_context_that_is_gone() {
    let users = users("");
    merge_into(&users.config, &ours("YXBw"), "bex", false).unwrap();
    unmerge_from(&users.config, &ours("YXBw"), "bex").unwrap();
    assert_eq!(file::read(&users.config).unwrap().unwrap().current(), None);
}

#[test]
fn unmerging_spares_entries_that_are_not_ours_or_lead_elsewhere() {
    let by_hand = users(&ours("YXBw").to_yaml().unwrap());
    assert!(!unmerge_from(&by_hand.config, &ours("YXBw"), "bex").unwrap());
    let redirected = users("");
    merge_into(&redirected.config, &ours("ZWxzZXdoZXJl"), "bex", false).unwrap();
    unmerge_from(&redirected.config, &ours("YXBw"), "bex").unwrap();
    assert_eq!(
        file::read(&redirected.config).unwrap().unwrap().contexts(),
        ["bex"]
    );
}

#[test]
fn a_linked_config_stays_a_link_and_keeps_its_mode() {
    let users = users(THEIRS);
    fs::set_permissions(&users.config, fs::Permissions::from_mode(0o640)).unwrap();
    let link = users.dir.path().join("link");
    symlink("config", &link).unwrap();
    merge_into(&link, &ours("YXBw"), "bex", false).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(mode(&users.config), 0o640);
    assert_eq!(mode(&users.dir.path().join("config.bex-backup")), 0o640);
}

#[test]
fn an_unreadable_config_is_an_error_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config");
    fs::create_dir(&config).unwrap();
    let error = merge_into(&config, &ours("YXBw"), "bex", false).unwrap_err();
    assert!(
        format!("{error:#}").contains(&config.display().to_string()),
        "{error:#}"
    );
    let garbage = users("clusters: nonsense");
    merge_into(&garbage.config, &ours("YXBw"), "bex", true).unwrap_err();
    assert_eq!(
        fs::read_to_string(&garbage.config).unwrap(),
        "clusters: nonsense"
    );
}

#[test]
fn a_file_that_kubectl_is_editing_is_left_alone() {
    let users = users(THEIRS);
    fs::write(users.dir.path().join("config.lock"), "").unwrap();
    let error = merge_into(&users.config, &ours("YXBw"), "bex", false).unwrap_err();
    assert_eq!(report(&error).exit, Exit::Refused);
    assert!(users.dir.path().join("config.lock").exists());
}

#[test]
fn our_own_file_is_private_and_replaced_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kubeconfig");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    file::write(&path, &ours("YXBw")).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}
