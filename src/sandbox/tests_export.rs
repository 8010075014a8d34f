//! The exports as clients see them.

use std::{collections::HashSet, time::Duration};

use serde_json::Value;

use super::{
    Options, Sandbox, calendar,
    entry::Entry,
    kind::Fenced,
    paging, records,
    testing::{get, local, records_of, sandbox, small},
};

/// Follows next_page to the end; the records' ids with their times.
fn walk_by_time(sandbox: &Sandbox, resource: &str, per_page: u32) -> Vec<(u64, i64)> {
    let mut target =
        format!("/api/v2/incremental/{resource}.json?per_page={per_page}&start_time=0");
    let mut seen = Vec::new();
    for _ in 0..5000 {
        let page = get(sandbox, &target).json();
        seen.extend(page[resource].as_array().unwrap().iter().map(position));
        if page["end_of_stream"] == true {
            return seen;
        }
        target = local(&page["next_page"]);
    }
    panic!("no end of {resource}");
}

fn walk_by_cursor(sandbox: &Sandbox, resource: &str, per_page: u32) -> Vec<(u64, i64)> {
    let path = format!("/api/v2/incremental/{resource}/cursor.json");
    let mut target = format!("{path}?start_time=0&per_page={per_page}");
    let mut seen = Vec::new();
    for _ in 0..5000 {
        let page = get(sandbox, &target).json();
        seen.extend(page[resource].as_array().unwrap().iter().map(position));
        if page["end_of_stream"] == true {
            return seen;
        }
        target = local(&page["after_url"]);
    }
    panic!("no end of {resource}");
}

