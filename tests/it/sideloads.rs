//! Sideloads, and the parameters that change what a server sends.

use crate::{
    harness::{
        Export, Place, Still, TICKETS, TICKETS_BY_TIME, USERS, eventually, get, ndjson, walk,
    },
    machine::{ended, skipped},
    server::{Reply, Request, Server, T, cursor_page, lines, record},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, io::Write as _, path::Path};

/// A sideload's records as the endpoint serves them, each once.
fn sideload(still: &Still, export: Export, name: &str) -> Vec<String> {
    let target = format!("{}?start_time=0&per_page=1000&include={name}", export.path);
    let page = get(&still.sandbox, &target);
    let page: std::collections::HashMap<&str, &serde_json::value::RawValue> =
        serde_json::from_slice(&page).unwrap();
    let records: Vec<&serde_json::value::RawValue> =
        serde_json::from_str(page[name].get()).unwrap();
    records.iter().map(|record| record.get().to_owned()).collect()
}

#[test]
fn arrays_beside_the_records_go_to_files_beside_the_output() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets --since @0 -o out/ --per-page 7 --include users,groups,metric_sets";
    place.zdx(words).run().exit(0);
    assert_eq!(place.file("out/tickets.ndjson"), still.ndjson(TICKETS));
    for name in ["users", "groups"] {
        let file = place.file(&format!("out/tickets.{name}.ndjson"));
        let lines: Vec<&str> = file.lines().collect();
        let each: BTreeSet<&str> = lines.iter().copied().collect();
        assert_eq!(lines.len(), each.len(), "{name}: something came twice");
        let expected = sideload(&still, TICKETS, name);
        let expected: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
        assert_eq!(each, expected, "{name}");
    }
    let metric_sets = sideload(&still, TICKETS, "metric_sets");
    assert_eq!(place.file("out/tickets.metric_sets.ndjson"), ndjson(&metric_sets));
}

#[test]
fn a_sideload_file_is_continued_with_its_series() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let step = "export tickets -o t.ndjson.gz --per-page 20 --max-pages 1 --include metric_sets";
    place.zdx(&format!("{step} --since @0")).run().exit(0);
    for _ in 0..3 {
        place.zdx(step).run().exit(0);
    }
    assert_eq!(place.file("t.ndjson.gz"), still.ndjson(TICKETS));
    let names = place.names();
    let beside = names.iter().find(|name| name.contains("metric_sets")).unwrap();
    assert_eq!(place.file(beside), ndjson(&sideload(&still, TICKETS, "metric_sets")));
}

#[test]
fn sideloads_share_stdout_in_envelopes() {
    let still = Still::of(&[USERS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export users --since @0 --envelope --include identities --no-state").run();
    let lines = run.exit(0).lines();
    let identities = sideload(&still, USERS, "identities");
    assert_eq!(lines.len(), still.records(USERS).len() + identities.len());
    let of = |name: &str| format!("{{\"resource\":\"{name}\",\"record\":");
    for (name, records) in [("users", still.records(USERS)), ("users.identities", &identities)] {
        let expected: Vec<String> =
            records.iter().map(|record| format!("{}{record}}}", of(name))).collect();
        let found: Vec<&String> = lines.iter().filter(|line| line.starts_with(&of(name))).collect();
        assert!(found.iter().copied().eq(expected.iter()), "{name}");
    }
}

#[test]
fn what_is_embedded_in_records_passes_through() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    let words =
        "export tickets --since @0 --no-state --per-page 7 --include dates,slas,comment_count";
    let run = place.zdx(words).run();
    let expected = walk(&still.sandbox, TICKETS, "&include=dates,slas,comment_count");
    run.exit(0).stdout(&ndjson(&expected));
    let first: Value = serde_json::from_str(&expected[0]).unwrap();
    assert!(first["dates"].is_object() && first["comment_count"].is_number());
    let events = crate::harness::TICKET_EVENTS;
    let run =
        place.zdx("export ticket_events --since @0 --no-state --include comment_events").run();
    run.exit(0).stdout(&ndjson(&walk(&still.sandbox, events, "&include=comment_events")));
}

#[test]
fn every_request_carries_the_parameters_again() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets --since @0 --no-state --per-page 25 --include users,dates --envelope \
                 --exclude-deleted --support-type-scope all";
    place.zdx(words).run().exit(0);
    let requests = still.sandbox.requests();
    assert!(requests.len() >= 3);
    for seen in &requests {
        for part in
            ["per_page=25", "include=users", "exclude_deleted=true", "support_type_scope=all"]
        {
            assert!(seen.query.contains(part), "{}", seen.query);
        }
    }
}

