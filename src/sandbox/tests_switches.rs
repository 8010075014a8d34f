//! The switches of uncertain behaviour, each against its default.

use std::time::Duration;

use serde_json::Value;

use super::{
    Options, Sandbox, late as late_rows, paging,
    testing::{Reply, frozen, get, local, mint, records, sandbox, seconds, small},
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
fn a_429_can_come_from_the_edge() {
    let reply = refused("too_many_body=edge").json();
    assert_eq!((&reply["title"], &reply["status"]), (&"Automated response".into(), &"429".into()));
}

#[test]
fn a_token_can_keep_its_lifetime_to_itself() {
    let lifetime = |switches, more| mint(&with(switches, small()), more)["expires_in"].clone();
    let asked = ",\"expires_in\":600";
    assert_eq!(lifetime("expires_in=told", ""), 1800);
    assert_eq!(lifetime("expires_in=asked", ""), Value::Null);
    assert_eq!(lifetime("expires_in=asked", asked), 600);
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

/// The quotas that answers to these targets show, and the statuses of a second request to each.
fn buckets(switches: &str, targets: [&str; 2]) -> ([Option<String>; 2], [u16; 2]) {
    let sandbox = with(switches, scarce());
    let shown = targets.map(|target| {
        let reply = get(&sandbox, target);
        let level = reply.headers.iter().find(|(name, _)| name.starts_with("zendesk-ratelimit"));
        level.map(|(name, _)| name.trim_start_matches("zendesk-ratelimit-").to_owned())
    });
    (shown, targets.map(|target| get(&sandbox, target).status))
}

const METRICS: &str = "/api/v2/incremental/ticket_metric_events.json?start_time=0";
const ARTICLES: &str = "/api/v2/help_center/incremental/articles.json?start_time=0";

#[test]
fn all_exports_can_share_one_quota_under_one_header() {
    let first = format!("{USERS_CURSOR}?start_time=0");
    let exports = Some("incremental-exports".to_owned());
    let (shown, _) = buckets("limit_scope=all", [&first, ARTICLES]);
    assert_eq!(shown, [exports.clone(), exports]);
    let sandbox = with("limit_scope=all", scarce());
    let statuses = [USERS, &first, ARTICLES].map(|target| get(&sandbox, target).status);
    assert_eq!(statuses, [200, 429, 429]);
    let (shown, _) = buckets("", [&first, ARTICLES]);
    let own = ["incremental-exports-cursor", "help-center-incremental-exports"];
    assert_eq!(shown, own.map(|name| Some(name.to_owned())));
}

#[test]
fn metric_events_can_show_no_quota_of_exports() {
    let exports = Some("incremental-exports".to_owned());
    let after = |switches| {
        let sandbox = with(switches, scarce());
        let metrics = get(&sandbox, METRICS);
        let shown = metrics.header("zendesk-ratelimit-incremental-exports").is_some();
        let account = metrics.header("x-rate-limit-remaining").is_some();
        (shown, account, get(&sandbox, USERS).status)
    };
    assert_eq!(after("metric_quota=exports"), (true, true, 429));
    assert_eq!(after("metric_quota=silent"), (false, true, 429));
    assert_eq!(after("metric_quota=account"), (false, true, 200));
    let (shown, statuses) = buckets("metric_quota=account", [METRICS, USERS]);
    assert_eq!((shown, statuses), ([None, exports], [200, 429]));
}

#[test]
fn a_request_counts_when_it_comes_in_or_when_it_is_answered() {
    let told = |switches| {
        let window = Duration::from_secs(3600);
        let latency = Duration::from_millis(1200);
        let options = Options { latency, quota: Some(5), window, frozen_at: None, ..small() };
        let sandbox = with(switches, options);
        let reply = get(&sandbox, USERS);
        let answered = sandbox.now();
        let level = reply.header("zendesk-ratelimit-incremental-exports").unwrap();
        let resets: i64 = level.rsplit('=').next().unwrap().parse().unwrap();
        // Where the window ends by an answer that was just made; a second more or less is rounding.
        answered + resets
    };
    let (early, late) = (told("counted=arrival"), told("counted=answer"));
    let (off, on) = (early % 3600, late % 3600);
    assert!((1..=2).contains(&off), "as of the arrival: {off}");
    assert!(on <= 1, "as of the answer: {on}");
}

#[test]
fn third_parties_can_be_refused_the_exports() {
    let sandbox = with("third_party=refused", small());
    for target in [USERS, METRICS, ARTICLES, "/api/v2/incremental/tickets/cursor?start_time=0"] {
        let reply = get(&sandbox, target);
        assert_eq!((reply.status, &reply.json()["error"]["title"]), (403, &"Forbidden".into()));
        assert!(reply.text().contains("third-party"), "{}", reply.text());
    }
    assert_eq!(get(&sandbox, "/api/v2/users/me.json").status, 200);
    assert_eq!(get(&with("", small()), USERS).status, 200);
}

/// The ages of the youngest records of an export, in seconds.
fn youngest(sandbox: &Sandbox, resource: &str, time: &str) -> i64 {
    let since = sandbox.now() - 100_000;
    let mut target = format!("/api/v2/incremental/{resource}.json?start_time={since}");
    let mut youngest = i64::MAX;
    loop {
        let page = get(sandbox, &target).json();
        let found = records(&page, resource);
        youngest = found
            .iter()
            .map(|record| sandbox.now() - seconds(record, time))
            .fold(youngest, i64::min);
        if found.len() < 1000 {
            return youngest;
        }
        target = local(&page["next_page"]);
    }
}

#[test]
fn only_tickets_and_their_events_keep_the_last_minute_back() {
    let options = || Options { records: 40_000, ..small() };
    let (documented, all) = (with("", options()), with("fence=all", options()));
    assert!((0..60).contains(&youngest(&documented, "users", "updated_at")));
    assert!(youngest(&all, "users", "updated_at") >= 60);
    for sandbox in [&documented, &all] {
        assert!(youngest(sandbox, "ticket_events", "created_at") >= 60);
    }
}

#[test]
fn metric_events_are_late_by_minutes_unless_told_otherwise() {
    let options = || Options { records: 40_000, ..small() };
    let seen = sandbox(options());
    let age = youngest(&seen, "ticket_metric_events", "time");
    assert!((660..780).contains(&age), "{age}");
    let late = vec!["ticket_metric_events=off".parse().unwrap()];
    let timely = sandbox(Options { late, ..options() });
    assert!((0..60).contains(&youngest(&timely, "ticket_metric_events", "time")));
}

/// Users by cursor, a page at a time, until none is left: ids with their times.
fn rest(sandbox: &Sandbox, mut position: String) -> (Vec<(u64, i64)>, String) {
    let mut found = Vec::new();
    loop {
        let page = get(sandbox, &format!("{USERS_CURSOR}?{position}")).json();
        let users = records(&page, "users");
        found.extend(
            users.iter().map(|user| (user["id"].as_u64().unwrap(), seconds(user, "updated_at"))),
        );
        if let Some(cursor) = page["after_cursor"].as_str() {
            position = format!("cursor={}", cursor.replace('=', "%3D").replace('+', "%2B"));
        }
        if page["end_of_stream"] == true {
            return (found, position);
        }
    }
}

#[test]
fn late_rows_show_behind_rows_that_were_served_before() {
    let late = || vec!["users=10%:30s-10m".parse().unwrap()];
    let options = || Options { records: 9000, late: late(), ..small() };
    let (one, two) = (sandbox(options()), sandbox(options()));
    let (before, position) = rest(&one, "start_time=0".to_owned());
    assert_eq!(before, rest(&two, "start_time=0".to_owned()).0, "the seed says who is late");
    let newest = before.last().unwrap().1;
    one.advance(Duration::from_secs(600));
    let (after, _) = rest(&one, "start_time=0".to_owned());
    let (followed, _) = rest(&one, position);
    let missed: Vec<&(u64, i64)> =
        after.iter().filter(|row| !before.contains(row) && !followed.contains(row)).collect();
    assert!(!missed.is_empty());
    assert!(missed.iter().all(|(_, time)| *time <= newest));
    let timely = sandbox(Options { late: Vec::new(), ..options() });
    let (before, position) = rest(&timely, "start_time=0".to_owned());
    timely.advance(Duration::from_secs(600));
    let (after, _) = rest(&timely, "start_time=0".to_owned());
    let (followed, _) = rest(&timely, position);
    assert!(after.iter().all(|row| before.contains(row) || followed.contains(row)));
}

#[test]
fn a_resource_that_there_is_not_cannot_be_late() {
    let late = vec!["nothing=1%:5s".parse().unwrap()];
    let refused = Sandbox::start(Options { late, ..small() }).err().unwrap().to_string();
    assert!(refused.contains("no resource \"nothing\"; there are all, tickets, "), "{refused}");
    assert!(late_rows("nothing=1%:5s").is_err() && late_rows("all=1%:5s").is_ok());
}

#[test]
fn breaches_show_at_their_time_or_ahead_of_it() {
    let ahead = |switches| {
        let sandbox = with(switches, Options { records: 4000, ..small() });
        let since = sandbox.now() - 86_400;
        let page = get(&sandbox, &METRICS.replace("=0", &format!("={since}"))).json();
        let events = records(&page, "ticket_metric_events");
        let future: Vec<&Value> =
            events.iter().filter(|event| seconds(event, "time") > sandbox.now()).collect();
        assert!(future.iter().all(|event| event["type"] == "breach"));
        let latest = events.iter().map(|event| seconds(event, "time")).max();
        assert_eq!(page["end_time"].as_i64(), latest);
        (future.len(), page["end_time"].as_i64().unwrap() - sandbox.now())
    };
    assert!(matches!(ahead("breaches=due"), (0, ..=-660)));
    assert!(matches!(ahead("breaches=early"), (1.., 1..)));
}

#[test]
fn targets_inside_tickets_can_count_down() {
    let changed = |switches| {
        let sandbox = with(switches, Options { records: 2000, ..small() });
        let since = sandbox.now() - 86_400;
        let target = format!("/api/v2/incremental/tickets?start_time={since}&include=slas");
        let tickets = || -> Vec<Value> { records(&get(&sandbox, &target).json(), "tickets") };
        let before = tickets();
        sandbox.advance(Duration::from_secs(60));
        let after = tickets();
        let again = |ticket: &&Value| {
            let same = |key: &str, other: &Value| other[key] == ticket[key];
            let other = after.iter().find(|t| same("id", t) && same("generated_timestamp", t));
            other.is_some_and(|other| other != *ticket)
        };
        before.iter().filter(again).count()
    };
    assert_eq!(changed("slas=still"), 0);
    assert!(changed("slas=counting") > 0);
}

#[test]
fn the_date_can_be_missing_or_a_day_off() {
    let date = |switches| get(&with(switches, small()), USERS).header("date").map(str::to_owned);
    assert_eq!(date("date=right").as_deref(), Some("Wed, 18 Nov 2026 11:06:40 GMT"));
    assert_eq!(date("date=missing"), None);
    assert_eq!(date("date=yesterday").as_deref(), Some("Tue, 17 Nov 2026 11:06:40 GMT"));
    assert_eq!(date("date=tomorrow").as_deref(), Some("Thu, 19 Nov 2026 11:06:40 GMT"));
}

#[test]
fn sideloads_can_be_lacking() {
    let beside = |switches| -> Vec<String> {
        let target = "/api/v2/incremental/tickets?start_time=0&include=users,metric_sets,groups";
        let page = get(&with(switches, small()), target).json();
        let names = page.as_object().unwrap().keys().cloned();
        names.filter(|name| matches!(name.as_str(), "users" | "metric_sets" | "groups")).collect()
    };
    assert_eq!(beside("sideloads=all"), ["users", "metric_sets", "groups"]);
    assert_eq!(beside("sideloads=users"), ["users"]);
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
