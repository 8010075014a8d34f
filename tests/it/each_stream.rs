//! What every stream has, row by row of the table: a fault of each class and a good run after it,
//! kills, and rows that become visible late. The sandbox serves them all; the references come from
//! walks that share nothing with zdx.

use crate::{
    harness::{
        AGENT_TIMELINE, APPLIANCES, ARTICLES, ATTRIBUTE_VALUES, ATTRIBUTES, CALLS, CHATS, Export,
        INSTANCE_VALUES, LEGS, METRIC_EVENTS, METRIC_EVENTS_LISTED, NPS_RECIPIENTS, NPS_RESPONSES,
        ORGANIZATIONS, Place, SIDE_CONVERSATIONS, TICKET_EVENTS, TICKETS, TICKETS_BY_TIME, USERS,
        USERS_BY_TIME, Walks, small, walk,
    },
    machine::{ended, sleep, standing},
};
use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};
use zdx::sandbox::{Fault, Options, Sandbox};

/// Each way to page through each resource.
const EACH: [Export; 20] = [
    TICKETS,
    TICKETS_BY_TIME,
    TICKET_EVENTS,
    USERS,
    USERS_BY_TIME,
    ORGANIZATIONS,
    METRIC_EVENTS,
    METRIC_EVENTS_LISTED,
    ARTICLES,
    CALLS,
    LEGS,
    NPS_RESPONSES,
    NPS_RECIPIENTS,
    SIDE_CONVERSATIONS,
    ATTRIBUTES,
    ATTRIBUTE_VALUES,
    INSTANCE_VALUES,
    CHATS,
    AGENT_TIMELINE,
    APPLIANCES,
];

fn words(export: Export, rest: &str) -> String {
    format!("export {} --pagination {} -o x.ndjson {rest}", export.resource, export.pagination)
}

/// Small pages where their size can be chosen, but not thousands of them.
fn paged(export: Export) -> &'static str {
    match export.walks {
        _ if !export.takes_per_page => "",
        Walks::List => "--per-page 100",
        _ if export.resource == "ticket_events" || export.resource == "agent_timeline" => {
            "--per-page 200"
        }
        _ => "--per-page 7",
    }
}

/// A world that stands still.
fn world() -> Sandbox {
    standing(Options { records: 90, ..Options::default() })
}

/// Does something for each stream, several side by side.
fn for_each(work: impl Fn(Export) + Sync) {
    let queue = std::sync::Mutex::new(EACH.to_vec());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(export) = { queue.lock().expect("no panic").pop() } {
                    work(export);
                }
            });
        }
    });
}

/// One of each class: the network, statuses, bodies, and what an answer says of the stream.
const FAULTS: [Fault; 13] = [
    Fault::Reset,
    Fault::Cut,
    Fault::TooMany,
    Fault::ServerError,
    Fault::Timeout,
    Fault::Forbidden,
    Fault::Html,
    Fault::Empty,
    Fault::CutJson,
    Fault::NoKey,
    Fault::NullCursor,
    Fault::RepeatCursor,
    Fault::ForeignHost,
];

#[test]
fn each_stream_outlives_a_fault_of_each_class() {
    for_each(|export| {
        let sandbox = world();
        let rest = format!("{} {}", export.since(), paged(export));
        let reference = Place::of(&sandbox);
        reference.zdx(&words(export, &rest)).run().exit(0);
        let whole = reference.file("x.ndjson");
        // In the middle of the stream, if it has more than a page.
        let nth = sandbox.requests().len().min(2).try_into().expect("a few");
        for fault in FAULTS {
            let place = Place::of(&sandbox);
            let what = format!("{fault} at request {nth} of {export:?}");
            let before = sandbox.requests().len();
            sandbox.inject(fault, nth);
            let run = place.zdx(&words(export, &format!("{rest} --retry-for 5s"))).run();
            let met = sandbox.requests()[before..].iter().any(|seen| seen.fault == Some(fault));
            assert!(met, "never met: {what}");
            let exit = match fault {
                Fault::Forbidden => 4,
                // A whole window is longer than the budget.
                Fault::TooMany => 5,
                _ => 0,
            };
            assert_eq!(run.code(), exit, "{what}\n{}", run.transcript());
            let so_far = place.file("x.ndjson");
            assert!(whole.starts_with(&so_far), "other lines: {what}\n{}", run.transcript());
            let run = place.zdx(&words(export, paged(export))).run();
            assert_eq!(run.code(), 0, "after {what}\n{}", run.transcript());
            assert!(place.file("x.ndjson") == whole, "after {what}\n{}", run.transcript());
        }
    });
}

