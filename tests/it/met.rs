//! What a person met in use, each row as the fact that holds since.

use crate::{
    harness::{ORGANIZATIONS, Place, Still, TICKETS, small},
    machine::eventually,
    server::{Reply, Server, T, cursor_page, record, time_page},
};
use rustix::process::Signal;
use serde_json::json;
use zdx::sandbox::{Options, Sandbox};

/// The last second of the year 9999, and others at the limits of calendars and types.
const ABSURD: [i64; 8] = [
    253_402_300_799,
    253_402_300_800,
    253_402_207_200,
    253_402_207_201,
    253_402_207_199,
    i64::MAX,
    i64::MAX - 1,
    i64::MIN,
];

#[test]
fn f6_no_number_of_a_server_is_a_panic() {
    for number in ABSURD {
        for page in [
            time_page(&[record(1, T)], Some(number), true),
            time_page(&[record(1, number)], Some(T), true),
            time_page(&[record(1, T)], Some(number), false),
        ] {
            let server = Server::answering(move |_, _| Some(Reply::ok(&page)));
            let words = "export tickets --since @0 --pagination time --max-pages 1 --retry-for 0s";
            // A run that panics ends with an exit code that no run may have.
            let run = Place::at(&server.url()).zdx(words).run();
            run.stderr_lacks("a bug");
        }
        let page = cursor_page(&[record(1, number)], Some("c1"), true);
        let server = Server::script([Reply::ok(page)]);
        Place::at(&server.url()).zdx("export tickets --since @0 -o t.ndjson").run().exit(0);
    }
}

#[test]
fn f6_no_number_in_a_state_is_a_panic() {
    for number in ABSURD {
        let place = Place::at("http://127.0.0.1:9");
        let entry =
            json!({"pagination": "time", "end_time": number, "seen": [], "through": number});
        let document = json!({
            "format": "zdx-state", "version": 1, "account": "acme", "resources": {"tickets": entry},
        });
        place.put("s.json", &document.to_string());
        place.zdx("state show --state s.json").run().stderr_lacks("a bug");
        let words = "export tickets --pagination time --state s.json -o t.ndjson --dry-run";
        place.zdx(words).run().stderr_lacks("a bug");
    }
}

#[test]
fn f6_a_time_that_no_calendar_shows_is_refused_in_words() {
    let place = Place::at("http://127.0.0.1:9");
    for number in ["253402300799", "253402300800", "9223372036854775807"] {
        for words in [
            format!("export tickets --since @{number}"),
            format!("export tickets --since @0 --until @{number}"),
            format!("sample tickets --since @{number}"),
            format!("state set tickets --since @{number}"),
        ] {
            place.zdx(&words).run().refused(2, "no calendar shows");
        }
    }
}

#[test]
fn u11_milliseconds_are_told_as_seconds() {
    let place = Place::at("http://127.0.0.1:9");
    for typed in ["1763600000000", "@1763600000000"] {
        let words = format!("export tickets --since {typed}");
        place.zdx(&words).run().refused(2, "milliseconds: write @1763600000");
    }
}

#[test]
fn u24_a_time_without_an_offset_is_of_utc() {
    let place = Place::at("http://127.0.0.1:9");
    for typed in ["2026-11-01T12:00", "2026-11-01T12:00:00", "2026-11-01 12:00"] {
        let run = place.zdx("export tickets --no-state --dry-run --since").arg(typed).run();
        run.exit(0).stderr_has("from 2026-11-01T12:00:00Z ");
    }
    for typed in ["2026-11-31", "2026-02-29T12:00", "2026-13-01"] {
        let run = place.zdx("export tickets --no-state --dry-run --since").arg(typed).run();
        run.refused(2, "there is no such day");
    }
}

#[test]
fn u24_a_subdomain_is_the_first_label_of_any_address_of_the_account() {
    for typed in ["https://acme.zendesk.com/agent/tickets/1", "acme.zendesk.com/hc/en-us", "acme"] {
        let place = Place::new().with("ZENDESK_SUBDOMAIN", typed);
        let run = place.zdx("state path").run();
        assert!(run.exit(0).text().ends_with("/acme.json\n"), "{typed}: {}", run.transcript());
    }
}

#[test]
fn u32_a_giant_duration_is_refused() {
    let place = Place::at("http://127.0.0.1:9");
    let giants = ["18446744073709551615s", "18446744073709551615s 1000000000ns", "500000000000y"];
    for giant in giants {
        for flag in ["--follow", "--retry-for", "--max-wait"] {
            let run =
                place.zdx("export tickets --since 2h --no-state").arg(format!("{flag}={giant}"));
            run.run().refused(2, "longer than a century");
        }
        let run = place.zdx("export tickets --no-state --since").arg(giant).run();
        run.exit(2).stderr_lacks("a bug");
        let run = place.zdx("check").env("ZDX_CONNECT_TIMEOUT", giant).run();
        run.refused(2, "ZDX_CONNECT_TIMEOUT");
        let run = place.zdx("sandbox").arg("--latency").arg(giant).run();
        run.refused(2, "longer than a century");
    }
}

#[test]
fn f32_a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let sandbox = Sandbox::start(Options { quota: Some(0), ..small() }).unwrap();
    let place = Place::of(&sandbox);
    let run = place
        .zdx("export organizations --since @0 -o o.ndjson --follow=50ms")
        .through("trap '' HUP INT; exec \"$0\" \"$@\"")
        .start();
    eventually("it polls", || sandbox.requests().len() > 2);
    run.signal(Signal::HUP);
    run.signal(Signal::INT);
    let before = sandbox.requests().len();
    eventually("it goes on", || sandbox.requests().len() > before + 3);
    run.signal(Signal::TERM);
    run.end().exit(143);
}

#[test]
fn f32_a_signal_that_was_not_ignored_ends_the_run() {
    let still = Still::of(&[ORGANIZATIONS, TICKETS]);
    let place = Place::of(&still.sandbox);
    let run = place
        .zdx("export organizations --since @0 -o o.ndjson --follow=50ms")
        .through("trap '' INT; exec \"$0\" \"$@\"")
        .start();
    eventually("it polls", || still.sandbox.requests().len() > 2);
    run.signal(Signal::HUP);
    run.end().exit(129);
}
