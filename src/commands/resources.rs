//! `zdx resources`: the table of resources, for people or programs. Needs no account.

use crate::{
    cli::ResourcesArgs,
    failure::{Exit, Failure},
    resource::{Bucket, Parameter, Resource, streams},
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
    for resource in streams() {
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
    let rows: Vec<Value> = streams()
        .map(|resource| {
            json!({
                "resource": resource.name,
                "pagination": paging(resource),
                "quota": quota(resource),
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
    json!({"resources": rows})
}

/// What fits every terminal.
const WIDTH: usize = 80;

/// Four columns, the quotas and the sideloads below, so that it fits 80 columns.
fn as_table() -> String {
    let mut rows = vec![["RESOURCE", "PAGING", "RECORD KEY"].map(str::to_owned).to_vec()];
    rows.extend(streams().map(|resource| {
        vec![resource.name.to_owned(), paging(resource).join(", "), resource.record_key.to_owned()]
    }));
    let last = ["READABLE BY"].into_iter().chain(streams().map(|row| row.readable_by));
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
    out.push_str("\nQuotas, each shared by what draws on it:\n");
    for bucket in Bucket::ALL {
        writeln!(out, "  {}: {}", bucket.name(), bucket.quota()).expect(ENDLESS);
        list(&mut out, "   ", drawing_on(bucket).iter().map(String::as_str), ",");
    }
    out.push_str("\nSideloads (--include):\n");
    for resource in streams().filter(|resource| !resource.sideloads.is_empty()) {
        list(&mut out, &format!("  {}:", resource.name), sideloads(resource), "");
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
