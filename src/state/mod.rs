//! The state file: the saved position of each series of one account.
//!
//! Locked for the whole run (`lock`), versioned, replaced atomically. Members that this version does not
//! know survive a rewrite. A file that is damaged, newer or another account's is never taken for
//! a fresh start. Must not know how positions come about.

mod lock;

pub(crate) use lock::{LastRun, last_run};

use crate::{
    disk::{self, ReplaceError},
    failure::{Exit, Failure, OrExit as _},
    position::{Cursor, Fingerprint, Position},
    sink::Stage,
    time::UnixTime,
};
use lock::Lock;
use serde_json::{Map, Value, json};
use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

const FORMAT: &str = "zdx-state";
const VERSION: u64 = 1;

/// No state file comes near this; something that does is none.
const LARGEST: u64 = 16 * 1024 * 1024;

/// How far ahead of the clock a saved position may lie before it is taken for damage.
const FUTURE_TOLERANCE: Duration = Duration::from_secs(300);

/// What is saved of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Series {
    pub(crate) position: Position,
    /// The change time up to which records were exported.
    pub(crate) through: Option<UnixTime>,
    /// Where the window of a run that leaves out system updates began; kept until the export has
    /// caught up, however many runs that takes.
    pub(crate) window: Option<UnixTime>,
    pub(crate) output: Mark,
    /// The files of sideloads, by name.
    pub(crate) sideloads: Vec<(String, Mark)>,
}

impl Series {
    /// Whether an answer has ever moved it from where it began.
    pub(crate) fn has_had_pages(&self) -> bool {
        self.through.is_some() || matches!(self.position, Position::Cursor(_))
    }

    /// What is saved of a sideload's file.
    pub(crate) fn sideload(&self, name: &str) -> Option<&Mark> {
        self.sideloads.iter().find(|(known, _)| known == name).map(|(_, mark)| mark)
    }
}

/// How far an output is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// An absolute path, or `-` for stdout.
    pub(crate) path: String,
    /// The template that the path came from, when it changes with the date.
    pub(crate) template: Option<String>,
    /// How far a file for each run has come.
    pub(crate) stage: Option<Stage>,
    /// `None` for stdout.
    pub(crate) file: Option<Committed>,
    /// Of a sideload's file: its length when the export had last caught up. What stands behind it
    /// is not written again before the export has caught up anew, however many runs that takes.
    pub(crate) caught_up: Option<u64>,
}

/// The part of a file that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    pub(crate) bytes: u64,
    /// Of the last bytes before the end, so that an edited file is noticed.
    pub(crate) tail: Fingerprint,
}

/// An open and locked state file.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    account: String,
    document: Map<String, Value>,
    /// Held as long as the state is open; `None` if it is only looked at.
    lock: Option<Lock>,
}

impl StateFile {
    /// Takes the lock, then reads and checks the file. One that does not exist is empty.
    pub(crate) fn open(path: &Path, account: &str) -> Result<StateFile, Failure> {
        let shown = path.display();
        let unusable = || format!("cannot use the state file {shown}");
        let dir = disk::parent(path);
        let path =
            disk::resolve(path).or_exit(Exit::Output, unusable).map_err(|failure| {
                match dir.exists() {
                    true => failure,
                    false => failure.hint(format!("mkdir -p {}", dir.display())),
                }
            })?;
        let lock = Lock::take(&path)?;
        disk::remove_temporaries(&path).or_exit(Exit::Output, unusable)?;
        let document = read(&path, account)?;
        check_writable(&path)?;
        Ok(StateFile { path, account: account.to_owned(), document, lock: Some(lock) })
    }

