//! `zdx state`: looking at the saved positions and changing them, without network or credentials.

use crate::harness::{
    ORGANIZATIONS, Place, Still, TICKETS, TICKETS_BY_TIME, eventually, ndjson, small,
};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt as _};
use zdx::sandbox::{Fault, Options};

/// Caught up with tickets, and without credentials from then on.
fn caught_up() -> (Still, Place) {
    let still = Still::of(&[TICKETS, ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets organizations --since @0 -o out/").run().exit(0);
    (still, place.with("ZENDESK_OAUTH_TOKEN", ""))
}

/// The backups beside the state, oldest first.
fn backups(place: &Place) -> Vec<String> {
    let dir = place.state().parent().unwrap().to_owned();
    let names = fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path());
    let mut names: Vec<_> =
        names.filter(|path| path.extension().is_some_and(|e| e == "bak")).collect();
    names.sort();
    for path in &names {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    names.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// The change times of an endpoint's records.
fn times(records: &[String]) -> Vec<i64> {
    let time = |record: &String| {
        let record: Value = serde_json::from_str(record).unwrap();
        record["generated_timestamp"].as_i64().unwrap()
    };
    records.iter().map(time).collect()
}

#[test]
fn positions_are_shown_in_words_without_network_or_credentials() {
    let (still, place) = caught_up();
    let requests = still.sandbox.requests().len();
    let run = place.zdx("state show").run();
    assert_eq!(run.exit(0).stderr(), "");
    run.stdout_has(&format!("{}\n", place.state().display()));
    let tickets = place.path("out/tickets.ndjson").display().to_string();
    run.stdout_has("\ntickets\n").stdout_has("\norganizations\n").stdout_has(" ago\n");
    run.stdout_has("  position  a cursor").stdout_has("  position  by time, at ");
    run.stdout_has(&format!("  output    {tickets}, ")).stdout_has(" bytes committed\n");
    let through = place.saved("tickets")["through"].as_str().unwrap().to_owned();
    run.stdout_has(&format!("  through   {through}, "));
    assert_eq!(still.sandbox.requests().len(), requests);
}

#[test]
fn positions_are_shown_to_programs() {
    let (_still, place) = caught_up();
    let run = place.zdx("state show --json").run();
    let text = run.exit(0).text();
    assert_eq!(text.lines().count(), 1);
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shown["account"], "sandbox");
    assert_eq!(shown["state"], place.state().to_str().unwrap());
    let rows = shown["resources"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        let name = row["resource"].as_str().unwrap();
        let saved = place.saved(name);
        assert_eq!(row["pagination"], saved["pagination"]);
        assert_eq!(row["through"], saved["through"]);
        assert_eq!(row["saved_at"], saved["saved_at"]);
        assert_eq!(row["output"], saved["output"]["path"]);
        assert_eq!(row["committed"], saved["output"]["committed"]);
        assert!(row["lag_seconds"].is_u64(), "{row}");
    }
}

#[test]
fn no_state_is_shown_as_none() {
    let place = Place::new().with("ZENDESK_SUBDOMAIN", "acme");
    place.zdx("state show").run().exit(0).stdout_has("no positions are saved");
    let shown = place.zdx("state show --json").run();
    let shown: Value = serde_json::from_str(&shown.exit(0).text()).unwrap();
    assert_eq!(shown["resources"], json!([]));
    assert!(!place.state().exists());
    assert!(!place.state().parent().unwrap().exists());
}

#[test]
fn a_series_not_yet_begun_and_one_on_stdout_are_shown() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox).keeping();
    still.sandbox.when(|_| Some(Fault::Forbidden));
    place.zdx("export tickets --since 2026-01-02").run().exit(4);
    let run = place.zdx("state show").run();
    run.exit(0).stdout_has("not yet begun, starts at 2026-01-02T00:00:00Z").stdout_has("stdout");
}

#[test]
fn the_path_is_where_the_export_saves() {
    let (_still, place) = caught_up();
    place.zdx("state path").run().exit(0).stdout(&format!("{}\n", place.state().display()));
    let work = place.path("").canonicalize().unwrap();
    let at = |name: &str| format!("{}\n", work.join(name).display());
    place.zdx("state path --state s.json").run().exit(0).stdout(&at("s.json"));
    place.zdx("state path").env("ZDX_STATE", "e.json").run().exit(0).stdout(&at("e.json"));
    Place::new().zdx("state path").run().refused(2, "ZENDESK_SUBDOMAIN");
}

