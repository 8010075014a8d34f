//! The switches of uncertain behaviour, each against its default.

use std::time::Duration;

use serde_json::Value;

use super::{
    Options, Sandbox, paging,
    testing::{Reply, frozen, get, local, sandbox, small},
};

const USERS: &str = "/api/v2/incremental/users.json?start_time=0";
const USERS_CURSOR: &str = "/api/v2/incremental/users/cursor.json";
const ORGANIZATIONS: &str = "/api/v2/incremental/organizations.json?start_time=0";

fn with(switches: &str, options: Options) -> Sandbox {
    sandbox(Options { behaviour: switches.parse().unwrap(), ..options })
}

/// One request an hour.
fn scarce() -> Options {
    Options { records: 30, quota: Some(1), window: Duration::from_secs(3600), ..frozen() }
}

fn refused(switches: &str) -> Reply {
    let sandbox = with(switches, scarce());
    get(&sandbox, USERS);
    get(&sandbox, USERS)
}

#[test]
fn an_empty_page_can_echo_the_cursor() {
    let sandbox = with("empty_cursor=echo", small());
    let cursor = paging::encode(sandbox.now(), 1);
    let target = format!("{USERS_CURSOR}?cursor={}", cursor.replace('=', "%3D"));
    assert_eq!(get(&sandbox, &target).json()["after_cursor"], cursor);
}

#[test]
fn each_endpoint_can_have_its_own_quota() {
    let second = |switches| {
        let sandbox = with(switches, scarce());
        get(&sandbox, USERS);
        get(&sandbox, ORGANIZATIONS).status
    };
    assert_eq!((second("limit_scope=shared"), second("limit_scope=endpoint")), (429, 200));
}

#[test]
fn cursors_can_be_unlimited() {
    let third = |switches| {
        let sandbox = with(switches, scarce());
        let target = format!("{USERS_CURSOR}?start_time=0");
        get(&sandbox, &target);
        get(&sandbox, &target).status
    };
    assert_eq!((third("cursor_limit=own"), third("cursor_limit=unlimited")), (429, 200));
}

#[test]
fn end_of_stream_can_be_missing() {
    let has = |switches, target: &str| {
        get(&with(switches, small()), target).json().get("end_of_stream").is_some()
    };
    let metrics = "/api/v2/incremental/ticket_metric_events.json?start_time=0";
    assert!(has("", USERS) && !has("", metrics));
    assert!(has("end_of_stream=present", metrics));
    assert!(!has("end_of_stream=missing", USERS));
}

#[test]
fn a_429_can_be_plain_text() {
    let reply = refused("too_many_body=text");
    assert_eq!(reply.text(), "Number of allowed API requests per minute exceeded");
    assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
}

#[test]
fn a_429_can_name_a_date_or_nothing() {
    assert!(refused("retry_after=date").header("retry-after").unwrap().ends_with(" GMT"));
    assert_eq!(refused("retry_after=missing").header("retry-after"), None);
}

#[test]
fn quota_headers_can_be_absent() {
    let reply = refused("quota_headers=none");
    assert!(reply.headers.iter().all(|(name, _)| !name.contains("limit")));
}

#[test]
fn a_bad_cursor_has_the_status_of_its_switch() {
    for status in [400, 404, 410, 422] {
        let sandbox = with(&format!("invalid_cursor={status}"), small());
        assert_eq!(get(&sandbox, &format!("{USERS_CURSOR}?cursor=x")).status, status);
    }
}

#[test]
fn deleted_tickets_can_leave_short_pages() {
    let options = Options { records: 600, ..small() };
    let sandbox = with("exclude_deleted=page", options);
    let mut target =
        "/api/v2/incremental/tickets/cursor.json?start_time=0&per_page=50&exclude_deleted=true"
            .to_owned();
    let mut short = 0;
    for _ in 0..5000 {
        let page = get(&sandbox, &target).json();
        if page["end_of_stream"] == true {
            break;
        }
        short += usize::from(page["tickets"].as_array().unwrap().len() < 50);
        target = local(&page["after_url"]);
    }
    assert!(short > 0);
}

#[test]
fn rows_can_come_late() {
    let count = |switches| {
        let options = Options { records: 3000, ..small() };
        let sandbox = with(switches, options);
        // The last quarter of an hour, in which some rows may be late.
        let target = "/api/v2/incremental/tickets?start_time=1794999100";
        get(&sandbox, target).json()["count"].as_i64().unwrap()
    };
    assert!(count("late_rows=on") <= count("late_rows=off"));
}

#[test]
fn a_frozen_world_does_not_move() {
    let options = || Options { ..small() };
    let (one, two) = (sandbox(options()), sandbox(options()));
    assert_eq!(get(&one, USERS).text(), get(&two, USERS).text());
    one.advance(Duration::from_secs(5));
    assert_eq!(one.now(), 1_795_000_005);
    let date = get(&one, USERS).header("date").unwrap().to_owned();
    assert_eq!(date, "Wed, 18 Nov 2026 11:06:45 GMT");
    assert_ne!(get(&one, USERS).json(), Value::Null);
}