    /// Reads and checks the file without taking the lock, for a plan that is not carried out.
    /// `made` says that a run would make its directory.
    pub(crate) fn look(path: &Path, account: &str, made: bool) -> Result<StateFile, Failure> {
        let unusable = || format!("cannot use the state file {}", path.display());
        let dir = disk::parent(path);
        let path = match made && !dir.exists() {
            true => path.to_owned(),
            false => {
                let path = disk::resolve(path).or_exit(Exit::Output, unusable)?;
                disk::check_may_write(dir).or_exit(Exit::Output, unusable)?;
                path
            }
        };
        let document = read(&path, account)?;
        Ok(StateFile { path, account: account.to_owned(), document, lock: None })
    }

    /// Says beside the state who holds it and since when.
    pub(crate) fn begin_run(&mut self, now: UnixTime) {
        self.lock.iter_mut().for_each(|lock| lock.begin_run(now));
    }

    /// Says beside the state how the run ended, for `zdx state show`.
    pub(crate) fn end_run(&mut self, exit: Exit, now: UnixTime) {
        self.lock.iter_mut().for_each(|lock| lock.end_run(exit, now));
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The saved series of a resource. `now` is the local clock.
    pub(crate) fn series(&self, resource: &str, now: UnixTime) -> Result<Option<Series>, Failure> {
        series(&self.document, resource, now).map_err(|reason| damaged(&self.path, &reason))
    }

    /// Every output path that a series owns, and the template of one that changes with the date,
    /// with the resource.
    pub(crate) fn owned_paths(&self) -> Vec<(String, String)> {
        owned_paths(&self.document)
    }

    /// Forgets a series; `false` if there is none.
    pub(crate) fn forget(&mut self, resource: &str) -> Result<bool, ReplaceError> {
        let mut document = self.document.clone();
        let resources = document.get_mut("resources").and_then(Value::as_object_mut);
        if resources.and_then(|resources| resources.shift_remove(resource)).is_none() {
            return Ok(false);
        }
        self.replace(document).map(|()| true)
    }

    /// Copies the state beside itself before a person changes it, and says where.
    pub(crate) fn back_up(&self, now: UnixTime) -> Result<PathBuf, Failure> {
        let stamp = now.to_string().replace(['-', ':'], "");
        let named = |stamp: String| {
            let mut name = self.path.as_os_str().to_owned();
            name.push(format!(".{stamp}.bak"));
            PathBuf::from(name)
        };
        let mut backup = named(stamp.clone());
        let mut next = 2;
        while backup.exists() {
            backup = named(format!("{stamp}-{next}"));
            next += 1;
        }
        let failed = || format!("cannot keep a backup in {}", backup.display());
        let bytes = disk::read_small(&self.path, LARGEST).or_exit(Exit::Output, failed)?;
        disk::replace(&backup, &bytes)
            .map_err(ReplaceError::into_io)
            .or_exit(Exit::Output, failed)?;
        Ok(backup)
    }

    /// Saves a series. When this returns `Ok`, the position counts and is durable; when it returns
    /// [`ReplaceError::Before`], the old one still counts.
    pub(crate) fn save(
        &mut self,
        resource: &str,
        series: &Series,
        saved_at: UnixTime,
    ) -> Result<(), ReplaceError> {
        let mut document = self.document.clone();
        document.insert("format".to_owned(), json!(FORMAT));
        document.insert("version".to_owned(), json!(VERSION));
        document.insert("account".to_owned(), json!(self.account));
        let resources = document.entry("resources").or_insert_with(|| json!({}));
        let resources = resources.as_object_mut().expect("checked when it was read");
        let saved = resources.entry(resource).or_insert_with(|| json!({}));
        write_series(saved.as_object_mut().expect("checked when it was read"), series, saved_at);
        self.replace(document)
    }

    fn replace(&mut self, document: Map<String, Value>) -> Result<(), ReplaceError> {
        let mut bytes = serde_json::to_vec_pretty(&document)
            .map_err(|error| ReplaceError::Before(error.into()))?;
        bytes.push(b'\n');
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST {
            let text = "it would be larger than any state that can be read again";
            return Err(ReplaceError::Before(io::Error::new(io::ErrorKind::FileTooLarge, text)));
        }
        match disk::replace(&self.path, &bytes) {
            Err(ReplaceError::Before(error)) => Err(ReplaceError::Before(error)),
            result => {
                self.document = document;
                result
            }
        }
    }
}

/// The saved series of an account, with when each was saved, read without the lock, for people to
/// look at.
pub(crate) fn saved(
    path: &Path,
    account: &str,
    now: UnixTime,
) -> Result<Vec<(String, Series, Option<UnixTime>)>, Failure> {
    let document = read(path, account)?;
    let resources = document.get("resources").and_then(Value::as_object);
    let mut all = Vec::new();
    for (name, json) in resources.into_iter().flatten() {
        let parsed = series(&document, name, now)
            .map_err(|reason| damaged(path, &format!("{name}: {reason}")))?;
        if let Some(parsed) = parsed {
            let saved_at = json.get("saved_at").and_then(time);
            all.push((name.clone(), parsed, saved_at));
        }
    }
    Ok(all)
}

/// As [`StateFile::owned_paths`], read without the lock: for a run that takes no part in the state
/// but must not write into its outputs. A state that cannot be read owns nothing here; a run that
/// uses it says what is wrong with it.
pub(crate) fn paths_owned_in(path: &Path, account: &str) -> Vec<(String, String)> {
    read(path, account).map(|document| owned_paths(&document)).unwrap_or_default()
}

fn owned_paths(document: &Map<String, Value>) -> Vec<(String, String)> {
    let resources = document.get("resources").and_then(Value::as_object);
    let mut owned = Vec::new();
    for (name, saved) in resources.into_iter().flatten() {
        let sideloads = saved.get("sideloads").and_then(Value::as_object);
        let marks = sideloads.into_iter().flat_map(Map::values).chain(saved.get("output"));
        for path in marks.filter_map(|mark| mark.get("path")?.as_str()) {
            owned.push((path.to_owned(), name.clone()));
        }
        if let Some(template) = saved.get("output").and_then(|mark| mark.get("template")?.as_str())
        {
            owned.push((template.to_owned(), name.clone()));
        }
    }
    owned
}

/// A state that cannot be written is found before the first request, not after the first page.
fn check_writable(path: &Path) -> Result<(), Failure> {
    disk::check_replaceable(path)
        .or_exit(Exit::Output, || format!("cannot write the state file {}", path.display()))
}

fn damaged(path: &Path, reason: &str) -> Failure {
    Failure::new(
        Exit::Config,
        format!("{} is not a valid state file: {reason}; nothing was touched", path.display()),
    )
    .hint("restore it from a backup, or move it away and start again with --since")
}

/// Why a file is no state to go on from.
#[derive(Debug)]
enum Unusable {
    Damaged(String),
    /// Whole, but of this version, which is still to come.
    Newer(u64),
    /// Whole, but of this account.
    Foreign(String),
}

impl From<String> for Unusable {
    fn from(reason: String) -> Unusable {
        Unusable::Damaged(reason)
    }
}

impl From<&str> for Unusable {
    fn from(reason: &str) -> Unusable {
        Unusable::Damaged(reason.to_owned())
    }
}

impl Unusable {
    fn failure(self, path: &Path, account: &str) -> Failure {
        let whole = |reason: String| {
            let path = path.display();
            Failure::new(
                Exit::Config,
                format!("cannot use the state file {path}: {reason}; nothing was touched"),
            )
        };
        match self {
            Unusable::Damaged(reason) => damaged(path, &reason),
            Unusable::Newer(version) => {
                whole(format!("a newer version of zdx wrote it (version {version})"))
                    .hint("update zdx")
            }
            Unusable::Foreign(saved) => {
                whole(format!("it belongs to the account \"{saved}\", not \"{account}\"")).hint(
                    "pass another --state, or choose its account with ZENDESK_SUBDOMAIN or \
                     --profile",
                )
            }
        }
    }
}

fn read(path: &Path, account: &str) -> Result<Map<String, Value>, Failure> {
    let bytes = match disk::read_small(path, LARGEST) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Map::new()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(damaged(path, &error.to_string()));
        }
        Err(error) => {
            let what = || format!("cannot read the state file {}", path.display());
            return Err(error).or_exit(Exit::Config, what);
        }
    };
    parse(&bytes, account).map_err(|reason| reason.failure(path, account))
}