#[test]
fn a_damaged_state_is_not_shown_and_not_changed() {
    let (_still, place) = caught_up();
    let whole = place.state_bytes();
    let newer = whole.replace("\"version\": 2", "\"version\": 3");
    assert_ne!(newer, whole);
    for bad in [&whole[..whole.len() / 2], "", "{}", &newer] {
        fs::remove_file(place.state()).unwrap();
        place.put("bad.json", bad);
        fs::copy(place.path("bad.json"), place.state()).unwrap();
        for words in ["show", "show --json", "set tickets --since 2h", "reset tickets"] {
            let run = place.zdx(&format!("state {words}")).run();
            run.exit(3).stderr_has("sandbox.json");
            run.holds(run.text().is_empty() != words.contains("--json"), "stdout");
            assert_eq!(place.state_bytes(), bad, "{words}");
        }
    }
    assert!(backups(&place).is_empty());
}

#[test]
fn a_position_that_is_set_is_gone_on_from_into_the_same_output() {
    let (still, place) = caught_up();
    let records = still.records(TICKETS);
    let all = times(records);
    let start = all[all.len() / 2];
    let before = place.state_bytes();
    let organizations = place.saved("organizations");
    let run = place.zdx(&format!("state set tickets --since @{start}")).run();
    run.exit(0).stdout("").stderr_has("the old state is kept in ").stderr_has(".bak");
    assert_eq!(backups(&place), [before]);
    assert_eq!(place.saved("organizations"), organizations);
    let place = place.with("ZENDESK_OAUTH_TOKEN", zdx::sandbox::OAUTH_TOKEN);
    place.zdx("export tickets -o out/").run().exit(0).stderr_lacks("discarded");
    let again: Vec<String> =
        records.iter().zip(&all).filter(|(_, at)| **at >= start).map(|(r, _)| r.clone()).collect();
    assert!(again.len() < records.len());
    let both = format!("{}{}", still.ndjson(TICKETS), ndjson(&again));
    assert_eq!(place.file("out/tickets.ndjson"), both);
    place.zdx("export tickets -o out/").run().exit(0).stderr_has(" nothing new, ");
    assert_eq!(place.file("out/tickets.ndjson"), both);
}

