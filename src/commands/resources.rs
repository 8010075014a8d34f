//! `zdx resources`: the table of resources, for people or programs. Needs no account.

use crate::{
    cli::ResourcesArgs,
    failure::{Exit, Failure},
    resource::{Parameter, RESOURCES, Resource},
    shown::ENDLESS,
};
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(super) fn run(args: &ResourcesArgs) -> Result<Exit, Failure> {
    let text = if args.json { as_json() } else { as_table() };
    super::print(&text)?;
    Ok(Exit::Done)
}

fn paging(resource: &Resource) -> Vec<&'static str> {
    resource.endpoints.iter().map(|endpoint| endpoint.pagination.name()).collect()
}

fn sideloads(resource: &Resource) -> Vec<&'static str> {
    resource.sideloads.iter().map(|sideload| sideload.name).collect()
}

fn as_json() -> String {
    let rows: Vec<Value> = RESOURCES
        .iter()
        .map(|resource| {
            json!({
                "resource": resource.name,
                "pagination": paging(resource),
                "record_key": resource.record_key,
                "change_time": resource.change_time,
                "sample": resource.sample.is_some(),
                "per_page": resource.takes(Parameter::PerPage),
                "exclude_deleted": resource.takes(Parameter::ExcludeDeleted),
                "support_type_scope": resource.takes(Parameter::SupportTypeScope),
                "sideloads": sideloads(resource),
                "readable_by": resource.readable_by,
            })
        })
        .collect();
    format!("{}\n", Value::Array(rows))
}

/// What fits every terminal.
const WIDTH: usize = 80;

/// Four columns, and the sideloads below, so that it fits 80 columns.
fn as_table() -> String {
    let mut rows = vec![["RESOURCE", "PAGING", "RECORD KEY"].map(str::to_owned).to_vec()];
    rows.extend(RESOURCES.iter().map(|resource| {
        vec![resource.name.to_owned(), paging(resource).join(", "), resource.record_key.to_owned()]
    }));
    let last = ["READABLE BY"].into_iter().chain(RESOURCES.iter().map(|row| row.readable_by));
    let widths: Vec<usize> = (0..3)
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    for (row, last) in rows.iter().zip(last) {
        for (cell, width) in row.iter().zip(&widths) {
            write!(out, "{cell:<width$}  ").expect(ENDLESS);
        }
        out.push_str(last);
        out.push('\n');
    }
    out.push_str("\nSideloads (--include):\n");
    for resource in RESOURCES.iter().filter(|resource| !resource.sideloads.is_empty()) {
        let mut line = format!("  {}:", resource.name);
        for name in sideloads(resource) {
            if line.len() + name.len() >= WIDTH {
                writeln!(out, "{line}").expect(ENDLESS);
                line = "   ".to_owned();
            }
            write!(line, " {name}").expect(ENDLESS);
        }
        writeln!(out, "{line}").expect(ENDLESS);
    }
    out
}
