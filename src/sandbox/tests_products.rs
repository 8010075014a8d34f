//! The exports of other products, each walked to its end in its own way.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    Options, Sandbox,
    testing::{get, list, local, records, sandbox, seconds, small},
};

fn some() -> Sandbox {
    sandbox(Options { records: 600, ..small() })
}

/// Follows next_page by time until the end stands still; all records, repeats at edges left out.
fn walk_by_time(sandbox: &Sandbox, path: &str, key: &str) -> Vec<Value> {
    let mut target = format!("{path}?start_time=0");
    let mut found: Vec<Value> = Vec::new();
    for _ in 0..100 {
        let page = get(sandbox, &target).json();
        let fresh = records(&page, key);
        let full = fresh.len() >= 1000;
        assert_eq!(page["count"], fresh.len());
        found
            .extend(fresh.into_iter().filter(|record| !found.contains(record)).collect::<Vec<_>>());
        if !full {
            return found;
        }
        target = local(&page["next_page"]);
    }
    panic!("no end of {path}");
}

const CALLS: &str = "/api/v2/channels/voice/stats/incremental/calls.json";
const LEGS: &str = "/api/v2/channels/voice/stats/incremental/legs.json";

#[test]
fn calls_have_legs_tickets_and_an_end_that_stands_still() {
    let sandbox = some();
    let calls = walk_by_time(&sandbox, CALLS, "calls");
    let legs = walk_by_time(&sandbox, LEGS, "legs");
    assert!(calls.len() > 50 && legs.len() == 2 * calls.len());
    let ids: HashSet<u64> = calls.iter().map(|call| call["id"].as_u64().unwrap()).collect();
    assert!(legs.iter().all(|leg| ids.contains(&leg["call_id"].as_u64().unwrap())));
    let page = get(&sandbox, &format!("{CALLS}?start_time=0")).json();
    assert!(page.get("end_of_stream").is_none());
    let end = page["end_time"].as_i64().unwrap();
    let last = get(&sandbox, &local(&page["next_page"])).json();
    assert_eq!((&last["count"], &last["end_time"]), (&1.into(), &end.into()));
    let beyond = end + 1;
    let empty = get(&sandbox, &format!("{CALLS}?start_time={beyond}")).json();
    assert_eq!((&empty["count"], &empty["end_time"]), (&0.into(), &beyond.into()));
    assert!(local(&empty["next_page"]).ends_with(&format!("start_time={beyond}")));
    let reply = get(&sandbox_with_quota(), &format!("{CALLS}?start_time=0"));
    assert!(reply.headers.iter().all(|(name, _)| !name.starts_with("zendesk-ratelimit")));
    assert!(reply.header("x-rate-limit").is_some());
}

fn sandbox_with_quota() -> Sandbox {
    sandbox(Options { records: 50, quota: None, ..small() })
}

#[test]
fn custom_objects_have_records_with_texts_for_ids() {
    let sandbox = some();
    let definitions = list(&sandbox, "/api/v2/custom_objects", "custom_objects");
    assert_eq!(definitions.len(), 2);
    for definition in definitions {
        let key = definition["key"].as_str().unwrap();
        let path = format!("/api/v2/incremental/custom_objects/{key}/cursor");
        let mut target = format!("{path}?start_time=0&per_page=50");
        let mut found = Vec::new();
        loop {
            let page = get(&sandbox, &target).json();
            let members: Vec<&str> = page.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(
                members,
                [
                    "custom_object_records",
                    "after_cursor",
                    "after_url",
                    "before_cursor",
                    "before_url",
                    "filter",
                    "meta"
                ]
            );
            found.extend(records(&page, "custom_object_records"));
            if page["meta"]["has_more"] == false {
                break;
            }
            target = local(&page["after_url"]);
        }
        let ids: HashSet<&str> =
            found.iter().map(|record| record["id"].as_str().unwrap()).collect();
        assert!(found.len() > 100 && ids.len() == found.len());
        assert!(ids.iter().all(|id| id.len() == 26), "{ids:?}");
        assert!(found.iter().all(|record| record["custom_object_key"] == key));
        assert!(found.is_sorted_by_key(|record| seconds(record, "updated_at")));
        let living =
            get(&sandbox, &format!("{path}?start_time=0&filter[exclude_deleted]=true")).json();
        let living = records(&living, "custom_object_records");
        assert!(living.iter().all(|record| record["name"] != "[DELETED]"));
        let gone = found.iter().filter(|record| record["name"] == "[DELETED]");
        assert_eq!(living.len() + gone.count(), found.len());
    }
    let unknown = get(&sandbox, "/api/v2/incremental/custom_objects/rocket/cursor?start_time=0");
    assert_eq!((unknown.status, &unknown.json()["error"]), (404, &"RecordNotFound".into()));
}