#[test]
fn exclude_deleted_leaves_out_deleted_tickets() {
    for export in [TICKETS, TICKETS_BY_TIME] {
        let still = Still::with(
            zdx::sandbox::Options { records: 300, seed: 3, ..crate::harness::small() },
            &[],
        );
        let place = Place::of(&still.sandbox);
        let words = format!(
            "export tickets --since 30d --until 1h --per-page 25 --exclude-deleted --pagination {}",
            export.pagination
        );
        let run = place.zdx(&words).run();
        assert!(!run.exit(0).lines().is_empty());
        assert!(!run.text().contains("\"status\":\"deleted\""));
        let all = walk(&still.sandbox, export, "");
        assert!(all.iter().any(|record| record.contains("\"status\":\"deleted\"")));
    }
}

#[test]
fn support_type_scope_chooses_whose_tickets_come() {
    let still = Still::with(zdx::sandbox::Options { records: 300, ..crate::harness::small() }, &[]);
    let place = Place::of(&still.sandbox);
    let count = |scope: &str| {
        let words = format!("export tickets --since 60d --until 2h {scope}");
        place.zdx(&words).run().exit(0).lines().len()
    };
    let (agents, machines) =
        (count("--support-type-scope agent"), count("--support-type-scope ai_agent"));
    assert!(machines > 0 && agents > machines);
    assert_eq!(count("--support-type-scope all"), agents + machines);
    assert_eq!(count(""), agents);
}

/// Two pages of a time export, and then one a run: all bring the same user.
fn with_a_user(request: &Request) -> Reply {
    let start: i64 = request.parameter("start_time").and_then(|at| at.parse().ok()).unwrap_or(0);
    let page = json!({
        "tickets": [record(1, start + 10)],
        "users": [{"id": 7, "name": "Ann?"}, {"id": start + 1}],
        "end_time": start + 10,
        "end_of_stream": start >= T + 10,
    });
    // A lone half of a pair, which serde_json does not write.
    Reply::ok(page.to_string().replace("Ann?", "Ann\\ud83d"))
}

/// A run that stopped before it had caught up is gone on with as if it had never stopped; one that
/// had caught up is not: the next tells of everything that its records belong to.
#[test]
fn a_sideloads_record_comes_once_until_the_export_has_caught_up() {
    for (file, flags) in [
        ("t.ndjson", ""),
        ("t.ndjson.gz", ""),
        ("t.ndjson.zst", ""),
        ("t.ndjson", "--envelope"),
        ("t.ndjson", "--raw"),
    ] {
        let server = Server::answering(|_, request| Some(with_a_user(request)));
        let words = format!(
            "export tickets --pagination time --include users --since @{T} -o {file} {flags}"
        );
        let whole = Place::at(&server.url());
        whole.zdx(&words).run().exit(0);
        let pieces = Place::at(&server.url());
        pieces.zdx(&format!("{words} --max-pages 1")).run().exit(0);
        let words = words.replace(&format!("--since @{T}"), "");
        pieces.zdx(&format!("{words} --max-pages 1")).run().exit(0);
        let beside = file.replace("t.", "t.tickets.users.");
        assert_eq!(pieces.file(&beside), whole.file(&beside), "{words}");
        assert_eq!(whole.file(&beside).matches("Ann").count(), 1, "{words}");
        assert_eq!(whole.file(&beside).lines().count(), 3, "{words}");
        whole.zdx(&words).run().exit(0);
        assert_eq!(whole.file(&beside).matches("Ann").count(), 2, "{words}");
    }
}

/// A run that follows has caught up long before it ends.
#[test]
fn a_sideload_is_caught_up_while_its_run_follows() {
    let server = Server::answering(|_, request| Some(with_a_user(request)));
    let place = Place::at(&server.url());
    let words =
        format!("export tickets --pagination time --include users --since @{T} -o t.ndjson");
    let run = place.zdx(&format!("{words} --follow=200ms")).start();
    eventually(|| server.requests().len() > 3);
    run.signal(rustix::process::Signal::TERM);
    run.end().exit(143);
    let mark = &place.saved("tickets")["sideloads"]["users"];
    assert_eq!(mark["caught_up"], mark["committed"], "{mark}");
    place.zdx("export tickets --include users -o t.ndjson").run().exit(0);
}

#[test]
fn a_sideload_that_is_not_as_documented_stops_the_export() {
    for (users, says) in [
        ("[{\"id\":1}],\"users\":[{\"id\":2}]", "\"users\" twice"),
        ("\"oops\"", "\"users\" of the answer is a string"),
        ("[{\"id\":1},null]", "not an object but null, at index 1"),
    ] {
        let server = Server::answering(move |n, _request| {
            let page = |id, cursor, end| cursor_page(&[record(id, T)], Some(cursor), end);
            Some(Reply::ok(match n {
                0 => page(1, "c1", false).replacen('{', "{\"users\":[{\"id\":9}],", 1),
                _ => page(2, "c2", true).replacen('{', &format!("{{\"users\":{users},"), 1),
            }))
        });
        let place = Place::at(&server.url());
        let words = format!("export tickets --since @{T} --include users -o t.ndjson");
        place.zdx(&words).run().exit(6).stderr_has(says);
        assert_eq!(place.saved("tickets")["cursor"], "c1");
        assert_eq!(place.file("t.ndjson"), lines(&[record(1, T)]));
        assert_eq!(place.file("t.tickets.users.ndjson"), "{\"id\":9}\n");
    }
}

