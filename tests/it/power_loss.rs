//! Power cuts, by a model: the calls of a real run are recorded, and every state that a disk may be
//! in when the power fails between two of them is built and judged.
//!
//! The model of a file system, no kinder than ext4 or XFS and no crueller than POSIX:
//!
//! - What was written and not synced is there, is not there, is there as zeros (the length made it,
//!   the data did not), or is half there. Each write on its own. The same for truncation: done or
//!   not.
//! - `fsync` and `fdatasync` of a file make all its writes last, not its name.
//! - A name that was created, moved or removed since its directory's last `fsync` is durable up to
//!   any of these changes, in their order within one directory (a journal keeps order); directories
//!   are independent of each other.
//! - A rename moves the name alone: it may last before the data of the file does.
//!
//! The real binary recovers each of these states. To show that the model can find anything at all,
//! the same recording without one of its syncs, or with the state before the data, must yield
//! states that are bad.

use crate::{
    harness::Place,
    machine::{Snapshot, identity, is_itself, is_now, next_run, standing_with},
    straced::{self, Tracer},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

const WORDS: &str = "tickets -o tickets.ndjson --per-page 3";
const OUTPUT: &str = "tickets.ndjson";

/// One call that changes the disk, or makes it last.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Create { path: PathBuf, file: usize },
    Write { file: usize, offset: usize, bytes: Vec<u8> },
    Truncate { file: usize, length: usize },
    Sync { file: usize },
    Rename { from: PathBuf, to: PathBuf },
    Remove { path: PathBuf },
    SyncDir { dir: PathBuf },
}

/// Which files there are, and what they hold: what a directory listing after a reboot shows.
type Disk = BTreeMap<PathBuf, Vec<u8>>;

/// Runs zdx under strace and returns what it did to the disk, from no files at all.
fn recorded(place: &Place) -> Vec<Step> {
    let tracer = Tracer::new();
    // Everything is shown in hexadecimal and whole.
    let options = "-xx -s 1000000 -e trace=openat,write,lseek,ftruncate,fdatasync,fsync,\
                   ?rename,?renameat,?renameat2,?unlink,unlinkat";
    tracer.around(next_run(place, WORDS), options).run().exit(0);
    steps(&tracer.log(), place)
}

fn steps(log: &str, place: &Place) -> Vec<Step> {
    let ours = [place.state().parent().expect("a directory").to_owned(), place.path("")];
    let is_ours = |path: &Path| ours.iter().any(|dir| dir == path || path.parent() == Some(dir));
    let mut files: BTreeMap<PathBuf, usize> = BTreeMap::new();
    let mut next = 0;
    let mut offsets: BTreeMap<PathBuf, usize> = BTreeMap::new();
    let mut steps = Vec::new();
    for line in whole_lines(log) {
        let Some((name, arguments)) = line.split_once('(') else { continue };
        let texts = quoted(arguments);
        let path = |at: usize| PathBuf::from(String::from_utf8_lossy(&texts[at]).into_owned());
        // The file that a descriptor stands for comes right behind it.
        let fd = || {
            let (_, rest) = arguments.split_once('<')?;
            let (inside, _) = rest.split_once('>')?;
            let path = String::from_utf8_lossy(&unhex(inside)).into_owned();
            Some(PathBuf::from(path))
        };
        let numbers = || {
            let inside = arguments.rsplit_once(") = ").map_or(arguments, |(inside, _)| inside);
            inside.rsplit(", ").map(str::trim).map(str::to_owned).collect::<Vec<_>>()
        };
        match name {
            "openat" if is_ours(&path(0)) => {
                let path = path(0);
                let created = arguments.contains("O_CREAT") && !files.contains_key(&path);
                if created {
                    next += 1;
                    files.insert(path.clone(), next);
                    steps.push(Step::Create { path: path.clone(), file: next });
                }
                offsets.insert(path, 0);
            }
            "lseek" => {
                if let Some(path) = fd().filter(|path| is_ours(path)) {
                    let result = arguments.rsplit_once(" = ").expect("a result").1;
                    offsets.insert(path, result.trim().parse().expect("an offset"));
                }
            }
            "write" => {
                if let Some(path) = fd().filter(|path| files.contains_key(path)) {
                    let offset = offsets.entry(path.clone()).or_default();
                    let bytes = texts[0].clone();
                    let file = files[&path];
                    let length = bytes.len();
                    steps.push(Step::Write { file, offset: *offset, bytes });
                    *offset += length;
                }
            }
            "ftruncate" => {
                if let Some(path) = fd().filter(|path| files.contains_key(path)) {
                    let length = numbers()[0].parse().expect("a length");
                    steps.push(Step::Truncate { file: files[&path], length });
                }
            }
            "fsync" | "fdatasync" => {
                let Some(path) = fd().filter(|path| is_ours(path)) else { continue };
                steps.push(match files.get(&path) {
                    Some(file) => Step::Sync { file: *file },
                    None => Step::SyncDir { dir: path },
                });
            }
            "rename" | "renameat" | "renameat2" => {
                let (from, to) = (path(0), path(1));
                let file = files.remove(&from).expect("a known file");
                files.insert(to.clone(), file);
                steps.push(Step::Rename { from, to });
            }
            "unlink" | "unlinkat" => {
                files.remove(&path(0));
                steps.push(Step::Remove { path: path(0) });
            }
            _ => {}
        }
    }
    steps
}