fn position(record: &Value) -> (u64, i64) {
    let stamp = record["generated_timestamp"].as_i64().or(record["timestamp"].as_i64());
    let updated = || record["updated_at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    (record["id"].as_u64().unwrap(), stamp.unwrap_or_else(|| updated().as_second()))
}

/// What the world holds that is visible: the ids.
fn visible(sandbox: &Sandbox, resource: &str) -> HashSet<u64> {
    let now = sandbox.now();
    let kind = records::ALL.iter().find(|kind| kind.name == resource).unwrap();
    let index = sandbox.desk.index(kind, now);
    let fence = if kind.fence == Fenced::Yes(60) { 60 } else { 0 };
    let wanted = |entry: &&Entry| entry.ts <= now - fence && now < entry.until && !entry.ai;
    index.entries.iter().filter(wanted).map(|entry| entry.id).collect()
}

#[test]
fn a_walk_by_time_yields_every_visible_record() {
    let sandbox = sandbox(Options { records: 80, ..small() });
    for resource in ["tickets", "users", "organizations"] {
        let expected = visible(&sandbox, resource);
        for per_page in [1, 7, 1000] {
            let seen: HashSet<u64> =
                walk_by_time(&sandbox, resource, per_page).into_iter().map(|(id, _)| id).collect();
            assert!(seen == expected, "{resource} {per_page}");
        }
    }
}

#[test]
fn a_walk_by_time_never_goes_back() {
    let sandbox = sandbox(small());
    let times: Vec<i64> = walk_by_time(&sandbox, "tickets", 7).iter().map(|(_, t)| *t).collect();
    assert!(times.is_sorted());
}

#[test]
fn a_walk_by_cursor_yields_each_version_once() {
    let sandbox = sandbox(Options { bulk: 60, ..small() });
    for per_page in [1, 7, 1000] {
        let seen = walk_by_cursor(&sandbox, "tickets", per_page);
        let ids: HashSet<u64> = seen.iter().map(|(id, _)| *id).collect();
        assert!(seen.is_sorted_by_key(|(id, ts)| (*ts, *id)));
        assert_eq!(seen.len(), ids.len());
        assert!(ids == visible(&sandbox, "tickets"));
    }
}

#[test]
fn a_bulk_second_comes_as_one_page() {
    let sandbox = sandbox(Options { bulk: 90, ..small() });
    let sunday = calendar::sunday(sandbox.now());
    let target = format!("/api/v2/incremental/tickets.json?per_page=10&start_time={sunday}");
    let page = get(&sandbox, &format!("{target}&support_type_scope=all"));
    assert_eq!(page.number("count"), 90);
    assert_eq!(page.number("end_time"), sunday + 1);
    assert_eq!(page.json()["end_of_stream"], false);
}

#[test]
fn a_stuck_second_does_not_advance() {
    let behaviour = "same_second=stuck".parse().unwrap();
    let sandbox = sandbox(Options { bulk: 90, behaviour, ..small() });
    let sunday = calendar::sunday(sandbox.now());
    let target = format!("/api/v2/incremental/tickets.json?per_page=10&start_time={sunday}");
    let page = get(&sandbox, &target);
    assert_eq!((page.number("count"), page.number("end_time")), (10, sunday));
}

#[test]
fn two_sandboxes_with_one_seed_serve_the_same_bytes() {
    let (one, two) = (sandbox(small()), sandbox(small()));
    let old = one.now() - 4 * 86_400;
    for resource in ["tickets", "users", "organizations", "ticket_events"] {
        let target = format!("/api/v2/incremental/{resource}?per_page=5&start_time={old}");
        assert_eq!(get(&one, &target).text(), get(&two, &target).text(), "{resource}");
    }
    let other = sandbox(Options { seed: 2, ..small() });
    let target = format!("/api/v2/incremental/users?per_page=5&start_time={old}");
    assert_ne!(get(&one, &target).text(), get(&other, &target).text());
}

#[test]
fn a_cursor_of_one_sandbox_is_good_in_the_next() {
    let all = walk_by_cursor(&sandbox(small()), "users", 1000);
    let first = get(&sandbox(small()), "/api/v2/incremental/users/cursor?start_time=0&per_page=9");
    let rest = get(&sandbox(small()), &local(&first.json()["after_url"]).replace("=9", "=1000"));
    let ids = |page: &Value| page["users"].as_array().unwrap().iter().map(position).collect();
    let (first, rest): (Vec<_>, Vec<_>) = (ids(&first.json()), ids(&rest.json()));
    let joined = [first, rest].concat();
    assert_eq!(joined, all);
}

#[test]
fn time_goes_on_and_records_change() {
    let sandbox = sandbox(small());
    let since = sandbox.now() - 61;
    sandbox.advance(Duration::from_secs(7200));
    let page = get(&sandbox, &format!("/api/v2/incremental/tickets?start_time={since}"));
    assert!(page.number("count") > 0);
    assert!(page.number("end_time") <= sandbox.now() - 60);
}

#[test]
fn the_last_minute_is_refused_in_both_pagings() {
    let sandbox = sandbox(small());
    let at = |age: i64| sandbox.now() - age;
    let by_time = get(&sandbox, &format!("/api/v2/incremental/tickets?start_time={}", at(59)));
    assert_eq!(by_time.status, 422);
    assert_eq!(
        by_time.text(),
        "{\"error\":\"InvalidValue\",\"description\":\"Too recent start_time. Use a start_time \
         older than 60 seconds\"}"
    );
    let cursor = get(&sandbox, &format!("/api/v2/incremental/users/cursor?start_time={}", at(59)));
    assert_eq!((cursor.status, cursor.text().contains("StartTimeTooRecent")), (400, true));
    let older = get(&sandbox, &format!("/api/v2/incremental/tickets?start_time={}", at(63)));
    assert_eq!(older.status, 200);
}

#[test]
fn parameters_are_checked() {
    let sandbox = sandbox(small());
    let status =
        |query: &str| get(&sandbox, &format!("/api/v2/incremental/tickets?{query}")).status;
    assert_eq!(status("start_time=1600000000.0"), 200);
    assert_eq!(status("start_time=0&per_page=5000"), 200);
    for query in
        ["", "start_time=soon", "start_time=-5", "start_time=0&per_page=0", "start_time=1e9"]
    {
        assert_eq!(status(query), 400, "{query}");
    }
    let cursor = "/api/v2/incremental/tickets/cursor?cursor=nonsense";
    assert!(get(&sandbox, cursor).text().contains("InvalidPaginationParameter"));
}

#[test]
fn a_start_time_is_whole_seconds_or_an_error_in_the_known_words() {
    let sandbox = sandbox(small());
    let since = sandbox.now() - 86_400;
    let path = "/api/v2/incremental/tickets/cursor.json";
    let whole = get(&sandbox, &format!("{path}?start_time={since}&per_page=3"));
    let fraction = get(&sandbox, &format!("{path}?start_time={since}.9&per_page=3"));
    assert_eq!((fraction.status, fraction.text()), (200, whole.text()));
    let refused = get(&sandbox, &format!("{path}?start_time=soon"));
    assert_eq!(
        (refused.status, refused.text()),
        (
            400,
            "{\"error\":{\"title\":\"Invalid attribute\",\"message\":\"You passed an invalid value for \
             the start_time attribute. Invalid parameter: start_time must be an integer from \
             api/v2/incremental/tickets/cursor\"}}"
        )
    );
}

#[test]
fn an_empty_page_leads_nowhere() {
    let sandbox = sandbox(Options { records: 1, ..small() });
    let start = sandbox.now() - 61;
    let page = get(&sandbox, &format!("/api/v2/incremental/organizations.json?start_time={start}"));
    assert_eq!(
        page.text(),
        "{\"organizations\":[],\"next_page\":null,\"count\":0,\"end_of_stream\":true,\
         \"end_time\":null}"
    );
    let cursor = paging::encode(start, u64::MAX);
    let path = "/api/v2/incremental/tickets/cursor.json";
    let page = get(&sandbox, &format!("{path}?cursor={}", cursor.replace('=', "%3D")));
    assert_eq!(
        page.text(),
        "{\"tickets\":[],\"after_url\":null,\"before_url\":null,\"after_cursor\":null,\
         \"before_cursor\":null,\"end_of_stream\":true}"
    );
}

#[test]
fn articles_have_their_own_envelope() {
    let page = get(&sandbox(small()), "/api/v2/help_center/incremental/articles.json?start_time=0");
    let members: Vec<String> = page.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["count", "next_page", "end_time", "articles"]);
}

