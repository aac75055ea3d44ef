use std::fs;
use std::os::unix::fs::symlink;

use proptest::prelude::*;
use tempfile::TempDir;
use tokio::runtime;
use tokio::sync::mpsc;

use super::index::File;
use super::partial::Partial;
use super::*;
use crate::catalog::{Component, Images};
use crate::hash;
use crate::progress::Reporter;

const MANIFEST: &str = "components/cluster-api/v1.13.0/core-components.yaml";
const ARCHIVE: &str = "images/platform.tar";

fn described(path: &str, content: &str) -> File {
    File {
        path: path.into(),
        sha256: hash::sha256(content.as_bytes()),
        size: content.len() as u64,
    }
}

fn good_index() -> Index {
    let component = Component {
        name: "cluster-api".into(),
        version: "v1.13.0".into(),
        manifest: format!("./{MANIFEST}"),
        metadata: None,
        sha256: Some(hash::sha256(b"kind: Namespace\n")),
    };
    let catalog = Catalog {
        kubernetes: "v1.34.4".into(),
        images: Images {
            node: "kindest/node:v1.34.4".into(),
            load_balancer: "kindest/haproxy:v1".into(),
            infra_node: None,
            smoke: None,
        },
        components: vec![component],
    };
    let image = Image {
        name: "kindest/node:v1.34.4".into(),
        ids: vec!["sha256:aa".into()],
        file: ARCHIVE.into(),
    };
    let files = vec![
        described(MANIFEST, "kind: Namespace\n"),
        described(ARCHIVE, "layers"),
    ];
    Index::new(catalog, vec![image], files)
}

fn write_bundle(directory: &Path, index: &Index) {
    for (path, content) in [(MANIFEST, "kind: Namespace\n"), (ARCHIVE, "layers")] {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    index::write(directory, index).unwrap();
}

fn bundle() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write_bundle(dir.path(), &good_index());
    dir
}

fn open_and_verify(directory: &Path) -> Result<Verified> {
    let (events, _receiver) = mpsc::unbounded_channel();
    let runtime = runtime::Builder::new_current_thread().build()?;
    let bundle = Bundle::open(directory)?;
    runtime.block_on(bundle.verify(&Reporter::new(0, events)))
}

fn refusal(directory: &Path) -> String {
    format!("{:#}", open_and_verify(directory).unwrap_err())
}

#[test]
fn a_sound_bundle_verifies() {
    let dir = bundle();
    assert_eq!(
        open_and_verify(dir.path()).unwrap(),
        Verified {
            files: 2,
            bytes: 22
        }
    );
}

#[test]
fn its_catalogue_points_into_the_bundle() {
    let dir = bundle();
    let bundle = Bundle::open(dir.path()).unwrap();
    let manifest = dir.path().join(MANIFEST);
    assert_eq!(
        bundle.catalog().components[0].manifest,
        manifest.display().to_string()
    );
}

proptest! {
    #[test]
    fn any_flipped_bit_is_refused_with_the_files_name(file in 0..4_usize, position in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let dir = bundle();
        let name = [MANIFEST, ARCHIVE, index::INDEX, index::INDEX_SUM][file];
        let path = dir.path().join(name);
        let mut bytes = fs::read(&path).unwrap();
        let position = position.index(bytes.len());
        bytes[position] ^= 1 << bit;
        fs::write(&path, bytes).unwrap();
        // A damaged checksum of the index cannot be told from a damaged index.
        let named = if name == index::INDEX_SUM { index::INDEX } else { name };
        let message = refusal(dir.path());
        prop_assert!(message.contains(named), "{message}");
        prop_assert!(message.contains("expected") && message.contains("found"), "{message}");
    }
}

