//! How long a failing request is tried: by time alone, and as the server asks.

use crate::{
    harness::{Outcome, Place},
    matrix::{FRESH, pages, records, recovers, right},
    server::{Reply, Server, date, lines},
};
use std::{
    thread,
    time::{Duration, Instant},
};

#[expect(clippy::disallowed_methods, reason = "how long a run takes is the fact")]
fn clock() -> Instant {
    Instant::now()
}

/// What a busy machine takes on top.
const SLACK: Duration = Duration::from_secs(2);

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// The server answers like this for ever behind the first page: how the run ends, after how long,
/// and the pauses between requests.
fn for_ever(answer: &Reply, flags: &str) -> (Place, Outcome, Duration, Vec<Duration>) {
    let answer = answer.clone();
    let server = Server::answering(move |n, request| {
        Some(if n == 0 { right(request) } else { answer.clone() })
    });
    let place = Place::at(&server.url());
    let began = clock();
    let run = place.zdx(&format!("{FRESH} {flags}")).run();
    let took = began.elapsed();
    let pauses = server.pauses();
    (place, run, took, pauses)
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

fn busy(retry_after: &str) -> [Reply; 2] {
    ["429 Too Many Requests", "503 Service Unavailable"].map(|status| {
        Reply::status(status, &[("Date", &date(0)), ("Retry-After", retry_after)], "{}")
    })
}

#[test]
fn f14_without_a_budget_the_first_failure_is_the_last() {
    let [too_many, unavailable] = busy("1");
    let cases = [
        (Reply::status("503 X", &[], ""), 5, "503"),
        (Reply::status("504 X", &[], ""), 5, "504"),
        (Reply::status("409 X", &[], ""), 5, "409"),
        (too_many, 5, "asks to wait 1 s"),
        (unavailable, 5, "asks to wait 1 s"),
        (Reply::ok("<html>"), 6, "HTML"),
        (Reply::ok(""), 6, "empty"),
        (Reply::ok(&pages()[1]).cut(9), 5, "incomplete"),
    ];
    let cases = cases.into_iter().flat_map(|case| ["0", "0s"].map(|zero| (case.clone(), zero)));
    side_by_side(cases, |((answer, exit, says), zero)| {
        let (place, run, _, pauses) = for_ever(&answer, &format!("--retry-for {zero}"));
        run.exit(exit).stderr_has(says);
        assert_eq!(pauses.len(), 1, "{says}");
        recovers(&place, &run);
    });
}

/// The last try is made when the budget ends, not before, and it is the last.
#[test]
fn f14_the_last_wait_is_cut_to_what_is_left() {
    let cases = [
        Reply::status("500 X", &[], ""),
        Reply::status("504 X", &[], ""),
        Reply::status("409 X", &[], ""),
        Reply::raw("").reset(),
    ];
    side_by_side(cases, |answer| {
        let (place, run, took, pauses) = for_ever(&answer, "--retry-for 2s");
        run.exit(5).stderr_has("gave up after 2 s of trying (--retry-for)");
        // The first page, and the failure with which the budget begins.
        let tried: Duration = pauses.iter().skip(1).sum();
        assert!(tried >= Duration::from_millis(1990) && tried < seconds(2) + SLACK, "{pauses:?}");
        assert!(took < seconds(3) + SLACK, "{took:?}");
        recovers(&place, &run);
    });
}

/// A wait that may not be is not begun: the run ends at once, and says what was asked for.
#[test]
fn h6_a_wait_longer_than_is_allowed_ends_the_run_at_once() {
    let then = date(600);
    let cases = ["30", then.as_str()].into_iter().flat_map(|asked| {
        let flags = ["--max-wait 20s", "--retry-for 20s", "--max-wait 0s", "--retry-for 0"];
        flags.into_iter().flat_map(move |flags| busy(asked).map(|answer| (answer, flags)))
    });
    side_by_side(cases, |(answer, flags)| {
        let (place, run, took, pauses) = for_ever(&answer, flags);
        run.exit(5).stderr_has("asks to wait").stderr_has("than --retry-for or --max-wait allows");
        assert_eq!(pauses.len(), 1, "{flags}");
        assert!(took < seconds(3) + SLACK, "{flags}: {took:?}");
        recovers(&place, &run);
    });
}

#[test]
fn h6_a_wait_of_just_what_is_allowed_is_waited() {
    let cases = ["--max-wait 2s", "--retry-for 3s", "--max-wait 2s --retry-for 2s"];
    let cases = cases.into_iter().flat_map(|flags| busy("2").map(|answer| (answer, flags)));
    side_by_side(cases, |(answer, flags)| {
        let server = Server::answering(move |n, request| {
            Some(if n == 1 { answer.clone() } else { right(request) })
        });
        let place = Place::at(&server.url());
        place.zdx(&format!("{FRESH} {flags}")).run().exit(0);
        assert_eq!(place.file("t.ndjson"), lines(&records()));
        let pause = server.pauses()[1];
        assert!(pause >= seconds(2) && pause < seconds(3) + SLACK, "{flags}: {pause:?}");
    });
}

/// By the answer's own clock, whatever this machine's says.
#[test]
fn h9_503_with_a_date_by_the_servers_own_clock() {
    side_by_side([-86_400, 0, 86_400], |skew| {
        let headers = [("Date", date(skew)), ("Retry-After", date(skew + 2))];
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, at)| (*name, at.as_str())).collect();
        let answer = Reply::status("503 Service Unavailable", &headers, "");
        let server = Server::answering(move |n, request| {
            Some(if n == 1 { answer.clone() } else { right(request) })
        });
        let place = Place::at(&server.url());
        place.zdx(FRESH).run().exit(0);
        let pause = server.pauses()[1];
        assert!(pause >= seconds(2) && pause < seconds(3) + SLACK, "{skew}: {pause:?}");
    });
}