/// Eight pages, each of which brings forty thousand users of its own, and again some of those of the
/// page before, and of the first page.
fn many_users(request: &Request) -> Reply {
    const EACH: u64 = 40_000;
    let page = request.parameter("cursor").map_or(0, |at| at[1..].parse::<u64>().expect("ours"));
    let own = page * EACH..(page + 1) * EACH;
    let again = own.start.saturating_sub(1_000)..own.start;
    let users: Vec<String> =
        again.chain(0..10).chain(own).map(|id| format!("{{\"id\":{id}}}")).collect();
    let ticket = record(page, T + i64::try_from(page).expect("small"));
    Reply::ok(format!(
        "{{\"tickets\":[{ticket}],\"users\":[{}],\"after_cursor\":\"c{}\",\"end_of_stream\":{}}}",
        users.join(","),
        page + 1,
        page == 7
    ))
}

/// What is remembered is bounded, and is the same in pieces: where a generation of records begins
/// stands in the state.
#[test]
fn f22_in_pieces_the_same_sideloads_are_written_as_at_once() {
    for file in ["t.ndjson.gz"] {
        let server = Server::answering(|_, request| Some(many_users(request)));
        let whole = Place::at(&server.url());
        let words = format!("export tickets --include users --overlap 0 -o {file}");
        whole.zdx(&format!("{words} --since @{T}")).run().exit(0);
        let beside = file.replace("t.", "t.tickets.users.");
        let expected = whole.file(&beside);
        let lines = expected.lines().count();
        // The first ten come again once more than a hundred thousand others were written.
        assert_eq!(expected.lines().filter(|line| *line == "{\"id\":7}").count(), 2, "{lines}");
        assert_eq!(lines, 8 * 40_000 + 10);
        let pieces = Place::at(&server.url());
        pieces.zdx(&format!("{words} --since @{T} --max-pages 3")).run().exit(0);
        for _ in 0..2 {
            pieces.zdx(&format!("{words} --max-pages 3")).run().exit(0);
        }
        assert!(pieces.file(&beside) == expected, "{file}");
    }
}

/// Whether a process has read that far in a file.
fn reads_beyond(id: u32, path: &Path, bytes: u64) -> bool {
    let open = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
    let mut of_file = open.filter(|entry| fs::read_link(entry.path()).is_ok_and(|to| to == path));
    of_file.any(|entry| {
        let info = format!("/proc/{id}/fdinfo/{}", entry.file_name().display());
        let info = fs::read_to_string(info).unwrap_or_default();
        let at = info.lines().find_map(|line| line.strip_prefix("pos:"));
        at.and_then(|at| at.trim().parse::<u64>().ok()).is_some_and(|at| at > bytes)
    })
}

/// A run that goes on reads what it has written of sideloads; a signal is heard meanwhile.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test's own files, and how long an end takes")]
fn f22_p4_a_signal_is_heard_while_written_sideloads_are_read_again() {
    if !fs::exists("/proc/self/fdinfo").unwrap_or(false) {
        return skipped("f22, a signal while files are read", "no /proc here");
    }
    let server = Server::answering(|_, request| Some(many_users(request)));
    let place = Place::at(&server.url());
    let words = "export tickets --include users --overlap 0 -o t.ndjson";
    place.zdx(&format!("{words} --since @{T} --max-pages 1")).run().exit(0);
    // As an older version may have left it: far more than is remembered, in one generation.
    let path = place.path("t.tickets.users.ndjson");
    let own = fs::read(&path).unwrap();
    let line = b"{\"id\":10000000}\n";
    let mut file = fs::OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
    let many = line.repeat(3_000_000);
    file.write_all(&many).and_then(|()| file.write_all(&own)).unwrap();
    drop(file);
    let state = place.state_bytes();
    let (old, new) = (own.len(), many.len() + own.len());
    let committed = |bytes: usize| format!("\"committed\": {bytes}");
    assert!(state.contains(&committed(old)), "{state}");
    fs::write(place.state(), state.replace(&committed(old), &committed(new))).unwrap();
    let mut run = place.zdx(words).start();
    eventually(|| reads_beyond(run.child.id(), &path, 1_000_000));
    run.signal(rustix::process::Signal::TERM);
    let told = std::time::Instant::now();
    ended(&mut run.child);
    assert!(told.elapsed() < std::time::Duration::from_secs(1), "{:?}", told.elapsed());
    run.end().exit(143).stderr_has("stopped by SIGTERM");
    assert_eq!(server.requests().len(), 1);
    assert_eq!(fs::metadata(&path).unwrap().len(), u64::try_from(new).unwrap());
}
