//! Hints are typed as they stand, and work. A command in a hint stands between backticks.

use crate::{
    harness::{Outcome, Place, Still, TICKETS, eventually, small, walk},
    server::{Reply, Server},
};
use serde_json::Value;
use std::collections::BTreeSet;
use zdx::sandbox::{Behaviour, Fault, Options, SameSecond, Sandbox};

/// The commands of zdx that a run's hints name, in order.
fn named(run: &Outcome) -> Vec<String> {
    let hints = run.stderr().lines().filter(|line| line.starts_with("zdx: hint: "));
    let commands = hints.flat_map(|hint| {
        let parts = hint.split('`').enumerate();
        parts.filter(|(index, part)| index % 2 == 1 && part.starts_with("zdx "))
    });
    commands.map(|(_, command)| command["zdx ".len()..].to_owned()).collect()
}

/// Types the commands that a run's hints name.
#[track_caller]
fn type_all(place: &Place, run: &Outcome, expected: usize) {
    let commands = named(run);
    assert_eq!(commands.len(), expected, "{commands:?}\n{}", run.transcript());
    for command in commands {
        place.zdx(&command).run().exit(0);
    }
}

/// A page by cursor, and a refusal of the cursor behind it.
fn refused_cursor() -> [Reply; 2] {
    let page = r#"{"tickets":[{"id":1,"generated_timestamp":1700000000}],
        "after_cursor":"MTAwfHwx","end_of_stream":false}"#;
    let body = r#"{"errors":[{"code":"InvalidPaginationParameter","title":"Invalid cursor"}]}"#;
    [Reply::ok(page), Reply::status("400 Bad Request", &[], body)]
}

#[test]
fn a_command_in_a_hint_repeats_the_flags_that_name_account_and_files() {
    let server = Server::script(refused_cursor());
    let place = Place::at(&server.url());
    place.put("c.toml", "[profiles.p]\nsubdomain = \"acme\"\noauth_token = \"c4n4ry-token\"\n");
    let flags = "--profile p --config c.toml --state";
    let run = place.zdx(&format!("export tickets --since @0 -o t.ndjson {flags}"));
    let run = run.arg("my state.json").run();
    run.exit(6).stderr_has(&format!(
        "`zdx state set tickets --since 2023-11-14T22:13:20Z {flags} 'my state.json'`"
    ));
    let run = place.zdx(&format!("state reset users {flags} other.json")).run();
    run.exit(2).stderr_has(&format!("`zdx state show {flags} other.json`"));
}

#[test]
fn the_hint_at_a_refused_cursor_moves_the_series_that_was_meant() {
    let server = Server::script(refused_cursor());
    let place = Place::at(&server.url());
    let run = place.zdx("export tickets --since @0 -o t.ndjson --state s.json").run();
    type_all(&place, run.exit(6), 1);
    let state: Value = serde_json::from_str(&place.file("s.json")).unwrap();
    assert_eq!(state["resources"]["tickets"]["start_time"], 1_700_000_000);
}

#[test]
fn a_hint_of_a_run_in_the_sandbox_is_about_the_sandbox() {
    let place = Place::new();
    let words = "export tickets --since 3d --sandbox --state s.json --limit 1";
    place.zdx(&format!("{words} -o a.ndjson")).run().exit(0);
    let run = place.zdx("export tickets --sandbox --state s.json -o b.ndjson").run();
    type_all(&place, run.exit(2), 2);
    place.zdx("export tickets --sandbox --state s.json -o b.ndjson").run().exit(0);
}

/// 1,200 tickets changed in one second, which paging by time does not get past.
fn stuck() -> (Sandbox, i64) {
    const WEEK: i64 = 7 * 86_400;
    let sandbox = Sandbox::start(Options {
        records: 1300,
        bulk: 1200,
        quota: Some(0),
        behaviour: Behaviour { same_second: SameSecond::Stuck, ..Behaviour::default() },
        ..Options::default()
    })
    .unwrap();
    let sunday = 3 * 86_400;
    let second = (sandbox.now() - 120 - sunday).div_euclid(WEEK) * WEEK + sunday;
    (sandbox, second)
}

#[test]
fn the_way_past_a_second_of_more_than_a_page_works_as_it_is_typed() {
    let (sandbox, second) = stuck();
    let since = second - 3 * 86_400;
    let expected: BTreeSet<String> = walk(&sandbox, TICKETS, "")
        .into_iter()
        .filter(|record| {
            let record: Value = serde_json::from_str(record).unwrap();
            record["generated_timestamp"].as_i64().unwrap() >= since
        })
        .collect();
    let begin = format!("export tickets --pagination time --since @{since} --retry-for 0s");
    let place = Place::of(&sandbox);
    let run = place.zdx(&format!("{begin} -o out/ --state s.json")).run();
    run.exit(6).stderr_has("hint: or run the same command again, without --since, with --on-");
    type_all(&place, &run, 2);
    let run = place.zdx("export tickets -o out/ --state s.json").run();
    run.exit(0);
    let file = place.file("out/tickets.ndjson");
    let found: BTreeSet<String> = file.lines().map(str::to_owned).collect();
    assert!(expected.is_subset(&found), "{} of {}", found.len(), expected.len());
    // A one-off has nothing to reset.
    let run = place.zdx(&format!("{begin} --no-state")).run();
    assert!(named(run.exit(6).stderr_has("hint: use --pagination cursor")).is_empty());
}

