//! The pacer's rules, one by one.

use super::{queue::PATIENCE, *};
use std::time::Duration;

/// Tickets.
const B: Source = Source::of_path("/api/v2/incremental/tickets/cursor.json", Bucket::Exports);
/// Users, which have a quota of their own in the table.
const USERS: Source = Source::of_path("/api/v2/incremental/users/cursor.json", Bucket::UsersCursor);
/// Articles, which are no part of the documented exports.
const ARTICLES: Source =
    Source::of_path("/api/v2/help_center/incremental/articles.json", Bucket::HelpCenter);
const METRIC_EVENTS: Source =
    Source::of_path("/api/v2/incremental/ticket_metric_events.json", Bucket::Exports);

fn now() -> Instant {
    crate::clock::Clock::real().instant()
}

fn quota(remaining: u64, resets: u64) -> Option<Quota> {
    Some(Quota { total: 10, remaining, resets: Duration::from_secs(resets) })
}

fn later(now: Instant, seconds: u64) -> Instant {
    now + Duration::from_secs(seconds)
}

/// What was reserved, or when to ask again.
fn turn(pacer: &mut Pacer, now: Instant) -> Option<Turn> {
    pacer.take(&B, now).err()
}

fn exports() -> Name {
    Name::from(Bucket::Exports)
}

/// A request comes to an answer with this quota, or to none.
fn settle(pacer: &mut Pacer, place: Place, quota: Option<Quota>, now: Instant) {
    pacer.settle(
        place,
        quota.map_or(Said::Nothing, |quota| Said::Quotas(vec![(exports(), quota)])),
        now,
    );
}

/// A request that is answered at once.
fn asked(pacer: &mut Pacer, quota: Option<Quota>, now: Instant) {
    let place = pacer.take(&B, now).unwrap();
    settle(pacer, place, quota, now);
}

#[test]
fn one_request_in_flight_until_the_first_quota_header() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    let ticket = pacer.take(&B, now).unwrap();
    assert_eq!(turn(&mut pacer, now), Some(Turn::AfterAnswer));
    assert!(pacer.take(&USERS, now).is_ok());
    settle(&mut pacer, ticket, quota(9, 30), now);
    assert_eq!(turn(&mut pacer, now), None);
    assert_eq!(turn(&mut pacer, now), None);
}

#[test]
fn the_whole_quota_is_spent_and_nothing_more() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    for left in (0..10).rev() {
        asked(&mut pacer, quota(left, 30), now);
    }
    assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
    assert_eq!(turn(&mut pacer, later(now, 31)), None);
}

#[test]
fn places_are_reserved_before_the_answers_come() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, quota(2, 30), now);
    let first = pacer.take(&B, now).unwrap();
    assert_eq!(turn(&mut pacer, now), None);
    assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
    // The first answer does not yet count the second request.
    settle(&mut pacer, first, quota(1, 30), now);
    assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
}

#[test]
fn an_answer_that_was_overtaken_gives_nothing_back() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, quota(2, 30), now);
    let first = pacer.take(&B, now).unwrap();
    let second = pacer.take(&B, now).unwrap();
    settle(&mut pacer, second, quota(0, 30), now);
    settle(&mut pacer, first, quota(1, 30), now);
    assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
}

#[test]
fn an_overtaken_request_costs_no_place() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, quota(3, 30), now);
    let first = pacer.take(&B, now).unwrap();
    let second = pacer.take(&B, later(now, 1)).unwrap();
    // This answer counts the first request, which has none yet.
    settle(&mut pacer, second, quota(1, 28), later(now, 2));
    assert_eq!(turn(&mut pacer, later(now, 2)), Some(Turn::AfterAnswer));
    settle(&mut pacer, first, quota(2, 29), later(now, 3));
    assert_eq!(turn(&mut pacer, later(now, 3)), None);
    assert!(matches!(turn(&mut pacer, later(now, 3)), Some(Turn::At(_))));
}

