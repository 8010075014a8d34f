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
    run.exit(0).stderr_counts(&format!("{names}goes on from "), 1).stderr_has(") and later to ");
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
