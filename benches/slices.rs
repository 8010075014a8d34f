//! Reading ahead in virtual time: how much of the quota one resource spends in each full minute
//! whose pages come slowly, from the second one on and but for the last, and what is asked in vain.

use zdx::bench::slices::{History, Scenario};

const SEEDS: u64 = 8;

pub(crate) fn run() {
    println!(
        "| a minute's quota | a page takes s | history | pages | | of the quota, worst minute | mean | 429 | in vain | kept MiB | took min |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let even = Scenario {
        quota: 10,
        latency: 2_000,
        history: History::Even,
        pages: 500,
        ahead: true,
        page_bytes: 400_000,
        most_bytes: 64 * 1024 * 1024,
        reserve: 0,
        seed: 0,
    };
    for quota in [10, 30, 100] {
        for latency in [2_000, 5_000, 12_000, 30_000] {
            for ahead in [false, true] {
                row(Scenario { quota, latency, ahead, ..even });
            }
        }
    }
    for history in [History::Nights, History::Bursts, History::Voids, History::Growth] {
        for (quota, latency) in [(10, 12_000), (10, 30_000), (30, 12_000), (100, 12_000)] {
            row(Scenario { quota, latency, history, ..even });
        }
    }
    for (quota, latency) in [(10, 12_000), (30, 30_000), (100, 12_000)] {
        row(Scenario { quota, latency, pages: 5_000, ..even });
    }
}

fn row(scenario: Scenario) {
    let Scenario { quota, latency, history, pages, ahead, .. } = scenario;
    let (mut worst, mut sum, mut windows) = (u64::MAX, 0, 0);
    let (mut refused, mut requests, mut took, mut held) = (0, 0, 0.0, 0);
    for seed in 0..SEEDS {
        let result = Scenario { seed, ..scenario }.run();
        assert!(result.whole, "{scenario:?}");
        let full = result.windows.len().saturating_sub(3);
        for window in result.windows.iter().skip(2).take(full) {
            worst = worst.min(*window);
            sum += *window;
            windows += 1;
        }
        refused += result.refused;
        requests += result.requests;
        held = held.max(result.held);
        took += result.took.as_secs_f64() / 60.0 / SEEDS as f64;
    }
    let alone = (SEEDS * (pages as u64 + 1)) as f64;
    let percent = |part: f64| part / quota as f64 * 100.0;
    println!(
        "| {quota} | {} | {history:?} | {pages} | {} | {:.0} % | {:.0} % | {refused} | {:.1} % | {} | {took:.0} |",
        latency as f64 / 1000.0,
        if ahead { "in slices" } else { "one by one" },
        percent(worst as f64),
        percent(sum as f64 / f64::from(windows.max(1))),
        (requests as f64 - alone) / requests as f64 * 100.0,
        held / 1024 / 1024,
    );
}
