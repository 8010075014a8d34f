//! Rows N of the fault matrix: the network.

use crate::{
    harness::Place,
    matrix::{accepted, once, pages, records, right, stays},
    server::{Reply, Server, cursor_page, lines},
};
use std::{io::Write as _, net::TcpListener, thread, time::Duration};

fn page() -> String {
    pages()[1].clone()
}

/// A body whose end is told by the connection's.
fn close_delimited(body: &str) -> Reply {
    Reply::raw(format!("HTTP/1.1 200 OK\r\n\r\n{body}"))
}

#[test]
fn n4_reset_before_the_request_is_answered() {
    once(&[Reply::raw("").reset()]);
    stays(&[(Reply::raw("").reset(), 5, "connection")]);
}

#[test]
fn n5_closed_in_the_keep_alive_race() {
    once(&[Reply::raw("").close()]);
    let [first, second, third] = pages().map(Reply::ok);
    let server = Server::script([first, Reply::raw("").close(), second, third]);
    let place = Place::at(&server.url());
    place.zdx("export tickets --since @0").run().exit(0).stdout(&lines(&records()));
    assert!(server.pauses()[1] < Duration::from_millis(500), "{:?}", server.pauses());
}

#[test]
fn n8_garbage_instead_of_a_tls_handshake() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    // Ends with the process: it waits for connections that may or may not come.
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            drop(stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n"));
        }
    });
    let place = Place::at(&url);
    let run = place.zdx("export tickets --since 2h --no-state --retry-for 300ms").run();
    run.exit(5).stderr_has("TLS");
}

#[test]
fn n10_nothing_comes_after_the_request() {
    stays(&[(Reply::raw("").hang(), 5, "timed out|headers")]);
}

#[test]
fn n11_headers_cut_in_the_middle() {
    let cut = Reply::raw("HTTP/1.1 200 OK\r\nContent-Le");
    once(std::slice::from_ref(&cut));
    stays(&[(cut, 5, "closed")]);
}

#[test]
fn n12_headers_that_drip() {
    let drip = Reply::ok(page()).drip(Duration::from_millis(20));
    stays(&[(drip, 5, "timed out")]);
}

#[test]
fn n13_body_cut_short() {
    let cuts = [1, 30].map(|bytes| Reply::ok(page()).cut(bytes));
    once(&cuts);
    stays(&cuts.map(|cut| (cut, 5, "incomplete")));
}

#[test]
fn n14_body_cut_by_a_reset() {
    let cut = Reply::ok(page()).cut(20).reset();
    once(std::slice::from_ref(&cut));
    stays(&[(cut, 5, "connection")]);
}

#[test]
fn n15_chunks_without_the_last() {
    let cuts = [4, 5, 30].map(|bytes| Reply::chunked(page(), 40).cut(bytes));
    once(&cuts);
    stays(&cuts.map(|cut| (cut, 5, "")));
}

#[test]
fn n13_compressed_body_cut_short() {
    // The connection broke, whatever the decompressor makes of it.
    let cut = Reply::gzip(page(), |_| {}).cut(10);
    once(std::slice::from_ref(&cut));
    stays(&[(cut, 5, "incomplete")]);
}

#[test]
fn n16_a_bad_chunk_size() {
    let bad =
        Reply::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n");
    once(std::slice::from_ref(&bad));
    stays(&[(bad, 5, "")]);
}

#[test]
fn n17_a_body_without_length_cut() {
    let cut = close_delimited(&page()[..page().len() - 9]);
    once(std::slice::from_ref(&cut));
    stays(&[(cut, 6, "incomplete")]);
}

#[test]
fn n18_a_body_longer_than_its_length() {
    let [first, second, third] = pages();
    let surplus = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{first}{{\"tickets\":[{{\"evil\":1}}]}}",
        first.len()
    );
    let server = Server::script([Reply::raw(surplus), Reply::ok(second), Reply::ok(third)]);
    let place = Place::at(&server.url());
    place.zdx("export tickets --since @0").run().exit(0).stdout(&lines(&records()));
}

#[test]
fn n19_two_lengths() {
    let body = page();
    let bad = Reply::raw(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Length: 7\r\n\r\n{body}",
        body.len()
    ));
    once(std::slice::from_ref(&bad));
    stays(&[(bad, 5, "")]);
}

#[test]
fn n20_a_body_that_drips_for_ever() {
    let place = |url: &str| Place::at(url).with("ZDX_REQUEST_TIMEOUT", "300ms");
    let server = Server::answering(|_, _| Some(Reply::ok(page()).drip(Duration::from_millis(20))));
    let run =
        place(&server.url()).zdx("export tickets --since @0 --no-state --retry-for 300ms").run();
    run.exit(5).stderr_has("timed out");
}

