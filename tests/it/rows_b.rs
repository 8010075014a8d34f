//! Rows B of the fault matrix: the body of a 200.

use crate::{
    harness::Place,
    matrix::{FRESH, accepted, once, pages, recovers, right, stays},
    server::{Reply, Server, cursor_page, lines, record},
};
use serde_json::json;

fn page() -> String {
    pages()[1].clone()
}

/// A last page whose records are given as text.
fn last(records: &str) -> String {
    format!("{{\"tickets\":[{records}],\"after_cursor\":\"c\",\"end_of_stream\":true}}")
}

#[test]
fn b1_an_empty_body_is_never_an_empty_page() {
    let empty =
        [Reply::ok(""), Reply::ok("  \r\n "), Reply::gzip("", |_| {}), Reply::chunked("", 1)];
    once(&empty);
    stays(&empty.map(|reply| (reply, 6, "empty")));
}

#[test]
fn b2_html() {
    let html = "<!DOCTYPE html><html><body>Log in</body></html>";
    let pages = [Reply::ok(html), Reply::with(&[("X", "y")], format!("\n {html}"))];
    once(&pages);
    stays(&pages.map(|reply| (reply, 6, "HTML|not JSON")));
}

#[test]
fn b3_something_behind_the_json() {
    let bad = ["x", "{}", "[]", "}", "\u{0}"].map(|tail| Reply::ok(format!("{}{tail}", page())));
    once(&bad[..2]);
    stays(&bad.map(|reply| (reply, 6, "trailing")));
}

#[test]
fn b4_json_that_stops() {
    let whole = page();
    let cuts = [1, 2, 20, whole.len() - 1].map(|cut| Reply::ok(&whole[..whole.len() - cut]));
    once(&cuts[..2]);
    stays(&cuts.map(|reply| (reply, 6, "incomplete")));
}

#[test]
fn b5_compression_that_is_damaged() {
    let bad = [
        Reply::gzip(page(), |packed| packed.truncate(packed.len() / 2)),
        Reply::gzip(page(), |packed| packed.truncate(packed.len() - 8)),
        Reply::gzip(page(), |packed| {
            let crc = packed.len() - 6;
            packed[crc] ^= 1;
        }),
        Reply::gzip(page(), |packed| packed.extend(b"garbage")),
        Reply::gzip(page(), |packed| *packed = page().into_bytes()),
    ];
    once(&bad[..3]);
    stays(&bad.map(|reply| (reply, 6, "compressed")));
}

#[test]
fn b6_an_encoding_that_was_not_offered() {
    for encoding in ["br", "zstd", "gzip, br"] {
        let reply = Reply::with(&[("Content-Encoding", encoding)], "\u{1}\u{2}\u{3}");
        stays(&[(reply, 6, "")]);
    }
    stays(&[(Reply::with(&[("Content-Encoding", "br")], page()), 6, "encoding")]);
    let server = Server::script([Reply::gzip(last(""), |_| {})]);
    let place = Place::at(&server.url());
    place.zdx("export tickets --since @0 --no-state").run().exit(0);
    assert_eq!(server.requests()[0].header("accept-encoding"), Some("gzip"));
}

#[test]
fn b7_a_page_that_is_too_large() {
    let bomb = last(&format!("{{\"x\":\"{}\"}}", "a".repeat(4_000_000)));
    for reply in [Reply::gzip(&bomb, |_| {}), Reply::ok(&bomb), Reply::chunked(&bomb, 65_536)] {
        let server = Server::script([Reply::ok(&pages()[0]), reply]);
        let place = Place::at(&server.url());
        let run = place.zdx(&format!("{FRESH} --max-page-bytes 1MiB")).run();
        run.exit(6).stderr_has("larger than").stderr_has("--max-page-bytes");
        recovers(&place, &run);
    }
}

