//! Spark: a DDL string, and the read that goes with it.
//!
//! Each line is read as text and then taken apart without a complaint: what does not fit its type is
//! null in its column and whole in `record`.

use super::table::{Table, Types};
use serde_json::Value;

const TYPES: Types = Types {
    int: "BIGINT",
    float: "DOUBLE",
    bool: "BOOLEAN",
    text: "STRING",
    time: "TIMESTAMP",
    json: "STRING",
};

pub(super) fn text(table: &Table) -> String {
    table.list(|member| format!("`{}` {}", member.name, TYPES.of(member.kind))) + "\n"
}

/// A line of Python. Literals of Python are those of JSON.
pub(super) fn typed(table: &Table) -> Option<String> {
    let (name, files) = (&table.name, &table.files);
    let own = match files.path() {
        Some(_) => String::new(),
        None => format!(".where(\"_metadata.file_name rlike '^{}$'\")", files.name()),
    };
    Some(format!(
        "save this as {name}.ddl, then: {name} = spark.read.text({}){own}\
         .selectExpr(f\"from_json(value, '{{open('{name}.ddl').read()}}') as r\", \"value as record\")\
         .select(\"r.*\", \"record\")",
        Value::from(files.glob())
    ))
}
