//! ClickHouse: a table, and an insert from the files.
//!
//! Each line is taken as it is and then taken apart without a complaint: what does not fit its type
//! is null in its column and whole in `record`.

use super::{
    shape::Kind,
    table::{Table, Types},
};

/// The types of the columns.
const TYPES: Types = Types {
    int: "Nullable(Int64)",
    float: "Nullable(Float64)",
    bool: "Nullable(Bool)",
    text: "Nullable(String)",
    time: "Nullable(DateTime64(3, 'UTC'))",
    json: "Nullable(String)",
};

/// The types that a line is taken apart into.
const TAKEN: Types = Types { time: "Nullable(String)", ..TYPES };

pub(super) fn text(table: &Table) -> String {
    let name = &table.name;
    let columns = table.lines(|member| format!("  `{}` {},", member.name, TYPES.of(member.kind)));
    let key: Vec<String> = table.shape.key.iter().map(|member| format!("`{member}`")).collect();
    let taken = table.list(|member| format!("`{}` {}", member.name, TAKEN.of(member.kind)));
    let values = table.lines(|member| match (member.kind, member.name) {
        (Kind::Time, name) => format!("  parseDateTime64BestEffortOrNull(r.`{name}`, 3, 'UTC'),"),
        (_, name) => format!("  r.`{name}`,"),
    });
    // Two runs of the same text must not double the rows: the second finds the table there.
    format!(
        "create table `{name}` (\n{columns}  `record` String\n)\n\
         engine = MergeTree order by ({}) settings allow_nullable_key = 1;\n\n\
         insert into `{name}`\n\
         select\n{values}  line\n\
         from (\n  \
         select line, JSONExtract(line, {}) as r\n  \
         from file({}, 'LineAsString', 'line String'){}\n\
         );\n",
        key.join(", "),
        literal(&format!("Tuple({taken})")),
        literal(&table.files.glob()),
        match table.files.path() {
            Some(_) => String::new(),
            None =>
                format!("\n  where match(_file, {})", literal(&format!("^{}$", table.files.name()))),
        }
    )
}

pub(super) fn typed(_: &Table) -> Option<String> {
    Some(
        "clickhouse local takes it as it is; a server reads only files below its user_files_path"
            .to_owned(),
    )
}

/// A text as ClickHouse takes it, for which a backslash is special, too.
fn literal(text: &str) -> String {
    super::table::literal(&text.replace('\\', "\\\\"))
}
