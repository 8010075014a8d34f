//! The commands beside the export, and what a run says about itself.

use crate::harness::{ALL, LISTS, ORGANIZATIONS, Place, Still, TICKETS, USERS, get};
use serde_json::Value;
use zdx::sandbox::Fault;

#[test]
fn a_sample_is_one_page_of_at_most_fifty_records() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("sample tickets --since @0").run();
    run.exit(0).stderr_has(", a sample only").stderr_lacks("as asked");
    let first = get(&still.sandbox, "/api/v2/incremental/tickets/sample.json?start_time=0");
    let first: Value = serde_json::from_slice(&first).unwrap();
    let ids: Vec<Value> =
        first["tickets"].as_array().unwrap().iter().map(|t| t["id"].clone()).collect();
    let lines = run.exit(0).lines();
    let found: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone())
        .collect();
    assert_eq!(found, ids);
    assert_eq!(found.len(), 50);
    assert_eq!(place.state_bytes(), "");
}

#[test]
fn each_resource_with_a_sample_endpoint_has_a_sample() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    for resource in ["tickets", "ticket_events", "users", "organizations"] {
        let run = place.zdx("sample --since @0").arg(resource).run();
        assert!(!run.exit(0).lines().is_empty(), "{resource}");
    }
    for resource in ["articles", "ticket_metric_events"] {
        place.zdx("sample --since @0").arg(resource).run().refused(2, "no sample");
    }
    place.zdx("sample tickest").run().refused(2, "did you mean \"tickets\"");
    place.zdx("sample tickets --since 2099-01-01").run().refused(2, "future");
}

#[test]
fn resources_are_listed_without_an_account() {
    let place = Place::new();
    let run = place.zdx("resources").run();
    run.exit(0);
    assert!(run.lines().iter().all(|line| line.len() <= 80), "{}", run.transcript());
    for line in ALL.iter().chain(&LISTS) {
        run.stdout_has(&format!("\n{line}"));
    }
    run.stdout_has("  exports: 10 requests a minute (30 with High Volume)\n    tickets, ");
    run.stdout_has(
        "  users_cursor: 20 requests a minute (60 with High Volume)\n    users by cursor\n",
    );
    let run = place.zdx("resources --json").run();
    let found: Value = serde_json::from_str(&run.exit(0).text()).unwrap();
    let rows = found["resources"].as_array().unwrap();
    assert_eq!(rows.len(), ALL.len() + 1 + LISTS.len());
    assert_eq!(rows[0]["resource"], "tickets");
    assert_eq!(rows[0]["pagination"], serde_json::json!(["cursor", "time"]));
    for row in rows {
        assert!(row["record_key"].is_string() && row["sideloads"].is_array(), "{row}");
        let list = LISTS.iter().any(|name| row["resource"] == *name);
        assert_eq!(row["kind"], if list { "list" } else { "incremental" }, "{row}");
        assert_eq!((row["row_key"].is_string(), row["change_time"].is_null()), (list, list));
    }
    let users = serde_json::json!({"cursor": "users_cursor", "time": "exports"});
    assert_eq!(rows[2]["quota"], users);
}

#[test]
fn help_and_version_are_no_errors() {
    let place = Place::new();
    for words in
        ["--help", "-h", "export --help", "sample --help", "sandbox --help", "resources -h"]
    {
        place.zdx(words).run().exit(0).stdout_has("Usage:");
    }
    place.zdx("--version").run().exit(0).stdout_has("zdx 0.");
}

#[test]
fn completions_are_printed_for_every_shell() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        place.zdx("completions").arg(shell).run().exit(0).stdout_has("zdx").stdout_has("COMPLETE");
    }
    place.zdx("completions tcsh").run().refused(2, "tcsh");
}

