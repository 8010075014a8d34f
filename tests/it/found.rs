//! What a hostile reading of the program found, each as the fact that holds since.

use crate::{
    harness::{ALL, Place, Still, until_caught_up},
    machine::{eventually, identity, is_now, sleep},
    matrix::{FRESH, GO_ON, pages, records, right},
    server::{Reply, Request, Server, T, cursor_page, date, lines, now, record, time_page},
};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{
    fs,
    io::{Read as _, Write as _},
    sync::Arc,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

const ONCE: &str = "export tickets --since @0 --no-state";

/// The tests run side by side, and a machine may be busy.
const SLACK: Duration = Duration::from_millis(300);

#[expect(clippy::disallowed_methods, reason = "how long something takes is the fact")]
fn instant() -> Instant {
    Instant::now()
}

fn quota(remaining: u32, resets: u64) -> (&'static str, String) {
    ("Zendesk-RateLimit-incremental-exports", quota_of(remaining, &resets.to_string()))
}

fn quota_of(remaining: u32, resets: &str) -> String {
    format!("total=10; remaining={remaining}; resets={resets}")
}

/// The only page of any resource.
fn whole(key: &str, records: &[Value]) -> String {
    json!({
        key: records,
        "after_cursor": "c9",
        "end_of_stream": true,
        "count": records.len(),
        "next_page": null,
        "end_time": T,
    })
    .to_string()
}

/// The resource that a request asks for.
fn resource(request: &Request) -> String {
    let path = request.line.split("incremental/").nth(1).unwrap_or_default();
    path.split(['/', '.']).next().unwrap_or_default().to_owned()
}

/// A server of one page for each resource.
fn good() -> Server {
    Server::answering(|_, request| Some(Reply::ok(whole(&resource(request), &records()))))
}

fn forbidden() -> Reply {
    Reply::status("403 Forbidden", &[("Date", &now())], "{\"error\":\"Forbidden\"}")
}

#[test]
fn what_the_day_before_left_uncommitted_is_cut_off_before_todays_file_begins() {
    let server = Server::answering(|_, request| Some(right(request)));
    let place = Place::at(&server.url());
    let words = "export tickets --state s.json -o t-{date}.ndjson";
    place.zdx(&format!("{words} --since @0 --max-pages 1")).run().exit(0);
    let names = place.names();
    let today = names.iter().find(|name| name.starts_with("t-")).expect("today's file").clone();
    let page = place.file(&today);
    assert_eq!(page, lines(&records()[..2]));
    // As if that had been long ago, and a run had been killed in its next page.
    let (owner, old) = (format!(".{today}.owner"), "t-2020-01-01.ndjson");
    place.put(old, &format!("{page}{{\"torn\":"));
    let was = identity(&place.path(&today)).unwrap();
    fs::remove_file(place.path(&today)).unwrap();
    let run = format!("\"open\": \"{:032x}\"", 7);
    let state = place.file("s.json").replace(&today, old).replace("\"open\": null", &run);
    place.put("s.json", &state);
    is_now(&place, &was, &place.path(old));
    let note = place.file(&owner).replace("\"open\":null", &run);
    fs::remove_file(place.path(&owner)).unwrap();
    place.put(&format!(".{old}.owner"), &note);
    place.zdx(words).run().exit(0).stderr_has("discarded 8 bytes");
    assert_eq!(place.file("t-2020-01-01.ndjson"), page);
    assert_eq!(place.file(&today), lines(&records()[2..]));
}

#[test]
fn a_one_off_never_writes_into_a_sideload_file_of_a_series() {
    let page = json!({
        "tickets": records(),
        "users": [{"id": 7, "name": "u"}],
        "after_cursor": "c1",
        "end_of_stream": true,
    });
    let server = Server::answering(move |_, _| Some(Reply::ok(page.to_string())));
    let place = Place::at(&server.url());
    place.zdx("export tickets --since @0 --include users -o tickets.ndjson").run().exit(0);
    let names = place.names();
    let beside = names.iter().find(|name| name.contains("users")).expect("a sideload's file");
    let before = place.file(beside);
    for flag in ["", "--append", "--overwrite"] {
        let words = format!("export tickets --since 2h --include users -o tickets {flag}");
        place.zdx(&words).run().refused(2, beside);
        assert_eq!(place.names(), names);
        assert_eq!(place.file(beside), before, "{flag}");
    }
    assert_eq!(server.requests().len(), 1);
}

/// The harness looks for the secret itself.
#[test]
fn check_shows_no_secret_that_an_answer_echoes() {
    let server = Server::answering(|_, request| {
        let body = json!({"error": "Forbidden", "description": request.header("authorization")});
        Some(Reply::status("403 Forbidden", &[], body.to_string()))
    });
    let place = Place::at(&server.url());
    place.zdx("check").run().exit(4).stdout_has("(redacted)");
    place.zdx("check --json").run().exit(4).stdout_has("(redacted)");
}

#[test]
fn an_error_shows_no_beginning_of_a_secret_that_was_cut() {
    let lengths: Arc<AtomicUsize> = Arc::default();
    let server = Server::answering({
        let lengths = Arc::clone(&lengths);
        move |_, request| {
            let echo = request.header("authorization").unwrap_or_default();
            let words = format!("{}{echo}", "y".repeat(lengths.load(Ordering::SeqCst)));
            let body = json!({"error": "InvalidValue", "description": words});
            Some(Reply::status("400 Bad Request", &[], body.to_string()))
        }
    });
    let place = Place::at(&server.url()).with("ZENDESK_OAUTH_TOKEN", "zq7w-c4n4ry-0123456789");
    for length in (150..200).step_by(4) {
        lengths.store(length, Ordering::SeqCst);
        place.zdx(ONCE).run().exit(6).stderr_has("yyy").stderr_lacks("zq7w");
    }
}

#[test]
fn check_calls_nothing_reachable_that_answers_no_page() {
    for body in ["<html>sign in</html>", ""] {
        let server = Server::answering(move |_, _| Some(Reply::ok(body)));
        let place = Place::at(&server.url());
        let run = place.zdx("check --json").run();
        let found: Value = serde_json::from_str(&run.exit(6).text()).expect("JSON");
        assert!(!found.to_string().contains("\"reachable\":true"), "{found}");
        place.zdx("check").run().exit(6);
    }
}

#[test]
fn check_heeds_a_signal() {
    let server = Server::answering(|_, _| Some(Reply::raw("").hang()));
    let place = Place::at(&server.url());
    let run = place.zdx("check").start();
    eventually("a request", || server.requests().len() == 1);
    run.signal(Signal::TERM);
    run.end().exit(143);
}

#[test]
fn a_signal_ends_stdout_on_a_lines_edge_while_a_slow_reader_takes_a_page() {
    let text = "x".repeat(2000);
    let many: Vec<Value> =
        (0..1000).map(|id| json!({"id": id, "generated_timestamp": T, "text": text})).collect();
    let page = cursor_page(&many, Some("c1"), false);
    let server = Server::answering(move |_, _| Some(Reply::ok(&page)));
    let place = Place::at(&server.url());
    let mut run = place.zdx("export tickets --since @0").start();
    let mut stdout = run.child.stdout.take().expect("a pipe");
    let (mut taken, mut buffer, mut signalled) = (Vec::new(), vec![0; 65_536], None);
    loop {
        let length = stdout.read(&mut buffer).expect("a pipe to read");
        if length == 0 {
            break;
        }
        taken.extend_from_slice(&buffer[..length]);
        sleep(Duration::from_millis(50));
        if taken.len() > 300_000 && signalled.is_none() {
            run.signal(Signal::TERM);
            signalled = Some(instant());
        }
    }
    let took = signalled.expect("it was signalled").elapsed();
    run.end().exit(143);
    assert!(taken.ends_with(b"}\n"), "a torn line");
    assert!(taken.len() < 1_900_000, "{} bytes: the page was over", taken.len());
    assert!(took < Duration::from_millis(1200) + SLACK, "{took:?}");
}

#[test]
fn a_slow_answer_keeps_no_other_resource_from_a_new_window() {
    const SLOW: Duration = Duration::from_millis(4500);
    let (began, tickets, others) = (instant(), AtomicUsize::new(0), AtomicUsize::new(0));
    let server = Server::answering(move |_, request| {
        let resets = (2000 - began.elapsed().as_millis() % 2000) / 1000;
        let resets = u64::try_from(resets).expect("a small number");
        let (name, left) = quota(6, resets);
        if resource(request) == "tickets" {
            let last = tickets.fetch_add(1, Ordering::SeqCst) > 0;
            if last {
                sleep(SLOW);
            }
            let page = cursor_page(&[record(1, T)], Some(if last { "c2" } else { "c1" }), last);
            return Some(Reply::with(&[(name, &left)], page));
        }
        sleep(Duration::from_millis(200));
        let nth = others.fetch_add(1, Ordering::SeqCst);
        let page = json!({
            "organizations": [{"id": nth}],
            "count": 1,
            "next_page": "x",
            "end_of_stream": nth >= 9,
            "end_time": T + i64::try_from(nth).expect("a small number"),
        });
        Some(Reply::with(&[(name, &left)], page.to_string()))
    });
    let place = Place::at(&server.url());
    place.zdx("export tickets organizations --since @0 --no-state -o out/").run().exit(0);
    let requests = server.requests();
    let slow = requests.iter().filter(|seen| resource(seen) == "tickets").nth(1).expect("two").at;
    let window = slow + Duration::from_secs(2)..slow + SLOW - SLACK;
    let between = requests.iter().filter(|seen| window.contains(&seen.at)).count();
    let journal: Vec<_> =
        requests.iter().map(|seen| (seen.at - requests[0].at, resource(seen))).collect();
    assert!(between >= 3, "{between} requests in the new window: {journal:#?}");
}

/// A smaller page is asked for at once, so that nothing but the quota is waited for.
#[test]
fn waiting_for_quota_does_not_use_the_retry_budget() {
    let (name, spent) = quota(0, 2);
    let heavy = |headers: &[(&str, &str)]| Reply::status("504 Gateway Timeout", headers, "");
    let page = Reply::ok(whole("tickets", &records()));
    let server = Server::script([heavy(&[(name, &spent)]), heavy(&[]), page]);
    let place = Place::at(&server.url());
    place.zdx(&format!("{ONCE} --retry-for 1s")).run().exit(0).stdout(&lines(&records()));
    assert!(server.pauses()[0] > Duration::from_millis(1800), "{:?}", server.pauses());
}

#[test]
fn following_without_an_interval_is_refused() {
    let server = Server::script([]);
    let place = Place::at(&server.url());
    for interval in ["0s", "0"] {
        place.zdx(&format!("{ONCE} --follow={interval}")).run().refused(2, "--follow");
    }
}

#[test]
fn a_run_that_follows_asks_no_sooner_than_it_was_told() {
    let server = Server::answering(|n, request| {
        let later = Reply::status("429 Too Many Requests", &[("Retry-After", "100000")], "");
        let first = || Reply::ok(whole(&resource(request), &records()));
        Some(if n == 0 { first() } else { later })
    });
    let place = Place::at(&server.url());
    let run = place.zdx(&format!("{ONCE} --follow=1s")).start();
    eventually("a 429", || server.requests().len() == 2);
    sleep(Duration::from_millis(2500));
    assert_eq!(server.requests().len(), 2);
    run.signal(Signal::TERM);
    run.end().exit(143).stdout(&lines(&records()));
}

#[test]
fn a_run_that_follows_notices_a_reader_that_went_away_while_it_waits() {
    let server = good();
    let place = Place::at(&server.url());
    let line = "{ \"$0\" \"$@\"; echo $? >rc; } | head -1 >/dev/null; exit $(cat rc)";
    let began = instant();
    place.zdx(&format!("{ONCE} --follow=30s")).through(line).run().exit(141);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[test]
fn with_all_a_resource_of_a_series_that_is_refused_now_is_a_failure() {
    let refuses: Arc<AtomicBool> = Arc::default();
    let server = Server::answering({
        let refuses = Arc::clone(&refuses);
        move |_, request| {
            let refused = refuses.load(Ordering::SeqCst) && resource(request) == "users";
            let answer = || match resource(request).as_str() {
                // An account without any other product.
                known if ALL[..6].contains(&known) => Reply::ok(whole(known, &records())),
                _ => Reply::status("404 Not Found", &[("Date", &now())], "{\"error\":\"X\"}"),
            };
            Some(if refused { forbidden() } else { answer() })
        }
    });
    let place = Place::at(&server.url());
    place.zdx("export all --since @0 -o out/ -q").run().exit(0);
    refuses.store(true, Ordering::SeqCst);
    place.zdx("export all -o out/ -q").run().exit(8).stderr_has("users").stderr_has("403");
    // One that was never exported is out of reach, unless it is named.
    let place = Place::at(&server.url());
    place.zdx("export all --since @0 --state a.json -o a/").run().exit(0);
    let run = place.zdx("export all users --since @0 --state b.json -o b/ -q").run();
    run.exit(8).stderr_has("users").stderr_has("403");
}

#[test]
fn a_ticket_without_a_readable_change_time_is_kept() {
    let kept = [
        record(1, T),
        json!({"id": 2, "generated_timestamp": T, "updated_at": null}),
        json!({"id": 3, "generated_timestamp": T, "updated_at": "soon"}),
    ];
    let old = json!({"id": 4, "generated_timestamp": T, "updated_at": "2001-01-01T00:00:00Z"});
    let page = whole("tickets", &[kept.as_slice(), &[old]].concat());
    let server = Server::script([Reply::ok(page)]);
    let place = Place::at(&server.url());
    let words = "export tickets --since @1600000000 --no-state --exclude-system-updates";
    place.zdx(words).run().exit(0).stdout(&lines(&kept));
}

/// Five tickets, one a page. Of some, the last change is the system's, and nobody has touched them
/// since T + 15,000.
fn system_updates(request: &Request) -> Reply {
    let after = |name: &str| -> Option<i64> { request.parameter(name)?.parse().ok() };
    let from = after("start_time").unwrap_or_else(|| after("cursor").expect("one of them"));
    let updated = |n: i64| jiff::Timestamp::from_second(T + n).expect("a time").to_string();
    let ticket = |at: i64| {
        let touched = if at % 20_000 == 0 { 15_000 } else { at };
        json!({"id": at, "generated_timestamp": T + at, "updated_at": updated(touched)})
    };
    let next = [10_000, 20_000, 30_000, 40_000, 50_000].into_iter().find(|at| T + at > from);
    let records: Vec<Value> = next.map(ticket).into_iter().collect();
    let cursor = next.map_or(from, |at| T + at).to_string();
    Reply::ok(cursor_page(&records, Some(&cursor), cursor == (T + 50_000).to_string()))
}

#[test]
fn the_window_of_system_updates_is_kept_until_the_export_has_caught_up() {
    let server = Server::answering(|_, request| Some(system_updates(request)));
    let words = "export tickets -o t.ndjson --exclude-system-updates";
    let first = format!("{words} --since @{}", T + 12_000);
    let whole = Place::at(&server.url());
    whole.zdx(&first).run().exit(0);
    let expected = whole.file("t.ndjson");
    assert_eq!(expected.lines().count(), 4, "{expected}");
    let pieces = Place::at(&server.url());
    let runs = until_caught_up(
        &pieces,
        &format!("{first} --max-pages 1"),
        &format!("{words} --max-pages 1"),
    );
    assert_eq!((runs.len(), pieces.file("t.ndjson")), (4, expected.clone()));
    // Also where other runs come in between.
    let pieces = Place::at(&server.url());
    pieces.zdx(&format!("{first} --max-pages 1")).run().exit(0);
    assert_eq!(pieces.saved("tickets")["window"], json!("2023-11-15T01:33:20Z"));
    pieces.zdx("export tickets -o t.ndjson --max-pages 1").run().exit(0);
    pieces.zdx(words).run().exit(0);
    assert_eq!(pieces.file("t.ndjson"), expected);
    // The next window begins where this one has ended.
    for place in [&whole, &pieces] {
        assert_eq!(place.saved("tickets").get("window"), None);
        place.zdx("state set tickets --since").arg(format!("@{}", T + 32_000)).run().exit(0);
        place.zdx(words).run().exit(0);
        assert_eq!(place.file("t.ndjson").lines().count(), 5);
    }
}

#[test]
fn gzip_is_read_in_each_spelling() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(whole("tickets", &records()).as_bytes()).expect("memory");
    let packed = encoder.finish().expect("memory");
    for coding in ["gzip", "Gzip", "GZIP", "x-gzip", "X-GZIP"] {
        let server = Server::script([Reply::with(&[("Content-Encoding", coding)], &packed)]);
        let place = Place::at(&server.url());
        place.zdx(ONCE).run().exit(0).stdout(&lines(&records()));
    }
}

#[test]
fn a_reset_that_no_clock_can_count_to_breaks_nothing() {
    let left = quota_of(9, "18446744073709551615");
    let header = [("Zendesk-RateLimit-incremental-exports", left.as_str())];
    let server = Server::script(pages().map(|page| Reply::with(&header, page)));
    let place = Place::at(&server.url());
    place.zdx(ONCE).run().exit(0).stdout(&lines(&records()));
}

#[test]
fn any_life_of_a_minted_token_is_taken() {
    for status in ["200 OK", "201 Created"] {
        for life in ["9.3e18", "9300000000000000000", "\"1800\"", "null", "\"long\"", "-1"] {
            let server = Server::answering(move |_, request| {
                let token =
                    format!("{{\"access_token\":\"minted-c4n4ry-token\",\"expires_in\":{life}}}");
                let is_mint = request.line.starts_with("POST /oauth/tokens");
                Some(if is_mint { Reply::status(status, &[], token) } else { right(request) })
            });
            let place = Place::at(&server.url()).oauth_client();
            place.zdx(ONCE).run().exit(0).stdout(&lines(&records()));
        }
    }
}

#[test]
fn a_state_that_does_not_say_what_is_committed_is_refused() {
    let server = Server::answering(|_, request| Some(right(request)));
    let place = Place::at(&server.url());
    place.zdx(&format!("{FRESH} --state s.json --max-pages 1")).run().exit(0);
    let (file, requests) = (place.file("t.ndjson"), server.requests().len());
    let mut state: Value = serde_json::from_str(&place.file("s.json")).expect("a state");
    let output = state["resources"]["tickets"]["output"].as_object_mut().expect("an output");
    assert!(output.remove("committed").is_some() && output.remove("tail").is_some());
    place.put("s.json", &state.to_string());
    place.zdx(&format!("{GO_ON} --state s.json")).run().refused(3, "t.ndjson");
    assert_eq!(place.file("t.ndjson"), file);
    assert_eq!(place.file("s.json"), state.to_string());
    assert_eq!(server.requests().len(), requests);
}

#[test]
fn unknown_numbers_of_a_state_survive_a_rewrite_digit_for_digit() {
    let server = Server::answering(|_, request| Some(right(request)));
    let place = Place::at(&server.url());
    place.zdx(&format!("{FRESH} --state s.json --max-pages 1")).run().exit(0);
    let members = [
        "\"big\": 123456789012345678901234567890",
        "\"fraction\": 1.10",
        "\"tiny\": 0.1000000000000000000000000000010",
    ];
    let more = format!("{},", members.join(", "));
    let before = place.file("s.json");
    let state = ["\"version\":", "\"pagination\":"]
        .iter()
        .fold(before, |state, member| state.replace(member, &format!("{more}{member}")));
    place.put("s.json", &state);
    place.zdx(&format!("{GO_ON} --state s.json")).run().exit(0);
    let after = place.file("s.json");
    assert!(after.contains("c3"), "{after}");
    for member in members {
        let value = member.split_once(": ").expect("a value").1;
        assert_eq!(after.matches(value).count(), state.matches(value).count(), "{after}");
    }
    assert_eq!(place.file("t.ndjson"), lines(&records()));
}

#[test]
fn a_profiles_credentials_are_not_sent_to_another_account() {
    let server = Server::script([]);
    let place =
        Place::at(&server.url()).with("ZENDESK_OAUTH_TOKEN", "").with("ZENDESK_SUBDOMAIN", "other");
    place.put(
        "c.toml",
        "default_profile = \"acme\"\n[profiles.acme]\nsubdomain = \"acme\"\n\
         oauth_token = \"token-c4n4ry-acme\"\n",
    );
    let words = format!("{ONCE} --config c.toml");
    place.zdx(&words).run().refused(4, "credentials");
    let run = place.zdx(&format!("{words} --profile acme --subdomain other")).run();
    run.refused(2, "profile");
}

#[test]
fn a_limit_that_cuts_the_last_page_is_not_caught_up() {
    let server = Server::answering(|_, _| Some(Reply::ok(whole("tickets", &records()))));
    let place = Place::at(&server.url());
    let words = format!("{ONCE} --summary json --limit");
    let run = place.zdx(&format!("{words} 1")).run();
    let summary = run.exit(0).stdout(&lines(&records()[..1])).summary();
    assert_eq!(summary["resources"][0]["complete"], false, "{summary}");
    place.zdx(&format!("{ONCE} --limit 1")).run().exit(0).stderr_lacks("caught up");
    let summary = place.zdx(&format!("{words} 6")).run().exit(0).summary();
    assert_eq!(summary["resources"][0]["complete"], true, "{summary}");
}

#[test]
fn after_a_429_the_server_is_asked_when_it_said_not_when_the_window_ends() {
    let [first, second, third] = pages();
    let ((name, left), (_, spent)) = (quota(5, 12), quota(0, 12));
    let later = Reply::status(
        "429 Too Many Requests",
        &[("Date", &now()), ("Retry-After", "2"), (name, &spent)],
        "{\"error\":\"APIRateLimitExceeded\"}",
    );
    let page = |page: String| Reply::with(&[(name, &left)], page);
    let server = Server::script([page(first), later, page(second), page(third)]);
    let place = Place::at(&server.url());
    place.zdx(ONCE).run().exit(0).stdout(&lines(&records()));
    let waited = server.pauses()[1];
    assert!((2000..3500).contains(&waited.as_millis()), "{waited:?}");
}

#[test]
fn answers_without_a_date_are_warned_of_once() {
    let server = Server::script(pages().map(|page| Reply::status("200 OK", &[], page)));
    let place = Place::at(&server.url());
    let run = place.zdx(ONCE).run();
    run.exit(0).stdout(&lines(&records())).stderr_counts("carry no Date", 1);
    run.stderr_counts("warning", 1);
}

/// The first answer may come from a cache; the second says nothing of the time.
#[test]
fn an_old_date_of_an_earlier_answer_is_not_held_against_a_later_one() {
    let end_time = |ago: i64| (jiff::Timestamp::now().as_second() - ago).to_string();
    let page = |id: u64, end: bool, ago: i64| {
        format!(
            "{{\"organizations\":[{{\"id\":{id}}}],\"count\":1,\"next_page\":\"x\",\
             \"end_of_stream\":{end},\"end_time\":{}}}",
            end_time(ago)
        )
    };
    let server = Server::script([
        Reply::status("200 OK", &[("Date", &date(-120))], page(1, false, 3000)),
        Reply::status("200 OK", &[], page(2, true, 62)),
    ]);
    let place = Place::at(&server.url());
    let run = place.zdx("export organizations --since @0 --no-state").run();
    run.exit(0).stdout("{\"id\":1}\n{\"id\":2}\n");
}

#[test]
fn a_base_url_with_a_bad_port_or_a_fragment_is_a_usage_error() {
    let place = Place::at("http://127.0.0.1:1");
    for url in [
        "http://127.0.0.1:99999",
        "http://[::1]:99999",
        "https://zen.example:99999",
        "https://zen.example#x",
        "https://zen.example/#",
    ] {
        let run = place.zdx(&format!("{ONCE} --base-url")).arg(url).run();
        run.refused(2, "URL");
    }
}

/// Of a series whose file changes with the date, the next day's file is its own before it exists.
#[test]
fn a_one_off_never_begins_the_file_that_a_series_would_begin_today() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 -o t-{date}.ndjson").run().exit(0);
    let state = place.state_bytes();
    let today = place.names().into_iter().find(|name| name.starts_with("t-")).unwrap();
    // As if that had been yesterday.
    fs::remove_file(place.path(&today)).unwrap();
    let mut file = fs::File::create(place.state()).unwrap();
    file.write_all(state.replace(&today, "t-2026-01-01.ndjson").as_bytes()).unwrap();
    let run = place.zdx(&format!("export tickets --since 2h -o {today}")).run();
    run.refused(2, "belongs to the series of tickets");
    assert!(!place.path(&today).exists());
}