#[test]
fn several_answers_tell_the_end_of_a_window_more_closely() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    // A slow answer, whose figure is of the time when the request came in.
    let slow = pacer.take(&B, now).unwrap();
    settle(&mut pacer, slow, quota(1, 30), later(now, 15));
    asked(&mut pacer, quota(0, 14), later(now, 16));
    assert_eq!(turn(&mut pacer, later(now, 16)), Some(Turn::At(later(now, 31))));
}

#[test]
fn after_a_window_of_ones_own_the_next_one_is_full() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, quota(9, 30), now);
    let next = later(now, 31);
    let first = pacer.take(&B, next).unwrap();
    let second = pacer.take(&B, next).unwrap();
    settle(&mut pacer, first, quota(9, 60), next);
    settle(&mut pacer, second, quota(8, 60), next);
    for left in (0..8).rev() {
        asked(&mut pacer, quota(left, 60), next);
    }
    assert_eq!(turn(&mut pacer, next), Some(Turn::At(later(next, 61))));
}

#[test]
fn after_a_window_with_others_in_it_an_answer_has_to_tell() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, quota(5, 30), now);
    let next = later(now, 31);
    let probe = pacer.take(&B, next).unwrap();
    assert_eq!(turn(&mut pacer, next), Some(Turn::AfterAnswer));
    settle(&mut pacer, probe, quota(1, 60), next);
    assert_eq!(turn(&mut pacer, next), None);
    assert_eq!(turn(&mut pacer, next), Some(Turn::At(later(next, 61))));
}

#[test]
fn a_request_that_comes_in_after_the_windows_end_counts_in_the_next_one() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, quota(9, 1), now);
    // The window ends before this one comes in.
    asked(&mut pacer, quota(9, 60), later(now, 1));
    for left in (0..9).rev() {
        asked(&mut pacer, quota(left, 59), later(now, 2));
    }
    assert!(matches!(turn(&mut pacer, later(now, 3)), Some(Turn::At(_))));
}

#[test]
fn an_answer_of_the_window_before_does_not_close_this_one() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, quota(9, 1), now);
    let late = pacer.take(&B, now).unwrap(); // answered after the window's end
    asked(&mut pacer, quota(9, 60), later(now, 2));
    settle(&mut pacer, late, quota(0, 1), later(now, 2));
    assert_eq!(turn(&mut pacer, later(now, 2)), None);
}

#[test]
fn a_slow_answer_of_an_earlier_window_holds_nobody_up() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, quota(6, 3), now); // others are there
    let slow = pacer.take(&B, now).unwrap(); // takes longer than the window
    let probe = pacer.take(&B, later(now, 5)).unwrap();
    assert_eq!(turn(&mut pacer, later(now, 5)), Some(Turn::AfterAnswer));
    settle(&mut pacer, slow, quota(5, 3), later(now, 5));
    assert_eq!(turn(&mut pacer, later(now, 5)), Some(Turn::AfterAnswer));
    settle(&mut pacer, probe, quota(9, 3), later(now, 5));
    assert_eq!(turn(&mut pacer, later(now, 5)), None);
}

#[test]
fn a_request_without_an_answer_counts() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, quota(2, 30), now);
    asked(&mut pacer, None, now);
    assert_eq!(turn(&mut pacer, now), None);
    assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
}

#[test]
fn a_server_that_counts_late_is_not_believed_within_a_window() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    for _ in 0..4 {
        asked(&mut pacer, quota(3, 30), now);
    }
    assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
}

#[test]
fn after_a_429_the_server_is_asked_when_it_said() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, quota(0, 12), now);
    pacer.close(&B, later(now, 2));
    assert_eq!(turn(&mut pacer, later(now, 1)), Some(Turn::At(later(now, 2))));
    assert_eq!(turn(&mut pacer, later(now, 2)), None);
    assert_eq!(turn(&mut pacer, later(now, 2)), Some(Turn::AfterAnswer));
}

#[test]
fn another_client_eating_the_quota_is_noticed() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, quota(9, 30), now);
    asked(&mut pacer, quota(0, 29), later(now, 1));
    assert_eq!(turn(&mut pacer, later(now, 1)), Some(Turn::At(later(now, 31))));
}

