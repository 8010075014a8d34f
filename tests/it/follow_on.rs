//! A run that follows for weeks: what it outlives, what it begins anew, and what ends it.

use crate::{
    harness::{Place, eventually},
    machine::skipped,
    server::{Reply, Request, Server, T, cursor_page, lines, now, record, time_page},
};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

const FOLLOW: &str = "export tickets --since @0 --follow=50ms -o t.ndjson --retry-for 300ms";

/// So many tickets by now, in one page each time; a cursor is how many were served.
fn tickets(shown: &AtomicU64, request: &Request) -> Reply {
    let shown = shown.load(Ordering::SeqCst);
    let from = request.parameter("cursor").map_or(0, |cursor| cursor[1..].parse().expect("ours"));
    let records: Vec<Value> =
        (from..shown).map(|id| record(id, T + i64::try_from(id).expect("small"))).collect();
    Reply::ok(cursor_page(&records, Some(&format!("c{}", shown.max(from))), true))
}

fn file(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path(name)).unwrap_or_default()
}

fn expected(ids: std::ops::Range<u64>) -> String {
    let record = |id: u64| record(id, T + i64::try_from(id).expect("small"));
    lines(&ids.map(record).collect::<Vec<_>>())
}

/// Garbled answers, too, pass: told once, and outlived.
#[test]
fn f19_answers_that_come_out_wrong_are_outlived() {
    for wrong in ["<html>down for maintenance</html>", "", "{\"tickets\":[{\"a\":"] {
        let shown = Arc::new(AtomicU64::new(2));
        let answers = Arc::new(AtomicUsize::new(0));
        let (rows, count) = (Arc::clone(&shown), Arc::clone(&answers));
        let server = Server::answering(move |_, request| {
            let n = count.fetch_add(1, Ordering::SeqCst);
            Some(if (2..9).contains(&n) { Reply::ok(wrong) } else { tickets(&rows, request) })
        });
        let place = Place::at(&server.url());
        let run = place.zdx(FOLLOW).start();
        eventually(|| answers.load(Ordering::SeqCst) > 9);
        shown.store(3, Ordering::SeqCst);
        eventually(|| file(&place, "t.ndjson") == expected(0..3));
        run.signal(Signal::TERM);
        let run = run.end();
        run.exit(143).stderr_counts("cut off, and keeps trying", 1).stderr_counts("back again", 1);
    }
}

/// An empty last page leads nowhere, whatever its cursor says.
#[test]
fn f19_an_empty_last_page_whose_cursor_alternates_is_no_cycle() {
    let server = Server::answering(|n, _| {
        Some(Reply::ok(match n {
            0 => cursor_page(&[record(1, T)], Some("a"), true),
            n => cursor_page(&[], Some(["a", "b"][n % 2]), true),
        }))
    });
    let place = Place::at(&server.url());
    let run = place.zdx(FOLLOW).start();
    eventually(|| server.requests().len() > 8);
    run.signal(Signal::INT);
    run.end().exit(130).stderr_lacks("cycle");
    assert_eq!(file(&place, "t.ndjson"), lines(&[record(1, T)]));
}

