//! What the sandbox can do wrong, once and for ever: an export comes through it with the same
//! file, or stops with what it has.

use crate::harness::{ARTICLES, Export, Place, Still, TICKETS, TICKETS_BY_TIME, small};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};
use zdx::sandbox::{Fault, Options, Sandbox};

/// An export of nine pages in which one request meets a fault: the first, a middle one, the last.
fn once(fault: Fault) {
    once_in(fault, &[TICKETS, TICKETS_BY_TIME]);
}

fn once_in(fault: Fault, exports: &[Export]) {
    thread::scope(|scope| {
        for nth in [1, 4, 9] {
            for export in exports.iter().copied() {
                scope.spawn(move || {
                    let still =
                        Still::with(Options { faults: vec![(fault, nth)], ..small() }, &[export]);
                    let place = Place::of(&still.sandbox);
                    let words = "export tickets --since @0 -o t.ndjson --per-page 7 --pagination";
                    let run = place.zdx(words).arg(export.pagination).run();
                    run.exit(0);
                    let seen = still.sandbox.requests();
                    assert!(seen.iter().any(|seen| seen.fault == Some(fault)), "{fault}@{nth}");
                    assert_eq!(place.file("t.ndjson"), still.ndjson(export), "{fault}@{nth}");
                });
            }
        }
    });
}

macro_rules! once {
    ($($name:ident: $fault:ident),+ $(,)?) => { $(
        #[test]
        fn $name() {
            once(Fault::$fault);
        }
    )+ };
}

once!(
    h1_429_once: TooMany,
    h1_429_in_plain_text_once: TooManyText,
    h8_500_once: ServerError,
    h8_502_with_html_once: BadGateway,
    h8_503_once: Unavailable,
    h9_503_with_retry_after_once: UnavailableRetry,
    h10_504_once: Timeout,
    n4_connection_reset_once: Reset,
    n5_connection_closed_before_the_answer_once: Close,
    n13_body_cut_once: Cut,
    b1_empty_body_once: Empty,
    b2_html_once: Html,
    b4_json_cut_once: CutJson,
    b8_garbage_once: Garbage,
    b17_no_records_key_once: NoKey,
    s11_no_next_position_once: NullCursor,
    s23_foreign_host_once: ForeignHost,
    s17_an_empty_page_that_advances_once: EmptyPage,
    a_slow_body_once: Slow,
);

#[test]
fn b9_pretty_printed_once() {
    once_in(Fault::Pretty, &[TICKETS]);
}

#[test]
fn s20_a_record_that_comes_again_with_other_white_space_is_dropped() {
    once_in(Fault::Pretty, &[TICKETS_BY_TIME]);
}

/// A sandbox each of whose API requests meets a fault, from the `nth` on.
fn from(nth: u64, fault: Fault) -> Still {
    let still = Still::of(&[TICKETS]);
    still.sandbox.when(move |seen| (seen.number >= nth).then_some(fault));
    still
}

/// Two pages are written, then the fault stays: the run ends with this code, what it has is kept,
/// and the next run without the fault makes the file whole.
#[track_caller]
fn stays(fault: Fault, exit: i32, text: &str, retry_for: &str) {
    let still = from(3, fault);
    let place = Place::of(&still.sandbox);
    let words = format!("export tickets -o t.ndjson --per-page 7 --retry-for {retry_for}");
    let run = place.zdx(&format!("{words} --since @0")).run();
    run.exit(exit).stderr_has(text).stderr_has("saved");
    assert_eq!(place.file("t.ndjson").lines().count(), 14);
    let healthy = Sandbox::start(Options { seed: still.seed(), ..small() }).unwrap();
    place.zdx(&words).env("ZDX_BASE_URL", &healthy.base_url()).run().exit(0);
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
}

macro_rules! stays {
    ($($name:ident: $fault:ident, $retry_for:literal => $exit:literal, $text:literal;)+) => { $(
        #[test]
        fn $name() {
            stays(Fault::$fault, $exit, $text, $retry_for);
        }
    )+ };
}

