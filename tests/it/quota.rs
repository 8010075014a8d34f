//! The quota: spent, never overspent, shared by all resources of a run.

use crate::{
    harness::{Place, Still, TICKETS, small},
    server::{Reply, Request, Server, T},
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use zdx::sandbox::{Behaviour, Exchange, Options, QuotaHeaders, Sandbox};

/// A sandbox with the real limits in windows of two seconds.
fn limited(behaviour: Behaviour) -> Options {
    Options { quota: None, window: Duration::from_secs(2), behaviour, ..small() }
}

/// How many requests came in each window of a bucket; and no 429 among them.
#[track_caller]
fn windows(still: &Still) -> BTreeMap<(String, u64), usize> {
    let requests = none_refused(&still.sandbox);
    let mut counts = BTreeMap::new();
    for seen in &requests {
        let bucket = seen.bucket.clone().unwrap_or_default();
        *counts.entry((bucket, seen.at / 2000)).or_insert(0) += 1;
    }
    counts
}

#[track_caller]
fn none_refused(sandbox: &Sandbox) -> Vec<Exchange> {
    let requests = sandbox.requests();
    let journal: Vec<String> = requests
        .iter()
        .map(|seen| {
            format!(
                "{} {} {} {:?} {}",
                seen.number, seen.at, seen.status, seen.remaining, seen.path
            )
        })
        .collect();
    assert!(requests.iter().all(|seen| seen.status == 200), "{}", journal.join("\n"));
    requests
}

#[test]
fn r1_a_run_alone_causes_no_429_and_stays_within_each_window() {
    let still = Still::with(limited(Behaviour::default()), &[TICKETS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export tickets --since @0 -o t.ndjson --per-page 3 --summary json").run();
    let summary = run.exit(0).summary();
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
    let windows = windows(&still);
    assert!(windows.values().all(|count| *count <= 10), "{windows:?}");
    assert!(windows.values().any(|count| *count == 10), "the quota is spent: {windows:?}");
    assert!(summary["resources"][0]["waited"]["quota"].as_f64().unwrap() > 0.0, "{summary}");
}

#[test]
fn r1_resources_side_by_side_share_the_quota() {
    let still = Still::with(limited(Behaviour::default()), &[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets users organizations ticket_events --since @0 --per-page 20 -o out/";
    place.zdx(words).run().exit(0);
    assert_eq!(place.file("out/tickets.ndjson"), still.ndjson(TICKETS));
    let windows = windows(&still);
    for ((bucket, _), count) in &windows {
        let limit = if bucket.ends_with("cursor") { 20 } else { 10 };
        assert!(*count <= limit, "{windows:?}");
    }
}

const WINDOW: Duration = Duration::from_secs(4);

/// A sandbox with ten requests in a window for each bucket, and answers that take a while.
fn slow() -> Sandbox {
    let latency = Duration::from_millis(300);
    let options = Options { quota: Some(10), window: WINDOW, latency, records: 300, ..small() };
    Sandbox::start(options).expect("a sandbox")
}

/// How many windows of a bucket were spent to the last request, and how many were begun; and that
/// none was left out in between.
#[track_caller]
fn spent(sandbox: &Sandbox, bucket: &str) -> (usize, usize) {
    let requests = none_refused(sandbox);
    let of: Vec<_> =
        requests.iter().filter(|seen| seen.bucket.as_deref() == Some(bucket)).collect();
    let left = |n| of.iter().filter(|seen| seen.remaining == Some(n)).count();
    let times = || of.iter().map(|seen| seen.at);
    let took = times().max().zip(times().min()).map_or(0, |(last, first)| last - first);
    let (full, begun) = (left(0), left(9));
    let passed = Duration::from_millis(took).as_millis() / WINDOW.as_millis();
    let begun_then = u128::try_from(begun).expect("few");
    assert!(begun_then > passed, "{begun} windows were begun in {took} ms");
    (full, begun)
}

#[test]
fn r1_every_full_window_is_spent_to_its_last_request() {
    let sandbox = slow();
    let place = Place::of(&sandbox);
    let words = "export tickets organizations ticket_events --since @0";
    place.zdx(&format!("{words} -o out/ --per-page 5 --max-pages 15")).run().exit(0);
    let (full, begun) = spent(&sandbox, "incremental-exports");
    // The run begins and ends within a window.
    assert!(full >= 2 && full + 2 >= begun, "{full} of {begun}");
}

#[test]
fn r1_resources_with_quotas_of_their_own_do_not_wait_for_one_another() {
    let sandbox = slow();
    let place = Place::of(&sandbox);
    let words = "export tickets users --since @0 -o out/ --per-page 5 --max-pages 20";
    place.zdx(words).run().exit(0);
    let requests = none_refused(&sandbox);
    assert_eq!(requests.len(), 40);
    let (_, tickets) = spent(&sandbox, "incremental-exports");
    let (_, users) = spent(&sandbox, "incremental-exports-cursor");
    let took = requests.iter().map(|seen| seen.at).max().zip(requests.first());
    let took = took.map(|(last, first)| Duration::from_millis(last - first.at));
    // One after the other they would take the sum.
    let sum = WINDOW * u32::try_from(tickets + users - 2).unwrap();
    assert!(took.is_some_and(|took| took < sum * 3 / 4), "{took:?}, {sum:?}");
}

#[test]
fn r1_the_spelling_of_2023_is_understood() {
    let still = Still::with(
        limited(Behaviour { quota_headers: QuotaHeaders::Old, ..Behaviour::default() }),
        &[TICKETS],
    );
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 -o t.ndjson --per-page 4").run().exit(0);
    assert!(windows(&still).values().all(|count| *count <= 10));
}

#[test]
fn r2_after_a_429_the_export_is_the_same() {
    let still = Still::with(limited(Behaviour::default()), &[TICKETS]);
    // Somebody else spends the quota first.
    for _ in 0..10 {
        crate::harness::get(&still.sandbox, "/api/v2/incremental/organizations.json?start_time=0");
    }
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 -o t.ndjson --per-page 25").run().exit(0);
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
    let refused = still.sandbox.requests().iter().filter(|seen| seen.status == 429).count();
    assert!(refused <= 1, "{refused}");
}

#[test]
fn without_quota_headers_the_servers_own_pace_is_kept() {
    let still = Still::with(
        Options {
            behaviour: Behaviour { quota_headers: QuotaHeaders::None, ..Behaviour::default() },
            ..small()
        },
        &[TICKETS],
    );
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export tickets --since @0 --no-state --per-page 2 --summary json").run();
    let summary = run.exit(0).summary();
    assert!(still.sandbox.requests().len() > 20);
    assert!(summary["resources"][0]["waited"]["quota"].as_f64().unwrap() < 5.0, "{summary}");
}

#[test]
fn a_rate_of_ones_own_is_a_ceiling() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets --since @0 -o t.ndjson --per-page 7 --rate 3 --max-wait 1s";
    let run = place.zdx(words).run();
    run.exit(5).stderr_has("--max-wait");
    assert_eq!(still.sandbox.requests().len(), 3);
    assert_eq!(place.file("t.ndjson").lines().count(), 21);
    place.zdx("export tickets -o t.ndjson").run().exit(0);
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn a_reserve_is_left_to_others() {
    let still = Still::with(
        Options { quota: Some(10), window: Duration::from_secs(3600), ..small() },
        &[TICKETS],
    );
    let place = Place::of(&still.sandbox);
    let words = "export tickets --since @0 -o t.ndjson --per-page 3 --reserve 50 --max-wait 1s";
    place.zdx(words).run().exit(5);
    assert_eq!(still.sandbox.requests().len(), 5);
    let words = "export tickets -o t.ndjson --per-page 3 --max-wait 1s";
    place.zdx(words).run().exit(5);
    assert_eq!(still.sandbox.requests().len(), 10);
}

/// A server of five pages for every path, with one quota of six requests in windows of two seconds
/// for all of them.
struct OneQuota {
    server: Server,
    refused: Arc<Mutex<Vec<String>>>,
    windows: Arc<Mutex<BTreeMap<u128, u32>>>,
}

const PAGES: i64 = 5;

impl OneQuota {
    /// All paths name it in their answers but those that hold this word.
    fn named_by_all_but(mute: &'static str) -> OneQuota {
        let refused = Arc::new(Mutex::new(Vec::new()));
        let windows = Arc::new(Mutex::new(BTreeMap::new()));
        let began: Mutex<Option<Instant>> = Mutex::new(None);
        let server = Server::answering({
            let (refused, windows) = (Arc::clone(&refused), Arc::clone(&windows));
            move |_, request| {
                const WINDOW: u128 = 2_000;
                let began = *began.lock().unwrap().get_or_insert(request.at);
                let at = request.at.saturating_duration_since(began).as_millis();
                let mut windows = windows.lock().unwrap();
                let spent = windows.entry(at / WINDOW).or_insert(0);
                let resets = (WINDOW - at % WINDOW).div_ceil(1000);
                let room = *spent < 6;
                *spent += u32::from(room);
                let quota = format!("total=6; remaining={}; resets={resets}", 6 - *spent);
                let quota = ("zendesk-ratelimit-incremental-exports", quota.as_str());
                let named = !request.line.contains(mute);
                let headers = if named { [quota] } else { [("x-rate-limit", "700")] };
                if room {
                    return Some(Reply::with(&headers, page(request)));
                }
                refused.lock().unwrap().push(request.line.clone());
                Some(Reply::status("429 Too Many Requests", &headers, ""))
            }
        });
        OneQuota { server, refused, windows }
    }

    /// Exports these resources to their ends, without a refusal.
    #[track_caller]
    fn serves(&self, resources: &str) {
        let place = Place::at(&self.server.url());
        place.zdx(&format!("export {resources} --since @0 -o out/")).run().exit(0);
        for resource in resources.split(' ') {
            let lines = place.file(&format!("out/{resource}.ndjson")).lines().count();
            assert_eq!(i64::try_from(lines), Ok(PAGES), "{resource}");
        }
        let refused = self.refused.lock().unwrap();
        let windows = self.windows.lock().unwrap();
        assert!(refused.is_empty(), "{refused:#?} {windows:?}");
        assert!(windows.values().any(|spent| *spent >= 5), "{windows:?}");
    }
}

/// The page that a request asks for, with one new record on it.
fn page(request: &Request) -> String {
    let path = request.line.split([' ', '?']).nth(1).unwrap_or_default();
    let name = path.trim_start_matches("/api/v2/").trim_end_matches("/cursor.json");
    let key = name.rsplit('/').next().unwrap_or_default().trim_end_matches(".json");
    let number = |name: &str| -> Option<i64> {
        request.parameter(name)?.trim_start_matches('c').parse().ok()
    };
    let before = number("cursor").or_else(|| Some(number("start_time")? - T)).unwrap_or(0).max(0);
    let page = before + 1;
    let changed = jiff::Timestamp::from_second(T + page).expect("a time").to_string();
    let record = json!({
        "id": page, "generated_timestamp": T + page, "updated_at": changed, "time": changed,
    });
    json!({
        key: [record],
        "count": 1,
        "after_cursor": format!("c{page}"),
        "end_time": T + page,
        "next_page": "there",
        "end_of_stream": page == PAGES,
    })
    .to_string()
}

#[test]
fn f18_users_and_articles_that_name_the_quota_of_tickets_share_it() {
    OneQuota::named_by_all_but("nobody").serves("tickets users articles");
}

#[test]
fn f18_metric_events_that_name_no_quota_but_count_cause_no_429() {
    OneQuota::named_by_all_but("metric_events")
        .serves("tickets organizations ticket_metric_events");
}
