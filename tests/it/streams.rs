//! What is peculiar to the streams beside those of Support's own: how each is named, asked and ended.
//! What all have in common is tested with the others, endpoint by endpoint.

use crate::{
    harness::{
        ALL, APPLIANCES, ATTRIBUTES, METRIC_EVENTS, METRIC_EVENTS_LISTED, Place, Still, ndjson,
        small,
    },
    server::{Reply, Request, Server},
};
use serde_json::{Value, json};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};
use zdx::sandbox::{Fault, Sandbox};

fn sandbox() -> Sandbox {
    Sandbox::start(small()).expect("a sandbox")
}

#[test]
fn a_custom_object_is_custom_objects_key_but_in_names_of_files() {
    let still = Still::of(&[APPLIANCES]);
    let place = Place::of(&still.sandbox);
    place.zdx("export Custom-Objects:appliance --since @0 -o out/").run().exit(0);
    assert_eq!(place.file("out/custom_objects-appliance.ndjson"), still.ndjson(APPLIANCES));
    assert_eq!(place.saved("custom_objects:appliance")["pagination"], "cursor");
    let run = place.zdx("export custom_objects:appliance -o out/").run();
    run.exit(0).stderr_has("zdx: custom_objects:appliance: nothing new");
    let run = place.zdx("export custom_objects:appliance tickets --since 2h -o x/{resource}.gz");
    run.arg("--dry-run").run().exit(2);
    place.zdx("state show").run().exit(0).stdout_has("custom_objects:appliance");
    place.zdx("state reset custom_objects:appliance").run().exit(0);
    assert_eq!(place.saved("custom_objects:appliance"), Value::Null);
    let envelope = "export custom_objects:service_visit users --since @0 --no-state --envelope";
    let run = place.zdx(envelope).run();
    run.exit(0).stdout_has("{\"resource\":\"custom_objects:service_visit\",\"record\":{");
}

#[test]
fn deleted_records_of_a_custom_object_are_left_out_by_a_parameter_of_its_own() {
    let still = Still::of(&[APPLIANCES]);
    let place = Place::of(&still.sandbox);
    let deleted = |record: &String| record.contains("[DELETED]");
    let kept: Vec<String> =
        still.records(APPLIANCES).iter().filter(|record| !deleted(record)).cloned().collect();
    let words = "export custom_objects:appliance --since @0 --no-state --exclude-deleted";
    place.zdx(words).run().exit(0).stdout(&ndjson(&kept));
    let requests = still.sandbox.requests();
    let asks = |query: &str| query.ends_with("&filter[exclude_deleted]=true");
    assert!(requests.iter().all(|seen| asks(&seen.query)), "{requests:?}");
}

#[test]
fn a_key_that_no_path_could_carry_is_refused_before_any_request() {
    let sandbox = sandbox();
    let place = Place::of(&sandbox);
    for typed in ["custom_objects:", "custom_objects:a/b", "custom_objects:..", "custom_objects:a?"]
    {
        for command in ["export", "check", "state reset"] {
            let run = place.zdx(command).arg(typed).run();
            run.refused(2, "is no key of a custom object");
        }
    }
    assert!(sandbox.requests().is_empty() && place.names().is_empty());
}

#[test]
fn a_key_that_the_account_does_not_have_is_told_with_those_that_it_has() {
    let sandbox = sandbox();
    let place = Place::of(&sandbox);
    let run = place.zdx("export custom_objects:apliance --since 2h -o a.ndjson").run();
    run.exit(6)
        .stderr_has("zdx: custom_objects:apliance: Zendesk refuses the request (404): ")
        .stderr_has("RecordNotFound")
        .stderr_lacks("subdomain")
        .stderr_has("the account has custom_objects:appliance, custom_objects:service_visit");
    let both =
        "export custom_objects:apliance custom_objects:appliance --since 2h --no-state -o o/";
    place.zdx(both).run().exit(8);
}

