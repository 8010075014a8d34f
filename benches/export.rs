//! The whole path, from a socket to the null device and to a synced file: records a second, CPU
//! and memory of the real binary against a replay server on the same machine, beside the floor of
//! the same work, and how all that grows.

use crate::measure::{self, Cost};
use crate::replay::{self, START, Served, Shape};
use flate2::{Compression, read::GzDecoder, read::GzEncoder};
use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

const MIB: f64 = 1024.0 * 1024.0;

/// Pages of 1,000 tickets of 5 KB.
const PAGES: Shape = Shape { pages: 200, records: 1000, record_bytes: 5_000 };

const ROUNDS: usize = 5;

pub(crate) fn run() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    speed(dir.path());
    start(dir.path());
    growth(dir.path());
}

#[derive(Clone, Copy, PartialEq)]
enum Output {
    Null,
    /// A series: each page is synced, and then its position.
    SyncedFile,
}

const TICKETS: &[&str] = &["tickets"];

fn speed(dir: &Path) {
    println!(
        "| pages of 1,000 tickets of 5 KB, gzip | records/s | of the floor | CPU s per million | peak MiB |"
    );
    println!("|---|---|---|---|---|");
    let (floor, cpu) = floor();
    println!("| floor: gunzip and split in memory, one thread | {floor:.0} | 1.00 | {cpu:.1} | |");
    let row = |name: &str, shape: Shape, cost: Cost| {
        let records = (shape.pages * shape.records) as f64;
        let rate = records / cost.seconds;
        let ratio = rate / floor;
        let cpu = figure(cost.cpu / records * 1e6, 1);
        println!("| {name} | {rate:.0} | {ratio:.2} | {cpu} | {} |", figure(cost.peak_mib, 0));
    };
    let plain = replay::serve(PAGES, false);
    if has_curl() {
        let url = format!("{}/api/v2/incremental/tickets/cursor.json", plain.url);
        let loops = format!(
            "for page in $(seq {}); do curl -s --compressed -o /dev/null {url}; done",
            PAGES.pages
        );
        let cost = measure::median(3, || {
            let mut shell = Command::new("sh");
            shell.args(["-c", &loops]);
            shell
        });
        // The peak would be that of the shell.
        let cost = Cost { peak_mib: f64::NAN, ..cost };
        row("`curl` for each page, nothing parsed", PAGES, cost);
    }
    let tls = replay::serve(PAGES, true);
    let few = Shape { pages: 60, ..PAGES };
    let short = replay::serve(few, false);
    for (name, served, shape, output) in [
        ("zdx, http, null device", &plain, PAGES, Output::Null),
        ("zdx, https, null device", &tls, PAGES, Output::Null),
        ("zdx, http, synced file and position", &short, few, Output::SyncedFile),
    ] {
        let cost = measure::median(ROUNDS, || export(served, dir, TICKETS, output));
        row(name, shape, cost);
    }
    row("floor: write and sync the same, one thread", few, written_and_synced(few, dir));
    println!();
}

/// A figure that was measured, or nothing.
fn figure(figure: f64, decimals: usize) -> String {
    match figure.is_nan() {
        true => String::new(),
        false => format!("{figure:.decimals$}"),
    }
}

/// Writes lines that are in memory to a file, and syncs it after each page.
fn written_and_synced(shape: Shape, dir: &Path) -> Cost {
    let lines = replay::tickets(shape, 1).join("\n");
    let path = dir.join("floor");
    let rounds = (0..ROUNDS).map(|_| {
        let mut file = File::create(&path).expect("a file");
        let began = Instant::now();
        for _ in 0..shape.pages {
            file.write_all(lines.as_bytes()).and_then(|()| file.sync_data()).expect("a disk");
        }
        began.elapsed().as_secs_f64()
    });
    let seconds = measure::middle(rounds.collect());
    fs::remove_file(&path).expect("our own");
    Cost { seconds, cpu: f64::NAN, peak_mib: f64::NAN }
}

/// Records a second and CPU seconds per million of one thread that inflates a page in memory and
/// makes lines of it.
fn floor() -> (f64, f64) {
    let body = format!("{{\"tickets\":[{}]}}", replay::tickets(PAGES, 1).join(","));
    let mut gz = Vec::new();
    GzEncoder::new(body.as_bytes(), Compression::default()).read_to_end(&mut gz).expect("memory");
    let (mut body, mut lines) = (Vec::new(), Vec::new());
    let rounds = (0..41).map(|_| {
        let began = Instant::now();
        body.clear();
        lines.clear();
        GzDecoder::new(&gz[..]).read_to_end(&mut body).expect("our own");
        assert_eq!(zdx::bench::split(&body, &mut lines), Some(PAGES.records));
        began.elapsed().as_secs_f64()
    });
    let seconds = measure::middle(rounds.collect());
    (PAGES.records as f64 / seconds, seconds / PAGES.records as f64 * 1e6)
}

