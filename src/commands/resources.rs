//! `zdx resources`: the table of resources, for people or programs. Needs no account.

use crate::{
    cli::ResourcesArgs,
    failure::{Exit, Failure},
    resource::{Bucket, LISTS, Parameter, Resource, key_of, rows, streams},
    shown::ENDLESS,
};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

pub(super) fn run(args: &ResourcesArgs) -> Result<Exit, Failure> {
    match args.json {
        true => super::print_json(as_json()),
        false => super::print(&as_table()),
    }
    .map(|()| Exit::Done)
}

fn paging(resource: &Resource) -> Vec<&'static str> {
    resource.endpoints.iter().map(|endpoint| endpoint.pagination.name()).collect()
}

fn sideloads(resource: &Resource) -> Vec<&'static str> {
    resource.sideloads.iter().map(|sideload| sideload.name).collect()
}

/// The bucket that each way of paging draws on.
fn quota(resource: &Resource) -> Map<String, Value> {
    let endpoints = resource.endpoints.iter();
    endpoints
        .map(|endpoint| (endpoint.pagination.name().to_owned(), json!(endpoint.bucket.name())))
        .collect()
}

/// What draws on a bucket: a resource, or one of its ways of paging.
fn drawing_on(bucket: Bucket) -> Vec<String> {
    let mut all = Vec::new();
    for resource in rows() {
        let drawing = resource.endpoints.iter().filter(|endpoint| endpoint.bucket == bucket);
        let ways: Vec<_> = drawing.map(|endpoint| endpoint.pagination.name()).collect();
        match ways.as_slice() {
            ways if ways.len() == resource.endpoints.len() => all.push(resource.name.to_owned()),
            ways => all.extend(ways.iter().map(|way| format!("{} by {way}", resource.name))),
        }
    }
    all
}

fn as_json() -> Value {
    let rows: Vec<Value> = rows()
        .map(|resource| {
            let list = resource.is_list();
            json!({
                "resource": resource.name,
                "kind": if list { "list" } else { "incremental" },
                "pagination": paging(resource),
                "quota": quota(resource),
                "record_key": resource.record_key,
                "row_key": list.then(|| key_of(resource)),
                "change_time": Some(resource.change_time).filter(|_| !list),
                "sample": resource.sample.is_some(),
                "per_page": resource.takes(Parameter::PerPage),
                "exclude_deleted": resource.takes(Parameter::ExcludeDeleted),
                "support_type_scope": resource.takes(Parameter::SupportTypeScope),
                "sideloads": sideloads(resource),
                "readable_by": resource.readable_by,
            })
        })
        .collect();
    json!({"resources": rows})
}

/// What fits every terminal.
const WIDTH: usize = 80;

/// The incremental resources and the lists, with the quotas and the sideloads below, so that it fits
/// 80 columns.
fn as_table() -> String {
    let row = |resource: &Resource| {
        [resource.name, &paging(resource).join("/"), resource.record_key, resource.readable_by]
            .map(str::to_owned)
    };
    let mut out =
        table(["RESOURCE", "PAGING", "RECORD KEY", "READABLE BY"], streams().map(row).collect());
    let row = |list: &Resource| [list.name, key_of(list), list.readable_by].map(str::to_owned);
    out.push_str(
        "\nLists, of which every run takes all that there is (`lists` names them all):\n\n",
    );
    out.push_str(&table(["LIST", "ROW KEY", "READABLE BY"], LISTS.iter().map(row).collect()));
    out.push_str("\nQuotas, each shared by what draws on it:\n");
    for bucket in Bucket::ALL {
        writeln!(out, "  {}: {}", bucket.name(), bucket.quota()).expect(ENDLESS);
        let all = match bucket {
            Bucket::Account => vec!["all lists but those above".to_owned()],
            _ => drawing_on(bucket),
        };
        list(&mut out, "   ", all.iter().map(String::as_str), ",");
    }
    out.push_str("\nSideloads (--include):\n");
    for resource in streams().filter(|resource| !resource.sideloads.is_empty()) {
        list(&mut out, &format!("  {}:", resource.name), sideloads(resource), "");
    }
    out
}

/// Rows below their headings, as wide as they must be.
fn table<const COLUMNS: usize>(
    headings: [&str; COLUMNS],
    mut rows: Vec<[String; COLUMNS]>,
) -> String {
    rows.insert(0, headings.map(str::to_owned));
    let mut out = String::new();
    for row in &rows {
        for (column, cell) in row.iter().enumerate() {
            let widest = rows.iter().filter_map(|row| row.get(column)).map(String::len).max();
            match widest.filter(|_| column + 1 < COLUMNS) {
                Some(width) => write!(out, "{cell:<width$}  ").expect(ENDLESS),
                None => writeln!(out, "{cell}").expect(ENDLESS),
            }
        }
    }
    out
}

/// Lines of words behind a heading, none longer than fits.
fn list<'a>(
    out: &mut String,
    heading: &str,
    words: impl IntoIterator<Item = &'a str>,
    between: &str,
) {
    let mut line = heading.to_owned();
    for (index, word) in words.into_iter().enumerate() {
        if index > 0 {
            line.push_str(between);
        }
        if line.len() + word.len() + between.len() >= WIDTH {
            writeln!(out, "{line}").expect(ENDLESS);
            line = "   ".to_owned();
        }
        write!(line, " {word}").expect(ENDLESS);
    }
    writeln!(out, "{line}").expect(ENDLESS);
}
