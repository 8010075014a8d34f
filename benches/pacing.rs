//! The pacer in virtual time: how much of the quota is spent in each full minute.

use zdx::bench::pacing::{Made, Other, Scenario, Shared};

/// Full minutes of each scenario.
const MINUTES: u64 = 20;

pub(crate) fn run() {
    println!(
        "| a minute's quota | shared by | resources | latency s | others | reserve | could be sent | sent, worst minute | sent, mean | of the quota | 429 | others refused |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    let alone = Scenario {
        quota: 10,
        latency: 50,
        jitter: 20,
        resources: 1,
        reserve: 0,
        shared: Shared::All,
        other: Other::None,
        headers: Made::OnArrival,
        rounded_up: true,
        seed: 1,
    };
    for quota in [10, 30, 100] {
        for resources in [1, 6] {
            for latency in [50, 500, 2_000, 5_000, 15_000] {
                row(Scenario { quota, resources, latency, ..alone });
            }
        }
    }
    for shared in
        [Shared::AllUnlikeTheTable, Shared::None, Shared::AllOneIsMute, Shared::AllButTheMute]
    {
        for latency in [50, 500, 2_000, 5_000] {
            row(Scenario { shared, latency, resources: 6, ..alone });
        }
    }
    for reserve in [10, 50] {
        for latency in [50, 500, 2_000, 5_000, 15_000] {
            row(Scenario { reserve, resources: 6, latency, ..alone });
        }
    }
    for other in [Other::Steady(6_000), Other::Steady(20_000), Other::Burst(5)] {
        for reserve in [0, 50] {
            row(Scenario { reserve, other, resources: 6, latency: 500, ..alone });
        }
    }
    for other in [Other::Steady(1_000), Other::Burst(50)] {
        for reserve in [0, 50] {
            row(Scenario { quota: 100, reserve, other, resources: 6, latency: 2_000, ..alone });
        }
    }
}

/// One scenario, with each way of making and rounding the headers.
fn row(scenario: Scenario) {
    let mut windows = Vec::new();
    for headers in [Made::OnArrival, Made::OnAnswer] {
        for rounded_up in [true, false] {
            windows.extend(Scenario { headers, rounded_up, ..scenario }.run(MINUTES));
        }
    }
    let Scenario { quota, resources, latency, reserve, shared, other, .. } = scenario;
    let worst = windows.iter().map(|window| window.ours).min().unwrap_or(0);
    let all = |figure: fn(&zdx::bench::pacing::Window) -> u64| -> u64 {
        windows.iter().map(figure).sum()
    };
    let mean = all(|window| window.ours) as f64 / windows.len() as f64;
    let spent = all(|window| window.ours + window.others) as f64 / windows.len() as f64;
    let others = match other {
        Other::None => "none".to_owned(),
        Other::Steady(every) => format!("one in {} s", every / 1000),
        Other::Burst(times) => format!("{times} at once"),
    };
    let shared = match shared {
        Shared::All => "all",
        Shared::AllUnlikeTheTable => "all, not as documented",
        Shared::None => "nobody: each has its own",
        Shared::AllOneIsMute => "all, one does not say so",
        Shared::AllButTheMute => "all but one, which says nothing",
    };
    println!(
        "| {quota} | {shared} | {resources} | {} | {others} | {reserve} % | {} | {worst} | {mean:.1} | \
         {:.0} % | {} | {} |",
        latency as f64 / 1000.0,
        scenario.possible(),
        spent / quota as f64 * 100.0,
        all(|window| window.refused),
        all(|window| window.others_refused)
    );
}