#[test]
fn a_reserve_is_left_to_others() {
    let limits = Limits { reserve: 25, ..Limits::default() };
    let (mut pacer, now) = (Pacer::new(limits), now());
    asked(&mut pacer, quota(4, 30), now);
    assert_eq!(turn(&mut pacer, now), None);
    assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
}

#[test]
fn a_rate_of_ones_own_holds_over_any_minute() {
    let limits = Limits { rate: Some(2), ..Limits::default() };
    let (mut pacer, now) = (Pacer::new(limits), now());
    for at in [0, 20] {
        asked(&mut pacer, None, later(now, at));
    }
    assert_eq!(turn(&mut pacer, later(now, 30)), Some(Turn::At(later(now, 60))));
    assert_eq!(turn(&mut pacer, later(now, 60)), None);
}

#[test]
fn without_headers_a_429_leads_to_ten_in_any_minute() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    for _ in 0..12 {
        asked(&mut pacer, None, now);
    }
    pacer.close(&B, later(now, 5));
    assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 5))));
    assert_eq!(turn(&mut pacer, later(now, 6)), Some(Turn::At(later(now, 60))));
    for _ in 0..10 {
        asked(&mut pacer, None, later(now, 60));
    }
    assert_eq!(turn(&mut pacer, later(now, 60)), Some(Turn::At(later(now, 120))));
}

/// A request that is answered well, without a quota.
fn untold(pacer: &mut Pacer, now: Instant) {
    let place = pacer.take(&B, now).unwrap();
    pacer.settle(place, Said::NoQuota, now);
}

#[test]
fn a_server_without_headers_is_asked_side_by_side_once_it_has_answered() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, None, now); // lost, which tells nothing
    let probe = pacer.take(&B, now).unwrap();
    assert_eq!(turn(&mut pacer, now), Some(Turn::AfterAnswer));
    pacer.settle(probe, Said::NoQuota, now);
    assert_eq!([turn(&mut pacer, now), turn(&mut pacer, now)], [None, None]);
    // One that tells its quota after all is believed.
    let ticket = pacer.take(&B, now).unwrap();
    settle(&mut pacer, ticket, quota(0, 30), now);
    assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
}

#[test]
fn a_429_of_a_server_whose_headers_have_gone_leads_to_ten_in_any_minute() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, quota(99, 1), now);
    for _ in 0..12 {
        untold(&mut pacer, later(now, 3));
    }
    pacer.close(&B, later(now, 4));
    // This one would tell of the quota, if there were one.
    untold(&mut pacer, later(now, 5));
    assert_eq!(turn(&mut pacer, later(now, 6)), Some(Turn::At(later(now, 63))));
    // One that does tell is believed.
    let ticket = pacer.take(&B, later(now, 63)).unwrap();
    settle(&mut pacer, ticket, quota(50, 60), later(now, 63));
    for _ in 0..20 {
        assert_eq!(turn(&mut pacer, later(now, 63)), None);
    }
}

#[test]
fn who_has_waited_longest_is_the_next() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    let mut turns = Vec::new();
    let mut ticket = pacer.take_in_turn(&B, "a", now).unwrap();
    for at in (1..7).map(|n| now + Duration::from_millis(20 * n)) {
        // All ask while the first is under way, and then again; who has had its turn, first.
        for who in ["c", "a", "b"] {
            assert_eq!(pacer.take_in_turn(&B, who, at).err(), Some(Turn::AfterAnswer));
        }
        settle(&mut pacer, ticket, None, at);
        assert_eq!(turn(&mut pacer, at), Some(Turn::AfterAnswer), "nobody jumps the queue");
        let who = ["a", "b", "c"].into_iter().rev();
        let mut got = who.filter_map(|who| Some((who, pacer.take_in_turn(&B, who, at).ok()?)));
        let (who, taken) = got.next().expect("one of them");
        turns.push(who);
        ticket = taken;
    }
    assert_eq!(turns, ["c", "a", "b", "c", "a", "b"]);
}

