//! Server-side apply.

use serde_json::{Value, json};

use super::super::resources::Resource;
use super::super::status::Status;
use super::books::{self, Books, Entry};
use super::conflict::{self, Conflict};
use super::fields::{self, Set};
use super::shape::Shapes;
use super::{Writer, compare, fieldset, merge, own, prune, resets, validate};

/// What `kubectl apply` without `--server-side` keeps of the configuration.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// See [`super::apply`].
pub(super) fn apply(
    current: Option<&Value>,
    applied: &Value,
    resource: &Resource,
    writer: &Writer,
    force: bool,
) -> Result<Value, Status> {
    check(applied, resource, writer)?;
    let mut live = current
        .cloned()
        .unwrap_or_else(|| json!({ "metadata": {} }));
    let mut books = Books::read(books::take_stored(&mut live), true)
        .ok_or_else(|| Status::unclassified("failed to decode managed fields"))?;
    books.follow_schema(resource);
    if books.0.is_empty() && current.is_some() {
        let first = Writer {
            manager: "before-first-apply".to_owned(),
            ..writer.clone()
        };
        own::book(&mut books, None, &live, resource, &first);
    }
    let request = Request {
        resource,
        writer,
        shapes: Shapes::of(resource),
        live: &live,
        applied,
    };
    let (mut object, books) = request.perform(books, force)?;
    if writer.manager == "kubectl" {
        keep_last_applied(&mut object, applied);
    }
    books.put(&mut object);
    Ok(object)
}

/// What must be true of the configuration by itself.
fn check(applied: &Value, resource: &Resource, writer: &Writer) -> Result<(), Status> {
    let text = |name: &str| applied[name].as_str().unwrap_or_default();
    if text("apiVersion") != writer.api_version || text("kind") != &*resource.kind {
        return Err(Status::bad_request(format!(
            "invalid object type: {}",
            validate::kind(applied)
        )));
    }
    if applied["metadata"]["managedFields"].is_array() {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    validate::configuration(Shapes::of(resource), applied).map_err(Status::unclassified)
}

struct Request<'a> {
    resource: &'a Resource,
    writer: &'a Writer,
    shapes: Shapes<'a>,
    live: &'a Value,
    applied: &'a Value,
}

impl Request<'_> {
    /// The object without its books, and the books.
    fn perform(&self, books: Books, force: bool) -> Result<(Value, Books), Status> {
        match self.attempt(books.clone(), force) {
            Ok(done) => Ok(done),
            Err(conflicts) => {
                let conflicts = self.serious(conflicts);
                if conflicts.is_empty() {
                    self.attempt(books, true).map_err(conflict::status)
                } else {
                    Err(conflict::status(conflicts))
                }
            }
        }
    }

    fn attempt(&self, mut books: Books, force: bool) -> Result<(Value, Books), Vec<Conflict>> {
        let unwritable = resets::unwritable(self.resource, self.writer);
        let mut mine = fieldset::mentioned(self.shapes, self.applied);
        fields::subtract_trees(&mut mine, &unwritable);

        let mut entry = Entry::new(self.writer, true, mine);
        let last = books.remove(&entry);
        let object = self.merged(&books, &entry.fields, last.as_ref());

        let difference = compare::objects(self.shapes, self.live, &object);
        let difference = own::writable(difference, &unwritable);
        let conflicts = conflict::find(&books, &difference.changed);
        if !force && !conflicts.is_empty() {
            return Err(conflicts);
        }
        books.take_away(&difference);
        fields::subtract(&mut entry.fields, &resets::IDENTITY);
        if object == *self.live {
            entry.time = last.and_then(|last| last.time);
        }
        books.0.push(entry);
        books.drop_empty();
        Ok((object, books))
    }

    /// The configuration over the live object, less what this applier has dropped and nobody else owns.
    fn merged(&self, others: &Books, mine: &Set, last: Option<&Entry>) -> Value {
        let merged = merge::objects(self.shapes, self.live, self.applied);
        match last {
            Some(last) if !last.fields.is_empty() => {
                let mut owned = mine.clone();
                for other in &others.0 {
                    fields::add(&mut owned, other.fields.clone());
                }
                prune::prune(self.shapes, &merged, &last.fields, &owned)
            }
            _ => merged,
        }
    }

    /// Conflicts with what `kubectl apply` itself wrote before it went over to server-side apply do not count.
    fn serious(&self, conflicts: Vec<Conflict>) -> Vec<Conflict> {
        if self.writer.manager != "kubectl" {
            return conflicts;
        }
        let Some(allowed) = self.applied_by_client() else {
            return conflicts;
        };
        let known = fields::paths(&allowed);
        conflicts
            .into_iter()
            .filter(|conflict| !known.contains(&conflict.field))
            .collect()
    }

    /// Fields of the last client-side apply that still have the value that it gave them.
    fn applied_by_client(&self) -> Option<Set> {
        let text = self.live["metadata"]["annotations"][LAST_APPLIED].as_str()?;
        let last: Value = serde_json::from_str(text).ok()?;
        if last["apiVersion"] != self.writer.api_version.as_str() {
            return None;
        }
        let mut same = fieldset::mentioned(self.shapes, &last);
        let difference = compare::objects(self.shapes, &last, self.live);
        fields::subtract(&mut same, &difference.changed);
        fields::subtract(&mut same, &difference.removed);
        Some(same)
    }
}

/// Keeps the annotation of client-side apply up to date where there is one, so that one can go back to it.
fn keep_last_applied(object: &mut Value, applied: &Value) {
    let Some(Value::String(text)) = object.pointer_mut(&format!(
        "/metadata/annotations/{}",
        LAST_APPLIED.replace('/', "~1")
    )) else {
        return;
    };
    if text.is_empty() {
        return;
    }
    let mut configuration = applied.clone();
    if let Some(Value::Object(annotations)) = configuration.pointer_mut("/metadata/annotations") {
        annotations.remove(LAST_APPLIED);
        if annotations.is_empty()
            && let Some(Value::Object(metadata)) = configuration.get_mut("metadata")
        {
            metadata.remove("annotations");
        }
    }
    *text = format!("{configuration}\n");
}