#[test]
fn b8_bytes_that_json_forbids() {
    let whole = page();
    let spoilt = |text: &str, bytes: &[u8]| {
        let at = whole.find("\"id\"").unwrap() + 1;
        let mut body = whole.clone().into_bytes();
        body.splice(at..at, bytes.iter().copied());
        (Reply::ok(body), 6, text.to_owned())
    };
    let mut rows: Vec<_> =
        [&b"\n"[..], b"\t", b"\x00", b"\x1b", b"\xff", b"\xc3\x28", b"\xed\xa0\x80"]
            .iter()
            .map(|bytes| spoilt("byte", bytes))
            .collect();
    let mut bom = b"\xef\xbb\xbf".to_vec();
    bom.extend(whole.bytes());
    rows.push((Reply::ok(bom), 6, "JSON".to_owned()));
    let rows: Vec<_> =
        rows.iter().map(|(reply, exit, text)| (reply.clone(), *exit, text.as_str())).collect();
    stays(&rows);
}

#[test]
fn b9_pretty_printed_json_becomes_one_line_a_record() {
    let body = last(" {\r\n \"id\" : 1 ,\n\t\"s\":\"a b\\n : , {\" , \"l\" : [ 1 , 2 ] , \"o\" : { } } , {\"id\":2}\n")
        .replace("],", " ] ,\n");
    let expected = "{\"id\":1,\"s\":\"a b\\n : , {\",\"l\":[1,2],\"o\":{}}\n{\"id\":2}\n";
    accepted(&[(Reply::ok(format!("\r\n{body}\n\n")), expected.to_owned())]);
}

#[test]
fn b10_the_text_of_numbers_and_strings_is_kept() {
    for record in [
        r#"{"id":12345678901234567890123,"x":1E400,"y":1.10,"z":-0,"e":1e-5,"f":-0.0}"#,
        r#"{"a":"\u0000\/\u00e9é\ud83d\ude00😀","b":"\u2028 ","c":"","d":"\u0085"}"#,
        r#"{"z":1,"a":2,"m":{"z":1,"a":2},"":null}"#,
        r#"{"\u0069d":1,"t":"<\/script>","q":"\"\\"}"#,
    ] {
        accepted(&[(Reply::ok(last(record)), format!("{record}\n"))]);
    }
}

#[test]
fn b11_lone_surrogates_are_replaced_and_counted() {
    let served =
        r#"{"id":1,"a":"x\ud800y","\udfff":"\uD83D\ude00","b":"\ud83dx\ude00","c":"\\ud800"}"#;
    let written =
        r#"{"id":1,"a":"x\ufffdy","\ufffd":"\uD83D\ude00","b":"\ufffdx\ufffd","c":"\\ud800"}"#;
    let body = last(&format!("{served},{served}"));
    let server = Server::script([Reply::ok(&body), Reply::ok(&body)]);
    let place = Place::at(&server.url());
    let run = place.zdx("export tickets --since @0 --no-state").run();
    run.exit(0).stdout(&format!("{written}\n{written}\n")).stderr_counts("surrogate", 1);
    let run = place.zdx("export tickets --since @0 --no-state --raw").run();
    run.exit(0).stdout(&format!("{served}\n{served}\n"));
}

#[test]
fn b12_duplicate_keys_are_kept() {
    let record = r#"{"id":1,"a":1,"a":2,"id":3}"#;
    accepted(&[(Reply::ok(last(record)), format!("{record}\n"))]);
}

#[test]
fn b13_and_security_20_two_million_brackets() {
    let deep = format!("{}{}", "[".repeat(2_000_000), "]".repeat(2_000_000));
    let in_envelope = format!(
        "{{\"unknown\":{deep},\"tickets\":[{{\"id\":1}}],\"after_cursor\":\"c\",\"end_of_stream\":true}}"
    );
    accepted(&[(Reply::ok(in_envelope), "{\"id\":1}\n".to_owned())]);
    // The harness cannot parse such a record, so this one is looked at by hand.
    let server = Server::script([Reply::ok(last(&format!("{{\"deep\":{deep}}}")))]);
    let place = Place::at(&server.url());
    let line = "\"$0\" \"$@\" | wc -c >&2";
    let run = place.zdx("export tickets --since @0 --no-state").through(line).run();
    run.exit(0).stderr_has("4000010");
}

