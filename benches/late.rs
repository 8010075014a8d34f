//! What late rows cost: requests and bytes of state with the overlap, beside those without.

use std::time::Duration;
use zdx::bench::late::{Asked, Cost, Polls, cost};

pub(crate) fn run() {
    println!(
        "| rows a minute | asked | pages by | requests an hour, overlap 0 | 5m | 30m | rows received for each written, 0 | 5m | 30m | bytes of state, 0 | 5m | 30m |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for rows_a_minute in [10, 100, 1_000] {
        for (name, polls) in [
            ("cron, each minute", Polls::Runs(60)),
            ("cron, each 15 minutes", Polls::Runs(900)),
            ("`--follow` (60 s)", Polls::Follow(60)),
        ] {
            for (by, by_time) in [("cursor", false), ("time", true)] {
                let of = |minutes: u64| {
                    let overlap = Duration::from_secs(minutes * 60);
                    cost(Asked { rows_a_minute, polls, overlap, by_time }).expect("tickets")
                };
                let costs = [of(0), of(5), of(30)];
                let row =
                    |figure: &dyn Fn(&Cost) -> String| costs.each_ref().map(figure).join(" | ");
                let requests = row(&|cost| cost.requests.to_string());
                let again =
                    row(&|cost| format!("{:.1}", cost.received as f64 / cost.written as f64));
                let state = row(&|cost| cost.state_bytes.to_string());
                println!("| {rows_a_minute} | {name} | {by} | {requests} | {again} | {state} |");
            }
        }
    }
    println!();
}
