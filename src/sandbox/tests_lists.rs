//! Lists as clients see them, and that the ids in records are those of what the lists name.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::{
    Options, Sandbox,
    testing::{frozen, get, list, lists, local, records, records_of, sandbox, seconds, small},
};

const GROUPS: &str = "/api/v2/groups.json";

fn texts(records: &[Value]) -> Vec<String> {
    records.iter().map(Value::to_string).collect()
}

fn walk(sandbox: &Sandbox, path: &str, key: &str, size: u32) -> Vec<Value> {
    let mut target = format!("{path}?page[size]={size}");
    let mut found = Vec::new();
    for _ in 0..5000 {
        let page = get(sandbox, &target).json();
        found.extend(records(&page, key));
        if page["meta"]["has_more"] == false {
            return found;
        }
        target = local(&page["links"]["next"]);
    }
    panic!("no end of {path}");
}

fn walk_by_offset(sandbox: &Sandbox, path: &str, key: &str) -> Vec<Value> {
    let mut target = format!("{path}?per_page=9");
    let mut found = Vec::new();
    for _ in 0..5000 {
        let page = get(sandbox, &target).json();
        found.extend(records(&page, key));
        if page["next_page"].is_null() {
            assert_eq!(page["count"], found.len());
            return found;
        }
        target = local(&page["next_page"]);
    }
    panic!("no end of {path}");
}

#[test]
fn every_list_is_the_same_by_cursor_by_offset_and_at_once() {
    let sandbox = sandbox(Options { records: 500, ..small() });
    let lists = lists();
    assert!(lists.len() > 25, "{lists:?}");
    for (path, key) in lists {
        let first = get(&sandbox, &format!("{path}?page[size]=7")).json();
        let all = texts(&list(&sandbox, &path, key));
        assert!(!all.is_empty(), "{path}");
        let unique: HashSet<&String> = all.iter().collect();
        assert_eq!(unique.len(), all.len(), "{path}");
        assert_eq!(texts(&walk_by_offset(&sandbox, &path, key)), all, "{path}");
        if first.get("meta").is_some() {
            assert_eq!(texts(&walk(&sandbox, &path, key, 7)), all, "{path}");
        } else {
            assert_eq!(first["count"], all.len(), "{path} comes whole");
            assert!(first["next_page"].is_null());
        }
    }
}

#[test]
fn the_lists_that_come_whole_are_those_of_the_notes() {
    let sandbox = sandbox(small());
    let whole = |path: &&(String, &str)| {
        get(&sandbox, &format!("{}?page[size]=1", path.0)).json().get("meta").is_none()
    };
    let lists = lists();
    let whole: BTreeSet<&str> = lists.iter().filter(whole).map(|(_, key)| *key).collect();
    let expected = ["custom_statuses", "schedules", "sla_policies", "ticket_forms"];
    assert_eq!(whole, BTreeSet::from(expected));
}

#[test]
fn supports_last_page_leads_on_to_an_empty_one() {
    let sandbox = sandbox(small());
    let last = get(&sandbox, &format!("{GROUPS}?page[size]=5")).json();
    assert_eq!((records(&last, "groups").len(), &last["meta"]["has_more"]), (5, &false.into()));
    let empty = get(&sandbox, &local(&last["links"]["next"]));
    assert_eq!(
        empty.text(),
        "{\"groups\":[],\"meta\":{\"has_more\":false,\"after_cursor\":null,\"before_cursor\":null},\
         \"links\":{\"prev\":null,\"next\":null}}"
    );
}

#[test]
fn the_help_center_puts_records_last_and_ends_without_a_link() {
    let page = get(&sandbox(small()), "/api/v2/help_center/sections.json?page[size]=100").json();
    let members: Vec<&str> = page.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["meta", "links", "sections"]);
    assert!(page["links"]["next"].is_null() && page["meta"]["has_more"] == false);
}

#[test]
fn page_sizes_and_cursors_are_checked() {
    let sandbox = sandbox(small());
    let refusal = |query: &str| {
        let reply = get(&sandbox, &format!("{GROUPS}?{query}"));
        (reply.status, reply.text().to_owned())
    };
    let error = |description: &str| {
        let code = "InvalidPaginationParameter";
        (400, format!("{{\"error\":\"{code}\",\"description\":\"{description}\"}}"))
    };
    assert_eq!(refusal("page[size]=101"), error("page[size] cannot be greater than 100"));
    assert_eq!(refusal("page[size]=0"), error("page[size] is not valid"));
    assert_eq!(refusal("page[size]=5&page[after]=x"), error("page[after] is not valid"));
    // A cursor of a list in another order.
    let other = get(&sandbox, "/api/v2/brands?page[size]=1").json();
    let cursor = other["meta"]["after_cursor"].as_str().unwrap().replace('=', "%3D");
    assert_eq!(refusal(&format!("page[after]={cursor}")), error("page[after] is not valid"));
    assert_eq!(refusal("page=102&per_page=100").0, 400);
    assert!(refusal("page=102").1.contains("InvalidPaginationDepth"));
    assert_eq!(refusal("page=0").0, 400);
}