/// The document in a state file's bytes, or what is wrong with it.
fn parse(bytes: &[u8], account: &str) -> Result<Map<String, Value>, Unusable> {
    let document = match serde_json::from_slice(bytes) {
        Ok(Value::Object(document)) => document,
        Ok(_) => return Err("not a JSON object".into()),
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            return Err(format!("not valid JSON at {place}").into());
        }
    };
    check_head(&document, account)?;
    Ok(document)
}

fn check_head(document: &Map<String, Value>, account: &str) -> Result<(), Unusable> {
    if document.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(format!("its format is not \"{FORMAT}\"").into());
    }
    match document.get("version").and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(newer) if newer > VERSION => return Err(Unusable::Newer(newer)),
        Some(_) | None => return Err("its version is unknown".into()),
    }
    match document.get("account").and_then(Value::as_str) {
        Some(saved) if saved == account => {}
        Some(saved) => return Err(Unusable::Foreign(crate::shown::shown(saved))),
        None => return Err("it names no account".into()),
    }
    match document.get("resources") {
        // Nobody writes such a file: without its positions it would be a fresh start.
        None => Err("it has no \"resources\"".into()),
        Some(Value::Object(resources)) if resources.values().all(Value::is_object) => Ok(()),
        Some(_) => Err("its \"resources\" are not objects".into()),
    }
}

