//! Lists: every run takes a whole snapshot, which takes the place of the last one at once or not at
//! all.

use crate::{
    harness::{ALL, LISTS, Place, get, ndjson},
    machine::{Snapshot, ended, identity, standing_with, temporaries},
    server::{Reply, Server},
    straced::{self, CALLS, Tracer},
};
use serde_json::value::RawValue;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    os::unix::process::ExitStatusExt as _,
    sync::atomic::{AtomicUsize, Ordering},
};
use zdx::sandbox::{Fault, Sandbox};

const OUTPUT: &str = "brands.ndjson";

/// Where a list is, without the ending that zdx adds.
fn path(list: &str) -> String {
    match list {
        "sla_policies" => "/api/v2/slas/policies".to_owned(),
        "schedules" => "/api/v2/business_hours/schedules".to_owned(),
        "categories" | "sections" => format!("/api/v2/help_center/{list}"),
        _ => format!("/api/v2/{list}"),
    }
}

/// The rows of a list as the sandbox serves them, by the numbers of pages: another way than zdx's.
fn served(sandbox: &Sandbox, list: &str) -> Vec<String> {
    let deleted = if list == "groups" { "&exclude_deleted=false" } else { "" };
    let mut rows = Vec::new();
    for page in 1.. {
        let body = get(sandbox, &format!("{}.json?page={page}&per_page=100{deleted}", path(list)));
        let envelope: HashMap<&str, &RawValue> = serde_json::from_slice(&body).expect("JSON");
        let more: Vec<&RawValue> = serde_json::from_str(envelope[list].get()).expect("rows");
        rows.extend(more.iter().map(|row| row.get().to_owned()));
        if envelope["next_page"].get() == "null" {
            break;
        }
    }
    rows
}

fn brand(id: u32, name: &str) -> String {
    format!("{{\"id\":{id},\"name\":\"{name}\"}}")
}

/// A page that says nothing of others.
fn whole(rows: &[&str]) -> Reply {
    Reply::ok(format!("{{\"brands\":[{}],\"count\":{}}}", rows.join(","), rows.len()))
}

/// A page by cursor.
fn by_cursor(rows: &[&str], after: Option<&str>) -> Reply {
    let cursor = after.map_or("null".to_owned(), |after| format!("\"{after}\""));
    let has_more = after.is_some();
    let rows = rows.join(",");
    Reply::ok(format!(
        "{{\"brands\":[{rows}],\"meta\":{{\"has_more\":{has_more},\"after_cursor\":{cursor}}},\
         \"links\":{{\"next\":null}}}}"
    ))
}

/// A page by its number.
fn by_number(rows: &[&str], count: usize, is_last: bool) -> Reply {
    let next = if is_last { "null" } else { "\"https://elsewhere.example/api/v2/brands?page=9\"" };
    let rows = rows.join(",");
    Reply::ok(format!("{{\"brands\":[{rows}],\"next_page\":{next},\"count\":{count}}}"))
}

fn lines(rows: &[&str]) -> String {
    rows.iter().flat_map(|row| [row, "\n"]).collect()
}

#[test]
fn lists_means_every_list_and_each_is_whole_in_its_file() {
    let sandbox = standing_with(300);
    let place = Place::of(&sandbox);
    let run = place.zdx("export lists -o out/ --summary json").run();
    let summary = run.exit(0).summary();
    let rows = summary["resources"].as_array().unwrap();
    assert_eq!(rows.len(), LISTS.len());
    let mut by_several_pages = 0;
    for (row, list) in rows.iter().zip(LISTS) {
        let served = served(&sandbox, list);
        assert!(!served.is_empty(), "{list}");
        assert_eq!(row["resource"], list);
        assert_eq!(row["records"], served.len(), "{list}");
        assert_eq!(row["complete"], true, "{list}");
        assert!(row["through"].is_null(), "{list}");
        assert_eq!(place.file(&format!("out/{list}.ndjson")), ndjson(&served), "{list}");
        by_several_pages += usize::from(row["pages"].as_u64() > Some(1));
    }
    assert!(by_several_pages > 0, "no list has more than one page");
}

#[test]
fn a_list_is_typed_by_itself_and_besides_streams_and_besides_all() {
    let sandbox = standing_with(30);
    for (typed, expected) in [
        ("brands", vec!["brands"]),
        ("custom-statuses --since @0 tickets", vec!["custom_statuses", "tickets"]),
        ("all lists --since @0", [ALL.as_slice(), &["custom_objects"], &LISTS].concat()),
    ] {
        let place = Place::of(&sandbox);
        place.zdx(&format!("export {typed} -o out/")).run().exit(0);
        for name in expected.iter().filter(|name| **name != "custom_objects") {
            assert!(place.path(&format!("out/{name}.ndjson")).exists(), "{typed}: {name}");
        }
        if typed.starts_with("all") {
            let custom = fs::read_dir(place.path("out")).unwrap().flatten();
            let custom = custom.map(|entry| entry.file_name().to_string_lossy().into_owned());
            assert!(custom.into_iter().any(|name| name.starts_with("custom_objects-")));
        }
    }
}

