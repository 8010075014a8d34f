//! The state file: the saved position of each series of one account.
//!
//! Locked for the whole run (`lock`), versioned, replaced atomically. Members that this version does not
//! know survive a rewrite. A file that is damaged, newer or another account's is never taken for
//! a fresh start. Must not know how positions come about.

mod format;
mod lock;
mod outputs;
mod packed;
mod series;

pub(crate) use format::FORMAT;
pub(crate) use lock::{LastRun, last_run};
pub(crate) use series::{Owned, Series};

use crate::{
    disk::{self, ReplaceError},
    failure::{Exit, Failure, OrExit as _},
    mark::{Id, Identity, Mark},
    position::Fingerprint,
    time::UnixTime,
};
use lock::Lock;
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// No state file comes near this; something that does is none.
const LARGEST: u64 = 16 * 1024 * 1024;

/// An open and locked state file.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    account: String,
    document: Map<String, Value>,
    /// Whether it is the file that zdx wrote, not a copy of it: a copy may be older than what has
    /// been committed since, and proves nothing of a run that was killed.
    is_itself: bool,
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
        let is_itself = is_itself(&path, &document);
        Ok(StateFile { path, account: account.to_owned(), document, is_itself, lock: Some(lock) })
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
        let is_itself = is_itself(&path, &document);
        Ok(StateFile { path, account: account.to_owned(), document, is_itself, lock: None })
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
        let series = format::series(&self.document, resource, now)
            .map_err(|reason| format::damaged(&self.path, &reason))?;
        let open = |series: &Series| series.open.filter(|_| self.is_itself);
        Ok(series.map(|series| Series { open: open(&series), ..series }))
    }

    /// What its series own.
    pub(crate) fn owned(&self) -> Vec<Owned> {
        format::owned(&self.document)
    }

    /// How many fingerprints each series holds.
    pub(crate) fn remembered(&self) -> BTreeMap<String, usize> {
        let held = |series: &Value| {
            let packed = series.get("overlap")?.get("seen")?.as_str()?;
            Some(packed.len() / 4 * 3 / Fingerprint::BYTES) // base64: four characters for three bytes
        };
        let series = self.document.get("resources").and_then(Value::as_object);
        let series = series.into_iter().flatten();
        series.filter_map(|(name, series)| Some((name.clone(), held(series)?))).collect()
    }

    /// Forgets series, all or none of them; `false` if there is none.
    pub(crate) fn forget(&mut self, names: &[&str]) -> Result<bool, ReplaceError> {
        let mut document = self.document.clone();
        format::put_head(&mut document, &self.account);
        let Some(resources) = document.get_mut("resources").and_then(Value::as_object_mut) else {
            return Ok(false);
        };
        let before = resources.len();
        resources.retain(|name, _| !names.contains(&name.as_str()));
        if resources.len() == before {
            return Ok(false);
        }
        self.replace(document).map(|()| true)
    }

    /// Copies the state beside itself before a person changes it, and says where.
    pub(crate) fn back_up(&self, now: UnixTime) -> Result<PathBuf, Failure> {
        let stamp = now.to_string().replace(['-', ':'], "");
        self.keep(|number| format!("{stamp}{number}.bak"))
            .or_exit(Exit::Output, || format!("cannot keep a backup of {}", self.path.display()))
    }

    /// Copies the state beside itself under a name that is its own, and says under which: behind the
    /// state's name stands what `named` makes of nothing, of `-2`, of `-3`, whichever is the first that
    /// is not taken, or that holds the same already. Nothing is replaced.
    fn keep(&self, named: impl Fn(&str) -> String) -> io::Result<PathBuf> {
        let bytes = disk::read_small(&self.path, LARGEST)?;
        let numbers = (2..).map(|n: u64| format!("-{n}"));
        for number in std::iter::once(String::new()).chain(numbers) {
            let mut kept = self.path.as_os_str().to_owned();
            kept.push(format!(".{}", named(&number)));
            let kept = PathBuf::from(kept);
            match disk::make_whole(&kept, &self.path, &bytes) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                result => return result.map(|()| kept),
            }
            if disk::read_small(&kept, LARGEST).is_ok_and(|held| held == bytes) {
                return Ok(kept);
            }
        }
        unreachable!("there are more numbers than names")
    }

    /// Says of a saved series which run has begun to write, or that it has ended, and how its outputs
    /// stand at that moment. The position stays as it is.
    pub(crate) fn note_run(
        &mut self,
        resource: &str,
        run: Option<Id>,
        output: &Mark,
        sideloads: &[(String, Mark)],
    ) -> Result<(), ReplaceError> {
        let mut document = self.document.clone();
        format::put_run(&mut document, resource, run, output, sideloads);
        self.replace(document)
    }

    /// Whose state it is.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// Saves a series. When this returns `Ok`, the position counts and is durable; when it returns
    /// [`ReplaceError::Before`], the old one still counts.
    pub(crate) fn save(
        &mut self,
        resource: &str,
        series: &Series,
        saved_at: UnixTime,
    ) -> Result<(), ReplaceError> {
        self.save_all(&[(resource, series)], saved_at)
    }

    /// Saves several series, all or none of them.
    pub(crate) fn save_all(
        &mut self,
        all: &[(&str, &Series)],
        saved_at: UnixTime,
    ) -> Result<(), ReplaceError> {
        let mut document = self.document.clone();
        for (resource, series) in all {
            format::put(&mut document, &self.account, resource, series, saved_at);
        }
        self.replace(document)
    }

    /// A state of version 1 is kept as `.v1`, or as `.v1-2` if that is another one, before this
    /// version's takes its place: an older zdx can go on with it.
    fn keep_first_version(&self) -> io::Result<()> {
        if !format::is_first_version(&self.document) {
            return Ok(());
        }
        self.keep(|number| format!("v1{number}")).map(drop)
    }

    fn replace(&mut self, mut document: Map<String, Value>) -> Result<(), ReplaceError> {
        self.keep_first_version().map_err(ReplaceError::Before)?;
        let content = |identity: Option<Identity>| {
            format::put_identity(&mut document, identity.as_ref());
            let mut bytes = serde_json::to_vec_pretty(&document)?;
            bytes.push(b'\n');
            if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST {
                let text = "it would be larger than any state that can be read again";
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
            }
            Ok(bytes)
        };
        match disk::replace_with(&self.path, content) {
            Err(ReplaceError::Before(error)) => Err(ReplaceError::Before(error)),
            result => {
                self.document = document;
                self.is_itself = true;
                result
            }
        }
    }
}