#[test]
fn b14_a_very_long_string() {
    let record = format!("{{\"x\":\"{}\"}}", "a".repeat(50_000_000));
    let server = Server::script([Reply::ok(last(&record))]);
    let place = Place::at(&server.url());
    let line = "\"$0\" \"$@\" | wc -c >&2";
    let run = place.zdx("export tickets --since @0 --no-state").through(line).run();
    run.exit(0).stderr_has(&(record.len() + 1).to_string());
}

#[test]
fn b15_a_record_that_is_no_object() {
    let rows = ["null", "7", "[]", "\"x\"", "true"].map(|bad| {
        let body = last(&format!("{{\"id\":1}},{bad}"));
        (Reply::ok(body), 6, "record is not an object|1")
    });
    stays(&rows);
}

#[test]
fn b16_an_answer_that_is_no_object() {
    stays(&["[]", "7", "\"x\"", "null", "true"].map(|body| (Reply::ok(body), 6, "not a page")));
}

#[test]
fn b17_a_records_key_that_is_missing_or_no_array() {
    let rows = [
        "{}",
        "{\"end_of_stream\":true}",
        "{\"tickets\":null,\"end_of_stream\":true}",
        "{\"tickets\":{},\"end_of_stream\":true}",
        "{\"users\":[],\"end_of_stream\":true}",
    ]
    .map(|body| (Reply::ok(body), 6, "\"tickets\""));
    stays(&rows);
}

#[test]
fn b18_the_records_key_twice() {
    let twice = json!({"id": 1}).to_string();
    let body = format!(
        "{{\"tickets\":[{twice}],\"tickets\":[{twice}],\"after_cursor\":\"c\",\"end_of_stream\":true}}"
    );
    stays(&[(Reply::ok(body), 6, "twice")]);
    let body =
        "{\"tickets\":[],\"after_cursor\":\"c\",\"after_cursor\":\"d\",\"end_of_stream\":true}";
    stays(&[(Reply::ok(body), 6, "twice")]);
}

#[test]
fn b19_unknown_members_are_ignored() {
    let body =
        last("{\"id\":1}").replacen('{', "{\"a\":[{\"b\":null}],\"tickets2\":7,\"meta\":{},", 1);
    accepted(&[(Reply::ok(body), "{\"id\":1}\n".to_owned())]);
}

#[test]
fn b20_a_200_that_holds_an_error() {
    let bad = [
        r#"{"error":"Oops","description":"it is \u001b[31mred"}"#,
        r#"{"error":{"title":"Oops","message":"it is \u001b[31mred"}}"#,
        r#"{"errors":[{"code":"Oops","title":"it is \u001b[31mred"}]}"#,
    ];
    stays(&bad.map(|body| (Reply::ok(body), 6, "Oops")));
}

#[test]
fn b21_more_records_than_a_page_holds() {
    let records: Vec<_> = (0..5000).map(|id| record(id, crate::server::T)).collect();
    let body = cursor_page(&records, Some("c"), true);
    accepted(&[(Reply::ok(body), lines(&records))]);
}

#[test]
fn b22_a_wrong_content_type() {
    let reply = Reply::status("200 OK", &[("Content-Type", "text/html")], last("{\"id\":1}"));
    accepted(&[(reply, "{\"id\":1}\n".to_owned())]);
    let reply = Reply::status("200 OK", &[], last("{\"id\":1}"));
    accepted(&[(reply, "{\"id\":1}\n".to_owned())]);
}

#[test]
fn a_garbled_answer_is_asked_for_three_times() {
    let server =
        Server::answering(|n, request| Some(if n == 0 { right(request) } else { Reply::ok("") }));
    let place = Place::at(&server.url());
    let run = place.zdx(FRESH).run();
    run.exit(6).stderr_has("gave up after 3 such answers");
    assert_eq!(server.requests().len(), 4);
    recovers(&place, &run);
}