#[test]
fn all_alone_takes_no_lists() {
    let sandbox = standing_with(30);
    let place = Place::of(&sandbox);
    place.zdx("export all --since @0 -o out/").run().exit(0);
    for list in LISTS {
        assert!(!place.path(&format!("out/{list}.ndjson")).exists(), "{list}");
    }
}

#[test]
fn a_snapshot_that_differs_replaces_the_last_one_and_the_same_one_does_not() {
    let (one, two, other) = (brand(1, "one"), brand(2, "two"), brand(2, "other"));
    let server = Server::script([
        whole(&[&one, &two]),
        whole(&[&one, &two]),
        whole(&[&one, &other]),
        whole(&[]),
    ]);
    let place = Place::at(&server.url());
    let path = place.path(OUTPUT);
    let export = || place.zdx(&format!("export brands -o {OUTPUT}")).run();
    export().exit(0);
    assert_eq!(place.file(OUTPUT), lines(&[&one, &two]));
    let first = identity(&path);
    export().exit(0).stderr_has("as at the last run: the file stays");
    assert_eq!(identity(&path), first);
    // Who reads the old one meanwhile reads it to its end.
    let reader = fs::File::open(&path).unwrap();
    export().exit(0);
    assert_ne!(identity(&path), first);
    assert_eq!(place.file(OUTPUT), lines(&[&one, &other]));
    let old = std::io::read_to_string(reader).unwrap();
    assert_eq!(old, lines(&[&one, &two]));
    export().exit(0);
    assert_eq!(place.file(OUTPUT), "");
    assert_eq!(place.all_names(), [".brands.ndjson.owner", OUTPUT]);
}

