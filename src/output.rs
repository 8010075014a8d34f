//! Where output goes: from what `-o` says to one absolute path for each resource.
//!
//! Looks at the file system, and leaves it as it is.

use crate::{
    disk,
    failure::{Exit, Failure, OrExit as _},
    mark::{Mark, STDOUT, Stage},
    shown::{quoted, shown},
    time::UnixTime,
};
use std::{
    collections::BTreeSet,
    ffi::OsString,
    path::{Path, PathBuf},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    Stdout,
    File {
        /// Absolute, with links resolved.
        path: PathBuf,
        /// Set when the path changes from run to run: a series is then bound to the template.
        template: Option<String>,
        /// This run's name, when each run writes a file of its own.
        run: Option<String>,
    },
}

impl Output {
    /// How the state and messages name it.
    pub(crate) fn name(&self) -> String {
        match self {
            Output::Stdout => STDOUT.to_owned(),
            Output::File { path, .. } => path.to_string_lossy().into_owned(),
        }
    }

    /// The file beside this output that takes a sideload's records: `tickets.users.ndjson`.
    pub(crate) fn beside(&self, resource: &str, sideload: &str) -> Output {
        match self {
            Output::Stdout => Output::Stdout,
            Output::File { path, template, run } => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let compression = [".gz", ".zst"].into_iter().find(|end| name.ends_with(end));
                let stem = name.strip_suffix(compression.unwrap_or_default()).unwrap_or(&name);
                let stem = stem.strip_suffix(".ndjson").unwrap_or(stem);
                let resource = &file_name(resource);
                let stem = if stem.contains(resource) {
                    stem.to_owned()
                } else {
                    format!("{stem}.{resource}")
                };
                let file = format!("{stem}.{sideload}.ndjson{}", compression.unwrap_or_default());
                let path = path.with_file_name(file);
                Output::File {
                    // A link leads on from here, too.
                    path: disk::resolve_missing(&path).unwrap_or(path),
                    template: template.clone(),
                    run: run.clone(),
                }
            }
        }
    }
}

/// What fills a template in: all of it from configuration and clock, nothing from records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'a> {
    pub(crate) account: &'a str,
    pub(crate) now: UnixTime,
}

impl Names<'_> {
    /// `20261124T015903Z`
    fn run(self) -> String {
        self.now.to_string().replace(['-', ':'], "")
    }
}

/// What a resource is called in names of files: not every file system takes a colon.
pub(crate) fn file_name(resource: &str) -> String {
    resource.replace(':', "-")
}

/// Whether an output makes a file of its own for each resource.
pub(crate) fn one_for_each(typed: &str) -> bool {
    is_directory(typed) || typed.contains("{resource}")
}

pub(crate) fn is_directory(typed: &str) -> bool {
    typed.ends_with('/') || typed.ends_with(std::path::MAIN_SEPARATOR) || Path::new(typed).is_dir()
}

/// Other names of stdout.
const SAME_AS_STDOUT: [&str; 3] = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// What `-o` says, where that is to be known before the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Stdout,
    /// Something that takes bytes and keeps no file: a FIFO, a terminal, the null device.
    Device,
    Files,
}

pub(crate) fn target(typed: &str) -> Target {
    if typed == STDOUT || SAME_AS_STDOUT.contains(&typed) {
        return Target::Stdout;
    }
    match std::fs::metadata(typed) {
        Ok(found) if is_device(found.file_type()) => Target::Device,
        Ok(_) | Err(_) => Target::Files,
    }
}

/// Of block devices, which hold what is to be kept, none is meant.
#[cfg(unix)]
fn is_device(kind: std::fs::FileType) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    kind.is_fifo() || kind.is_char_device()
}

#[cfg(not(unix))]
fn is_device(_: std::fs::FileType) -> bool {
    false
}

/// Endings of names that promise another format, or a compression that zdx does not have.
const FORMATS: [&str; 15] = [
    "parquet", "pq", "avro", "orc", "arrow", "feather", "csv", "tsv", "xls", "xlsx", "xml", "yaml",
    "sqlite", "db", "duckdb",
];
const COMPRESSIONS: [&str; 13] =
    ["xz", "bz2", "zip", "7z", "lz4", "br", "lzma", "tar", "tgz", "snappy", "sz", "lzo", "zip64"];