/// The calls of a log without their threads, with those that were interrupted made whole.
fn whole_lines(log: &str) -> Vec<String> {
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    let mut lines = Vec::new();
    for line in log.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some((start, _)) = call.split_once("<unfinished ...>") {
            begun.insert(thread, start.trim_end());
        } else if let Some((_, end)) = call.split_once("resumed>") {
            lines.push(format!("{}{end}", begun.remove(thread).unwrap_or_default()));
        } else {
            lines.push(call.to_owned());
        }
    }
    lines
}

/// The texts between quotation marks.
fn quoted(arguments: &str) -> Vec<Vec<u8>> {
    arguments.split('"').skip(1).step_by(2).map(unhex).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.split("\\x").skip(1);
    digits.map(|pair| u8::from_str_radix(&pair[..2], 16).expect("two digits")).collect()
}

/// Every state of the disk that a power cut during these steps can leave.
fn crash_states(steps: &[Step]) -> BTreeSet<Disk> {
    (0..=steps.len()).flat_map(|cut| states_after(&steps[..cut])).collect()
}

/// What has become of one write that was not synced.
#[derive(Clone, Copy)]
enum Fate {
    Lost,
    Kept,
    Zeros,
    Half,
}

const FATES: [Fate; 4] = [Fate::Lost, Fate::Kept, Fate::Zeros, Fate::Half];

