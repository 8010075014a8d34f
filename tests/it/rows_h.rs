//! Rows H of the fault matrix: statuses.

use crate::{
    harness::Place,
    matrix::{FRESH, GO_ON, once, pages, records, recovers, right, stays},
    server::{Evil, Reply, Server, cursor_page, date, lines, now},
};
use std::{thread, time::Duration};

fn status(status: &str) -> Reply {
    Reply::status(status, &[("Date", &now())], "{\"error\":\"Some\",\"description\":\"words\"}")
}

/// A 429 with these headers, then good pages; the time that zdx waits after it.
#[track_caller]
fn waited(headers: &[(&str, &str)], says: &str) -> Duration {
    let [first, second, third] = pages().map(Reply::ok);
    let too_many =
        Reply::status("429 Too Many Requests", headers, "{\"error\":\"APIRateLimitExceeded\"}");
    let server = Server::script([first, too_many, second, third]);
    let place = Place::at(&server.url());
    place
        .zdx("export tickets --since @0")
        .run()
        .exit(0)
        .stdout(&lines(&records()))
        .stderr_has(says);
    server.pauses()[1]
}

#[track_caller]
fn between(waited: Duration, least: u64, most: u64) {
    // Two seconds on top for a machine that is busy.
    let range = Duration::from_secs(least)..Duration::from_secs(most + 2);
    assert!(range.contains(&waited), "{waited:?}, not {range:?}");
}

#[test]
fn h1_429_with_retry_after() {
    between(waited(&[("Retry-After", "2")], "2 s"), 2, 3);
}

#[test]
fn h2_429_with_a_date_by_the_servers_own_clock() {
    let (there, then) = (date(-86_400), date(-86_400 + 2));
    between(waited(&[("Date", &there), ("Retry-After", &then)], "429"), 2, 3);
}

#[test]
fn h3_h4_429_without_a_readable_retry_after() {
    let quota = ("zendesk-ratelimit-incremental-exports", "total=10; remaining=0; resets=1");
    thread::scope(|scope| {
        scope.spawn(move || between(waited(&[quota], "no Retry-After"), 1, 2));
        for name in ["ratelimit-reset", "rate-limit-reset", "x-rate-limit-reset"] {
            scope.spawn(move || between(waited(&[(name, "1")], "no Retry-After"), 1, 2));
        }
        scope.spawn(|| {
            let (now, then) = (now(), (jiff::Timestamp::now().as_second() + 2).to_string());
            let headers = [("Date", now.as_str()), ("ratelimit-reset", &then)];
            between(waited(&headers, "no Retry-After"), 1, 3);
        });
        for value in ["banana", "1e3", "", "1.5"] {
            scope.spawn(move || between(waited(&[quota, ("Retry-After", value)], "429"), 1, 2));
        }
        scope.spawn(|| between(waited(&[("Retry-After", "1"), ("Retry-After", "2")], "429"), 2, 3));
        scope.spawn(|| between(waited(&[("Retry-After", "2"), ("Retry-After", "x")], "429"), 2, 3));
    });
}

#[test]
fn h5_429_that_asks_for_no_wait_or_one_in_the_past() {
    let past = date(-3600);
    thread::scope(|scope| {
        for value in ["0", "-5", &past] {
            scope.spawn(move || {
                let date = now();
                between(waited(&[("Date", &date), ("Retry-After", value)], "429"), 1, 2);
            });
        }
    });
}

#[test]
fn h6_429_that_asks_for_longer_than_the_budget() {
    for wait in ["86400", "99999999999999999999"] {
        let server = Server::script([
            Reply::ok(&pages()[0]),
            Reply::status("429 Too Many Requests", &[("Retry-After", wait)], ""),
        ]);
        let place = Place::at(&server.url());
        let run = place.zdx(FRESH).run();
        run.exit(5).stderr_has("asks to wait");
        recovers(&place, &run);
    }
}

#[test]
fn h7_429_for_ever() {
    let server = Server::answering(|n, request| {
        let too_many = Reply::status("429 Too Many Requests", &[("Retry-After", "1")], "");
        Some(if n == 0 { right(request) } else { too_many })
    });
    let place = Place::at(&server.url());
    let run = place.zdx(&format!("{FRESH} --retry-for 2s")).run();
    run.exit(5).stderr_has("rate limit");
    assert!((2..=4).contains(&server.requests().len()), "{}", server.requests().len());
    recovers(&place, &run);
}

#[test]
fn h8_statuses_that_pass() {
    let statuses = ["500 X", "502 X", "503 X", "504 X", "520 X", "522 X", "524 X", "408 X"];
    once(&statuses.map(status));
    stays(&statuses.map(|text| (status(text), 5, text.split(' ').next().unwrap())));
}