#[test]
fn a_custom_object_has_settings_of_its_own() {
    let still = Still::of(&[APPLIANCES]);
    let place = Place::of(&still.sandbox);
    place.put(
        "c.toml",
        "[defaults]\nstart = '1h'\n[defaults.\"custom_objects:appliance\"]\nstart = '@0'\n\
         per_page = 5\nexclude_deleted = true\n",
    );
    let words = "export custom_objects:appliance --config c.toml -o a.ndjson";
    place.zdx(words).run().exit(0).stderr_has("start = \"@0\"");
    let queries: Vec<String> =
        still.sandbox.requests().into_iter().map(|seen| seen.query).collect();
    assert!(queries.iter().all(|query| query.contains("per_page=5")), "{queries:?}");
    assert!(queries.iter().all(|query| query.contains("exclude_deleted")), "{queries:?}");
    let run = place.zdx("config show --config c.toml").run();
    run.exit(0).stdout_has("custom_objects:appliance.per_page");
}

#[test]
fn metric_events_by_list_go_on_with_what_was_saved_by_time_and_the_other_way_round() {
    let still = Still::of(&[METRIC_EVENTS, METRIC_EVENTS_LISTED]);
    let place = Place::of(&still.sandbox);
    let words = "export ticket_metric_events -o m.ndjson";
    place.zdx(&format!("{words} --since @0 --max-pages 1")).run().exit(0);
    assert_eq!(place.saved("ticket_metric_events")["pagination"], "time");
    // In the middle of a list, too.
    place.zdx(&format!("{words} --pagination cursor --max-pages 2")).run().exit(0);
    let saved = place.saved("ticket_metric_events");
    assert!(saved["end_time"].is_i64() && saved.get("cursor").is_none(), "{saved}");
    place.zdx(&format!("{words} --max-pages 1")).run().exit(0);
    place.zdx(&format!("{words} --pagination cursor --per-page 30")).run().exit(0);
    place.zdx(words).run().exit(0).stderr_has(" nothing new, ");
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&place.file("m.ndjson")), sorted(&still.ndjson(METRIC_EVENTS)));
    let queries: Vec<String> =
        still.sandbox.requests().into_iter().map(|seen| seen.query).collect();
    assert!(queries.iter().any(|query| query.contains("page[after]=")), "{queries:?}");
    assert!(queries.iter().all(|query| query.contains("start_time=")), "{queries:?}");
}

#[test]
fn a_page_size_of_metric_events_is_cut_to_a_hundred_and_halved_at_a_504() {
    let still = Still::of(&[METRIC_EVENTS_LISTED]);
    let place = Place::of(&still.sandbox);
    let words = "export ticket_metric_events --since @0 --pagination cursor --no-state";
    let run = place.zdx(&format!("{words} --per-page 1000")).run();
    run.exit(0).stdout(&still.ndjson(METRIC_EVENTS_LISTED));
    assert!(still.sandbox.requests().iter().all(|seen| seen.per_page == Some(100)));
    let before = still.sandbox.requests().len();
    still.sandbox.inject(Fault::Timeout, 2);
    place.zdx(words).run().exit(0).stdout(&still.ndjson(METRIC_EVENTS_LISTED));
    let sizes: Vec<_> =
        still.sandbox.requests()[before..].iter().map(|seen| seen.per_page).collect();
    assert!(sizes.contains(&Some(50)), "{sizes:?}");
    for refused in ["--per-page 50", "--pagination cursor --per-page 50 --on-overflow skip-second"]
    {
        let words = format!("export ticket_metric_events --since @0 --no-state {refused}");
        place.zdx(&words).run().exit(2);
    }
}

#[test]
fn changes_of_metric_events_are_asked_for_by_a_parameter_of_their_own() {
    let place = Place::at("http://127.0.0.1:9");
    let words = "export ticket_metric_events --since 2h --include changes --dry-run";
    for (pagination, asked) in
        [("time", "&include_changes=true"), ("cursor", "&include_changes=true")]
    {
        let run = place.zdx(&format!("{words} --pagination {pagination}")).run();
        run.exit(0).stdout_has(asked);
        assert!(!run.text().contains("include="), "{}", run.transcript());
    }
    place.put("c.toml", "[defaults.ticket_metric_events]\ninclude = ['changes']\n");
    let run = place.zdx("export ticket_metric_events --since 2h --dry-run --config c.toml").run();
    run.exit(0).stdout_has("include_changes=true");
}