/// Whether a state is kept under a name that has this behind its own: `.v1`, `.v1-2`,
/// `.20261124T015903Z.bak`.
pub(crate) fn is_kept_as(behind: &str) -> bool {
    let digits = |text: &str, or: &[u8]| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || or.contains(&byte))
    };
    let Some(behind) = behind.strip_prefix('.') else { return false };
    match (behind.strip_prefix("v1"), behind.strip_suffix(".bak")) {
        (Some(number), _) => {
            number.is_empty() || number.strip_prefix('-').is_some_and(|number| digits(number, b""))
        }
        (None, Some(stamp)) => digits(stamp, b"TZ-"),
        (None, None) => false,
    }
}

/// How many bytes a state takes that holds one series alone.
pub(crate) fn size_of(resource: &str, series: &Series, now: UnixTime) -> usize {
    let mut document = Map::new();
    format::put(&mut document, "acme", resource, series, now);
    serde_json::to_vec_pretty(&document).map_or(0, |bytes| bytes.len())
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
        let parsed = format::series(&document, name, now)
            .map_err(|reason| format::damaged(path, &format!("{name}: {reason}")))?;
        if let Some(parsed) = parsed {
            let saved_at = json.get("saved_at").and_then(format::time);
            all.push((name.clone(), parsed, saved_at));
        }
    }
    Ok(all)
}

/// Whether a state holds this series; `None` where that cannot be told, because it is not there, not
/// readable or another account's.
pub(crate) fn holds(path: &Path, account: &str, resource: &str, series: Id) -> Option<bool> {
    if !path.is_file() {
        return None;
    }
    let document = read(path, account).ok()?;
    let saved = format::id(&document, resource).ok()?;
    Some(saved == Some(series))
}

