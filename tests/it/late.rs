//! Rows that become visible behind rows that were served before (S31, S32), through the program:
//! by cursor and by time, to files and stdout, while following, with sideloads, across runs.

use crate::{
    harness::{Place, eventually},
    server::{Reply, Request, Server, cursor_page, time_page},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{
    fs,
    sync::{Arc, Mutex, MutexGuard},
    thread,
    time::Duration,
};

/// The rows that a server shows by now.
#[derive(Clone, Default)]
struct Rows(Arc<Mutex<Vec<Value>>>);

/// A ticket that changed so many seconds ago.
fn ticket(id: u64, ago: i64) -> Value {
    let at = jiff::Timestamp::now().as_second() - ago;
    json!({"id": id, "generated_timestamp": at, "slas": {"left": 9}})
}

fn lock(rows: &Mutex<Vec<Value>>) -> MutexGuard<'_, Vec<Value>> {
    rows.lock().expect("no thread has panicked")
}

impl Rows {
    fn show(&self, row: Value) {
        lock(&self.0).push(row);
    }

    /// What the embedded sideloads say changes by itself.
    fn count_down(&self) {
        for row in lock(&self.0).iter_mut() {
            let left = row["slas"]["left"].as_i64().expect("a number");
            row["slas"]["left"] = json!(left - 1);
        }
    }

    /// API notes §4.1 and §4.2, in pages of two.
    fn serve(&self, request: &Request) -> Reply {
        let mut rows = lock(&self.0).clone();
        let at = |row: &Value| {
            (row["generated_timestamp"].as_i64().expect("time"), row["id"].as_u64().expect("id"))
        };
        rows.sort_by_key(at);
        let by_cursor = request.line.contains("cursor.json");
        if let Some(cursor) = request.parameter("cursor") {
            let (time, id) = cursor.split_once('-').expect("a cursor of ours");
            let after = (time.parse().expect("time"), id.parse().expect("id"));
            rows.retain(|row| at(row) > after);
        } else {
            let start = request.parameter("start_time").expect("either of them");
            let start: i64 = start.parse().expect("a time");
            rows.retain(|row| at(row).0 >= start);
        }
        let more = rows.len() > 2;
        rows.truncate(2);
        let last = rows.last().map(at);
        Reply::ok(match by_cursor {
            true => {
                let cursor = last.map(|(time, id)| format!("{time}-{id}"));
                let cursor = cursor.as_deref().or(request.parameter("cursor"));
                cursor_page(&rows, cursor, !more)
            }
            false => time_page(&rows, last.map(|(time, _)| time), !more),
        })
    }
}

fn served() -> (Rows, Server) {
    let rows = Rows::default();
    for (id, ago) in [(1, 4_000), (2, 400), (3, 300), (5, 200), (6, 100)] {
        rows.show(ticket(id, ago));
    }
    let served = rows.clone();
    (rows, Server::answering(move |_, request| Some(served.serve(request))))
}

fn ids(text: &str) -> Vec<u64> {
    let record = |line: &str| serde_json::from_str::<Value>(line).expect("JSON");
    text.lines().map(|line| record(line)["id"].as_u64().expect("id")).collect()
}

#[test]
fn f4_s31_a_row_that_becomes_visible_late_is_written_once() {
    for pagination in ["cursor", "time"] {
        let (rows, server) = served();
        let place = Place::at(&server.url());
        let words = format!("export tickets --pagination {pagination} -o t.ndjson");
        place.zdx(&format!("{words} --since 2h")).run().exit(0);
        assert_eq!(ids(&place.file("t.ndjson")), [1, 2, 3, 5, 6]);
        rows.show(ticket(4, 250));
        place.zdx(&words).run().exit(0).stderr_has(" 1 record, ");
        assert_eq!(ids(&place.file("t.ndjson")), [1, 2, 3, 5, 6, 4]);
        let before = place.state_bytes();
        place.zdx(&words).run().exit(0).stderr_has(" nothing new, ");
        assert_eq!(ids(&place.file("t.ndjson")), [1, 2, 3, 5, 6, 4]);
        // What is old is not read again.
        let asked = server.requests().len();
        assert!(place.saved("tickets")["overlap"]["anchor"] != Value::Null, "{before}");
        place.zdx(&words).run().exit(0);
        assert!(server.requests().len() - asked <= 4);
    }
}

#[test]
fn f4_with_overlap_0_a_late_row_is_not_looked_for() {
    let (rows, server) = served();
    let place = Place::at(&server.url());
    place.zdx("export tickets --overlap 0 --since 2h -o t.ndjson").run().exit(0);
    rows.show(ticket(4, 250));
    place.zdx("export tickets --overlap 0 -o t.ndjson").run().exit(0);
    assert_eq!(ids(&place.file("t.ndjson")), [1, 2, 3, 5, 6]);
    assert!(place.saved("tickets").get("overlap").is_none());
    // With it, from now on: the anchor lies where the series stands.
    rows.show(ticket(7, 90));
    place.zdx("export tickets -o t.ndjson").run().exit(0);
    rows.show(ticket(8, 95));
    place.zdx("export tickets -o t.ndjson").run().exit(0);
    assert_eq!(ids(&place.file("t.ndjson")), [1, 2, 3, 5, 6, 7, 8]);
}

