//! Files in a container, whether it runs or not.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bollard::body_full;
use bollard::query_parameters::{
    DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};
use futures::TryStreamExt;

use super::{Docker, has_status, within};

const COPY_DEADLINE: Duration = Duration::from_mins(1);

/// A regular file to be written as root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Absolute; missing parent directories are made.
    pub path: String,
    /// Permission bits, e.g. `0o600`.
    pub mode: u32,
    pub content: Vec<u8>,
}

impl Docker {
    /// Writes files into a container, all in one call. Not into a tmpfs (`/run`, `/tmp` of a node): Docker would put
    /// them below it, where nothing sees them.
    pub async fn write_files(&self, container: &str, files: &[File]) -> Result<()> {
        let options = UploadToContainerOptionsBuilder::new().path("/").build();
        let archive = body_full(archive(files)?.into());
        let paths: Vec<&str> = files.iter().map(|f| f.path.as_str()).collect();
        let doing = format!("writing {} into container `{container}`", paths.join(", "));
        within(COPY_DEADLINE, &doing, async {
            Ok(self
                .api
                .upload_to_container(container, Some(options), archive)
                .await?)
        })
        .await
    }

    /// A file's content, or `None` if there is no such file. Symbolic links are not followed.
    pub async fn read_file(&self, container: &str, path: &str) -> Result<Option<Vec<u8>>> {
        let options = DownloadFromContainerOptionsBuilder::new()
            .path(path)
            .build();
        let mut chunks = self.api.download_from_container(container, Some(options));
        let doing = format!("reading {path} of container `{container}`");
        within(COPY_DEADLINE, &doing, async {
            let mut archive = Vec::new();
            loop {
                match chunks.try_next().await {
                    Ok(Some(chunk)) => archive.extend_from_slice(&chunk),
                    Ok(None) => return only_file(&archive).map(Some),
                    Err(error) if has_status(&error, 404) && !is_missing_container(&error) => {
                        return Ok(None);
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        })
        .await
    }
}

fn is_missing_container(error: &bollard::errors::Error) -> bool {
    error.to_string().contains("No such container")
}

fn archive(files: &[File]) -> Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.content.len() as u64);
        header.set_mode(file.mode);
        let inside = file.path.trim_start_matches('/');
        builder
            .append_data(&mut header, inside, file.content.as_slice())
            .with_context(|| format!("archiving {}", file.path))?;
    }
    Ok(builder.into_inner()?)
}

fn only_file(archive: &[u8]) -> Result<Vec<u8>> {
    let mut archive = tar::Archive::new(archive);
    let Some(entry) = archive.entries()?.next() else {
        bail!("the Docker daemon sent an empty archive");
    };
    let mut entry = entry?;
    if !entry.header().entry_type().is_file() {
        bail!("it is not a regular file");
    }
    let mut content = Vec::new();
    entry.read_to_end(&mut content)?;
    Ok(content)
}
