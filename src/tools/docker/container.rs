//! Containers: what is known of them, and their life.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bollard::errors::Error;
use bollard::models::{
    ContainerConfig, ContainerCreateBody, ContainerInspectResponse, ContainerStateStatusEnum,
    MountPoint, NetworkSettings, PortMap,
};
use bollard::query_parameters::{
    CommitContainerOptions, CreateContainerOptionsBuilder, ListContainersOptionsBuilder,
    RemoveContainerOptionsBuilder, StopContainerOptionsBuilder, WaitContainerOptionsBuilder,
};
use futures::TryStreamExt;
use futures::future::try_join_all;
use k8s_openapi::jiff::Timestamp;

use super::{Docker, call, found, has_status, within};

/// Removing a node deletes a volume of some gigabytes.
const REMOVE_DEADLINE: Duration = Duration::from_mins(3);

/// Committing copies a node's whole file system.
const COMMIT_DEADLINE: Duration = Duration::from_mins(10);

/// A container as `docker inspect` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    pub id: String,
    /// Without the leading slash.
    pub name: String,
    /// The image's name as it was given when the container was created.
    pub image: String,
    pub image_id: String,
    pub state: State,
    pub labels: BTreeMap<String, String>,
    /// Published TCP ports: container port to host address and port. Empty while the container does not run.
    pub ports: BTreeMap<u16, (String, u16)>,
    /// Network name to the container's IPv4 address there; the address is empty while the container does not run.
    pub networks: BTreeMap<String, String>,
    /// Names of the volumes mounted, the anonymous ones too.
    pub volumes: Vec<String>,
    pub created_at: Option<Timestamp>,
    /// Start of the current or the last run; `None` if it never ran.
    pub started_at: Option<Timestamp>,
    /// Exit code of the last run; `None` while it runs or if it never ran.
    pub exit_code: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Created,
    Running,
    Paused,
    Restarting,
    Removing,
    Exited,
    Dead,
}

impl fmt::Display for State {
    /// Docker's own word: `running`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Removing => "removing",
            Self::Exited => "exited",
            Self::Dead => "dead",
        })
    }
}

impl Docker {
    /// The container of that name or id, if there is one.
    pub async fn find_container(&self, name: &str) -> Result<Option<Container>> {
        let doing = format!("looking for container `{name}`");
        let inspect = async { found(self.api.inspect_container(name, None).await) };
        Ok(call(&doing, inspect).await?.map(Container::from))
    }

    /// Every container, running or not, that carries all `labels` (key and value; an empty value means any), by name.
    pub async fn list_containers(&self, labels: &[(&str, &str)]) -> Result<Vec<Container>> {
        let filters = HashMap::from([("label".to_owned(), label_filters(labels))]);
        let options = ListContainersOptionsBuilder::new()
            .all(true)
            .filters(&filters)
            .build();
        let listed = call(
            "listing containers",
            self.api.list_containers(Some(options)),
        )
        .await?;
        let ids: Vec<String> = listed.into_iter().filter_map(|c| c.id).collect();
        let inspected = try_join_all(ids.iter().map(|id| self.find_container(id))).await?;
        // A container may vanish between the two calls.
        let mut containers: Vec<Container> = inspected.into_iter().flatten().collect();
        containers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(containers)
    }

    /// Creates a container without starting it and returns its id; nothing if its name is taken, maybe by a request that
    /// the daemon is still at work on.
    pub async fn create_container(
        &self,
        name: &str,
        body: ContainerCreateBody,
    ) -> Result<Option<String>> {
        let options = CreateContainerOptionsBuilder::new().name(name).build();
        let created = async {
            match self.api.create_container(Some(options), body).await {
                Err(error) if has_status(&error, 409) => Ok(None),
                answer => Ok(Some(answer?.id)),
            }
        };
        call(&format!("creating container `{name}`"), created).await
    }

    /// Starts a container; one that runs already is left as it is.
    pub async fn start(&self, name: &str) -> Result<()> {
        let started = self.api.start_container(name, None);
        call(&format!("starting container `{name}`"), started).await
    }

    /// Asks a container to stop and kills it after `grace`.
    pub async fn stop(&self, name: &str, grace: Duration) -> Result<()> {
        let seconds = i32::try_from(grace.as_secs()).unwrap_or(i32::MAX);
        let options = StopContainerOptionsBuilder::new().t(seconds).build();
        let stopped = async { Ok(self.api.stop_container(name, Some(options)).await?) };
        let deadline = grace.saturating_add(REMOVE_DEADLINE);
        within(deadline, &format!("stopping container `{name}`"), stopped).await
    }

    pub async fn unpause(&self, name: &str) -> Result<()> {
        let unpaused = self.api.unpause_container(name);
        call(&format!("unpausing container `{name}`"), unpaused).await
    }

    /// Kills and removes a container with its anonymous volumes. One that is gone already is fine.
    pub async fn remove_container(&self, name: &str) -> Result<()> {
        let options = RemoveContainerOptionsBuilder::new()
            .force(true)
            .v(true)
            .build();
        let removed = async {
            match self.api.remove_container(name, Some(options)).await {
                Err(error) if has_status(&error, 404) => Ok(()),
                // Somebody else is removing it.
                Err(error) if has_status(&error, 409) => self.removed(name).await,
                answer => Ok(answer?),
            }
        };
        within(
            REMOVE_DEADLINE,
            &format!("removing container `{name}`"),
            removed,
        )
        .await
    }

