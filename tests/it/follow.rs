//! `--follow`: a run that stays, streams changes as they come, and outlives a lost network.

use crate::harness::{ORGANIZATIONS, Place, Still, TICKETS, USERS, Zdx, eventually, ndjson, small};
use crate::server::{Reply, Server, cursor_page};
use rustix::process::Signal;
use std::{
    fs,
    io::{BufRead as _, BufReader},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};
use zdx::sandbox::{Fault, Options, Sandbox};

/// How much a file holds by now.
fn length(place: &Place, name: &str) -> usize {
    fs::metadata(place.path(name)).map_or(0, |found| usize::try_from(found.len()).unwrap())
}

/// Follows into a file until it has caught up.
fn following<'a>(place: &'a Place, still: &Still, words: &str) -> crate::harness::Running<Zdx<'a>> {
    let run = place.zdx(&format!("export tickets -o t.ndjson {words}")).start();
    let whole = still.ndjson(TICKETS).len();
    eventually(|| length(place, "t.ndjson") == whole);
    run
}

/// Lets every request fail as long as it is set.
fn switch(sandbox: &Sandbox, fault: Fault) -> Arc<AtomicBool> {
    let gone = Arc::new(AtomicBool::new(false));
    let rule = Arc::clone(&gone);
    sandbox.when(move |_| rule.load(Ordering::SeqCst).then_some(fault));
    gone
}

/// How many requests failed.
fn failed(sandbox: &Sandbox) -> usize {
    sandbox.requests().iter().filter(|seen| seen.fault.is_some()).count()
}

/// Runs cases side by side: what they wait for is time.
fn side_by_side<T: Send>(cases: impl IntoIterator<Item = T>, case: impl Fn(T) + Sync) {
    let case = &case;
    thread::scope(|scope| {
        for one in cases {
            scope.spawn(move || case(one));
        }
    });
}

#[test]
fn changes_are_written_as_they_come_until_a_signal() {
    let ends = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)];
    side_by_side(ends, |(signal, code)| {
        let still = Still::of(&[TICKETS]);
        let place = Place::of(&still.sandbox);
        let run = following(&place, &still, "--since @0 --follow=1s");
        let whole = still.ndjson(TICKETS) + &ndjson(&still.pass_time(TICKETS));
        assert!(whole.len() > still.ndjson(TICKETS).len());
        eventually(|| length(&place, "t.ndjson") == whole.len());
        run.signal(signal);
        run.end().exit(code).stdout("").stderr_lacks("panic");
        assert_eq!(place.file("t.ndjson"), whole);
        // The position is saved: a plain run goes on there, and repeats nothing.
        place.zdx("export tickets -o t.ndjson").run().exit(0).stderr_has(" nothing new, ");
        assert_eq!(place.file("t.ndjson"), whole);
    });
}

#[test]
fn several_resources_are_polled_at_their_interval_without_repeats_at_the_edges() {
    let still = Still::of(&[ORGANIZATIONS, USERS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export organizations users --since @0 -o out/ --follow=100ms").start();
    eventually(|| still.sandbox.requests().len() >= 10);
    run.signal(Signal::TERM);
    run.end().exit(143);
    for export in [ORGANIZATIONS, USERS] {
        let name = format!("out/{}.ndjson", export.resource);
        assert_eq!(place.file(&name), still.ndjson(export), "{name}");
        let requests = still.sandbox.requests();
        let own = requests.iter().filter(|seen| seen.path == export.path);
        let at: Vec<u64> = own.map(|seen| seen.at).collect();
        assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= 95), "{name}: {at:?}");
    }
}

#[test]
fn each_loss_of_the_network_is_told_once_and_outlived() {
    side_by_side([Fault::Close, Fault::Reset, Fault::Unavailable, Fault::Html], |fault| {
        let still = Still::of(&[TICKETS]);
        let gone = switch(&still.sandbox, fault);
        let place = Place::of(&still.sandbox);
        let run = following(&place, &still, "--since @0 --follow=100ms --retry-for 0s");
        // A connection that was kept is tried once more at once, so that one failure is not yet it.
        let lose_for = |failures: usize| {
            let before = failed(&still.sandbox);
            gone.store(true, Ordering::SeqCst);
            eventually(|| failed(&still.sandbox) >= before + failures);
        };
        lose_for(8);
        gone.store(false, Ordering::SeqCst);
        let good = || still.sandbox.requests().len() - failed(&still.sandbox);
        let before = good();
        eventually(|| good() > before);
        lose_for(5);
        let whole = still.ndjson(TICKETS) + &ndjson(&still.pass_time(TICKETS));
        gone.store(false, Ordering::SeqCst);
        eventually(|| length(&place, "t.ndjson") == whole.len());
        run.signal(Signal::INT);
        let run = run.end();
        run.exit(130).stderr_counts("cut off, and keeps trying", 2);
        run.stderr_counts("back again", 2);
        run.stderr_lacks("retry in").stderr_lacks("gave up");
        assert_eq!(place.file("t.ndjson"), whole);
    });
}

