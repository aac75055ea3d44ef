//! Lists and watches of everything that the model looks at, through one channel.
//!
//! Objects travel as the bytes that the API server sent. What changed while a watch was away is found by listing again.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::{AsyncBufReadExt, TryStreamExt};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::super::model::{APP_RESOURCES, Cluster, INFRA_RESOURCES};
use super::Options;
use crate::scheduling::RESOURCES;
use crate::tools::kube::Client;

/// Objects in a page of a list.
const PAGE: u32 = 1000;

/// The server ends a watch after this; the next one begins where it was.
const WATCH_SECONDS: u32 = 290;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A kind that is not served is asked for again after this.
const NOT_SERVED_PAUSE: Duration = Duration::from_mins(5);

/// Infrastructure templates that say how large machines are: those of Cluster API's providers for development, and
/// Hetzner's.
const TEMPLATES: [(&str, &str); 3] = [
    ("devmachinetemplates", "v1beta2"),
    ("dockermachinetemplates", "v1beta2"),
    ("hcloudmachinetemplates", "v1beta1"),
];

/// News of one resource of one cluster.
#[derive(Debug)]
pub(super) struct News {
    pub cluster: Cluster,
    /// Its plural with its group.
    pub resource: &'static str,
    pub what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Object {
        namespace: String,
        name: String,
        /// `None` if it is gone.
        json: Option<Bytes>,
    },
    /// Everything there is has been told.
    Complete,
    /// Nothing is heard of it at the moment.
    Lost(String),
}

/// A resource and where it is served.
#[derive(Debug, Clone)]
struct Source {
    cluster: Cluster,
    resource: &'static str,
    path: String,
    /// Part of the query.
    selector: String,
    /// A cluster that does not serve it has none of it.
    optional: bool,
}

/// Starts to watch both clusters. Returns what has to be complete before a decision is made, with what it waits for.
pub(super) fn start(
    tasks: &mut JoinSet<()>,
    infra: &Client,
    app: &Client,
    options: &Options,
    news: &Sender<News>,
) -> BTreeMap<(Cluster, &'static str), String> {
    let mut all = BTreeMap::new();
    for source in sources(options) {
        let id = (source.cluster, source.resource);
        all.insert(id, "not read yet".to_owned());
        let client = match source.cluster {
            Cluster::Infra => infra.clone(),
            Cluster::App => app.clone(),
        };
        let watch = Watch {
            client,
            source,
            news: news.clone(),
            known: HashSet::new(),
        };
        tasks.spawn(watch.run());
    }
    all
}

fn sources(options: &Options) -> Vec<Source> {
    let mut sources = Vec::new();
    for resource in RESOURCES.into_iter().chain(APP_RESOURCES) {
        sources.push(Source {
            cluster: Cluster::App,
            path: path(resource, "v1", None),
            selector: String::new(),
            optional: !["nodes", "pods"].contains(&resource),
            resource,
        });
    }
    let namespace = Some(options.namespace.as_str());
    for resource in INFRA_RESOURCES {
        sources.push(Source {
            cluster: Cluster::Infra,
            path: path(resource, "v1beta2", namespace),
            selector: format!(
                "&labelSelector=cluster.x-k8s.io%2Fcluster-name%3D{}",
                options.cluster
            ),
            optional: false,
            resource,
        });
    }
    for (plural, version) in TEMPLATES {
        let resource = template_resource(plural);
        sources.push(Source {
            cluster: Cluster::Infra,
            path: path(resource, version, namespace),
            selector: String::new(),
            optional: true,
            resource,
        });
    }
    sources
}

fn template_resource(plural: &str) -> &'static str {
    match plural {
        "devmachinetemplates" => "devmachinetemplates.infrastructure.cluster.x-k8s.io",
        "dockermachinetemplates" => "dockermachinetemplates.infrastructure.cluster.x-k8s.io",
        _ => "hcloudmachinetemplates.infrastructure.cluster.x-k8s.io",
    }
}

/// Of a resource by its plural and group.
pub(super) fn path(resource: &str, version: &str, namespace: Option<&str>) -> String {
    let namespace = namespace.map_or_else(String::new, |name| format!("/namespaces/{name}"));
    match resource.split_once('.') {
        Some((plural, group)) => format!("/apis/{group}/{version}{namespace}/{plural}"),
        None => format!("/api/{version}{namespace}/{resource}"),
    }
}

/// Watches one resource for ever.
struct Watch {
    client: Client,
    source: Source,
    news: Sender<News>,
    /// Namespaces and names that were told of and not yet taken back.
    known: HashSet<(String, String)>,
}

/// Why a watch ended.
enum End {
    /// It goes on from this version.
    Usual(String),
    /// What happened in between is not known any more.
    Expired,
}