/// The first two halvings are immediate; the others wait, and use the budget.
#[test]
fn f15_the_third_halving_waits() {
    let heavy = Reply::status("504 Gateway Timeout", &[], "upstream request timeout");
    let server = Server::answering(move |n, request| {
        Some(if (1..6).contains(&n) { heavy.clone() } else { right(request) })
    });
    let place = Place::at(&server.url());
    // A wait that is drawn shorter is one of a fifth of a second.
    let run = place.zdx(&format!("{FRESH} --max-wait 400ms")).run();
    run.exit(0);
    let pauses = server.pauses();
    let least = Duration::from_millis(195);
    // What a halving that does not wait takes is the machine's; that others wait is the fact.
    assert!(pauses[3..6].iter().all(|pause| *pause >= least), "{pauses:?}");
    let sizes: Vec<String> = server
        .requests()
        .iter()
        .map(|request| request.parameter("per_page").unwrap_or_default().to_owned())
        .collect();
    assert_eq!(sizes[1..7], ["1000", "500", "250", "125", "62", "31"]);
    run.stderr_counts("retry in ", 3);
}

/// However short a wait is to be, a server that is down is not asked in a tight loop.
#[test]
fn h5_no_max_wait_makes_a_busy_loop() {
    let (place, run, _, pauses) =
        for_ever(&Reply::status("503 X", &[], ""), "--max-wait 0s --retry-for 1s");
    run.exit(5);
    assert!((4..=7).contains(&pauses.len()), "{pauses:?}");
    recovers(&place, &run);
}

/// Three garbled answers of one kind are final, whatever fails between them; two of each are not.
#[test]
fn f13_garbled_answers_are_counted_by_kind_and_by_page() {
    let (html, empty) = (|| Reply::ok("<html>"), || Reply::ok(""));
    let failed = || Reply::status("500 X", &[], "");
    for (faults, requests) in [
        (vec![html(), html(), html()], 4),
        (vec![html(), failed(), html(), empty(), failed(), html()], 7),
        (vec![empty(), html(), html(), empty(), empty()], 6),
    ] {
        let last = faults.last().cloned().unwrap();
        let server = Server::answering(move |n, request| match n {
            0 => Some(right(request)),
            n => Some(faults.get(n - 1).unwrap_or(&last).clone()),
        });
        let place = Place::at(&server.url());
        let run = place.zdx(&format!("{FRESH} --max-wait 200ms")).run();
        run.exit(6).stderr_has("gave up after 3 such answers");
        assert_eq!(server.requests().len(), requests);
        recovers(&place, &run);
    }
    // Each page begins to count anew.
    let server = Server::answering(move |n, request| {
        Some(if n % 3 == 2 { right(request) } else { Reply::ok("<html>") })
    });
    let place = Place::at(&server.url());
    place.zdx(&format!("{FRESH} --max-wait 200ms")).run().exit(0);
    assert_eq!(place.file("t.ndjson"), lines(&records()));
}
