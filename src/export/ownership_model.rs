//! Random sequences of what people and machines do to outputs and states, against a model that knows
//! every byte: two accounts, copied and restored states, one-offs, files that are moved, copied, cut
//! and appended to, runs that are killed. Whatever the seed, no byte is lost that zdx cannot prove to
//! be its own uncommitted tail, and no two series share an output.
//!
//! The plan, the looks, the writer, the sinks and the state are those of real runs, with real files;
//! only the pages come from here.

use super::{
    apart::Outputs,
    batch::{Batch, Standing, places},
    lines::LeftOut,
    opening,
    ownership_disturbances::disturb,
    shared::{Ledger, Over, Shared},
    sideloaded::Turn,
    writer::Writer,
};
use crate::{
    api::{
        BaseUrl, Limits, Way,
        auth::{Authorizer, Credentials, Kind},
    },
    clock::Clock,
    disk::FileMode,
    failure::{Exit, Failure},
    mark::Before,
    output::Names,
    pacer::{self, gate::Gate},
    place::{Existing, discarded, owner_file},
    plan::{self, Asked, Job, Known, Saved, Window},
    position::{Overlap, Position},
    record::LoneSurrogates,
    report::{Colour, Report, Retyped, Voice},
    resource::{Pagination, Resource},
    scan::Json,
    secret::Secret,
    settings::Defaults,
    signals::Stop,
    sink::Purpose,
    state::StateFile,
    time::UnixTime,
};
use fastrand::Rng;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

const NOW: UnixTime = match UnixTime::const_new(1_795_485_543) {
    Some(now) => now,
    None => panic!(),
};

const SEQUENCES: u64 = 2_000;
const ACTS: usize = 20;

/// The files of the directory, with what they hold.
type Files = BTreeMap<String, Vec<u8>>;

/// What a run was asked to do.
#[derive(Clone, Copy, Debug)]
struct Run {
    account: &'static str,
    /// Which state takes part.
    state: Option<&'static str>,
    output: &'static str,
    since: bool,
    existing: Existing,
    pages: u32,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Orderly,
    /// Killed behind its last page.
    Killed,
    /// Killed in the page behind that, of which so many bytes reached the disk.
    Torn(usize),
}

/// What is counted over all sequences.
#[derive(Debug, Default)]
struct Counts {
    acts: u64,
    runs: u64,
    killed: u64,
    refused: BTreeMap<u8, u64>,
    cut: u64,
    moved: u64,
    bytes: u64,
}

struct World {
    dir: tempfile::TempDir,
    rng: Rng,
    /// Whose each output is: the id of the first series that was let in.
    owners: BTreeMap<String, String>,
    /// The bytes that a run committed, by the output that they were written to, wherever they are
    /// now: they are never cut off a file.
    committed: BTreeSet<Vec<u8>>,
    page: i64,
    log: Vec<String>,
}