fn series(
    document: &Map<String, Value>,
    resource: &str,
    now: UnixTime,
) -> Result<Option<Series>, String> {
    let Some(saved) = document.get("resources").and_then(|all| all.get(resource)) else {
        return Ok(None);
    };
    let saved_at = optional(saved, "saved_at", time)?.unwrap_or(now);
    let horizon = now.max(saved_at).plus(FUTURE_TOLERANCE);
    let seconds = |key| {
        let time = optional(saved, key, |value| UnixTime::new(value.as_i64()?))?;
        match time {
            Some(time) if time > horizon => Err(format!("\"{key}\" is in the future ({time})")),
            time => Ok(time),
        }
    };
    let position = match saved.get("pagination").and_then(Value::as_str) {
        Some("cursor") => match (optional(saved, "cursor", cursor)?, seconds("start_time")?) {
            (Some(cursor), None) => Position::Cursor(cursor),
            (None, Some(start)) => Position::Start(start),
            (None, None) => return Err("it has no \"cursor\"".to_owned()),
            (Some(_), Some(_)) => return Err("\"cursor\" and \"start_time\" at once".to_owned()),
        },
        Some("time") => Position::Time {
            end_time: seconds("end_time")?.ok_or("it has no \"end_time\"")?,
            seen: optional(saved, "seen", |value| {
                value.as_array()?.iter().map(|print| Fingerprint::parse(print.as_str()?)).collect()
            })?
            .unwrap_or_default(),
        },
        Some(_) | None => return Err("\"pagination\" is neither cursor nor time".to_owned()),
    };
    let output = saved.get("output").ok_or("it has no \"output\"")?;
    let sideloads = match saved.get("sideloads") {
        None => Vec::new(),
        Some(Value::Object(sideloads)) => sideloads
            .iter()
            .map(|(name, saved)| Ok((name.clone(), mark(saved)?)))
            .collect::<Result<_, String>>()?,
        Some(_) => return Err("\"sideloads\" is not an object".to_owned()),
    };
    Ok(Some(Series {
        position,
        through: optional(saved, "through", time)?,
        window: optional(saved, "window", time)?,
        output: mark(output)?,
        sideloads,
    }))
}