/// A cursor that is good inside a run alone may go bad there: the walk goes on by time.
#[test]
fn a_list_whose_cursor_is_refused_is_walked_again_from_the_position() {
    let page = |ids: std::ops::Range<i64>, more: bool| {
        let record = |id: i64| json!({"id": id, "time": "2026-11-01T00:00:00Z", "n": id});
        let records: Vec<Value> = ids.map(record).collect();
        json!({"ticket_metric_events": records, "meta": {"has_more": more, "after_cursor": "abc"}})
    };
    let refused = Arc::new(AtomicBool::new(false));
    let server = Server::answering(move |_, request: &Request| {
        let inside = request.line.contains("page[after]=abc");
        Some(if !inside {
            Reply::ok(page(0..3, true).to_string())
        } else if refused.swap(true, Ordering::SeqCst) {
            Reply::ok(page(3..6, false).to_string())
        } else {
            let body = r#"{"error":"InvalidPaginationParameter","description":"page[after] is not valid"}"#;
            Reply::status("400 Bad Request", &[("Date", &crate::server::now())], body)
        })
    });
    let place = Place::at(&server.url());
    let words = "export ticket_metric_events --pagination cursor --since 2026-10-01 -o m.ndjson";
    place.zdx(words).run().exit(0);
    assert_eq!(place.file("m.ndjson").lines().count(), 6);
}

