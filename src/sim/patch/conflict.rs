//! Fields that an applier wants to change and that are somebody else's.

use super::super::status::{Cause, Details, Status};
use super::books::{Books, Entry};
use super::fields::{self, Set};

/// One field of another manager.
#[derive(Debug, Clone)]
pub(super) struct Conflict {
    /// As messages name it.
    manager: String,
    pub field: String,
}

/// What others own of the changed fields, manager by manager.
pub(super) fn find(others: &Books, changed: &Set) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    let mut others: Vec<&Entry> = others.0.iter().collect();
    others.sort_by_key(|entry| entry.identity());
    for other in others {
        for field in fields::paths(&fields::common(&other.fields, changed)) {
            conflicts.push(Conflict {
                manager: describe(other),
                field,
            });
        }
    }
    conflicts
}

fn describe(entry: &Entry) -> String {
    let manager = format!("{:?}", entry.manager);
    let subresource = match entry.subresource.as_str() {
        "" => String::new(),
        subresource => format!(" with subresource {subresource:?}"),
    };
    let version = if entry.applied {
        String::new()
    } else {
        format!(" using {}", entry.api_version)
    };
    manager + &subresource + &version
}

/// Status 409.
pub(super) fn status(conflicts: Vec<Conflict>) -> Status {
    let message = match &conflicts[..] {
        [one] => format!(
            "Apply failed with 1 conflict: conflict with {}: {}",
            one.manager, one.field
        ),
        _ => format!(
            "Apply failed with {} conflicts: {}",
            conflicts.len(),
            listed(&conflicts)
        ),
    };
    Status::failure(409, "Conflict", message).with_details(Details {
        causes: conflicts.into_iter().map(cause).collect(),
        ..Details::default()
    })
}

fn listed(conflicts: &[Conflict]) -> String {
    let mut lines = Vec::new();
    for of_one in conflicts.chunk_by(|one, other| one.manager == other.manager) {
        lines.push(format!("conflicts with {}:", of_one[0].manager));
        lines.extend(
            of_one
                .iter()
                .map(|conflict| format!("- {}", conflict.field)),
        );
    }
    lines.join("\n")
}

fn cause(conflict: Conflict) -> Cause {
    Cause {
        reason: "FieldManagerConflict".to_owned(),
        message: format!("conflict with {}", conflict.manager),
        field: conflict.field,
    }
}