#[test]
fn h8_html_is_not_shown_raw() {
    let html = "<html><body><h1>Bad gateway</h1><script>x</script></body></html>";
    let server = Server::answering(move |_, _| Some(Reply::status("502 Bad Gateway", &[], html)));
    let place = Place::at(&server.url());
    let run = place.zdx(&format!("{FRESH} --retry-for 300ms")).run();
    run.exit(5).stderr_has("502").stderr_lacks("<html").stderr_lacks("script");
}

#[test]
fn h9_503_with_retry_after() {
    let [first, second, third] = pages().map(Reply::ok);
    let busy = Reply::status("503 Service Unavailable", &[("Retry-After", "1")], "");
    let server = Server::script([first, busy, second, third]);
    let place = Place::at(&server.url());
    place.zdx("export tickets --since @0").run().exit(0).stdout(&lines(&records()));
    between(server.pauses()[1], 1, 2);
}

#[test]
fn h10_504_halves_the_page_at_the_same_cursor() {
    let [first, second, third] = pages().map(Reply::ok);
    let heavy = || Reply::status("504 Gateway Timeout", &[], "upstream request timeout");
    let server = Server::script([first, heavy(), heavy(), second, third]);
    let place = Place::at(&server.url());
    let run = place.zdx("export tickets --since @0").run();
    run.exit(0).stdout(&lines(&records())).stderr_has("page size 500").stderr_has("page size 250");
    let asked: Vec<_> = server
        .requests()
        .iter()
        .map(|request| {
            let text = |name| request.parameter(name).unwrap_or("-").to_owned();
            (text("cursor"), text("per_page"))
        })
        .collect();
    let row = |cursor: &str, size: &str| (cursor.to_owned(), size.to_owned());
    assert_eq!(
        asked,
        [
            row("-", "1000"),
            row("c1", "1000"),
            row("c1", "500"),
            row("c1", "250"),
            row("c2", "1000")
        ]
    );
    assert!(server.pauses().iter().all(|pause| *pause < Duration::from_millis(500)));
}

/// An answer that is final: one request, this exit, these words, and the first page is kept.
#[track_caller]
fn final_answer(reply: Reply, exit: i32, texts: &[&str]) {
    let server = Server::script([Reply::ok(&pages()[0]), reply]);
    let place = Place::at(&server.url());
    let run = place.zdx(FRESH).run();
    for text in texts {
        run.exit(exit).stderr_has(text);
    }
    recovers(&place, &run);
}

/// A conflict passes in seconds, so that is how long it is waited for.
#[test]
fn h11_a_conflict_is_given_ten_seconds() {
    stays(&[(status("409 X"), 5, "409")]);
    let [first, second, third] = pages().map(Reply::ok);
    let server = Server::script([first, status("409 X"), second, third]);
    let place = Place::at(&server.url());
    place.zdx(FRESH).run().exit(0);
    assert_eq!(place.file("t.ndjson"), lines(&records()));
    between(server.pauses()[1], 10, 11);
}

#[test]
fn h12_401_on_the_first_request() {
    let server = Server::script([Reply::status(
        "401 Unauthorized",
        &[],
        "{\"error\":\"Couldn't authenticate you\"}",
    )]);
    let place = Place::at(&server.url());
    let run = place.zdx(FRESH).run();
    run.exit(4).stderr_has("401").stderr_has("credentials").stderr_has("Couldn't authenticate you");
}

#[test]
fn h13_401_in_mid_run() {
    final_answer(status("401 Unauthorized"), 4, &["401", "credentials"]);
}

#[test]
fn h14_403() {
    final_answer(status("403 Forbidden"), 4, &["403", "tickets", "admin"]);
}

#[test]
fn h15_404() {
    final_answer(status("404 Not Found"), 6, &["404", "subdomain"]);
    let html = Reply::status(
        "404 Not Found",
        &[("Content-Type", "text/html")],
        "<html>no help desk</html>",
    );
    final_answer(html, 6, &["404", "subdomain", "HTML"]);
}

#[test]
fn h16_400_and_422_with_their_words_cut_and_escaped() {
    let words = format!("\u{1b}[31mred\u{202e}\n{}", "x".repeat(500));
    let body = serde_json::json!({"error": "InvalidThing", "description": words}).to_string();
    for status in ["400 Bad Request", "422 Unprocessable Entity"] {
        let reply = Reply::status(status, &[], &body);
        final_answer(reply, 6, &["InvalidThing", "\\u{1b}[31mred\\u{202e}\\u{a}", "…"]);
    }
    final_answer(
        Reply::status("400 Bad Request", &[], "\u{1b}]0;x\u{7} plain"),
        6,
        &["\\u{1b}]0;x\\u{7} plain"],
    );
}

