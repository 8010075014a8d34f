//! What holds of all tables of members and of every engine's text, and where files are looked for.

use super::{
    DIALECTS, Files, Stream, Table, Tells, members, of,
    shape::{Kind, Shape},
};
use crate::{
    output::Output,
    resource::{Place, every},
};
use std::collections::BTreeSet;

fn stream(name: &str) -> Stream {
    Stream::named(name).unwrap()
}

fn files(typed: &str, name: &str) -> Files {
    Files::of(typed, typed.ends_with('/'), &stream(name)).unwrap()
}

fn table(typed: &str, name: &str) -> Table {
    Table::of(stream(name), files(typed, name))
}

fn text(dialect: &str, table: &Table) -> String {
    super::Dialect::named(dialect).unwrap().text(table)
}

fn typed(dialect: &str, table: &Table) -> String {
    super::Dialect::named(dialect).unwrap().typed(table).unwrap()
}

fn kind(shape: &Shape, name: &str) -> Option<Kind> {
    shape.members.iter().find(|member| member.name == name).map(|member| member.kind)
}

#[test]
fn every_table_is_sound() {
    let mut names = BTreeSet::new();
    for shape in members::all() {
        assert!(names.insert(shape.name), "{} is there twice", shape.name);
        let mut own = BTreeSet::new();
        for member in shape.members {
            assert!(own.insert(member.name), "{}.{} is there twice", shape.name, member.name);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(member.name.chars().all(plain), "{}.{}", shape.name, member.name);
            // What the views call columns of their own.
            assert!(!["record", "zdx_line"].contains(&member.name), "{}", shape.name);
        }
        assert!(!shape.key.is_empty(), "{}", shape.name);
        for key in shape.key {
            let kind = kind(shape, key);
            let tells_apart = matches!(kind, Some(Kind::Int | Kind::Text | Kind::Time));
            assert!(tells_apart, "{}.{key}: {kind:?}", shape.name);
        }
        let change = shape.change.map(|change| kind(shape, change));
        let is_time = change.is_none_or(|kind| matches!(kind, Some(Kind::Int | Kind::Time)));
        assert!(is_time, "{}: {change:?}", shape.name);
    }
    for (own, of) in members::SAME {
        assert!(names.contains(of) && !names.contains(own), "{own}: {of}");
    }
}

#[test]
fn every_resource_of_the_table_has_its_members() {
    for resource in every() {
        let shape = of(resource.name).unwrap_or_else(|| panic!("{} has none", resource.name));
        if !resource.change_time.is_empty() {
            assert_eq!(shape.change, Some(resource.change_time), "{}", resource.name);
        }
        for volatile in resource.volatile {
            assert!(kind(shape, volatile).is_some(), "{}.{volatile}", resource.name);
        }
        for sideload in resource.sideloads {
            let name = format!("{}.{}", resource.name, sideload.name);
            let known = match (sideload.place, sideload.member) {
                (Place::Page, _) => of(&name).is_some(),
                (Place::Record, Some(member)) => kind(shape, member).is_some(),
                (Place::Record, None) => true,
            };
            // One object a page, whose names are ids.
            assert!(known != (name == "users.open_ticket_count"), "{name}");
        }
    }
}