#[test]
fn an_outage_is_told_when_it_begins_and_when_it_ends() {
    let still = Still::of(&[TICKETS]);
    let gone = switch(&still.sandbox, Fault::Unavailable);
    let place = Place::of(&still.sandbox);
    let run = following(&place, &still, "--since @0 --follow=100ms");
    gone.store(true, Ordering::SeqCst);
    eventually(|| failed(&still.sandbox) >= 3);
    gone.store(false, Ordering::SeqCst);
    let good = || still.sandbox.requests().len() - failed(&still.sandbox);
    let before = good();
    eventually(|| good() > before + 1);
    run.signal(Signal::INT);
    let run = run.end();
    run.exit(130).stderr_counts("cut off, and keeps trying", 1).stderr_counts("back again", 1);
    run.stderr_lacks("retry in").stderr_counts("503", 1);
}

#[test]
fn an_outage_spends_no_quota() {
    let server = Server::answering(|n, _request| {
        let page = cursor_page(&[], Some("c"), true);
        Some(if (5..9).contains(&n) { Reply::raw("") } else { Reply::ok(page) })
    });
    let place = Place::at(&server.url());
    let run =
        place.zdx("export tickets --since @0 --no-state --follow=50ms --retry-for 0s").start();
    eventually(|| server.requests().len() >= 25);
    run.signal(Signal::INT);
    run.end().exit(130).stderr_has("back again");
}

#[test]
fn a_server_that_really_goes_away_and_comes_back_is_found_again() {
    let still = Still::of(&[TICKETS]);
    let options = Options { seed: still.seed(), ..small() };
    let first = Sandbox::start(options.clone()).unwrap();
    let port = first.base_url().rsplit(':').next().unwrap().parse().unwrap();
    let place = Place::of(&first);
    let mut run = following(&place, &still, "--since @0 --follow=100ms --retry-for 0s");
    let mut stderr = BufReader::new(run.child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut told: Vec<String> = Vec::new();
    let mut until = |text: &str| loop {
        let line = stderr.next().expect("it tells");
        let found = line.contains(text);
        told.push(line);
        if found {
            return;
        }
    };
    drop(first);
    until("cut off");
    let second = Sandbox::start(Options { port, ..options }).unwrap();
    until("back again");
    run.signal(Signal::INT);
    until("stopped by a signal");
    run.end().exit(130);
    let count = |text: &str| told.iter().filter(|line| line.contains(text)).count();
    assert_eq!((count("cut off, and"), count("back again")), (1, 1), "{told:#?}");
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
    drop(second);
}

#[test]
fn what_time_does_not_heal_ends_a_follower() {
    let faults = [(Fault::Forbidden, 4), (Fault::Unauthorized, 4), (Fault::NotFound, 6)];
    side_by_side(faults, |(fault, code)| {
        let still = Still::of(&[TICKETS]);
        let gone = switch(&still.sandbox, fault);
        let place = Place::of(&still.sandbox);
        let run = following(&place, &still, "--since @0 --follow=100ms --retry-for 0s");
        gone.store(true, Ordering::SeqCst);
        run.end().exit(code).stderr_lacks("cut off").stderr_has("saved up to ");
        assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
    });
}

#[test]
fn a_plain_run_goes_on_behind_one_that_followed() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let run = following(&place, &still, "--since @0 -f=100ms");
    run.signal(Signal::INT);
    run.end().exit(130);
    let whole = still.ndjson(TICKETS) + &ndjson(&still.pass_time(TICKETS));
    place.zdx("export tickets -o t.ndjson").run().exit(0).stderr_lacks("discarded");
    assert_eq!(place.file("t.ndjson"), whole);
}

#[test]
fn a_follower_goes_on_behind_a_plain_run() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    place.zdx("export tickets --since @0 -o t.ndjson").run().exit(0);
    let run = following(&place, &still, "--follow=100ms");
    let whole = still.ndjson(TICKETS) + &ndjson(&still.pass_time(TICKETS));
    eventually(|| length(&place, "t.ndjson") == whole.len());
    run.signal(Signal::INT);
    run.end().exit(130);
    assert_eq!(place.file("t.ndjson"), whole);
}

