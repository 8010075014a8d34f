//! How the rows of the fault matrix are run: an export of three pages that meets a fault.

use crate::{
    harness::{Outcome, Place},
    server::{Reply, Request, Server, T, cursor_page, lines, record},
};
use serde_json::Value;
use std::thread;

/// Five records on three pages.
pub(crate) fn records() -> Vec<Value> {
    (1..=5).map(|id| record(id, T + i64::try_from(id).expect("a small number"))).collect()
}

/// The pages that the cursors `c1` and `c2` lead to, behind the first.
pub(crate) fn pages() -> [String; 3] {
    let records = records();
    [
        cursor_page(&records[..2], Some("c1"), false),
        cursor_page(&records[2..4], Some("c2"), false),
        cursor_page(&records[4..], Some("c3"), true),
    ]
}

/// The right answer to a request.
pub(crate) fn right(request: &Request) -> Reply {
    let [first, second, third] = pages();
    Reply::ok(match request.parameter("cursor") {
        None => first,
        Some("c1") => second,
        Some("c2") => third,
        Some(_) => cursor_page(&[], None, true),
    })
}

pub(crate) const FRESH: &str = "export tickets --since @0 -o t.ndjson";
pub(crate) const GO_ON: &str = "export tickets -o t.ndjson";

/// The fault hits the first, a middle or the last request, and then the server is good: the run
/// succeeds with the file of a run without the fault.
#[track_caller]
pub(crate) fn once(faults: &[Reply]) {
    thread::scope(|scope| {
        for fault in faults {
            for nth in 0..3 {
                scope.spawn(move || {
                    let fault = fault.clone();
                    let server = Server::answering(move |n, request| {
                        Some(if n == nth { fault.clone() } else { right(request) })
                    });
                    let place = Place::at(&server.url());
                    place.zdx(FRESH).run().exit(0);
                    assert_eq!(place.file("t.ndjson"), lines(&records()));
                    assert!(server.requests().len() >= 4);
                });
            }
        }
    });
}

/// The fault stays behind the first page: the run ends with this code and says these things, the
/// first page is kept, and a run against a good server makes the file whole.
#[track_caller]
pub(crate) fn stays(faults: &[(Reply, i32, &str)]) {
    stays_with("--retry-for 300ms", faults);
}

#[track_caller]
pub(crate) fn stays_with(flags: &str, faults: &[(Reply, i32, &str)]) {
    thread::scope(|scope| {
        for (fault, exit, text) in faults {
            scope.spawn(move || {
                let fault = fault.clone();
                let server = Server::answering(move |n, request| {
                    Some(if n == 0 { right(request) } else { fault.clone() })
                });
                let place = Place::at(&server.url())
                    .with("ZDX_HEADERS_TIMEOUT", "300ms")
                    .with("ZDX_BODY_IDLE_TIMEOUT", "300ms");
                let run = place.zdx(&format!("{FRESH} {flags}")).run();
                run.exit(*exit);
                for part in text.split('|') {
                    run.stderr_has(part);
                }
                recovers(&place, &run);
            });
        }
    });
}

/// After a run that failed behind the first page.
#[track_caller]
pub(crate) fn recovers(place: &Place, run: &Outcome) {
    assert_eq!(place.file("t.ndjson"), lines(&records()[..2]), "{}", run.transcript());
    assert_eq!(place.saved("tickets")["cursor"], "c1", "{}", run.transcript());
    let good = Server::answering(|_, request| Some(right(request)));
    place.zdx(GO_ON).env("ZDX_BASE_URL", &good.url()).run().exit(0);
    assert_eq!(place.file("t.ndjson"), lines(&records()));
}

/// The fault is none: one answer that is taken as it is, with these lines.
#[track_caller]
pub(crate) fn accepted(answers: &[(Reply, String)]) {
    for (answer, expected) in answers {
        let server = Server::script([answer.clone()]);
        let place = Place::at(&server.url());
        place.zdx("export tickets --since @0 --no-state").run().exit(0).stdout(expected);
    }
}