/// As [`StateFile::owned`], read without the lock: for a run that takes no part in the state
/// but must not write into its outputs. A state that cannot be read owns nothing here; a run that
/// uses it says what is wrong with it.
pub(crate) fn owned_in(path: &Path, account: &str) -> Vec<Owned> {
    read(path, account).map(|document| format::owned(&document)).unwrap_or_default()
}

/// Whether a state says of itself which file it is, and is that file.
fn is_itself(path: &Path, document: &Map<String, Value>) -> bool {
    let found = File::open(path).and_then(|file| disk::identity(&file)).ok().flatten();
    match (format::identity(document), found) {
        (Some(said), Some(found)) => said == found,
        (None, Some(_)) => false,
        (_, None) => true,
    }
}

/// A state that cannot be written is found before the first request, not after the first page.
fn check_writable(path: &Path) -> Result<(), Failure> {
    disk::check_replaceable(path)
        .or_exit(Exit::Output, || format!("cannot write the state file {}", path.display()))
}

fn read(path: &Path, account: &str) -> Result<Map<String, Value>, Failure> {
    let bytes = match disk::read_small(path, LARGEST) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Map::new()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(format::damaged(path, &error.to_string()));
        }
        Err(error) => {
            let what = || format!("cannot read the state file {}", path.display());
            return Err(error).or_exit(Exit::Config, what);
        }
    };
    format::parse(&bytes, account).map_err(|reason| reason.failure(path, account))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::Overlap;
    use crate::{
        mark::STDOUT,
        position::{Cursor, Position},
    };
    use serde_json::json;
    use std::fs;

    const NOW: UnixTime = match UnixTime::const_new(1_795_485_543) {
        Some(now) => now,
        None => panic!(),
    };

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
    fn t13_a_state_of_version_1_is_upgraded_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("acme.json");
        let text = r#"{"format":"zdx-state","version":1,"account":"acme","x":[1],
            "resources":{"tickets":{"pagination":"time","end_time":5,"seen":[],
            "output":{"path":"/d/t.ndjson","committed":0,"tail":"e3b0c44298fc1c149afbf4c8996fb924"}}}}"#;
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        fs::write(&path, text).unwrap();
        let mut state = StateFile::open(&path, "acme").unwrap();
        let series = state.series("tickets", NOW).unwrap().unwrap();
        assert_eq!((series.id, series.open), (None, None));
        assert_eq!(series.output.identity, None);
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "reading alone changes nothing");
        for id in 1..3 {
            let series = Series { id: Some(Id(id)), ..series.clone() };
            state.save("tickets", &series, NOW).unwrap();
        }
        let kept = fs::read_to_string(dir.path().join("acme.json.v1")).unwrap();
        assert_eq!(kept, text);
        let json: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!((&json["version"], &json["x"]), (&json!(2), &json!([1])));
        assert_eq!(json["resources"]["tickets"]["series"], json!(Id(2).to_string()));
    }

    #[test]
    fn damage_is_told_and_never_a_fresh_start() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("acme.json");
        let series = Series {
            id: None,
            open: None,
            position: Position::Start(NOW),
            overlap: Overlap::none(&Position::Start(NOW)),
            capacity: None,
            through: UnixTime::new(1_795_485_480),
            window: None,
            output: Mark::of(STDOUT.to_owned()),
            sideloads: Vec::new(),
        };
        StateFile::open(&path, "acme").unwrap().save("tickets", &series, NOW).unwrap();
        let good = fs::read(&path).unwrap();
        for length in 0..good.len() - 2 {
            #[expect(clippy::disallowed_methods, reason = "a test's own file")]
            fs::write(&path, &good[..length]).unwrap();
            let failure = StateFile::open(&path, "acme").unwrap_err();
            assert_eq!(failure.exit, Exit::Config);
            assert!(failure.to_string().contains("not a valid state file"), "{failure}");
        }
    }
}
