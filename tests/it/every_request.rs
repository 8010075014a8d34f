//! Each fault at each request of a run, and then a run against a good server.
//!
//! Two exports of twelve pages, one by cursor and one by time, with a token that is minted first:
//! 26 requests. The fault stays at its request, whatever is tried again. The run must end as the
//! matrix says, with the pages before it in the file and the position behind them; the next run
//! must make the file that of a run without faults.

use crate::{
    harness::Place,
    server::{Reply, Request, Server, T, cursor_page, lines, record, time_page},
};
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

const PAGES: usize = 12;

/// So many runs side by side: most of their time they wait.
const SIDE_BY_SIDE: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Cursor,
    Time,
}

/// A request that is answered wrongly.
#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    Token,
    Page(usize),
}

/// The right answer to the request that meets a fault.
struct Right {
    by: By,
    at: At,
    body: String,
}

fn seconds(page: usize) -> i64 {
    T + 10 * i64::try_from(page).expect("few pages")
}

fn number(page: usize) -> u64 {
    2 * u64::try_from(page).expect("few pages")
}

/// What a page brings that no page before it did.
fn fresh(page: usize) -> Vec<Value> {
    let (id, at) = (number(page), seconds(page));
    vec![record(id + 1, at + 5), record(id + 2, at + 10)]
}

/// Page by page, from 0. By time, each begins with the last record of the one before.
fn page(by: By, page: usize) -> String {
    let last = page + 1 == PAGES;
    match by {
        By::Cursor => cursor_page(&fresh(page), Some(&format!("c{}", page + 1)), last),
        By::Time => {
            let mut records = vec![record(number(page), seconds(page))];
            records.extend(fresh(page));
            if page == 0 {
                records.remove(0);
            }
            time_page(&records, Some(seconds(page + 1)), last)
        }
    }
}

/// What the file holds after so many pages.
fn file(pages: usize) -> String {
    (0..pages).map(|page| lines(&fresh(page))).collect()
}

const TOKEN: &str =
    r#"{"access_token":"minted-c4n4ry-0123456789","token_type":"bearer","expires_in":172800}"#;

fn asked(request: &Request) -> At {
    if request.line.starts_with("POST") {
        return At::Token;
    }
    let behind = |text: &str, first: i64| text.parse::<i64>().ok().map(|number| number - first);
    let page = match (request.parameter("cursor"), request.parameter("start_time")) {
        (Some(cursor), _) => behind(cursor.trim_start_matches('c'), 0),
        (None, Some(start)) => behind(start, T).map(|seconds| seconds / 10),
        (None, None) => None,
    };
    At::Page(page.and_then(|page| usize::try_from(page).ok()).expect("a page of ours"))
}

fn right(by: By, at: At) -> Right {
    let body = match at {
        At::Token => TOKEN.to_owned(),
        // Behind the last page there is nothing.
        At::Page(PAGES) if by == By::Cursor => cursor_page(&[], None, true),
        At::Page(PAGES) => {
            time_page(&[record(number(PAGES), seconds(PAGES))], Some(seconds(PAGES)), true)
        }
        At::Page(number) => page(by, number),
    };
    Right { by, at, body }
}

impl Right {
    fn reply(&self) -> Reply {
        Reply::ok(&self.body)
    }

    /// The same page with another member or two.
    fn with(&self, change: impl FnOnce(&mut Value)) -> Option<Reply> {
        let At::Page(_) = self.at else { return None };
        let mut page: Value = serde_json::from_str(&self.body).expect("a page of ours");
        change(&mut page);
        Some(Reply::ok(page.to_string()))
    }

    fn by_cursor(&self, change: impl FnOnce(&mut Value)) -> Option<Reply> {
        (self.by == By::Cursor).then(|| self.with(change))?
    }

    fn by_time(&self, change: impl FnOnce(&mut Value)) -> Option<Reply> {
        (self.by == By::Time).then(|| self.with(change))?
    }

    /// The number of the page, where it is not one of the first few.
    fn page_from(&self, first: usize) -> Option<usize> {
        match self.at {
            At::Page(page) if page >= first => Some(page),
            At::Page(_) | At::Token => None,
        }
    }

    fn start(&self) -> i64 {
        self.page_from(0).map_or(T, seconds)
    }
}

/// What a fault makes of the right answer; `None` where it makes no sense.
type Make = fn(&Right) -> Option<Reply>;

/// A clock by which the starts of these exports are recent.
const LONG_AGO: &str = "Tue, 14 Nov 2023 22:14:21 GMT";