#[test]
fn n21_not_http_at_all() {
    let banner = Reply::raw("SSH-2.0-OpenSSH_9.6\r\n");
    once(std::slice::from_ref(&banner));
    stays(&[(banner, 5, "not HTTP")]);
}

#[test]
fn n22_a_header_block_of_200_kilobytes() {
    let huge = Reply::with(&[("X-Huge", &"x".repeat(200_000))], page());
    stays(&[(huge, 5, "header")]);
    let many = "X-Many: x\r\n".repeat(20_000);
    let many = Reply::raw(format!("HTTP/1.1 200 OK\r\n{many}\r\n"));
    stays(&[(many, 5, "header")]);
}

#[test]
fn n23_interim_answers_are_skipped() {
    let page = cursor_page(&records()[..1], Some("c"), true);
    let whole = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len());
    for interim in
        ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"]
    {
        accepted(&[(Reply::raw(format!("{interim}{whole}")), lines(&records()[..1]))]);
    }
}

#[test]
fn n24_retries_tell_how_long_they_wait_and_what_is_left_of_the_budget() {
    let [first, second, third] = pages().map(Reply::ok);
    let bad = || Reply::status("500 Oops", &[], "");
    let server = Server::script([first, bad(), bad(), second, third]);
    let place = Place::at(&server.url());
    let run = place.zdx("export tickets --since @0").run();
    run.exit(0).stdout(&lines(&records()));
    run.stderr_has("(15 min left of --retry-for)").stderr_counts("retry in ", 2);
}

#[test]
fn n24_f14_a_network_that_is_down_for_a_while_is_outlived_however_often_it_is_tried() {
    let [first, second, third] = pages().map(Reply::ok);
    let mut replies = vec![first];
    replies.extend([(); 12].map(|()| Reply::raw("").reset()));
    replies.extend([second, third]);
    let server = Server::script(replies);
    let place = Place::at(&server.url());
    let run = place.zdx("export tickets --since @0 --max-wait 200ms").run();
    run.exit(0).stdout(&lines(&records()));
}

#[test]
fn f14_a_failing_request_is_tried_until_the_budget_ends() {
    // Nobody listens there: the port was given back.
    let url = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let place = Place::at(&url);
    let run = place.zdx("export tickets --since 2h --no-state --retry-for 3s --summary json").run();
    run.exit(5).stderr_has("refused").stderr_has("gave up after 3 s of trying (--retry-for)");
    let waited = run.summary()["resources"][0]["waited"]["retry"].as_f64().unwrap();
    assert!((2.9..4.0).contains(&waited), "{waited}");
}

#[test]
fn f13_other_failures_do_not_make_a_garbled_answer_final() {
    let busy = || Reply::status("503 X", &[], "");
    let (html, empty) = (|| Reply::ok("<html></html>"), || Reply::ok(""));
    let (reset, cut) = (|| Reply::raw("").reset(), || Reply::ok(page()).cut(9));
    let cut_json = || Reply::ok(&page()[..page().len() - 9]);
    for (faults, kinds) in [
        (vec![busy(), busy(), html()], "503, 503, HTML"),
        (vec![reset(), reset(), cut_json()], "reset, reset, cut JSON"),
        (vec![busy(), cut(), html(), empty(), html(), empty()], "two of each"),
    ] {
        let [first, second, third] = pages().map(Reply::ok);
        let mut replies = vec![first];
        replies.extend(faults);
        replies.extend([second, third]);
        let server = Server::script(replies);
        let place = Place::at(&server.url());
        let run = place.zdx("export tickets --since @0 --max-wait 300ms").run();
        assert_eq!(run.exit(0).text(), lines(&records()), "{kinds}");
    }
}

#[test]
fn f13_the_last_error_says_how_a_budget_ends() {
    for (last, exit) in [(Reply::ok("<html></html>"), 6), (Reply::status("500 X", &[], ""), 5)] {
        // One of each until the budget is over; what comes last is the same from then on.
        let server = Server::answering(move |n, _| {
            Some(if n == 0 { Reply::status("503 X", &[], "") } else { last.clone() })
        });
        let place = Place::at(&server.url());
        place.zdx("export tickets --since @0 --no-state --retry-for 300ms").run().exit(exit);
    }
}

#[test]
fn f15_after_an_outage_the_pages_are_as_large_as_before() {
    // Time-outs of an outage on the second page, and good from then on.
    let server = Server::answering(|n, request| {
        let heavy = Reply::status("504 Gateway Timeout", &[], "upstream request timeout");
        Some(if (1..4).contains(&n) { heavy } else { right(request) })
    });
    let place = Place::at(&server.url());
    place.zdx("export tickets --since @0").run().exit(0).stdout(&lines(&records()));
    let sizes: Vec<String> = server
        .requests()
        .iter()
        .map(|request| request.parameter("per_page").unwrap_or_default().to_owned())
        .collect();
    assert_eq!(sizes, ["1000", "1000", "500", "250", "125", "1000"]);
}