#[test]
fn f12_s32_what_an_embedded_sideload_counts_down_is_no_other_row() {
    for pagination in ["cursor", "time"] {
        let (rows, server) = served();
        let place = Place::at(&server.url());
        let words = format!("export tickets --pagination {pagination} --include slas -o t.ndjson");
        place.zdx(&format!("{words} --since 2h")).run().exit(0);
        for _ in 0..3 {
            rows.count_down();
            place.zdx(&words).run().exit(0).stderr_has(" nothing new, ");
        }
        assert_eq!(ids(&place.file("t.ndjson")), [1, 2, 3, 5, 6]);
    }
}

#[test]
fn s31_on_stdout_too() {
    let (rows, server) = served();
    let place = Place::at(&server.url());
    let words = "export tickets --state s.json";
    let run = place.zdx(&format!("{words} --since 2h")).run();
    run.exit(0);
    assert_eq!(ids(&run.text()), [1, 2, 3, 5, 6]);
    rows.show(ticket(4, 250));
    let run = place.zdx(words).run();
    run.exit(0);
    assert_eq!(ids(&run.text()), [4]);
    place.zdx(words).run().exit(0).stdout("");
}

/// A limit counts what lies behind the lead: what is read again comes on top.
#[test]
fn s31_a_limit_does_not_keep_a_run_from_getting_on() {
    let (rows, server) = served();
    let place = Place::at(&server.url());
    let words = "export tickets -o t.ndjson --max-pages 1";
    place.zdx(&format!("{words} --since 2h")).run().exit(0);
    for _ in 0..4 {
        place.zdx(words).run().exit(0);
    }
    assert_eq!(ids(&place.file("t.ndjson")), [1, 2, 3, 5, 6]);
    rows.show(ticket(4, 250));
    rows.show(ticket(7, 70));
    for _ in 0..2 {
        place.zdx(words).run().exit(0);
    }
    assert_eq!(ids(&place.file("t.ndjson")), [1, 2, 3, 5, 6, 4, 7]);
}

/// A run that follows reads again once per overlap, and else goes on from the lead.
#[test]
fn s31_while_following_also_in_a_one_off() {
    for state in ["", "--no-state"] {
        let (rows, server) = served();
        let place = Place::at(&server.url());
        // The anchor falls behind the lead by the fence of a minute and the overlap.
        rows.show(ticket(8, 61));
        let words = format!("export tickets --since 2h --follow=100ms --overlap 2s {state}");
        let run = place.zdx(&format!("{words} -o t.ndjson")).start();
        let written = |expected: &[u64]| {
            let file = fs::read_to_string(place.path("t.ndjson")).unwrap_or_default();
            file.ends_with('\n') && ids(&file) == expected
        };
        eventually(|| written(&[1, 2, 3, 5, 6, 8]));
        rows.show(ticket(7, 60));
        eventually(|| written(&[1, 2, 3, 5, 6, 8, 7]));
        let (again, all) = {
            let requests = server.requests();
            let start = requests.iter().filter(|request| request.parameter("cursor").is_none());
            (start.count(), requests.len())
        };
        assert!(again < all / 2, "{again} of {all} requests began at the anchor");
        run.signal(Signal::TERM);
        run.end().exit(143);
        assert!(written(&[1, 2, 3, 5, 6, 8, 7]));
    }
}

/// A row becomes visible, in time, while the answer is under way that shows rows behind it: by when
/// it arrives they are old, by when it was asked for they are not.
#[test]
#[expect(clippy::disallowed_methods, reason = "how long an answer is under way is the fact")]
fn s31_a_row_that_becomes_visible_while_a_slow_answer_is_under_way() {
    const UNDER_WAY: u64 = 7;
    for pagination in ["cursor", "time"] {
        let rows = Rows::default();
        rows.show(ticket(1, 4_000));
        rows.show(ticket(2, 57));
        let served = rows.clone();
        let server = Server::answering(move |n, request| {
            let mut reply = served.serve(request);
            if n == 0 {
                served.show(ticket(3, 58));
                thread::sleep(Duration::from_secs(UNDER_WAY));
                // What stands in the answer is of before; its date is of now.
                let text = String::from_utf8(reply.bytes().to_vec()).expect("ours");
                reply = Reply::ok(text.split_once("\r\n\r\n").expect("a body").1);
            }
            Some(reply)
        });
        let place = Place::at(&server.url());
        let words = format!("export tickets --pagination {pagination} --overlap 1s -o t.ndjson");
        place.zdx(&format!("{words} --since 2h")).run().exit(0);
        assert_eq!(ids(&place.file("t.ndjson")), [1, 2]);
        place.zdx(&words).run().exit(0);
        assert_eq!(ids(&place.file("t.ndjson")), [1, 2, 3], "{pagination}");
    }
}

