//! Rows S of the fault matrix: what the pages of a stream say of themselves.

use crate::{
    harness::Place,
    matrix::{FRESH, pages, records, right, stays},
    server::{Evil, Reply, Server, T, cursor_page, lines, record, time_page},
};
use serde_json::{Value, json};

const BY_TIME: &str = "export tickets --since @1699999999 --pagination time -o t.ndjson";

fn three() -> Vec<Value> {
    records()[2..4].to_vec()
}

#[test]
fn s1_s2_s27_a_cursor_that_stays() {
    stays(&[
        (Reply::ok(cursor_page(&three(), Some("c1"), false)), 6, "did not advance"),
        (Reply::ok(cursor_page(&[], Some("c1"), false)), 6, "did not advance"),
        (Reply::ok(cursor_page(&three(), Some("c1"), true)), 6, "did not advance"),
    ]);
}

/// A second page that is the end although it is empty: nothing is written, and where the series
/// then stands.
#[track_caller]
fn ends(second: &str, cursor: &str) {
    let server = Server::script([Reply::ok(&pages()[0]), Reply::ok(second)]);
    let place = Place::at(&server.url());
    place.zdx(FRESH).run().exit(0).stderr_has("caught up");
    assert_eq!(place.file("t.ndjson"), lines(&records()[..2]));
    assert_eq!(place.saved("tickets")["cursor"], cursor);
}

#[test]
fn s3_s12_s28_an_empty_last_page() {
    ends(&cursor_page(&[], Some("c1"), true), "c1");
    ends(&cursor_page(&[], None, true), "c1");
    ends("{\"tickets\":[],\"end_of_stream\":true}", "c1");
    ends(&cursor_page(&[], Some("c2"), true), "c2");
}

#[test]
fn s4_a_cycle_of_cursors() {
    let r = records();
    let server = Server::answering(|_, request| {
        let r = records();
        Some(Reply::ok(match request.parameter("cursor") {
            None => cursor_page(&r[..1], Some("a"), false),
            Some("a") => cursor_page(&r[1..2], Some("b"), false),
            Some(_) => cursor_page(&r[2..3], Some("a"), false),
        }))
    });
    let place = Place::at(&server.url());
    place.zdx(FRESH).run().exit(6).stderr_has("cycle");
    assert_eq!(place.file("t.ndjson"), lines(&r[..2]));
    assert_eq!(place.saved("tickets")["cursor"], "b");
}

#[test]
fn s11_s13_s14_s16_an_envelope_that_leads_nowhere() {
    let with = |rest: &str| Reply::ok(format!("{{\"tickets\":[{{\"id\":9}}],{rest}}}"));
    stays(&[
        (with("\"after_cursor\":null,\"end_of_stream\":false"), 6, "after_cursor"),
        (with("\"end_of_stream\":false"), 6, "after_cursor"),
        (with("\"after_cursor\":null,\"end_of_stream\":true"), 6, "after_cursor"),
        (with("\"after_cursor\":\"c9\""), 6, "end_of_stream"),
        (with("\"after_cursor\":\"c9\",\"end_of_stream\":null"), 6, "end_of_stream"),
        (with("\"after_cursor\":\"c9\",\"end_of_stream\":\"true\""), 6, "end_of_stream"),
        (with("\"after_cursor\":\"c9\",\"end_of_stream\":1"), 6, "end_of_stream"),
        (with("\"after_cursor\":7,\"end_of_stream\":false"), 6, "after_cursor"),
        (with("\"after_cursor\":\"\",\"end_of_stream\":false"), 6, "after_cursor"),
    ]);
}

#[test]
fn s17_s18_empty_pages_that_advance() {
    let server = Server::answering(|n, _| {
        let end = n == 300;
        let records = if end { records() } else { Vec::new() };
        Some(Reply::ok(cursor_page(&records, Some(&format!("c{n}")), end)))
    });
    let place = Place::at(&server.url()).keeping();
    place.zdx("export tickets --since @0").run().exit(0).stdout(&lines(&records()));
    assert_eq!(place.saved("tickets")["cursor"], "c300");
    assert_eq!(server.requests().len(), 301);
}