impl World {
    fn new(seed: u64) -> World {
        let memory = Path::new("/dev/shm");
        let dir = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        World {
            dir: dir.unwrap(),
            rng: Rng::with_seed(seed),
            owners: BTreeMap::new(),
            committed: BTreeSet::new(),
            page: 0,
            log: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(name)
    }

    fn files(&self) -> Files {
        let entries = fs::read_dir(self.dir.path()).unwrap().flatten();
        let named = entries.map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        });
        named.collect()
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        *self.rng.choice(of).unwrap()
    }

    fn run(&mut self) -> Run {
        let account = self.one(&["quiet", "busy"]);
        // A state is its account's; some are copies of another.
        let state = match (account, self.rng.u8(..8)) {
            (_, 0) => None,
            ("quiet", 1..3) => Some("quiet-copy.json"),
            ("quiet", _) => Some("quiet.json"),
            (_, _) => Some("busy.json"),
        };
        // Mostly what makes sense: a series is begun with a start, and goes on where it was.
        let saved = state.map(|name| fs::read_to_string(self.path(name)).unwrap_or_default());
        let own = ["a.ndjson", "b.ndjson", "c.ndjson"]
            .into_iter()
            .find(|name| saved.as_ref().is_some_and(|saved| saved.contains(name)));
        // Where it was moved to, if it was.
        let gone = |own: &&str| !self.path(own).exists() && self.path("c.ndjson").exists();
        let own = match own.filter(gone) {
            Some(_) if self.rng.bool() => Some("c.ndjson"),
            _ => own,
        };
        let sensible = self.rng.u8(..8) > 0;
        Run {
            account,
            state,
            output: match own {
                Some(own) if sensible => own,
                _ => self.one(&["a.ndjson", "a.ndjson", "b.ndjson", "c.ndjson"]),
            },
            since: if sensible { own.is_none() } else { self.rng.bool() },
            existing: match (own, self.rng.u8(..4)) {
                (Some(_), 1..) | (None, 2..) => Existing::Refuse,
                (_, 0) => Existing::Overwrite,
                (None, _) => Existing::Append,
            },
            pages: self.rng.u32(..4),
            end: match self.rng.u8(..4) {
                0 => End::Killed,
                1 => End::Torn(self.rng.usize(..200)),
                _ => End::Orderly,
            },
        }
    }

    fn next_page(&mut self, account: &str) -> Vec<u8> {
        self.page += 1;
        let text = "x".repeat(self.rng.usize(..80));
        format!("{{\"of\":\"{account}\",\"page\":{},\"text\":\"{text}\"}}", self.page).into_bytes()
    }

    /// Runs, and holds what came of it against what was there before.
    fn act(&mut self, counts: &mut Counts) {
        let run = self.run();
        let before = self.files();
        self.log.push(format!("{run:?}"));
        counts.runs += 1;
        let done = self.export(run);
        let after = self.files();
        match &done {
            Ok(done) => {
                self.log.push(format!("  done: {} bytes", done.written.len()));
                counts.killed += u64::from(run.end != End::Orderly);
            }
            Err(failure) => {
                self.log.push(format!("  {}: {failure}", failure.exit.code()));
                *counts.refused.entry(failure.exit.code()).or_default() += 1;
                assert!(
                    [Exit::Usage, Exit::Config, Exit::Output].contains(&failure.exit),
                    "{}",
                    self.told()
                );
            }
        }
        self.check_files(run, &before, &after, done.as_ref().ok(), counts);
        // From where a series has moved, nobody owns anything.
        self.owners.retain(|output, _| {
            let owner = owner_file(Path::new(output));
            after.contains_key(&*owner.to_string_lossy())
        });
        if let Ok(done) = done {
            self.check_owner(run, done.series.as_deref());
            // What it had committed when it was killed counts from now on.
            self.committed.extend(done.committed);
        }
    }

    fn told(&self) -> String {
        self.log.join("\n")
    }

    /// An output has one series for ever, as nothing here resets one; a one-off never gets in.
    fn check_owner(&mut self, run: Run, series: Option<&str>) {
        let known = self.owners.get(run.output);
        match (known, series) {
            (Some(known), Some(series)) => assert_eq!(known, series, "{}", self.told()),
            (Some(_), None) => panic!("a one-off wrote into a series' output\n{}", self.told()),
            (None, Some(series)) => {
                self.owners.insert(run.output.to_owned(), series.to_owned());
            }
            (None, None) => {}
        }
    }

    fn check_files(
        &self,
        run: Run,
        before: &Files,
        after: &Files,
        done: Option<&Done>,
        counts: &mut Counts,
    ) {
        let hidden = |path: PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        let output = Path::new(run.output);
        let own = [hidden(owner_file(output)), hidden(discarded(output))];
        let nothing = Vec::new();
        for (name, old) in before {
            let new = after.get(name).unwrap_or(&nothing);
            counts.bytes += u64::try_from(old.len()).unwrap();
            let state = run.state.is_some_and(|state| name.starts_with(state));
            let state = state || name == "backup.json";
            if name == run.output {
                self.check_output(run, old, new, before, after, done, counts);
            } else if *name == own[1] {
                assert!(new.starts_with(old), "what is kept was changed\n{}", self.told());
            } else if name.ends_with(".owner") && *name != own[0] && !after.contains_key(name) {
                // The series has moved from there.
                let series = done.and_then(|done| done.series.as_deref()).unwrap_or("nobody");
                let was = String::from_utf8_lossy(old);
                assert!(was.contains(series), "{name} was removed\n{}", self.told());
                counts.moved += 1;
            } else if *name != own[0] && !state {
                assert!(new == old, "{name} was touched\n{}", self.told());
            }
        }
        if !before.contains_key(run.output)
            && let (Some(done), Some(new)) = (done, after.get(run.output))
        {
            assert!(*new == done.written, "not what was written\n{}", self.told());
        }
        let temporary = after.keys().find(|name| name.ends_with(".tmp"));
        assert_eq!(temporary, None, "{}", self.told());
    }

    /// The file holds what it held, and then what was written; what was cut off was uncommitted, and
    /// is kept beside it.
    #[expect(clippy::too_many_arguments, reason = "what there was and what there is")]
    fn check_output(
        &self,
        run: Run,
        old: &[u8],
        new: &[u8],
        before: &Files,
        after: &Files,
        done: Option<&Done>,
        counts: &mut Counts,
    ) {
        let Some(done) = done else {
            assert!(new == old, "refused, and touched all the same\n{}", self.told());
            return;
        };
        let kept = discarded(Path::new(run.output));
        let kept = kept.file_name().unwrap().to_string_lossy().into_owned();
        let was = before.get(&kept).map_or(0, Vec::len);
        let cut = after.get(&kept).map_or(&[][..], |kept| &kept[was..]);
        if !cut.is_empty() {
            counts.cut += 1;
            let stays = &old[..old.len() - cut.len()];
            assert!(old.ends_with(cut), "what was cut off is not kept\n{}", self.told());
            assert!(new == [stays, &done.written].concat(), "{}", self.told());
            // Nothing that was committed is in it.
            for page in self.committed.iter().filter(|page| !page.is_empty()) {
                let inside = cut.windows(page.len()).any(|part| part == &page[..]);
                assert!(!inside, "a committed page was cut off\n{}", self.told());
            }
        } else if done.replaces {
            let replaced = new == done.written || new == old && done.written.is_empty();
            assert!(replaced, "{}", self.told());
        } else {
            assert!(new == [old, &done.written].concat(), "{}", self.told());
        }
    }

    /// Plans a run, from what was typed to its job.
    fn planned<T>(
        &self,
        run: Run,
        then: impl FnOnce(&Job, &Shared<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let asked = Asked {
            resources: vec!["tickets".to_owned()],
            since: run.since.then(|| "2h".to_owned()),
            until: None,
            include: Vec::new(),
            exclude_deleted: false,
            support_type_scope: None,
            exclude_system_updates: false,
            limit: None,
            max_pages: None,
            overlap: Some(Duration::ZERO),
            output: Some(self.path(run.output).display().to_string()),
            existing: run.existing,
            envelope: false,
            surrogates: LoneSurrogates::Keep,
            follow: None,
            jobs: None,
            pagination: Some(Pagination::Time),
            per_page: None,
            skip_second: false,
        };
        let window: Window = asked.check(NOW)?;
        let state = run.state.map(|name| StateFile::open(&self.path(name), run.account));
        let state = state.transpose()?;
        let tickets = Resource::named("tickets").unwrap();
        let mut saved = Saved::default();
        if let Some(state) = &state {
            saved.state = Some(state.path().to_owned());
            saved.series.extend(state.series("tickets", NOW)?.map(|series| ("tickets", series)));
            saved.owned = state.owned();
        }
        let defaults = Defaults::default();
        let names = Names { account: run.account, now: NOW };
        let known = Known { defaults: &defaults, names, saved: &saved };
        let named = plan::named(&asked, &defaults, &[])?;
        let jobs = plan::jobs(&asked, window, &named, &known)?;
        let job = jobs.first().unwrap();
        assert_eq!(job.resource.name, tickets.name);
        let base = BaseUrl {
            origin: String::new(),
            host: String::new(),
            loopback: true,
            way: Way::default(),
        };
        let (clock, stop) = (Clock::real(), Stop::default());
        let voice =
            Voice { quiet: true, verbose: false, json: false, colour: Colour::Never, dumb: true };
        let report = Report::new(voice, clock, Retyped::default());
        let shared = Shared {
            account: run.account,
            base: &base,
            limits: Limits {
                connect: Duration::ZERO,
                headers: Duration::ZERO,
                body_idle: Duration::ZERO,
                request: Duration::ZERO,
                page_bytes: 0,
            },
            authorizer: Arc::new(Authorizer::new(Credentials {
                kind: Kind::OauthToken(Secret::new("none")),
                origin: String::new(),
            })),
            gate: Gate::new(pacer::Limits::default(), clock),
            state: state.map(Mutex::new),
            jobs: 1,
            retry_for: Duration::ZERO,
            max_wait: None,
            clock,
            stop: &stop,
            report: &report,
            last_line: false,
            over: Over::default(),
            outputs: Outputs::default(),
            memory: Ledger::new(BTreeMap::new()),
            file_mode: FileMode::PRIVATE,
        };
        then(job, &shared)
    }

    /// One run of zdx, from what was typed to its end.
    fn export(&mut self, run: Run) -> Result<Done, Failure> {
        let pages: Vec<Vec<u8>> = (0..=run.pages).map(|_| self.next_page(run.account)).collect();
        let path = self.path(run.output);
        self.planned(run, |job, shared| written(job, shared, run, pages, &path))
    }
}