#[test]
fn one_that_does_not_come_when_it_is_its_turn_holds_nobody_up() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    let ticket = pacer.take(&B, now).unwrap();
    assert!(pacer.take_in_turn(&B, "gone", now).is_err());
    settle(&mut pacer, ticket, None, now);
    assert_eq!(turn(&mut pacer, now), Some(Turn::AfterAnswer));
    assert_eq!(turn(&mut pacer, now + PATIENCE), None);
}

/// A request of this source, answered at once with this quota.
fn told(pacer: &mut Pacer, source: &Source, name: &Name, quota: Option<Quota>, now: Instant) {
    let place = pacer.take(source, now).unwrap();
    answer(pacer, place, name, quota, now);
}

/// An answer that names a quota, or none.
fn answer(pacer: &mut Pacer, place: Place, name: &Name, quota: Option<Quota>, now: Instant) {
    let said = quota.map_or(Said::NoQuota, |quota| Said::Quotas(vec![(name.clone(), quota)]));
    pacer.settle(place, said, now);
}

fn named(name: &str) -> Name {
    Name::of_header(&format!("zendesk-ratelimit-{name}")).unwrap()
}

/// How many more requests of a source find a place now, and what the next one is told.
fn places(pacer: &mut Pacer, source: &Source, now: Instant) -> (usize, Turn) {
    for count in 0..100 {
        match pacer.take(source, now) {
            Ok(place) => drop(place), // it stays in flight
            Err(turn) => return (count, turn),
        }
    }
    panic!("no end of places");
}

#[test]
fn f18_the_name_of_the_header_is_the_quota() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    told(&mut pacer, &B, &exports(), quota(9, 30), now);
    told(&mut pacer, &USERS, &exports(), quota(8, 30), now);
    told(&mut pacer, &ARTICLES, &exports(), quota(7, 30), now);
    let tickets = pacer.take(&B, now).unwrap();
    let _users = pacer.take(&USERS, now).unwrap();
    assert_eq!(places(&mut pacer, &ARTICLES, now), (5, Turn::At(later(now, 31))));
    assert_eq!(pacer.take(&USERS, now).err(), Some(Turn::At(later(now, 31))));
    settle(&mut pacer, tickets, quota(6, 30), now);
    assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
}

#[test]
fn f18_those_that_learn_at_once_share_what_is_left() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        let first = [&B, &USERS, &ARTICLES].map(|source| Some(pacer.take(source, now).unwrap()));
        let (mut first, lefts) = (first, [9, 8, 7]);
        for index in order {
            let place = first[index].take().unwrap();
            answer(&mut pacer, place, &exports(), quota(lefts[index], 30), now);
        }
        assert_eq!(places(&mut pacer, &USERS, now).0, 7, "{order:?}");
    }
}

#[test]
fn f18_what_is_under_way_moves_with_its_source() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    told(&mut pacer, &B, &exports(), quota(5, 30), now);
    told(&mut pacer, &USERS, &named("incremental-exports-cursor"), quota(9, 30), now);
    let under_way = [(); 3].map(|()| pacer.take(&USERS, now).unwrap());
    // They count with tickets after all.
    let [first, second, third] = under_way;
    answer(&mut pacer, first, &exports(), quota(4, 30), now);
    let _tickets = pacer.take(&B, now).unwrap();
    assert_eq!(places(&mut pacer, &B, now), (1, Turn::At(later(now, 31))));
    answer(&mut pacer, second, &exports(), quota(3, 30), now);
    answer(&mut pacer, third, &exports(), quota(2, 30), now);
    assert!(pacer.quotas.keys().eq([&exports()]), "the other is forgotten: {:?}", pacer.quotas);
}

#[test]
fn f18_one_that_leaves_a_quota_takes_nothing_with_it() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    told(&mut pacer, &B, &exports(), quota(9, 30), now);
    let metric_events = pacer.take(&METRIC_EVENTS, now).unwrap();
    answer(&mut pacer, metric_events, &named("metric-events"), quota(99, 30), now);
    assert_eq!(places(&mut pacer, &B, now).0, 9);
    assert_eq!(places(&mut pacer, &METRIC_EVENTS, now).0, 99);
}

