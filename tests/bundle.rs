//! A bundle made of real images, in a real Docker daemon.

use std::env;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bex_infra::catalog::Catalog;
use bex_infra::catalog::bundle::{self, Bundle};
use bex_infra::progress::Reporter;
use bex_infra::tools::docker::Docker;
use tokio::sync::mpsc;

/// Nobody watches.
fn reporter() -> Reporter {
    let (events, _) = mpsc::unbounded_channel();
    Reporter::new(0, events)
}

#[tokio::test]
#[ignore = "needs Docker without a running infra node, and the catalogue named by BEX_CATALOG"]
async fn a_bundle_is_made_verified_and_loaded() {
    let catalog = Catalog::load(&PathBuf::from(env::var("BEX_CATALOG").unwrap())).unwrap();
    let docker = Docker::connect().await.unwrap();
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let target = directory.path().join("bundle");
    let bundle = bundle::create(&docker, &catalog, &target, &reporter())
        .await
        .unwrap();
    bundle.verify(&reporter()).await.unwrap();

    let infra_node = bundle.catalog().images.infra_node.clone().unwrap();
    docker.remove_image(&infra_node).await.unwrap();
    assert_eq!(bundle.load(&docker).await.unwrap().images, [infra_node]);

    let begun = Instant::now();
    let again = Bundle::open(&target).unwrap().load(&docker).await.unwrap();
    assert!(again.images.is_empty());
    assert!(
        begun.elapsed() < Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );
}