#[test]
fn a_list_goes_back_as_well_as_on() {
    let sandbox = sandbox(small());
    let target = "/api/v2/macros?page[size]=10";
    let first = get(&sandbox, target).json();
    let second = get(&sandbox, &local(&first["links"]["next"])).json();
    let back = get(&sandbox, &local(&second["links"]["prev"])).json();
    assert_eq!(back["macros"], first["macros"]);
    assert_eq!(back["meta"]["has_more"], false);
}

#[test]
fn what_a_list_cannot_sort_by_is_ignored() {
    let sandbox = sandbox(small());
    let plain = get(&sandbox, &format!("{GROUPS}?page[size]=3")).json();
    let sorted = get(&sandbox, &format!("{GROUPS}?page[size]=3&sort=-favourite")).json();
    assert_eq!(plain["groups"], sorted["groups"]);
    assert!(local(&sorted["links"]["next"]).contains("sort=-favourite"));
}

#[test]
fn groups_come_by_name_and_deleted_ones_on_request() {
    let sandbox = sandbox(small());
    let groups =
        |query: &str| records(&get(&sandbox, &format!("{GROUPS}?{query}")).json(), "groups");
    let names = |groups: &[Value]| -> Vec<String> {
        groups.iter().map(|group| group["name"].as_str().unwrap().to_owned()).collect()
    };
    let living = groups("page[size]=100");
    assert!(names(&living).is_sorted() && living.len() == 5);
    assert!(living.iter().all(|group| group["deleted"] == false));
    let all = groups("page[size]=100&exclude_deleted=false");
    assert_eq!(all.iter().filter(|group| group["deleted"] == true).count(), 2);
    assert_eq!(all.len(), 7);
}

#[test]
fn lists_take_from_the_accounts_quota_alone() {
    let sandbox = sandbox(Options { records: 60, ..frozen() });
    let narrow = |path: &str| -> Vec<String> {
        let reply = get(&sandbox, path);
        let names = reply.headers.iter().map(|(name, _)| name.clone());
        names.filter(|name| name.starts_with("zendesk-ratelimit")).collect()
    };
    assert_eq!(narrow(GROUPS), Vec::<String>::new());
    assert_eq!(narrow("/api/v2/tickets.json"), ["zendesk-ratelimit-tickets-index"]);
    assert_eq!(narrow("/api/v2/deleted_tickets"), ["zendesk-ratelimit-deleted-tickets-index"]);
    assert_eq!(get(&sandbox, GROUPS).header("x-rate-limit-remaining"), Some("696"));
}

#[test]
fn lists_leave_out_what_is_deleted_and_the_lists_of_the_deleted_have_it() {
    let sandbox = sandbox(Options { records: 3000, ..small() });
    let ids = |records: &[Value]| -> HashSet<u64> {
        records.iter().map(|record| record["id"].as_u64().unwrap()).collect()
    };
    let listed = |path: &str, key: &str| ids(&list(&sandbox, path, key));
    let users = records_of(&sandbox, "/api/v2/incremental/users/cursor?start_time=0".to_owned());
    let (here, gone): (Vec<Value>, Vec<Value>) =
        users.into_iter().partition(|user| user["active"] == true);
    assert_eq!(listed("/api/v2/users", "users"), ids(&here));
    assert_eq!(listed("/api/v2/deleted_users", "deleted_users"), ids(&gone));
    let scope = "start_time=0&support_type_scope=all";
    let tickets = records_of(&sandbox, format!("/api/v2/incremental/tickets/cursor?{scope}"));
    let deleted: Vec<Value> = tickets
        .into_iter()
        .filter(|ticket| ticket["status"] == "deleted" && ticket["subject"] != "SCRUBBED")
        .collect();
    let graves = list(&sandbox, "/api/v2/deleted_tickets", "deleted_tickets");
    let listed_gone = ids(&graves);
    let settled: Vec<Value> = graves
        .into_iter()
        .filter(|grave| seconds(grave, "deleted_at") <= sandbox.now() - 60)
        .collect();
    assert!(deleted.len() > 10);
    assert_eq!(ids(&deleted), ids(&settled));
    let living = listed("/api/v2/tickets", "tickets");
    assert!(living.len() > 2000 && living.is_disjoint(&listed_gone));
    let organizations = list(&sandbox, "/api/v2/organizations", "organizations");
    assert!(organizations.iter().all(|organization| organization["deleted_at"].is_null()));
}

