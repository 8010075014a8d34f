//! A run that follows, in each of its waits: what it tells, what ends it, and whom it takes along.

use crate::{
    harness::{Place, eventually},
    server::{Reply, Request, Server, T, cursor_page, lines, now, record},
    straced::{self, Tracer},
};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// A second, and what a busy machine takes to get to it.
const AT_ONCE: Duration = Duration::from_millis(1500);

fn file(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path(name)).unwrap_or_default()
}

/// One ticket, and then nothing new.
fn quiet(request: &Request) -> String {
    match request.parameter("cursor") {
        None => cursor_page(&[record(1, T)], Some("a"), true),
        Some(_) => cursor_page(&[], Some("a"), true),
    }
}

/// What a resource of a run with several has: one record, and then nothing new.
fn page_of(request: &Request) -> Reply {
    let keys = ["users", "organizations", "tickets"];
    let key = keys.into_iter().find(|key| request.line.contains(key)).expect("one of these");
    let records = match request.parameter("cursor") {
        None => {
            vec![json!({"id": 1, "updated_at": "2023-11-14T22:13:20Z", "generated_timestamp": T})]
        }
        Some(_) => Vec::new(),
    };
    let page = json!({key: records, "after_cursor": "a", "end_of_stream": true, "end_time": T});
    // Each has a quota of its own, so that none waits for another's.
    let quota = format!("zendesk-ratelimit-{key}");
    Reply::with(&[(&quota, "total=9000; remaining=8999; resets=41")], page.to_string())
}

