//! The front in tables: what is kept and let go, who asks next, and where slices begin.

use super::front::{Answered, Ask, Front, walkers};
use crate::{
    clock::Clock,
    position::{Cursor, Position},
    resource::Pagination,
    time::UnixTime,
};
use std::time::{Duration, Instant};

fn at(seconds: i64) -> UnixTime {
    UnixTime::clamped(seconds)
}

fn start(seconds: i64) -> Position {
    Position::Start(at(seconds))
}

fn cursor(name: &str) -> Position {
    Position::Cursor(Cursor::new(name).unwrap())
}

fn now() -> Instant {
    Clock::real().instant()
}

const LIMIT: i64 = 1_000_000;

/// A head that has read a page of 100 seconds, up to 100, with room for so many bytes.
fn front(walkers: usize, most: usize) -> Front<&'static str> {
    let mut front = Front::new(Pagination::Cursor, most);
    front.pass(at(0), at(100));
    front.begin(walkers, at(LIMIT));
    front
}

/// Sends the next request.
#[track_caller]
fn send(front: &mut Front<&'static str>) -> Ask {
    let ask = front.ask(now()).expect("somebody waits");
    assert!(front.go(ask.slice));
    ask
}

fn answer(front: &mut Front<&'static str>, ask: &Ask, times: (i64, i64), next: &str) {
    let (first, last) = times;
    let answered = Answered { first: at(first), last: at(last), next: cursor(next) };
    front.answer(ask.slice, answered, "page", 10);
}

#[test]
fn as_many_walk_as_the_latency_wants() {
    for (places, seconds, expect) in [
        (10, 2, 1),
        (10, 5, 1),
        (10, 12, 3),
        (10, 30, 10),
        (30, 2, 2),
        (30, 12, 8),
        (100, 0, 1),
        (100, 12, 25),
        (100, 30, 64),
        (100, 120, 64),
        (0, 30, 0),
    ] {
        assert_eq!(walkers(places, Duration::from_secs(seconds)), expect, "{places} {seconds}");
    }
}

#[test]
fn slices_begin_sixteen_pages_apart() {
    let mut front = front(4, 1_000);
    assert_eq!(front.walking(), 4);
    let asked: Vec<Position> = (0..3).map(|_| send(&mut front).position).collect();
    assert_eq!(asked, [start(1_700), start(3_300), start(4_900)]);
    assert_eq!(front.ask(now()), None);
}

#[test]
fn nothing_begins_where_little_is_left_or_nothing_is_known() {
    let mut front = Front::<()>::new(Pagination::Cursor, 1_000);
    front.begin(4, at(LIMIT));
    assert_eq!(front.walking(), 1, "nobody knows how densely records lie");
    front.pass(at(0), at(100));
    front.begin(4, at(250));
    assert_eq!(front.walking(), 1);
    front.begin(4, at(50));
    assert_eq!(front.walking(), 1);
}

#[test]
fn what_is_kept_is_taken_in_order_and_what_lies_before_it_let_go() {
    let mut front = front(3, 1_000);
    let (one, two) = (send(&mut front), send(&mut front));
    answer(&mut front, &one, (1_700, 1_800), "a");
    answer(&mut front, &two, (3_301, 3_400), "b");
    let joints: Vec<(i64, i64)> =
        front.joints().iter().map(|joint| (joint.start.seconds(), joint.first.seconds())).collect();
    assert_eq!(joints, [(1_700, 1_700), (3_300, 3_301)]);
    assert_eq!(front.held(), 20);
    assert_eq!(front.take(&start(5)), None);
    assert_eq!(front.take(&start(3_300)), Some("page"));
    assert_eq!(front.held(), 0);
    assert!(!front.keeps(&start(1_700)), "the head is past it");
    assert!(front.joints().is_empty(), "it is inside the other");
}

