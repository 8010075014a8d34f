//! Snowflake: a table, and a copy into it from the user's own stage.
//!
//! Each line is taken as one VARIANT and then taken apart without a complaint: what does not fit its
//! type is null in its column and whole in `record`. Files that were copied are not copied again.

use super::{
    shape::{Kind, Member},
    table::{Table, Types, literal},
};

const TYPES: Types = Types {
    int: "number(38, 0)",
    float: "double",
    bool: "boolean",
    text: "varchar",
    time: "timestamp_tz",
    json: "variant",
};

pub(super) fn text(table: &Table) -> String {
    let name = &table.name;
    let columns =
        table.lines(|member| format!("  {} {},", identifier(member.name), TYPES.of(member.kind)));
    let names = table.list(|member| identifier(member.name));
    let values = table.lines(|member| format!("    {},", value(member)));
    format!(
        "create table if not exists {name} (\n{columns}  record variant\n);\n\n\
         copy into {name} ({names}, record)\n\
         from (\n  select\n{values}    $1\n  from {}\n)\n\
         file_format = (type = json)\n\
         pattern = {};\n",
        stage(table),
        literal(&format!(".*/{}([.]gz)?", table.files.name())),
    )
}

/// What is read of a member.
fn value(member: &Member) -> String {
    let read = format!("$1:\"{}\"", member.name);
    match member.kind {
        Kind::Int => format!("try_to_number({read}::varchar, 38, 0)"),
        Kind::Float => format!("try_to_double({read}::varchar)"),
        Kind::Bool => format!("try_to_boolean({read}::varchar)"),
        Kind::Text => format!("{read}::varchar"),
        Kind::Time => format!("try_to_timestamp_tz({read}::varchar)"),
        Kind::Object | Kind::List | Kind::Mixed => read,
    }
}

/// Unquoted, so that it need not be quoted in queries; where the word is one of SQL's own, quoted in
/// the capitals that an unquoted one stands for.
fn identifier(name: &str) -> String {
    match name {
        "default" | "position" | "primary" | "filter" => format!("\"{}\"", name.to_uppercase()),
        name => name.to_owned(),
    }
}

/// A table's own stage would not do: what comes from there cannot be taken apart on its way.
fn stage(table: &Table) -> String {
    format!("@~/zdx/{}/", table.name)
}

/// A put takes files by their names alone, which those of different runs must not share.
pub(super) fn typed(table: &Table) -> Option<String> {
    let put = |path: &str, below: &str| {
        format!("put {} {}{below};", literal(&format!("file://{path}")), stage(table))
    };
    Some(match table.files.directories() {
        None => format!("first: {}", put(&table.files.glob(), "")),
        Some((all, name)) => {
            let one = put(&format!("DIR/{name}"), "DIR/");
            format!("first, for each directory DIR of {all}: {one}")
        }
    })
}
