//! The engines, each with a row: what it is called, and what it can be told.

use super::{bigquery, clickhouse, duckdb, json_schema, snowflake, spark, table::Table};

/// How to speak to an engine. A new one is a file and a row.
#[derive(Debug)]
pub(crate) struct Dialect {
    pub(crate) name: &'static str,
    pub(crate) holds: Holds,
    pub(crate) tells: Tells,
    /// What the engine takes as it is.
    pub(super) text: fn(&Table) -> String,
    /// What else there is to type or to know.
    pub(super) typed: fn(&Table) -> Option<String>,
}

/// How many streams one text can be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    One,
    Many,
}

/// What a text tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tells {
    Records,
    /// Of the records, and how to read the files with them.
    Files,
}

pub(crate) static DIALECTS: &[Dialect] = &[
    Dialect {
        name: "json-schema",
        holds: Holds::One,
        tells: Tells::Records,
        text: json_schema::text,
        typed: |_| None,
    },
    Dialect {
        name: "duckdb",
        holds: Holds::Many,
        tells: Tells::Files,
        text: duckdb::text,
        typed: |_| None,
    },
    Dialect {
        name: "clickhouse",
        holds: Holds::Many,
        tells: Tells::Files,
        text: clickhouse::text,
        typed: clickhouse::typed,
    },
    Dialect {
        name: "bigquery",
        holds: Holds::One,
        tells: Tells::Files,
        text: bigquery::text,
        typed: bigquery::typed,
    },
    Dialect {
        name: "snowflake",
        holds: Holds::Many,
        tells: Tells::Files,
        text: snowflake::text,
        typed: snowflake::typed,
    },
    Dialect {
        name: "spark",
        holds: Holds::One,
        tells: Tells::Files,
        text: spark::text,
        typed: spark::typed,
    },
];

impl Dialect {
    pub(crate) fn named(name: &str) -> Option<&'static Dialect> {
        DIALECTS.iter().find(|dialect| dialect.name == name)
    }

    pub(crate) fn text(&self, table: &Table) -> String {
        (self.text)(table)
    }

    pub(crate) fn typed(&self, table: &Table) -> Option<String> {
        (self.typed)(table)
    }
}