/// The ids of a list, as numbers or texts.
fn ids(sandbox: &Sandbox, name: &str, key: &str) -> HashSet<String> {
    let records = list(sandbox, &format!("/api/v2/{name}"), key);
    records.iter().map(|record| plain(&record["id"])).collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Each value of a member is null or one of these.
#[track_caller]
fn all_in(records: &[Value], member: &str, known: &HashSet<String>) {
    let values: Vec<String> =
        records.iter().filter(|r| !r[member].is_null()).map(|r| plain(&r[member])).collect();
    assert!(!values.is_empty(), "{member} is nowhere");
    for value in values {
        assert!(known.contains(&value), "{member} {value}");
    }
}

#[test]
fn the_ids_in_tickets_are_in_the_lists() {
    let sandbox = sandbox(Options { records: 400, ..small() });
    let tickets =
        records_of(&sandbox, "/api/v2/incremental/tickets/cursor?start_time=0".to_owned());
    for (member, name) in [
        ("group_id", "groups"),
        ("brand_id", "brands"),
        ("ticket_form_id", "ticket_forms"),
        ("custom_status_id", "custom_statuses"),
    ] {
        all_in(&tickets, member, &ids(&sandbox, name, name));
    }
    let fields = ids(&sandbox, "ticket_fields", "ticket_fields");
    for ticket in &tickets {
        for field in ticket["custom_fields"].as_array().unwrap() {
            assert!(fields.contains(&plain(&field["id"])));
        }
    }
    let users = records_of(&sandbox, "/api/v2/incremental/users/cursor?start_time=0".to_owned());
    let users: HashSet<String> = users.iter().map(|user| plain(&user["id"])).collect();
    for member in ["requester_id", "assignee_id", "submitter_id"] {
        all_in(&tickets, member, &users);
    }
    let rated: Vec<Value> = tickets.iter().map(|t| t["satisfaction_rating"].clone()).collect();
    all_in(&rated, "id", &ids(&sandbox, "satisfaction_ratings", "satisfaction_ratings"));
}

#[test]
fn the_ids_in_users_and_organizations_are_in_the_lists() {
    let sandbox = sandbox(Options { records: 400, ..small() });
    let users = list(&sandbox, "/api/v2/users", "users");
    let groups = ids(&sandbox, "groups", "groups");
    all_in(&users, "default_group_id", &groups);
    all_in(&users, "custom_role_id", &ids(&sandbox, "custom_roles", "custom_roles"));
    let keys = |name: &str| -> BTreeSet<String> {
        let fields = list(&sandbox, &format!("/api/v2/{name}"), name);
        fields.iter().map(|field| plain(&field["key"])).collect()
    };
    let members = |record: &Value, name: &str| -> BTreeSet<String> {
        record[name].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(members(&users[0], "user_fields"), keys("user_fields"));
    let page = get(&sandbox, "/api/v2/incremental/organizations.json?start_time=0").json();
    let organizations = records(&page, "organizations");
    all_in(&organizations, "group_id", &groups);
    assert_eq!(members(&organizations[0], "organization_fields"), keys("organization_fields"));

    let user_ids: HashSet<String> = users.iter().map(|user| plain(&user["id"])).collect();
    let memberships = list(&sandbox, "/api/v2/group_memberships", "group_memberships");
    all_in(&memberships, "user_id", &user_ids);
    all_in(&memberships, "group_id", &groups);
    let own: HashSet<(String, String)> =
        memberships.iter().map(|m| (plain(&m["user_id"]), plain(&m["group_id"]))).collect();
    for user in users.iter().filter(|user| !user["default_group_id"].is_null()) {
        assert!(own.contains(&(plain(&user["id"]), plain(&user["default_group_id"]))));
    }
    let memberships =
        list(&sandbox, "/api/v2/organization_memberships", "organization_memberships");
    all_in(&memberships, "user_id", &user_ids);
    let organizations: HashSet<String> =
        organizations.iter().map(|organization| plain(&organization["id"])).collect();
    all_in(&memberships, "organization_id", &organizations);
}

#[test]
fn the_ids_in_rules_articles_and_agreements_are_in_the_lists() {
    let sandbox = sandbox(Options { records: 400, ..small() });
    let groups = ids(&sandbox, "groups", "groups");
    for name in ["macros", "triggers", "automations"] {
        let rules = list(&sandbox, &format!("/api/v2/{name}"), name);
        let set: Vec<Value> = rules.iter().map(|rule| rule["actions"][0].clone()).collect();
        all_in(&set, "value", &groups);
    }
    let page = get(&sandbox, "/api/v2/help_center/incremental/articles?start_time=0").json();
    let sections = list(&sandbox, "/api/v2/help_center/sections", "sections");
    let section_ids = sections.iter().map(|section| plain(&section["id"])).collect();
    all_in(&records(&page, "articles"), "section_id", &section_ids);
    all_in(&sections, "category_id", &ids(&sandbox, "help_center/categories", "categories"));
    let page = get(&sandbox, "/api/v2/incremental/ticket_metric_events.json?start_time=0").json();
    let events = records(&page, "ticket_metric_events");
    let policies: Vec<Value> = events
        .iter()
        .filter(|event| event["type"] == "apply_sla")
        .map(|event| event["sla"]["policy"].clone())
        .collect();
    all_in(&policies, "id", &ids(&sandbox, "slas/policies", "sla_policies"));
}

#[test]
fn satisfaction_ratings_can_be_had_by_the_month() {
    let sandbox = sandbox(Options { records: 800, ..small() });
    let path = "/api/v2/satisfaction_ratings.json";
    let all = list(&sandbox, path, "satisfaction_ratings");
    let mut found = Vec::new();
    let month = 30 * 86_400;
    let last = sandbox.now() - 61;
    let mut start = sandbox.now() - 5 * month;
    while start <= last {
        let end = (start + month - 1).min(last);
        let target = format!("{path}?page[size]=100&start_time={start}&end_time={end}");
        let page = get(&sandbox, &target).json();
        assert_eq!(page["meta"]["has_more"], false);
        found.extend(records(&page, "satisfaction_ratings"));
        start = end + 1;
    }
    assert!(all.len() > 100 && all == found);
    let early = format!("{path}?page[size]=100&end_time={}", sandbox.now() - 60);
    assert_eq!(get(&sandbox, &early).status, 400);
}

#[test]
fn audits_are_the_ticket_events_and_metrics_those_of_the_sideload() {
    let sandbox = sandbox(Options { records: 150, ..small() });
    let id = |record: &Value| record["id"].as_u64().unwrap();
    let mut target =
        "/api/v2/incremental/ticket_events?start_time=0&support_type_scope=all".to_owned();
    let mut events = HashSet::new();
    loop {
        let page = get(&sandbox, &target).json();
        events.extend(records(&page, "ticket_events").iter().map(id));
        if page["end_of_stream"] == true {
            break;
        }
        target = local(&page["next_page"]);
    }
    let audits = list(&sandbox, "/api/v2/ticket_audits", "audits");
    assert!(audits.is_sorted_by_key(|audit| seconds(audit, "created_at")));
    let settled = |audit: &&Value| seconds(audit, "created_at") <= sandbox.now() - 60;
    let audits: HashSet<u64> = audits.iter().filter(settled).map(id).collect();
    // The list leaves out what AI agents handle, as the export does by default.
    assert!(audits.is_subset(&events) && audits.len() > events.len() * 4 / 5);

    let metrics = list(&sandbox, "/api/v2/ticket_metrics", "ticket_metrics");
    assert!(metrics.is_sorted_by_key(|metric| -seconds(metric, "created_at")));
    let target = "/api/v2/incremental/tickets/cursor?start_time=0&include=metric_sets";
    let page = get(&sandbox, target).json();
    let beside: HashSet<u64> = records(&page, "metric_sets").iter().map(id).collect();
    assert!(metrics.iter().filter(|metric| beside.contains(&id(metric))).count() > 100);
}

#[test]
fn a_list_is_what_there_is_now() {
    let sandbox = sandbox(Options { records: 500, ..small() });
    let before = list(&sandbox, "/api/v2/macros", "macros");
    sandbox.advance(std::time::Duration::from_secs(40 * 86_400));
    let after = list(&sandbox, "/api/v2/macros", "macros");
    assert_eq!(before.len(), after.len());
    assert_ne!(before, after, "some were touched");
}