#[test]
fn s19_a_count_that_is_wrong() {
    let body = time_page(&records(), Some(T + 5), true).replace("\"count\":5", "\"count\":7");
    let server = Server::script([Reply::ok(body)]);
    let place = Place::at(&server.url());
    let run = place.zdx("export tickets --since @0 --pagination time -v").run();
    run.exit(0).stdout(&lines(&records())).stderr_has("count");
}

/// Runs a time-based series against a script and returns its place.
fn by_time(replies: Vec<Reply>, check: impl FnOnce(&Place, &Server)) {
    let server = Server::script(replies);
    let place = Place::at(&server.url());
    check(&place, &server);
}

#[test]
fn s5_the_last_second_again_is_nothing_new() {
    let page = || Reply::ok(time_page(&records(), Some(T + 5), true));
    let last = || Reply::ok(time_page(&records()[4..], Some(T + 5), true));
    by_time(vec![page(), last(), last()], |place, server| {
        place.zdx(BY_TIME).run().exit(0);
        let saved = place.saved("tickets");
        for _ in 0..2 {
            let run = place.zdx("export tickets -o t.ndjson").run();
            run.exit(0).stderr_has(" nothing new, ");
            assert_eq!(place.saved("tickets")["end_time"], saved["end_time"]);
        }
        assert_eq!(place.file("t.ndjson"), lines(&records()));
        let asked: Vec<_> = server
            .requests()
            .iter()
            .map(|request| request.parameter("start_time").map(str::to_owned))
            .collect();
        let end = Some((T + 5).to_string());
        assert_eq!(asked[1..], [end.clone(), end]);
    });
}

#[test]
fn s20_s21_s22_a_record_at_the_edge_is_dropped_unless_it_differs() {
    let all = records();
    let changed = json!({"id": 5, "generated_timestamp": T + 5, "new": true});
    let late = record(6, T + 5);
    let first = Reply::ok(time_page(&all[..3], Some(T + 3), false));
    let second = Reply::ok(time_page(&all[2..], Some(T + 5), true));
    let third =
        Reply::ok(time_page(&[all[4].clone(), changed.clone(), late.clone()], Some(T + 5), true));
    let again =
        Reply::ok(time_page(&[changed.clone(), late.clone(), all[4].clone()], Some(T + 5), true));
    by_time(vec![first, second, third, again], |place, _| {
        let run = place.zdx(BY_TIME).arg("--summary").arg("json").run();
        assert_eq!(run.exit(0).summary()["resources"][0]["duplicates"], 1);
        assert_eq!(place.file("t.ndjson"), lines(&all));
        place.zdx("export tickets -o t.ndjson").run().exit(0).stderr_has("2 records");
        let whole = format!("{}{changed}\n{late}\n", lines(&all));
        assert_eq!(place.file("t.ndjson"), whole);
        place.zdx("export tickets -o t.ndjson").run().exit(0).stderr_has(" nothing new, ");
        assert_eq!(place.file("t.ndjson"), whole);
    });
}

#[test]
fn s22_what_was_seen_of_a_second_stays_seen() {
    let a = record(1, T);
    let b = record(2, T);
    let page = |records: &[Value]| Reply::ok(time_page(records, Some(T), true));
    let one = std::slice::from_ref;
    by_time(
        vec![page(one(&a)), page(one(&b)), page(one(&a)), page(&[b.clone(), a.clone()])],
        |place, _| {
            place.zdx(BY_TIME).run().exit(0);
            for _ in 0..3 {
                place.zdx("export tickets -o t.ndjson").run().exit(0);
            }
            assert_eq!(place.file("t.ndjson"), lines(&[a.clone(), b.clone()]));
        },
    );
}

/// A time-based page behind a good first one, that stays: exit 6, these words, first page kept.
#[track_caller]
fn time_stays(page: &str, text: &str) {
    let page = page.to_owned();
    let server = Server::answering(move |n, _| {
        Some(Reply::ok(if n == 0 {
            time_page(&records()[..2], Some(T + 2), false)
        } else {
            page.clone()
        }))
    });
    let place = Place::at(&server.url());
    let run = place.zdx(&format!("{BY_TIME} --retry-for 300ms")).run();
    run.exit(6).stderr_has(text);
    assert_eq!(place.file("t.ndjson"), lines(&records()[..2]));
    assert_eq!(place.saved("tickets")["end_time"], T + 2);
}

