//! `zdx schema`: what it prints of each stream fits every record that the sandbox serves, and what
//! cannot be meant is refused. What the engines themselves make of it is tested by
//! `tests/readers/run`.

use crate::harness::{Place, get};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use zdx::sandbox::{self, Options, Sandbox};

/// A Wednesday.
const NOW: i64 = 1_795_000_000;

/// A world of some hundred tickets that stands still.
fn world() -> Sandbox {
    let late = ["all=off"].map(|text| sandbox::late(text).expect("a delay")).to_vec();
    let options =
        Options { records: 300, quota: Some(0), late, frozen_at: Some(NOW), ..Options::default() };
    Sandbox::start(options).expect("a free port")
}

/// What zdx calls the records of a kind of the sandbox's.
fn stream(kind: &str) -> String {
    match kind {
        "skips" => "ticket_skips".to_owned(),
        "responses" | "recipients" => format!("nps_{kind}"),
        "attributes" | "attribute_values" | "instance_values" => format!("routing_{kind}"),
        kind => kind.replace('/', ":"),
    }
}

/// The members of a page that can hold its records.
fn keys(kind: &str) -> Vec<&str> {
    vec![kind, "custom_object_records", "events", "audits"]
}

/// What is asked for the first page at a path: everything there is, with all that goes with it.
fn first(path: &str) -> String {
    let embedded = "dates,slas,metric_events,comment_count,incident_counts,tde_workspace";
    let beside = "users,groups,organizations,brands,ticket_forms,custom_statuses,sharing_agreements,\
                  metric_sets,abilities,roles,identities,sections,categories,comment_events";
    match path.contains("incremental") || path.ends_with("/events") {
        true => format!(
            "/api/v2/{path}?start_time=0&support_type_scope=all&include_changes=true\
             &include={embedded},{beside}"
        ),
        false => format!("/api/v2/{path}?start_time=0&page%5Bsize%5D=100&exclude_deleted=false"),
    }
}

/// Where the next page is, unless this was the last one.
fn next(page: &Value) -> Option<String> {
    let is_last = page["end_of_stream"] == true || page["meta"]["has_more"] == false;
    let urls = [&page["after_url"], &page["next_page"], &page["links"]["next"]];
    let url = urls.into_iter().find_map(Value::as_str).filter(|_| !is_last)?;
    // From the last minutes on, which some exports refuse, there is nothing but what was served.
    let start = url.split("start_time=").nth(1).and_then(|rest| rest.split('&').next());
    let seconds = start.and_then(|start| start.get(..start.len().min(10))?.parse::<i64>().ok());
    let url = Some(url).filter(|_| seconds.is_none_or(|seconds| seconds < NOW - 600))?;
    url.find("/api/v2/").map(|begins| url[begins..].to_owned())
}

/// All records of all kinds, each by its stream, with those that come beside them.
fn served(sandbox: &Sandbox) -> BTreeMap<String, Vec<Value>> {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let paths = sandbox::paths().filter(|(path, _)| !path.contains('*'));
    for (path, kind) in paths.filter(|(path, _)| *path != "incremental/tickets") {
        let mut target = Some(first(path));
        let mut walked = BTreeSet::new();
        while let Some(asked) = target.filter(|asked| walked.insert(asked.clone())) {
            let page: Value = serde_json::from_slice(&get(sandbox, &asked)).expect("JSON");
            let key = keys(kind).into_iter().find(|key| page[key].is_array());
            let key = key.unwrap_or_else(|| panic!("{path}: no records in {page}"));
            for (member, value) in page.as_object().expect("a page") {
                // Articles have these inside, as zdx knows them.
                let records = value.as_array().filter(|_| member != "translations");
                let name = match member == key {
                    true => stream(kind),
                    false => format!("{}.{member}", stream(kind)),
                };
                found.entry(name).or_default().extend(records.into_iter().flatten().cloned());
            }
            target = next(&page).filter(|_| page[key] != Value::Array(Vec::new()));
        }
    }
    found.retain(|_, records| !records.is_empty());
    found
}

/// What of a record does not fit its schema, if anything.
fn misfit(schema: &Value, record: &Value) -> Option<String> {
    let record = record.as_object().expect("a record is an object");
    let required = schema["required"].as_array().expect("a list").iter().filter_map(Value::as_str);
    for key in required {
        if record.get(key).is_none_or(Value::is_null) {
            return Some(format!("{key} is missing"));
        }
    }
    record.iter().find_map(|(name, value)| {
        let Some(property) = schema["properties"].get(name) else {
            return Some(format!("{name} is not known: {value}"));
        };
        let types: Vec<&str> = match &property["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            Value::String(name) => vec![name],
            _ => return None,
        };
        let fits = types.iter().any(|name| match *name {
            "null" => value.is_null(),
            "integer" => value.is_i64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("{name}: no such type: {other}"),
        });
        let is_time = property["format"] == "date-time";
        let fits = fits && (!is_time || value.as_str().is_none_or(is_rfc_3339));
        (!fits).then(|| format!("{name} is {value}, not {property}"))
    })
}