#[test]
fn the_head_passes_slices_by() {
    let mut front = front(3, 1_000);
    let one = send(&mut front);
    front.pass(at(100), at(1_700));
    assert!(front.is_asking(&one.position), "it ends where this one begins");
    front.pass(at(1_701), at(1_750));
    assert!(!front.is_asking(&one.position));
    // The answer comes too late.
    answer(&mut front, &one, (1_700, 1_800), "a");
    assert_eq!((front.held(), front.next_start()), (0, Some(at(3_300))));
}

#[test]
fn the_head_goes_before_a_walker_that_has_no_place_yet() {
    let mut front = front(2, 1_000);
    let one = send(&mut front);
    answer(&mut front, &one, (1_700, 1_800), "a");
    assert_eq!(front.take(&start(1_700)), Some("page"));
    let ask = front.ask(now()).unwrap();
    assert_eq!(ask.position, cursor("a"));
    assert!(!front.is_asking(&cursor("a")));
    assert!(front.is_at_work(), "the head guesses nothing inside a slice");
    front.claim(&cursor("a"));
    assert!(!front.go(ask.slice) && !front.is_at_work());
}

#[test]
fn a_slice_ends_where_the_next_one_has_begun() {
    let mut front = front(3, 1_000);
    let (one, two) = (send(&mut front), send(&mut front));
    answer(&mut front, &one, (1_700, 3_300), "a");
    assert_eq!(front.walking(), 2);
    assert!(front.keeps(&start(1_700)), "what lies in front of the cut is wanted");
    // What nobody has asked for, and a page covers, need not be asked for.
    answer(&mut front, &two, (3_300, 3_400), "b");
    front.begin(4, at(LIMIT));
    let again = send(&mut front);
    assert_eq!(again.position, cursor("b"));
    answer(&mut front, &again, (3_401, 900_000), "c");
    assert_eq!(front.ask(now()).map(|ask| ask.position), Some(cursor("c")));
}

#[test]
fn a_page_that_reaches_into_what_still_changes_is_left_to_the_head() {
    let mut front = front(2, 1_000);
    let one = send(&mut front);
    answer(&mut front, &one, (1_700, LIMIT), "a");
    assert!(!front.keeps(&start(1_700)) && front.joints().is_empty());
    assert_eq!(front.ask(now()), None);
}

#[test]
fn what_is_full_is_not_added_to_but_for_what_is_wanted_first() {
    let mut front = front(3, 25);
    let (one, two) = (send(&mut front), send(&mut front));
    answer(&mut front, &one, (900, 1_000), "a");
    answer(&mut front, &two, (1_700, 1_800), "b");
    let first = front.ask(now()).unwrap();
    assert_eq!(first.position, cursor("a"));
    assert_eq!(front.ask(now()), None);
}

#[test]
fn after_trouble_all_rest_and_then_the_same_is_asked_again() {
    let mut front = front(3, 1_000);
    let one = send(&mut front);
    let until = now() + Duration::from_secs(60);
    front.again(one.slice, until);
    assert_eq!(front.ask(now()), None);
    assert_eq!(front.ask(until).map(|ask| ask.position), Some(one.position));
}

#[test]
fn an_order_that_is_another_ends_it_all() {
    let mut front = front(3, 1_000);
    let (one, two) = (send(&mut front), send(&mut front));
    answer(&mut front, &one, (1_700, 1_800), "a");
    front.distrust();
    answer(&mut front, &two, (3_300, 3_400), "b");
    front.begin(5, at(LIMIT));
    assert_eq!((front.held(), front.walking(), front.ask(now())), (0, 1, None));
    assert!(front.joints().is_empty());
}

#[test]
fn one_that_gives_up_leaves_what_is_kept() {
    let mut front = front(3, 1_000);
    let one = send(&mut front);
    answer(&mut front, &one, (1_700, 1_800), "a");
    front.stop();
    assert_eq!(front.ask(now()), None);
    assert_eq!(front.take(&start(1_700)), Some("page"));
}