/// Runs cases side by side: what they wait for is time.
fn side_by_side<T: Send>(cases: impl IntoIterator<Item = T>, case: impl Fn(T) + Sync) {
    let case = &case;
    thread::scope(|scope| {
        for one in cases {
            scope.spawn(move || case(one));
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "how soon a run ends is the fact")]
fn clock() -> Instant {
    Instant::now()
}

type Answer = fn() -> Reply;

/// From its second request on, the server answers like this: the run waits, in one way or another.
const WAITS: [(&str, Answer, &str); 8] = [
    ("caught up", || Reply::ok(cursor_page(&[], Some("a"), true)), ""),
    ("cut off", || Reply::raw(""), "--retry-for 0s"),
    ("trying again", || Reply::status("503 X", &[], ""), ""),
    ("refused by a firewall", || Reply::status("403 X", &[], "<html>"), ""),
    ("rate limit", || Reply::status("429 X", &[("Retry-After", "60")], "{}"), ""),
    ("told to keep away", || Reply::status("503 X", &[("Retry-After", "86400")], "{}"), ""),
    ("no answer", || Reply::raw("").hang(), ""),
    ("half an answer", || Reply::ok(cursor_page(&[], Some("a"), true)).cut(9).hang(), ""),
];

#[test]
fn p4_a_signal_in_each_wait_of_a_follower_ends_it_at_once() {
    let signals = [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)];
    let cases = WAITS.into_iter().enumerate().map(|(n, case)| (case, signals[n % 3]));
    side_by_side(cases, |((what, answer, words), (signal, exit))| {
        let server = Server::answering(move |n, request| {
            Some(if n == 0 { Reply::ok(quiet(request)) } else { answer() })
        });
        let place = Place::at(&server.url());
        let interval = if what == "caught up" { "1h" } else { "50ms" };
        let words = format!("export tickets --since @0 -o t.ndjson --follow={interval} {words}");
        let run = place.zdx(&words).start();
        let asked = if what == "caught up" { 1 } else { 2 };
        eventually(|| server.requests().len() >= asked && !file(&place, "t.ndjson").is_empty());
        eventually(|| place.state_bytes().contains("\"cursor\""));
        let began = clock();
        run.signal(signal);
        let run = run.end();
        assert!(began.elapsed() < AT_ONCE, "{what}: {:?}", began.elapsed());
        run.exit(exit).stderr_has("1 record, 1 page").stderr_lacks("panic");
        assert_eq!(file(&place, "t.ndjson"), lines(&[record(1, T)]), "{what}");
    });
}

/// One that is over takes the others along at once, however long they were going to wait.
#[test]
fn f19_one_that_is_over_ends_the_others_in_the_middle_of_their_waits() {
    let forbidden: Answer = || Reply::status("403 X", &[], r#"{"error":"Forbidden"}"#);
    let refused: Answer =
        || Reply::status("401 X", &[], r#"{"error":"Couldn't authenticate you"}"#);
    let long = WAITS.into_iter().filter(|(what, ..)| *what != "half an answer");
    let cases = long.flat_map(|wait| [(wait, forbidden, 8), (wait, refused, 4)]);
    side_by_side(cases, |((what, waits, words), over, exit)| {
        let ends = Arc::new(AtomicBool::new(false));
        let now = Arc::clone(&ends);
        let server = Server::answering(move |n, request| {
            Some(match (request.line.contains("users"), request.parameter("cursor")) {
                (_, None) if n < 4 => page_of(request),
                (true, _) if now.load(Ordering::SeqCst) => over(),
                (true, _) => page_of(request),
                (false, _) => waits(),
            })
        });
        let place = Place::at(&server.url());
        let words = format!("export tickets users --since @0 -o out/ --follow=100ms {words}");
        let run = place.zdx(&words).start();
        let asked =
            |key: &str| server.requests().iter().filter(|one| one.line.contains(key)).count() >= 2;
        eventually(|| asked("tickets/cursor") && asked("users"));
        ends.store(true, Ordering::SeqCst);
        let began = clock();
        let run = run.end();
        assert!(began.elapsed() < 2 * AT_ONCE, "{what}: {:?}", began.elapsed());
        run.exit(exit);
        if exit == 8 {
            run.stderr_has("tickets: ends, because the run is over for another");
        }
    });
}

/// Whatever the outage is made of, it is told when it begins and when it ends.
#[test]
fn f19_an_outage_is_told_once_whatever_it_is_made_of() {
    let outages: [(&str, Answer, &str); 5] = [
        ("504", || Reply::status("504 X", &[], "upstream request timeout"), "504"),
        ("no answer", || Reply::raw("").hang(), "timed out"),
        ("429", || Reply::status("429 X", &[("Retry-After", "1")], "{}"), "rate limit"),
        ("409", || Reply::status("409 X", &[], "{}"), "409"),
        ("503", || Reply::status("503 X", &[("Retry-After", "1")], "{}"), "503"),
    ];
    side_by_side(outages, |(what, answer, told)| {
        let gone = Arc::new(AtomicBool::new(false));
        let failed = Arc::new(AtomicUsize::new(0));
        let (out, count) = (Arc::clone(&gone), Arc::clone(&failed));
        let server = Server::answering(move |_, request| {
            Some(match out.load(Ordering::SeqCst) {
                true => {
                    count.fetch_add(1, Ordering::SeqCst);
                    answer()
                }
                false => Reply::ok(quiet(request)),
            })
        });
        let place = Place::at(&server.url());
        let words = "export tickets --since @0 -o t.ndjson --follow=50ms";
        // A conflict is given ten seconds at each try.
        let words =
            if what == "409" { format!("{words} --retry-for 1s") } else { words.to_owned() };
        let run = place.zdx(&words).env("ZDX_HEADERS_TIMEOUT", "200ms").start();
        eventually(|| !file(&place, "t.ndjson").is_empty());
        gone.store(true, Ordering::SeqCst);
        eventually(|| failed.load(Ordering::SeqCst) >= 4);
        gone.store(false, Ordering::SeqCst);
        let good = || server.requests().len() - failed.load(Ordering::SeqCst);
        let before = good();
        eventually(|| good() >= before + 3);
        run.signal(Signal::INT);
        let run = run.end();
        // A quota that others spend is no outage.
        let back = usize::from(what != "429");
        run.exit(130).stderr_counts(told, 1).stderr_counts("back again", back);
    });
}

/// A client's token that is refused is renewed, as often as it is; a client that is refused is the
/// end, for all.
#[test]
fn f19_f29_a_follower_renews_its_token_until_the_client_itself_is_refused() {
    let newest = Arc::new(AtomicU64::new(0));
    let revoked = Arc::new(AtomicU64::new(0));
    let closed = Arc::new(AtomicBool::new(false));
    let (minted, dead, shut) = (Arc::clone(&newest), Arc::clone(&revoked), Arc::clone(&closed));
    let server = Server::answering(move |_, request| {
        if request.line.starts_with("POST /oauth/tokens") {
            if shut.load(Ordering::SeqCst) {
                let body = r#"{"error":"invalid_client","error_description":"no such client"}"#;
                return Some(Reply::status("401 X", &[], body));
            }
            let n = minted.fetch_add(1, Ordering::SeqCst) + 1;
            let token = json!({"access_token": format!("m{n}"), "token_type": "bearer"});
            return Some(Reply::ok(token.to_string()));
        }
        let header = request.header("authorization").expect("credentials");
        let n: u64 = header.strip_prefix("Bearer m").expect("ours").parse().expect("ours");
        if n <= dead.load(Ordering::SeqCst) {
            let told = [("WWW-Authenticate", "Bearer error=\"invalid_token\"")];
            return Some(Reply::status("401 X", &told, "the access token is gone"));
        }
        Some(page_of(request))
    });
    let place = Place::at(&server.url()).oauth_client();
    let run = place.zdx("export tickets users --since @0 -o out/ --follow=50ms").start();
    eventually(|| server.requests().len() > 8);
    for _ in 0..3 {
        let before = newest.load(Ordering::SeqCst);
        revoked.store(before, Ordering::SeqCst);
        eventually(|| newest.load(Ordering::SeqCst) > before);
        let asked = server.requests().len();
        eventually(|| server.requests().len() > asked + 6);
    }
    closed.store(true, Ordering::SeqCst);
    revoked.store(newest.load(Ordering::SeqCst), Ordering::SeqCst);
    run.end().exit(4).stderr_lacks("cut off");
}

/// A server that calls too recent what by its own clock is long ago says what cannot be true: that
/// passes, as any answer that comes out wrong.
#[test]
fn f30_an_untrue_too_recent_is_outlived() {
    let wrong = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&wrong);
    let server = Server::answering(move |n, _| {
        let body = r#"{"error":"InvalidValue","description":"Too recent start_time."}"#;
        if (2..6).contains(&n) {
            count.fetch_add(1, Ordering::SeqCst);
            return Some(Reply::status("422 X", &[("Date", &now())], body));
        }
        let row = record(1, T);
        Some(Reply::ok(crate::server::time_page(&[row], Some(T), true)))
    });
    let place = Place::at(&server.url());
    let words = "export tickets --pagination time --since @1699999000 -o t.ndjson --follow=50ms";
    let run = place.zdx(words).start();
    eventually(|| server.requests().len() > 9);
    run.signal(Signal::TERM);
    run.end().exit(143).stderr_counts("cut off, and", 1).stderr_counts("back again", 1);
    assert_eq!(wrong.load(Ordering::SeqCst), 4);
}

/// An output that is moved away in the middle of a page: the page is written anew, and whole.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn f19_an_output_that_is_moved_away_in_the_middle_of_a_page_is_begun_anew() {
    if !straced::available("f19, an output moved in the middle of a page") {
        return;
    }
    let shown = Arc::new(AtomicU64::new(1));
    let rows = Arc::clone(&shown);
    let server = Server::answering(move |_, request| {
        let shown = rows.load(Ordering::SeqCst);
        let from = request.parameter("cursor").map_or(0, |cursor| cursor[1..].parse().unwrap());
        let tickets: Vec<Value> = (from..shown).map(|id| record(id, T)).collect();
        let users: Vec<Value> = (from..shown).map(|id| json!({"id": id + 100})).collect();
        let page = json!({"tickets": tickets, "users": users, "end_of_stream": true,
                          "after_cursor": format!("c{}", shown.max(from))});
        Some(Reply::ok(page.to_string()))
    });
    let (main, beside) = ("t.ndjson", "t.tickets.users.ndjson");
    let tickets = |id: u64| lines(&[record(id, T)]);
    let users = |id: u64| lines(&[json!({"id": id + 100})]);
    let place = Place::at(&server.url());
    let tracer = Tracer::new();
    // The first page is synced twice, for its two files; then each takes its time.
    let options = "-e trace=execve,fdatasync -e inject=fdatasync:delay_enter=700000:when=3+";
    let words = "export tickets --include users --since @0 -o t.ndjson --follow=50ms";
    let run = tracer.around(place.zdx(words), options).start();
    // Both files of the first page, and then its position.
    eventually(|| file(&place, beside) == users(0));
    eventually(|| place.state_bytes().contains("\"c1\""));
    shown.store(2, Ordering::SeqCst);
    // The records are written and being synced, their sideload is not yet.
    eventually(|| file(&place, main).ends_with(&tickets(1)));
    fs::rename(place.path(beside), place.path("moved.ndjson")).unwrap();
    eventually(|| file(&place, beside) == users(1));
    eventually(|| place.state_bytes().contains("\"c2\""));
    let traced = tracer.log();
    let traced = traced.split(' ').next().and_then(|pid| pid.parse().ok());
    let traced = traced.and_then(rustix::process::Pid::from_raw).expect("a process");
    rustix::process::kill_process(traced, Signal::TERM).unwrap();
    run.end().exit(143);
    assert_eq!(file(&place, main), tickets(0) + &tickets(1));
    assert_eq!(file(&place, "moved.ndjson"), users(0));
    assert_eq!(file(&place, beside), users(1));
}