#[test]
fn streams_are_found_as_people_type_them() {
    for (typed, name, identifier) in [
        ("tickets", "tickets", "tickets"),
        ("Ticket-Events", "ticket_events", "ticket_events"),
        ("custom_objects", "custom_objects", "custom_objects"),
        ("custom_objects:appliance", "custom_objects:appliance", "custom_objects_appliance"),
        ("custom_objects-my_key", "custom_objects:my_key", "custom_objects_my_key"),
        ("Custom-Objects:My-Key", "custom_objects:My-Key", "custom_objects_My_Key"),
        ("tickets.users", "tickets.users", "tickets_users"),
        ("tickets.metric_sets", "tickets.metric_sets", "tickets_metric_sets"),
    ] {
        let stream = Stream::named(typed).unwrap();
        assert_eq!((stream.name(), stream.identifier().as_str()), (name, identifier));
    }
    assert_eq!(of("tickets.metric_sets").unwrap().name, "ticket_metrics");
    assert_eq!(kind(of("custom_objects:appliance").unwrap(), "id"), Some(Kind::Text));
    for (typed, says) in [
        ("tickest", "did you mean \"tickets\"?"),
        ("all", "name the resources"),
        ("", "unknown resource"),
        ("custom_objects:", "unknown resource"),
        ("custom_objects:a/b", "unknown resource"),
        ("users.open_ticket_count", "no schema"),
        ("users.nonsense", "users has no sideload \"nonsense\""),
        ("nonsense.users", "unknown resource \"nonsense\""),
        ("zzzzzzzzzzzzzzzzzzz", "known are"),
    ] {
        let error = Stream::named(typed).unwrap_err();
        assert!(error.contains(says), "{typed}: {error}");
    }
}

#[test]
fn files_are_where_the_output_was() {
    for (typed, name, glob, file) in [
        ("out/", "tickets", "out/tickets.ndjson", "tickets[.]ndjson"),
        ("./", "users", "./users.ndjson", "users[.]ndjson"),
        ("/", "users", "/users.ndjson", "users[.]ndjson"),
        ("x.ndjson", "tickets", "x.ndjson", "x[.]ndjson"),
        (
            "out/",
            "custom_objects:a_b",
            "out/custom_objects-a_b.ndjson",
            "custom_objects-a_b[.]ndjson",
        ),
        (
            "d/{resource}-{date}.ndjson.gz",
            "tickets",
            "d/tickets-*.ndjson.gz",
            "tickets-[0-9]{4}-[0-9]{2}-[0-9]{2}[.]ndjson[.]gz",
        ),
        (
            "{resource}.{run}-{part}.zst",
            "users",
            "users.*-*.zst",
            "users[.][0-9]{8}T[0-9]{6}Z(-[0-9]+)?-[0-9]+[.]zst",
        ),
        (
            "{date}{run}.x",
            "users",
            "*.x",
            "[0-9]{4}-[0-9]{2}-[0-9]{2}[0-9]{8}T[0-9]{6}Z(-[0-9]+)?[.]x",
        ),
        // Where a directory has the name of the run, a second one of the same second numbers files.
        ("{run}/{resource}.ndjson", "users", "*/users*.ndjson", "users(-[0-9]+)?[.]ndjson"),
        ("a.b/{run}/{date}", "users", "a.b/*/*", "[0-9]{4}-[0-9]{2}-[0-9]{2}(-[0-9]+)?"),
        ("{date}/{resource}.ndjson", "users", "*/users.ndjson", "users[.]ndjson"),
    ] {
        let files = files(typed, name);
        assert_eq!((files.glob(), files.name()), (glob.to_owned(), file.to_owned()), "{typed}");
        assert_eq!(files.path().is_some(), !glob.contains('*'), "{typed}");
    }
    for (typed, says) in [
        ("out/*.ndjson", "holds \"*\""),
        ("a[b].ndjson", "holds \"[\""),
        ("{oops}", "unknown placeholder {oops}"),
        ("{date", "has a { without }"),
    ] {
        let error = Files::of(typed, false, &stream("tickets")).unwrap_err().to_string();
        assert!(error.contains(says), "{typed}: {error}");
    }
}

#[test]
fn sideloads_are_where_an_export_puts_them() {
    for path in ["/d/tickets.ndjson", "/d/tickets.ndjson.gz", "/d/out.json", "/d/out.ndjson.zst"] {
        let output = Output::File { path: path.into(), template: None, run: None };
        let expected = output.beside("tickets", "users").name();
        assert_eq!(files(path, "tickets.users").glob(), expected);
    }
    let dated = files("d/{resource}-{date}.ndjson", "tickets.users");
    assert_eq!(dated.glob(), "d/tickets-*.users.ndjson");
}