#[test]
fn routing_has_no_start_and_says_so() {
    let still = Still::of(&[ATTRIBUTES]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export routing_attributes routing_instance_values --since 2h").run();
    run.refused(2, "none of them takes --since").stderr_has("--since is for tickets, ");
    place.zdx("export routing_attributes --since 2h").run().refused(2, "does not take --since");
    let run = place.zdx("export routing_attributes tickets --since 2h -o out/").run();
    run.exit(0)
        .stderr_has("zdx: routing_attributes: goes without --since, which it does not take")
        .stderr_has("routing_attributes: from the beginning (it has no other start) to ");
    assert_eq!(place.file("out/routing_attributes.ndjson"), still.ndjson(ATTRIBUTES));
    let run = place.zdx("export routing_attributes -o out/").run();
    run.exit(0).stderr_has(" nothing new, ");
    let asked = still.sandbox.requests().into_iter().filter(|seen| seen.path.contains("routing"));
    let queries: Vec<String> = asked.map(|seen| seen.query).collect();
    assert_eq!(queries[0], "");
    assert!(queries[1..].iter().any(|query| query.starts_with("cursor=")), "{queries:?}");
    let run = place.zdx("state set routing_attributes --since 2h").run();
    run.refused(2, "has no start");
}

/// The requests for the list of custom objects.
fn asked_for_objects(sandbox: &Sandbox) -> usize {
    let requests = sandbox.requests();
    requests.iter().filter(|seen| seen.path == "/api/v2/custom_objects").count()
}

#[test]
fn all_means_the_streams_and_every_custom_object_that_the_account_has() {
    let still = Still::of(&[APPLIANCES]);
    let place = Place::of(&still.sandbox).oauth_client();
    place.zdx("export all --since @0 -o out/").run().exit(0);
    assert_eq!(place.file("out/custom_objects-appliance.ndjson"), still.ndjson(APPLIANCES));
    for name in
        ALL.iter().map(|name| (*name).to_owned()).chain(["custom_objects-service_visit".to_owned()])
    {
        assert!(place.path(&format!("out/{name}.ndjson")).exists(), "{name}");
    }
    assert_eq!(asked_for_objects(&still.sandbox), 1);
    let mints = still.sandbox.requests().iter().filter(|seen| seen.path == "/oauth/tokens").count();
    assert_eq!(mints, 1, "the token that was minted to ask is used");
    let run = place.zdx("export all -o out/ --dry-run").run();
    run.exit(0)
        .stderr_has("of custom objects, those of the state: a dry run does not ask")
        .stdout_has("custom_objects:service_visit: would send GET ");
    assert_eq!(asked_for_objects(&still.sandbox), 1);
    // Where the profile says what it means, nobody is asked.
    place.put("c.toml", "[defaults]\nresources = ['tickets', 'custom_objects:appliance']\n");
    place.zdx("export all -o out/ --config c.toml").run().exit(0);
    assert_eq!(asked_for_objects(&still.sandbox), 1);
}

#[test]
fn all_with_a_start_begins_some_and_goes_on_with_the_others() {
    let sandbox = sandbox();
    let place = Place::of(&sandbox);
    place.zdx("export tickets organizations --since @0 -o out/").run().exit(0);
    let run = place.zdx("export all -o out/").run();
    run.exit(0)
        .stderr_has("left out, nothing says where to start: `zdx export ticket_events users ")
        .stderr_has("custom_objects:service_visit --since 30d -o out/`")
        .stderr_has("zdx: tickets, organizations: go on from ");
    assert!(!place.path("out/users.ndjson").exists());
    let run = place.zdx("export all --since 2h -o out/").run();
    run.exit(0)
        .stderr_has("zdx: tickets, organizations, routing_attributes, ")
        .stderr_has("go on from ")
        .stderr_has(", a new series saved in ")
        .stderr_lacks("one-off")
        .stderr_lacks("left out");
    assert_eq!(place.saved("users")["pagination"], "cursor");
    place.zdx("export all --since 2h -o out/").run().exit(0).stderr_lacks("a new series");
    // Nobody has any.
    let place = Place::of(&sandbox);
    place.zdx("export all -o out/").run().refused(2, "nothing says where to start");
}

#[test]
fn a_product_that_is_absent_is_left_out_of_all_aloud_unless_it_was_there() {
    let sandbox = sandbox();
    let absent = Arc::new(AtomicBool::new(true));
    sandbox.when({
        let absent = Arc::clone(&absent);
        move |seen| {
            let gone = absent.load(Ordering::SeqCst) && seen.path.contains("/chat/");
            gone.then_some(Fault::NotFound)
        }
    });
    let place = Place::of(&sandbox);
    for _ in 0..2 {
        let run = place.zdx("export all --since @0 -o out/").run();
        run.exit(0).stderr_has("zdx: chats: warning: left out, the account cannot read it: ");
    }
    absent.store(false, Ordering::SeqCst);
    place.zdx("export all -o out/").run().exit(0);
    assert!(!place.file("out/chats.ndjson").is_empty());
    absent.store(true, Ordering::SeqCst);
    place.zdx("export all -o out/ -q").run().exit(8).stderr_has("chats");
    place.zdx("export chats -o out/ -q").run().exit(6).stderr_has("404");
}

#[test]
fn an_account_that_tells_of_no_custom_objects_is_exported_without_them() {
    let sandbox = sandbox();
    let fault = Arc::new(Mutex::new(Some(Fault::ServerError)));
    sandbox.when({
        let fault = Arc::clone(&fault);
        move |seen| {
            let fault = &mut *fault.lock().expect("no thread has panicked");
            (seen.path == "/api/v2/custom_objects").then(|| fault.take()).flatten()
        }
    });
    let place = Place::of(&sandbox);
    let run = place.zdx("export all --since 2h -o out/").run();
    run.exit(0).stderr_has("which custom objects there are: Zendesk answered 500");
    assert_eq!(asked_for_objects(&sandbox), 2);
    for refused in [Fault::Forbidden, Fault::NotFound] {
        *fault.lock().unwrap() = Some(refused);
        let run = place.zdx("export all -o out/").run();
        run.exit(0).stderr_has("custom objects are left out, the account tells of none: ");
        // Those that were exported before are gone on with.
        assert!(run.stderr().contains("custom_objects:appliance"), "{}", run.transcript());
    }
    *fault.lock().unwrap() = Some(Fault::Unauthorized);
    place.zdx("export all -o out/").run().exit(4).stderr_has("401");
}