/// Refuses names that promise what zdx does not write, and those of object stores. `text` is
/// the template that was typed.
pub(crate) fn check_name(typed: &str, text: &str) -> Result<(), Failure> {
    if let Some((scheme, _)) = typed.split_once("://") {
        let to = quoted(typed);
        let pipe = match scheme {
            "s3" => format!("aws s3 cp - {to}"),
            "gs" => format!("gcloud storage cp - {to}"),
            _ => "rclone rcat REMOTE:PATH".to_owned(),
        };
        return Err(Failure::usage(format!(
            "{} is no file, and records go to files or to stdout",
            shown(typed)
        ))
        .hint(format!("to put it there, leave out -o and pipe it: zdx export … | {pipe}")));
    }
    let compressed = [".gz", ".zst"].iter().find_map(|end| text.strip_suffix(end));
    let end = Path::new(compressed.unwrap_or(text)).extension().and_then(|end| end.to_str());
    let end = end.map(str::to_lowercase).unwrap_or_default();
    if FORMATS.contains(&end.as_str()) {
        return Err(Failure::usage(format!(
            "records are written as NDJSON, one a line, not as .{end}"
        ))
        .hint("name it .ndjson; duckdb, jq and others make other formats of it"));
    }
    if COMPRESSIONS.contains(&end.as_str()) {
        return Err(Failure::usage(format!("gzip and zstd compress here, not .{end}"))
            .hint("name it .ndjson.gz or .ndjson.zst"));
    }
    Ok(())
}

/// The directory in front of the first placeholder.
fn fixed(text: &str) -> &Path {
    let before = text.split('{').next().unwrap_or_default();
    Path::new(match before.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((dir, _)) => dir,
        None => ".",
    })
}

/// Resolves what `-o` says for one resource.
pub(crate) fn locate(typed: &str, resource: &str, names: Names<'_>) -> Result<Output, Failure> {
    if typed == STDOUT {
        return Ok(Output::Stdout);
    }
    if typed.is_empty() {
        return Err(Failure::usage("the output has no name: \"\" is no file")
            .hint("-o - is stdout; in a script, see whether the variable behind -o is set"));
    }
    let text = if is_directory(typed) { below(typed) } else { typed.to_owned() };
    check_name(typed, &text)?;
    let filled = fill(&text, resource, names)?;
    let path = Path::new(&filled);
    // Directories from the first placeholder on are made when the output is opened, and that of
    // `dir/`; the others are the user's own, and may not be mounted.
    let fixed = fixed(&text);
    let made = is_directory(typed) && !fixed.exists() && disk::parent(fixed).is_dir();
    if !made && !fixed.is_dir() {
        return Err(Failure::usage(format!(
            "the directory of the output does not exist: {}",
            fixed.display()
        ))
        .hint(format!("mkdir -p {}", quoted(&fixed.to_string_lossy()))));
    }
    let unusable = || format!("cannot use {filled}");
    let path = if disk::parent(path).is_dir() {
        disk::resolve(path).or_exit(Exit::Output, unusable)?
    } else {
        let there = if made { disk::parent(fixed) } else { fixed };
        let below = path.strip_prefix(there).unwrap_or(path);
        there.canonicalize().or_exit(Exit::Output, unusable)?.join(below)
    };
    let template = template(typed).or_exit(Exit::Output, unusable)?;
    let run = typed.contains("{run}").then(|| names.run());
    Ok(Output::File { path, template, run })
}

/// The template of the files in a directory.
fn below(dir: &str) -> String {
    format!("{}/{{resource}}.ndjson", dir.trim_end_matches(['/', std::path::MAIN_SEPARATOR]))
}

/// What a series is bound to whose files change their names.
fn template(typed: &str) -> std::io::Result<Option<String>> {
    let changes = ["{date}", "{run}"].iter().any(|placeholder| typed.contains(placeholder));
    let template = changes.then(|| std::path::absolute(typed)).transpose()?;
    Ok(template.map(|template| template.to_string_lossy().into_owned()))
}

/// Whether what was typed means an output that was saved, of which the directory is gone that is the
/// user's own.
pub(crate) fn has_vanished(typed: &str, resource: &str, names: Names<'_>, saved: &Mark) -> bool {
    let is_it = |text: &str| {
        let same = match template(typed) {
            Ok(Some(template)) => saved.template.as_ref() == Some(&template),
            Ok(None) => fill(text, resource, names)
                .is_ok_and(|filled| is_now(Path::new(&filled), Path::new(&saved.path))),
            Err(_) => false,
        };
        same && !fixed(text).exists()
    };
    // What once was a directory cannot be seen to be one.
    typed != STDOUT && (is_it(typed) || is_it(&below(typed)))
}

