//! Rules for single values. Each error is the end of a sentence that begins with the field's name.

use std::ops::RangeInclusive;

use ipnet::Ipv4Net;

/// Of a platform's name: `NAME-mgmt-control-plane` is a host name and must stay under 63 characters.
const MAX_NAME: usize = 40;

/// Of a pool's name: `PLATFORM-POOL` is a label's value. Cluster API itself shortens the names of the machines.
const MAX_POOL_NAME: usize = 20;

/// The name of a platform.
pub(super) fn platform_name(text: &str) -> Result<String, String> {
    dns_label(text, MAX_NAME)?;
    match text.strip_suffix("-mgmt") {
        Some(other) => Err(format!(
            "`{text}` must not end in -mgmt; it is the name of the infra cluster of a platform `{other}`"
        )),
        None => Ok(text.to_owned()),
    }
}

/// The name of a pool.
pub(super) fn pool_name(text: &str) -> Result<String, String> {
    dns_label(text, MAX_POOL_NAME)?;
    match text {
        "control-plane" => {
            Err("`control-plane` is not a pool of workers; choose another name".into())
        }
        _ => Ok(text.to_owned()),
    }
}

fn dns_label(text: &str, max: usize) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
    if !begins || text.ends_with('-') || !text.chars().all(allowed) {
        return Err(format!(
            "`{text}` is not a name; expected lower-case letters, digits and `-`, first a letter, last no `-`"
        ));
    }
    if text.len() > max {
        return Err(format!(
            "`{text}` has {} characters; at most {max} are possible",
            text.len()
        ));
    }
    Ok(())
}

/// Addresses of pods. Every node takes a /24 of it, and kubeadm allows 16 bits for the number of nodes.
pub(super) fn pod_range(text: &str) -> Result<Ipv4Net, String> {
    range(text, 8..=24)
}

/// Addresses of services. The API server takes at most 20 bits, kubeadm wants at least ten addresses.
pub(super) fn service_range(text: &str) -> Result<Ipv4Net, String> {
    range(text, 12..=28)
}

fn range(text: &str, prefix: RangeInclusive<u8>) -> Result<Ipv4Net, String> {
    let range: Ipv4Net = text.parse().map_err(|_| {
        format!("`{text}` is not a range of IPv4 addresses; expected one such as 10.244.0.0/16")
    })?;
    if range.addr() != range.network() {
        return Err(format!(
            "`{text}` has bits beyond its prefix; did you mean {}?",
            range.trunc()
        ));
    }
    if !prefix.contains(&range.prefix_len()) {
        let (widest, narrowest) = (prefix.start(), prefix.end());
        return Err(format!(
            "`{text}` is out of bounds; its prefix must be /{widest} to /{narrowest}"
        ));
    }
    Ok(range)
}

/// A node image: a familiar name with a tag.
///
/// Cluster API's Docker provider looks the name up in Docker's list of images, where a digest or a name that begins
/// with `docker.io/` is never found, so that it would go to the registry every time.
pub(super) fn image(text: &str) -> Result<String, String> {
    if text.contains('@') {
        return Err(format!(
            "`{text}` has a digest, which is never found among loaded images; name it by its tag alone"
        ));
    }
    if let Some(familiar) = text.strip_prefix("docker.io/") {
        let familiar = familiar.strip_prefix("library/").unwrap_or(familiar);
        return Err(format!(
            "`{text}` is not as Docker lists it; write {familiar}"
        ));
    }
    let (repository, tag) =
        split_image(text).ok_or_else(|| format!("`{text}` has no tag; expected NAME:TAG"))?;
    let in_name = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
    let in_tag = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if repository.is_empty()
        || !repository.chars().all(in_name)
        || tag.is_empty()
        || !tag.chars().all(in_tag)
    {
        return Err(format!(
            "`{text}` is not the name of an image; expected NAME:TAG"
        ));
    }
    Ok(text.to_owned())
}

/// The load balancer's image: the Docker provider is told its repository and tag and adds `haproxy` itself.
pub(super) fn load_balancer_image(text: &str) -> Result<String, String> {
    let image = image(text)?;
    match split_image(&image) {
        Some((name, _)) if name.ends_with("/haproxy") => Ok(image),
        _ => Err(format!("`{text}` must be named REPOSITORY/haproxy:TAG")),
    }
}

/// Name and tag; the colon of a registry's port is none of a tag.
fn split_image(text: &str) -> Option<(&str, &str)> {
    text.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'))
}

/// Where a manifest comes from; a path would leave open what it is relative to.
pub(super) fn manifest_url(text: &str) -> Result<String, String> {
    if text.starts_with("https://") || text.starts_with("file:///") {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{text}` is not a URL; expected https:// or file:///"
    ))
}

/// SHA-256 in lower-case hex.
pub(super) fn sha256(text: &str) -> Result<String, String> {
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    if text.len() == 64 && text.chars().all(hex) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{text}` is not a SHA-256; expected 64 lower-case hexadecimal digits"
    ))
}
