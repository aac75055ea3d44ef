//! Query parameters: read as the real server reads them, and checked. Pure.

use super::errors::{self, forbidden, unsupported};
use super::predicate::Predicate;
use super::{fields, labels};
use crate::sim::registry::{DeleteOptions, WriteOptions};
use crate::sim::resources::Resource;
use crate::sim::status::{Cause, Status};

/// The parameters in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

/// How a collection is to be read.
#[derive(Debug, Clone, Default)]
pub(super) struct ListOptions {
    pub predicate: Predicate,
    pub limit: Option<usize>,
    pub continue_token: String,
    /// Empty: not asked for.
    pub resource_version: String,
    /// `Exact`, `NotOlderThan` or empty.
    pub version_match: String,
    pub watch: bool,
    pub bookmarks: bool,
    pub timeout_seconds: Option<u64>,
    pub send_initial_events: Option<bool>,
}

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        Self(
            form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// Empty if it is not there.
    pub(super) fn first(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    fn find(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    fn all(&self, name: &str) -> Vec<&str> {
        let named = self.0.iter().filter(|(key, _)| key == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// Everything but `false` and `0` is true.
    fn flag(&self, name: &str) -> Option<bool> {
        self.find(name)
            .map(|value| !value.eq_ignore_ascii_case("false") && value != "0")
    }

    fn number(&self, name: &str) -> Result<Option<i64>, Status> {
        let Some(text) = self.find(name) else {
            return Ok(None);
        };
        let syntax = |_| {
            Status::bad_request(format!(
                "strconv.ParseInt: parsing \"{text}\": invalid syntax"
            ))
        };
        text.parse().map(Some).map_err(syntax)
    }
}

impl ListOptions {
    pub(super) fn parse(query: &Query, resource: &Resource) -> Result<Self, Status> {
        let limit = query
            .number("limit")?
            .and_then(|limit| usize::try_from(limit).ok());
        let timeout = query.number("timeoutSeconds")?;
        let labels =
            labels::Selector::parse(query.first("labelSelector")).map_err(Status::bad_request)?;
        let mut options = Self {
            predicate: Predicate::default(),
            limit: limit.filter(|limit| *limit > 0),
            continue_token: query.first("continue").to_owned(),
            resource_version: query.first("resourceVersion").to_owned(),
            version_match: query.first("resourceVersionMatch").to_owned(),
            watch: query.flag("watch").unwrap_or_default(),
            bookmarks: query.flag("allowWatchBookmarks").unwrap_or_default(),
            timeout_seconds: timeout
                .and_then(|seconds| u64::try_from(seconds).ok())
                .filter(|s| *s > 0),
            send_initial_events: query.flag("sendInitialEvents"),
        };
        let causes = if options.watch {
            options.wrong_for_watch()
        } else {
            options.wrong_for_list()
        };
        if !causes.is_empty() {
            return Err(errors::invalid_options("ListOptions", causes));
        }
        if options.goes_on() && !matches!(options.resource_version.as_str(), "" | "0") {
            let text = "specifying resource version is not allowed when using continue";
            return Err(Status::bad_request(text));
        }
        let fields = fields::Selector::parse(query.first("fieldSelector"), resource)
            .map_err(Status::bad_request)?;
        options.predicate = Predicate::new(labels, fields);
        Ok(options)
    }

    fn goes_on(&self) -> bool {
        !self.watch && !self.continue_token.is_empty()
    }

    fn wrong_for_list(&self) -> Vec<Cause> {
        const FIELD: &str = "resourceVersionMatch";
        let mut causes = Vec::new();
        let asked = self.version_match.as_str();
        if !asked.is_empty() {
            if self.resource_version.is_empty() {
                let text = "resourceVersionMatch is forbidden unless resourceVersion is provided";
                causes.push(forbidden(FIELD, text));
            }
            if !self.continue_token.is_empty() {
                let text = "resourceVersionMatch is forbidden when continue is provided";
                causes.push(forbidden(FIELD, text));
            }
            if !matches!(asked, "Exact" | "NotOlderThan") {
                let supported = "\"Exact\", \"NotOlderThan\", \"\"";
                causes.push(unsupported(FIELD, &format!("\"{asked}\""), supported));
            }
            if asked == "Exact" && self.resource_version == "0" {
                let text = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
                causes.push(forbidden(FIELD, text));
            }
        }
        if self.send_initial_events.is_some() {
            let text = "sendInitialEvents is forbidden for list";
            causes.push(forbidden("sendInitialEvents", text));
        }
        causes
    }

    fn wrong_for_watch(&self) -> Vec<Cause> {
        const FIELD: &str = "resourceVersionMatch";
        let mut causes = Vec::new();
        let asked = self.version_match.as_str();
        if self.send_initial_events.is_some() && asked != "NotOlderThan" {
            let text = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            causes.push(forbidden(FIELD, text));
        }
        if asked.is_empty() {
            return causes;
        }
        if self.send_initial_events.is_none() {
            let text =
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            causes.push(forbidden(FIELD, text));
        }
        if asked != "NotOlderThan" {
            causes.push(unsupported(
                FIELD,
                &format!("\"{asked}\""),
                "\"NotOlderThan\"",
            ));
        }
        if !self.continue_token.is_empty() {
            let text = "resourceVersionMatch is forbidden when continue is provided";
            causes.push(forbidden(FIELD, text));
        }
        causes
    }
}

/// Parameters of a write; `kind` is `CreateOptions`, `UpdateOptions` or `PatchOptions`. Without `fieldManager`, the
/// client's name is taken for it.
pub(super) fn write_options(
    query: &Query,
    kind: &str,
    user_agent: &str,
) -> Result<WriteOptions, Status> {
    let mut causes = wrong_manager(query.first("fieldManager"));
    causes.extend(wrong_dry_run(&query.all("dryRun")));
    let validation = query.first("fieldValidation");
    if !matches!(validation, "" | "Ignore" | "Strict" | "Warn") {
        let supported = "\"\", \"Ignore\", \"Strict\", \"Warn\"";
        causes.push(unsupported(
            "fieldValidation",
            &format!("\"{validation}\""),
            supported,
        ));
    }
    if !causes.is_empty() {
        return Err(errors::invalid_options(kind, causes));
    }
    Ok(WriteOptions {
        dry_run: !query.all("dryRun").is_empty(),
        field_validation: validation.to_owned(),
        field_manager: Some(query.first("fieldManager"))
            .filter(|manager| !manager.is_empty())
            .map_or_else(|| client_name(user_agent), str::to_owned),
        force: query.flag("force").unwrap_or_default(),
        ..WriteOptions::default()
    })
}

/// The same for a PATCH.
pub(super) fn patch_options(
    query: &Query,
    apply: bool,
    user_agent: &str,
) -> Result<WriteOptions, Status> {
    if apply && query.first("fieldManager").is_empty() {
        let text = "Required value: is required for apply patch";
        let cause = errors::cause("FieldValueRequired", "fieldManager", text);
        return Err(errors::invalid_options("PatchOptions", vec![cause]));
    }
    if !apply && query.flag("force").is_some() {
        let cause = forbidden("force", "may not be specified for non-apply patch");
        return Err(errors::invalid_options("PatchOptions", vec![cause]));
    }
    write_options(query, "PatchOptions", user_agent)
}

/// Parameters of a DELETE without a body.
pub(super) fn delete_options(query: &Query) -> Result<DeleteOptions, Status> {
    let dry_run = query.all("dryRun");
    check_dry_run(&dry_run)?;
    Ok(DeleteOptions {
        dry_run: !dry_run.is_empty(),
        grace_period_seconds: query.number("gracePeriodSeconds")?,
        propagation: query.find("propagationPolicy").map(str::to_owned),
        orphan_dependents: query.flag("orphanDependents"),
        uid: None,
        resource_version: None,
    })
}

/// Of one object: it is always the newest one that is shown, but what is asked for has to be a revision.
pub(super) fn check_revision(text: &str) -> Result<(), Status> {
    if text.is_empty() || text.parse::<u64>().is_ok() {
        return Ok(());
    }
    Err(Status::unclassified(format!(
        "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
    )))
}

/// For DELETE; the registry checks the rest of its options.
pub(super) fn check_dry_run(values: &[&str]) -> Result<(), Status> {
    match wrong_dry_run(values) {
        None => Ok(()),
        Some(cause) => Err(errors::invalid_options("DeleteOptions", vec![cause])),
    }
}

fn wrong_dry_run(values: &[&str]) -> Option<Cause> {
    let wrong = values.iter().any(|value| *value != "All");
    wrong.then(|| {
        let shown: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
        unsupported("dryRun", &format!("[{}]", shown.join(",")), "\"All\"")
    })
}

fn wrong_manager(manager: &str) -> Vec<Cause> {
    const MOST: usize = 128;
    const FIELD: &str = "fieldManager";
    let mut causes = Vec::new();
    if manager.len() > MOST {
        let text = format!("Too long: may not be more than {MOST} bytes");
        causes.push(errors::cause("FieldValueTooLong", FIELD, text));
    }
    for (at, letter) in manager
        .char_indices()
        .filter(|(_, letter)| letter.is_control())
    {
        let text = format!(
            "Invalid value: {manager:?}: invalid character U+{:04X} (at position {at})",
            u32::from(letter)
        );
        causes.push(errors::cause("FieldValueInvalid", FIELD, text));
    }
    causes
}

/// `kubectl/v1.34.4 (linux/amd64)` is `kubectl`.
fn client_name(user_agent: &str) -> String {
    let name = user_agent.split('/').next().unwrap_or_default();
    name.chars().filter(|c| !c.is_control()).take(128).collect()
}