/// One that is over for good ends the run; alone, with its own code. A stuck stream ends itself.
#[test]
fn f19_a_resource_that_is_over_ends_the_run() {
    let serve = |over: fn() -> Reply| {
        Server::answering(move |n, request| {
            let users = request.line.contains("users");
            let page = |key: &str| {
                Reply::ok(json!({key: [], "after_cursor": "c", "end_of_stream": true}).to_string())
            };
            Some(match (users, n) {
                (false, 4..) => over(),
                (false, _) => page("tickets"),
                (true, _) => page("users"),
            })
        })
    };
    let forbidden = || Reply::status("403 X", &[], r#"{"error":"Forbidden","description":"no"}"#);
    let gone = || Reply::status("404 X", &[], r#"{"error":"RecordNotFound"}"#);
    let refused = || Reply::status("401 X", &[], r#"{"error":"Couldn't authenticate you"}"#);
    type Over = fn() -> Reply;
    let cases: [(Over, i32, i32); 3] = [(forbidden, 4, 8), (gone, 6, 8), (refused, 4, 4)];
    for (over, alone, together) in cases {
        let server = serve(over);
        let place = Place::at(&server.url());
        place.zdx(FOLLOW).run().exit(alone);
        let server = serve(over);
        let place = Place::at(&server.url());
        place.zdx("export tickets users --since @0 --follow=50ms -o out/").run().exit(together);
    }
}

/// What a proxy or a firewall refuses in words of its own passes, alone and beside others.
#[test]
fn f19_a_refusal_that_is_not_zendesks_is_outlived() {
    let page = "<html><style>a { cursor: pointer }</style>blocked by the firewall</html>";
    let cases = [("403 X", page), ("404 X", page), ("404 X", ""), ("410 X", page), ("302 X", page)];
    for (status, body) in cases {
        for words in ["tickets", "tickets users"] {
            let shown = Arc::new(AtomicU64::new(2));
            let answers = Arc::new(AtomicUsize::new(0));
            let (rows, count) = (Arc::clone(&shown), Arc::clone(&answers));
            let server = Server::answering(move |_, request| {
                if request.line.contains("users") {
                    let users = json!({"users": [], "after_cursor": "c", "end_of_stream": true});
                    return Some(Reply::ok(users.to_string()));
                }
                let n = count.fetch_add(1, Ordering::SeqCst);
                Some(match (2..6).contains(&n) {
                    true => Reply::status(status, &[("Location", "https://login.example/")], body),
                    false => tickets(&rows, request),
                })
            });
            let place = Place::at(&server.url());
            let words = format!("export {words} --since @0 --follow=50ms -o out/");
            let run = place.zdx(&words).start();
            eventually(|| answers.load(Ordering::SeqCst) > 6);
            shown.store(3, Ordering::SeqCst);
            eventually(|| file(&place, "out/tickets.ndjson") == expected(0..3));
            run.signal(Signal::TERM);
            let run = run.end();
            run.exit(143).stderr_has("cut off, and keeps trying: ");
            run.stderr_counts("cut off, and", 1).stderr_counts("back again", 1);
        }
    }
}

#[test]
fn f19_a_stuck_stream_ends_itself_alone() {
    let server = Server::answering(|n, request| {
        let users = request.line.contains("users");
        Some(Reply::ok(match users {
            true => json!({"users": [], "after_cursor": "c", "end_of_stream": true}).to_string(),
            false if n < 2 => cursor_page(&[record(1, T)], Some("a"), true),
            false => cursor_page(&[record(2, T)], Some("a"), false),
        }))
    });
    let place = Place::at(&server.url());
    let words = "export tickets users --since @0 --follow=50ms --retry-for 200ms -o out/";
    let run = place.zdx(words).start();
    let users = || server.requests().iter().filter(|one| one.line.contains("users")).count();
    eventually(|| users() > 60);
    run.signal(Signal::TERM);
    run.end().exit(143).stderr_has("tickets: the cursor did not advance");
}

/// Another series took the output meanwhile, when it was rotated away or before this run has written
/// anything: it stays that series' own, with what stands in it and what says so.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn an_output_that_another_series_took_while_a_run_followed_is_left_to_it() {
    for (served, taken) in [(2, "rotated"), (2, "rotated and begun"), (0, "as it stands")] {
        let shown = Arc::new(AtomicU64::new(served));
        let rows = Arc::clone(&shown);
        let server = Server::answering(move |_, request| Some(tickets(&rows, request)));
        let place = Place::at(&server.url());
        let run = place.zdx(FOLLOW).start();
        eventually(|| {
            file(&place, "t.ndjson") == expected(0..served) && server.requests().len() > 2
        });
        let mut note: Value = serde_json::from_str(&file(&place, ".t.ndjson.owner")).unwrap();
        note["series"] = "00000000000000000000000000000007".into();
        note["account"] = "another".into();
        note["open"] = Value::Null;
        // At once, and the note first: the run looks at them at any moment.
        let rename = |from: &str, to: &str| fs::rename(place.path(from), place.path(to)).unwrap();
        let theirs = note.to_string();
        place.put("note", &theirs);
        rename("note", ".t.ndjson.owner");
        let mut begun = "";
        match taken {
            "rotated" => rename("t.ndjson", "t.1.ndjson"),
            "rotated and begun" => {
                begun = "{\"theirs\":1}\n";
                place.put("new", begun);
                fs::hard_link(place.path("t.ndjson"), place.path("t.1.ndjson")).unwrap();
                rename("new", "t.ndjson");
            }
            _ => {}
        }
        shown.store(served + 1, Ordering::SeqCst);
        let run = run.end();
        run.exit(2).stderr_has("belongs to ").stderr_lacks("moved away");
        assert_eq!(file(&place, ".t.ndjson.owner"), theirs, "{taken}");
        assert_eq!(file(&place, "t.ndjson"), begun, "{taken}");
        let kept = if taken.starts_with("rotated") { "t.1.ndjson" } else { "t.ndjson" };
        assert_eq!(file(&place, kept), expected(0..served), "{taken}");
        // What was not written is not lost: the series goes on elsewhere.
        assert_eq!(place.saved("tickets")["cursor"], format!("c{served}"), "{taken}");
    }
}

/// What was moved away, or emptied, is begun anew; what was replaced by something else is not.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn f19_an_output_that_was_moved_away_is_begun_anew() {
    for state in ["", "--no-state"] {
        let shown = Arc::new(AtomicU64::new(2));
        let rows = Arc::clone(&shown);
        let server = Server::answering(move |_, request| Some(tickets(&rows, request)));
        let place = Place::at(&server.url());
        let run = place.zdx(&format!("{FOLLOW} {state}")).start();
        eventually(|| file(&place, "t.ndjson") == expected(0..2));
        fs::rename(place.path("t.ndjson"), place.path("t.1.ndjson")).unwrap();
        shown.store(3, Ordering::SeqCst);
        eventually(|| file(&place, "t.ndjson") == expected(2..3));
        fs::rename(place.path("t.ndjson"), place.path("t.2.ndjson")).unwrap();
        fs::write(place.path("t.ndjson"), "").unwrap();
        shown.store(4, Ordering::SeqCst);
        eventually(|| file(&place, "t.ndjson") == expected(3..4));
        fs::remove_file(place.path("t.ndjson")).unwrap();
        fs::write(place.path("t.ndjson"), "{\"mine\":1}\n").unwrap();
        shown.store(5, Ordering::SeqCst);
        let run = run.end();
        run.exit(if state.is_empty() { 3 } else { 2 });
        assert_eq!(file(&place, "t.ndjson"), "{\"mine\":1}\n");
        assert_eq!(file(&place, "t.1.ndjson"), expected(0..2));
        assert_eq!(file(&place, "t.2.ndjson"), expected(2..3));
        if state.is_empty() {
            // The next run, with the foreign file out of the way, goes on.
            fs::remove_file(place.path("t.ndjson")).unwrap();
            place.zdx("export tickets -o t.ndjson").run().exit(0);
            assert_eq!(file(&place, "t.ndjson"), expected(4..5));
        }
    }
}

/// What rotates may make the new file at any instant, also between two looks of the follower.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn f19_an_output_is_rotated_again_and_again() {
    for state in ["", "--no-state"] {
        let shown = Arc::new(AtomicU64::new(1));
        let rows = Arc::clone(&shown);
        let server = Server::answering(move |_, request| Some(tickets(&rows, request)));
        let place = Place::at(&server.url());
        let words = format!("{} {state}", FOLLOW.replace("50ms", "1ms"));
        let run = place.zdx(&words).start();
        eventually(|| file(&place, "t.ndjson") == expected(0..1));
        for n in 1..60 {
            let old = format!("t.{n}.ndjson");
            fs::rename(place.path("t.ndjson"), place.path(&old)).unwrap();
            shown.store(n + 1, Ordering::SeqCst);
            if n % 2 == 0 {
                drop(
                    fs::OpenOptions::new()
                        .write(true)
                        .create_new(true)
                        .open(place.path("t.ndjson")),
                );
            }
            eventually(|| file(&place, "t.ndjson") == expected(n..n + 1));
        }
        run.signal(Signal::TERM);
        run.end().exit(143).stderr_lacks("another zdx");
    }
}

