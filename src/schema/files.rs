//! Where the files of a stream are: what `-o` said, as patterns that engines know.
//!
//! Pure: nobody looks whether they are there. What a run filled in stands for all runs, and only for
//! them: a pattern of the series' own files must not take in those of its sideloads beside them.

use super::stream::Stream;
use crate::{
    failure::Failure,
    shown::{quoted, shown},
};

/// Each run's own number behind its time, where two began in one second.
const AGAIN: &str = "(-[0-9]+)?";

/// A part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// As it is.
    Text(String),
    /// What each run filled in, as a regular expression.
    Filled(&'static str),
}

/// The placeholders that stand for something else in each file.
const FILLED: [(&str, &str); 3] = [
    ("date", "[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    ("run", "[0-9]{8}T[0-9]{6}Z(-[0-9]+)?"),
    ("part", "[0-9]+"),
];

/// The files of one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Files {
    pieces: Vec<Piece>,
}

impl Files {
    /// The files of a stream below what `-o` said, of which the account is filled in: ids are one
    /// account's own. `is_directory` where it is one.
    pub(crate) fn of(typed: &str, is_directory: bool, stream: &Stream) -> Result<Files, Failure> {
        if let Some(sign) = typed.chars().find(|c| "*?[]".contains(*c) || c.is_control()) {
            let hint = "{run}, {date} and the like stand for what each run fills in";
            return Err(Failure::usage(format!(
                "--from {} holds \"{}\", which engines take for a pattern",
                quoted(&shown(typed)),
                shown(&sign.to_string())
            ))
            .hint(format!("give it as -o was given: {hint}")));
        }
        let text = match is_directory {
            true => format!("{}/{{resource}}.ndjson", typed.trim_end_matches('/')),
            false => typed.to_owned(),
        };
        let (resource, sideload) = stream.file_name();
        let text = text.replace("{resource}", &resource);
        let text = match sideload {
            Some(sideload) => beside(&text, &resource, sideload),
            None => text,
        };
        pieces(&text).map(|pieces| Files { pieces })
    }

    /// The path, if there is but one.
    pub(super) fn path(&self) -> Option<String> {
        self.pieces.iter().all(|piece| matches!(piece, Piece::Text(_))).then(|| self.glob())
    }

    /// With `*` for what was filled in. It may take in other files, too: [`Files::name`] does not.
    pub(super) fn glob(&self) -> String {
        let mut glob = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => glob.push_str(text),
                // Two of them would mean directories at any depth.
                Piece::Filled(_) if glob.ends_with('*') => {}
                Piece::Filled(_) => glob.push('*'),
            }
        }
        glob
    }

    /// The same in two parts, where runs have directories of their own: these, and the names there.
    pub(super) fn directories(&self) -> Option<(String, String)> {
        let glob = self.glob();
        let (directory, name) = glob.rsplit_once('/')?;
        directory.contains('*').then(|| (directory.to_owned(), name.to_owned()))
    }

    /// The names of the files without their directory, as a regular expression; there is no backslash
    /// in it, so that it stands in every engine's literals.
    pub(super) fn name(&self) -> String {
        let part = |piece: &Piece| match piece {
            Piece::Text(text) => text.chars().map(verbatim).collect(),
            Piece::Filled(expression) => (*expression).to_owned(),
        };
        let whole: String = self.pieces.iter().map(part).collect();
        whole.rsplit_once('/').map_or(whole.as_str(), |(_, name)| name).to_owned()
    }

    /// Whether they are compressed like this: `.zst`.
    pub(super) fn end_with(&self, ending: &str) -> bool {
        self.glob().ends_with(ending)
    }
}

/// A character that stands for itself in a regular expression.
fn verbatim(c: char) -> String {
    match c {
        c if c.is_alphanumeric() || "_-/ ,=@%".contains(c) => c.to_string(),
        '.' | '+' | '(' | ')' | '$' | '|' => format!("[{c}]"),
        // It may be any one, which is close enough.
        _ => ".".to_owned(),
    }
}

/// The file of a sideload beside the records' own, named as an export names it.
fn beside(text: &str, resource: &str, sideload: &str) -> String {
    let (directory, name) = match text.rsplit_once('/') {
        Some((directory, name)) => (format!("{directory}/"), name),
        None => (String::new(), text),
    };
    let compression =
        [".gz", ".zst"].into_iter().find(|end| name.ends_with(end)).unwrap_or_default();
    let stem = name.strip_suffix(compression).unwrap_or(name);
    let stem = stem.strip_suffix(".ndjson").unwrap_or(stem);
    let own = if stem.contains(resource) { String::new() } else { format!(".{resource}") };
    format!("{directory}{stem}{own}.{sideload}.ndjson{compression}")
}

fn pieces(text: &str) -> Result<Vec<Piece>, Failure> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((placeholder, after)) = after.split_once('}') else {
            return Err(Failure::usage(format!("--from \"{}\" has a {{ without }}", shown(text))));
        };
        let Some((_, expression)) = FILLED.iter().find(|(known, _)| *known == placeholder) else {
            return Err(Failure::usage(format!(
                "unknown placeholder {{{}}} in --from",
                shown(placeholder)
            ))
            .hint("there are {resource}, {account}, {date}, {run} and {part}"));
        };
        pieces.extend([Piece::Text(before.to_owned()), Piece::Filled(expression)]);
        rest = after;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    number_the_name(&mut pieces, text);
    pieces.retain(|piece| *piece != Piece::Text(String::new()));
    Ok(pieces)
}

/// Where the run names a directory alone, its number stands behind the file's own name, before the
/// first dot.
fn number_the_name(pieces: &mut Vec<Piece>, text: &str) {
    let (directory, name) = text.rsplit_once('/').unwrap_or(("", text));
    if !directory.contains("{run}") || name.contains("{run}") {
        return;
    }
    let begins =
        pieces.iter().rposition(|piece| matches!(piece, Piece::Text(text) if text.contains('/')));
    let begins = begins.unwrap_or_default();
    for at in begins..pieces.len() {
        let Some(Piece::Text(text)) = pieces.get(at) else { continue };
        let name = text.rfind('/').filter(|_| at == begins).map_or(0, |slash| slash + 1);
        let Some(dot) = text.get(name..).and_then(|name| name.find('.')).map(|dot| name + dot)
        else {
            continue;
        };
        let (before, after) = text.split_at(dot);
        let split =
            [Piece::Text(before.to_owned()), Piece::Filled(AGAIN), Piece::Text(after.to_owned())];
        pieces.splice(at..=at, split);
        return;
    }
    pieces.push(Piece::Filled(AGAIN));
}