#[test]
fn a_position_by_time_stays_one_by_time() {
    let still = Still::of(&[TICKETS_BY_TIME]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --pagination time --since @0 -o t.ndjson").run().exit(0);
    place.zdx("state set tickets --since @0").run().exit(0);
    assert_eq!(place.saved("tickets")["pagination"], "time");
    place.zdx("export tickets -o t.ndjson").run().exit(0);
    let once = still.ndjson(TICKETS_BY_TIME);
    assert_eq!(place.file("t.ndjson"), format!("{once}{once}"));
}

#[test]
fn each_change_keeps_a_backup_of_its_own() {
    let (_still, place) = caught_up();
    let mut states = Vec::new();
    for words in ["set tickets --since 3d", "set tickets -s 2d", "reset tickets"] {
        states.push(place.state_bytes());
        place.zdx(&format!("state {words}")).run().exit(0);
    }
    let mut kept = backups(&place);
    kept.sort();
    states.sort();
    assert_eq!(kept, states);
}

#[test]
fn a_set_without_a_saved_position_is_refused() {
    let place = Place::new().with("ZENDESK_SUBDOMAIN", "acme");
    for words in ["set tickets --since 2h", "reset tickets"] {
        place.zdx(&format!("state {words}")).run().refused(2, "no position of tickets");
        assert!(!place.state().exists());
    }
    let (_still, place) = caught_up();
    let before = place.state_bytes();
    for words in ["set users --since 2h", "reset users"] {
        place.zdx(&format!("state {words}")).run().refused(2, "no position of users");
    }
    place.zdx("state set tickest --since 2h").run().refused(2, "did you mean \"tickets\"");
    place.zdx("state set tickets").run().refused(2, "--since");
    assert_eq!(place.state_bytes(), before);
    assert!(backups(&place).is_empty());
}

#[test]
fn a_time_in_the_future_is_refused() {
    let (_still, place) = caught_up();
    let before = place.state_bytes();
    for (typed, text) in [("2099-01-01", "future"), ("5000000000", "future"), ("soon", "time")] {
        place.zdx("state set tickets --since").arg(typed).run().refused(2, text);
    }
    assert_eq!(place.state_bytes(), before);
    assert!(backups(&place).is_empty());
}

#[test]
fn a_change_is_refused_while_a_run_holds_the_state() {
    let options = Options { faults: vec![(Fault::Hang, 1)], ..small() };
    let still = Still::with(options, &[]);
    let place = Place::of(&still.sandbox);
    let running = place.zdx("export tickets --since @0 -o t.ndjson").start();
    eventually(|| still.sandbox.requests().len() == 1);
    let before = place.state_bytes();
    for words in ["set tickets --since 2h", "reset tickets"] {
        place.zdx(&format!("state {words}")).run().refused(11, "another zdx");
    }
    // Looking does no harm.
    place.zdx("state show").run().exit(0).stdout_has("not yet begun");
    assert_eq!(place.state_bytes(), before);
    assert!(backups(&place).is_empty());
    running.signal(rustix::process::Signal::TERM);
    running.end().exit(143);
}

#[test]
fn a_position_that_is_reset_is_forgotten_and_only_that_one() {
    let (still, place) = caught_up();
    let (before, organizations) = (place.state_bytes(), place.saved("organizations"));
    place.zdx("state reset tickets").run().exit(0).stdout("").stderr_has(".bak");
    assert_eq!(backups(&place), [before]);
    assert_eq!(place.saved("tickets"), Value::Null);
    assert_eq!(place.saved("organizations"), organizations);
    let place = place.with("ZENDESK_OAUTH_TOKEN", zdx::sandbox::OAUTH_TOKEN);
    place.zdx("export tickets -o out/").run().refused(2, "--since");
    place.zdx("export tickets -o out/ --since @0").run().refused(2, "--append");
    place.zdx("export tickets -o out/ --since @0 --overwrite").run().exit(0);
    assert_eq!(place.file("out/tickets.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn a_backup_put_back_is_the_way_back() {
    let (_still, place) = caught_up();
    let before = place.state_bytes();
    place.zdx("state reset tickets").run().exit(0);
    let dir = place.state().parent().unwrap().to_owned();
    let backup = fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path());
    let backup = backup.into_iter().find(|path| path.extension().is_some_and(|e| e == "bak"));
    fs::copy(backup.unwrap(), place.state()).unwrap();
    assert_eq!(place.state_bytes(), before);
    let place = place.with("ZENDESK_OAUTH_TOKEN", zdx::sandbox::OAUTH_TOKEN);
    place.zdx("export tickets -o out/").run().exit(0).stderr_has(" nothing new, ");
}

/// `last run` is told from the lock file, which each run writes and which costs no state.
#[test]
fn show_tells_of_the_last_run_and_its_end() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 -o t.ndjson --per-page 20").run().exit(0);
    let shown = |part: &str| place.zdx("state show").run().exit(0).stdout_has(part).text();
    shown("last run began ");
    shown(" and ended with exit 0");
    still.sandbox.inject(Fault::Forbidden, 1);
    place.zdx("export tickets -o t.ndjson").run().exit(4);
    shown(" and ended with exit 4");
    let json = place.zdx("state show --json").run().exit(0).text();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["last_run"]["exit"], &json["last_run"]["running"]),
        (&4.into(), &false.into())
    );

    let run = place.zdx("export tickets -o t.ndjson --follow").start();
    eventually(|| place.zdx("state show").run().text().contains(" and goes on (pid "));
    run.signal(rustix::process::Signal::KILL);
    let mut child = run.child;
    child.wait().unwrap();
    shown(" and was killed");
    place.zdx("state set tickets --since 3d").run().exit(0);
    shown(" and was killed");
}

#[test]
fn what_a_change_of_the_state_came_to_is_told_to_programs() {
    let (_still, place) = caught_up();
    let json = |words: &str| -> Value {
        let run = place.zdx(&format!("{words} --json")).run();
        let text = run.exit(0).text();
        assert_eq!(text.lines().count(), 1, "{text}");
        serde_json::from_str(&text).unwrap()
    };
    let state = place.state();
    assert_eq!(json("state path"), json!({"state": state, "error": null, "exit": 0}));
    let kept = |found: &Value| fs::read_to_string(found["backup"].as_str().unwrap()).unwrap();
    let before = place.state_bytes();
    let found = json("state set tickets --since 2026-11-01");
    assert_eq!(
        (&found["resource"], &found["from"]),
        (&"tickets".into(), &"2026-11-01T00:00:00Z".into())
    );
    assert_eq!(kept(&found), before);
    let before = place.state_bytes();
    let found = json("state reset tickets");
    assert_eq!((&found["resource"], found.get("from")), (&"tickets".into(), None));
    assert_eq!(kept(&found), before);
}