#[test]
fn the_summary_for_programs_is_the_last_line() {
    let still = Still::of(&[TICKETS, USERS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export tickets users --since @0 -o out/ --summary json").run();
    let summary = run.exit(0).summary();
    assert_eq!(summary["exit"], 0);
    let [tickets, users] = summary["resources"].as_array().unwrap().as_slice() else {
        panic!("{summary}");
    };
    for (found, export) in [(tickets, TICKETS), (users, USERS)] {
        assert_eq!(found["resource"], export.resource);
        assert_eq!(found["records"], still.records(export).len());
        assert_eq!(found["bytes"], still.ndjson(export).len());
        assert_eq!(found["pages"], 1);
        assert_eq!(found["requests"], 1);
        assert_eq!(found["duplicates"], 0);
        assert_eq!(found["complete"], true);
        assert_eq!(found["exit"], 0);
        assert!(found["through"].is_string() && found["waited"].is_object(), "{found}");
        assert!(found["deleted"].is_u64(), "{found}");
        assert_eq!(found["page_sizes"], serde_json::json!({"1000": 1}));
        assert_eq!(found["position"]["pagination"], "cursor");
        let saved = place.saved(export.resource);
        assert!(saved["cursor"].is_string());
        assert_eq!(found["position"]["cursor"], saved["cursor"]);
    }
}

#[test]
fn the_summary_for_programs_tells_page_sizes_and_the_position_by_time() {
    let still = Still::of(&[ORGANIZATIONS]);
    still.sandbox.inject(Fault::Timeout, 2);
    let place = Place::of(&still.sandbox);
    let words = "export organizations --since @0 --per-page 4 -o o.ndjson --summary json -q";
    let run = place.zdx(words).run();
    let found = run.exit(0).summary()["resources"][0].clone();
    assert_eq!(found["page_sizes"]["4"], 1, "{found}");
    assert!(found["page_sizes"]["2"].as_u64().is_some_and(|pages| pages > 0), "{found}");
    let counted: u64 =
        found["page_sizes"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(found["pages"], counted);
    assert_eq!(found["position"]["pagination"], "time");
    assert_eq!(found["position"]["end_time"], place.saved("organizations")["end_time"]);
    assert!(found["waited"]["quota"].is_number() && found["waited"]["retry"].is_number());
}

#[test]
fn the_summary_of_a_run_that_fails_tells_where_it_stands() {
    let still = Still::of(&[TICKETS]);
    still.sandbox.when(|_| Some(Fault::ServerError));
    let place = Place::of(&still.sandbox);
    let words = "export tickets --since @86400 --retry-for 0s --summary json";
    let summary = place.zdx(words).run().exit(5).summary();
    let found = &summary["resources"][0];
    assert_eq!((&summary["exit"], &found["exit"]), (&5.into(), &5.into()));
    assert_eq!(found["position"]["start_time"], 86_400);
    assert_eq!(found["page_sizes"], serde_json::json!({}));
}

#[test]
fn quiet_prints_errors_only() {
    let still = Still::of(&[ORGANIZATIONS]);
    let place = Place::of(&still.sandbox).with_api_token();
    let run = place.zdx("export organizations --since @0 --no-state -q").run();
    assert_eq!(run.exit(0).stderr(), "");
    let run = place.zdx("export organizations -q --no-state").run();
    run.refused(2, "--since");
}

#[test]
fn no_summary_is_no_last_line() {
    let still = Still::of(&[ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export organizations --since @0 --no-state --summary none").run();
    run.exit(0).stderr_lacks("caught up").stderr_counts("\n", 1);
}

#[test]
fn the_log_for_programs_is_json_line_by_line() {
    let still = Still::of(&[ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export organizations --since @0 --no-state -vv --log-format json").run();
    run.exit(0);
    for line in run.stderr().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert!(event["level"].is_string() && event["message"].is_string(), "{line}");
    }
    let run = place.zdx("export organizations --log-format json --no-state").run();
    let line: Value = serde_json::from_str(run.exit(2).stderr().lines().next().unwrap()).unwrap();
    assert_eq!(line["level"], "error");
}

#[test]
fn verbose_tells_of_each_request_but_not_of_credentials() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox).with_api_token();
    let run = place.zdx("export tickets --since @0 --no-state --per-page 25 -vvv").run();
    run.exit(0).stderr_counts("GET /api/v2/incremental/tickets/cursor.json?", 3);
    run.stderr_lacks("Basic ").stderr_lacks("Authorization");
}

#[test]
fn a_run_that_ends_before_its_first_request_has_a_last_line_for_programs_too() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.put("bad.toml", "nonsense = 1\n");
    let words = "export tickets -o t.ndjson --summary json -q";
    let is_empty = |summary: &Value, exit: i32, error: &str| {
        assert_eq!(summary["resources"], serde_json::json!([]), "{summary}");
        assert_eq!(summary["exit"], exit, "{summary}");
        assert!(summary["error"].as_str().unwrap().contains(error), "{summary}");
    };
    for (exit, more, error) in [
        (2, "", "nothing says where to start"),
        (2, "--since soon", "--since"),
        (3, "--since 2h --config bad.toml", "unknown key \"nonsense\""),
    ] {
        let run = place.zdx(&format!("{words} {more}")).run();
        is_empty(&run.exit(exit).summary(), exit, error);
    }
    let run = place.zdx(&format!("{words} --since 2h")).env("ZENDESK_OAUTH_TOKEN", "").run();
    is_empty(&run.exit(4).stderr_has("no credentials").summary(), 4, "no credentials");
    let run = place.zdx("export all -o out/ --since 2h --summary json");
    still.sandbox.when(|_| Some(Fault::Forbidden));
    assert_eq!(run.run().exit(4).summary()["exit"], 4);
    place.zdx("export tickets -q --summary none").run().exit(2).stderr_lacks("{\"resources\"");
}

#[test]
fn a_run_that_finds_its_state_held_has_a_last_line_for_programs_too() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let lock = std::fs::File::create(place.path("s.json.lock")).unwrap();
    lock.lock().unwrap();
    let words = "export tickets --since @0 -o t.ndjson --state s.json --summary json";
    let summary = place.zdx(words).run().exit(11).summary();
    assert_eq!((&summary["resources"], &summary["exit"]), (&serde_json::json!([]), &11.into()));
    assert!(summary["error"].as_str().unwrap().contains("s.json"), "{summary}");
}

#[test]
fn what_cannot_be_parsed_is_told_in_the_log_for_programs() {
    let place = Place::new();
    for (words, says) in [
        ("export tickets --log-format json --bad", "unknown flag --bad"),
        ("export --log-format=json", "RESOURCE is missing"),
        ("--log-format json exprot", "unknown command \"exprot\": did you mean export?"),
        ("--log-format json state", "a command is missing"),
        ("--log-format json", "a command is missing"),
        ("export tickets --log-format json --per-page 0", "--per-page \"0\" cannot be used"),
    ] {
        let run = place.zdx(words).run();
        let stderr = run.exit(2).stderr().to_owned();
        let lines: Vec<Value> =
            stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for line in &lines {
            assert_eq!(line["level"], "error");
            assert!(line["time"].is_string() && line["resource"].is_null(), "{line}");
        }
        assert!(lines[0]["message"].as_str().unwrap().contains(says), "{stderr}");
        // What follows is what to do about it.
        let hint = |line: &Value| line["message"].as_str().unwrap().starts_with("hint: ");
        assert!(lines[1..].iter().all(hint), "{stderr}");
    }
    place.zdx("--log-format json --help").run().exit(0).stdout_has("Usage:");
    place.zdx("export --bad").run().exit(2).stderr_has("zdx: unknown flag --bad\n");
}
