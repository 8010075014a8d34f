//! Where a run starts: the README's five rules, and the settled details that sharpen them.

use crate::harness::{ORGANIZATIONS, Place, Still, TICKETS, TICKETS_BY_TIME, USERS};
use serde_json::{Value, json};

/// A place with a series of tickets that has caught up, and a still world.
fn caught_up() -> (Still, Place) {
    let still = Still::of(&[TICKETS, USERS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 -o all.ndjson").run().exit(0);
    (still, place)
}

/// The refusal of a command that must change nothing and send nothing.
#[track_caller]
fn refused(still: &Still, place: &Place, words: &str, exit: i32, text: &str) {
    let (state, file) = (place.state_bytes(), place.file("all.ndjson"));
    let (names, requests) = (place.names(), still.sandbox.requests().len());
    place.zdx(words).run().refused(exit, text);
    assert_eq!(place.state_bytes(), state, "{words}");
    assert_eq!(place.file("all.ndjson"), file, "{words}");
    assert_eq!(place.names(), names, "{words}");
    assert_eq!(still.sandbox.requests().len(), requests, "{words}");
}

#[test]
fn rule_1_a_saved_position_is_gone_on_from_and_moved_page_by_page() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let step = "export tickets -o all.ndjson --per-page 7 --max-pages 2";
    place.zdx(&format!("{step} --since @0")).run().exit(0);
    let first = place.saved("tickets")["cursor"].clone();
    place.zdx(step).run().exit(0).stderr_has("goes on from");
    let second = place.saved("tickets")["cursor"].clone();
    assert_ne!(first, second);
    assert_eq!(place.file("all.ndjson").lines().count(), 28);
    let cursors =
        still.sandbox.requests().iter().filter(|seen| seen.query.contains("cursor=")).count();
    assert_eq!((still.sandbox.requests().len(), cursors), (4, 3));
}

#[test]
fn rule_2_without_any_start_the_run_says_what_to_pass() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets").run().refused(2, "--since").stderr_has("start");
    assert!(still.sandbox.requests().is_empty());
}

#[test]
fn rule_2_the_profiles_start_begins_a_series() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.put("c.toml", "[defaults]\nstart = \"@0\"\noutput = \"all.ndjson\"\n");
    place.zdx("export tickets --config c.toml").run().exit(0).stderr_has("start = \"@0\"");
    assert_eq!(place.file("all.ndjson"), still.ndjson(TICKETS));
    place.zdx("export tickets --config c.toml").run().exit(0).stderr_has(" nothing new, ");
}

#[test]
fn rule_3_since_begins_a_series_and_says_so() {
    let (_still, place) = caught_up();
    let saved = place.saved("tickets");
    assert_eq!(saved["pagination"], "cursor");
    assert!(saved["cursor"].is_string() && saved["through"].is_string(), "{saved}");
    let run = place.zdx("export users --since @0 -o users.ndjson").run();
    run.exit(0).stderr_has("series");
}

#[test]
fn rule_3_the_start_is_saved_before_the_first_request() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let dead = place.zdx("export tickets --since @0 -o all.ndjson --retry-for 0s");
    dead.env("ZDX_BASE_URL", "http://127.0.0.1:9").run().exit(5);
    place.zdx("export tickets -o all.ndjson").run().exit(0);
    assert_eq!(place.file("all.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn rule_3_an_output_that_holds_something_is_refused() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.put("all.ndjson", "{\"old\":1}\n");
    let run = place.zdx("export tickets --since @0 -o all.ndjson").run();
    run.refused(2, "--append").stderr_has("--overwrite");
    assert_eq!(place.file("all.ndjson"), "{\"old\":1}\n");
    assert!(still.sandbox.requests().is_empty());
    assert_eq!(place.state_bytes(), "");
}

#[test]
fn rule_3_append_goes_on_behind_what_is_there() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.put("all.ndjson", "{\"old\":1}\n");
    place.zdx("export tickets --since @0 -o all.ndjson --append").run().exit(0);
    let whole = format!("{{\"old\":1}}\n{}", still.ndjson(TICKETS));
    assert_eq!(place.file("all.ndjson"), whole);
    place.zdx("export tickets -o all.ndjson").run().exit(0);
    assert_eq!(place.file("all.ndjson"), whole);
}