#[test]
fn s6_a_second_that_holds_more_than_a_page() {
    let many: Vec<Value> = (10..1010).map(|id| record(id, T + 2)).collect();
    let page = time_page(&many, Some(T + 2), false);
    time_stays(&page, &format!("@{}", T + 2));
    time_stays(&page, "2023-11-14T22:13:22Z");
    time_stays(&page, "--pagination cursor");
    time_stays(&page, "--on-overflow skip-second");
}

#[test]
fn s6_skipping_the_second_is_explicit_and_logged() {
    let many: Vec<Value> = (10..1010).map(|id| record(id, T + 2)).collect();
    let replies = vec![
        Reply::ok(time_page(&records()[..2], Some(T + 2), false)),
        Reply::ok(time_page(&many, Some(T + 2), false)),
        Reply::ok(time_page(&records()[3..], Some(T + 5), true)),
    ];
    by_time(replies, |place, server| {
        let run = place.zdx(&format!("{BY_TIME} --on-overflow skip-second")).run();
        run.exit(0).stderr_has("warning").stderr_has("lost");
        let expected =
            format!("{}{}{}", lines(&records()[..2]), lines(&many), lines(&records()[3..]));
        assert_eq!(place.file("t.ndjson"), expected);
        let next = (T + 3).to_string();
        assert_eq!(server.requests()[2].parameter("start_time"), Some(next.as_str()));
    });
}

#[test]
fn s7_an_end_time_that_goes_backwards() {
    time_stays(&time_page(&three(), Some(T + 1), false), "backwards");
    time_stays(&time_page(&[], Some(T - 100), true), "backwards");
}

#[test]
fn s8_s30_an_end_time_that_is_none() {
    time_stays(&time_page(&three(), None, false), "end_time");
    time_stays(&time_page(&three(), None, true), "end_time");
    let page = time_page(&three(), Some(77), false);
    for bad in ["\"1700000009\"", "1700000009.5", "-5", "9223372036854775808", "true", "{}"] {
        time_stays(&page.replace(":77", &format!(":{bad}")), "end_time");
    }
    time_stays("{\"tickets\":[{\"id\":1}],\"end_of_stream\":false}", "end_time");
}

#[test]
fn s9_an_empty_end_without_an_end_time() {
    let replies = vec![
        Reply::ok(time_page(&records(), Some(T + 5), false)),
        Reply::ok(time_page(&[], None, true)),
    ];
    by_time(replies, |place, _| {
        place.zdx(BY_TIME).run().exit(0).stderr_has("caught up");
        assert_eq!(place.saved("tickets")["end_time"], T + 5);
    });
}

/// A lie, or records that are stamped ahead: the page is written, and the position is one of the
/// records', so that a run that goes on loses nothing.
#[test]
fn s10_an_end_time_in_the_servers_future() {
    let ahead = jiff::Timestamp::now().as_second() + 3600;
    let r = records();
    for last in [false, true] {
        let replies = vec![
            Reply::ok(time_page(&r[..3], Some(ahead), last)),
            Reply::ok(time_page(&r[2..3], Some(ahead), last)),
            Reply::ok(time_page(&r[2..], Some(T + 5), true)),
        ];
        by_time(replies, |place, server| {
            place.zdx(BY_TIME).run().exit(0).stderr_has("caught up");
            assert_eq!(place.saved("tickets")["end_time"], T + 3);
            place.zdx("export tickets -o t.ndjson").run().exit(0);
            assert_eq!(place.file("t.ndjson"), lines(&r));
            let starts: Vec<String> = server
                .requests()
                .iter()
                .map(|request| request.parameter("start_time").unwrap().to_owned())
                .collect();
            let expected = [0, T + 3, T + 3].map(|start: i64| start.to_string());
            assert_eq!(starts[1..], expected[1..]);
        });
    }
}

