//! Reads JSON as a type of the schema: fields that the type does not have are dropped and noted, empty values that
//! count as none are left out, scalars get their canonical form.
//!
//! Built-in kinds are read as the real server reads them into structs: a value of a wrong type is a failure. Objects of
//! defined kinds keep wrong values, because validation reports those; only their `metadata` is read like a built-in.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{Field, OBJECT_META, Object, Scalar, Schemas, Type, TypeId, scalar};

/// What was met on the way.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    schemas: &'a Schemas,
    /// `unknown field "spec.foo"`, in the order of the document.
    pub problems: Vec<String>,
    /// The first value that cannot be what it should be.
    pub failure: Option<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(schemas: &'a Schemas) -> Self {
        Self {
            schemas,
            problems: Vec::new(),
            failure: None,
        }
    }

    /// `lenient`: an object of a defined kind.
    pub(super) fn read<'de, D: Deserializer<'de>>(
        &mut self,
        root: TypeId,
        lenient: bool,
        from: D,
    ) -> Result<Value, D::Error> {
        let position = Position {
            reader: self,
            of: Some(root),
            holder: root,
            lenient,
            path: &Path::Root,
        };
        position.deserialize(from)
    }

    /// Whether it is new.
    fn problem(&mut self, what: &str, path: &Path) -> bool {
        let problem = format!("{what} field \"{}\"", path.full());
        let new = !self.problems.contains(&problem);
        if new {
            self.problems.push(problem);
        }
        new
    }

    fn fail(&mut self, text: String) {
        self.failure.get_or_insert(text);
    }
}

/// The way from the root to a value; lives on the stack.
enum Path<'a> {
    Root,
    /// A field, and whether a Go decoder starts anew with it.
    Field(&'a Self, &'a str, bool),
    Key(&'a Self, &'a str),
    Index(&'a Self, usize),
}

impl Path<'_> {
    /// `spec.containers[0].name`
    fn full(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Field(parent, name, _) | Self::Key(parent, name) => {
                let parent = parent.full();
                let dot = if parent.is_empty() { "" } else { "." };
                format!("{parent}{dot}{name}")
            }
            Self::Index(parent, index) => format!("{}[{index}]", parent.full()),
        }
    }

    /// `.spec.containers.name`, as Go's decoder has it.
    fn fields(&self) -> String {
        match self {
            Self::Root | Self::Field(_, _, true) => String::new(),
            Self::Field(parent, name, false) => format!("{}.{name}", parent.fields()),
            Self::Key(parent, _) | Self::Index(parent, _) => parent.fields(),
        }
    }
}

/// Where a value is to be read, and as what.
struct Position<'r, 'a> {
    reader: &'r mut Reader<'a>,
    /// Nothing: the schema does not say.
    of: Option<TypeId>,
    /// The innermost type with fields.
    holder: TypeId,
    lenient: bool,
    path: &'r Path<'r>,
}

