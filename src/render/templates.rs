//! The embedded templates of a substrate: those that all substrates share, and its overlay.

use anyhow::{Context as _, Result, ensure};
use include_dir::{Dir, include_dir};
use serde_json::Value;
use tera::{Context, Kwargs, State, Tera, TeraResult};

use crate::spec::Substrate;

static COMMON: Dir = include_dir!("$CARGO_MANIFEST_DIR/clusterapi");
static LOCAL: Dir = include_dir!("$CARGO_MANIFEST_DIR/overlays/local-capd");
static SIM: Dir = include_dir!("$CARGO_MANIFEST_DIR/overlays/sim");

pub(super) struct Templates {
    tera: Tera,
}

impl Templates {
    pub(super) fn of(substrate: Substrate) -> Result<Self> {
        Self::parse(embedded(substrate))
    }

    pub(super) fn parse<'a>(sources: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let mut tera = Tera::new();
        tera.autoescape_on(Vec::<&str>::new());
        tera.register_filter("json", json);
        tera.add_raw_templates(sources)
            .context("parsing the embedded templates")?;
        Ok(Self { tera })
    }

    pub(super) fn contains(&self, template: &str) -> bool {
        self.tera.get_template_names().any(|name| name == template)
    }

    /// The one object that a template makes of `values`. A variable that is not among them is an error.
    pub(super) fn object(&self, template: &str, values: &Value) -> Result<Value> {
        let context = || format!("rendering {template}");
        let values = Context::from_serialize(values).with_context(context)?;
        let text = self.tera.render(template, &values).with_context(context)?;
        let object: Value = serde_saphyr::from_str(&text).with_context(context)?;
        ensure!(
            object["metadata"]["name"].is_string(),
            "{template} made an object without a name"
        );
        Ok(object)
    }
}

/// Names and texts. An overlay adds `infrastructure.yaml`, `machine-template.yaml` and `node-registration.yaml`.
pub(super) fn embedded(substrate: Substrate) -> impl Iterator<Item = (&'static str, &'static str)> {
    let overlay = match substrate {
        Substrate::Local => &LOCAL,
        Substrate::Sim => &SIM,
    };
    COMMON
        .files()
        .chain(overlay.files())
        .filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?)))
}

/// Writes a value as JSON, which is YAML that no content can break out of.
fn json(value: &tera::Value, _: Kwargs, _: &State) -> TeraResult<String> {
    if value.is_undefined() {
        return Err(tera::Error::message("a value is missing"));
    }
    serde_json::to_string(value).map_err(|error| tera::Error::message(error.to_string()))
}