#[test]
fn f18_a_quota_that_changes_its_name_is_another_one() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    told(&mut pacer, &B, &exports(), quota(0, 30), now);
    told(&mut pacer, &B, &named("incremental-exports-v2"), quota(3, 50), later(now, 31));
    assert_eq!(places(&mut pacer, &B, later(now, 31)), (3, Turn::At(later(now, 82))));
}

#[test]
fn f18_ever_new_names_do_not_fill_the_memory() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    for n in 0..100 {
        told(&mut pacer, &B, &named(&n.to_string()), quota(9, 30), now);
    }
    assert!(pacer.quotas.len() <= 2, "{:?}", pacer.quotas.keys());
}

#[test]
fn f18_a_request_that_counts_in_two_quotas_needs_a_place_in_both() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    let place = pacer.take(&B, now).unwrap();
    let both = vec![(exports(), quota(9, 30).unwrap()), (named("narrow"), quota(2, 20).unwrap())];
    pacer.settle(place, Said::Quotas(both), now);
    assert_eq!(places(&mut pacer, &B, now), (2, Turn::At(later(now, 21))));
}

#[test]
fn f18_a_path_among_the_exports_without_a_name_counts_in_theirs() {
    for (source, counts) in [(&USERS, true), (&METRIC_EVENTS, true), (&ARTICLES, false)] {
        let (mut pacer, now) = (Pacer::new(Limits::default()), now());
        told(&mut pacer, &B, &exports(), quota(9, 30), now);
        told(&mut pacer, source, &exports(), None, now);
        let _tickets = pacer.take(&B, now).unwrap();
        if counts {
            assert_eq!(places(&mut pacer, source, now), (7, Turn::At(later(now, 31))));
            assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
        } else {
            for _ in 0..50 {
                assert!(pacer.take(source, now).is_ok());
            }
            assert_eq!(places(&mut pacer, &B, now).0, 8);
        }
    }
}

#[test]
fn f18_a_request_that_did_not_count_is_given_back_once_an_answer_shows_it() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    told(&mut pacer, &B, &exports(), quota(3, 30), now);
    told(&mut pacer, &METRIC_EVENTS, &exports(), None, later(now, 1));
    told(&mut pacer, &B, &exports(), quota(2, 28), later(now, 2));
    assert_eq!(places(&mut pacer, &B, later(now, 2)).0, 2);
}

#[test]
fn f18_a_newcomer_among_the_exports_waits_for_room_in_theirs() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    told(&mut pacer, &B, &exports(), quota(0, 30), now);
    assert_eq!(pacer.take(&USERS, now).err(), Some(Turn::At(later(now, 31))));
    // Articles are none of them as far as the table goes.
    assert!(pacer.take(&ARTICLES, now).is_ok());
}

#[test]
fn f18_one_that_names_nothing_lets_nobody_loose_while_others_may_name_it() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    let metric_events = pacer.take_in_turn(&METRIC_EVENTS, "m", now).unwrap();
    assert_eq!(pacer.take_in_turn(&B, "t", now).err(), Some(Turn::AfterAnswer));
    answer(&mut pacer, metric_events, &exports(), None, now);
    // Tickets have not been asked yet.
    assert_eq!(pacer.take_in_turn(&METRIC_EVENTS, "m", now).err(), Some(Turn::AfterAnswer));
    let tickets = pacer.take_in_turn(&B, "t", now).unwrap();
    assert_eq!(pacer.take_in_turn(&METRIC_EVENTS, "m", now).err(), Some(Turn::AfterAnswer));
    answer(&mut pacer, tickets, &exports(), quota(1, 30), now);
    assert!(pacer.take_in_turn(&METRIC_EVENTS, "m", now).is_ok());
    assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
}

#[test]
fn f18_of_a_silent_server_each_is_heard_once_before_all_go_side_by_side() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    let first = pacer.take_in_turn(&B, "t", now).unwrap();
    assert_eq!(pacer.take_in_turn(&METRIC_EVENTS, "m", now).err(), Some(Turn::AfterAnswer));
    answer(&mut pacer, first, &exports(), None, now);
    let second = pacer.take_in_turn(&METRIC_EVENTS, "m", now).unwrap();
    answer(&mut pacer, second, &exports(), None, now);
    for source in [&B, &METRIC_EVENTS, &B, &METRIC_EVENTS] {
        assert!(pacer.take(source, now).is_ok());
    }
}