/// A fault, and how a run ends that meets it at a page.
struct Fault(&'static str, i32, Make);

fn status(line: &str) -> Reply {
    Reply::status(line, &[("Date", &crate::server::now())], r#"{"error":"X","description":"y"}"#)
}

fn too_many(headers: &[(&str, &str)]) -> Option<Reply> {
    Some(Reply::status("429 Too Many Requests", headers, ""))
}

fn redirect(line: &str, to: &str) -> Option<Reply> {
    Some(Reply::status(line, &[("Location", to)], ""))
}

fn refused(line: &str, body: &str) -> Option<Reply> {
    let headers = [("Content-Type", "application/json"), ("Date", &crate::server::now())];
    Some(Reply::status(line, &headers, body))
}

const NETWORK: &[Fault] = &[
    Fault("n4 reset", 5, |_| Some(Reply::raw("").reset())),
    Fault("n5 closed", 5, |_| Some(Reply::raw("").close())),
    Fault("n10 silence", 5, |_| Some(Reply::raw("").hang())),
    Fault("n11 headers cut", 5, |_| Some(Reply::raw("HTTP/1.1 200 OK\r\nContent-Le"))),
    Fault("n12 headers drip", 5, |right| Some(right.reply().drip(Duration::from_millis(50)))),
    Fault("n13 body short of a byte", 5, |right| Some(right.reply().cut(1))),
    Fault("n13 body short of its half", 5, |right| Some(right.reply().cut(right.body.len() / 2))),
    Fault("n14 body reset", 5, |right| Some(right.reply().cut(20).reset())),
    Fault("n15 last chunk missing", 5, |right| Some(Reply::chunked(&right.body, 40).cut(5))),
    Fault("n16 bad chunk size", 5, |_| {
        Some(Reply::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"))
    }),
    Fault("n17 cut without a length", 6, |right| {
        let cut = &right.body[..right.body.len() - 9];
        Some(Reply::raw(format!("HTTP/1.1 200 OK\r\n\r\n{cut}")))
    }),
    Fault("n18 longer than its length", 0, |right| {
        let (length, body) = (right.body.len(), &right.body);
        Some(Reply::raw(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}{body}")))
    }),
    Fault("n19 two lengths", 5, |right| {
        let (length, body) = (right.body.len(), &right.body);
        let lengths = format!("Content-Length: {length}\r\nContent-Length: 7");
        Some(Reply::raw(format!("HTTP/1.1 200 OK\r\n{lengths}\r\n\r\n{body}")))
    }),
    Fault("n20 body stops", 5, |right| Some(right.reply().cut(20).hang())),
    Fault("n21 no http", 5, |_| Some(Reply::raw("SSH-2.0-OpenSSH_9.6\r\n"))),
    Fault("n22 huge header", 5, |right| {
        Some(Reply::with(&[("X-Huge", &"x".repeat(200_000))], &right.body))
    }),
    Fault("n23 interim answer", 0, |right| {
        let (length, body) = (right.body.len(), &right.body);
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n";
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        Some(Reply::raw(format!("{interim}{head}{body}")))
    }),
];

const STATUSES: &[Fault] = &[
    Fault("h1 429", 5, |_| too_many(&[("Retry-After", "2")])),
    Fault("h3 429 without retry-after", 5, |_| too_many(&[])),
    Fault("h4 429 with nonsense", 5, |_| too_many(&[("Retry-After", "banana")])),
    Fault("h5 429 without a wait", 5, |_| too_many(&[("Retry-After", "0")])),
    Fault("h6 429 for a day", 5, |_| too_many(&[("Retry-After", "86400")])),
    Fault("h8 500", 5, |_| Some(status("500 X"))),
    Fault("h8 502 in html", 5, |_| Some(Reply::status("502 X", &[], "<html>Bad gateway</html>"))),
    Fault("h8 503", 5, |_| Some(status("503 X"))),
    Fault("h8 504", 5, |_| Some(status("504 X"))),
    Fault("h8 520", 5, |_| Some(status("520 X"))),
    Fault("h8 408", 5, |_| Some(status("408 X"))),
    Fault("h9 503 with retry-after", 5, |_| {
        Some(Reply::status("503 X", &[("Retry-After", "2")], ""))
    }),
    Fault("h11 409", 5, |_| Some(status("409 X"))),
    Fault("h12 401", 4, |_| Some(status("401 X"))),
    Fault("h14 403", 4, |_| Some(status("403 X"))),
    Fault("h15 404", 6, |_| Some(status("404 X"))),
    Fault("h15 404 in html", 6, |_| Some(Reply::status("404 X", &[], "<html>No desk</html>"))),
    Fault("h16 400", 6, |_| Some(status("400 X"))),
    Fault("h16 422", 6, |_| Some(status("422 X"))),
    Fault("h17 422 too recent", 0, |right| {
        right.page_from(0)?;
        let body = r#"{"error":"InvalidValue","description":"Too recent start_time. Use a start_time older than 60 seconds"}"#;
        Some(Reply::status("422 X", &[("Date", LONG_AGO)], body))
    }),
    Fault("h17 400 too recent", 0, |right| {
        right.page_from(0)?;
        let body = r#"{"error":"StartTimeTooRecent","description":"Too recent"}"#;
        Some(Reply::status("400 X", &[("Date", LONG_AGO)], body))
    }),
    Fault("h18 cursor refused", 6, |right| {
        right.page_from(1)?;
        refused(
            "400 X",
            r#"{"errors":[{"code":"InvalidPaginationParameter","title":"Invalid cursor"}]}"#,
        )
    }),
    Fault("h19 301", 6, |_| redirect("301 X", "/elsewhere")),
    Fault("h19 302", 6, |_| redirect("302 X", "http://127.0.0.1:1/")),
    Fault("h19 307", 6, |_| redirect("307 X", "https://evil.example/")),
    Fault("h20 204", 6, |_| Some(Reply::raw("HTTP/1.1 204 No Content\r\n\r\n"))),
    Fault("h20 206", 6, |right| Some(Reply::status("206 X", &[], &right.body))),
    Fault("h20 202", 6, |right| Some(Reply::status("202 X", &[], &right.body))),
    Fault("h20 304", 6, |_| Some(Reply::raw("HTTP/1.1 304 Not Modified\r\n\r\n"))),
    Fault("h21 402", 6, |_| Some(status("402 X"))),
    Fault("h21 451", 6, |_| Some(status("451 X"))),
];

const BODIES: &[Fault] = &[
    Fault("b1 empty", 6, |_| Some(Reply::ok(""))),
    Fault("b1 blank", 6, |_| Some(Reply::ok(" \r\n"))),
    Fault("b2 html", 6, |_| Some(Reply::ok("<!DOCTYPE html><html>Log in</html>"))),
    Fault("b3 something behind", 6, |right| Some(Reply::ok(format!("{}x", right.body)))),
    Fault("b3 twice", 6, |right| Some(Reply::ok(format!("{0}{0}", right.body)))),
    Fault("b4 stops", 6, |right| Some(Reply::ok(&right.body[..right.body.len() - 20]))),
    Fault("b5 gzip", 0, |right| Some(Reply::gzip(&right.body, |_| {}))),
    Fault("b5 gzip stops", 6, |right| {
        Some(Reply::gzip(&right.body, |packed| packed.truncate(packed.len() / 2)))
    }),
    Fault("b5 gzip with another sum", 6, |right| {
        Some(Reply::gzip(&right.body, |packed| {
            let sum = packed.len() - 6;
            packed[sum] ^= 1;
        }))
    }),
    Fault("b5 gzip with a tail", 6, |right| {
        Some(Reply::gzip(&right.body, |packed| packed.extend(b"garbage")))
    }),
    Fault("b5 gzip that is none", 6, |right| {
        Some(Reply::with(&[("Content-Encoding", "gzip")], &right.body))
    }),
    Fault("b6 br", 6, |right| Some(Reply::with(&[("Content-Encoding", "br")], &right.body))),
    Fault("b7 too large", 6, |right| {
        right.with(|page| page["tickets"][0]["x"] = "x".repeat(200_000).into())
    }),
    Fault("b8 byte order mark", 6, |right| Some(Reply::ok(format!("\u{feff}{}", right.body)))),
    Fault("b8 no utf-8", 6, |right| {
        let mut body = right.body.clone().into_bytes();
        body[3] = 0xff;
        Some(Reply::ok(body))
    }),
    Fault("b8 newline in a string", 6, |right| {
        Some(Reply::ok(right.body.replacen("{\"", "{\"\n", 1)))
    }),
    Fault("b9 pretty", 0, |right| Some(Reply::ok(right.body.replace(',', " ,\r\n  ")))),
    Fault("b15 a record that is null", 6, |right| {
        right.with(|page| page["tickets"][1] = Value::Null)
    }),
    Fault("b16 an array", 6, |right| Some(Reply::ok(format!("[{}]", right.body)))),
    Fault("b17 no records", 6, |right| {
        right.with(|page| drop(page.as_object_mut().expect("a page").remove("tickets")))
    }),
    Fault("b17 records that are null", 6, |right| right.with(|page| page["tickets"] = Value::Null)),
    Fault("b18 records twice", 6, |right| {
        right.page_from(0)?;
        Some(Reply::ok(right.body.replacen('{', "{\"tickets\":[],", 1)))
    }),
    Fault("b19 unknown members", 0, |right| right.with(|page| page["meta2"] = vec![1, 2].into())),
    Fault("b20 an error in a 200", 6, |_| Some(Reply::ok(r#"{"error":"Oops","description":"y"}"#))),
    Fault("b22 wrong type", 0, |right| {
        Some(Reply::status("200 OK", &[("Content-Type", "text/html")], &right.body))
    }),
];

const STREAM: &[Fault] = &[
    Fault("s1 the same cursor", 6, |right| {
        let page = right.page_from(1)?;
        right.by_cursor(|body| {
            body["after_cursor"] = format!("c{page}").into();
            body["end_of_stream"] = false.into();
        })
    }),
    Fault("s2 the same cursor, empty", 6, |right| {
        let page = right.page_from(1)?;
        right.by_cursor(|body| {
            body["after_cursor"] = format!("c{page}").into();
            body["end_of_stream"] = false.into();
            body["tickets"] = Value::Array(Vec::new());
        })
    }),
    Fault("s4 a cycle", 6, |right| {
        let page = right.page_from(2)?;
        right.by_cursor(|body| body["after_cursor"] = format!("c{}", page - 1).into())
    }),
    Fault("s6 more than a page in a second", 6, |right| {
        right.by_time(|page| {
            page["tickets"] = (0..1000).map(|id| record(id, right.start())).collect();
            page["end_time"] = right.start().into();
            page["end_of_stream"] = false.into();
        })
    }),
    Fault("s7 backwards", 6, |right| {
        right.by_time(|page| page["end_time"] = (right.start() - 1).into())
    }),
    Fault("s8 end_time null", 6, |right| {
        right.by_time(|page| {
            page["end_time"] = Value::Null;
            page["end_of_stream"] = false.into();
        })
    }),
    Fault("s8 end_time negative", 6, |right| right.by_time(|page| page["end_time"] = (-1).into())),
    Fault("s8 end_time in words", 6, |right| right.by_time(|page| page["end_time"] = "now".into())),
    Fault("s10 the future", 0, |right| {
        right.by_time(|page| page["end_time"] = 4_000_000_000_u64.into())
    }),
    Fault("s11 no cursor", 6, |right| {
        right.by_cursor(|page| {
            page["after_cursor"] = Value::Null;
            page["end_of_stream"] = false.into();
        })
    }),
    Fault("s13 no cursor at the end", 6, |right| {
        right.by_cursor(|page| {
            page["after_cursor"] = Value::Null;
            page["end_of_stream"] = true.into();
        })
    }),
    Fault("s14 no end_of_stream", 6, |right| {
        right.by_cursor(|page| drop(page.as_object_mut().expect("a page").remove("end_of_stream")))
    }),
    Fault("s16 end_of_stream in words", 6, |right| {
        right.with(|page| page["end_of_stream"] = "true".into())
    }),
    Fault("s19 another count", 0, |right| right.with(|page| page["count"] = 77.into())),
    Fault("s23 links to elsewhere", 0, |right| {
        right.with(|page| {
            page["after_url"] = "http://127.0.0.1:1/evil".into();
            page["next_page"] = "//127.0.0.1:1/evil".into();
        })
    }),
    Fault("s24 a cursor with a line feed", 6, |right| {
        right.by_cursor(|page| page["after_cursor"] = "c\r\nX: y".into())
    }),
    Fault("s24 an endless cursor", 6, |right| {
        right.by_cursor(|page| page["after_cursor"] = "c".repeat(10_000).into())
    }),
    Fault("s26 no date", 0, |right| Some(Reply::status("200 OK", &[], &right.body))),
    Fault("s26 an absurd date", 0, |right| {
        Some(Reply::status("200 OK", &[("Date", "Mon, 31 Feb 9999 99:99:99 GMT")], &right.body))
    }),
    Fault("s27 the same cursor at the end", 6, |right| {
        let page = right.page_from(1)?;
        right.by_cursor(|body| {
            body["after_cursor"] = format!("c{page}").into();
            body["end_of_stream"] = true.into();
        })
    }),
    Fault("s29 stuck", 6, |right| {
        right.by_time(|page| {
            page["end_time"] = right.start().into();
            page["end_of_stream"] = false.into();
        })
    }),
    Fault("s30 no end_time at the end", 6, |right| {
        right.by_time(|page| {
            page["end_time"] = Value::Null;
            page["end_of_stream"] = true.into();
        })
    }),
];

/// The run that meets the fault, and the good one after it.
fn meets(by: By, at: At, fault: &'static Fault) {
    let Fault(name, exit, make) = fault;
    let met = Arc::new(AtomicBool::new(false));
    let passed = Arc::new(AtomicBool::new(false));
    let server = Server::answering({
        let (met, passed) = (Arc::clone(&met), Arc::clone(&passed));
        move |_, request| {
            let here = asked(request);
            let right = right(by, here);
            if here != at || passed.load(Ordering::SeqCst) {
                return Some(right.reply());
            }
            met.store(true, Ordering::SeqCst);
            make(&right)
        }
    });
    let place = Place::at(&server.url())
        .with("ZENDESK_OAUTH_TOKEN", "")
        .with("ZENDESK_OAUTH_CLIENT_ID", "zdx")
        .with("ZENDESK_OAUTH_CLIENT_SECRET", "secret-c4n4ry-0123456789")
        .with("ZDX_HEADERS_TIMEOUT", "1s")
        .with("ZDX_BODY_IDLE_TIMEOUT", "1s");
    let pagination = if by == By::Cursor { "cursor" } else { "time" };
    let words = format!("export tickets --pagination {pagination} -o t.ndjson");
    let limits = "--retry-for 200ms --max-page-bytes 100KiB";
    let run = place.zdx(&format!("{words} --since @{T} {limits}")).run();
    let what = format!("{name} at {at:?} by {by:?}\n{}", run.transcript());
    assert!(met.load(Ordering::SeqCst), "never met: {what}");

    let kept = match (at, run.code()) {
        (At::Page(_), code) if code != *exit => panic!("expected exit {exit}: {what}"),
        // What an answer of the token endpoint means is another table; here nothing may be lost.
        (At::Token, code) if ![0, 4, 5, 6].contains(&code) => panic!("{what}"),
        (At::Page(page), _) if *exit != 0 || name.starts_with("h17") => page,
        (At::Token, code) if code != 0 => 0,
        (_, _) => PAGES,
    };
    assert_eq!(place.file("t.ndjson"), file(kept), "{what}");
    let saved = place.saved("tickets");
    match (by, kept) {
        (By::Cursor, 0) => assert_eq!(saved["start_time"], T, "{what}"),
        (By::Cursor, kept) => assert_eq!(saved["cursor"], format!("c{kept}"), "{what}"),
        (By::Time, kept) => assert_eq!(saved["end_time"], seconds(kept), "{what}"),
    }

    passed.store(true, Ordering::SeqCst);
    let run = place.zdx(&words).run();
    assert_eq!(run.code(), 0, "afterwards: {what}\n{}", run.transcript());
    assert_eq!(place.file("t.ndjson"), file(PAGES), "afterwards: {what}\n{}", run.transcript());
}

#[test]
fn each_fault_at_each_request_and_then_a_good_run() {
    let faults: Vec<&'static Fault> =
        [NETWORK, STATUSES, BODIES, STREAM].into_iter().flatten().collect();
    let requests: Vec<(By, At)> = [By::Cursor, By::Time]
        .into_iter()
        .flat_map(|by| {
            let pages = (0..PAGES).map(At::Page);
            std::iter::once(At::Token).chain(pages).map(move |at| (by, at))
        })
        .collect();
    assert!(faults.len() >= 60 && requests.len() == 26);
    let all: Vec<(By, At, &'static Fault)> = faults
        .iter()
        .flat_map(|fault| requests.iter().map(move |(by, at)| (*by, *at, *fault)))
        .filter(|(by, at, Fault(_, _, make))| make(&right(*by, *at)).is_some())
        .collect();
    assert!(all.len() > 1_700, "{}", all.len());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some((by, at, fault)) = all.get(next.fetch_add(1, Ordering::SeqCst)) {
                    meets(*by, *at, fault);
                }
            });
        }
    });
}
