//! All benches. They print the tables that the README shows, each figure beside its floor, which is
//! measured in the same run.
//!
//! `cargo bench`, or one of them: `cargo bench -- export`

#![expect(
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench reads the clock, prints a table and divides"
)]

mod export;
mod late;
mod measure;
mod pacing;
mod replay;
mod slices;
mod split;

fn main() {
    let all = [
        ("split", split::run as fn()),
        ("export", export::run),
        ("pacing", pacing::run),
        ("late", late::run),
        ("slices", slices::run),
    ];
    let typed: Vec<String> =
        std::env::args().skip(1).filter(|typed| !typed.starts_with("--")).collect();
    if !std::env::args().any(|typed| typed == "--bench") {
        return; // `cargo test --all-targets`: a bench is no test
    }
    for (name, run) in all {
        if typed.is_empty() || typed.iter().any(|typed| typed == name) {
            run();
        }
    }
}