/// A bulk job changes more records within one second than a state has room for: they come on one
/// page, and the state must be readable afterwards.
#[test]
fn a_second_with_half_a_million_records_leaves_a_state_that_can_be_read() {
    const MANY: u64 = 450_000;
    let server = Server::answering(|_, request| {
        let at = request.parameter("start_time").and_then(|at| at.parse().ok()).unwrap_or(0);
        let first = if at <= T { 0..MANY } else { MANY..MANY + 2 };
        let second = if at <= T { T } else { T + 9 };
        let records: Vec<Value> = first.map(|id| record(id, second)).collect();
        let end_time = if at <= T { T + 1 } else { second };
        Some(Reply::ok(time_page(&records, Some(end_time), at > T)))
    });
    let place = Place::at(&server.url());
    let words = "export tickets --pagination time -o t.ndjson";
    place.zdx(&format!("{words} --since @{T} --max-pages 1")).run().exit(0);
    place.zdx(words).run().exit(0);
    assert_eq!(place.file("t.ndjson").lines().count(), 450_002);
    place.zdx(words).run().exit(0);
    assert_eq!(place.file("t.ndjson").lines().count(), 450_002);
}

/// What a page that was cut left out is not passed by: whoever goes on from what is told loses
/// nothing.
#[test]
fn a_cut_page_tells_of_what_was_written() {
    let r = records();
    let server = Server::answering(move |_, _| Some(Reply::ok(cursor_page(&r, Some("c"), true))));
    let place = Place::at(&server.url());
    let until = format!("--until @{}", T + 4);
    for (flags, written) in [("--limit 2", 2), (until.as_str(), 3)] {
        let run = place.zdx(&format!("{ONCE} {flags} --summary json")).run();
        let summary = run.exit(0).stdout(&lines(&records()[..written])).summary();
        let told = &summary["resources"][0];
        assert_eq!(told["position"], Value::Null, "{flags}");
        let through: jiff::Timestamp = told["through"].as_str().unwrap().parse().unwrap();
        let last = T + i64::try_from(written).unwrap();
        assert_eq!(through.as_second(), last, "{flags}");
    }
}

#[test]
fn a_run_that_failed_is_not_complete() {
    let server = Server::answering(|_, request| Some(right(request)));
    let place = Place::at(&server.url());
    let line = "exec \"$0\" \"$@\" >/dev/full";
    let run = place.zdx(&format!("{ONCE} --summary json")).through(line).run();
    assert_eq!(run.exit(7).summary()["resources"][0]["complete"], false);
}

/// A server that does not tell its time, and whose clock goes ahead of ours.
#[test]
fn s26_a_position_ahead_of_this_clock_is_gone_on_from() {
    let ahead = jiff::Timestamp::now().as_second() + 3000;
    let server = Server::answering(move |_, _| {
        let page = time_page(&[record(1, ahead)], Some(ahead), true);
        Some(Reply::status("200 OK", &[], page))
    });
    let place = Place::at(&server.url());
    let words = "export tickets --pagination time -o t.ndjson";
    place.zdx(&format!("{words} --since @{T}")).run().exit(0);
    place.zdx(words).run().exit(0);
    assert_eq!(place.file("t.ndjson").lines().count(), 1);
}