/// A member that may be missing or null, but not of another type.
fn optional<T>(
    saved: &Value,
    key: &str,
    typed: impl FnOnce(&Value) -> Option<T>,
) -> Result<Option<T>, String> {
    match saved.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => typed(value).map(Some).ok_or_else(|| format!("\"{key}\" is not valid")),
    }
}

fn time(value: &Value) -> Option<UnixTime> {
    UnixTime::from_rfc3339(value.as_str()?)
}

fn cursor(value: &Value) -> Option<Cursor> {
    Cursor::new(value.as_str()?)
}

fn mark(saved: &Value) -> Result<Mark, String> {
    let text = |value: &Value| Some(value.as_str()?.to_owned());
    let bytes = optional(saved, "committed", Value::as_u64)?;
    let tail = optional(saved, "tail", |value| Fingerprint::parse(value.as_str()?))?;
    let caught_up = optional(saved, "caught_up", Value::as_u64)?;
    Ok(Mark {
        caught_up,
        path: optional(saved, "path", text)?.ok_or("its output has no \"path\"")?,
        template: optional(saved, "template", text)?,
        stage: optional(saved, "stage", |value| Stage::named(value.as_str()?))?,
        file: match (bytes, tail) {
            (Some(bytes), Some(tail)) => Some(Committed { bytes, tail }),
            (None, None) => None,
            (_, _) => return Err("its output has \"committed\" or \"tail\" alone".to_owned()),
        },
    })
}

/// The known members first, in the documented order, then those that this version does not know.
fn write_series(saved: &mut Map<String, Value>, series: &Series, saved_at: UnixTime) {
    let mut old = std::mem::take(saved);
    let mut set = |key: &str, value: Value| {
        saved.insert(key.to_owned(), value);
    };
    set("pagination", json!(series.position.pagination().name()));
    match &series.position {
        Position::Start(start) => set("start_time", json!(start.seconds())),
        Position::Cursor(cursor) => set("cursor", json!(cursor.as_str())),
        Position::Time { end_time, seen } => {
            set("end_time", json!(end_time.seconds()));
            let mut seen: Vec<String> = seen.iter().map(Fingerprint::to_string).collect();
            seen.sort_unstable();
            set("seen", json!(seen));
        }
    }
    set("through", json!(series.through.map(|time| time.to_string())));
    if let Some(window) = series.window {
        set("window", json!(window.to_string()));
    }
    set("saved_at", json!(saved_at.to_string()));
    set("output", marked(old.remove("output"), &series.output));
    if !series.sideloads.is_empty() {
        let mut sideloads = match old.remove("sideloads") {
            Some(Value::Object(sideloads)) => sideloads,
            Some(_) | None => Map::new(),
        };
        for (name, mark) in &series.sideloads {
            let known = sideloads.remove(name);
            sideloads.insert(name.clone(), marked(known, mark));
        }
        set("sideloads", Value::Object(sideloads));
    }
    for (key, value) in old {
        if !["cursor", "start_time", "end_time", "seen", "window"].contains(&key.as_str()) {
            saved.entry(key).or_insert(value);
        }
    }
}

