//! The rules of paging, read from recorded exchanges, held against the recordings themselves and
//! against what the sandbox serves.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{
    Options, Sandbox,
    testing::{Reply, frozen, get},
};

const RECORDINGS: &str = include_str!("../../tests/data/recorded-paging.jsonl");

fn recordings() -> Vec<Value> {
    RECORDINGS.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn is_cursor(url: &str) -> bool {
    url.contains("/cursor.json")
}

/// The path and query of a URL.
fn target(url: &str) -> &str {
    &url[url.find("/api/").unwrap()..]
}

fn parameter<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

fn per_page(url: &str) -> i64 {
    parameter(url, "per_page").map_or(1000, |size| size.parse().unwrap())
}

fn parameter_names(url: &str) -> Vec<&str> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name).collect()
}

/// The time that a recorded `[id, generated_timestamp, updated_at]` is sorted by.
fn time(record: &Value) -> i64 {
    record[1]
        .as_i64()
        .unwrap_or_else(|| text(&record[2]).parse::<jiff::Timestamp>().unwrap().as_second())
}

/// §4.1: the cursor is made of the last record.
fn check_cursor(url: &str, envelope: &Value, last: (i64, u64)) {
    let cursor = text(&envelope["after_cursor"]);
    let (ts, id) = last;
    assert_eq!(STANDARD.decode(cursor).unwrap(), format!("{ts}.0||{id}|").into_bytes());
    let escaped = cursor.replace('=', "%3D").replace('+', "%2B").replace('/', "%2F");
    let size = parameter(url, "per_page").map_or(String::new(), |size| format!("&per_page={size}"));
    let path = target(url).split('?').next().unwrap();
    let after_url = text(&envelope["after_url"]);
    assert_eq!(target(after_url), format!("{path}?cursor={escaped}{size}"));
    assert_eq!((&envelope["before_url"], &envelope["before_cursor"]), (&Value::Null, &Value::Null));
}

/// §4.2: a full page of one second ends a second later, all others at their last record.
fn check_end_time(url: &str, envelope: &Value, first: i64, last: i64, records: i64) {
    let full = records >= per_page(url);
    let end_time = if full && first == last { last + 1 } else { last };
    assert_eq!(envelope["end_time"], end_time);
    assert_eq!(envelope["count"], records);
    let size = parameter(url, "per_page").map_or(String::new(), |size| format!("per_page={size}&"));
    let path = target(url).split('?').next().unwrap();
    let next_page = text(&envelope["next_page"]);
    assert_eq!(target(next_page), format!("{path}?{size}start_time={end_time}"));
}

fn check_end_of_stream(url: &str, envelope: &Value, records: i64) {
    assert_eq!(envelope["end_of_stream"], records < per_page(url));
}

#[test]
fn there_are_recordings_of_all_four_exports() {
    let paths = ["tickets.json", "tickets/cursor.json", "users.json", "users/cursor.json"];
    for path in paths {
        let with_path = recordings().iter().filter(|r| text(&r["url"]).contains(path)).count();
        assert!(with_path > 0, "{path}");
    }
    assert_eq!(recordings().len(), 253);
}

#[test]
fn recorded_cursors_are_made_of_the_last_record() {
    for recording in recordings().iter().filter(|r| is_cursor(text(&r["url"]))) {
        let last = (time(&recording["last"]), recording["last"][0].as_u64().unwrap());
        check_cursor(text(&recording["url"]), &recording["envelope"], last);
    }
}

#[test]
fn recorded_end_times_follow_the_rule() {
    for recording in recordings().iter().filter(|r| !is_cursor(text(&r["url"]))) {
        check_end_time(
            text(&recording["url"]),
            &recording["envelope"],
            time(&recording["first"]),
            time(&recording["last"]),
            recording["records"].as_i64().unwrap(),
        );
    }
}

#[test]
fn recorded_streams_end_with_a_short_page() {
    for recording in recordings() {
        let records = recording["records"].as_i64().unwrap();
        check_end_of_stream(text(&recording["url"]), &recording["envelope"], records);
    }
}

/// The sandbox, asked as the recorded client asked, with its own positions.
struct Analogue {
    reply: Reply,
    url: String,
}

impl Analogue {
    fn of(sandbox: &Sandbox, recorded_url: &str) -> Self {
        let mut url = recorded_url.to_owned();
        if let Some(cursor) = parameter(recorded_url, "cursor") {
            let path = recorded_url.split('?').next().unwrap();
            let first = get(sandbox, target(&format!("{path}?per_page=1&start_time=0"))).json();
            let own = text(&first["after_cursor"]).replace('=', "%3D");
            url = url.replace(cursor, &own);
        }
        Self { reply: get(sandbox, target(&url)), url }
    }

