//! `{run}` in the output: one finished file for each run.

use crate::{
    harness::{ORGANIZATIONS, Place, Still, TICKETS, eventually, get, ndjson, small},
    machine::ended,
};
use serde_json::Value;
use std::collections::HashSet;
use zdx::sandbox::{Fault, Options};

/// The names that match, finished ones and hidden ones.
fn named(place: &Place, start: &str) -> Vec<String> {
    place.names().into_iter().filter(|name| name.starts_with(start)).collect()
}

/// The only name there is.
#[track_caller]
fn one(names: &[String]) -> String {
    let [name] = names else { panic!("{names:?}") };
    name.clone()
}

/// Waits until a page is committed and the request that hangs is sent: the next run's is another.
fn stuck_behind_its_first_page(still: &Still, place: &Place) {
    eventually(|| still.sandbox.requests().len() == 2);
    eventually(|| place.saved("tickets")["cursor"].is_string());
}

/// A series whose second request hangs, killed there: a page is committed.
fn killed(words: &str) -> (Still, Place) {
    let options = Options { faults: vec![(Fault::Hang, 2)], ..small() };
    let still = Still::with(options, &[TICKETS, ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    let mut run = place.zdx(&format!("{words} --since @0 --per-page 25")).start();
    stuck_behind_its_first_page(&still, &place);
    run.child.kill().unwrap();
    ended(&mut run.child);
    (still, place)
}

#[test]
fn each_run_writes_one_finished_file() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets -o t-{run}.ndjson";
    place.zdx(&format!("{words} --since @0")).run().exit(0);
    let first = one(&place.names());
    assert_eq!(first.len(), "t-20261124T015903Z.ndjson".len());
    assert_eq!(place.file(&first), still.ndjson(TICKETS));
    let new = still.pass_time(TICKETS);
    place.zdx(words).run().exit(0);
    let names = place.names();
    assert_eq!(names.len(), 2, "{names:?}");
    let second = names.into_iter().find(|name| *name != first).unwrap();
    assert_eq!(place.file(&second), ndjson(&new));
    assert_eq!(place.file(&first), still.ndjson(TICKETS));
}

#[test]
fn a_run_with_nothing_new_writes_no_file() {
    let still = Still::of(&[TICKETS, ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets organizations -o {resource}-{run}.ndjson";
    place.zdx(&format!("{words} --since @0")).run().exit(0);
    let names = place.names();
    assert_eq!(names.len(), 2, "{names:?}");
    for _ in 0..3 {
        place.zdx(words).run().exit(0).stderr_counts(" nothing new, ", 2);
        assert_eq!(place.names(), names);
    }
}

#[test]
fn a_file_is_hidden_while_it_grows() {
    let options = Options { faults: vec![(Fault::Hang, 2)], ..small() };
    let still = Still::with(options, &[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets -o t-{run}.ndjson --since @0 --per-page 25";
    let run = place.zdx(words).start();
    stuck_behind_its_first_page(&still, &place);
    let name = one(&place.names());
    assert!(name.starts_with(".t-20") && name.ends_with("Z.ndjson.partial"), "{name}");
    assert_eq!(place.file(&name), ndjson(&still.records(TICKETS)[..25]));
    run.signal(rustix::process::Signal::TERM);
    run.end().exit(143);
    // Stopped is not finished.
    assert_eq!(one(&place.names()), name);
    place.zdx("export tickets -o t-{run}.ndjson").run().exit(0);
    let own = name.trim_start_matches('.').trim_end_matches(".partial");
    assert_eq!(one(&place.names()), own);
    assert_eq!(place.file(own), still.ndjson(TICKETS));
}

#[test]
fn a_killed_runs_file_is_gone_on_with_under_its_own_name() {
    for ending in ["", ".gz", ".zst"] {
        let words = format!("export tickets -o t-{{run}}.ndjson{ending}");
        let (still, place) = killed(&words);
        let hidden = one(&place.names());
        let own = hidden.trim_start_matches('.').trim_end_matches(".partial").to_owned();
        assert!(hidden.starts_with('.') && own.ends_with(&format!("Z.ndjson{ending}")), "{hidden}");
        place.zdx(&words).run().exit(0);
        assert_eq!(one(&place.names()), own);
        assert_eq!(place.file(&own), still.ndjson(TICKETS));
        // The next one begins another.
        let new = still.pass_time(TICKETS);
        place.zdx(&words).run().exit(0);
        let second: Vec<String> =
            named(&place, "t-").into_iter().filter(|name| *name != own).collect();
        let second = one(&second);
        assert_eq!(place.file(&second), ndjson(&new));
    }
}

#[test]
fn a_failed_run_keeps_its_file_for_the_next_one() {
    let still = Still::of(&[TICKETS]);
    still.sandbox.inject(Fault::NotFound, 2);
    let place = Place::of(&still.sandbox);
    let words = "export tickets -o t-{run}.ndjson --per-page 25";
    place.zdx(&format!("{words} --since @0")).run().exit(6);
    assert!(one(&place.names()).starts_with(".t-"));
    place.zdx(words).run().exit(0);
    let name = one(&place.names());
    assert_eq!(place.file(&name), still.ndjson(TICKETS));
}

#[test]
fn a_limit_finishes_a_file() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets -o t-{run}.ndjson --per-page 25 --max-pages 1";
    place.zdx(&format!("{words} --since @0")).run().exit(0);
    place.zdx(words).run().exit(0);
    place.zdx(words).run().exit(0);
    let names = place.names();
    assert_eq!(names.len(), 3, "{names:?}");
    let mut sizes: Vec<usize> = names.iter().map(|name| place.file(name).lines().count()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes.iter().sum::<usize>(), still.records(TICKETS).len());
}

#[test]
fn runs_of_the_same_second_get_names_of_their_own() {
    let still = Still::of(&[ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    for runs in 1..=50 {
        place.zdx("export organizations --since @0 --no-state -o o-{run}.ndjson").run().exit(0);
        let names = place.names();
        assert_eq!(names.len(), runs, "{names:?}");
        for name in &names {
            assert_eq!(place.file(name), still.ndjson(ORGANIZATIONS), "{name}");
        }
        if names.iter().any(|name| name.ends_with("Z-2.ndjson")) {
            return;
        }
    }
    panic!("no two runs of fifty were in one second");
}

#[test]
fn runs_at_the_same_time_get_names_of_their_own() {
    let still = Still::of(&[ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    let words = "export organizations --since @0 --no-state -o o-{run}.ndjson";
    let runs: Vec<_> = (0..4).map(|_| place.zdx(words).start()).collect();
    let done = runs.into_iter().map(|run| run.child.wait_with_output().unwrap().status.code());
    let done = done.filter(|code| *code == Some(0)).count();
    let finished = named(&place, "o-");
    assert_eq!(finished.len(), done, "{:?}", place.names());
    for name in finished {
        assert_eq!(place.file(&name), still.ndjson(ORGANIZATIONS), "{name}");
    }
}

#[test]
fn compressed_files_are_finished_too() {
    let still = Still::of(&[TICKETS]);
    for ending in ["gz", "zst"] {
        let place = Place::of(&still.sandbox);
        let words = format!("export tickets -o t-{{run}}.ndjson.{ending} --since @0 --per-page 25");
        place.zdx(&words).run().exit(0);
        let name = one(&place.names());
        assert!(name.ends_with(&format!("Z.ndjson.{ending}")), "{name}");
        assert_eq!(place.file(&name), still.ndjson(TICKETS));
    }
}

#[test]
fn sideloads_are_finished_beside_their_records() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets --include users -o {resource}-{run}.ndjson";
    place.zdx(&format!("{words} --since @0")).run().exit(0);
    let names = place.names();
    let [records, sideloads] = names.as_slice() else { panic!("{names:?}") };
    let own = records.trim_end_matches(".ndjson");
    assert_eq!(*sideloads, format!("{own}.users.ndjson"));
    assert_eq!(place.file(records), still.ndjson(TICKETS));
    let page = get(&still.sandbox, &format!("{}?start_time=0&include=users", TICKETS.path));
    let page: Value = serde_json::from_slice(&page).unwrap();
    let ids = |rows: Vec<Value>| rows.iter().map(|row| row["id"].to_string()).collect::<Vec<_>>();
    let found = place.file(sideloads);
    let found: Vec<Value> = found.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let unique: HashSet<String> = ids(found.clone()).into_iter().collect();
    assert_eq!(unique.len(), found.len());
    assert_eq!(unique, ids(page["users"].as_array().unwrap().clone()).into_iter().collect());
    place.zdx(words).run().exit(0);
    assert_eq!(place.names(), names);
}

#[test]
fn sideloads_of_a_killed_run_are_gone_on_with_too() {
    let words = "export tickets --include users -o {resource}-{run}.ndjson";
    let (still, place) = killed(words);
    let hidden = named(&place, ".tickets-");
    assert_eq!(hidden.len(), 2, "{:?}", place.names());
    place.zdx(words).run().exit(0);
    let names = place.names();
    let own: Vec<String> = hidden
        .iter()
        .map(|name| name.trim_start_matches('.').trim_end_matches(".partial").to_owned())
        .collect();
    assert_eq!(names, own);
    assert_eq!(place.file(&names[0]), still.ndjson(TICKETS));
}

#[test]
fn appending_and_overwriting_are_refused() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    for flag in ["--append", "--overwrite"] {
        for words in ["export tickets --since 2h", "export tickets --since 2h --no-state"] {
            let run = place.zdx(words).arg("-o").arg("t-{run}.ndjson").arg(flag).run();
            run.refused(2, "{run}");
        }
    }
    assert!(still.sandbox.requests().is_empty());
    assert_eq!(place.state_bytes(), "");
    assert!(place.names().is_empty());
}

#[test]
fn a_position_belongs_to_its_template() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets -o t-{run}.ndjson --since @0").run().exit(0);
    let names = place.names();
    for other in ["u-{run}.ndjson", "t.ndjson", "t-{date}.ndjson", "-"] {
        place.zdx("export tickets -o").arg(other).run().refused(2, "t-{run}.ndjson");
    }
    assert_eq!(place.names(), names);
    place.zdx("state show").run().exit(0).stdout_has("tickets");
}

#[test]
fn a_dry_run_makes_no_file() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since 2h -o t-{run}.ndjson --dry-run").run().exit(0);
    assert!(place.names().is_empty());
    assert_eq!(place.state_bytes(), "");
}
