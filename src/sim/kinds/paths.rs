//! Paths in the tables of this room: `spec.containers[].ports|env`.

/// One field of a path; several names are alternatives that are all taken.
#[derive(Debug)]
pub(super) struct Step {
    pub names: Vec<&'static str>,
    /// All items of the list in it.
    pub each: bool,
}

/// `.` is the way to the object itself.
pub(super) fn steps(path: &'static str) -> Vec<Step> {
    if path == "." {
        return Vec::new();
    }
    path.split('.')
        .map(|step| Step {
            names: step.trim_end_matches("[]").split('|').collect(),
            each: step.ends_with("[]"),
        })
        .collect()
}
