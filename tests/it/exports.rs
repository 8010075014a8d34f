//! Whole exports: every record, each once, however they are paged and however often the run is
//! stopped.

use crate::harness::{
    Export, METRIC_EVENTS, Place, Still, TICKETS, TICKETS_BY_TIME, USERS, USERS_BY_TIME,
    for_each_export, ndjson, until_caught_up,
};
use std::collections::BTreeSet;

for_each_export!(
    a_whole_export_is_the_worlds_records,
    small_pages_make_the_same_export,
    stopping_after_each_page_makes_the_same_file,
    stopping_after_each_page_makes_the_same_stdout,
    a_run_with_nothing_new_writes_nothing_and_leaves_the_position,
    what_changed_since_the_last_run_is_written_alone,
);

fn words(export: Export, rest: &str) -> String {
    let rest = rest.replace("--since @0", export.since());
    format!("export {} --pagination {} {rest}", export.resource, export.pagination)
}

fn a_whole_export_is_the_worlds_records(export: Export) {
    let still = Still::of(&[export]);
    let place = Place::of(&still.sandbox).keeping();
    let run = place.zdx(&words(export, "--since @0")).run();
    run.exit(0).stdout(&still.ndjson(export)).stderr_has("caught up");
    let each: BTreeSet<&String> = still.records(export).iter().collect();
    assert_eq!(run.lines().len(), each.len());
}

fn small_pages_make_the_same_export(export: Export) {
    if !export.takes_per_page {
        return;
    }
    let still = Still::of(&[export]);
    let place = Place::of(&still.sandbox).keeping();
    for per_page in [25, 7, 1] {
        let words = words(export, &format!("--since @0 --no-state --per-page {per_page}"));
        let run = place.zdx(&words).run();
        run.exit(0).stdout(&still.ndjson(export));
        let sizes: BTreeSet<_> =
            still.sandbox.requests().iter().map(|seen| seen.per_page).collect();
        assert!(sizes.contains(&Some(per_page)), "{sizes:?}");
    }
}

fn paged(export: Export) -> &'static str {
    match export.resource {
        "ticket_events" | "ticket_metric_events" | "agent_timeline" if export.takes_per_page => {
            "--per-page 100"
        }
        _ if export.takes_per_page => "--per-page 7",
        _ => "",
    }
}

fn stopping_after_each_page_makes_the_same_file(export: Export) {
    let still = Still::of(&[export]);
    let place = Place::of(&still.sandbox).keeping();
    let step = format!("-o all.ndjson --max-pages 1 {}", paged(export));
    let first = words(export, &format!("--since @0 {step}"));
    let runs = until_caught_up(&place, &first, &words(export, &step));
    assert_eq!(place.file("all.ndjson"), still.ndjson(export));
    assert!(runs.len() > 1 || still.records(export).len() < 1000);
}

fn stopping_after_each_page_makes_the_same_stdout(export: Export) {
    let still = Still::of(&[export]);
    let place = Place::of(&still.sandbox).keeping();
    let step = format!("--max-pages 1 {}", paged(export));
    let first = words(export, &format!("--since @0 {step}"));
    let runs = until_caught_up(&place, &first, &words(export, &step));
    let all: String = runs.iter().map(|run| run.text()).collect();
    assert_eq!(all, still.ndjson(export));
}

fn a_run_with_nothing_new_writes_nothing_and_leaves_the_position(export: Export) {
    let still = Still::of(&[export]);
    let place = Place::of(&still.sandbox).keeping();
    place.zdx(&words(export, "--since @0 -o all.ndjson")).run().exit(0);
    let before = place.saved(export.resource);
    for _ in 0..2 {
        place.zdx(&words(export, "-o all.ndjson")).run().exit(0).stderr_has(" nothing new, ");
        let after = place.saved(export.resource);
        for member in ["pagination", "cursor", "end_time", "seen", "output"] {
            assert_eq!(after[member], before[member], "{member}");
        }
    }
    assert_eq!(place.file("all.ndjson"), still.ndjson(export));
}

fn what_changed_since_the_last_run_is_written_alone(export: Export) {
    let still = Still::of(&[export]);
    let place = Place::of(&still.sandbox).keeping();
    place.zdx(&words(export, "--since @0")).run().exit(0).stdout(&still.ndjson(export));
    let new = still.pass_time(export);
    place.zdx(&words(export, "")).run().exit(0).stdout(&ndjson(&new));
}

#[test]
fn both_paginations_export_the_same_records() {
    for (cursor, time) in [(TICKETS, TICKETS_BY_TIME), (USERS, USERS_BY_TIME)] {
        let still = Still::of(&[cursor, time]);
        let place = Place::of(&still.sandbox).keeping();
        let sorted = |export: Export| {
            let run = place.zdx(&words(export, "--since @0 --no-state --per-page 9")).run();
            let mut lines = run.exit(0).lines();
            lines.sort();
            lines
        };
        assert_eq!(sorted(cursor), sorted(time));
    }
}

#[test]
fn a_page_without_a_page_size_is_full_at_a_thousand() {
    let still = Still::of(&[METRIC_EVENTS]);
    let place = Place::of(&still.sandbox).keeping();
    assert!(still.records(METRIC_EVENTS).len() > 1000);
    let run = place.zdx("export ticket_metric_events --since @0 --summary json").run();
    let summary = run.exit(0).summary();
    assert_eq!(summary["resources"][0]["pages"], 2);
    assert!(still.sandbox.requests().iter().all(|seen| !seen.query.contains("per_page")));
}

#[test]
fn all_means_every_resource() {
    let still = Still::of(&[TICKETS, USERS, METRIC_EVENTS]);
    let place = Place::of(&still.sandbox).keeping();
    place.zdx("export all --since @0 -o out/").run().exit(0);
    for export in [TICKETS, USERS, METRIC_EVENTS] {
        let file = format!("out/{}.ndjson", export.resource);
        assert_eq!(place.file(&file), still.ndjson(export));
    }
    for resource in ["ticket_events", "organizations", "articles"] {
        assert!(!place.file(&format!("out/{resource}.ndjson")).is_empty());
    }
}

#[test]
fn several_resources_share_stdout_in_envelopes() {
    let still = Still::of(&[TICKETS, USERS]);
    let place = Place::of(&still.sandbox).keeping();
    let run = place.zdx("export tickets users --since @0 --envelope --no-state").run();
    run.exit(0);
    for export in [TICKETS, USERS] {
        let head = format!("{{\"resource\":\"{}\",\"record\":", export.resource);
        let lines = run.lines();
        let mine: Vec<&String> = lines.iter().filter(|line| line.starts_with(&head)).collect();
        let expected: Vec<String> =
            still.records(export).iter().map(|record| format!("{head}{record}}}")).collect();
        assert!(mine.iter().copied().eq(expected.iter()), "{}", export.resource);
    }
}