stays!(
    h6_429_that_outlasts_the_budget: TooMany, "100ms" => 5, "429";
    h8_500_that_stays: ServerError, "300ms" => 5, "500";
    h8_502_that_stays: BadGateway, "300ms" => 5, "502";
    h8_503_that_stays: Unavailable, "300ms" => 5, "503";
    h10_504_that_stays: Timeout, "300ms" => 5, "504";
    h11_409_that_stays: Conflict, "300ms" => 5, "409";
    h13_401_in_mid_run: Unauthorized, "300ms" => 4, "401";
    h14_403_in_mid_run: Forbidden, "300ms" => 4, "admin";
    h15_404_in_mid_run: NotFound, "300ms" => 6, "404";
    h19_a_redirect_in_mid_run: Redirect, "300ms" => 6, "redirect";
    n4_resets_that_stay: Reset, "300ms" => 5, "connection";
    n5_closes_that_stay: Close, "300ms" => 5, "closed";
    n13_cuts_that_stay: Cut, "300ms" => 5, "incomplete";
    b1_empty_bodies_that_stay: Empty, "300ms" => 6, "empty";
    b2_html_that_stays: Html, "300ms" => 6, "HTML";
    b4_cut_json_that_stays: CutJson, "300ms" => 6, "incomplete";
    b8_garbage_that_stays: Garbage, "300ms" => 6, "JSON";
    b17_a_key_that_stays_missing: NoKey, "300ms" => 6, "tickets";
    s1_a_cursor_that_stays: RepeatCursor, "300ms" => 6, "did not advance";
    s11_a_cursor_that_stays_null: NullCursor, "300ms" => 6, "after_cursor";
);

#[test]
fn h10_a_page_that_is_too_heavy_is_halved_at_the_same_position() {
    let still = Still::of(&[TICKETS]);
    // The second page, and the one that tries the size from before.
    still.sandbox.inject(Fault::TimeoutOver(15), 2);
    still.sandbox.inject(Fault::TimeoutOver(15), 4);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export tickets --since @0 -o t.ndjson --per-page 28").run();
    run.exit(0).stderr_has("page size 14");
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
    let seen = still.sandbox.requests();
    let sizes: Vec<_> = seen.iter().map(|seen| seen.per_page.unwrap()).collect();
    assert_eq!(sizes[..6], [28, 28, 14, 28, 14, 14]);
    let cursor = |n: usize| {
        seen[n].query.split('&').find(|part| part.starts_with("cursor=")).unwrap().to_owned()
    };
    assert_eq!(cursor(1), cursor(2));
}

#[test]
fn h10_a_page_that_is_too_heavy_again_grows_back_after_twenty_good_pages() {
    let still = Still::of(&[TICKETS]);
    // The second request, and the one that tries the size from before.
    still.sandbox.inject(Fault::Timeout, 2);
    still.sandbox.inject(Fault::Timeout, 4);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export tickets --since @0 -o t.ndjson --per-page 4").run();
    run.exit(0);
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
    let sizes: Vec<_> =
        still.sandbox.requests().iter().map(|seen| seen.per_page.unwrap()).collect();
    assert_eq!(sizes[..5], [4, 4, 2, 4, 2]);
    assert_eq!(sizes[23..26], [2, 4, 4], "{sizes:?}");
}

#[test]
fn h10_a_resource_without_a_page_size_is_retried_instead() {
    let still = Still::of(&[]);
    still.sandbox.inject(Fault::Timeout, 1);
    let place = Place::of(&still.sandbox);
    place.zdx("export articles --since @0").run().exit(0).stderr_has("retry in");
}

