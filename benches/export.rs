//! The whole path, from a socket to the null device and to a synced file: records a second, CPU
//! and memory of the real binary against a replay server, beside the floor of the same work.
//!
//! `cargo bench --bench export` prints the table that stands in the README.

#![expect(
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench reads the clock, prints a table and divides"
)]

mod replay;

use flate2::read::GzDecoder;
use replay::Shape;
use std::{
    fs,
    io::Read as _,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    println!("| work | records/s | CPU s per million | peak MiB |");
    println!("|---|---|---|---|");
    let page = Shape { pages: 60, records: 1000, record_bytes: 5_000 };
    floor(page);
    for (name, shape) in [
        ("1,000 tickets of 5 KB, 10 pages", Shape { pages: 10, ..page }),
        ("60 pages", page),
        ("600 pages", Shape { pages: 600, ..page }),
        ("60 pages of 1 MB", Shape { record_bytes: 1_000, ..page }),
        ("10 pages of 50 MB", Shape { pages: 10, records: 10_000, ..page }),
    ] {
        run(name, shape, Output::Null);
    }
    run("60 pages, synced file", page, Output::File);
}

#[derive(Clone, Copy, PartialEq)]
enum Output {
    Null,
    File,
}

/// One thread that inflates pages in memory and walks over their bytes.
fn floor(shape: Shape) {
    let records = format!("{{\"tickets\":[{}]", replay::tickets(shape).join(","));
    let mut gz = Vec::new();
    flate2::read::GzEncoder::new(records.as_bytes(), flate2::Compression::default())
        .read_to_end(&mut gz)
        .expect("in memory");
    let mut body = Vec::new();
    let began = Instant::now();
    let rounds = 20;
    for _ in 0..rounds {
        body.clear();
        GzDecoder::new(&gz[..]).read_to_end(&mut body).expect("our own");
        let lines: Vec<&serde_json::value::RawValue> =
            serde_json::from_slice(&body[body.iter().position(|b| *b == b'[').unwrap_or(0)..])
                .expect("our own");
        assert_eq!(lines.len(), shape.records);
    }
    let seconds = began.elapsed().as_secs_f64();
    let all = (rounds * shape.records) as f64;
    println!(
        "| floor: gunzip and split in memory, one thread | {:.0} | {:.1} | |",
        all / seconds,
        seconds / all * 1e6
    );
}

fn run(name: &str, shape: Shape, output: Output) {
    let address = replay::serve(shape);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut rates = Vec::new();
    let mut last = (0.0, 0);
    for round in 0..3 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zdx"));
        command.args(["export", "tickets", "--since", "@1600000000", "-q", "--no-state"]);
        command.args(["--base-url", &format!("http://{address}"), "--subdomain", "bench"]);
        command.env("ZENDESK_OAUTH_TOKEN", "bench").stdout(Stdio::null()).stderr(Stdio::inherit());
        if output == Output::File {
            let state = dir.path().join(format!("{round}.json"));
            let file = dir.path().join(format!("{round}.ndjson"));
            command.args(["-o", &file.to_string_lossy(), "--state", &state.to_string_lossy()]);
            let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
            let kept = arguments.iter().filter(|argument| *argument != "--no-state");
            let mut series = Command::new(env!("CARGO_BIN_EXE_zdx"));
            series.args(kept).env("ZENDESK_OAUTH_TOKEN", "bench").stdout(Stdio::null());
            command = series;
        }
        let cpu = children_cpu();
        let began = Instant::now();
        let mut child = command.spawn().expect("zdx starts");
        let peak = watch(&mut child);
        let seconds = began.elapsed().as_secs_f64();
        let all = (shape.pages * shape.records) as f64;
        rates.push(all / seconds);
        last = ((children_cpu() - cpu) / all * 1e6, peak);
    }
    rates.sort_by(f64::total_cmp);
    println!("| {name} | {:.0} | {:.1} | {} |", rates[1], last.0, last.1 / 1024);
}

/// Waits for the child and returns the largest resident size seen, in KiB.
fn watch(child: &mut Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        if let Ok(text) = fs::read_to_string(Path::new(&status)) {
            let high = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = high.and_then(|high| high.trim().trim_end_matches(" kB").trim().parse().ok());
            peak = peak.max(kib.unwrap_or(0));
        }
        if let Some(exit) = child.try_wait().expect("our own child") {
            assert!(exit.success(), "{exit}");
            return peak;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// CPU seconds of all children that were waited for.
fn children_cpu() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(") ").next().unwrap_or_default();
    let ticks: f64 =
        after.split(' ').skip(13).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / 100.0
}