/// Whether a path that leads to nothing would lead there.
fn is_now(path: &Path, there: &Path) -> bool {
    disk::resolve_missing(path).is_ok_and(|path| path == there)
}

/// What the disk says of where an output is to lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The names in its directory, where a new one is to be chosen.
    pub(crate) names: BTreeSet<OsString>,
    /// The file that the state names is there.
    pub(crate) saved_is_there: bool,
}

/// Looks at what is there of an output and of the file that the state names for it.
pub(crate) fn look(output: &Output, saved: Option<&Mark>) -> Found {
    let mut found = Found::default();
    if let Output::File { path, run, .. } = output {
        let growing = saved.is_some_and(|mark| mark.stage == Some(Stage::Partial));
        if run.is_some() && !growing {
            let names = std::fs::read_dir(disk::parent(path)).into_iter().flatten().flatten();
            found.names = names.map(|entry| entry.file_name()).collect();
        }
        found.saved_is_there = saved.is_some_and(|mark| Path::new(&mark.path).is_file());
    }
    found
}

/// An account as it stands in the names of files.
pub(crate) fn account(account: &str) -> String {
    account.replace(['[', ']', ':'], "_")
}

fn fill(text: &str, resource: &str, names: Names<'_>) -> Result<String, Failure> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((placeholder, after)) = after.split_once('}') else {
            return Err(Failure::usage(format!(
                "the output \"{}\" has a {{ without }}",
                shown(text)
            )));
        };
        filled.push_str(before);
        match placeholder {
            "resource" => filled.push_str(&file_name(resource)),
            "account" => filled.push_str(&account(names.account)),
            "date" => filled.push_str(&names.now.date()),
            "run" => filled.push_str(&names.run()),
            _ => {
                return Err(Failure::usage(format!(
                    "unknown placeholder {{{}}} in the output",
                    shown(placeholder)
                ))
                .hint("there are {resource}, {account}, {date} and {run}"));
            }
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names<'_> = Names {
        account: "acme",
        now: match UnixTime::const_new(1_795_485_543) {
            Some(now) => now,
            None => panic!(),
        },
    };

    fn path(typed: &str, dir: &Path) -> String {
        match locate(typed, "tickets", NAMES).unwrap() {
            Output::Stdout => "-".to_owned(),
            Output::File { path, .. } => {
                let dir = dir.canonicalize().unwrap();
                path.strip_prefix(dir).unwrap().to_string_lossy().into_owned()
            }
        }
    }

    #[test]
    fn every_form_of_output() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| format!("{}/{name}", dir.path().display());
        let path = |typed: &str| path(typed, dir.path());
        assert_eq!(path("-"), "-");
        assert_eq!(path(&at("x.ndjson")), "x.ndjson");
        assert_eq!(path(&at("new/")), "new/tickets.ndjson");
        assert!(!dir.path().join("new").exists());
        assert_eq!(path(&at("{account}-{resource}-{date}.gz")), "acme-tickets-2026-11-24.gz");
        assert_eq!(path(&at("{resource}.{run}.ndjson")), "tickets.20261124T015903Z.ndjson");
        assert_eq!(path(&at("{date}/{resource}.ndjson")), "2026-11-24/tickets.ndjson");
        assert_eq!(path(&at("a-{date}/b/{resource}.gz")), "a-2026-11-24/b/tickets.gz");
        assert_eq!(path(&at("{account}/")), "acme/tickets.ndjson");
        for typed in [
            at("no/such/dir/"),
            at("no/x.ndjson"),
            at("no/{resource}.ndjson"),
            at("no/{date}/x.ndjson"),
            at("{oops}"),
            at("{resource"),
            at("x.parquet"),
            at("x.CSV"),
            at("x.csv.gz"),
            at("{resource}.ndjson.xz"),
            at("x.zip"),
            "s3://bucket/x.ndjson".to_owned(),
        ] {
            assert_eq!(locate(&typed, "tickets", NAMES).unwrap_err().exit, Exit::Usage, "{typed}");
        }
    }

    #[test]
    fn sideloads_go_beside_the_output() {
        let beside = |path: &str| {
            let output = Output::File { path: path.into(), template: None, run: None };
            output.beside("tickets", "users").name()
        };
        assert_eq!(beside("/d/tickets.ndjson"), "/d/tickets.users.ndjson");
        assert_eq!(beside("/d/tickets.ndjson.gz"), "/d/tickets.users.ndjson.gz");
        assert_eq!(beside("/d/out.json"), "/d/out.json.tickets.users.ndjson");
        assert_eq!(Output::Stdout.beside("tickets", "users"), Output::Stdout);
    }
}
