//! Images of the daemon.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bollard::models::ErrorDetail;
use bollard::query_parameters::{
    CreateImageOptionsBuilder, ImportImageOptionsBuilder, RemoveImageOptions,
    TagImageOptionsBuilder,
};
use futures::{Stream, TryStreamExt};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;

use super::{Docker, call, found, within};

/// Longest silence of a stream of image data or progress.
const SILENCE_DEADLINE: Duration = Duration::from_mins(3);

/// Reading an archive of some gigabytes; the daemon may say nothing until it has all of it.
const LOAD_DEADLINE: Duration = Duration::from_mins(15);

const READ_SIZE: usize = 1 << 20;

impl Docker {
    /// Id (`sha256:...`) of the image of that name, or `None` if the daemon does not have it.
    pub async fn image_id(&self, name: &str) -> Result<Option<String>> {
        let inspect = async { found(self.api.inspect_image(name).await) };
        let image = call(&format!("looking for image `{name}`"), inspect).await?;
        Ok(image.and_then(|i| i.id))
    }

    /// Pulls an image (`repository:tag` or `repository@digest`). `progress` gets lines such as `Downloading`.
    pub async fn pull_image(&self, name: &str, mut progress: impl FnMut(&str)) -> Result<()> {
        let options = CreateImageOptionsBuilder::new().from_image(name).build();
        let mut events = Box::pin(self.api.create_image(Some(options), None, None));
        let doing = format!("pulling image `{name}`");
        while let Some(event) = within(SILENCE_DEADLINE, &doing, next(&mut events)).await? {
            refuse_error(event.error_detail).with_context(|| doing.clone())?;
            progress(event.status.as_deref().unwrap_or_default());
        }
        Ok(())
    }

    /// Loads an uncompressed archive made by `docker save`, without reading it into memory.
    pub async fn load_images(&self, archive: &Path) -> Result<()> {
        let doing = format!("loading images from {}", archive.display());
        within(LOAD_DEADLINE, &doing, async {
            let chunks = ReaderStream::with_capacity(File::open(archive).await?, READ_SIZE);
            let options = ImportImageOptionsBuilder::new().quiet(true).build();
            let mut events = Box::pin(self.api.import_image_stream(options, chunks, None));
            while let Some(event) = events.try_next().await? {
                refuse_error(event.error_detail)?;
            }
            Ok(())
        })
        .await
    }

    /// Writes images to an archive as `docker save` does. The file appears only when it is complete.
    pub async fn save_images(&self, names: &[&str], archive: &Path) -> Result<()> {
        let doing = format!("saving images to {}", archive.display());
        let partial = archive.with_added_extension("partial");
        let mut file = File::create(&partial)
            .await
            .with_context(|| doing.clone())?;
        let mut chunks = Box::pin(self.api.export_images(names));
        while let Some(chunk) = within(SILENCE_DEADLINE, &doing, next(&mut chunks)).await? {
            file.write_all(&chunk)
                .await
                .with_context(|| doing.clone())?;
        }
        file.flush().await.with_context(|| doing.clone())?;
        tokio::fs::rename(&partial, archive)
            .await
            .with_context(|| doing.clone())
    }

    /// Gives an image a second name, `repository:tag`.
    pub async fn tag(&self, image: &str, name: &str) -> Result<()> {
        let Some((repository, tag)) = name.rsplit_once(':') else {
            bail!("image name `{name}` has no tag");
        };
        let options = TagImageOptionsBuilder::new()
            .repo(repository)
            .tag(tag)
            .build();
        let tagged = self.api.tag_image(image, Some(options));
        call(&format!("tagging image `{image}` as `{name}`"), tagged).await
    }

    /// Removes a name of an image, and the image with its last name. One that is gone already is fine.
    pub async fn remove_image(&self, name: &str) -> Result<()> {
        let removed = async {
            found(
                self.api
                    .remove_image(name, None::<RemoveImageOptions>, None)
                    .await,
            )
        };
        call(&format!("removing image `{name}`"), removed).await?;
        Ok(())
    }
}

async fn next<T>(
    stream: &mut (impl Stream<Item = Result<T, bollard::errors::Error>> + Unpin),
) -> Result<Option<T>> {
    Ok(stream.try_next().await?)
}

/// The daemon reports failures inside a stream that began with status 200.
fn refuse_error(detail: Option<ErrorDetail>) -> Result<()> {
    match detail {
        Some(detail) => bail!(
            "{}",
            detail.message.unwrap_or_else(|| "unknown error".to_owned())
        ),
        None => Ok(()),
    }
}
