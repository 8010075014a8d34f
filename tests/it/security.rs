//! What an attacker who writes tickets, answers or settings must not achieve.

use crate::{
    harness::Place,
    matrix::{FRESH, right},
    server::{Reply, Server, T, cursor_page, lines},
};
use serde_json::json;

#[test]
fn security_1_no_secret_is_on_the_command_line() {
    let server = Server::answering(|n, request| {
        Some(if n == 1 { Reply::raw("").hang() } else { right(request) })
    });
    let place = Place::at(&server.url());
    let run = place.zdx(FRESH).start();
    crate::harness::eventually(|| server.requests().len() == 2);
    let typed = std::fs::read(format!("/proc/{}/cmdline", run.child.id())).unwrap();
    assert!(!String::from_utf8_lossy(&typed).contains("c4n4ry"));
    run.signal(rustix::process::Signal::TERM);
    run.end().exit(143);
}

#[test]
fn security_12_records_reach_files_and_pipes_untouched() {
    let record = json!({"id": 1, "subject": "\u{9b}31m \u{202e}evil\u{2028}\u{1b}]0;x\u{7}", "generated_timestamp": T});
    let server =
        Server::script([Reply::ok(cursor_page(std::slice::from_ref(&record), Some("c"), true))]);
    let place = Place::at(&server.url());
    place.zdx("export tickets --since @0").run().exit(0).stdout(&lines(&[record]));
}

#[test]
fn security_12_13_server_text_is_one_harmless_line() {
    let text =
        "a\r\nzdx: tickets: 5 records, caught up\u{1b}[2K\u{9b}1A\u{202e}\u{2066}\u{2028}\u{0}b";
    for body in [
        text.to_owned(),
        json!({"error": text}).to_string(),
        json!({"error": {"title": text}}).to_string(),
    ] {
        let server = Server::script([Reply::status("418 Teapot", &[], body)]);
        let place = Place::at(&server.url());
        let run = place.zdx("export tickets --since @0 --no-state --summary none").run();
        run.exit(6);
        let odd: Vec<char> = run
            .stderr()
            .chars()
            .filter(|c| (c.is_control() && *c != '\n') || !c.is_ascii())
            .collect();
        assert!(odd.is_empty(), "{odd:?}\n{}", run.transcript());
        assert!(run.stderr().lines().all(|line| line.starts_with("zdx: ")));
        assert_eq!(run.stderr().lines().filter(|line| line.contains("5 records")).count(), 1);
    }
}

#[test]
fn security_12_server_text_is_cut_at_200_characters() {
    let server = Server::script([Reply::status("418 Teapot", &[], "y".repeat(5000))]);
    let place = Place::at(&server.url());
    let run = place.zdx("export tickets --since @0 --no-state").run();
    run.exit(6).stderr_has(&"y".repeat(200)).stderr_lacks(&"y".repeat(201));
}

#[test]
fn security_13_log_lines_stay_json() {
    let server = Server::script([Reply::status("418 Teapot", &[], "a\nb\"c\u{1b}")]);
    let place = Place::at(&server.url());
    let run = place.zdx("export tickets --since @0 --no-state --log-format json").run();
    run.exit(6);
    for line in run.stderr().lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn security_14_an_account_name_cannot_leave_the_directory() {
    let server = Server::script([]);
    let place = Place::at(&server.url());
    for output in ["{resource}/../{x}.ndjson", "{ticket.id}.ndjson", "{../..}.ndjson"] {
        place.zdx("export tickets --since 2h -o").arg(output).run().refused(2, "placeholder");
    }
}

#[test]
fn security_18_no_record_is_shown_in_an_error() {
    let body = "{\"tickets\":[{\"id\":1,\"ssn\":\"078-05-1120-private\"},7],\"after_cursor\":\"c\",\"end_of_stream\":true}";
    let broken = "{\"tickets\":[{\"id\":1,\"ssn\":\"078-05-1120-private";
    for body in [body, broken] {
        let server = Server::answering(move |_, _| Some(Reply::ok(body)));
        let place = Place::at(&server.url());
        let run = place.zdx(&format!("{FRESH} --retry-for 300ms -vvv")).run();
        run.exit(6).stderr_lacks("078-05");
    }
}

#[test]
fn security_23_cookies_are_not_kept() {
    let server = Server::answering(|_, request| {
        let mut reply = right(request);
        if request.parameter("cursor").is_none() {
            reply = Reply::with(
                &[("Set-Cookie", "_zendesk_cookie=x; path=/")],
                &crate::matrix::pages()[0],
            );
        }
        Some(reply)
    });
    let place = Place::at(&server.url());
    place.zdx(FRESH).run().exit(0);
    assert!(server.requests().iter().all(|request| request.header("cookie").is_none()));
}

/// What is searched for a secret after every run of these tests is searched in earnest.
#[test]
fn security_3_a_secret_would_be_found() {
    let server = Server::answering(|_, request| Some(right(request)));
    let place = Place::at(&server.url());
    for line in [
        "echo $ZENDESK_OAUTH_TOKEN >&2",
        "echo \"{\\\"x\\\":\\\"$ZENDESK_OAUTH_TOKEN\\\"}\"",
        "echo $ZENDESK_OAUTH_TOKEN > leak",
    ] {
        let leaks = || drop(place.zdx("export tickets --since @0 --no-state").through(line).run());
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(leaks));
        let told = found.expect_err(line);
        let told = told.downcast_ref::<String>().expect("an assertion's text");
        assert!(told.contains("a secret"), "{told}");
    }
}

#[test]
fn security_10_proxies_take_no_part_in_what_stays_on_this_machine() {
    let server = Server::answering(|_, request| Some(right(request)));
    let evil = crate::server::Evil::listen();
    let proxy = format!("http://{}", evil.authority());
    let place = Place::at(&server.url())
        .with("HTTPS_PROXY", &proxy)
        .with("HTTP_PROXY", &proxy)
        .with("ALL_PROXY", &proxy);
    place.zdx(FRESH).run().exit(0);
}