#[test]
fn a_pipe_gets_changes_as_they_come() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let mut run = place.zdx("export tickets --since @0 --follow=100ms").start();
    let mut lines = BufReader::new(run.child.stdout.take().unwrap()).lines();
    let first = still.records(TICKETS);
    let came: Vec<String> = lines.by_ref().take(first.len()).map(Result::unwrap).collect();
    assert_eq!(came, first);
    let new = still.pass_time(TICKETS);
    let came: Vec<String> = lines.by_ref().take(new.len()).map(Result::unwrap).collect();
    assert_eq!(came, new);
    run.signal(Signal::INT);
    run.end().exit(130);
    assert!(lines.next().is_none());
    place.zdx("export tickets").run().exit(0).stdout("");
}

#[test]
fn fewer_jobs_than_followed_resources_are_refused() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets users --since 2h -o out/ --jobs 1";
    place.zdx(&format!("{words} --follow")).run().refused(2, "--jobs");
    assert!(still.sandbox.requests().is_empty());
    assert_eq!(place.state_bytes(), "");
    assert!(place.names().is_empty());
    place.zdx(&format!("{words} -f --dry-run")).run().refused(2, "--jobs");
}

#[test]
fn a_signal_ends_a_long_wait_at_once() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx("export tickets --since @0 -o t.ndjson --follow").start();
    let whole = still.ndjson(TICKETS).len();
    eventually(|| {
        length(&place, "t.ndjson") == whole && place.saved("tickets")["cursor"].is_string()
    });
    run.signal(Signal::INT);
    // A run that slept on would not end within a minute.
    run.end().exit(130).stderr_lacks("failed");
    assert_eq!(still.sandbox.requests().len(), 1);
}

#[test]
fn a_signal_while_cut_off_leaves_the_position_where_it_was() {
    let still = Still::of(&[TICKETS]);
    let gone = switch(&still.sandbox, Fault::Close);
    let place = Place::of(&still.sandbox);
    let run = following(&place, &still, "--since @0 --follow=100ms --retry-for 0s");
    gone.store(true, Ordering::SeqCst);
    eventually(|| failed(&still.sandbox) >= 1);
    run.signal(Signal::INT);
    run.end().exit(130).stderr_has("saved up to ");
    gone.store(false, Ordering::SeqCst);
    place.zdx("export tickets -o t.ndjson").run().exit(0).stderr_has(" nothing new, ");
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn what_never_ends_is_refused_with_what_needs_an_end() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    for rest in ["--until 1h", "-o t-{run}.ndjson", "-o t-{run}.ndjson --no-state"] {
        place.zdx(&format!("export tickets --since 2h -f {rest}")).run().refused(2, "--follow");
    }
    for interval in ["soon", "0s", "1"] {
        let words = format!("export tickets --since 2h --follow={interval}");
        place.zdx(&words).run().refused(2, "--follow");
    }
    assert!(still.sandbox.requests().is_empty());
    assert!(place.names().is_empty());
}

#[test]
fn limits_end_a_follower() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let words = "export tickets -o t.ndjson --per-page 25 -f --max-pages 1";
    place.zdx(&format!("{words} --since @0")).run().exit(0).stderr_has("25 records");
    place.zdx(words).run().exit(0).stderr_has("25 records");
    let run = place.zdx("export tickets --since @0 --no-state -f --limit 7").run();
    assert_eq!(run.exit(0).lines(), &still.records(TICKETS)[..7]);
    place.zdx("export tickets -o t.ndjson").run().exit(0);
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
}

#[test]
fn a_one_off_can_follow_and_saves_nothing() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let run = following(&place, &still, "--since @0 --no-state --follow=100ms");
    run.signal(Signal::INT);
    run.end().exit(130);
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
    assert_eq!(place.state_bytes(), "");
}

#[test]
fn nothing_new_is_not_told_at_each_poll() {
    let still = Still::of(&[TICKETS]);
    let gone = switch(&still.sandbox, Fault::TooRecent);
    let place = Place::of(&still.sandbox);
    let run = following(&place, &still, "--since @0 --follow=100ms");
    gone.store(true, Ordering::SeqCst);
    eventually(|| failed(&still.sandbox) >= 5);
    run.signal(Signal::INT);
    run.end().exit(130).stderr_counts("nothing new", 0);
}

#[test]
fn a_follower_keeps_away_as_long_as_the_server_says() {
    let still = Still::of(&[TICKETS]);
    let gone = switch(&still.sandbox, Fault::UnavailableRetry);
    let place = Place::of(&still.sandbox);
    gone.store(true, Ordering::SeqCst);
    let words = "export tickets --since @0 -o t.ndjson --follow=100ms --retry-for 0s";
    let run = place.zdx(words).start();
    eventually(|| failed(&still.sandbox) >= 2);
    run.signal(Signal::INT);
    run.end().exit(130).stderr_counts("cut off, and", 1);
    let requests = still.sandbox.requests();
    let at: Vec<u64> =
        requests.iter().filter(|seen| seen.fault.is_some()).map(|seen| seen.at).collect();
    assert!(at[1] - at[0] >= 2000, "{at:?}");
}
