//! How things end: the exit codes of the README, and the one error type that carries them.
//!
//! Must not know: what any command does. There is deliberately no `From<io::Error>`: an I/O error
//! becomes a [`Failure`] only where the caller says which exit it is and what was being done.

use std::fmt;

/// How the process ends. The README's table of exit codes is checked against [`Exit::TABLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, caught up, or a limit that was asked for.
    Done,
    /// A bug in zdx.
    Bug,
    /// Flags, a missing start, contradicting settings.
    Usage,
    /// The config or the state file is unusable; nothing was touched.
    Config,
    /// 401, 403, a missing scope, or no credentials at all.
    Credentials,
    /// Network, 429, 5xx or time-outs outlasted the retry budget.
    Temporary,
    /// Zendesk's answer is final, or breaks its own format.
    Remote,
    /// Local output failed: disk full, permission, sync.
    Output,
    /// Several resources, of which some are done and some failed.
    Mixed,
    /// Another zdx holds this state or this output.
    Busy,
    /// Stopped by a signal, on a page's edge.
    Signal(Signal),
    /// The reader of stdout went away.
    ReaderGone,
}

/// The signals that stop a run on a page's edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Hup,
    Int,
    Term,
}

impl Exit {
    /// The process's exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Bug => 1,
            Exit::Usage => 2,
            Exit::Config => 3,
            Exit::Credentials => 4,
            Exit::Temporary => 5,
            Exit::Remote => 6,
            Exit::Output => 7,
            Exit::Mixed => 8,
            Exit::Busy => 11,
            Exit::Signal(Signal::Hup) => 129,
            Exit::Signal(Signal::Int) => 130,
            Exit::Signal(Signal::Term) => 143,
            Exit::ReaderGone => 141,
        }
    }

    /// The exit of a run over several resources.
    ///
    /// A signal or a reader that went away ends all of them, so it outranks the rest; equal ends
    /// stay what they are; anything else is "some done, some failed".
    pub(crate) fn merge(exits: &[Exit]) -> Exit {
        let stopped = exits.iter().find(|exit| matches!(exit, Exit::Signal(_) | Exit::ReaderGone));
        match (stopped, exits.first()) {
            (Some(exit), _) => *exit,
            (None, None) => Exit::Done,
            (None, Some(first)) if exits.iter().all(|exit| exit == first) => *first,
            (None, Some(_)) => Exit::Mixed,
        }
    }
}

/// Something that went wrong, with the exit it leads to and what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) cause: anyhow::Error,
    /// What to type next; each is a line of its own.
    pub(crate) hints: Vec<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Failure {
        Failure { exit, cause: anyhow::anyhow!("{message}"), hints: Vec::new() }
    }

    pub(crate) fn usage(message: impl fmt::Display) -> Failure {
        Failure::new(Exit::Usage, message)
    }

    pub(crate) fn stopped(signal: Signal) -> Failure {
        let name = match signal {
            Signal::Hup => "SIGHUP",
            Signal::Int => "SIGINT",
            Signal::Term => "SIGTERM",
        };
        Failure::new(Exit::Signal(signal), format!("stopped by {name}"))
    }

    /// Names the resource that this is about.
    #[must_use]
    pub(crate) fn about(mut self, resource: &'static str) -> Failure {
        self.cause = self.cause.context(resource);
        self
    }

    /// With this hint if another zdx is in the way: what to do then depends on the command.
    #[must_use]
    pub(crate) fn if_busy(self, hint: &str) -> Failure {
        match self.exit {
            Exit::Busy => self.hint(hint),
            _ => self,
        }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Failure {
        self.hints.push(hint.to_string());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.cause)
    }
}

/// What a panic comes to, whose own message may hold what must not be shown.
pub(crate) fn bug() -> Failure {
    Failure::new(Exit::Bug, "a bug in zdx")
}

/// Turns a library's error into a [`Failure`] by naming the exit and the deed.
pub(crate) trait OrExit<T> {
    fn or_exit(self, exit: Exit, what: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit, what: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure {
            exit,
            cause: error.into().context(what()),
            hints: Vec::new(),
        })
    }
}

/// The entry of `known` that `typed` was most likely meant to be, for "did you mean".
pub(crate) fn closest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (edits(&typed.to_lowercase(), name), name))
        .filter(|(distance, name)| *distance <= name.len() / 3 + 1)
        .min()
        .map(|(_, name)| name)
}

/// The Levenshtein distance of two short words.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let here = (diagonal + usize::from(from != *to)).min(left + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = here;
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_exits() {
        let int = Exit::Signal(Signal::Int);
        for (exits, merged) in [
            (vec![], Exit::Done),
            (vec![Exit::Done], Exit::Done),
            (vec![Exit::Remote], Exit::Remote),
            (vec![Exit::Done, Exit::Done], Exit::Done),
            (vec![Exit::Credentials, Exit::Done], Exit::Mixed),
            (vec![Exit::Credentials, Exit::Credentials], Exit::Credentials),
            (vec![Exit::Temporary, Exit::Remote], Exit::Mixed),
            (vec![Exit::Done, int, Exit::Remote], int),
            (vec![Exit::Output, Exit::ReaderGone], Exit::ReaderGone),
        ] {
            assert_eq!(Exit::merge(&exits), merged, "{exits:?}");
        }
    }

    #[test]
    fn suggestions() {
        let known = ["tickets", "ticket_events", "users", "organizations", "articles"];
        assert_eq!(closest("ticket", known), Some("tickets"));
        assert_eq!(closest("Tickest", known), Some("tickets"));
        assert_eq!(closest("organisations", known), Some("organizations"));
        assert_eq!(closest("usres", known), Some("users"));
        assert_eq!(closest("invoices", known), None);
    }
}