fn is_rfc_3339(text: &str) -> bool {
    text.contains('T') && text.parse::<jiff::Timestamp>().is_ok()
}

#[test]
fn every_record_that_the_sandbox_serves_fits_its_schema() {
    let sandbox = world();
    let place = Place::new();
    let served = served(&sandbox);
    let mut checked = 0;
    for (name, records) in &served {
        let run = place.zdx("schema --format json-schema").arg(name).run();
        let schema: Value = serde_json::from_str(&run.exit(0).text()).expect("a schema");
        assert_eq!(schema["title"], name.as_str());
        for record in records {
            let misfit = misfit(&schema, record);
            assert!(misfit.is_none(), "{name}: {}\n{record}", misfit.unwrap_or_default());
            checked += 1;
        }
    }
    let kinds: BTreeSet<String> = sandbox::paths().map(|(_, kind)| stream(kind)).collect();
    let missing: Vec<&String> = kinds.iter().filter(|kind| !served.contains_key(*kind)).collect();
    assert!(missing.is_empty(), "no records of {missing:?}");
    for beside in ["tickets.users", "tickets.metric_sets", "users.identities", "articles.sections"]
    {
        assert!(served.contains_key(beside), "{beside}: {:?}", served.keys());
    }
    assert!(checked > 5000, "{checked}");
}