/// Opens what was planned, and writes pages until the run ends as it is to.
fn written(
    job: &Job,
    shared: &Shared<'_>,
    run: Run,
    pages: Vec<Vec<u8>>,
    path: &Path,
) -> Result<Done, Failure> {
    let looks = opening::look(job, Purpose::Write)?;
    let mut writer = Writer::open(job, shared, looks)?;
    // That it may give way was said when the series was begun, now or in an earlier run.
    let untouched = job.mode.saved().is_none_or(|series| series.is_untouched());
    let agreed = job.mode.saved().and_then(|series| series.output.before);
    let replaces =
        untouched && (run.existing == Existing::Overwrite || agreed == Some(Before::Replaced));
    let mut done = Done { replaces, ..Done::default() };
    let mut standing = writer.standing();
    let mut pages = pages.into_iter();
    let last = pages.next().unwrap();
    for page in pages {
        standing = next(&standing);
        writer.write(&batch(&page, &standing))?;
        if run.state == Some("quiet.json") && done.committed.is_empty() {
            // As a backup would that runs at the same time.
            let state = path.with_file_name("quiet.json");
            drop(fs::copy(state, path.with_file_name("backup.json")));
        }
        let line = [&page[..], b"\n"].concat();
        done.written.extend(&line);
        done.committed.push(line);
    }
    match run.end {
        End::Orderly => {
            writer.end(&standing, NOW, true)?;
            writer.close()?;
        }
        End::Killed => {}
        End::Torn(bytes) => {
            let page = last;
            let line = [&page[..], b"\n"].concat();
            let torn = bytes.min(line.len());
            writer.tear(&batch(&page, &next(&standing)))?;
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            let length = file.metadata().unwrap().len();
            let over = u64::try_from(line.len() - torn).unwrap();
            file.set_len(length - over).unwrap();
            done.written.extend(line.get(..torn).unwrap());
        }
    }
    done.series = job.mode.in_series().then(|| writer.series_id().unwrap().to_string());
    if done.series.is_none() {
        // A one-off has no position: nobody owns what it wrote.
        done.committed.clear();
    }
    Ok(done)
}

