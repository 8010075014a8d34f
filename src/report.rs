//! Everything that is said on stderr: one event, one line, scrubbed of secrets. Text for people is
//! coloured where that is wanted; JSON never is.
//!
//! A stderr that is closed or full never fails a run.

use crate::{
    clock::Clock,
    failure::{Exit, Failure},
    mutex::lock,
    progress::{Progress, is_in_foreground},
    secret::{Scrubber, Secret},
};
use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use serde_json::json;
use std::{
    io::{IsTerminal as _, Write as _, stderr, stdout},
    sync::{Mutex, OnceLock},
};

/// How loud, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Voice {
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) json: bool,
    pub(crate) colour: Colour,
    /// Whether the terminal can do no more than take lines (`TERM=dumb`).
    pub(crate) dumb: bool,
}

/// Whether lines are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// As other tools decide it.
    Auto,
    Always,
    Never,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Info,
    Debug,
    Warning,
    Error,
    /// What to do about an error.
    Hint,
}

impl Kind {
    /// In a log for programs.
    fn level(self) -> &'static str {
        match self {
            Kind::Info => "info",
            Kind::Debug => "debug",
            Kind::Warning => "warning",
            Kind::Error | Kind::Hint => "error",
        }
    }

    /// What the text begins with.
    fn word(self) -> &'static str {
        match self {
            Kind::Info | Kind::Debug | Kind::Error => "",
            Kind::Warning => "warning: ",
            Kind::Hint => "hint: ",
        }
    }

    fn style(self) -> Style {
        match self {
            Kind::Info => Style::new().bold(),
            Kind::Debug => Style::new().dimmed(),
            Kind::Warning => AnsiColor::Yellow.on_default().bold(),
            Kind::Error => AnsiColor::Red.on_default().bold(),
            Kind::Hint => AnsiColor::Cyan.on_default().bold(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Report {
    voice: Voice,
    terminal: bool,
    coloured: bool,
    clock: Clock,
    scrubber: Mutex<Scrubber>,
    progress: OnceLock<Progress>,
    retyped: Retyped,
    chorus: Mutex<Chorus>,
}

/// What resources that run side by side say at their ends, so that it is said once of all of whom
/// the same holds.
#[derive(Debug, Default)]
struct Chorus {
    /// What was said already.
    said: Vec<String>,
    /// What is said when all have ended, and of whom.
    later: Vec<(Kind, String, Vec<String>)>,
}

impl Chorus {
    fn later(&mut self, kind: Kind, text: &str, name: &str) {
        match self.later.iter_mut().find(|(of, known, _)| *of == kind && known == text) {
            Some((_, _, names)) => names.push(name.to_owned()),
            None => self.later.push((kind, text.to_owned(), vec![name.to_owned()])),
        }
    }

    /// Whether it has been said, which it is now.
    fn has_said(&mut self, text: &str) -> bool {
        let known = self.said.iter().any(|said| said == text);
        if !known {
            self.said.push(text.to_owned());
        }
        known
    }
}

/// What the commands that hints name must repeat to be about the same account and files, each flag
/// behind a space.
#[derive(Clone, Debug, Default)]
pub(crate) struct Retyped {
    pub(crate) flags: String,
    pub(crate) sandbox: bool,
}

impl Retyped {
    /// Completes each command of zdx in a hint; a command stands between backticks.
    fn complete(&self, hint: &str) -> String {
        let parts = hint.split('`').enumerate().map(|(index, part)| {
            let more = match (index % 2 == 1, part) {
                (true, part) if part.starts_with("zdx export ") && self.sandbox => " --sandbox",
                (true, part) if part.starts_with("zdx state ") && self.sandbox => {
                    " --subdomain sandbox"
                }
                (true, part) if part.starts_with("zdx ") => "",
                (_, _) => return part.to_owned(),
            };
            format!("{part}{}{more}", self.flags)
        });
        parts.collect::<Vec<_>>().join("`")
    }
}

impl Report {
    pub(crate) fn new(voice: Voice, clock: Clock, retyped: Retyped) -> Report {
        Report {
            retyped,
            chorus: Mutex::default(),
            voice,
            terminal: stderr().is_terminal(),
            coloured: !voice.json && is_coloured(voice.colour),
            clock,
            scrubber: Mutex::default(),
            progress: OnceLock::new(),
        }
    }

    /// Shows progress from now on: always, or where it is of use to somebody: on a terminal that
    /// `records` are not written to and that belongs to this job. Never where errors only, or lines
    /// for programs, are wanted.
    pub(crate) fn show_progress(&self, always: bool, records: bool) {
        let torn = records && stdout().is_terminal();
        let allowed = !self.voice.quiet && !self.voice.json;
        let of_use = || self.terminal && !torn && !self.voice.dumb && is_in_foreground();
        let shown = allowed && (always || of_use());
        drop(self.progress.set(Progress::new(shown, self.coloured)));
    }

    pub(crate) fn progress(&self) -> &Progress {
        static NONE: Progress = Progress::none();
        self.progress.get().unwrap_or(&NONE)
    }

    /// From now on, this appears in no line.
    pub(crate) fn hide(&self, secrets: &[Secret]) {
        let mut scrubber = lock(&self.scrubber);
        secrets.iter().for_each(|secret| scrubber.learn(secret));
    }

    /// Something that a person wants to know of a run.
    pub(crate) fn note(&self, resource: Option<&str>, text: &str) {
        if !self.voice.quiet {
            self.line(Kind::Info, resource, text);
        }
    }

    /// Something that only a person who watches wants to know.
    pub(crate) fn watch(&self, resource: Option<&str>, text: &str) {
        let seen = self.terminal && !self.progress().is_shown();
        if !self.voice.quiet && (seen || self.voice.verbose) {
            self.line(Kind::Info, resource, text);
        }
    }

    /// What a newcomer at a terminal may type next.
    pub(crate) fn tip(&self, text: &str) {
        if self.terminal && !self.voice.quiet && !self.voice.json {
            self.line(Kind::Hint, None, text);
        }
    }

    /// Whether a log is to tell of progress: `-v`, and no terminal shows it.
    pub(crate) fn tells_progress(&self) -> bool {
        self.voice.verbose && !self.progress().is_shown()
    }

    /// A detail, told with `-v`.
    pub(crate) fn detail(&self, resource: Option<&str>, text: &str) {
        if self.voice.verbose {
            self.line(Kind::Debug, resource, text);
        }
    }

    pub(crate) fn warn(&self, resource: Option<&str>, text: &str) {
        if !self.voice.quiet {
            self.line(Kind::Warning, resource, text);
        }
    }

    /// Whether lines are for programs.
    pub(crate) fn is_for_programs(&self) -> bool {
        self.voice.json
    }

    /// The same, said of several. A log for programs has a line for each.
    pub(crate) fn note_of(&self, resources: &[&str], text: &str) {
        if self.voice.json {
            resources.iter().for_each(|resource| self.note(Some(resource), text));
        } else {
            self.note(Some(&resources.join(", ")), text);
        }
    }

    /// What failed, what is saved, what to do next.
    pub(crate) fn failure(&self, failure: &Failure) {
        if !self.is_none_of_ours(failure) {
            self.line(Kind::Error, None, &failure.to_string());
            for hint in &failure.hints {
                self.line(Kind::Hint, None, &self.retyped.complete(hint));
            }
        }
    }

    /// The same of one resource beside others. What fails several for the same reason is said of the
    /// first one at once, and of the others when all have ended; so is a stop, which ends all.
    pub(crate) fn failure_of(&self, resource: &str, failure: &Failure, saved: Option<&str>) {
        if self.is_none_of_ours(failure) {
            return;
        }
        let text = failure.to_string();
        // The id is that of one request.
        let common = text.split("; x-request-id ").next().unwrap_or_default();
        let mut chorus = lock(&self.chorus);
        let later = !self.voice.json
            && (matches!(failure.exit, Exit::Signal(_)) || chorus.has_said(common));
        let lines = [Some(if later { common } else { &text }), saved];
        for line in lines.into_iter().flatten() {
            match later {
                true => chorus.later(Kind::Error, line, resource),
                false => self.line(Kind::Error, Some(resource), line),
            }
        }
        for hint in &failure.hints {
            let hint = self.retyped.complete(hint);
            match self.voice.json || !chorus.has_said(&hint) {
                true if later => chorus.later(Kind::Hint, &hint, ""),
                true => self.line(Kind::Hint, None, &hint),
                false => {}
            }
        }
    }

    /// A resource's last line: at once, or with those of others that came to nothing, too.
    pub(crate) fn last_line(&self, resource: &str, text: &str, came_to_nothing: bool) {
        match came_to_nothing && !self.voice.json {
            true => lock(&self.chorus).later(Kind::Info, text, resource),
            false => self.note(Some(resource), text),
        }
    }

    /// All have ended, who are named in this order.
    pub(crate) fn say_the_rest(&self, order: &[&str]) {
        let mut later = std::mem::take(&mut lock(&self.chorus).later);
        // Last lines are the last ones.
        later.sort_by_key(|(kind, ..)| *kind == Kind::Info);
        for (kind, text, mut names) in later {
            names.sort_by_key(|name| order.iter().position(|known| known == name));
            let names = names.join(", ");
            if kind != Kind::Info || !self.voice.quiet {
                self.line(kind, Some(names.as_str()).filter(|names| !names.is_empty()), &text);
            }
        }
    }

    /// A stop that was asked for is no error.
    fn is_none_of_ours(&self, failure: &Failure) -> bool {
        self.voice.quiet && matches!(failure.exit, Exit::Signal(_))
    }

    /// One line as it is, for a summary in JSON.
    pub(crate) fn raw(&self, text: &str) {
        self.write(text);
    }

    fn line(&self, kind: Kind, resource: Option<&str>, text: &str) {
        let word = kind.word();
        if self.voice.json {
            let message = match kind {
                Kind::Hint => format!("{word}{text}"),
                Kind::Info | Kind::Debug | Kind::Warning | Kind::Error => text.to_owned(),
            };
            let time = self.clock.wall().to_string();
            let line = json!({
                "time": time, "level": kind.level(), "resource": resource, "message": message,
            });
            return self.write(&line.to_string());
        }
        let plain = Style::new();
        let (style, name) = match self.coloured {
            true => (kind.style(), Style::new().bold()),
            false => (plain, plain),
        };
        let resource = resource.map(|resource| format!("{name}{resource}:{name:#} "));
        let resource = resource.unwrap_or_default();
        let word = match word {
            "" => String::new(),
            word => format!("{style}{}{style:#} ", word.trim_end()),
        };
        let text = text.replace('\n', "\\n");
        self.write(&format!("{style}zdx:{style:#} {resource}{word}{text}"));
    }

    /// For what a command prints to stdout of server text.
    pub(crate) fn scrubbed(&self, text: &str) -> String {
        lock(&self.scrubber).scrub(text)
    }

    fn write(&self, line: &str) {
        let mut line = self.scrubbed(line);
        line.push('\n');
        self.progress().beside(|| match self.coloured {
            // Old consoles of Windows take colours by calls.
            true => drop(AutoStream::always(stderr()).write_all(line.as_bytes())),
            false => drop(stderr().write_all(line.as_bytes())),
        });
    }
}

/// Whether what goes to stderr is to be coloured; by itself, as other tools do: NO_COLOR,
/// CLICOLOR_FORCE, TERM and whether it is a terminal.
fn is_coloured(choice: Colour) -> bool {
    match choice {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => AutoStream::choice(&stderr()) != anstream::ColorChoice::Never,
    }
}