#[test]
fn f18_one_that_comes_late_is_heard_before_the_others_go_on() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    for _ in 0..20 {
        told(&mut pacer, &METRIC_EVENTS, &exports(), None, now);
    }
    let tickets = pacer.take(&B, now).unwrap();
    assert_eq!(pacer.take(&METRIC_EVENTS, now).err(), Some(Turn::AfterAnswer));
    answer(&mut pacer, tickets, &exports(), None, now);
    assert!(pacer.take(&METRIC_EVENTS, now).is_ok());
}

#[test]
fn f18_where_only_the_nameless_go_on_they_keep_to_the_quota_by_count() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    told(&mut pacer, &B, &exports(), quota(9, 30), now);
    told(&mut pacer, &METRIC_EVENTS, &exports(), None, now);
    // Tickets have caught up: nobody tells of the windows to come.
    let mut sent = Vec::new();
    for second in 31..300 {
        while let Ok(place) = pacer.take(&METRIC_EVENTS, later(now, second)) {
            answer(&mut pacer, place, &exports(), None, later(now, second));
            sent.push(second);
        }
    }
    let most =
        (31..300).map(|from| sent.iter().filter(|at| (from..from + 60).contains(*at)).count());
    assert_eq!((most.max(), sent.len()), (Some(10), 50));
    // Tickets come again, in a window that the others have spent.
    let again = later(now, 300);
    assert!(matches!(turn(&mut pacer, again), Some(Turn::At(_))));
}

#[test]
fn f18_a_429_closes_the_quota_that_it_names() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    told(&mut pacer, &B, &exports(), quota(9, 30), now);
    told(&mut pacer, &USERS, &named("incremental-exports-cursor"), quota(9, 30), now);
    let refused = pacer.take(&USERS, now).unwrap();
    answer(&mut pacer, refused, &exports(), quota(0, 30), now);
    pacer.close(&USERS, later(now, 10));
    for source in [&B, &USERS] {
        assert_eq!(pacer.take(source, now).err(), Some(Turn::At(later(now, 10))));
    }
    assert!(pacer.take(&ARTICLES, now).is_ok());
}

#[test]
fn f18_of_two_quotas_a_429_closes_the_one_that_is_spent() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    told(&mut pacer, &USERS, &exports(), quota(9, 30), now);
    let place = pacer.take(&B, now).unwrap();
    let both = vec![(exports(), quota(8, 30).unwrap()), (named("narrow"), quota(0, 20).unwrap())];
    pacer.settle(place, Said::Quotas(both), now);
    pacer.close(&B, later(now, 10));
    assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 10))));
    assert!(pacer.take(&USERS, now).is_ok());
}

#[test]
fn f18_who_waits_for_another_quota_holds_nobody_up() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    told(&mut pacer, &B, &exports(), quota(0, 30), now);
    let users = pacer.take(&USERS, later(now, 31)).unwrap();
    answer(&mut pacer, users, &named("incremental-exports-cursor"), quota(9, 30), later(now, 31));
    let _under_way = pacer.take(&B, later(now, 31)).unwrap();
    let waits = pacer.take_in_turn(&METRIC_EVENTS, "m", later(now, 31));
    drop(waits); // a place or not: it is in the line of the exports alone
    assert!(pacer.take(&USERS, later(now, 31)).is_ok());
}

#[test]
fn a_request_that_never_reached_the_server_costs_no_place() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, quota(2, 30), now);
    for _ in 0..20 {
        let place = pacer.take(&B, now).unwrap();
        pacer.settle(place, Said::Unsent, now);
    }
    assert_eq!(places(&mut pacer, &B, now).0, 2);
}

#[test]
fn an_account_that_is_spent_is_left_alone_until_its_window_ends() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    let place = pacer.take(&B, now).unwrap();
    pacer.settle(place, Said::AccountSpent(quota(0, 20).unwrap()), now);
    assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 21))));
    assert_eq!(turn(&mut pacer, later(now, 21)), None);
}
