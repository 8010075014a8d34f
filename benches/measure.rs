//! What a child process costs: time, CPU, memory, and how long its first output takes.

use std::{
    fs,
    io::Read as _,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) seconds: f64,
    pub(crate) cpu: f64,
    pub(crate) peak_mib: f64,
}

/// Runs a command to its end, which must be a good one.
pub(crate) fn run(command: &mut Command) -> Cost {
    let cpu = children_cpu();
    let began = Instant::now();
    let mut child = command.spawn().expect("the command starts");
    let peak = watch(&mut child);
    let seconds = began.elapsed().as_secs_f64();
    Cost { seconds, cpu: children_cpu() - cpu, peak_mib: peak / 1024.0 }
}

/// The runs of a command, each anew, and of each figure the one in the middle.
pub(crate) fn median(rounds: usize, mut command: impl FnMut() -> Command) -> Cost {
    let costs: Vec<Cost> = (0..rounds).map(|_| run(&mut command())).collect();
    let middle = |figure: fn(&Cost) -> f64| middle(costs.iter().map(figure).collect());
    Cost {
        seconds: middle(|cost| cost.seconds),
        cpu: middle(|cost| cost.cpu),
        peak_mib: middle(|cost| cost.peak_mib),
    }
}

/// Seconds from the start of a command to its first byte on stdout.
pub(crate) fn first_byte(mut command: Command) -> f64 {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the command starts");
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_exact(&mut [0]).expect("something is written");
    let seconds = began.elapsed().as_secs_f64();
    drop(stdout);
    drop(child.wait());
    seconds
}

pub(crate) fn middle(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Waits for the child and returns the largest resident size seen, in KiB.
fn watch(child: &mut Child) -> f64 {
    let status = format!("/proc/{}/status", child.id());
    let mut peak: f64 = 0.0;
    loop {
        if let Ok(text) = fs::read_to_string(&status) {
            let high = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = high.and_then(|high| high.trim().trim_end_matches(" kB").trim().parse().ok());
            peak = peak.max(kib.unwrap_or(0.0));
        }
        if let Some(exit) = child.try_wait().expect("our own child") {
            assert!(exit.success(), "{exit}");
            return peak;
        }
        thread::sleep(Duration::from_millis(1));
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
