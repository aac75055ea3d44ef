use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::args::Target;
use crate::render;
use crate::ui::Ui;
use crate::ui::output::{self, Format};
use crate::ui::table::table;

/// Print the app cluster's Cluster API objects as `up` would apply them
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra render local
  bex-infra render -f platform.yaml -o json")]
pub(super) struct Render {
    #[command(flatten)]
    target: Target,
    /// Number of workers
    #[arg(long, value_name = "N", conflicts_with = "file")]
    workers: Option<u32>,
}

impl Render {
    pub(super) fn run(self, ui: &Ui) -> Result<()> {
        let platform = self.target.platform(self.workers)?.platform;
        let objects = render::app_cluster(&platform)?;
        let objects: Vec<Value> = objects
            .into_iter()
            .map(|manifest| manifest.object)
            .collect();
        match ui.format {
            None | Some(Format::Yaml) => output::print(&documents(&objects)?),
            Some(Format::Json) => ui.data(
                &json!({"apiVersion": "v1", "kind": "List", "items": objects}),
                |_| String::new(),
            ),
            Some(Format::Table) => ui.data(&objects, |objects| list(objects.as_slice())),
        }
    }
}

/// One YAML document for each object, as kubectl reads them.
fn documents(objects: &[Value]) -> Result<String> {
    let documents = objects
        .iter()
        .map(|object| output::render(object, Format::Yaml, |_| String::new()));
    Ok(documents.collect::<Result<Vec<String>>>()?.join("---\n"))
}

fn list(objects: &[Value]) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = objects
        .iter()
        .map(|object| [text(&object["kind"]), text(&object["metadata"]["name"])]);
    table(["KIND", "NAME"], rows)
}