#[test]
fn the_first_answer_tells_how_a_list_pages() {
    let rows: Vec<String> = (1..=3).map(|id| brand(id, "b")).collect();
    let [one, two, three] = [&rows[0], &rows[1], &rows[2]].map(String::as_str);
    type Case<'a> = (&'a str, Vec<Reply>, &'a [&'a [&'a str]]);
    let cases: [Case<'_>; 3] = [
        (
            "by cursor",
            vec![by_cursor(&[one, two], Some("abc")), by_cursor(&[three], None)],
            &[&["size]=100"], &["after]=abc", "size]=100"]],
        ),
        (
            "by number",
            vec![by_number(&[one, two], 3, false), by_number(&[three], 3, true)],
            &[&["size]=100"], &["page=2", "per_page=2"]],
        ),
        ("at once", vec![whole(&[one, two, three])], &[&["size]=100"]]),
    ];
    for (way, replies, asked) in cases {
        let server = Server::script(replies);
        let place = Place::at(&server.url());
        place.zdx("export brands").run().exit(0).stdout(&lines(&[one, two, three]));
        for (request, asked) in server.requests().iter().zip(asked) {
            let line = request.line.replace("%5B", "[").replace("%5D", "]");
            assert!(line.starts_with("GET /api/v2/brands"), "{way}: {line}");
            for part in *asked {
                assert!(line.contains(part), "{way}: {line}");
            }
            let sizes = [line.contains("size]"), line.contains("per_page")];
            assert_eq!(sizes.iter().filter(|is| **is).count(), 1, "{way}: {line}");
        }
    }
}

/// A file gets the whole list or nothing.
#[test]
fn stdout_gets_a_list_page_by_page_and_a_file_only_as_a_whole() {
    let (one, two) = (brand(1, "one"), brand(2, "two"));
    let replies = || {
        let refused = Reply::status("400 Bad Request", &[], "{\"error\":\"InvalidValue\"}");
        [by_cursor(&[&one, &two], Some("abc")), refused]
    };
    let server = Server::script(replies());
    let place = Place::at(&server.url());
    place.zdx("export brands").run().exit(6).stdout(&lines(&[&one, &two]));
    let server = Server::script(replies());
    let place = Place::at(&server.url());
    place.zdx(&format!("export brands -o {OUTPUT}")).run().exit(6);
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn a_count_that_is_not_met_lets_the_walk_be_repeated_three_times() {
    let (one, two) = (brand(1, "one"), brand(2, "two"));
    let short = || by_number(&[&one], 2, true);
    for output in ["-", OUTPUT] {
        let server = Server::script([short(), short(), by_number(&[&one, &two], 2, true)]);
        let place = Place::at(&server.url());
        let run = place.zdx(&format!("export brands -o {output}")).run();
        run.exit(0).stderr_counts("it says that it holds 2 rows, and 1 came; walks it again", 2);
        let got = if output == "-" { run.text() } else { place.file(OUTPUT) };
        assert_eq!(got, lines(&[&one, &two]), "{output}");
    }
    let server = Server::script([whole(&[&one, &two]), short(), short(), short(), short()]);
    let place = Place::at(&server.url());
    let words = format!("export brands -o {OUTPUT}");
    place.zdx(&words).run().exit(0);
    place.zdx(&words).run().exit(6).stderr_has("it says that it holds 2 rows, and 1 came");
    assert_eq!(place.file(OUTPUT), lines(&[&one, &two]));
}

#[test]
fn a_row_that_comes_twice_is_written_once_and_the_later_one_counts() {
    let (one, two, other) = (brand(1, "one"), brand(2, "two"), brand(1, "other"));
    let replies = || [by_cursor(&[&one, &two], Some("abc")), by_cursor(&[&two, &other], None)];
    let server = Server::script(replies());
    let place = Place::at(&server.url());
    place.zdx(&format!("export brands -o {OUTPUT}")).run().exit(0);
    assert_eq!(place.file(OUTPUT), lines(&[&two, &other]));
    let server = Server::script(replies());
    let place = Place::at(&server.url());
    place.zdx("export brands").run().exit(0).stdout(&lines(&[&one, &two, &other]));
}

#[test]
fn a_file_that_is_not_the_lists_own_stays_unless_it_is_to_be_overwritten() {
    let one = brand(1, "one");
    let server = Server::answering(move |_, _| Some(whole(&[&brand(1, "one")])));
    let place = Place::at(&server.url());
    place.put(OUTPUT, "mine\n");
    let words = format!("export brands -o {OUTPUT}");
    place.zdx(&words).run().refused(2, "already holds 5 bytes").stderr_has("--overwrite");
    assert_eq!(place.file(OUTPUT), "mine\n");
    assert!(server.requests().is_empty());
    place.zdx(&format!("{words} --overwrite")).run().exit(0);
    assert_eq!(place.file(OUTPUT), lines(&[&one]));
    // Changed by hand, it is not the last snapshot any more.
    place.put(OUTPUT, "{\"by\":\"hand\"}\n");
    let run = place.zdx(&words).run();
    run.refused(3, "is not as the last run left it").stderr_has("--overwrite");
    assert_eq!(place.file(OUTPUT), "{\"by\":\"hand\"}\n");
    place.zdx(&format!("{words} --overwrite")).run().exit(0);
    assert_eq!(place.file(OUTPUT), lines(&[&one]));
    // Another series' output is not its own, either.
    let run = place.zdx(&format!("export groups -o {OUTPUT}")).run();
    run.refused(2, "brands");
    assert_eq!(place.file(OUTPUT), lines(&[&one]));
    // Moved away, it begins anew.
    fs::remove_file(place.path(OUTPUT)).unwrap();
    place.zdx(&words).run().exit(0).stderr_has("was moved away");
    assert_eq!(place.file(OUTPUT), lines(&[&one]));
}

#[test]
fn what_contradicts_that_a_list_is_taken_whole_is_refused_before_any_request() {
    let server = Server::script([]);
    let place = Place::at(&server.url());
    for (words, why) in [
        ("brands --since 1d -o b.ndjson", "--since: a list has no start"),
        ("lists --since 1d -o out/", "--since: a list has no start"),
        ("brands --append -o b.ndjson", "--append: a list is taken whole"),
        ("brands --until 1d -o b.ndjson", "--until: a list has no end in time"),
        ("brands --until 1d", "--until: a list has no end in time"),
        ("brands --limit 3 -o b.ndjson", "--limit: a file gets the whole list or nothing"),
        ("brands --max-pages 3 -o b.ndjson", "--max-pages: a file gets the whole list or nothing"),
        ("brands tickets --since 7d --append -o out/", "--append: a list is taken whole"),
    ] {
        place
            .zdx(&format!("export {words}"))
            .run()
            .refused(2, why)
            .stderr_has("hint: leave it out");
        assert!(place.all_names().is_empty(), "{words}");
        assert!(!place.state().exists(), "{words}");
    }
}

#[test]
fn a_limit_on_stdout_ends_a_list_early() {
    let (one, two) = (brand(1, "one"), brand(2, "two"));
    let server = Server::script([by_cursor(&[&one, &two], Some("abc"))]);
    let place = Place::at(&server.url());
    place.zdx("export brands --limit 1").run().exit(0).stdout(&lines(&[&one]));
}

#[test]
fn a_list_out_of_reach_is_left_out_of_lists_and_is_an_error_where_it_is_named() {
    let sandbox = standing_with(30);
    sandbox.when(|seen| match seen.path.as_str() {
        path if path.contains("/custom_roles") => Some(Fault::Forbidden),
        path if path.contains("/slas/") => Some(Fault::NotFound),
        _ => None,
    });
    let place = Place::of(&sandbox);
    let run = place.zdx("export lists -o out/").run();
    run.exit(0);
    for list in ["custom_roles", "sla_policies"] {
        run.stderr_has(&format!("{list}: warning: left out, the account cannot read it"));
        assert!(!place.path(&format!("out/{list}.ndjson")).exists(), "{list}");
    }
    assert!(place.path("out/brands.ndjson").exists());
    for (named, code) in
        [("custom_roles brands", 8), ("lists custom_roles", 8), ("custom_roles", 4)]
    {
        let place = Place::of(&sandbox);
        place.zdx(&format!("export {named} -o out/")).run().exit(code).stderr_has("custom_roles");
    }
}

#[test]
fn what_is_saved_of_a_list_is_shown_reset_and_never_set() {
    let sandbox = standing_with(30);
    let place = Place::of(&sandbox);
    place.zdx(&format!("export brands -o {OUTPUT}")).run().exit(0);
    place.zdx("state show").run().exit(0).stdout_has("a list, taken whole at every run");
    place.zdx("state set brands --since 1d").run().refused(2, "brands");
    place.zdx("state reset lists").run().exit(0);
    assert!(!place.path(".brands.ndjson.owner").exists());
}

/// Whatever is struck, the file is the old snapshot whole or the new one whole, and the next run
/// brings the new one.
#[test]
fn a_kill_before_any_call_leaves_the_old_snapshot_whole_or_the_new_one() {
    if !straced::available("kills while a list is taken") {
        return;
    }
    let old = lines(&[&brand(1, "one"), &brand(2, "two")]);
    let new = lines(&[&brand(1, "other"), &brand(3, "three")]);
    let is_new = std::sync::Arc::new(AtomicUsize::new(0));
    let server = Server::answering({
        let is_new = std::sync::Arc::clone(&is_new);
        move |_, request| {
            let behind = request.line.contains("after");
            Some(match (is_new.load(Ordering::SeqCst), behind) {
                (0, false) => by_cursor(&[&brand(1, "one")], Some("abc")),
                (0, true) => by_cursor(&[&brand(2, "two")], None),
                (_, false) => by_cursor(&[&brand(1, "other")], Some("abc")),
                (_, true) => by_cursor(&[&brand(3, "three")], None),
            })
        }
    });
    let place = Place::at(&server.url());
    let words = format!("-q export brands -o {OUTPUT}");
    place.zdx(&words).run().exit(0);
    assert_eq!(place.file(OUTPUT), old);
    let before = Snapshot::of(&place);
    is_new.store(1, Ordering::SeqCst);
    let tracer = Tracer::new();
    tracer.around(place.zdx(&words), &format!("-e trace={CALLS}")).run().exit(0);
    assert_eq!(place.file(OUTPUT), new);
    let calls = straced::calls(&tracer.log(), &place, &place.path(OUTPUT));
    let struck: Vec<_> = calls.iter().filter(|call| call.first).collect();
    let names: BTreeSet<&str> = struck.iter().map(|call| call.name.as_str()).collect();
    assert!(names.iter().any(|name| name.starts_with("rename")), "{names:?}");
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for call in struck {
        before.put_back(&place);
        let (name, nth) = (&call.name, call.nth);
        let tracer = Tracer::new();
        let options = format!("-e trace={name} -e inject={name}:signal=KILL:when={nth}");
        let mut run = tracer.around(place.zdx(&words), &options).start();
        let status = ended(&mut run.child);
        assert_eq!(status.signal(), Some(9), "not killed at {}", call.line);
        let found = place.file(OUTPUT);
        assert!(found == old || found == new, "torn at {}: {found}", call.line);
        *left.entry(if found == old { "old" } else { "new" }).or_default() += 1;
        place.zdx(&words).run().exit(0);
        assert_eq!(place.file(OUTPUT), new, "{}", call.line);
        assert_eq!(temporaries(&place), Vec::<std::path::PathBuf>::new(), "{}", call.line);
    }
    println!("{left:?}");
    assert!(left.len() == 2, "kills on both sides of the rename: {left:?}");
}