/// What came of a run.
#[derive(Debug, Default)]
struct Done {
    /// The id of the series, if it was none that keeps no position.
    series: Option<String>,
    /// What stood in the file was to be replaced.
    replaces: bool,
    written: Vec<u8>,
    committed: Vec<Vec<u8>>,
}

fn next(standing: &Standing) -> Standing {
    let time = standing.position.time().unwrap().plus(Duration::from_secs(1));
    let position = Position::Time(time);
    Standing {
        overlap: Overlap::none(&position),
        position,
        through: Some(time),
        capacity: standing.capacity,
    }
}

fn batch(page: &[u8], standing: &Standing) -> Batch {
    let record = Json { bytes: page, plain: true };
    let records = places(page, &[record]);
    Batch {
        body: page.to_vec(),
        records,
        sideloads: Vec::new(),
        turn: Turn::default(),
        left_out: LeftOut::default(),
        standing: standing.clone(),
        per_page: 1,
        at: NOW,
        last: false,
    }
}

#[test]
fn no_byte_is_lost_and_no_output_is_shared_whatever_is_done() {
    let mut counts = Counts::default();
    for seed in 0..SEQUENCES {
        let mut world = World::new(seed);
        world.log.push(format!("seed {seed}"));
        for _ in 0..ACTS {
            counts.acts += 1;
            match world.rng.u8(..3) {
                0 => {
                    let said = disturb(world.dir.path(), &mut world.rng);
                    world.log.push(said);
                }
                _ => world.act(&mut counts),
            }
        }
    }
    println!("{SEQUENCES} sequences, {counts:?}");
    // The walk gets everywhere: to good ends, to every kind of refusal, and to tails that are cut.
    assert!(counts.cut > SEQUENCES / 50 && counts.moved > SEQUENCES / 100, "{counts:?}");
    for exit in [Exit::Usage, Exit::Config] {
        assert!(counts.refused[&exit.code()] > SEQUENCES / 10, "{counts:?}");
    }
    let refused: u64 = counts.refused.values().sum();
    assert!(counts.runs - refused > SEQUENCES, "{counts:?}");
}

/// Two series that begin in one output at once: both have looked, and nobody owns it yet. One of them
/// has it, and nothing is left of the other.
#[test]
fn who_loses_the_race_for_an_output_takes_its_series_back() {
    let world = World::new(7);
    let run = |account, state| Run {
        account,
        state: Some(state),
        output: "a.ndjson",
        since: true,
        existing: Existing::Refuse,
        pages: 0,
        end: End::Orderly,
    };
    let (first, second) = (run("quiet", "quiet.json"), run("busy", "busy.json"));
    world
        .planned(first, |job, shared| {
            let looks = opening::look(job, Purpose::Write)?;
            world.planned(second, |job, shared| {
                let looks = opening::look(job, Purpose::Write)?;
                Writer::open(job, shared, looks).map(drop)
            })?;
            let failure = Writer::open(job, shared, looks).map(drop).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.to_string().contains("has just taken the output"), "{failure}");
            Ok(())
        })
        .unwrap();
    let files = world.files();
    let text = |name: &str| String::from_utf8_lossy(&files[name]).into_owned();
    assert!(!text("quiet.json").contains("tickets"), "{}", text("quiet.json"));
    assert!(text(".a.ndjson.owner").contains("busy"));
    assert!(text("busy.json").contains("tickets"));
    assert!(files["a.ndjson"].is_empty());
}