    fn records(&self) -> Vec<(i64, u64)> {
        let page = self.reply.json();
        let records = page.as_object().unwrap().values().next().unwrap().clone();
        let position = |record: &Value| {
            let updated = || text(&record["updated_at"]).parse::<jiff::Timestamp>().unwrap();
            let ts = record["generated_timestamp"].as_i64();
            (ts.unwrap_or_else(|| updated().as_second()), record["id"].as_u64().unwrap())
        };
        records.as_array().unwrap().iter().map(position).collect()
    }
}

/// One recording for each form of request, with the sandbox's answer to the like.
fn analogues(check: impl Fn(&Value, &Analogue)) {
    let window = std::time::Duration::from_secs(3600);
    let options = Options { quota: Some(500), window, ..frozen() };
    let sandbox = Sandbox::start(options).unwrap();
    let mut forms = Vec::new();
    for recording in recordings() {
        let url = text(&recording["url"]);
        let path = target(url).split('?').next().unwrap().to_owned();
        let form = (path, parameter_names(url).join(","));
        if !forms.contains(&form) {
            check(&recording, &Analogue::of(&sandbox, url));
            forms.push(form);
        }
    }
    assert!(forms.len() >= 10, "{forms:?}");
}

#[test]
fn the_sandbox_has_the_recorded_members_in_their_order() {
    analogues(|recording, analogue| {
        let page = analogue.reply.json();
        let members: Vec<Value> =
            page.as_object().unwrap().keys().map(|name| name.as_str().into()).collect();
        assert_eq!(Value::Array(members), recording["members"], "{}", analogue.url);
    });
}

#[test]
fn the_sandbox_follows_the_recorded_rules() {
    analogues(|_, analogue| {
        let (page, url) = (analogue.reply.json(), analogue.url.as_str());
        let records = analogue.records();
        let (first, last) = (records[0], records[records.len() - 1]);
        let count = i64::try_from(records.len()).unwrap();
        check_end_of_stream(url, &page, count);
        if is_cursor(url) {
            assert!(records.is_sorted());
            check_cursor(url, &page, last);
        } else {
            check_end_time(url, &page, first.0, last.0, count);
        }
    });
}

#[test]
fn the_sandbox_has_the_recorded_headers() {
    analogues(|recording, analogue| {
        for (name, value) in recording["headers"].as_object().unwrap() {
            let name =
                name.replacen("rate-limit", "ratelimit", usize::from(!name.starts_with('x')));
            let name = if name == "ratelimit" { "ratelimit-limit".to_owned() } else { name };
            let own = analogue.reply.header(&name);
            let own = own.unwrap_or_else(|| panic!("{name} is missing"));
            if matches!(name.as_str(), "content-type" | "content-encoding" | "transfer-encoding") {
                assert_eq!(own, text(value));
            }
        }
    });
}

#[test]
fn the_sandbox_names_the_parameters_in_the_recorded_order() {
    analogues(|recording, analogue| {
        let next = |envelope: &Value| {
            let url = envelope.get("after_url").unwrap_or(&envelope["next_page"]);
            parameter_names(text(url)).join(",")
        };
        assert_eq!(next(&recording["envelope"]), next(&analogue.reply.json()));
    });
}

#[test]
fn records_have_their_members_in_the_recorded_order() {
    let ticket = "url,id,external_id,via,created_at,updated_at,type,subject,raw_subject,description,\
        priority,status,recipient,requester_id,submitter_id,assignee_id,organization_id,group_id,\
        collaborator_ids,follower_ids,email_cc_ids,forum_topic_id,problem_id,has_incidents,\
        is_public,due_at,tags,custom_fields,satisfaction_rating,sharing_agreement_ids,\
        custom_status_id,fields,followup_ids,ticket_form_id,brand_id,allow_channelback,\
        allow_attachments,from_messaging_channel,generated_timestamp";
    let user = "id,url,name,email,created_at,updated_at,time_zone,iana_time_zone,phone,\
        shared_phone_number,photo,locale_id,locale,organization_id,role,verified,external_id,tags,\
        alias,active,shared,shared_agent,last_login_at,two_factor_auth_enabled,signature,details,\
        notes,role_type,custom_role_id,moderator,ticket_restriction,only_private_comments,\
        restricted_agent,suspended,default_group_id,report_csv,user_fields";
    let sandbox = Sandbox::start(Options { records: 60, ..frozen() }).unwrap();
    for (resource, members) in [("tickets", ticket), ("users", user)] {
        let page = get(&sandbox, &format!("/api/v2/incremental/{resource}?start_time=0")).json();
        for record in page[resource].as_array().unwrap() {
            let own: Vec<&str> = record.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(own.join(","), members);
        }
    }
}