/// An output as it is saved, with the members of `old` that this version does not know.
fn marked(old: Option<Value>, mark: &Mark) -> Value {
    let mut saved = Map::new();
    saved.insert("path".to_owned(), json!(mark.path));
    if let Some(template) = &mark.template {
        saved.insert("template".to_owned(), json!(template));
    }
    if let Some(stage) = mark.stage {
        saved.insert("stage".to_owned(), json!(stage.name()));
    }
    if let Some(file) = &mark.file {
        saved.insert("committed".to_owned(), json!(file.bytes));
        saved.insert("tail".to_owned(), json!(file.tail.to_string()));
    }
    if let Some(length) = mark.caught_up {
        saved.insert("caught_up".to_owned(), json!(length));
    }
    if let Some(Value::Object(old)) = old {
        for (key, value) in old {
            if !["template", "stage", "committed", "tail", "caught_up"].contains(&key.as_str()) {
                saved.entry(key).or_insert(value);
            }
        }
    }
    Value::Object(saved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz;
    use std::{collections::HashSet, fs};

    const NOW: UnixTime = match UnixTime::const_new(1_795_485_543) {
        Some(now) => now,
        None => panic!(),
    };

    fn sample(position: Position) -> Series {
        Series {
            position,
            through: UnixTime::new(1_795_485_480),
            window: None,
            output: Mark {
                path: "/data/tickets.ndjson".to_owned(),
                template: None,
                stage: None,
                file: Some(Committed { bytes: 913_333, tail: Fingerprint::of(b"tail") }),
                caught_up: None,
            },
            sideloads: Vec::new(),
        }
    }

    fn document(series: &Series) -> Map<String, Value> {
        let mut saved = Map::new();
        write_series(&mut saved, series, NOW);
        let document = json!({
            "format": FORMAT, "version": 1, "account": "acme", "resources": {"tickets": saved}
        });
        document.as_object().unwrap().clone()
    }

    #[test]
    fn every_position_survives_a_round_trip() {
        for position in [
            Position::Start(UnixTime::clamped(1_700_000_000)),
            Position::Cursor(Cursor::new("MTU3NjYxMzUzOS4wfHw0Njd8").unwrap()),
            Position::Time {
                end_time: UnixTime::clamped(1_795_485_480),
                seen: HashSet::from([Fingerprint::of(b"a"), Fingerprint::of(b"b")]),
            },
        ] {
            for window in [None, UnixTime::new(1_700_000_000)] {
                let saved = Series { window, ..sample(position.clone()) };
                assert_eq!(series(&document(&saved), "tickets", NOW), Ok(Some(saved)));
            }
        }
    }

    #[test]
    fn the_written_form_is_the_documented_one() {
        let saved = sample(Position::Cursor(Cursor::new("MTU3NjYxMzUzOS4wfHw0Njd8").unwrap()));
        let tail = Fingerprint::of(b"tail");
        assert_eq!(
            serde_json::to_string(&document(&saved)["resources"]["tickets"]).unwrap(),
            format!(
                "{{\"pagination\":\"cursor\",\"cursor\":\"MTU3NjYxMzUzOS4wfHw0Njd8\",\
                 \"through\":\"2026-11-24T01:58:00Z\",\"saved_at\":\"2026-11-24T01:59:03Z\",\
                 \"output\":{{\"path\":\"/data/tickets.ndjson\",\"committed\":913333,\
                 \"tail\":\"{tail}\"}}}}"
            )
        );
    }

    #[test]
    fn unknown_members_survive_a_rewrite() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("acme.json");
        let text = r#"{"format":"zdx-state","version":1,"account":"acme","x":[1],
            "resources":{"tickets":{"pagination":"cursor","cursor":"abc","y":{"z":1},
            "output":{"path":"-","w":2}},"later":{"v":3}}}"#;
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        fs::write(&path, text).unwrap();
        let mut state = StateFile::open(&path, "acme").unwrap();
        let mut series = state.series("tickets", NOW).unwrap().unwrap();
        series.position = Position::Cursor(Cursor::new("def").unwrap());
        state.save("tickets", &series, NOW).unwrap();
        let json: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(json["x"], json!([1]));
        assert_eq!(json["resources"]["tickets"]["cursor"], json!("def"));
        assert_eq!(json["resources"]["tickets"]["y"], json!({"z": 1}));
        assert_eq!(json["resources"]["tickets"]["output"]["w"], json!(2));
        assert_eq!(json["resources"]["later"], json!({"v": 3}));
    }

    #[test]
    fn damage_is_told_and_never_a_fresh_start() {
        let good = serde_json::to_vec(&document(&sample(Position::Start(NOW)))).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("acme.json");
        for length in 0..good.len() {
            #[expect(clippy::disallowed_methods, reason = "a test's own file")]
            fs::write(&path, &good[..length]).unwrap();
            let failure = StateFile::open(&path, "acme").unwrap_err();
            assert_eq!(failure.exit, Exit::Config);
            assert!(failure.to_string().contains("not a valid state file"), "{failure}");
        }
    }

    /// Whatever a disk makes of a state: it is refused, or it is one that goes through a rewrite
    /// unchanged and is not ahead of the clock.
    #[test]
    fn a_mutated_state_is_refused_or_read_but_never_panics() {
        let mut rng = fastrand::Rng::with_seed(5);
        let seen = HashSet::from([Fingerprint::of(b"a"), Fingerprint::of(b"b")]);
        let positions = [
            Position::Start(UnixTime::clamped(1_700_000_000)),
            Position::Cursor(Cursor::new("MTU3NjYxMzUzOS4wfHw0Njd8").unwrap()),
            Position::Time { end_time: UnixTime::clamped(1_795_485_480), seen },
        ];
        let mut read = 0;
        for position in positions {
            let good = serde_json::to_vec_pretty(&document(&sample(position))).unwrap();
            for _ in 0..fuzz::ROUNDS / 4 {
                let bytes = fuzz::mutated(&good, &mut rng);
                let Ok(parsed) = parse(&bytes, "acme") else { continue };
                let Ok(Some(found)) = series(&parsed, "tickets", NOW) else { continue };
                read += 1;
                let saved_at = parsed["resources"]["tickets"].get("saved_at").and_then(time);
                let horizon = saved_at.unwrap_or(NOW).max(NOW).plus(FUTURE_TOLERANCE);
                if let Position::Start(time) | Position::Time { end_time: time, .. } =
                    &found.position
                {
                    assert!(*time <= horizon);
                }
                assert_eq!(series(&document(&found), "tickets", NOW), Ok(Some(found)));
            }
        }
        assert!(read > fuzz::ROUNDS / 40, "too few mutations left a state: {read}");
    }

    #[track_caller]
    fn refused(change: impl FnOnce(&mut Value), expect: &str) {
        let mut json = Value::Object(document(&sample(Position::Time {
            end_time: UnixTime::clamped(1_795_485_480),
            seen: HashSet::new(),
        })));
        change(&mut json);
        let Value::Object(document) = json else { panic!() };
        let error = check_head(&document, "acme")
            .and_then(|()| Ok(series(&document, "tickets", NOW)?))
            .unwrap_err()
            .failure(Path::new("acme.json"), "acme");
        assert!(error.to_string().contains(expect), "{error}");
    }

    #[test]
    fn what_a_state_must_not_hold() {
        refused(|json| json["version"] = json!(2), "newer version");
        refused(|json| json["version"] = json!("1"), "version is unknown");
        refused(|json| json["format"] = json!("x"), "format");
        refused(|json| json["account"] = json!("other"), "\"other\", not \"acme\"");
        refused(|json| json["resources"] = json!([]), "resources");
        let tickets = |json: &mut Value, key: &str, value: Value| {
            json["resources"]["tickets"][key] = value;
        };
        for end_time in [json!("x"), json!(-1), json!(1.5), json!(u64::MAX)] {
            refused(|json| tickets(json, "end_time", end_time), "end_time");
        }
        refused(|json| tickets(json, "end_time", json!(1_995_485_480)), "in the future");
        refused(|json| tickets(json, "end_time", Value::Null), "no \"end_time\"");
        refused(|json| tickets(json, "seen", json!(["xyz"])), "seen");
        refused(|json| tickets(json, "pagination", json!("page")), "pagination");
        refused(|json| tickets(json, "output", Value::Null), "path");
        refused(
            |json| {
                tickets(json, "output", json!({"path": "-", "tail": null, "committed": 1}));
            },
            "alone",
        );
    }
}
