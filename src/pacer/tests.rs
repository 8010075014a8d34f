//! The pacer's rules, one by one.

use super::{bucket::PATIENCE, *};

const B: Bucket = Bucket::Exports;

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
    pacer.take(B, now).err()
}

/// A request comes to an answer with this quota, or to none.
fn settle(pacer: &mut Pacer, place: Place, quota: Option<Quota>, now: Instant) {
    pacer.settle(place, quota.map_or(Said::Nothing, Said::Quota), now);
}

/// A request that is answered at once.
fn asked(pacer: &mut Pacer, quota: Option<Quota>, now: Instant) {
    let place = pacer.take(B, now).unwrap();
    settle(pacer, place, quota, now);
}

#[test]
fn one_request_in_flight_until_the_first_quota_header() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    let ticket = pacer.take(B, now).unwrap();
    assert_eq!(turn(&mut pacer, now), Some(Turn::AfterAnswer));
    assert!(pacer.take(Bucket::UsersCursor, now).is_ok());
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
    let first = pacer.take(B, now).unwrap();
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
    let first = pacer.take(B, now).unwrap();
    let second = pacer.take(B, now).unwrap();
    settle(&mut pacer, second, quota(0, 30), now);
    settle(&mut pacer, first, quota(1, 30), now);
    assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 31))));
}

#[test]
fn an_overtaken_request_costs_no_place() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, quota(3, 30), now);
    let first = pacer.take(B, now).unwrap();
    let second = pacer.take(B, later(now, 1)).unwrap();
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
    let slow = pacer.take(B, now).unwrap();
    settle(&mut pacer, slow, quota(1, 30), later(now, 15));
    asked(&mut pacer, quota(0, 14), later(now, 16));
    assert_eq!(turn(&mut pacer, later(now, 16)), Some(Turn::At(later(now, 31))));
}

#[test]
fn after_a_window_of_ones_own_the_next_one_is_full() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, quota(9, 30), now);
    let next = later(now, 31);
    let first = pacer.take(B, next).unwrap();
    let second = pacer.take(B, next).unwrap();
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
    let probe = pacer.take(B, next).unwrap();
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
    let late = pacer.take(B, now).unwrap(); // answered after the window's end
    asked(&mut pacer, quota(9, 60), later(now, 2));
    settle(&mut pacer, late, quota(0, 1), later(now, 2));
    assert_eq!(turn(&mut pacer, later(now, 2)), None);
}

#[test]
fn a_slow_answer_of_an_earlier_window_holds_nobody_up() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, quota(6, 3), now); // others are there
    let slow = pacer.take(B, now).unwrap(); // takes longer than the window
    let probe = pacer.take(B, later(now, 5)).unwrap();
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
    pacer.close(B, later(now, 2));
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
    pacer.close(B, later(now, 5));
    assert_eq!(turn(&mut pacer, now), Some(Turn::At(later(now, 5))));
    assert_eq!(turn(&mut pacer, later(now, 6)), Some(Turn::At(later(now, 60))));
    for _ in 0..10 {
        asked(&mut pacer, None, later(now, 60));
    }
    assert_eq!(turn(&mut pacer, later(now, 60)), Some(Turn::At(later(now, 120))));
}

/// A request that is answered well, without a quota.
fn untold(pacer: &mut Pacer, now: Instant) {
    let place = pacer.take(B, now).unwrap();
    pacer.settle(place, Said::NoQuota, now);
}

#[test]
fn a_server_without_headers_is_asked_side_by_side_once_it_has_answered() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    asked(&mut pacer, None, now); // lost, which tells nothing
    let probe = pacer.take(B, now).unwrap();
    assert_eq!(turn(&mut pacer, now), Some(Turn::AfterAnswer));
    pacer.settle(probe, Said::NoQuota, now);
    assert_eq!([turn(&mut pacer, now), turn(&mut pacer, now)], [None, None]);
    // One that tells its quota after all is believed.
    let ticket = pacer.take(B, now).unwrap();
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
    pacer.close(B, later(now, 4));
    // This one would tell of the quota, if there were one.
    untold(&mut pacer, later(now, 5));
    assert_eq!(turn(&mut pacer, later(now, 6)), Some(Turn::At(later(now, 63))));
    // One that does tell is believed.
    let ticket = pacer.take(B, later(now, 63)).unwrap();
    settle(&mut pacer, ticket, quota(50, 60), later(now, 63));
    for _ in 0..20 {
        assert_eq!(turn(&mut pacer, later(now, 63)), None);
    }
}

#[test]
fn who_has_waited_longest_is_the_next() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    let mut turns = Vec::new();
    let mut ticket = pacer.take_in_turn(B, "a", now).unwrap();
    for at in (1..7).map(|n| now + Duration::from_millis(20 * n)) {
        // All ask while the first is under way, and then again; who has had its turn, first.
        for who in ["c", "a", "b"] {
            assert_eq!(pacer.take_in_turn(B, who, at).err(), Some(Turn::AfterAnswer));
        }
        settle(&mut pacer, ticket, None, at);
        assert_eq!(turn(&mut pacer, at), Some(Turn::AfterAnswer), "nobody jumps the queue");
        let who = ["a", "b", "c"].into_iter().rev();
        let mut got = who.filter_map(|who| Some((who, pacer.take_in_turn(B, who, at).ok()?)));
        let (who, taken) = got.next().expect("one of them");
        turns.push(who);
        ticket = taken;
    }
    assert_eq!(turns, ["c", "a", "b", "c", "a", "b"]);
}

#[test]
fn one_that_does_not_come_when_it_is_its_turn_holds_nobody_up() {
    let (mut pacer, now) = (Pacer::new(Limits::default()), now());
    let ticket = pacer.take(B, now).unwrap();
    assert!(pacer.take_in_turn(B, "gone", now).is_err());
    settle(&mut pacer, ticket, None, now);
    assert_eq!(turn(&mut pacer, now), Some(Turn::AfterAnswer));
    assert_eq!(turn(&mut pacer, now + PATIENCE), None);
}