#[test]
fn p1_each_stream_outlives_kills() {
    let all = AtomicUsize::new(0);
    for_each(|export| {
        let sandbox = world();
        let rest = format!("{} {}", export.since(), paged(export));
        let whole = Place::of(&sandbox);
        whole.zdx(&words(export, &rest)).run().exit(0);
        let whole = whole.file("x.ndjson");
        let mut dice = fastrand::Rng::new();
        let mut kills = 0;
        for _ in 0..3 {
            let place = Place::of(&sandbox);
            loop {
                let begun = place.state().exists();
                let mut run =
                    place.zdx(&words(export, if begun { paged(export) } else { &rest })).start();
                sleep(Duration::from_millis(dice.u64(5..60)));
                run.child.kill().expect("a process of ours");
                if ended(&mut run.child).success() || kills > 40 {
                    break;
                }
                kills += 1;
            }
            let begun = place.state().exists();
            let last = words(export, if begun { paged(export) } else { &rest });
            place.zdx(&last).run().exit(0);
            assert!(place.file("x.ndjson") == whole, "{export:?} after {kills} kills");
        }
        all.fetch_add(kills, Ordering::SeqCst);
    });
    let all = all.into_inner();
    assert!(all >= 20, "{all} kills");
    println!("{all} kills");
}

/// What the sandbox calls it.
fn kind(export: Export) -> &'static str {
    match export.resource {
        "custom_objects:appliance" => "custom_objects/appliance",
        "nps_responses" => "responses",
        "nps_recipients" => "recipients",
        "routing_attributes" => "attributes",
        "routing_attribute_values" => "attribute_values",
        "routing_instance_values" => "instance_values",
        other => other,
    }
}

#[test]
fn s31_each_stream_writes_its_late_rows_once() {
    let streams = AtomicUsize::new(0);
    for_each(|export| {
        let late = format!("{}=60%:1h-12h", kind(export)).parse().expect("late rows");
        let options = Options { records: 400, late: vec![late], ..small() };
        let sandbox = standing(options);
        let place = Place::of(&sandbox);
        let rest = format!("--overlap 2d {}", paged(export));
        place.zdx(&words(export, &format!("{} {rest}", export.since()))).run().exit(0);
        for _ in 0..5 {
            sandbox.advance(Duration::from_secs(3 * 3600));
            place.zdx(&words(export, &rest)).run().exit(0);
        }
        let file = place.file("x.ndjson");
        let lines: Vec<&str> = file.lines().collect();
        let each: BTreeSet<&str> = lines.iter().copied().collect();
        assert_eq!(each.len(), lines.len(), "{export:?}: a row is there twice");
        let now = walk(&sandbox, export, "");
        // In the order in which they stand now, late rows stand elsewhere than they were written.
        let written: Vec<&String> = now.iter().filter(|row| each.contains(row.as_str())).collect();
        let places = written.iter().map(|row| lines.iter().position(|line| line == row));
        streams.fetch_add(usize::from(!places.is_sorted()), Ordering::SeqCst);
        for row in now {
            assert!(each.contains(row.as_str()), "{export:?} lost {}", &row[..row.len().min(90)]);
        }
    });
    let streams = streams.into_inner();
    assert!(streams >= 8, "late rows in {streams} streams alone");
    println!("late rows in {streams} streams");
}