/// What passes before anything is exported.
fn start(dir: &Path) {
    println!("| start | milliseconds | of one `curl` |");
    println!("|---|---|---|");
    let milliseconds = |cost: Cost| cost.seconds * 1000.0;
    let version = measure::median(21, || {
        let mut zdx = Command::new(env!("CARGO_BIN_EXE_zdx"));
        zdx.arg("--version").stdout(Stdio::null());
        zdx
    });
    println!("| `zdx --version` | {:.1} | |", milliseconds(version));
    let empty = replay::serve(Shape { pages: 1, records: 0, record_bytes: 0 }, false);
    let cost = measure::median(21, || export(&empty, dir, TICKETS, Output::Null));
    println!("| an empty export | {:.1} | |", milliseconds(cost));
    let served = replay::serve(PAGES, false);
    let curl = has_curl().then(|| {
        let url = format!("{}/api/v2/incremental/tickets/cursor.json", served.url);
        let one = || {
            let mut curl = Command::new("curl");
            curl.args(["-s", "--compressed", "-o", "/dev/null", &url]);
            curl
        };
        measure::median(21, one).seconds
    });
    if let Some(curl) = curl {
        println!("| one `curl` of a page, to its end | {:.1} | 1.00 |", curl * 1000.0);
    }
    let first = || measure::first_byte(export(&served, dir, TICKETS, Output::Null));
    let first = measure::middle((0..21).map(|_| first()).collect());
    let ratio = curl.map_or("no curl here".to_owned(), |curl| format!("{:.2}", first / curl));
    println!("| zdx, to its first record | {:.1} | {ratio} |", first * 1000.0);
    println!();
}

fn growth(dir: &Path) {
    println!(
        "| growth, http, null device | records/s | MB/s | CPU s per million | peak MiB | of the largest page |"
    );
    println!("|---|---|---|---|---|---|");
    let six: &[&str] =
        &["tickets", "users", "organizations", "ticket_events", "ticket_metric_events", "articles"];
    for (name, shape, resources, rounds) in [
        ("10 pages of 5 MB", Shape { pages: 10, ..PAGES }, TICKETS, ROUNDS),
        ("100 pages of 5 MB", Shape { pages: 100, ..PAGES }, TICKETS, 3),
        ("1,000 pages of 5 MB", Shape { pages: 1000, ..PAGES }, TICKETS, 1),
        ("1 page without records", Shape { pages: 1, records: 0, ..PAGES }, TICKETS, ROUNDS),
        ("100 pages of 1 MB", Shape { pages: 100, record_bytes: 1_000, ..PAGES }, TICKETS, 3),
        ("20 pages of 50 MB", Shape { pages: 20, records: 10_000, ..PAGES }, TICKETS, 3),
        ("30 pages of 5 MB for each of 6 resources", Shape { pages: 30, ..PAGES }, six, 3),
    ] {
        let served = replay::serve(shape, false);
        let cost = measure::median(rounds, || export(&served, dir, resources, Output::Null));
        let records = (shape.pages * shape.records * resources.len()) as f64;
        let page = served.page_bytes as f64;
        let bytes = (shape.pages * resources.len()) as f64 * page;
        if shape.records == 0 {
            println!("| {name} | | | | {:.0} | |", cost.peak_mib);
            continue;
        }
        println!(
            "| {name} | {:.0} | {:.0} | {:.1} | {:.0} | {:.1} |",
            records / cost.seconds,
            bytes / 1e6 / cost.seconds,
            cost.cpu / records * 1e6,
            cost.peak_mib,
            cost.peak_mib / (page / MIB)
        );
    }
}

/// An export of all that is served.
fn export(served: &Served, dir: &Path, resources: &[&str], output: Output) -> Command {
    let mut zdx = Command::new(env!("CARGO_BIN_EXE_zdx"));
    zdx.env_clear().env("ZENDESK_OAUTH_TOKEN", "bench").env("HOME", dir);
    zdx.arg("export").args(resources).args(["--since", &format!("@{START}"), "-q"]);
    zdx.args(["--base-url", &served.url, "--subdomain", "bench"]).stdout(Stdio::null());
    if resources.len() > 1 {
        zdx.arg("--envelope");
    }
    match output {
        Output::Null => zdx.arg("--no-state"),
        Output::SyncedFile => {
            // Of the run before also what says whose the output is.
            let own = dir.join("synced");
            drop(fs::remove_dir_all(&own));
            fs::create_dir(&own).expect("a directory");
            zdx.arg("-o").arg(own.join("out.ndjson")).arg("--state").arg(own.join("state.json"))
        }
    };
    if let Some(authority) = &served.authority {
        let file = dir.join("authority.pem");
        fs::write(&file, authority).expect("a file");
        zdx.env("SSL_CERT_FILE", file);
    }
    zdx
}

fn has_curl() -> bool {
    Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_ok()
}