#[test]
fn a_second_of_more_than_a_page_has_no_cursor_where_the_resource_has_none() {
    let page = |from: i64| {
        let events: Vec<Value> = (0..1000)
            .map(|id| serde_json::json!({"id": id, "timestamp": 1_700_000_000, "from": from}))
            .collect();
        let page = serde_json::json!({
            "ticket_events": events, "count": 1000, "end_time": 1_700_000_000, "end_of_stream": false,
        });
        Reply::ok(page.to_string())
    };
    let server = Server::script([page(1)]);
    let place = Place::at(&server.url());
    let words = "export ticket_events --since @1700000000 --no-state --retry-for 0s";
    let run = place.zdx(words).run();
    run.exit(6).stderr_lacks("--pagination cursor").stderr_has("--on-overflow skip-second");
}

#[test]
fn a_state_that_is_whole_is_not_to_be_restored_or_moved_away() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    place.zdx("export organizations --since @0 -o o.ndjson --state s.json").run().exit(0);
    let state = place.file("s.json");
    place.put("s.json", &state.replace("\"account\": \"sandbox\"", "\"account\": \"other\""));
    for words in ["export organizations -o o.ndjson --state s.json", "state show --state s.json"] {
        let run = place.zdx(words).run();
        run.refused(3, "it belongs to the account \"other\", not \"sandbox\"");
        run.stderr_has("hint: pass another --state, or choose its account with ZENDESK_SUBDOMAIN");
        run.stderr_lacks("backup").stderr_lacks("not a valid");
    }
    place.put("s.json", &state.replace("\"version\": 2", "\"version\": 3"));
    let run = place.zdx("export organizations -o o.ndjson --state s.json").run();
    run.refused(3, "newer version").stderr_has("hint: update zdx").stderr_lacks("backup");
}

#[test]
fn what_to_do_about_another_zdx_depends_on_the_command() {
    let options = Options { faults: vec![(Fault::Hang, 1)], ..small() };
    let still = Still::with(options, &[]);
    let place = Place::of(&still.sandbox);
    let running = place.zdx("export tickets --since @0 -o t.ndjson").start();
    eventually(|| still.sandbox.requests().len() == 1);
    for words in ["state set tickets --since 2h", "state reset tickets"] {
        let run = place.zdx(words).run();
        run.refused(11, "another zdx")
            .stderr_has("hint: wait for it to end")
            .stderr_lacks("--state");
    }
    let run = place.zdx("export tickets -o t.ndjson").run();
    run.refused(11, "another zdx")
        .stderr_has("hint: wait for it to end")
        .stderr_lacks("--no-state");
    // To a pipe it is a look, for which nobody has to wait.
    place.zdx("export tickets --since 2h").run().exit(0);
    let run = place.zdx("export tickets --since 2h -o u.ndjson").run();
    run.refused(11, "another zdx").stderr_has("hint: add --no-state");
    place.zdx("export tickets --since 2h --no-state").run().exit(0);
    let run = place.zdx("export tickets --since 2h -o t.ndjson --state u.json --append").run();
    run.refused(11, "writes to the output").stderr_has("hint: wait for it to end, or write to");
    running.signal(rustix::process::Signal::TERM);
    running.end().exit(143);
}

/// A series that was begun on stdout by mistake is what a newcomer meets first.
#[test]
fn the_ways_out_of_a_series_on_stdout_work_as_they_are_typed() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox).keeping();
    place.zdx("export tickets --since @0").run().exit(0).stdout(&still.ndjson(TICKETS));
    let run = place.zdx("export tickets -o out/").run();
    run.refused(2, "the saved position belongs to the output stdout, not to ");
    run.stderr_has("hint: go on there with -o -");
    place.zdx("export tickets -o -").run().exit(0);
    type_all(&place, &run, 2);
    place.zdx("export tickets -o out/").run().exit(0);
    let run = place.zdx("export tickets").run();
    run.refused(2, "out/tickets.ndjson, not to stdout");
    type_all(&place, &run, 2);
    let run = place.zdx("export tickets --pagination time").run();
    type_all(&place, run.exit(2).stderr_has("contradicts the saved position"), 2);
    place.zdx("export tickets --pagination time").run().exit(0);
}

/// The command lines of zdx in a text, without what stands behind a pipe.
fn lines_of_zdx(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim).filter(|line| line.starts_with("zdx export "));
    lines.map(|line| line.split(['|', '#', '&']).next().unwrap_or_default().trim())
}

#[test]
fn examples_that_are_typed_one_after_another_all_work() {
    let still = Still::of(&[]);
    let place = Place::new();
    let help = |words: &str| place.zdx(words).run().exit(0).text();
    let readme = include_str!("../../README.md");
    let start = readme.split("## With an account").nth(1).and_then(|rest| rest.split("## ").next());
    for (text, expected) in
        [(help("export --help"), 3), (help("--help"), 4), (start.unwrap_or_default().to_owned(), 3)]
    {
        let place = Place::of(&still.sandbox);
        let mut typed = 0;
        // Twice, as somebody does who comes back the next day; but a series is begun once.
        for round in 0..2 {
            for line in lines_of_zdx(&text) {
                if round == 1 && line.contains("--since") && line.contains("-o ") {
                    continue;
                }
                let line = line.replace("/data/zendesk/", "zendesk/");
                let sandboxed = line.contains("--sandbox");
                let zdx = place.zdx(&line["zdx ".len()..]);
                let zdx = if sandboxed { zdx.env("ZDX_BASE_URL", "") } else { zdx };
                zdx.run().exit(0);
                typed += 1;
            }
        }
        assert_eq!(typed, 2 * expected - 1, "{text}");
    }
}