#[test]
fn chats_go_on_by_time_and_id() {
    let sandbox = some();
    for (path, key) in [
        ("/api/v2/incremental/chats", "chats"),
        ("/api/v2/chat/incremental/agent_timeline", "agent_timeline"),
    ] {
        let mut target = format!("{path}?start_time=0&limit=7&fields={key}(*)");
        let mut found = Vec::new();
        loop {
            let page = get(&sandbox, &target).json();
            let members: Vec<&str> = page.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(members, [key, "count", "end_time", "end_id", "next_page"]);
            let fresh = records(&page, key);
            let last = fresh.len() < 7;
            found.extend(fresh);
            if last {
                break;
            }
            target = local(&page["next_page"]);
        }
        let unique: HashSet<String> = found.iter().map(Value::to_string).collect();
        assert!(unique.len() > 20 && unique.len() == found.len(), "{path} {}", found.len());
    }
    let at = |path: &str, unit: i64, age: i64| {
        let start = (sandbox.now() - age) * unit;
        get(&sandbox, &format!("{path}?start_time={start}")).status
    };
    let timeline = "/api/v2/incremental/agent_timeline";
    assert_eq!((at("/api/v2/incremental/chats", 1, 300), at(timeline, 1_000_000, 300)), (422, 422));
    assert_eq!((at("/api/v2/incremental/chats", 1, 301), at(timeline, 1_000_000, 301)), (200, 200));
    let page = get(&sandbox, &format!("{timeline}?start_time=0&limit=1")).json();
    assert!(page["end_time"].as_i64().unwrap() > 1_000_000_000_000_000, "microseconds");
}

#[test]
fn side_conversations_have_events_with_uuids_and_milliseconds() {
    let sandbox = some();
    let path = "/api/v2/tickets/side_conversations/events.json";
    let events = walk_by_time(&sandbox, path, "events");
    assert!(events.len() > 50);
    for event in &events {
        assert_eq!(event["id"].as_str().unwrap().len(), 36);
        let time = event["created_at"].as_str().unwrap();
        assert!(time.ends_with("+00:00") && time.as_bytes()[19] == b'.', "{time}");
    }
    let page = get(&sandbox, &format!("{path}?start_time=0")).json();
    let members: Vec<&str> = page.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["count", "end_time", "events", "next_page"]);
}

#[test]
fn surveys_have_recipients_and_some_answer() {
    let sandbox = some();
    let recipients =
        walk_by_time(&sandbox, "/api/v2/nps/incremental/recipients.json", "recipients");
    let responses = walk_by_time(&sandbox, "/api/v2/nps/incremental/responses.json", "responses");
    let ids: HashSet<u64> = recipients.iter().map(|one| one["id"].as_u64().unwrap()).collect();
    assert!(responses.len() > 20 && responses.len() < recipients.len());
    assert!(responses.iter().all(|one| ids.contains(&one["recipient_id"].as_u64().unwrap())));
}

#[test]
fn skips_embed_their_tickets() {
    let sandbox = some();
    let skips = list(&sandbox, "/api/v2/skips", "skips");
    assert!(skips.len() > 20);
    assert!(skips.iter().all(|skip| skip["ticket"]["id"] == skip["ticket_id"]));
    let since = seconds(&skips[10], "created_at");
    let page = get(&sandbox, &format!("/api/v2/skips?page[size]=100&start_time={since}")).json();
    assert_eq!(records(&page, "skips"), skips[10..110.min(skips.len())]);
}

#[test]
fn routing_ends_with_an_empty_page_that_leads_on() {
    let sandbox = some();
    let mut known = Vec::new();
    for key in ["attributes", "attribute_values", "instance_values"] {
        let mut target = format!("/api/v2/incremental/routing/{key}.json");
        let mut found = Vec::new();
        loop {
            let page = get(&sandbox, &target).json();
            if page["count"] == 0 {
                assert_eq!(local(&page["next_page"]), target);
                break;
            }
            found.extend(records(&page, key));
            target = local(&page["next_page"]);
            assert_eq!(target.split("cursor=").nth(1).unwrap().len(), 36);
        }
        assert!(!found.is_empty());
        known.push(found);
    }
    let ids =
        |n: usize| -> HashSet<Value> { known[n].iter().map(|one| one["id"].clone()).collect() };
    assert!(known[1].iter().all(|value| ids(0).contains(&value["attribute_id"])));
    assert!(known[2].iter().all(|value| ids(1).contains(&value["attribute_value_id"])));
    assert_eq!(get(&sandbox, "/api/v2/incremental/routing/attributes?cursor=x").status, 400);
}
