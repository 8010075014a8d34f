//! What zdx says of a run and of its end: each row as the fact that holds since.

use crate::{
    harness::{Place, Still, TICKETS, eventually, small},
    server::{Reply, Server, T, cursor_page, record},
};
use rustix::process::Signal;
use zdx::sandbox::Options;

const ID: &str = "8525946539c9230a-SJC";

#[test]
fn u36_the_id_of_a_request_is_told_of_each_answer_and_of_what_came_out_wrong() {
    let page = cursor_page(&[record(1, T)], Some("c1"), true);
    let page = Reply::with(&[("x-request-id", ID)], page);
    let server = Server::script([page]);
    let run = Place::at(&server.url()).zdx("export tickets --since @0 --no-state -v").run();
    run.exit(0).stderr_has(&format!("; x-request-id {ID}"));
    for body in ["", "{}"] {
        let server =
            Server::answering(move |_, _| Some(Reply::with(&[("x-request-id", ID)], body)));
        let run = Place::at(&server.url()).zdx("export tickets --since @0 -o t.ndjson").run();
        run.exit(6).stderr_has(&format!("; x-request-id {ID}; retry in"));
        run.stderr_has(&format!("such answers; x-request-id {ID}\n"));
        run.stderr_has(&format!("ask Zendesk's support, which finds the request by {ID}\n"));
    }
}

#[test]
fn u36_without_an_id_there_is_none_to_name() {
    let server = Server::answering(move |_, _| Some(Reply::ok("{}")));
    let run = Place::at(&server.url()).zdx("export tickets --since @0 -o t.ndjson").run();
    run.exit(6).stderr_has("ask Zendesk's support\n").stderr_lacks("x-request-id");
}

#[test]
fn u31_a_run_with_nothing_new_says_so_in_words_and_numbers_in_the_summary() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    for pagination in ["cursor", "time"] {
        let words = format!("export tickets --pagination {pagination} -o {pagination}.ndjson");
        let words = format!("{words} --state {pagination}.json");
        place.zdx(&format!("{words} --since @0")).run().exit(0).stderr_has(" records, ");
        let run = place.zdx(&words).run();
        run.exit(0).stderr_has("zdx: tickets: nothing new, ").stderr_has(", caught up\n");
        run.stderr_lacks("duplicate").stderr_lacks("0 records").stderr_counts("\n", 2);
        let run = place.zdx(&words).arg("--summary").arg("json").run();
        assert_eq!(run.exit(0).summary()["resources"][0]["records"], 0);
    }
}

#[test]
fn u30_a_quiet_run_that_is_stopped_says_nothing() {
    let still = Still::with(Options { quota: Some(0), ..small() }, &[TICKETS]);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let place = Place::of(&still.sandbox);
        let run = place.zdx("export tickets --since @0 --follow -q -o t.ndjson").start();
        eventually(|| place.state_bytes().contains("\"cursor\":"));
        run.signal(signal);
        assert_eq!(run.end().exit(code).stderr(), "");
    }
}

const THREE: &str = "export tickets users organizations -o out/";

#[test]
fn u14_what_resources_share_is_said_once_at_the_start() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx(&format!("{THREE} --since @0")).run();
    let names = "zdx: tickets, users, organizations: ";
    let line = format!("{names}from 1970-01-01T00:00:00Z (--since @0) to ");
    run.exit(0)
        .stderr_counts(&line, 1)
        .stderr_has("/out/{resource}.ndjson, a new series saved in ");
    run.stderr_counts("\n", 4);
    let run = place.zdx(THREE).run();
    run.exit(0).stderr_counts(&format!("{names}go on from "), 1).stderr_has(") and later to ");
    run.stderr_counts("\n", 4);
    // A log for programs tells of each.
    let run = place.zdx(&format!("{THREE} --log-format json")).run();
    run.exit(0)
        .stderr_counts("goes on from ", 3)
        .stderr_has(r#""resource":"users","message":"goes"#);
}

#[test]
fn u14_what_fails_all_resources_is_said_once() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox).oauth_client();
    let place = place.with("ZENDESK_OAUTH_CLIENT_SECRET", "wrong-c4n4ry");
    let run = place.zdx(&format!("{THREE} --since @0")).run();
    run.exit(4).stderr_counts("mints no token", 2).stderr_counts("hint: ", 1);
    run.stderr_counts("failed (exit 4)", 1).stderr_counts("is unchanged", 2);
    run.stderr_has("zdx: tickets, users, organizations: 0 records");
    for name in ["tickets", "users", "organizations"] {
        let told = run.stderr().lines().filter(|line| line.contains("mints no token"));
        assert_eq!(told.filter(|line| line.contains(name)).count(), 1, "{}", run.transcript());
    }
    run.stderr_counts("\n", 7);
}