/// Sideloads of a page that is read again are not written again, those of a late row are.
#[test]
fn s31_with_sideloads_beside_the_records() {
    let (rows, server) = (Rows::default(), Rows::default());
    for (id, ago) in [(1, 4_000), (2, 200), (3, 100)] {
        rows.show(ticket(id, ago));
    }
    drop(server);
    let served = rows.clone();
    let server = Server::answering(move |_, request| {
        let reply = served.serve(request);
        let text = String::from_utf8(reply.bytes().to_vec()).unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        let mut page: Value = serde_json::from_str(body).unwrap();
        let users: Vec<Value> = page["tickets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|ticket| json!({"id": ticket["id"].as_u64().unwrap() + 100}))
            .collect();
        page["users"] = json!(users);
        Some(Reply::ok(page.to_string()))
    });
    let place = Place::at(&server.url());
    let words = "export tickets --include users -o t.ndjson";
    place.zdx(&format!("{words} --since 2h")).run().exit(0);
    assert_eq!(ids(&place.file("t.tickets.users.ndjson")), [101, 102, 103]);
    place.zdx(words).run().exit(0);
    rows.show(ticket(4, 150));
    for _ in 0..3 {
        place.zdx(words).run().exit(0);
    }
    assert_eq!(ids(&place.file("t.ndjson")), [1, 2, 3, 4]);
    assert_eq!(ids(&place.file("t.tickets.users.ndjson")), [101, 102, 103, 104]);
}

/// So many pages of ten thousand tickets, all of which changed within the overlap.
fn busy(pages: i64) -> Server {
    const EACH: i64 = 10_000;
    let began = jiff::Timestamp::now().as_second() - 330;
    let at = move |n: i64| began + n * 200 / (pages * EACH);
    Server::answering(move |_, request| {
        let page = request.parameter("cursor").map_or(0, |cursor| {
            let text = STANDARD.decode(cursor.replace("%3D", "=")).expect("a cursor of ours");
            let text = String::from_utf8(text).expect("text");
            let id = text.split("||").nth(1).and_then(|id| id.strip_suffix('|'));
            (id.and_then(|id| id.parse::<i64>().ok()).expect("an id") + 1) / EACH
        });
        let rows = page * EACH..((page + 1) * EACH).min(pages * EACH);
        let records: Vec<String> =
            rows.map(|id| format!("{{\"id\":{id},\"generated_timestamp\":{}}}", at(id))).collect();
        let last = ((page + 1) * EACH).min(pages * EACH) - 1;
        let cursor = STANDARD.encode(format!("{}.0||{last}|", at(last)));
        Some(Reply::ok(format!(
            "{{\"tickets\":[{}],\"after_cursor\":\"{cursor}\",\"end_of_stream\":{}}}",
            records.join(","),
            page + 1 >= pages
        )))
    })
}

/// How many fingerprints a state holds of a resource.
fn held(place: &Place, resource: &str) -> usize {
    let seen = &place.saved(resource)["overlap"]["seen"];
    STANDARD.decode(seen.as_str().expect("base64")).expect("base64").len() / 16
}

const TOO_MUCH: &str = "too much changes to remember all of the overlap";

#[test]
fn f4_the_memory_of_a_resource_is_bounded_and_what_is_left_is_told_once() {
    let server = busy(12);
    let place = Place::at(&server.url());
    let words = "export tickets -o t.ndjson --rate 1000000";
    let run = place.zdx(&format!("{words} --since 2h")).run();
    run.exit(0).stderr_counts(TOO_MUCH, 1).stderr_has("what becomes visible more than ");
    assert_eq!(ids(&place.file("t.ndjson")).len(), 120_000);
    assert_eq!(held(&place, "tickets"), 100_000);
    // The next run begins at a page's edge, and writes nothing again.
    let asked = server.requests().len();
    place.zdx(words).run().exit(0).stderr_lacks(TOO_MUCH);
    assert_eq!(server.requests().len() - asked, 10);
    assert_eq!(ids(&place.file("t.ndjson")).len(), 120_000);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn f4_the_memory_of_a_whole_state_is_bounded() {
    let server = busy(9);
    let place = Place::at(&server.url());
    let seen = STANDARD.encode((0..100_000_u128).flat_map(u128::to_be_bytes).collect::<Vec<_>>());
    let other = json!({
        "pagination": "cursor",
        "cursor": "c",
        "overlap": {"anchor": "b", "seen": seen},
        "output": {"path": "-"},
    });
    let others = ["users", "organizations", "ticket_events", "articles"];
    let resources: serde_json::Map<String, Value> =
        others.iter().map(|name| ((*name).to_owned(), other.clone())).collect();
    let state = json!({
        "format": "zdx-state", "version": 2, "account": "acme", "resources": resources,
    });
    fs::create_dir_all(place.state().parent().unwrap()).unwrap();
    fs::write(place.state(), state.to_string()).unwrap();
    let words = "export tickets -o t.ndjson --rate 1000000 --since 2h";
    place.zdx(words).run().exit(0).stderr_counts(TOO_MUCH, 1);
    assert_eq!(ids(&place.file("t.ndjson")).len(), 90_000);
    assert_eq!(held(&place, "tickets"), 80_000);
}