#[test]
fn metric_events_have_two_pagings() {
    let sandbox = sandbox(small());
    let path = "/api/v2/incremental/ticket_metric_events.json";
    let by_time = get(&sandbox, &format!("{path}?start_time=0")).json();
    assert_eq!(by_time["count"], 1000);
    let page = get(&sandbox, &format!("{path}?start_time=0&page[size]=5")).json();
    assert_eq!(page["ticket_metric_events"].as_array().unwrap().len(), 5);
    assert_eq!(page["meta"]["has_more"], true);
    let refused = get(&sandbox, &format!("{path}?start_time=0&page[size]=101"));
    assert!(refused.status == 400 && refused.text().contains("cannot be greater than 100"));
    let next = get(&sandbox, &local(&page["links"]["next"])).json();
    assert_ne!(next["ticket_metric_events"][0]["id"], page["ticket_metric_events"][4]["id"]);
}

#[test]
fn deleted_and_ai_tickets_come_as_asked_for() {
    let sandbox = sandbox(Options { records: 900, ..small() });
    let count = |query: &str| {
        let page = get(&sandbox, &format!("/api/v2/incremental/tickets?start_time=0&{query}"));
        page.number("count")
    };
    let (agent, ai, all) = (
        count("support_type_scope=agent"),
        count("support_type_scope=ai_agent"),
        count("support_type_scope=all"),
    );
    assert!(ai > 5 && agent + ai == all);
    assert_eq!(count(""), agent);
    assert!(count("exclude_deleted=true") < agent);
}

#[test]
fn scrubbed_tickets_keep_nothing() {
    let sandbox = sandbox(Options { records: 900, ..small() });
    let page = get(&sandbox, "/api/v2/incremental/tickets?start_time=0").json();
    let tickets = page["tickets"].as_array().unwrap();
    let scrubbed: Vec<&Value> = tickets.iter().filter(|t| t["subject"] == "SCRUBBED").collect();
    assert!(scrubbed.len() > 3);
    for ticket in scrubbed {
        assert_eq!((&ticket["description"], &ticket["status"]), (&"X".into(), &"deleted".into()));
        assert_eq!(ticket["tags"], Value::Array(vec![]));
    }
}