#[test]
fn u14_a_stop_of_several_resources_is_said_once() {
    let still = Still::with(Options { quota: Some(0), ..small() }, &[TICKETS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx(&format!("{THREE} --since @0 --follow")).start();
    eventually(|| place.state_bytes().matches("\"saved_at\"").count() == 3);
    run.signal(Signal::INT);
    let run = run.end();
    run.exit(130).stderr_counts("stopped by SIGINT", 1).stderr_counts("hint: ", 1);
    run.stderr_counts("stopped by a signal", 3);
}

#[test]
fn u23_whatever_fails_there_is_one_object_with_an_error_and_an_exit() {
    let server = Server::answering(|_, _| Some(Reply::status("403 Forbidden", &[], "{}")));
    let place = Place::at(&server.url());
    // Each is held against its schema by the harness, too.
    for (words, code) in [
        ("export tickets --since 2h --bad --summary json", 2),
        ("export --summary=json", 2),
        ("export tickest --since 2h --summary json", 2),
        ("export tickets --since 2h --no-state --summary json", 4),
        ("export tickets users --since 2h --no-state --envelope --summary json", 4),
        ("export tickets --since 2h --summary json --config none.toml", 3),
    ] {
        let run = place.zdx(words).run();
        let summary = run.exit(code).summary();
        assert_eq!(summary["exit"], code, "{summary}");
        assert!(summary["error"].is_string() && summary["resources"].is_array(), "{summary}");
        for row in summary["resources"].as_array().unwrap() {
            assert!(row["error"].as_str().unwrap().contains("403"), "{row}");
        }
    }
    for (words, code) in [
        ("resources tickets --json", 2),
        ("check tickest --json", 2),
        ("check --json", 4),
        ("state show --json --config none.toml", 3),
        ("state set tickets --json", 2),
        ("state set tickets --since 2h --json", 2),
        ("state reset users --json", 2),
        ("state move -o x/ --json", 2),
        ("config show --json --config none.toml", 3),
        ("config path --jsn --json", 2),
        ("frobnicate --json", 2),
    ] {
        let run = place.zdx(words).run();
        let document: serde_json::Value = serde_json::from_str(&run.exit(code).text()).unwrap();
        assert_eq!(document["exit"], code, "{words}");
        assert!(document["error"].is_string(), "{document}");
        // People are told, too, as ever; those who check, by the rows.
        run.holds(words == "check --json" || run.stderr().starts_with("zdx: "), "nothing said");
    }
    for words in ["resources", "state show", "state path", "config path", "config show"] {
        let run = place.zdx(words).arg("--json").run();
        let document: serde_json::Value = serde_json::from_str(&run.exit(0).text()).unwrap();
        assert!(document["error"].is_null() && document["exit"] == 0, "{document}");
    }
}

#[test]
fn u28_the_command_alone_says_what_there_is_to_export() {
    let run = Place::new().zdx("export").run();
    run.refused(2, "zdx: export: RESOURCE is missing\n");
    run.stderr_has("zdx: hint: RESOURCE is one of tickets, ticket_events, users, ");
    run.stderr_lacks("error:").stderr_lacks("Usage");
}

#[test]
fn u28_what_is_typed_wrongly_is_told_in_one_voice() {
    for (words, says) in [
        ("export tickets --start 2h", "zdx: unknown flag --start: did you mean --since?\n"),
        ("export tickets --format csv", "zdx: hint: records are NDJSON, one a line"),
        ("export tickets -f10s", "zdx: hint: an interval is given with =, as in --follow=10s\n"),
        ("exprot tickets", "zdx: unknown command \"exprot\": did you mean export?\n"),
        ("export tickets --token s3cret", "zdx: unknown flag --token: no flag takes credentials\n"),
        ("export tickets --token=s3cret", "zdx: unknown flag --token: no flag takes credentials\n"),
    ] {
        let run = Place::new().zdx(words).run();
        run.refused(2, says).stderr_lacks("error:").stderr_lacks("s3cret");
    }
}

#[test]
fn a_stop_in_a_compressed_page_is_no_damage() {
    let page = cursor_page(&[record(1, T)], Some("c1"), true);
    let page = Reply::gzip(page, |_| {}).cut(20).hang();
    let server = Server::script([page]);
    let place = Place::at(&server.url());
    let run = place.zdx("export tickets --since @0 -o t.ndjson").start();
    eventually(|| server.requests().len() == 1);
    run.signal(Signal::INT);
    run.end().exit(130).stderr_lacks("warning").stderr_lacks("damaged");
}