#[test]
fn n10_no_answer_is_a_time_out() {
    let still = Still::of(&[TICKETS]);
    still.sandbox.inject(Fault::Hang, 2);
    let place = Place::of(&still.sandbox).with("ZDX_HEADERS_TIMEOUT", "300ms");
    let run = place.zdx("export tickets --since @0 -o t.ndjson --per-page 40").run();
    run.exit(0).stderr_has("timed out").stderr_has("headers").stderr_has("page size 20");
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn n20_a_dripping_body_ends_with_the_requests_time() {
    let still = from(1, Fault::Drip);
    let place = Place::of(&still.sandbox).with("ZDX_REQUEST_TIMEOUT", "400ms");
    let run = place.zdx("export tickets --since @0 --per-page 1 --retry-for 500ms").run();
    run.exit(5).stderr_has("timed out");
}

#[test]
fn n20_a_silent_body_ends_with_the_idle_time() {
    let still = from(1, Fault::Drip);
    let place = Place::of(&still.sandbox).with("ZDX_BODY_IDLE_TIMEOUT", "200ms");
    let run = place.zdx("export tickets --since @0 --per-page 1 --retry-for 500ms").run();
    run.exit(5).stderr_has("timed out");
}

#[test]
fn h17_too_recent_is_nothing_new_yet() {
    let still = Still::of(&[TICKETS, TICKETS_BY_TIME]);
    for pagination in ["cursor", "time"] {
        let place = Place::of(&still.sandbox);
        let words = format!("export tickets -o t.ndjson --pagination {pagination}");
        place.zdx(&format!("{words} --since @0")).run().exit(0);
        let saved = place.saved("tickets");
        still.sandbox.inject(Fault::TooRecent, 1);
        let run = place.zdx(&words).arg("--summary").arg("json").run();
        assert_eq!(run.exit(0).summary()["resources"][0]["complete"], true);
        run.stderr_has("nothing new yet");
        assert_eq!(place.saved("tickets"), saved);
    }
}

#[test]
fn h22_of_two_resources_one_can_fail() {
    let still = Still::of(&[TICKETS]);
    still.sandbox.when(|seen| seen.path.contains("users").then_some(Fault::Forbidden));
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export users tickets --since @0 -o out/").run();
    run.exit(8).stderr_has("users: ").stderr_has("tickets: ").stderr_has("admin");
    assert_eq!(place.file("out/tickets.ndjson"), still.ndjson(TICKETS));
    assert!(place.saved("tickets")["cursor"].is_string());
    let run = place.zdx("export users tickets -o out/ --summary json").run();
    let summary = run.exit(8).summary();
    assert_eq!(summary["exit"], 8);
    assert_eq!(summary["resources"][0]["exit"], 4);
    assert_eq!(summary["resources"][1]["exit"], 0);
}

#[test]
fn all_leaves_out_what_the_account_cannot_reach() {
    let still = Still::of(&[TICKETS, ARTICLES]);
    let granted: Arc<AtomicBool> = Arc::default();
    let open = Arc::clone(&granted);
    still.sandbox.when(move |seen| {
        let refused = seen.path.contains("articles") && !open.load(Ordering::SeqCst);
        refused.then_some(Fault::Forbidden)
    });
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export all --since @0 -o out/").run();
    run.exit(0).stderr_has("articles: warning: left out");
    assert_eq!(place.file("out/tickets.ndjson"), still.ndjson(TICKETS));
    // As often as a timer runs it.
    let run = place.zdx("export all -o out/").run();
    run.exit(0).stderr_has("articles: warning: left out");
    let run = place.zdx("export all articles -o out/ -q").run();
    run.exit(8).stderr_has("articles: ").stderr_has("403");
    // The day that access is granted, nothing is missing.
    granted.store(true, Ordering::SeqCst);
    place.zdx("export all -o out/").run().exit(0);
    assert_eq!(place.file("out/articles.ndjson"), still.ndjson(ARTICLES));
}

#[test]
fn n2_a_refused_connection_is_temporary() {
    let place = Place::at("http://127.0.0.1:9");
    let run = place.zdx("export tickets --since 2h --no-state --retry-for 300ms").run();
    run.exit(5).stderr_has("connect").stderr_has("refused");
}

#[test]
fn n1_a_name_that_does_not_resolve_is_temporary() {
    let place = Place::at("https://no-such.invalid");
    let run = place.zdx("export tickets --since 2h --no-state --retry-for 300ms").run();
    run.exit(5).stderr_has("resolve").stderr_has("no-such.invalid").stderr_lacks("plan");
}

#[test]
fn a_duplicate_page_is_no_new_page() {
    let still =
        Still::with(Options { faults: vec![(Fault::DuplicatePage, 3)], ..small() }, &[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 -o t.ndjson --per-page 7").run().exit(0);
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn max_wait_bounds_a_single_wait() {
    let still = from(1, Fault::TooMany);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export tickets --since @0 --max-wait 100ms").run();
    run.exit(5);
    assert_eq!(still.sandbox.requests().len(), 1);
}