/// Breaches are stamped ahead, by more each time they are looked at: they come once.
#[test]
fn f8_metric_events_that_lie_ahead_are_no_end_for_good() {
    let now = jiff::Timestamp::now().as_second();
    let event = |id: i64, at: i64| json!({"id": id, "time": jiff::Timestamp::from_second(at).unwrap().to_string()});
    let page = move |events: &[Value]| {
        json!({"ticket_metric_events": events, "count": events.len(), "end_of_stream": true,
               "next_page": "x", "end_time": now + 3600})
        .to_string()
    };
    let events = [event(1, now - 7200), event(2, now - 3600), event(3, now + 3600)];
    let server = Server::answering(move |_, request| {
        let start: i64 = request.parameter("start_time").unwrap().parse().unwrap();
        let at = |event: &&Value| {
            let time: jiff::Timestamp = event["time"].as_str().unwrap().parse().unwrap();
            time.as_second() >= start
        };
        Some(Reply::ok(page(&events.iter().filter(at).cloned().collect::<Vec<_>>())))
    });
    let place = Place::at(&server.url());
    let run = place.zdx("export ticket_metric_events --since 3h -o e.ndjson").run();
    run.exit(0).stderr_has("3 records").stderr_has("caught up");
    let saved = place.saved("ticket_metric_events");
    assert_eq!(saved["end_time"], now - 3600);
    assert!(saved["through"].as_str().unwrap() <= jiff::Timestamp::now().to_string().as_str());
    for _ in 0..2 {
        place.zdx("export ticket_metric_events -o e.ndjson").run().exit(0);
        assert_eq!(place.file("e.ndjson").lines().count(), 3);
    }
}

#[test]
fn s26_without_the_servers_date_the_future_is_not_checked() {
    let page = time_page(&records(), Some(T + 5), true);
    for headers in [&[][..], &[("Date", "yesterday or so")]] {
        let server = Server::script([Reply::status("200 OK", headers, &page)]);
        let place = Place::at(&server.url());
        place.zdx(BY_TIME).run().exit(0);
        assert_eq!(place.file("t.ndjson"), lines(&records()));
    }
}

#[test]
fn s29_a_short_page_that_does_not_get_on() {
    time_stays(&time_page(&[record(9, T + 2)], Some(T + 2), false), "stuck");
    time_stays(&time_page(&[], Some(T + 2), false), "stuck");
}

fn articles(records: &[Value], end_time: Option<i64>, next: Option<&str>) -> Reply {
    Reply::ok(json!({"count": records.len(), "next_page": next, "end_time": end_time, "articles": records}).to_string())
}

#[test]
fn s15_without_end_of_stream_a_null_next_page_is_the_end() {
    let r = records();
    by_time(vec![articles(&r, Some(T + 5), None)], |place, _| {
        place
            .zdx("export articles --since @0")
            .run()
            .exit(0)
            .stdout(&lines(&r))
            .stderr_has("caught up");
    });
    by_time(vec![articles(&[], None, None)], |place, _| {
        place.zdx("export articles --since @0").run().exit(0).stdout("");
    });
}

#[test]
fn s15_without_end_of_stream_a_short_page_of_what_was_seen_is_the_end() {
    let r = records();
    let next = Some("http://x/");
    let replies = vec![
        articles(&r[..3], Some(T + 3), next),
        articles(&r[2..], Some(T + 5), next),
        articles(&r[4..], Some(T + 5), next),
        // A second that ends as it began could hide more.
        articles(&[], None, None),
    ];
    by_time(replies, |place, server| {
        place.zdx("export articles --since @0 -o a.ndjson").run().exit(0).stderr_has("caught up");
        assert_eq!(place.file("a.ndjson"), lines(&r));
        let last = server.requests().pop().unwrap();
        assert_eq!(last.parameter("start_time").unwrap(), (T + 6).to_string());
        assert_eq!(place.saved("articles")["end_time"], T + 5);
    });
}

/// Pages of 100; 130 records share one second, and 50 follow.
#[test]
fn f5_a_second_that_hides_what_lies_behind_it_is_found_out() {
    let article = |id: i64| {
        let at = T + i64::from(id >= 130);
        let time = jiff::Timestamp::from_second(at).unwrap().to_string();
        json!({"id": id, "at": at, "updated_at": time})
    };
    let all: Vec<Value> = (0..180).map(article).collect();
    for since in [T - 10, T] {
        let all = all.clone();
        let server = Server::answering(move |_, request| {
            let start: i64 = request.parameter("start_time").unwrap().parse().unwrap();
            let at = |record: &&Value| record["at"].as_i64().unwrap() >= start;
            let page: Vec<Value> = all.iter().filter(at).take(100).cloned().collect();
            let end = page.last().map(|record| record["at"].as_i64().unwrap());
            Some(articles(&page, end, Some("http://x/")))
        });
        let place = Place::at(&server.url());
        let words = "export articles --retry-for 300ms -o a.ndjson";
        let run = place.zdx(&format!("{words} --since @{since}")).run();
        run.exit(6).stderr_has("--on-overflow");
        assert_eq!(place.file("a.ndjson").lines().count(), 100);
        place.zdx(&format!("{words} --on-overflow skip-second")).run().exit(0);
        assert_eq!(place.file("a.ndjson").lines().count(), 150);
    }
}