#[test]
fn every_text_names_every_member_and_keeps_the_line_where_it_can() {
    for shape in members::all() {
        let name = match shape.name {
            "custom_objects:" => "custom_objects:appliance",
            name => name,
        };
        for dialect in DIALECTS {
            let text = dialect.text(&table("out/", name));
            for member in shape.members {
                let quoted = ['`', '"', ' '].map(|quote| format!("{quote}{}", member.name));
                let named = quoted.iter().any(|name| text.contains(name.as_str()));
                let loud = format!("\"{}\"", member.name.to_uppercase());
                assert!(named || text.contains(&loud), "{} {name}.{}", dialect.name, member.name);
            }
            let keeps = text.contains(" record") || text.contains("`record`");
            assert_eq!(keeps, !["json-schema", "bigquery", "spark"].contains(&dialect.name));
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{}", dialect.name);
        }
    }
}

#[test]
fn only_the_files_of_the_records_are_read() {
    let table = table("it's/{resource}.{run}.ndjson.gz", "tickets");
    let name = "tickets[.][0-9]{8}T[0-9]{6}Z(-[0-9]+)?[.]ndjson[.]gz";
    for (dialect, part) in [
        ("duckdb", "read_ndjson_objects('it''s/tickets.*.ndjson.gz', filename = true)".to_owned()),
        ("duckdb", format!("regexp_matches(filename, '(^|[/\\\\]){name}$')")),
        ("clickhouse", "file('it''s/tickets.*.ndjson.gz', 'LineAsString'".to_owned()),
        ("clickhouse", format!("match(_file, '^{name}$')")),
        ("snowflake", format!("pattern = '.*/{name}([.]gz)?'")),
    ] {
        assert!(text(dialect, &table).contains(&part), "{dialect}: {}", text(dialect, &table));
    }
    for (dialect, part) in [
        ("bigquery", format!("ls 'it'\\''s/tickets.'*.ndjson.gz | grep -E '(^|/){name}$'")),
        ("snowflake", "put 'file://it''s/tickets.*.ndjson.gz' @~/zdx/tickets/;".to_owned()),
        ("spark", format!(".where(\"_metadata.file_name rlike '^{name}$'\")")),
    ] {
        assert!(typed(dialect, &table).contains(&part), "{dialect}: {}", typed(dialect, &table));
    }
}

#[test]
fn what_is_to_be_typed_fits_the_files() {
    let plain = table("out/", "tickets");
    assert!(typed("bigquery", &plain).ends_with(
        "bq load --source_format=NEWLINE_DELIMITED_JSON --ignore_unknown_values DATASET.tickets \
         out/tickets.ndjson tickets.schema.json"
    ));
    assert!(typed("spark", &plain).contains("spark.read.text(\"out/tickets.ndjson\").selectExpr("));
    let packed = table("x.zst", "tickets");
    assert!(typed("bigquery", &packed).contains("zstd -d"), "{}", typed("bigquery", &packed));
    // Files of the same name must not meet on a stage.
    let dated = table("o/{date}/{resource}.ndjson", "tickets");
    assert_eq!(
        typed("snowflake", &dated),
        "first, for each directory DIR of o/*: put 'file://DIR/tickets.ndjson' @~/zdx/tickets/DIR/;"
    );
}

#[test]
fn each_engine_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = DIALECTS.iter().map(|dialect| dialect.name).collect();
    assert_eq!(names.len(), DIALECTS.len());
    for dialect in DIALECTS.iter().filter(|dialect| dialect.tells == Tells::Records) {
        assert!(dialect.typed(&table("out/", "tickets")).is_none(), "{}", dialect.name);
    }
}

#[test]
fn the_latest_version_is_told_by_time_and_else_by_the_line() {
    let latest = |name: &str| text("duckdb", &table("out/", name));
    let tickets =
        "partition by \"id\" order by \"generated_timestamp\" desc nulls last, zdx_line desc";
    assert!(latest("tickets").contains(tickets));
    assert!(latest("tags").contains("partition by \"name\" order by zdx_line desc)"));
    assert!(
        latest("agent_timeline").contains("partition by \"agent_id\", \"start_time\" order by")
    );
}
