use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn archive(layer: &[u8]) -> tempfile::NamedTempFile {
    let manifest = r#"[{"Config":"blobs/sha256/c0","RepoTags":["kindest/node:v1"],"Layers":["blobs/sha256/1a"]}]"#;
    let index = r#"{"manifests":[{"digest":"sha256:aa","annotations":{"io.containerd.image.name":"docker.io/kindest/node:v1"}}]}"#;
    let whole = tar_of(&[
        ("blobs/sha256/1a", layer),
        ("index.json", index.as_bytes()),
        ("manifest.json", manifest.as_bytes()),
    ]);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&whole).unwrap();
    file
}

fn first_layer_deletes(layer: &[u8]) -> bool {
    any_layer_deletes(archive(layer).path(), &["sha256:1a".to_owned()]).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn an_image_is_known_by_its_configuration_and_its_manifest() {
    let file = archive(b"");
    let expected = ArchivedImage {
        name: "kindest/node:v1".into(),
        ids: vec!["sha256:c0".into(), "sha256:aa".into()],
        layers: vec!["sha256:1a".into()],
    };
    assert_eq!(images(file.path()).unwrap(), [expected]);
}

#[test]
fn deleted_files_and_emptied_directories_are_noticed() {
    let plain = tar_of(&[("etc/passwd", b"root"), ("usr/a.wh.b", b"")]);
    let deleted = tar_of(&[("etc/.wh.passwd", b"")]);
    let emptied = tar_of(&[("etc/.wh..wh..opq", b"")]);
    for (layer, expected) in [(plain, false), (deleted, true), (emptied, true)] {
        assert_eq!(first_layer_deletes(&layer), expected);
        assert_eq!(first_layer_deletes(&gzip(&layer)), expected);
    }
}

#[test]
fn a_layer_in_an_unknown_format_counts_as_one_that_deletes() {
    assert!(first_layer_deletes(
        &[0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00].repeat(200)
    ));
}

#[test]
fn other_layers_do_not_count() {
    let file = archive(&tar_of(&[("etc/.wh.passwd", b"")]));
    assert!(!any_layer_deletes(file.path(), &["sha256:2b".to_owned()]).unwrap());
}

#[test]
fn an_archive_without_a_manifest_is_refused_with_the_reason() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&tar_of(&[("x", b"")])).unwrap();
    let error = format!("{:#}", images(file.path()).unwrap_err());
    assert!(error.contains("it has no manifest.json"), "{error}");
}