fn states_after(steps: &[Step]) -> Vec<Disk> {
    let mut contents: BTreeMap<usize, Vec<Vec<u8>>> = BTreeMap::new();
    let mut files: BTreeMap<usize, (Vec<u8>, Vec<&Step>)> = BTreeMap::new();
    let mut names: BTreeMap<PathBuf, (BTreeMap<PathBuf, usize>, Vec<&Step>)> = BTreeMap::new();
    let dir_of = |path: &Path| path.parent().expect("a directory").to_owned();
    for step in steps {
        match step {
            Step::Create { path, file } => {
                files.insert(*file, (Vec::new(), Vec::new()));
                names.entry(dir_of(path)).or_default().1.push(step);
            }
            Step::Write { file, .. } | Step::Truncate { file, .. } => {
                files.get_mut(file).expect("created").1.push(step);
            }
            Step::Sync { file } => {
                let (durable, pending) = files.get_mut(file).expect("created");
                for step in pending.drain(..) {
                    *durable = with(durable, step, Fate::Kept);
                }
            }
            Step::Rename { to, .. } => names.entry(dir_of(to)).or_default().1.push(step),
            Step::Remove { path } => names.entry(dir_of(path)).or_default().1.push(step),
            Step::SyncDir { dir } => {
                let (durable, pending) = names.entry(dir.clone()).or_default();
                for step in pending.drain(..) {
                    rename(durable, step);
                }
            }
        }
    }
    for (file, (durable, pending)) in files {
        let mut variants = vec![durable];
        for step in pending {
            let branch = |bytes: &Vec<u8>| FATES.map(|fate| with(bytes, step, fate));
            variants = variants.iter().flat_map(branch).collect();
            variants.sort();
            variants.dedup();
        }
        contents.insert(file, variants);
    }
    // Each directory as it is after any number of its changes; then all together.
    let mut listings: Vec<BTreeMap<PathBuf, usize>> = vec![BTreeMap::new()];
    for (durable, pending) in names.into_values() {
        let mut seen = vec![durable.clone()];
        let mut current = durable;
        for step in pending {
            rename(&mut current, step);
            seen.push(current.clone());
        }
        let join = |listing: &BTreeMap<PathBuf, usize>| {
            let all = seen.iter().map(|more| {
                listing.iter().chain(more).map(|(path, file)| (path.clone(), *file)).collect()
            });
            all.collect::<Vec<BTreeMap<PathBuf, usize>>>()
        };
        listings = listings.iter().flat_map(join).collect();
    }
    let mut disks = Vec::new();
    for listing in listings {
        let mut here: Vec<Disk> = vec![Disk::new()];
        for (path, file) in listing {
            let add = |disk: &Disk| {
                let all = contents[&file].iter().map(|bytes| {
                    let mut disk = disk.clone();
                    disk.insert(path.clone(), bytes.clone());
                    disk
                });
                all.collect::<Vec<Disk>>()
            };
            here = here.iter().flat_map(add).collect();
        }
        disks.extend(here);
    }
    disks
}

fn with(bytes: &[u8], step: &Step, fate: Fate) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    match (step, fate) {
        (_, Fate::Lost) => {}
        (Step::Truncate { length, .. }, _) => bytes.resize(*length, 0),
        (Step::Write { offset, bytes: new, .. }, fate) => {
            let end = (offset + new.len()).max(bytes.len());
            bytes.resize(end, 0);
            let kept = match fate {
                Fate::Kept => new.len(),
                Fate::Half => new.len() / 2,
                Fate::Zeros | Fate::Lost => 0,
            };
            bytes[*offset..offset + kept].copy_from_slice(&new[..kept]);
        }
        _ => unreachable!("only these change a file"),
    }
    bytes
}

fn rename(names: &mut BTreeMap<PathBuf, usize>, step: &Step) {
    match step {
        Step::Create { path, file } => {
            names.insert(path.clone(), *file);
        }
        Step::Rename { from, to } => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        Step::Remove { path } => {
            names.remove(path);
        }
        _ => unreachable!("only these change a directory"),
    }
}

/// Whether the contract keeps its word after a reboot into this state: whatever the state says is
/// committed is in the output, and it is a state at all.
fn is_good(disk: &Disk, place: &Place, reference: &[u8]) -> bool {
    let Some(state) = disk.get(&place.state()) else {
        // Nothing was saved: the series begins again, in a file that must be empty.
        return disk.get(&place.path(OUTPUT)).is_none_or(Vec::is_empty);
    };
    let Ok(state) = serde_json::from_slice::<Value>(state) else {
        return false;
    };
    let Some(committed) = state["resources"]["tickets"]["output"]["committed"].as_u64() else {
        return false;
    };
    let committed = usize::try_from(committed).expect("a length");
    let empty = Vec::new();
    let output = disk.get(&place.path(OUTPUT)).unwrap_or(&empty);
    output.len() >= committed && output[..committed] == reference[..committed]
}

#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn build(disk: &Disk, place: &Place, empty: &Snapshot, was: &str) {
    empty.put_back(place);
    for (path, bytes) in disk {
        fs::write(path, bytes).expect("a file to write");
    }
    // After a reboot it is the file that it was.
    is_now(place, was, &place.path(OUTPUT));
    is_itself(&place.state());
}