#[test]
fn a_deleted_ticket_shows_after_the_hold_back() {
    let options = || Options { records: 3000, ..small() };
    let kind = records::ALL.iter().find(|kind| kind.name == "tickets").unwrap();
    let to_come = {
        let sandbox = sandbox(options());
        (kind.entries)(&sandbox.desk.world, sandbox.now(), sandbox.now() + 3 * calendar::DAY)
    };
    let lived = |id| to_come.iter().any(|entry| entry.id == id && !entry.deleted);
    let deletions: Vec<&Entry> =
        to_come.iter().filter(|entry| entry.deleted && !entry.ai && lived(entry.id)).collect();
    assert!(!deletions.is_empty());
    for deletion in deletions {
        let sandbox = sandbox(Options { frozen_at: Some(deletion.ts), ..options() });
        let target =
            format!("/api/v2/incremental/tickets/cursor.json?start_time={}", deletion.ts - 100);
        let status = || {
            let tickets = records_of(&sandbox, target.clone());
            let ticket = tickets.iter().find(|ticket| ticket["id"] == deletion.id);
            ticket.map(|ticket| ticket["status"].as_str().unwrap().to_owned())
        };
        assert_ne!(status().as_deref(), Some("deleted"), "absent at once");
        sandbox.advance(Duration::from_secs(75));
        assert_eq!(status().as_deref(), Some("deleted"), "there after 75 s");
    }
}

#[test]
fn deleted_organizations_stay_under_another_name() {
    let sandbox = sandbox(Options { records: 5000, ..small() });
    let page = get(&sandbox, "/api/v2/incremental/organizations.json?start_time=0").json();
    let organizations = page["organizations"].as_array().unwrap();
    let (gone, here): (Vec<&Value>, Vec<&Value>) =
        organizations.iter().partition(|organization| !organization["deleted_at"].is_null());
    assert!(gone.len() > 3 && here.len() > 100, "{}", gone.len());
    for organization in gone {
        let name = organization["name"].as_str().unwrap();
        let old = name.strip_prefix(&format!("{}_deleted_", organization["id"])).unwrap();
        assert!(old.len() > 5, "{name}");
        assert_eq!(organization["deleted_at"], organization["updated_at"]);
    }
    assert!(here.iter().all(|organization| !organization.to_string().contains("_deleted_")));
}

#[test]
fn deleted_users_are_inactive_and_have_no_address() {
    let sandbox = sandbox(Options { records: 5000, ..small() });
    let users = records_of(&sandbox, "/api/v2/incremental/users/cursor?start_time=0".to_owned());
    let (here, gone): (Vec<&Value>, Vec<&Value>) =
        users.iter().partition(|user| user["active"] == true);
    assert!(gone.len() > 10 && here.len() > 1000, "{}", gone.len());
    assert!(gone.iter().all(|user| user["email"].is_null()));
    assert!(here.iter().all(|user| user["email"].is_string()));
    let cursor = "/api/v2/incremental/tickets/cursor?start_time=0&include=users";
    let beside = get(&sandbox, cursor).json();
    for user in beside["users"].as_array().unwrap() {
        assert_eq!(user["active"] == true, user["email"].is_string());
    }
}

#[test]
fn system_updates_leave_updated_at_alone() {
    let page = get(&sandbox(small()), "/api/v2/incremental/tickets?start_time=0").json();
    let lags = page["tickets"].as_array().unwrap().iter().map(|ticket| {
        let updated = ticket["updated_at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        ticket["generated_timestamp"].as_i64().unwrap() - updated.as_second()
    });
    let lags: Vec<i64> = lags.collect();
    assert!(lags.iter().all(|lag| *lag >= 0));
    assert!(lags.iter().any(|lag| *lag > 60) && lags.iter().any(|lag| *lag <= 2));
}

#[test]
fn records_have_realistic_sizes() {
    let page = get(&sandbox(small()), "/api/v2/incremental/tickets?start_time=0&per_page=50");
    let size = page.body.len() / 50;
    assert!((2000..6000).contains(&size), "{size} bytes a ticket");
}

#[test]
fn sideloads_stand_beside_or_inside_the_records() {
    let sandbox = sandbox(small());
    let include = "users,metric_sets,dates,slas,comment_count,nonsense";
    let target = format!("/api/v2/incremental/tickets?start_time=0&include={include}");
    let page = get(&sandbox, &target).json();
    let members: Vec<&str> = page.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members[..4], ["tickets", "users", "metric_sets", "count"]);
    assert!(page["tickets"][0]["slas"]["policy_metrics"].is_array());
    assert!(page["tickets"][0]["comment_count"].as_i64().unwrap() > 0);
    assert!(local(&page["next_page"]).contains("include=users%2Cmetric_sets%2Cdates"));
}

#[test]
fn the_clock_is_the_machines_unless_it_is_frozen() {
    let sandbox = sandbox(Options { frozen_at: None, ..small() });
    assert!(sandbox.now() > 1_790_000_000);
}
