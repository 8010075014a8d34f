//! BigQuery: the JSON schema of a table, and the `bq load` that goes with it.
//!
//! The only engine here that reads the members itself, so that there is no column for whole lines:
//! `--ignore_unknown_values` leaves out what is not known yet.

use super::table::{Table, Types};
use crate::shown::quoted;
use serde_json::{Value, json};

const TYPES: Types = Types {
    int: "INTEGER",
    float: "FLOAT",
    bool: "BOOLEAN",
    text: "STRING",
    time: "TIMESTAMP",
    json: "JSON",
};

pub(super) fn text(table: &Table) -> String {
    let column = |member: &super::shape::Member| json!({"name": member.name, "type": TYPES.of(member.kind), "mode": "NULLABLE"});
    let columns: Value = table.shape.members.iter().map(column).collect();
    format!("{columns:#}\n")
}

pub(super) fn typed(table: &Table) -> Option<String> {
    let (name, files) = (&table.name, &table.files);
    let load = |file: &str| {
        format!(
            "bq load --source_format=NEWLINE_DELIMITED_JSON --ignore_unknown_values \
             DATASET.{name} {file} {name}.schema.json"
        )
    };
    let load = match files.path() {
        Some(path) => load(&quoted(&path)),
        None => format!(
            "ls {} | grep -E {} | while read -r file; do {}; done",
            globbed(&files.glob()),
            quoted(&format!("(^|/){}$", files.name())),
            load("\"$file\"")
        ),
    };
    let unpack = match files.end_with(".zst") {
        true => " (BigQuery reads .gz, but no .zst: first zstd -d the files)",
        false => "",
    };
    Some(format!("save this as {name}.schema.json, then: {load}{unpack}"))
}

/// A pattern that a shell is to fill in: all but its stars is quoted.
fn globbed(glob: &str) -> String {
    let quoted = |part: &str| if part.is_empty() { String::new() } else { quoted(part) };
    glob.split('*').map(quoted).collect::<Vec<_>>().join("*")
}