#[test]
fn a_missing_a_shortened_and_an_unknown_file_are_refused_by_name() {
    let missing = bundle();
    fs::remove_file(missing.path().join(ARCHIVE)).unwrap();
    let shortened = bundle();
    fs::write(shortened.path().join(ARCHIVE), "lay").unwrap();
    let unknown = bundle();
    fs::write(unknown.path().join("images/extra.tar"), "").unwrap();
    for (dir, name) in [
        (missing, ARCHIVE),
        (shortened, ARCHIVE),
        (unknown, "images/extra.tar"),
    ] {
        let message = refusal(dir.path());
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn paths_that_lead_out_of_the_bundle_are_refused() {
    for path in [
        "../outside",
        "/etc/passwd",
        "images/../../outside",
        "images//platform.tar",
        "./x",
        "",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut index = good_index();
        index.files.push(described(path, "x"));
        write_bundle(dir.path(), &index);
        let message = refusal(dir.path());
        assert!(
            message.contains("not a path inside the bundle"),
            "{path}: {message}"
        );
    }
}

#[test]
fn symbolic_links_are_refused_at_every_level() {
    let outside = bundle();
    for linked in [ARCHIVE, "images"] {
        let dir = bundle();
        let path = dir.path().join(linked);
        fs::rename(&path, dir.path().join("moved")).unwrap();
        symlink(outside.path().join(linked), &path).unwrap();
        let message = refusal(dir.path());
        assert!(message.contains("symbolic link"), "{message}");
    }
}

#[test]
fn an_index_that_contradicts_itself_is_refused() {
    let mut unlisted_manifest = good_index();
    unlisted_manifest.catalog.components[0].manifest = "./components/other.yaml".into();
    let mut outside_manifest = good_index();
    outside_manifest.catalog.components[0].manifest = "https://example.com/x.yaml".into();
    let mut other_sum = good_index();
    other_sum.catalog.components[0].sha256 = Some("0".repeat(64));
    let mut unlisted_archive = good_index();
    unlisted_archive.images[0].file = "images/other.tar".into();
    let mut twice = good_index();
    twice.files.push(described(ARCHIVE, "layers"));
    for (index, complaint) in [
        (unlisted_manifest, "does not list manifest"),
        (outside_manifest, "does not list manifest"),
        (other_sum, "two checksums"),
        (unlisted_archive, "does not list image archive"),
        (twice, "twice"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        write_bundle(dir.path(), &index);
        let message = refusal(dir.path());
        assert!(message.contains(complaint), "{message}");
    }
}

#[test]
fn unknown_fields_and_other_versions_are_refused() {
    let text = serde_json::to_string(&good_index()).unwrap();
    for (from, to, complaint) in [
        ("v1alpha1", "v2", "this bex-infra reads"),
        (
            "\"images\":[",
            "\"imagez\":[],\"images\":[",
            "unknown field `imagez`",
        ),
    ] {
        let dir = bundle();
        let changed = text.replace(from, to);
        assert_ne!(changed, text);
        fs::write(dir.path().join(index::INDEX), &changed).unwrap();
        let sum = format!("{}  index.json\n", hash::sha256(changed.as_bytes()));
        fs::write(dir.path().join(index::INDEX_SUM), sum).unwrap();
        let message = refusal(dir.path());
        assert!(message.contains(complaint), "{message}");
    }
}

#[test]
fn a_directory_that_is_no_bundle_is_refused_with_the_command_that_makes_one() {
    let dir = tempfile::tempdir().unwrap();
    let report = crate::failure::report(&Bundle::open(dir.path()).unwrap_err());
    assert!(report.hints[0].contains("bex-infra bundle create"));
}

#[test]
fn a_finished_bundle_takes_the_place_of_the_old_one() {
    let parent = tempfile::tempdir().unwrap();
    // A slash at the end must not put the unfinished bundle inside the old one.
    let target = parent.path().join("bundle/");
    for text in ["old", "new"] {
        let partial = Partial::begin(&target).unwrap();
        write_bundle(partial.directory(), &good_index());
        fs::write(partial.directory().join("note"), text).unwrap();
        partial.finish().unwrap();
    }
    assert_eq!(fs::read_to_string(target.join("note")).unwrap(), "new");
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
}

#[test]
fn what_an_interrupted_run_left_is_started_over() {
    let parent = tempfile::tempdir().unwrap();
    let target = parent.path().join("bundle");
    let interrupted = Partial::begin(&target).unwrap();
    let half = interrupted.directory().join("half");
    fs::write(&half, "").unwrap();
    drop(interrupted);
    let again = Partial::begin(&target).unwrap();
    assert!(!half.exists());
    assert!(!target.exists());
    again.finish().unwrap();
}

#[test]
fn a_finished_bundle_that_was_not_moved_yet_is_started_over() {
    let parent = tempfile::tempdir().unwrap();
    let unmoved = parent.path().join("bundle.partial");
    write_bundle(&unmoved, &good_index());
    drop(Partial::begin(&parent.path().join("bundle")).unwrap());
    assert!(!unmoved.join("images").exists());
}

#[test]
fn only_one_run_at_a_time_makes_a_bundle() {
    let parent = tempfile::tempdir().unwrap();
    let target = parent.path().join("bundle");
    let _first = Partial::begin(&target).unwrap();
    let error = Partial::begin(&target).unwrap_err().to_string();
    assert!(
        error.contains("another bex-infra is making a bundle"),
        "{error}"
    );
}

#[test]
fn directories_that_are_not_bundles_are_never_touched() {
    for foreign in ["bundle", "bundle.partial", "bundle.old"] {
        let parent = tempfile::tempdir().unwrap();
        let thesis = parent.path().join(foreign).join("thesis");
        fs::create_dir(parent.path().join(foreign)).unwrap();
        fs::write(&thesis, "").unwrap();
        let target = parent.path().join("bundle");
        let error = Partial::begin(&target)
            .and_then(Partial::finish)
            .unwrap_err()
            .to_string();
        assert!(error.contains("is not a bundle"), "{error}");
        assert!(thesis.exists());
    }
}