#[test]
fn rule_3_overwrite_replaces_what_is_there() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.put("all.ndjson", "{\"old\":1}\n");
    place.zdx("export tickets --since @0 -o all.ndjson --overwrite").run().exit(0);
    assert_eq!(place.file("all.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn rule_4_since_beside_a_saved_position_is_a_one_off_that_leaves_the_state_alone() {
    let (still, place) = caught_up();
    let state = place.state_bytes();
    let run = place.zdx("export tickets --since @0").run();
    run.exit(0).stdout(&still.ndjson(TICKETS)).stderr_has("one-off");
    assert_eq!(place.state_bytes(), state);
    let run = place.zdx("export tickets --since @0 -o other.ndjson").run();
    run.exit(0).stderr_has("stays as it is");
    assert_eq!(place.state_bytes(), state);
    assert_eq!(place.file("other.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn rule_5_a_position_belongs_to_its_output() {
    let (still, place) = caught_up();
    for output in ["", "-o other.ndjson", "-o ./", "-o all.ndjson.gz"] {
        refused(&still, &place, &format!("export tickets {output}"), 2, "all.ndjson");
    }
}

#[test]
fn rule_5_another_spelling_of_the_output_is_the_same_output() {
    let (_still, place) = caught_up();
    place.zdx("export tickets -o ./all.ndjson").run().exit(0);
    let absolute = place.path("all.ndjson").display().to_string();
    place.zdx("export tickets -o").arg(absolute).run().exit(0);
}

#[test]
fn a_one_off_never_writes_into_a_series_output() {
    let (still, place) = caught_up();
    for rest in ["", "--append", "--overwrite"] {
        let words = format!("export tickets --since @0 -o all.ndjson {rest}");
        refused(&still, &place, &words, 2, "all.ndjson");
    }
}

#[test]
fn a_one_off_without_a_state_never_writes_into_a_series_output() {
    let (still, place) = caught_up();
    for rest in ["--until now --append", "--until now --overwrite", "--no-state --append"] {
        let words = format!("export tickets --since @0 -o all.ndjson {rest}");
        refused(&still, &place, &words, 2, "all.ndjson");
    }
}

#[test]
fn a_refused_run_leaves_no_directory_behind() {
    let (still, place) = caught_up();
    refused(&still, &place, "export tickets -o out/", 2, "all.ndjson");
    refused(&still, &place, "export tickets users -o out/", 2, "all.ndjson");
    refused(&still, &place, "export users -o out/", 2, "--since");
}

#[test]
fn a_dry_run_leaves_no_directory_behind() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    place.zdx("export users --since 2h -o new/ --dry-run").run().exit(0);
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn another_resource_never_writes_into_a_series_output() {
    let (still, place) = caught_up();
    for rest in ["", "--append", "--overwrite"] {
        refused(
            &still,
            &place,
            &format!("export users --since @0 -o all.ndjson {rest}"),
            2,
            "all.ndjson",
        );
    }
}

#[test]
fn overwrite_never_destroys_a_series() {
    let (still, place) = caught_up();
    refused(&still, &place, "export tickets -o all.ndjson --overwrite", 2, "--overwrite");
}

#[test]
fn pagination_against_the_saved_one_is_refused() {
    let (still, place) = caught_up();
    refused(&still, &place, "export tickets -o all.ndjson --pagination time", 2, "cursor");
}

#[test]
fn one_resource_that_is_refused_stops_them_all() {
    let (still, place) = caught_up();
    refused(&still, &place, "export users tickets --since @0 -o all.ndjson", 2, "");
    refused(&still, &place, "export tickets users -o ./", 2, "");
}

#[test]
fn until_is_a_one_off_and_leaves_out_what_changed_at_or_after_it() {
    let still = Still::of(&[TICKETS, TICKETS_BY_TIME]);
    let place = Place::of(&still.sandbox);
    let times: Vec<i64> = still.records(TICKETS).iter().map(|record| generated(record)).collect();
    let until = times[times.len() / 2];
    let expected: String = still
        .records(TICKETS)
        .iter()
        .filter(|record| generated(record) < until)
        .flat_map(|record| [record, "\n"])
        .collect();
    for pagination in ["cursor", "time"] {
        let words = format!(
            "export tickets --since @0 --until @{until} --per-page 7 --pagination {pagination}"
        );
        place.zdx(&words).run().exit(0).stdout(&expected);
    }
    assert_eq!(place.state_bytes(), "");
    let pages = still.sandbox.requests().len();
    assert!(pages < 14, "{pages} requests for half of nine pages, twice");
}

fn generated(record: &str) -> i64 {
    let record: Value = serde_json::from_str(record).unwrap();
    record["generated_timestamp"].as_i64().unwrap()
}

#[test]
fn until_without_since_is_refused() {
    let (still, place) = caught_up();
    refused(&still, &place, "export tickets --until now -o all.ndjson", 2, "--since");
    refused(&still, &place, "export tickets --until now", 2, "hint: say where to start");
}

#[test]
fn until_in_the_future_is_refused_and_now_is_not() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    let now = still.sandbox.now();
    for until in ["2099-01-01".to_owned(), format!("@{}", now + 60)] {
        let words = format!("export tickets --since 2h --until {until}");
        place.zdx(&words).run().refused(2, "is in the future").stderr_has("hint: leave it out");
    }
    assert!(still.sandbox.requests().is_empty());
    for until in ["now".to_owned(), format!("@{now}"), format!("@{}", now + 2)] {
        place.zdx(&format!("export tickets --since 2h --until {until}")).run().exit(0);
    }
}

#[test]
fn until_before_since_is_refused() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export tickets --since 2h --until 3h").run();
    run.refused(2, "--until").stderr_has("hint: give the earlier time to --since");
    assert!(still.sandbox.requests().is_empty());
}

#[test]
fn limit_cuts_a_one_off_at_exactly_n() {
    let still = Still::of(&[TICKETS, ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    for limit in [1, 7, 10] {
        let words = format!("export tickets --since @0 --no-state --per-page 7 --limit {limit}");
        let run = place.zdx(&words).run();
        run.exit(0)
            .stdout(&still.ndjson(TICKETS).split_inclusive('\n').take(limit).collect::<String>());
    }
    let words = "export organizations --since @0 --no-state --per-page 2 --limit 3";
    let run = place.zdx(words).run();
    run.exit(0)
        .stdout(&still.ndjson(ORGANIZATIONS).split_inclusive('\n').take(3).collect::<String>());
}

#[test]
fn limit_in_a_series_is_rounded_up_to_the_pages_edge() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets --per-page 7 --limit 10 -o all.ndjson";
    place.zdx(&format!("{words} --since @0")).run().exit(0).stderr_has("14 records");
    place.zdx("export tickets -o all.ndjson").run().exit(0);
    assert_eq!(place.file("all.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn a_start_of_the_last_minute_is_clamped() {
    let still = Still::of(&[TICKETS, TICKETS_BY_TIME]);
    let place = Place::of(&still.sandbox);
    for pagination in ["cursor", "time"] {
        for since in ["now", "10s", "0s"] {
            let words =
                format!("export tickets --since {since} --no-state --pagination {pagination}");
            place.zdx(&words).run().exit(0).stdout("");
        }
    }
    assert!(still.sandbox.requests().iter().all(|seen| seen.status == 200));
}

#[test]
fn the_ways_to_write_a_start_are_resolved_and_echoed() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    for (since, echoed) in [
        ("@1763600000", "2025-11-20T00:53:20Z"),
        ("1763600000", "2025-11-20T00:53:20Z"),
        ("2025-11-01", "2025-11-01T00:00:00Z"),
        ("2025-11-01T12:00:00Z", "2025-11-01T12:00:00Z"),
        ("2025-11-01T12:00:00+02:00", "2025-11-01T10:00:00Z"),
        ("2025-11-01T12:00:00-05:30", "2025-11-01T17:30:00Z"),
        ("today", "T00:00:00Z"),
        ("yesterday", "T00:00:00Z"),
        ("2h30m", "Z"),
        ("3d", "Z"),
    ] {
        let run = place.zdx("export tickets --dry-run --since").arg(since).run();
        run.exit(0).stderr_has(echoed);
    }
    place.zdx("export tickets --dry-run --since").arg("2h ago").run().exit(0);
    assert!(still.sandbox.requests().is_empty());
}

#[test]
fn dry_run_shows_the_plan_and_touches_nothing() {
    let (still, place) = caught_up();
    let (state, requests) = (place.state_bytes(), still.sandbox.requests().len());
    let run = place.zdx("export tickets -o all.ndjson --dry-run").run();
    run.exit(0)
        .stdout_has("/api/v2/incremental/tickets/cursor.json?cursor=")
        .stderr_has("all.ndjson");
    let run = place.zdx("export users --since @1763600000 -o users.ndjson --dry-run").run();
    run.exit(0).stdout_has("start_time=1763600000");
    assert_eq!(place.state_bytes(), state);
    assert_eq!(still.sandbox.requests().len(), requests);
    assert_eq!(place.names(), ["all.ndjson"]);
}

#[test]
fn no_state_reads_and_writes_no_position() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 --no-state -o a.ndjson").run().exit(0);
    assert_eq!(place.state_bytes(), "");
    place.zdx("export tickets --no-state").run().refused(2, "--since");
}

#[test]
fn the_sandbox_inside_needs_no_account_and_keeps_no_state() {
    let place = Place::new();
    let run = place.zdx("export tickets --since 30d --sandbox").run();
    assert!(run.exit(0).lines().len() > 100);
    assert_eq!(place.state_bytes(), "");
    let words = "export tickets --sandbox --state s.json -o t.ndjson --per-page 100 --max-pages 1";
    place.zdx(&format!("{words} --since 30d")).run().exit(0);
    place.zdx(words).run().exit(0);
    assert_eq!(place.file("t.ndjson").lines().count(), 200);
}

#[test]
fn a_sideload_of_a_series_never_goes_into_another_series_output() {
    let (still, place) = caught_up();
    place.zdx("export users --since @0 -o all.tickets.users.ndjson").run().exit(0);
    let users = place.file("all.tickets.users.ndjson");
    let words = "export tickets -o all.ndjson --include users --append";
    refused(&still, &place, words, 2, "belongs to the series of users");
    assert_eq!(place.file("all.tickets.users.ndjson"), users);
    place.zdx("export tickets -o all.ndjson --include groups").run().exit(0);
    place.zdx("export tickets -o all.ndjson --include groups").run().exit(0);
}

#[test]
fn exclude_system_updates_drops_tickets_updated_before_the_window() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let times: Vec<i64> = still.records(TICKETS).iter().map(|record| generated(record)).collect();
    let since = times[0] + 1;
    let expected: String = still
        .records(TICKETS)
        .iter()
        .filter(|record| {
            let ticket: Value = serde_json::from_str(record).unwrap();
            let updated: jiff::Timestamp = ticket["updated_at"].as_str().unwrap().parse().unwrap();
            generated(record) >= since && updated.as_second() >= since
        })
        .flat_map(|record| [record, "\n"])
        .collect();
    let words = format!("export tickets --since @{since} --no-state --exclude-system-updates");
    place.zdx(&words).run().exit(0).stdout(&expected);
}

#[test]
fn a_state_elsewhere_is_a_series_of_its_own() {
    let (still, place) = caught_up();
    let state = place.state_bytes();
    place.zdx("export tickets --since @0 --state s.json -o b.ndjson").run().exit(0);
    assert_eq!(place.state_bytes(), state);
    assert_eq!(place.file("b.ndjson"), still.ndjson(TICKETS));
    place.zdx("export tickets -o b.ndjson").env("ZDX_STATE", "s.json").run().exit(0);
}

#[test]
fn the_state_says_what_is_documented() {
    let (still, place) = caught_up();
    let state: Value = serde_json::from_str(&place.state_bytes()).unwrap();
    assert_eq!(state["format"], "zdx-state");
    assert_eq!(state["version"], 2);
    assert_eq!(state["account"], "sandbox");
    let tickets = &state["resources"]["tickets"];
    let output = &tickets["output"];
    assert_eq!(output["path"], json!(place.path("all.ndjson").canonicalize().unwrap()));
    assert_eq!(output["committed"], json!(still.ndjson(TICKETS).len()));
    assert!(output["tail"].is_string());
    place.zdx("export organizations --since @0 -o orgs.ndjson").run().exit(0);
    let organizations = place.saved("organizations");
    assert_eq!(organizations["pagination"], "time");
    assert!(organizations["end_time"].is_i64() && organizations["overlap"]["seen"].is_string());
}
