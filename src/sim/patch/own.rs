//! Booking writes that were not applies.

use serde_json::Value;

use super::super::resources::Resource;
use super::books::{Books, Entry};
use super::compare::{self, Difference};
use super::fields::{self, Set};
use super::shape::Shapes;
use super::{Writer, resets, zero};

/// See [`super::own`].
pub(super) fn own(before: Option<&Value>, after: &mut Value, resource: &Resource, writer: &Writer) {
    let mut books = Books::take(before, after, !writer.subresource.is_empty());
    // An object that nobody keeps books of gets some with the first apply, not before.
    if books.0.is_empty() && before.is_some() {
        return;
    }
    book(&mut books, before, after, resource, writer);
    books.cap_updaters();
    books.put(after);
}

/// Makes the writer the owner of all that differs.
pub(super) fn book(
    books: &mut Books,
    before: Option<&Value>,
    after: &Value,
    resource: &Resource,
    writer: &Writer,
) {
    let shapes = Shapes::of(resource);
    books.follow_schema(resource);
    let difference = match before {
        Some(before) => compare::objects(shapes, before, after),
        None => compare::objects(shapes, &zero::object(resource), after),
    };
    let mut difference = writable(difference, &resets::unwritable(resource, writer));
    books.take_away(&difference);
    fields::subtract(&mut difference.changed, &resets::IDENTITY);
    books.give(Entry::new(writer, false, difference.changed));
    books.drop_empty();
}

/// The difference without fields that the request cannot write.
pub(super) fn writable(mut difference: Difference, unwritable: &Set) -> Difference {
    fields::subtract_trees(&mut difference.changed, unwritable);
    fields::subtract_trees(&mut difference.removed, unwritable);
    difference
}