#[test]
fn several_positions_are_moved_together_and_each_says_what_that_means() {
    let (_still, place) = caught_up();
    let before = place.state_bytes();
    let run = place.zdx("state set tickets,organizations --since 2026-11-01").run();
    run.exit(0).stderr_has("tickets: goes on from 2026-11-01T00:00:00Z, ");
    run.stderr_has("organizations: goes on from 2026-11-01T00:00:00Z, ");
    let told = run.stderr().to_owned();
    assert_eq!(
        told.matches("where it stood: what changed between is written a second time").count(),
        2
    );
    assert_eq!(told.matches("the old state is kept in ").count(), 1);
    assert_eq!(backups(&place), [before]);
    for name in ["tickets", "organizations"] {
        assert_eq!(place.saved(name)["through"], "2026-11-01T00:00:00Z", "{name}");
    }
    let shown = place.zdx("state show").run();
    shown.exit(0).stdout_has("position  set to 2026-11-01T00:00:00Z");
    // Forward: what lies between is a hole, and a warning.
    let run = place.zdx("state set all --since 2026-11-03").run();
    run.exit(0).stderr_has("2 d after 2026-11-01T00:00:00Z, where it stood");
    assert_eq!(run.stderr().matches("never will be").count(), 2);
    assert_eq!(run.stderr().matches("warning: ").count(), 2);
    let run = place.zdx("state set all --since 2026-11-03").run();
    run.exit(0).stderr_has("tickets: goes on from 2026-11-03T00:00:00Z, where it stood\n");
}

#[test]
fn several_positions_are_forgotten_together() {
    let (_still, place) = caught_up();
    let before = place.state_bytes();
    let run = place.zdx("state reset all").run();
    run.exit(0).stderr_has("tickets: forgotten\n").stderr_has("organizations: forgotten\n");
    assert_eq!(run.stderr().matches(".bak").count(), 1);
    assert_eq!(backups(&place), [before]);
    assert_eq!((place.saved("tickets"), place.saved("organizations")), (Value::Null, Value::Null));
    assert!(!place.path("out/.tickets.ndjson.owner").exists());
    assert!(!place.path("out/.organizations.ndjson.owner").exists());
    for words in ["state reset all", "state set all --since 2h"] {
        place.zdx(words).run().refused(2, "no positions are saved");
    }
}

#[test]
fn where_one_is_refused_none_is_changed() {
    let (_still, place) = caught_up();
    let before = place.state_bytes();
    for words in [
        "set tickets users --since 2h",
        "set tickets tickest --since 2h",
        "reset tickets users",
        "reset organizations,tickets,users",
        "show tickets users",
    ] {
        let run = place.zdx(&format!("state {words}")).run();
        run.exit(2).stdout("").stderr_lacks("goes on").stderr_lacks("forgotten");
        assert_eq!(place.state_bytes(), before, "{words}");
        assert!(place.path("out/.tickets.ndjson.owner").exists(), "{words}");
    }
    assert!(backups(&place).is_empty());
}

#[test]
fn those_that_are_named_are_shown() {
    let (_still, place) = caught_up();
    let run = place.zdx("state show organizations").run();
    run.exit(0).stdout_has("\norganizations\n");
    assert!(!run.text().contains("\ntickets\n"), "{}", run.text());
    let all = place.zdx("state show").run().exit(0).text();
    let both = place.zdx("state show all").run().exit(0).text();
    assert_eq!(both.lines().count(), all.lines().count());
    let shown = place.zdx("state show organizations --json").run().exit(0).text();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["resources"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_changes_of_several_came_to_is_told_to_programs() {
    let (_still, place) = caught_up();
    let json = |words: &str| -> Value {
        serde_json::from_str(&place.zdx(&format!("{words} --json")).run().exit(0).text()).unwrap()
    };
    let was = place.saved("tickets")["through"].clone();
    let found = json("state set tickets organizations --since 2026-11-01");
    let rows = found["resources"].as_array().unwrap();
    assert_eq!((rows.len(), found.get("resource")), (2, None));
    assert_eq!(rows[0]["from"], "2026-11-01T00:00:00Z");
    assert_eq!((&rows[0]["resource"], &rows[0]["was"]), (&"tickets".into(), &was));
    let found = json("state reset organizations tickets");
    assert_eq!(found["resources"], json!([{"resource": "organizations"}, {"resource": "tickets"}]));
}
