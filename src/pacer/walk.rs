//! Random walks: whatever servers say and whenever threads ask, no place is lost and nobody waits
//! for ever. The seeds are fixed, so that a failure comes again.

use super::{
    Limits, Name, Pacer, Place, Said, Source,
    quota::{Quota, Turn},
};
use crate::{clock::Clock, resource::Bucket};
use fastrand::Rng;
use std::time::{Duration, Instant};

const SOURCES: [Source; 5] = [
    Source::of_path("/api/v2/incremental/tickets/cursor.json", Bucket::Exports),
    Source::of_path("/api/v2/incremental/ticket_metric_events.json", Bucket::Exports),
    Source::of_path("/api/v2/incremental/users/cursor.json", Bucket::UsersCursor),
    Source::of_path("/api/v2/help_center/incremental/articles.json", Bucket::HelpCenter),
    Source::of_path("/api/v2/incremental/users/sample.json", Bucket::Sample),
];

fn quota(rng: &mut Rng) -> Quota {
    let total = rng.u64(0..12);
    let resets = Duration::from_secs(rng.u64(0..70));
    Quota { total, remaining: rng.u64(0..=total + 1), resets }
}

fn said(rng: &mut Rng) -> Said {
    match rng.u8(..8) {
        0 => Said::Unsent,
        1 => Said::Nothing,
        2 | 3 => Said::NoQuota,
        4 => Said::AccountSpent(quota(rng)),
        _ => {
            let names = ["incremental-exports", "incremental-exports-cursor", "x"];
            let mut quotas = Vec::new();
            for name in names {
                let name = Name::of_header(&format!("zendesk-ratelimit-{name}")).unwrap();
                if rng.u8(..3) == 0 {
                    quotas.push((name, quota(rng)));
                }
            }
            if quotas.is_empty() { Said::NoQuota } else { Said::Quotas(quotas) }
        }
    }
}

/// Those who wait ask as they were told, until all have had a place.
#[track_caller]
fn all_come_to_a_place(pacer: &mut Pacer, mut now: Instant, seed: u64) {
    let mut waiting: Vec<(usize, Instant)> = (0..SOURCES.len()).map(|who| (who, now)).collect();
    let limit = now + Duration::from_secs(3_600);
    while !waiting.is_empty() {
        waiting.sort_by_key(|(_, at)| *at);
        let (who, at) = waiting.remove(0);
        now = now.max(at);
        assert!(now < limit, "walk {seed}: {waiting:?} and {who} wait for ever: {pacer:#?}");
        match pacer.take_in_turn(&SOURCES[who], &who.to_string(), now) {
            Ok(place) => pacer.settle(place, Said::Nothing, now),
            Err(Turn::At(until)) => waiting.push((who, until.max(now))),
            Err(Turn::AfterAnswer) => waiting.push((who, now + Duration::from_millis(20))),
        }
    }
}

#[test]
fn f17_f18_no_place_is_lost_and_nobody_waits_for_ever() {
    for seed in 0..2_000 {
        let mut rng = Rng::with_seed(seed);
        let reserve = [0, 20, 99][rng.usize(..3)];
        let rate = [None, Some(3)][rng.usize(..2)];
        let mut pacer = Pacer::new(Limits { rate, reserve });
        let mut now = Clock::real().instant();
        let mut places: Vec<Place> = Vec::new();
        for _ in 0..rng.usize(..80) {
            let source = &SOURCES[rng.usize(..SOURCES.len())];
            match rng.u8(..10) {
                0..4 => places.extend(pacer.take(source, now)),
                4 => places.extend(pacer.take_in_turn(source, "walker", now)),
                5..8 if !places.is_empty() => {
                    let place = places.swap_remove(rng.usize(..places.len()));
                    pacer.settle(place, said(&mut rng), now);
                }
                8 => pacer.close(source, now + Duration::from_secs(rng.u64(0..100))),
                _ => now += Duration::from_millis(rng.u64(0..40_000)),
            }
        }
        for place in places {
            pacer.settle(place, said(&mut rng), now);
        }
        assert!(pacer.in_flight.is_empty(), "walk {seed}");
        let held: Vec<_> = pacer.quotas.iter().filter(|(_, state)| !state.is_empty()).collect();
        assert!(held.is_empty(), "walk {seed}: {held:#?}");
        all_come_to_a_place(&mut pacer, now, seed);
    }
}