/// A place with nothing but directories, what a run did there, and its output.
fn recording() -> (Place, Snapshot, Vec<Step>, Reference, zdx::sandbox::Sandbox) {
    let sandbox = standing_with(9);
    let place = Place::of(&sandbox);
    // Makes the directories.
    next_run(&place, &format!("{WORDS} --max-pages 1")).run().exit(0);
    Snapshot::nothing().put_back(&place);
    let empty = Snapshot::of(&place);
    let steps = recorded(&place);
    let text = place.file(OUTPUT);
    let identity = identity(&place.path(OUTPUT)).expect("a file system that tells it");
    (place, empty, steps, Reference { text, identity }, sandbox)
}

/// The output of the recorded run.
struct Reference {
    text: String,
    identity: String,
}

#[test]
fn p3_no_power_cut_loses_or_repeats_anything() {
    if !straced::available("p3, the power-loss model") {
        return;
    }
    let (place, empty, steps, reference, _sandbox) = recording();
    let states = crash_states(&steps);
    assert!(states.len() > 50, "{} states of {} steps", states.len(), steps.len());
    for disk in &states {
        let what = || format!("{:?}", disk.iter().map(|(k, v)| (k, v.len())).collect::<Vec<_>>());
        assert!(is_good(disk, &place, reference.text.as_bytes()), "{}", what());
        build(disk, &place, &empty, &reference.identity);
        next_run(&place, WORDS).run().exit(0);
        assert!(place.file(OUTPUT) == reference.text, "{}", what());
    }
    println!("{} states of {} steps, 0 bad", states.len(), steps.len());
}

/// The model must be able to find what it looks for: each of these recordings of a worse protocol
/// has bad states, and the binary cannot put one of them right.
#[test]
fn p3_a_worse_protocol_loses() {
    if !straced::available("p3, the negative controls of the power-loss model") {
        return;
    }
    let (place, empty, steps, reference, _sandbox) = recording();
    let output = steps.iter().find_map(|step| match step {
        Step::Create { path, file } if path.ends_with(OUTPUT) => Some(*file),
        _ => None,
    });
    let output = output.expect("an output");
    let output_dir = place.path("");
    let without = |unwanted: &dyn Fn(&Step) -> bool| -> Vec<Step> {
        steps.iter().filter(|step| !unwanted(step)).cloned().collect()
    };
    let controls = [
        ("no data sync", without(&|step| *step == Step::Sync { file: output })),
        (
            "no sync of the temporary",
            without(&|step| matches!(step, Step::Sync { file } if *file != output)),
        ),
        (
            "no sync of the output's directory",
            without(
                &|step| matches!(step, Step::SyncDir { dir } if dir.components().eq(output_dir.components())),
            ),
        ),
        ("state before data", state_first(&steps, output)),
    ];
    for (control, steps) in controls {
        let states = crash_states(&steps);
        let bad: Vec<&Disk> = states
            .iter()
            .filter(|disk| !is_good(disk, &place, reference.text.as_bytes()))
            .collect();
        println!("{control}: {} of {} states bad", bad.len(), states.len());
        assert!(!bad.is_empty(), "{control}: the model finds nothing");
        // The judge is right: the binary refuses, or brings the file to something else.
        for disk in [bad[0], bad[bad.len() / 2], bad[bad.len() - 1]] {
            build(disk, &place, &empty, &reference.identity);
            let run = next_run(&place, WORDS).start();
            let status = run.child.wait_with_output().expect("it ends").status;
            let whole =
                fs::read_to_string(place.path(OUTPUT)).is_ok_and(|text| text == reference.text);
            assert!(!status.success() || !whole, "{control}: the binary put a bad state right");
        }
    }
}

/// The same run, but each page is written after its position is saved.
fn state_first(steps: &[Step], output: usize) -> Vec<Step> {
    let mut early = Vec::new();
    let mut held = Vec::new();
    for step in steps {
        let data =
            matches!(step, Step::Write { file, .. } | Step::Sync { file } if *file == output);
        if data {
            held.push(step.clone());
            continue;
        }
        early.push(step.clone());
        // The directory's sync ends a commit.
        if matches!(step, Step::SyncDir { .. }) {
            early.append(&mut held);
        }
    }
    early
}