    /// Waits until a container that somebody else removes is gone.
    pub async fn wait_removed(&self, name: &str, deadline: Duration) -> Result<()> {
        let doing = format!("waiting until container `{name}` is removed");
        within(deadline, &doing, self.removed(name)).await
    }

    async fn removed(&self, name: &str) -> Result<()> {
        let options = WaitContainerOptionsBuilder::new()
            .condition("removed")
            .build();
        let mut exits = self.api.wait_container(name, Some(options));
        match exits.try_next().await {
            // A non-zero exit code arrives as an error; the container is gone all the same.
            Ok(_) | Err(Error::DockerContainerWaitError { .. }) => Ok(()),
            Err(error) if has_status(&error, 404) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes an image `repository:tag` of a container's file system (volumes are not part of it) and returns its id.
    /// `changes` are Dockerfile instructions such as `ENTRYPOINT ["/x"]`. The container is paused meanwhile.
    pub async fn commit(&self, name: &str, image: &str, changes: &[&str]) -> Result<String> {
        let Some((repository, tag)) = image.rsplit_once(':') else {
            bail!("image name `{image}` has no tag");
        };
        let options = CommitContainerOptions {
            container: Some(name.to_owned()),
            repo: Some(repository.to_owned()),
            tag: Some(tag.to_owned()),
            changes: Some(changes.join("\n")),
            pause: true,
            ..CommitContainerOptions::default()
        };
        let commit = async {
            Ok(self
                .api
                .commit_container(options, ContainerConfig::default())
                .await?
                .id)
        };
        within(
            COMMIT_DEADLINE,
            &format!("committing container `{name}` to `{image}`"),
            commit,
        )
        .await
    }
}

impl Container {
    /// The host port that a container port is published on.
    pub fn published_port(&self, port: u16) -> Result<u16> {
        let published = self.ports.get(&port).map(|(_, host_port)| *host_port);
        published.with_context(|| {
            format!(
                "container `{}` ({:?}) does not publish port {port}",
                self.name, self.state
            )
        })
    }
}

impl From<ContainerInspectResponse> for Container {
    fn from(inspected: ContainerInspectResponse) -> Self {
        let config = inspected.config.unwrap_or_default();
        let state = inspected.state.unwrap_or_default();
        let network = inspected.network_settings.unwrap_or_default();
        let started_at = timestamp(state.started_at.as_deref());
        let state_name = State::from(state.status.unwrap_or(ContainerStateStatusEnum::CREATED));
        let at_rest = matches!(state_name, State::Exited | State::Dead);
        Self {
            id: inspected.id.unwrap_or_default(),
            name: inspected
                .name
                .unwrap_or_default()
                .trim_start_matches('/')
                .to_owned(),
            image: config.image.unwrap_or_default(),
            image_id: inspected.image.unwrap_or_default(),
            state: state_name,
            labels: config.labels.unwrap_or_default().into_iter().collect(),
            ports: published_ports(network.ports.clone().unwrap_or_default()),
            networks: addresses(network),
            volumes: volume_names(inspected.mounts.unwrap_or_default()),
            created_at: timestamp(inspected.created.as_deref()),
            started_at,
            exit_code: state.exit_code.filter(|_| at_rest),
        }
    }
}

impl From<ContainerStateStatusEnum> for State {
    fn from(status: ContainerStateStatusEnum) -> Self {
        match status {
            ContainerStateStatusEnum::CREATED | ContainerStateStatusEnum::EMPTY => Self::Created,
            ContainerStateStatusEnum::RUNNING | ContainerStateStatusEnum::STOPPING => Self::Running,
            ContainerStateStatusEnum::PAUSED => Self::Paused,
            ContainerStateStatusEnum::RESTARTING => Self::Restarting,
            ContainerStateStatusEnum::REMOVING => Self::Removing,
            ContainerStateStatusEnum::EXITED => Self::Exited,
            ContainerStateStatusEnum::DEAD => Self::Dead,
        }
    }
}

fn label_filters(labels: &[(&str, &str)]) -> Vec<String> {
    let filter = |(key, value): &(&str, &str)| match *value {
        "" => (*key).to_owned(),
        value => format!("{key}={value}"),
    };
    labels.iter().map(filter).collect()
}

/// Docker writes the year 1 for "never".
fn timestamp(text: Option<&str>) -> Option<Timestamp> {
    let time: Timestamp = text?.parse().ok()?;
    (time > Timestamp::UNIX_EPOCH).then_some(time)
}

fn published_ports(ports: PortMap) -> BTreeMap<u16, (String, u16)> {
    let published = ports.into_iter().filter_map(|(port, bindings)| {
        let port = port.strip_suffix("/tcp")?.parse().ok()?;
        let binding = bindings?.into_iter().next()?;
        let host_port = binding.host_port?.parse().ok()?;
        Some((port, (binding.host_ip.unwrap_or_default(), host_port)))
    });
    published.collect()
}

fn addresses(network: NetworkSettings) -> BTreeMap<String, String> {
    let networks = network.networks.unwrap_or_default().into_iter();
    networks
        .map(|(name, endpoint)| (name, endpoint.ip_address.unwrap_or_default()))
        .collect()
}

fn volume_names(mounts: Vec<MountPoint>) -> Vec<String> {
    let volumes = mounts
        .into_iter()
        .filter(|m| m.typ.as_deref() == Some("volume"));
    volumes.filter_map(|m| m.name).collect()
}
