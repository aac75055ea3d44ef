//! An image of this very program, so that the infra cluster can run it without a registry.
//!
//! It has one layer: the files that this process runs, which are the program, its libraries and the dynamic loader. The
//! image is named after what is in it.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::hash;
use crate::render::Program;
use crate::tools::docker::Docker;

const REPOSITORY: &str = "bex-infra.local/bex-infra";

/// What this process runs, as the kernel tells it.
const MAPPINGS: &str = "/proc/self/maps";

/// Where the program lies in the image.
const PROGRAM: &str = "bin/bex-infra";

/// The image's name and how the program in it is started.
pub fn program() -> Result<Program> {
    let files = Files::of_this_process()?;
    Ok(Program {
        image: files.image()?,
        command: files.command(),
    })
}

/// Puts the image on a node.
pub async fn load(docker: &Docker, node: &str) -> Result<()> {
    let archive = tokio::task::spawn_blocking(|| {
        let files = Files::of_this_process()?;
        files.archive().context("making an image of this program")
    });
    let archive = archive.await.context("making an image of this program")??;
    let argv = ["ctr", "--namespace=k8s.io", "images", "import", "-"];
    let input = tokio::fs::File::from_std(archive.reopen().context("reading the image")?);
    docker
        .exec_ok_with_input(node, &argv, input)
        .await
        .map(drop)
}

/// What a program consists of.
#[derive(Debug, PartialEq, Eq)]
struct Files {
    program: PathBuf,
    /// Libraries and the dynamic loader; none if the program is linked statically.
    libraries: Vec<PathBuf>,
}

impl Files {
    fn of_this_process() -> Result<Self> {
        let mappings = fs::read_to_string(MAPPINGS).map_err(|error| {
            Failure::failed("the resize loop needs an image of this program, which is made on Linux only")
                .because(error)
                .hint("--no-resize leaves it out; `bex-infra scale workers --auto` runs it on this machine")
        })?;
        let program = std::env::current_exe().context("asking where this program is")?;
        Self::of(&mappings, program)
    }

    /// From the text of `/proc/PID/maps`.
    fn of(mappings: &str, program: PathBuf) -> Result<Self> {
        let mut files: Vec<PathBuf> = mappings.lines().filter_map(executable).collect();
        files.sort();
        files.dedup();
        if let Some(gone) = files.iter().find(|file| is_gone(file)) {
            let message = format!("{} was replaced since this program began", gone.display());
            return Err(Failure::failed(message)
                .hint("run the same command again")
                .into());
        }
        let libraries = files.into_iter().filter(|file| *file != program);
        Ok(Self {
            libraries: libraries.collect(),
            program,
        })
    }

    /// The dynamic loader is told where the libraries are: in the image there is no cache of them.
    fn command(&self) -> Vec<String> {
        let program = format!("/{PROGRAM}");
        let Some(loader) = self.libraries.iter().find(|file| is_loader(file)) else {
            return vec![program];
        };
        let folders = self.libraries.iter().filter_map(|file| file.parent());
        let mut folders: Vec<String> = folders.map(|dir| dir.display().to_string()).collect();
        folders.dedup();
        let folders = folders.join(":");
        let loader = loader.display().to_string();
        vec![loader, "--library-path".to_owned(), folders, program]
    }

    /// Each file with its path in the image.
    fn contents(&self) -> impl Iterator<Item = (&Path, PathBuf)> {
        let libraries = self.libraries.iter().map(|file| {
            let inside = file.strip_prefix("/").unwrap_or(file);
            (file.as_path(), inside.to_owned())
        });
        libraries.chain([(self.program.as_path(), PathBuf::from(PROGRAM))])
    }

    fn image(&self) -> Result<String> {
        let files = self.contents().map(|(file, inside)| {
            let digest = digest_of(file)?;
            Ok(format!("{} {digest}\n", inside.display()))
        });
        let files: String = files.collect::<Result<_>>()?;
        Ok(format!("{REPOSITORY}:{}", hash::short(files.as_bytes())))
    }

    /// As `docker save` writes it.
    fn archive(&self) -> Result<NamedTempFile> {
        let layer = self.layer()?;
        let digest = digest_of(layer.path())?;
        let config = json!({
            "architecture": architecture(),
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{digest}")]},
        });
        let manifest = json!([{
            "Config": "config.json",
            "RepoTags": [self.image()?],
            "Layers": ["layer.tar"],
        }]);
        let archive = NamedTempFile::new()?;
        let mut tar = tar::Builder::new(archive.as_file());
        append(&mut tar, "config.json", &config)?;
        append(&mut tar, "manifest.json", &manifest)?;
        tar.append_path_with_name(layer.path(), "layer.tar")?;
        tar.into_inner()?.flush()?;
        Ok(archive)
    }

    /// The same files give the same bytes.
    fn layer(&self) -> Result<NamedTempFile> {
        let layer = NamedTempFile::new()?;
        let mut tar = tar::Builder::new(layer.as_file());
        for (file, inside) in self.contents() {
            let context = || format!("reading {}", file.display());
            let opened = File::open(file).with_context(context)?;
            let mut header = header(opened.metadata().with_context(context)?.len());
            header.set_mode(0o755);
            tar.append_data(&mut header, inside, opened)
                .with_context(context)?;
        }
        tar.into_inner()?.flush()?;
        Ok(layer)
    }
}

/// The file of a mapping that code is run from.
fn executable(mapping: &str) -> Option<PathBuf> {
    let mut words = mapping.split_whitespace();
    let rights = words.nth(1)?;
    let path = &mapping[mapping.find('/')?..];
    rights.contains('x').then(|| PathBuf::from(path))
}

/// The kernel says so of a file that was removed or replaced.
fn is_gone(file: &Path) -> bool {
    file.to_string_lossy().ends_with(" (deleted)")
}

/// `ld-linux-x86-64.so.2`, `ld-linux-aarch64.so.1`, `ld-musl-x86_64.so.1`.
fn is_loader(file: &Path) -> bool {
    let name = file.file_name().map(|name| name.to_string_lossy());
    name.is_some_and(|name| name.starts_with("ld-"))
}

/// In Go's words.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn digest_of(file: &Path) -> Result<String> {
    let context = || format!("reading {}", file.display());
    hash::sha256_of(File::open(file).with_context(context)?).with_context(context)
}

fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    header
}

fn append(tar: &mut tar::Builder<&File>, name: &str, content: &Value) -> Result<()> {
    let bytes = content.to_string();
    tar.append_data(&mut header(bytes.len() as u64), name, bytes.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests;