#[test]
fn a_record_that_does_not_fit_is_noticed() {
    let run = Place::new().zdx("schema users --format json-schema").run();
    let schema: Value = serde_json::from_str(&run.exit(0).text()).expect("a schema");
    let misfit = |record: &str| misfit(&schema, &serde_json::from_str(record).expect("JSON"));
    assert_eq!(misfit(r#"{"id":1,"name":null,"user_fields":{},"suspension_details":[1]}"#), None);
    for record in [
        r#"{"name":"x"}"#,
        r#"{"id":null}"#,
        r#"{"id":"1"}"#,
        r#"{"id":1,"more":1}"#,
        r#"{"id":1,"name":7}"#,
        r#"{"id":1,"created_at":"yesterday"}"#,
        r#"{"id":1,"tags":{}}"#,
    ] {
        assert!(misfit(record).is_some(), "{record}");
    }
}

#[test]
fn each_resource_is_told_in_each_format_without_an_account() {
    let place = Place::new();
    let run = place.zdx("resources --json").run();
    let table: Value = serde_json::from_str(&run.exit(0).text()).expect("JSON");
    let rows = table["resources"].as_array().expect("rows");
    for name in rows.iter().filter_map(|row| row["resource"].as_str()) {
        for (format, says) in [
            ("json-schema", "\"$schema\": \"https://json-schema.org/draft/2020-12/schema\""),
            ("duckdb", "_latest\" as\n"),
            ("clickhouse", "'LineAsString'"),
            ("bigquery", "\"mode\": \"NULLABLE\""),
            ("snowflake", "\ncopy into "),
            ("spark", "` STRING, `"),
        ] {
            let run = place.zdx("schema -q --format").arg(format).arg(name).run();
            run.exit(0).stdout_has(says);
            assert_eq!(run.stderr(), "", "{name} {format}");
        }
    }
    assert_eq!(place.state_bytes(), "");
    assert!(place.all_names().is_empty(), "{:?}", place.all_names());
}

#[test]
fn what_is_to_be_typed_stands_on_stderr() {
    let place = Place::new();
    let run = place.zdx("schema tickets --format bigquery --from out/").run();
    run.exit(0).stderr_has(
        "zdx: tickets: save this as tickets.schema.json, then: bq load \
         --source_format=NEWLINE_DELIMITED_JSON --ignore_unknown_values DATASET.tickets \
         out/tickets.ndjson tickets.schema.json\n",
    );
    serde_json::from_str::<Value>(&run.text()).expect("stdout is a schema alone");
    let run = place.zdx("schema users --format spark").run();
    run.exit(0).stderr_has("spark.read.text(\"users.ndjson\")");
    assert_eq!(run.lines().len(), 1);
    let run = place.zdx("schema users tickets --format snowflake --from x/").run();
    run.exit(0).stderr_has("zdx: users: first: put 'file://x/users.ndjson' @~/zdx/users/;\n");
    run.stderr_has("zdx: tickets: first: put 'file://x/tickets.ndjson' @~/zdx/tickets/;\n");
    // What holds of all is said once.
    let run = place.zdx("schema users tickets --format clickhouse").run();
    run.exit(0).stderr_counts("user_files_path", 1);
    let run = place.zdx("schema users --format bigquery --log-format json").run();
    let line: Value = serde_json::from_str(run.exit(0).stderr()).expect("JSON");
    assert_eq!((&line["level"], &line["resource"]), (&"info".into(), &"users".into()));
}

#[test]
fn files_are_looked_for_where_the_output_was() {
    let place = Place::new();
    std::fs::create_dir(place.path("dir")).expect("a new directory");
    for (from, says) in [
        ("", "read_ndjson_objects('tickets.ndjson')"),
        ("--from dir", "read_ndjson_objects('dir/tickets.ndjson')"),
        ("--from /data/", "read_ndjson_objects('/data/tickets.ndjson')"),
        ("--from t.ndjson.zst", "read_ndjson_objects('t.ndjson.zst')"),
        (
            "--from {resource}.{run}.ndjson.gz",
            "read_ndjson_objects('tickets.*.ndjson.gz', filename",
        ),
        ("--from {account}/ --subdomain acme", "read_ndjson_objects('acme/tickets.ndjson')"),
    ] {
        place.zdx(&format!("schema tickets --format duckdb {from}")).run().exit(0).stdout_has(says);
    }
    let words = "schema tickets,users custom_objects:appliance --format duckdb --from o/";
    let run = place.zdx(words).run();
    run.exit(0).stdout_has("create or replace view \"users_latest\"");
    run.stdout_has("'o/custom_objects-appliance.ndjson'")
        .stdout_has("\"custom_objects_appliance\"");
    // A name that is given twice is meant once.
    let run = place.zdx("schema users users --format duckdb").run();
    assert_eq!(run.exit(0).text().matches("view \"users\"").count(), 1);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let place = Place::new();
    for (words, says) in [
        ("tickest --format duckdb", "did you mean \"tickets\"?"),
        ("all --format duckdb", "name the resources"),
        ("tickets", "--format is missing"),
        ("--format duckdb", "RESOURCE is missing"),
        ("tickets --format duckbd", "did you mean duckdb?"),
        ("tickets --format parquet", "it takes json-schema, duckdb, clickhouse, bigquery"),
        ("tickets users --format bigquery", "one schema at a time"),
        ("tickets users --format spark", "one schema at a time"),
        ("tickets users --format json-schema", "one schema at a time"),
        ("tickets --format json-schema --from x/", "leave out --from"),
        ("tickets --format duckdb --from -", "keeps no file"),
        ("tickets --format duckdb --from /dev/stdout", "keeps no file"),
        ("tickets --format duckdb --from /dev/null", "keeps no file"),
        ("tickets --format duckdb --from s3://b/x.ndjson", "is no file"),
        ("tickets --format duckdb --from x.parquet", "not as .parquet"),
        ("tickets --format duckdb --from x.ndjson.xz", "gzip and zstd"),
        ("tickets --format duckdb --from *.ndjson", "take for a pattern"),
        ("tickets --format duckdb --from {oops}", "unknown placeholder {oops}"),
        ("tickets --format duckdb --from {account}/x", "no account"),
        ("tickets users --format duckdb --from x.ndjson", "one name for tickets and users"),
        ("tickets users --format clickhouse --from {run}.ndjson", "one name for tickets and users"),
        ("users.open_ticket_count --format duckdb", "no schema"),
    ] {
        let run = place.zdx(&format!("schema {words}")).run();
        run.refused(2, says);
        assert_eq!(run.text(), "", "{words}");
    }
    place.zdx("schema tickets --format duckdb --from").arg("").run().refused(2, "has no name");
    // Sideloads have names of their own beside the same file.
    let words = "schema tickets tickets.users --format duckdb --from x.ndjson";
    place.zdx(words).run().exit(0).stdout_has("'x.tickets.users.ndjson'");
}

#[test]
fn formats_and_resources_are_completed() {
    let place = Place::new();
    let next = |words: &str| {
        let run = place.zdx("-- zdx schema").env("COMPLETE", "fish");
        let run = words.split(' ').fold(run, |run, word| run.arg(word)).run();
        let lines = run.exit(0).lines();
        lines.iter().map(|line| line.split('\t').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(next("tickets --format s"), ["snowflake", "spark"]);
    assert_eq!(next("org"), ["organizations", "organization_memberships", "organization_fields"]);
}