impl<'a> Position<'_, 'a> {
    fn known(&self) -> &'a Type {
        self.of.map_or(&Type::Any, |of| self.reader.schemas.get(of))
    }

    fn below<'s>(&'s mut self, of: Option<TypeId>, path: &'s Path<'s>) -> Position<'s, 'a> {
        Position {
            reader: self.reader,
            of,
            holder: self.holder,
            lenient: self.lenient,
            path,
        }
    }

    fn scalar(self, value: Value) -> Value {
        match self.known() {
            Type::Any => value,
            _ if self.lenient => value,
            Type::Scalar(of) => self.typed(*of, value),
            _ => self.mismatch(&value),
        }
    }

    fn typed(self, of: Scalar, value: Value) -> Value {
        let (schemas, id) = (self.reader.schemas, self.of);
        let named = |name: &str| id.is_some() && schemas.names.get(name).copied() == id;
        match scalar::read(of, named, value) {
            Ok(value) => value,
            Err(scalar::Failure::Type { found, wanted }) => self.wrong(&found, wanted),
            Err(scalar::Failure::Text(text)) => {
                self.reader.fail(text);
                Value::Null
            }
        }
    }

    fn mismatch(self, value: &Value) -> Value {
        let wanted = self.of.map(|of| go_name(self.reader.schemas, of));
        let wanted = wanted.unwrap_or_default();
        self.wrong(scalar::kind(value), &wanted)
    }

    fn wrong(self, found: &str, wanted: &str) -> Value {
        let holder = go_name(self.reader.schemas, self.holder);
        let holder = holder.rsplit('.').next().unwrap_or_default();
        let fields = self.path.fields();
        self.reader.fail(format!(
            "json: cannot unmarshal {found} into Go struct field {holder}{fields} of type {wanted}"
        ));
        Value::Null
    }

    fn object<'de, A: MapAccess<'de>>(
        mut self,
        object: &'a Object,
        mut map: A,
    ) -> Result<Value, A::Error> {
        self.holder = self.of.unwrap_or(self.holder);
        let mut read = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let meta = self.lenient && self.starts_metadata(&name, object);
            let path = Path::Field(self.path, &name, meta);
            let Some(field) = object.fields.get(&name) else {
                if object.open {
                    let value = map.next_value_seed(self.below(None, &path))?;
                    self.insert(&mut read, name, value);
                } else {
                    map.next_value::<IgnoredAny>()?;
                    // Without types, doubles are noticed before anything is pruned.
                    if !self.reader.problem("unknown", &path) && self.lenient {
                        self.reader.problem("duplicate", &path);
                    }
                }
                continue;
            };
            let mut position = self.below(Some(field.of), &path);
            position.lenient &= !meta;
            let value = map.next_value_seed(position)?;
            let keep = self.keeps(field, &value);
            if keep || read.contains_key(&name) {
                self.insert(&mut read, name, value);
            }
        }
        Ok(Value::Object(read))
    }

    /// The `metadata` of a whole object inside a defined kind.
    fn starts_metadata(&self, name: &str, object: &Object) -> bool {
        name == "metadata"
            && object
                .fields
                .get(name)
                .is_some_and(|field| self.reader.schemas.names.get(OBJECT_META) == Some(&field.of))
    }

    fn keeps(&self, field: &Field, value: &Value) -> bool {
        match value {
            Value::Null => self.lenient && field.nullable,
            value if field.omit_empty => !is_empty(value),
            _ => true,
        }
    }

    fn insert(&mut self, into: &mut Map<String, Value>, name: String, value: Value) {
        if into.contains_key(&name) {
            let path = Path::Field(self.path, &name, false);
            self.reader.problem("duplicate", &path);
        }
        // Go reads a second map or struct into the first one.
        match (into.get_mut(&name), value) {
            (Some(Value::Object(old)), Value::Object(new)) if !self.lenient => old.extend(new),
            (_, value) => drop(into.insert(name, value)),
        }
    }

    fn map<'de, A: MapAccess<'de>>(
        mut self,
        value: Option<TypeId>,
        mut map: A,
    ) -> Result<Value, A::Error> {
        let any = value.is_none_or(|value| *self.reader.schemas.get(value) == Type::Any);
        let mut read = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let path = Path::Key(self.path, &key);
            let item = map.next_value_seed(self.below(value, &path))?;
            match item {
                Value::Null if self.lenient && !any => {}
                item => {
                    let item = self.zero(value, item);
                    self.insert(&mut read, key, item);
                }
            }
        }
        Ok(Value::Object(read))
    }

    /// What Go makes of `null` in a list or a map.
    fn zero(&self, of: Option<TypeId>, value: Value) -> Value {
        if self.lenient || !value.is_null() {
            return value;
        }
        match of.map(|of| self.reader.schemas.get(of)) {
            Some(Type::Scalar(Scalar::String)) => "".into(),
            Some(Type::Object(_)) => Map::new().into(),
            _ => value,
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// `v1.PodSpec`, `[]v1.Container`, `map[string]string`.
fn go_name(schemas: &Schemas, of: TypeId) -> String {
    match schemas.get(of) {
        Type::List { item, .. } => format!("[]{}", go_name(schemas, *item)),
        Type::Map { value, .. } => format!("map[string]{}", go_name(schemas, *value)),
        Type::Scalar(Scalar::Boolean) => "bool".to_owned(),
        Type::Scalar(Scalar::Bytes) => "[]uint8".to_owned(),
        Type::Scalar(Scalar::Quantity) => "resource.Quantity".to_owned(),
        Type::Scalar(Scalar::IntOrString) => "intstr.IntOrString".to_owned(),
        _ => {
            let name = schemas.name_of(of).unwrap_or_default();
            let dot = name.rmatch_indices('.').nth(1);
            dot.map_or(name, |(at, _)| &name[at + 1..]).to_owned()
        }
    }
}

impl<'de> DeserializeSeed<'de> for Position<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Position<'_, '_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(self.scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(self.scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(self.scalar(value.into()))
    }

    /// Defined kinds are read without types, and there a whole number is an integer however it is written.
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        let whole = self.lenient && value.fract() == 0.0;
        let integer = whole.then(|| format!("{value:.0}").parse::<i64>().ok());
        let value = integer.flatten().map_or(value.into(), Value::from);
        Ok(self.scalar(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(self.scalar(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(self.scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        let item = match self.known() {
            Type::List { item, .. } => Some(*item),
            Type::Any => None,
            _ if self.lenient => None,
            _ => {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(self.mismatch(&Vec::<Value>::new().into()));
            }
        };
        let mut items = Vec::new();
        loop {
            let path = Path::Index(self.path, items.len());
            let Some(value) = seq.next_element_seed(self.below(item, &path))? else {
                return Ok(items.into());
            };
            items.push(self.zero(item, value));
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        match self.known() {
            Type::Object(object) => self.object(object, map),
            Type::Map { value, .. } => self.map(Some(*value), map),
            Type::Any => self.map(None, map),
            _ if self.lenient => self.map(None, map),
            _ => {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(self.mismatch(&Map::new().into()))
            }
        }
    }
}