/// A name that comes to lead to the file of another resource of the same run.
#[test]
fn an_output_that_becomes_anothers_of_the_same_run_is_refused() {
    let shown = Arc::new(AtomicU64::new(1));
    let rows = Arc::clone(&shown);
    let server = Server::answering(move |_, request| {
        let key = if request.line.contains("users") { "users" } else { "tickets" };
        let reply = tickets(&rows, request);
        let text = String::from_utf8(reply.bytes().to_vec()).expect("ours");
        let body = text.split_once("\r\n\r\n").expect("a body").1;
        Some(Reply::ok(body.replace("\"tickets\":[", &format!("\"{key}\":["))))
    });
    let place = Place::at(&server.url());
    let run = place.zdx("export tickets users --since @0 --follow=50ms -o out/").start();
    eventually(|| {
        ["out/tickets.ndjson", "out/users.ndjson"].map(|name| file(&place, name))
            == [expected(0..1), expected(0..1)]
    });
    fs::remove_file(place.path("out/users.ndjson")).unwrap();
    std::os::unix::fs::symlink("tickets.ndjson", place.path("out/users.ndjson")).unwrap();
    shown.store(2, Ordering::SeqCst);
    let run = run.end();
    run.exit(8).stderr_has("are one file").stderr_lacks("another zdx");
    // The other one may have ended before it saw the new row.
    assert!(expected(0..2).starts_with(&file(&place, "out/tickets.ndjson")));
}