#[test]
fn s15_without_end_of_stream_a_full_page_in_one_second_is_stuck() {
    let many: Vec<Value> = (0..1000).map(|id| record(id, T)).collect();
    let server = Server::answering(move |_, _| Some(articles(&many, Some(T), Some("http://x/"))));
    let place = Place::at(&server.url());
    let run = place
        .zdx("export articles --no-state --retry-for 300ms --since")
        .arg(format!("@{T}"))
        .run();
    run.exit(6).stdout("").stderr_has("--on-overflow");
}

#[test]
fn s23_and_security_5_urls_in_answers_are_never_used() {
    let evil = Evil::listen();
    let authority = evil.authority();
    for url in [
        format!("http://{authority}/api/v2/incremental/tickets/cursor.json?cursor=evil"),
        format!("//{authority}/x"),
        format!("http://user@{authority}/x"),
        "file:///etc/passwd".to_owned(),
        "/api/v2/users.json".to_owned(),
    ] {
        let with_urls = |page: String| {
            let mut page: Value = serde_json::from_str(&page).unwrap();
            for name in ["after_url", "next_page", "before_url"] {
                page[name] = json!(url);
            }
            Reply::ok(page.to_string())
        };
        let server = Server::script(pages().map(with_urls));
        let place = Place::at(&server.url());
        place.zdx(FRESH).run().exit(0);
        assert_eq!(place.file("t.ndjson"), lines(&records()));
        for request in server.requests() {
            assert!(
                request.line.starts_with("GET /api/v2/incremental/tickets/cursor.json?"),
                "{}",
                request.line
            );
            assert_eq!(request.header("host"), Some(server.url().trim_start_matches("http://")));
        }
    }
}

#[test]
fn s24_a_cursor_is_sent_as_one_parameter() {
    for (cursor, sent) in [
        ("a&start_time=0", "a%26start_time%3D0"),
        ("a+b/c==", "a%2Bb%2Fc%3D%3D"),
        ("a#b?c%20d", "a%23b%3Fc%2520d"),
    ] {
        let server = Server::script([
            Reply::ok(cursor_page(&records()[..2], Some(cursor), false)),
            Reply::ok(cursor_page(&[], None, true)),
        ]);
        let place = Place::at(&server.url());
        place.zdx(FRESH).run().exit(0);
        let requests = server.requests();
        assert_eq!(requests[1].parameter("cursor"), Some(sent));
        assert_eq!(requests[1].parameter("start_time"), None);
        assert_eq!(requests[1].parameter("per_page"), Some("1000"));
        assert_eq!(place.saved("tickets")["cursor"], cursor);
    }
}

#[test]
fn s24_a_cursor_that_no_url_can_hold_is_refused() {
    let long = "x".repeat(7000);
    let bad = ["a\r\nX-Evil: 1", "a\u{0}b", "grüße", "a b", &long];
    stays(
        &bad.map(|cursor| {
            (Reply::ok(cursor_page(&three(), Some(cursor), false)), 6, "after_cursor")
        }),
    );
}

#[test]
fn s25_records_are_written_in_the_order_served() {
    let odd = vec![
        record(5, T + 5),
        record(1, T + 1),
        json!({"id": 1, "status": "deleted", "generated_timestamp": T + 9}),
        record(1, T + 1),
        json!({"no": "id"}),
    ];
    let server = Server::script([Reply::ok(cursor_page(&odd, Some("c"), true))]);
    let place = Place::at(&server.url());
    place.zdx("export tickets --since @0").run().exit(0).stdout(&lines(&odd));
}

#[test]
fn the_position_is_never_lost_however_long_the_server_is_wrong() {
    let server = Server::answering(|n, request| {
        Some(if n % 2 == 0 { right(request) } else { Reply::ok("{}") })
    });
    let place = Place::at(&server.url());
    let run = place.zdx(FRESH).run();
    run.exit(0);
    assert_eq!(place.file("t.ndjson"), lines(&records()));
}
