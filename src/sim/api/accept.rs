//! What a client wants to see, from its `Accept` header. Pure.

#[cfg(test)]
mod tests;

use super::errors;
use crate::sim::status::Status;

/// How an answer is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accept {
    pub form: Form,
    pub yaml: bool,
    /// `g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`: all groups in one document.
    pub aggregated: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Object,
    Table,
    /// `PartialObjectMetadata`.
    Metadata,
    /// `PartialObjectMetadataList`.
    MetadataList,
}

/// One media type of the header.
struct Clause<'a> {
    media_type: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    quality: f32,
}

impl Accept {
    /// The first media type that can be served, by falling quality.
    pub(super) fn parse(header: &str) -> Result<Self, Status> {
        if header.trim().is_empty() {
            return Ok(Self::JSON);
        }
        let mut clauses: Vec<Clause<'_>> = header.split(',').map(Clause::parse).collect();
        clauses.sort_by(|a, b| b.quality.total_cmp(&a.quality));
        let known = clauses.iter().any(|clause| clause.is_yaml().is_some());
        clauses.iter().find_map(Clause::accept).ok_or_else(|| {
            if known {
                errors::no_conversion()
            } else {
                errors::no_representation()
            }
        })
    }

    /// Whole objects as JSON.
    pub(super) const JSON: Self = Self {
        form: Form::Object,
        yaml: false,
        aggregated: false,
    };

    /// The value of `Content-Type`.
    pub(super) fn content_type(self) -> &'static str {
        if self.yaml {
            "application/yaml"
        } else {
            "application/json"
        }
    }
}

impl<'a> Clause<'a> {
    fn parse(text: &'a str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let parameters: Vec<_> = parts.filter_map(|part| part.split_once('=')).collect();
        let quality = parameters.iter().find(|(name, _)| *name == "q");
        Self {
            media_type,
            quality: quality
                .and_then(|(_, value)| value.parse().ok())
                .unwrap_or(1.0),
            parameters,
        }
    }

    fn parameter(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| *value).unwrap_or_default()
    }

    /// Nothing: it is neither JSON nor YAML.
    fn is_yaml(&self) -> Option<bool> {
        match self.media_type {
            "application/json" | "*/*" => Some(false),
            "application/yaml" => Some(true),
            _ => None,
        }
    }

    fn accept(&self) -> Option<Accept> {
        let plain = Accept {
            yaml: self.is_yaml()?,
            ..Accept::JSON
        };
        let (group, version) = (self.parameter("g"), self.parameter("v"));
        let form = match (self.parameter("as"), group, version) {
            ("", _, _) => Form::Object,
            ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2") => {
                return Some(Accept {
                    aggregated: true,
                    ..plain
                });
            }
            ("Table", "meta.k8s.io", "v1") => Form::Table,
            ("PartialObjectMetadata", "meta.k8s.io", "v1") => Form::Metadata,
            ("PartialObjectMetadataList", "meta.k8s.io", "v1") => Form::MetadataList,
            _ => return None,
        };
        Some(Accept { form, ..plain })
    }
}
