//! `--jobs`: how many resources run side by side, and that one that fails leaves the others be.

use crate::harness::{ORGANIZATIONS, Place, Still, TICKETS, USERS};
use zdx::sandbox::{Behaviour, Exchange, Fault, Options, QuotaHeaders, Sandbox};

/// The resource that each request was for, in the order of the journal.
fn order(requests: &[Exchange]) -> Vec<&str> {
    let name = |seen: &'_ Exchange| seen.path.contains("/users");
    requests
        .iter()
        .map(|seen| match (name(seen), seen.path.contains("/organizations")) {
            (true, _) => "users",
            (_, true) => "organizations",
            (false, false) => "tickets",
        })
        .collect()
}

#[test]
fn one_job_sends_one_resource_after_the_other() {
    let still = Still::of(&[TICKETS, USERS, ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    let words = "export users tickets organizations --since @0 -o out/ --per-page 10 --jobs 1";
    place.zdx(words).run().exit(0);
    let requests = still.sandbox.requests();
    let mut runs = order(&requests);
    assert!(runs.len() > 8, "{runs:?}");
    runs.dedup();
    assert_eq!(runs, ["users", "tickets", "organizations"]);
    for export in [TICKETS, USERS, ORGANIZATIONS] {
        let name = format!("out/{}.ndjson", export.resource);
        assert_eq!(place.file(&name), still.ndjson(export), "{name}");
    }
}

#[test]
fn without_a_number_all_run_side_by_side() {
    let options =
        Options { latency: std::time::Duration::from_millis(10), ..crate::harness::small() };
    let sandbox = Sandbox::start(options).unwrap();
    let place = Place::of(&sandbox);
    let words = "export users tickets organizations --since @0 -o out/ --per-page 10";
    place.zdx(words).run().exit(0);
    let requests = sandbox.requests();
    let mut runs = order(&requests);
    let all = runs.len();
    runs.dedup();
    assert!(runs.len() > 3, "{} turns in {all} requests: {runs:?}", runs.len());
}

#[test]
fn without_quota_headers_none_has_to_wait_for_another_to_end() {
    let behaviour = Behaviour { quota_headers: QuotaHeaders::None, ..Behaviour::default() };
    let latency = std::time::Duration::from_millis(20);
    let sandbox =
        Sandbox::start(Options { behaviour, latency, ..crate::harness::small() }).unwrap();
    let place = Place::of(&sandbox);
    // The two share a quota, if there is one.
    let words = "export tickets organizations --since @0 -o out/ --per-page 2 --max-pages 9";
    place.zdx(words).run().exit(0).stderr_lacks("quota");
    let requests = sandbox.requests();
    let mut runs = order(&requests);
    runs.dedup();
    assert!(runs.len() > 6, "{runs:?}");
}

#[test]
fn the_number_of_jobs_is_checked() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    for typed in ["0", "-1", "65536", "many", ""] {
        let run =
            place.zdx("export tickets users --since 2h -o out/").arg(format!("--jobs={typed}"));
        run.run().refused(2, "--jobs");
    }
    assert!(still.sandbox.requests().is_empty());
    assert_eq!(place.state_bytes(), "");
    assert!(place.names().is_empty());
}

#[test]
fn more_jobs_than_resources_are_as_many_as_there_are() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export tickets --since @0 --jobs 65535").run();
    run.exit(0).stdout(&still.ndjson(TICKETS));
}

#[test]
fn one_that_fails_leaves_the_others_committed() {
    for (jobs, fault, code) in [
        ("", Fault::NotFound, 6),
        ("--jobs 1", Fault::Forbidden, 4),
        ("--jobs 2", Fault::Unavailable, 5),
    ] {
        let still = Still::of(&[TICKETS, USERS, ORGANIZATIONS]);
        still.sandbox.when(move |seen| seen.path.contains("/users").then_some(fault));
        let place = Place::of(&still.sandbox);
        let words = format!(
            "export users tickets organizations -o out/ --retry-for 0s --summary json {jobs}"
        );
        let run = place.zdx(&format!("{words} --since @0")).run();
        let summary = run.exit(8).summary();
        assert_eq!(summary["exit"], 8);
        let rows = summary["resources"].as_array().unwrap();
        let rows: Vec<_> = rows.iter().map(|row| (&row["resource"], &row["exit"])).collect();
        let expected = serde_json::json!([["users", code], ["tickets", 0], ["organizations", 0]]);
        assert_eq!(serde_json::json!(rows), expected);
        for export in [TICKETS, ORGANIZATIONS] {
            let name = format!("out/{}.ndjson", export.resource);
            assert_eq!(place.file(&name), still.ndjson(export), "{name}");
            assert!(place.saved(export.resource)["through"].is_string());
        }
        assert_eq!(place.file("out/users.ndjson"), "");
        // Each goes on where it stands.
        let again = place.zdx("export tickets organizations -o out/").run();
        again.exit(0).stderr_counts(" nothing new, ", 2);
    }
}

#[test]
fn each_failure_has_its_line_and_each_success_too() {
    let still = Still::of(&[TICKETS, ORGANIZATIONS]);
    still.sandbox.when(|seen| seen.path.contains("/users").then_some(Fault::NotFound));
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export users tickets organizations --since @0 -o out/ --jobs 1").run();
    run.exit(8).stderr_has("zdx: users: 0 records").stderr_counts("failed (exit 6)", 1);
    run.stderr_counts("caught up", 2).stderr_has("the position in ");
}
