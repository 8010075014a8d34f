//! What zdx knows of the records it writes, told in the language of the engine that is to read them.
//!
//! `shape` says what is known of a stream, `members` what that is for each; `files` where the files
//! are; and each engine has a file of its own, and a row in [`dialect::DIALECTS`]. Whatever is
//! declared here, an engine's text must take every line that zdx writes: a member of another type
//! than declared, or one that nobody has heard of, never costs a row.
//!
//! Pure. Must not know what was typed, nor whether a file is there.

mod bigquery;
mod clickhouse;
mod dialect;
mod duckdb;
mod files;
mod json_schema;
mod members;
mod shape;
mod snowflake;
mod spark;
mod stream;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use dialect::{DIALECTS, Dialect, Holds, Tells};
pub(crate) use files::Files;
pub(crate) use stream::{Stream, of};
pub(crate) use table::Table;