/// It cannot be true, and skips nothing.
#[test]
fn f30_a_start_of_days_ago_that_is_called_too_recent() {
    let body = "{\"error\":\"InvalidValue\",\"description\":\"Too recent start_time.\"}";
    let server = Server::answering(move |n, request| {
        let refused = Reply::status("422 X", &[("Date", &now())], body);
        Some(if n == 0 { refused } else { right(request) })
    });
    let place = Place::at(&server.url());
    let run = place.zdx(FRESH).run();
    run.exit(6).stderr_has("Zendesk calls the start 1970-01-01T00:00:00Z too recent, which by its");
    assert_eq!(place.saved("tickets")["start_time"], 0);
    place.zdx(GO_ON).run().exit(0);
    assert_eq!(place.file("t.ndjson"), lines(&records()));
}

#[test]
fn h17_too_recent_in_its_three_shapes() {
    for (status, body) in [
        (
            "422 Unprocessable Entity",
            r#"{"error":"InvalidValue","description":"Too recent start_time. Use a start_time older than 60 seconds"}"#,
        ),
        (
            "400 Bad Request",
            r#"{"errors":[{"code":"StartTimeTooRecent","title":"start_time is too recent"}]}"#,
        ),
        (
            "422 Unprocessable Entity",
            "Too recent start_time. Use a start_time older than 5 minutes",
        ),
    ] {
        let server = Server::script([
            Reply::ok(&pages()[0]),
            Reply::status(status, &[("Date", &now())], body),
        ]);
        let place = Place::at(&server.url());
        let run = place.zdx(&format!("{FRESH} --summary json")).run();
        assert_eq!(
            run.exit(0).stderr_has("nothing new yet").summary()["resources"][0]["complete"],
            true
        );
        recovers(&place, &run);
    }
}

#[test]
fn h18_a_cursor_that_is_refused() {
    for status in ["400 X", "404 X", "410 X", "422 X"] {
        let body = r#"{"errors":[{"code":"InvalidPaginationParameter","title":"Invalid cursor"}]}"#;
        let reply = Reply::status(status, &[], body);
        final_answer(reply, 6, &["cursor", "zdx state set tickets --since"]);
    }
}

#[test]
fn h19_and_security_4_redirects_are_never_followed() {
    let evil = Evil::listen();
    let authority = evil.authority();
    for status in ["301 X", "302 X", "303 X", "307 X", "308 X"] {
        for (location, host) in [
            (format!("http://{authority}/steal?x"), "127.0.0.1"),
            ("https://elsewhere.invalid/api?token=x".to_owned(), "elsewhere.invalid"),
            ("/api/v2/other.json".to_owned(), "same host"),
        ] {
            let reply = Reply::status(status, &[("Location", &location)], "");
            final_answer(reply, 6, &["redirect", host]);
        }
    }
}

#[test]
fn h19_a_redirect_without_a_scheme_names_its_host_too() {
    let evil = Evil::listen();
    let reply =
        Reply::status("302 X", &[("Location", &format!("//{}/steal", evil.authority()))], "");
    final_answer(reply, 6, &["redirect", "127.0.0.1"]);
}

#[test]
fn h20_successes_that_are_not_200() {
    let statuses = ["202 Accepted", "206 Partial Content", "201 Created", "203 X"];
    stays(&statuses.map(|text| (Reply::status(text, &[], &pages()[1]), 6, "unexpected status")));
    for bare in ["204 No Content", "304 Not Modified"] {
        let reply = Reply::raw(format!("HTTP/1.1 {bare}\r\n\r\n"));
        stays(&[(reply, 6, "unexpected status")]);
    }
}

#[test]
fn h21_other_refusals() {
    for status in ["402 X", "451 X", "418 X", "413 X"] {
        let number = status.split(' ').next().unwrap();
        final_answer(Reply::status(status, &[], ""), 6, &[number]);
    }
}

#[test]
fn h22_the_second_resource_is_still_exported() {
    let server = Server::answering(|_, request| {
        let forbidden = Reply::status("403 Forbidden", &[], "{}");
        Some(if request.line.contains("/users/") { forbidden } else { right(request) })
    });
    let place = Place::at(&server.url());
    place.zdx("export users tickets --since @0 -o out/").run().exit(8);
    assert_eq!(place.file("out/tickets.ndjson"), lines(&records()));
}

#[test]
fn a_run_continues_after_its_last_cursor() {
    let server = Server::script([
        Reply::ok(cursor_page(&records(), Some("c3"), true)),
        Reply::ok(cursor_page(&[], None, true)),
    ]);
    let place = Place::at(&server.url());
    place.zdx(FRESH).run().exit(0);
    place.zdx(GO_ON).run().exit(0);
    assert_eq!(server.requests()[1].parameter("cursor"), Some("c3"));
    assert_eq!(server.requests()[1].parameter("start_time"), None);
}
