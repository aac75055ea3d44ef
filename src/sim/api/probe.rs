//! Reads a few scalar fields out of JSON text without building the rest of the object. Pure.

#[cfg(test)]
mod tests;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The values at `paths`, as text. Absent ones, `null`, objects and lists are `None`.
pub(super) fn scalars(json: &[u8], paths: &[&[String]]) -> Vec<Option<String>> {
    let mut found = vec![None; paths.len()];
    let wanted: Vec<Wanted> = paths
        .iter()
        .enumerate()
        .map(|(at, path)| Wanted { at, path })
        .collect();
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let level = Level {
        wanted,
        found: &mut found,
    };
    // What is stored is JSON; of anything else, what was found up to the damage counts.
    drop(level.deserialize(&mut deserializer));
    found
}

/// What is still to be found below the current place.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    at: usize,
    path: &'a [String],
}

/// One level of the object.
struct Level<'a, 'b> {
    wanted: Vec<Wanted<'a>>,
    found: &'b mut [Option<String>],
}

impl Level<'_, '_> {
    fn keep(&mut self, value: &impl ToString) {
        for wanted in &self.wanted {
            if wanted.path.is_empty() {
                self.found[wanted.at] = Some(value.to_string());
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Key)? {
            let below = |wanted: &Wanted<'_>| {
                wanted
                    .path
                    .first()
                    .is_some_and(|first| key == first.as_str())
            };
            if !self.wanted.iter().any(below) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let wanted = self.wanted.iter().filter(|wanted| below(wanted));
            let wanted = wanted
                .map(|wanted| Wanted {
                    at: wanted.at,
                    path: &wanted.path[1..],
                })
                .collect();
            map.next_value_seed(Level {
                wanted,
                found: &mut *self.found,
            })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E: Error>(mut self, value: &str) -> Result<(), E> {
        self.keep(&value);
        Ok(())
    }

    fn visit_bool<E: Error>(mut self, value: bool) -> Result<(), E> {
        self.keep(&value);
        Ok(())
    }

    fn visit_i64<E: Error>(mut self, value: i64) -> Result<(), E> {
        self.keep(&value);
        Ok(())
    }

    fn visit_u64<E: Error>(mut self, value: u64) -> Result<(), E> {
        self.keep(&value);
        Ok(())
    }

    fn visit_f64<E: Error>(mut self, value: f64) -> Result<(), E> {
        self.keep(&value);
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A key of an object: borrowed from the text unless it has escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = std::borrow::Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = std::borrow::Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(key.into())
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(key.to_owned().into())
    }
}