/// The day in the name rolls over at a page's edge.
#[test]
fn f20_the_date_in_an_outputs_name_rolls_over_at_midnight() {
    let dirs = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"];
    let mut found = dirs.iter().map(|dir| format!("{dir}/faketime/libfaketimeMT.so.1"));
    let Some(library) = found.find(|path| fs::exists(path).unwrap_or(false)) else {
        return skipped("f20, midnight", "libfaketime is not where it is looked for");
    };
    let shown = Arc::new(AtomicU64::new(2));
    let rows = Arc::clone(&shown);
    let server = Server::answering(move |_, request| Some(tickets(&rows, request)));
    let place = Place::at(&server.url());
    let clock = place.put("clock", "+0");
    let today = jiff::Timestamp::now();
    let later = |days: i64| today + jiff::SignedDuration::from_hours(24 * days);
    let name = |day: jiff::Timestamp| format!("t-{}.ndjson", &day.to_string()[..10]);
    let run = place
        .zdx("export tickets --since @0 --follow=50ms -o t-{date}.ndjson")
        .env("LD_PRELOAD", &library)
        .env("FAKETIME_TIMESTAMP_FILE", &clock.display().to_string())
        .env("FAKETIME_NO_CACHE", "1")
        .env("NO_FAKE_STAT", "1")
        .env("DONT_FAKE_MONOTONIC", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .start();
    eventually(|| file(&place, &name(today)) == expected(0..2));
    // Once more, and then the day's file is another's.
    for (day, from) in [(1, 2), (2, 4)] {
        place.put("clock", &format!("+{day}d"));
        shown.store(from + 2, Ordering::SeqCst);
        eventually(|| file(&place, &name(later(day))) == expected(from..from + 2));
    }
    place.put(&name(later(3)), "{\"mine\":1}\n");
    place.put("clock", "+3d");
    shown.store(8, Ordering::SeqCst);
    run.end().exit(2).stderr_has(&name(later(3)));
    assert_eq!(file(&place, &name(later(3))), "{\"mine\":1}\n");
    for (day, from) in [(0, 0), (1, 2), (2, 4)] {
        assert_eq!(file(&place, &name(later(day))), expected(from..from + 2), "left as it was");
    }
}

/// By time, behind a fresh row: what can only be refused is not sent.
#[test]
fn f21_no_request_is_sent_that_can_only_be_too_recent() {
    let fresh = jiff::Timestamp::now().as_second() - 58;
    let server = Server::answering(move |_, request| {
        let start: i64 = request.parameter("start_time").unwrap().parse().unwrap();
        let served = jiff::Timestamp::now().as_second();
        let body = r#"{"error":"InvalidValue","description":"Too recent start_time. Use a start_time older than 60 seconds"}"#;
        if start > served - 60 {
            return Some(Reply::status("422 X", &[("Date", &now())], body));
        }
        let rows = [record(1, fresh)];
        let rows = if fresh >= start { &rows[..] } else { &[] };
        Some(Reply::with(&[("Date", &now())], time_page(rows, rows.first().map(|_| fresh), true)))
    });
    let place = Place::at(&server.url());
    let words = "export tickets --pagination time --since 10m --follow=50ms --overlap 0";
    let run = place.zdx(&format!("{words} -o t.ndjson -v")).start();
    eventually(|| server.requests().len() >= 4);
    run.signal(Signal::TERM);
    run.end().exit(143).stderr_lacks("too recent").stderr_lacks("422");
}

/// Whoever receives a refusal heeds it, also when it answers a request ahead that is not wanted.
#[test]
fn f16_a_refusal_of_a_request_ahead_is_heeded() {
    let page = |n: u64, end: bool| cursor_page(&[record(n, T + 1)], Some(&format!("c{n}")), end);
    let server = Server::answering(move |_, request| {
        Some(match request.parameter("cursor") {
            None => Reply::ok(page(1, false)),
            // Its body looks as if it went on, and does not come out right the first time.
            Some("c1") => Reply::ok(page(2, false).replace("\"tickets\":[", "\"tickets\":[7,")),
            Some(_) => Reply::status("429 X", &[("Retry-After", "3")], "{}"),
        })
    });
    let place = Place::at(&server.url());
    let run = place.zdx("export tickets --since @0 -o t.ndjson --retry-for 2s").run();
    assert!([5, 6].contains(&run.code()), "{}", run.transcript());
    let requests = server.requests();
    let refused = requests.iter().position(|one| one.parameter("cursor") == Some("c2"));
    let refused = refused.expect("asked for ahead");
    let after = requests.get(refused + 1).map(|next| next.at - requests[refused].at);
    assert!(after.is_none_or(|pause| pause.as_secs_f64() >= 2.9), "{after:?}");
}

/// A sideload that was asked for and never came is told once.
#[test]
fn f23_a_sideload_that_never_comes_is_warned_of() {
    let page = json!({"tickets": [{"id": 1, "slas": {}}], "users": [{"id": 2}],
                      "after_cursor": "c", "end_of_stream": true});
    let server = Server::answering(move |_, _| Some(Reply::ok(page.to_string())));
    let place = Place::at(&server.url());
    let words = "export tickets --since @0 --no-state -o t.ndjson --include";
    let run = place.zdx(&format!("{words} users,metric_sets,slas,dates")).run();
    run.exit(0)
        .stderr_counts("never came", 2)
        .stderr_has("metric_sets was")
        .stderr_has("dates was");
}

/// A page's last record may be years older than its others, and one may lie ahead.
#[test]
fn f7_through_never_goes_back_nor_ahead() {
    let ahead = jiff::Timestamp::now().as_second() + 5 * 86_400;
    let server = Server::answering(move |_, request| {
        let page =
            |records: &[Value], cursor, end| Reply::ok(cursor_page(records, Some(cursor), end));
        Some(match request.parameter("cursor") {
            None => page(&[record(1, T + 100), record(2, T - 90_000_000)], "a", false),
            Some("a") => page(&[record(3, T - 5), record(4, ahead)], "b", true),
            Some(_) => page(&[], "b", true),
        })
    });
    let place = Place::at(&server.url());
    place.zdx("export tickets --since @0 -o t.ndjson").run().exit(0);
    assert_eq!(place.saved("tickets")["through"], "2023-11-14T22:15:00Z");
    place.zdx("export tickets -o t.ndjson").run().exit(0);
    assert_eq!(place.saved("tickets")["through"], "2023-11-14T22:15:00Z");
    assert_eq!(place.file("t.ndjson").lines().count(), 4);
}

/// No number of a server panics, nor is saved so that it cannot be read again.
#[test]
fn f6_f9_numbers_that_no_calendar_shows() {
    let far = [253_402_300_799_i64, 253_402_300_800, i64::MAX / 2];
    for end_time in far {
        for date in [true, false] {
            let server = Server::answering(move |_, _| {
                let page = time_page(&[record(1, T), record(2, end_time)], Some(end_time), true);
                let headers = [("Date", now())];
                let headers: Vec<(&str, &str)> = headers
                    .iter()
                    .filter(|_| date)
                    .map(|(name, at)| (*name, at.as_str()))
                    .collect();
                Some(Reply::status("200 OK", &headers, page))
            });
            let place = Place::at(&server.url());
            let words = "export tickets --pagination time -o t.ndjson --retry-for 200ms";
            let run = place.zdx(&format!("{words} --since @1699999000")).run();
            assert!([0, 6].contains(&run.code()), "{}", run.transcript());
            let again = place.zdx(words).run();
            assert!([0, 6].contains(&again.code()), "{}", again.transcript());
            assert!(again.stderr().lines().all(|line| !line.contains("valid state file")));
        }
    }
    // Ten days ahead, by a server that does not tell its time.
    let ahead = jiff::Timestamp::now().as_second() + 10 * 86_400;
    let server = Server::answering(move |_, _| {
        Some(Reply::status("200 OK", &[], time_page(&[record(1, T)], Some(ahead), true)))
    });
    let place = Place::at(&server.url());
    let words = "export tickets --pagination time -o t.ndjson";
    place.zdx(&format!("{words} --since @1699999000")).run().exit(0);
    place.zdx(words).run().exit(0);
    assert_eq!(place.file("t.ndjson"), lines(&[record(1, T)]));
}
