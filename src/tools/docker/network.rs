//! Networks, made as kind makes them: whoever comes first, kind, Cluster API's Docker provider or we, the others find
//! the network that they would have made themselves.

use std::collections::HashMap;

use anyhow::{Result, bail};
use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};

use super::{Docker, call, found, has_status};

const MTU_OPTION: &str = "com.docker.network.driver.mtu";
const MASQUERADE_OPTION: &str = "com.docker.network.bridge.enable_ip_masquerade";

/// The IPv6 subnets that kind tries in turn for its network (unique local addresses hashed from the name `kind`).
const IPV6_SUBNETS: [&str; 5] = [
    "fc00:f853:ccd:e793::/64",
    "fc00:8866:27d0:bd7e::/64",
    "fc00:ddd9:fcae:c61c::/64",
    "fc00:aa7c:42e1:abd3::/64",
    "fc00:3131:6ea8:d73a::/64",
];

impl Docker {
    /// Makes the network, with these labels, if it is missing; `true` means that this call made it.
    ///
    /// It is a bridge with masquerading, the MTU of Docker's default bridge and an IPv6 subnet where the daemon can.
    pub async fn ensure_network(&self, name: &str, labels: &[(&str, &str)]) -> Result<bool> {
        if self.find_network(name).await?.is_some() {
            return Ok(false);
        }
        let mtu = self.default_mtu().await?;
        for subnet in IPV6_SUBNETS {
            match self
                .create_network(request(name, labels, mtu.as_deref(), Some(subnet)))
                .await?
            {
                Creation::Done => return Ok(true),
                Creation::Exists => return Ok(false),
                Creation::Overlap if self.find_network(name).await?.is_some() => return Ok(false),
                Creation::Overlap => {}
                Creation::NoIpv6 => break,
            }
        }
        match self
            .create_network(request(name, labels, mtu.as_deref(), None))
            .await?
        {
            Creation::Done => Ok(true),
            Creation::Exists => Ok(false),
            Creation::Overlap | Creation::NoIpv6 => bail!("no free subnet for network `{name}`"),
        }
    }

    /// Labels of the network, or `None` if there is none of that name.
    pub async fn network_labels(&self, name: &str) -> Result<Option<HashMap<String, String>>> {
        let network = self.find_network(name).await?;
        Ok(network.map(|network| network.labels.unwrap_or_default()))
    }

    /// Removes a network. One that is gone already is fine; one in use is an error.
    pub async fn remove_network(&self, name: &str) -> Result<()> {
        let removed = async { found(self.api.remove_network(name).await) };
        call(&format!("removing network `{name}`"), removed).await?;
        Ok(())
    }

    /// Subnets of a network as CIDR; none if there is no such network.
    pub async fn network_subnets(&self, name: &str) -> Result<Vec<String>> {
        let network = self.find_network(name).await?;
        let ranges = network.and_then(|n| n.ipam).and_then(|ipam| ipam.config);
        Ok(ranges
            .into_iter()
            .flatten()
            .filter_map(|range| range.subnet)
            .collect())
    }

    async fn find_network(&self, name: &str) -> Result<Option<bollard::models::NetworkInspect>> {
        let inspect = async { found(self.api.inspect_network(name, None).await) };
        call(&format!("looking for network `{name}`"), inspect).await
    }

    /// MTU that the daemon is configured with, if any.
    async fn default_mtu(&self) -> Result<Option<String>> {
        let bridge = self.find_network("bridge").await?;
        Ok(bridge
            .and_then(|b| b.options)
            .and_then(|mut options| options.remove(MTU_OPTION)))
    }

    async fn create_network(&self, request: NetworkCreateRequest) -> Result<Creation> {
        let doing = format!("creating network `{}`", request.name);
        let created = async {
            match self.api.create_network(request).await {
                Ok(_) => Ok(Creation::Done),
                Err(error) => expected(&error).ok_or(error),
            }
        };
        call(&doing, created).await
    }
}

/// What can come of creating a network, other than a real error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Creation {
    Done,
    /// Somebody else was faster.
    Exists,
    /// Another network has these addresses.
    Overlap,
    /// The daemon or its kernel has no IPv6.
    NoIpv6,
}

/// Docker tells these apart by text alone, as kind reads them.
fn expected(error: &bollard::errors::Error) -> Option<Creation> {
    let text = error.to_string();
    let says = |words: &str| text.contains(words);
    if has_status(error, 409) || says("already exists") {
        Some(Creation::Exists)
    } else if says("Pool overlaps with other one") || says("networks have overlapping") {
        Some(Creation::Overlap)
    } else if says("Cannot read IPv6 setup") || says("ip6tables") {
        Some(Creation::NoIpv6)
    } else {
        None
    }
}

fn request(
    name: &str,
    labels: &[(&str, &str)],
    mtu: Option<&str>,
    ipv6_subnet: Option<&str>,
) -> NetworkCreateRequest {
    let mut options = HashMap::from([(MASQUERADE_OPTION.to_owned(), "true".to_owned())]);
    if let Some(mtu) = mtu {
        options.insert(MTU_OPTION.to_owned(), mtu.to_owned());
    }
    let pool = |subnet: &str| IpamConfig {
        subnet: Some(subnet.to_owned()),
        ..IpamConfig::default()
    };
    NetworkCreateRequest {
        name: name.to_owned(),
        labels: Some(
            labels
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        ),
        driver: Some("bridge".to_owned()),
        enable_ipv6: Some(ipv6_subnet.is_some()),
        ipam: ipv6_subnet.map(|subnet| Ipam {
            config: Some(vec![pool(subnet)]),
            ..Ipam::default()
        }),
        options: Some(options),
        ..NetworkCreateRequest::default()
    }
}
