//! DuckDB: a view over the files, and one of the latest version of each record.
//!
//! Each line is read as one JSON value and then taken apart without a complaint: what does not fit
//! its type is null in its column and whole in `record`.

use super::table::{Table, Types, literal};
use serde_json::{Map, Value};

const TYPES: Types = Types {
    int: "BIGINT",
    float: "DOUBLE",
    bool: "BOOLEAN",
    text: "VARCHAR",
    // In UTC. A time with a zone would need an extension.
    time: "TIMESTAMP",
    json: "JSON",
};

pub(super) fn text(table: &Table) -> String {
    let (name, shape) = (&table.name, table.shape);
    let columns = table.lines(|member| format!("  r.\"{}\",", member.name));
    let types: Map<String, Value> = (shape.members.iter())
        .map(|member| (member.name.to_owned(), TYPES.of(member.kind).into()))
        .collect();
    let types = literal(&Value::Object(types).to_string());
    let key: Vec<String> = shape.key.iter().map(|member| format!("\"{member}\"")).collect();
    let later = shape.change.map(|member| format!("\"{member}\" desc nulls last, "));
    format!(
        "create or replace view \"{name}\" as\n\
         select\n{columns}  record\n\
         from (\n  \
         select json as record, json_transform(json, {types}) as r\n  \
         from {}\n\
         );\n\n\
         create or replace view \"{name}_latest\" as\n\
         select * exclude (zdx_line)\n\
         from (select *, row_number() over () as zdx_line from \"{name}\")\n\
         qualify row_number() over (partition by {} order by {}zdx_line desc) = 1;\n",
        lines(table),
        key.join(", "),
        later.unwrap_or_default(),
    )
}

/// The lines of the files, those of the first file first: files come in the order of their names.
fn lines(table: &Table) -> String {
    let files = &table.files;
    match files.path() {
        Some(path) => format!("read_ndjson_objects({})", literal(&path)),
        None => format!(
            "read_ndjson_objects({}, filename = true)\n  \
             where regexp_matches(filename, {})",
            literal(&files.glob()),
            literal(&format!("(^|[/\\\\]){}$", files.name()))
        ),
    }
}