impl Watch {
    async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match self.list().await {
                Ok(version) => {
                    pause = FIRST_PAUSE;
                    self.tell(What::Complete).await;
                    match self.follow(version).await {
                        Ok(()) => continue,
                        Err(error) => error,
                    }
                }
                Err(error) if self.source.optional && is_not_served(&error) => {
                    self.tell(What::Complete).await;
                    sleep(NOT_SERVED_PAUSE).await;
                    continue;
                }
                Err(error) => error,
            };
            self.tell(What::Lost(format!("{error:#}"))).await;
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Tells of everything that is there, and of what is there no more. Returns the version of the list.
    async fn list(&mut self) -> Result<String> {
        let mut found = BTreeMap::new();
        let mut token = String::new();
        let version = loop {
            let from = match token.as_str() {
                "" => String::new(),
                token => format!(
                    "&continue={}",
                    percent_encoding::utf8_percent_encode(
                        token,
                        percent_encoding::NON_ALPHANUMERIC
                    )
                ),
            };
            let query = format!("limit={PAGE}{from}{}", self.source.selector);
            let text = self.client.request_text(self.get(&query)?).await?;
            let page: Page = serde_json::from_str(&text).context("reading a list")?;
            for item in page.items {
                let id = Meta::of(item.get())?.id();
                found.insert(id, Bytes::copy_from_slice(item.get().as_bytes()));
            }
            token = page.metadata.next.unwrap_or_default();
            if token.is_empty() {
                break page.metadata.resource_version;
            }
        };
        let gone = self.known.iter().filter(|id| !found.contains_key(*id));
        let gone: Vec<(String, String)> = gone.cloned().collect();
        for id in gone {
            self.change(id, None).await;
        }
        for (id, json) in found {
            self.change(id, Some(json)).await;
        }
        Ok(version)
    }

    /// Goes on until everything has to be listed again.
    async fn follow(&mut self, mut version: String) -> Result<()> {
        loop {
            match self.watch(version).await? {
                End::Usual(reached) => version = reached,
                End::Expired => return Ok(()),
            }
        }
    }

    async fn watch(&mut self, mut version: String) -> Result<End> {
        let query = format!(
            "watch=1&allowWatchBookmarks=true&timeoutSeconds={WATCH_SECONDS}&resourceVersion={version}{}",
            self.source.selector
        );
        let stream = match self.client.request_stream(self.get(&query)?).await {
            Err(kube::Error::Api(status)) if status.code == 410 => return Ok(End::Expired),
            other => other?,
        };
        let mut lines = std::pin::pin!(stream.lines());
        while let Some(line) = lines.try_next().await? {
            let event: Event = serde_json::from_str(&line).context("reading a watch")?;
            if event.of == "ERROR" {
                let status: Failure = serde_json::from_str(event.object.get())?;
                if status.code == 410 {
                    return Ok(End::Expired);
                }
                bail!("the API server ended a watch: {}", status.message);
            }
            let meta = Meta::of(event.object.get())?;
            version.clone_from(&meta.metadata.resource_version);
            let bytes = || Bytes::copy_from_slice(event.object.get().as_bytes());
            match event.of {
                "BOOKMARK" => {}
                "DELETED" => self.change(meta.id(), None).await,
                _ => self.change(meta.id(), Some(bytes())).await,
            }
        }
        Ok(End::Usual(version))
    }

    async fn change(&mut self, id: (String, String), json: Option<Bytes>) {
        if json.is_some() {
            self.known.insert(id.clone());
        } else {
            self.known.remove(&id);
        }
        let (namespace, name) = id;
        self.tell(What::Object {
            namespace,
            name,
            json,
        })
        .await;
    }

    /// Nobody listens any more only when everything ends.
    async fn tell(&self, what: What) {
        let news = News {
            cluster: self.source.cluster,
            resource: self.source.resource,
            what,
        };
        drop(self.news.send(news).await);
    }

    fn get(&self, query: &str) -> Result<http::Request<Vec<u8>>> {
        let uri = format!("{}?{query}", self.source.path);
        Ok(http::Request::get(uri).body(Vec::new())?)
    }
}

fn is_not_served(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(kube::Error::Api(status)) if status.code == 404)
}

#[derive(Deserialize)]
struct Page<'a> {
    metadata: ListMeta,
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMeta {
    resource_version: String,
    #[serde(rename = "continue", default)]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    of: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Failure {
    code: u16,
    message: String,
}

#[derive(Deserialize)]
struct Meta {
    metadata: ObjectMeta,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ObjectMeta {
    namespace: String,
    name: String,
    resource_version: String,
}

impl Meta {
    fn of(json: &str) -> Result<Self> {
        serde_json::from_str(json).context("reading the metadata of an object")
    }

    fn id(&self) -> (String, String) {
        let metadata = &self.metadata;
        (metadata.namespace.clone(), metadata.name.clone())
    }
}
