//! Text from a server, made safe to show: control and direction characters escaped, cut short. And
//! text of the user's, made safe to type again.
//!
//! Pure. Everything that a server wrote and a person reads on a terminal comes through here.

use std::fmt::Write as _;

/// Why writing to a `String` cannot fail, for `expect`.
pub(crate) const ENDLESS: &str = "a String takes everything";

/// The longest piece of server text in a message.
const LONGEST: usize = 200;

/// Escapes what could move a cursor, start a new line or turn the reading direction, and cuts the
/// text at 200 characters.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::new();
    for (count, c) in text.trim().chars().enumerate() {
        if count == LONGEST {
            out.push('…');
            break;
        }
        if harmless(c) {
            out.push(c);
        } else {
            write!(out, "\\u{{{:x}}}", u32::from(c)).expect(ENDLESS);
        }
    }
    out
}

fn harmless(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !(c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'))
}

/// A word of a command line as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_what_a_shell_would_take_apart() {
        assert_eq!(quoted("/data/a-b_c.ndjson"), "/data/a-b_c.ndjson");
        assert_eq!(quoted("my state"), "'my state'");
        assert_eq!(quoted("{resource}"), "'{resource}'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn escapes_and_cuts() {
        assert_eq!(shown(" plain é 😀 "), "plain é 😀");
        assert_eq!(shown("\u{1b}]0;x\u{7}"), "\\u{1b}]0;x\\u{7}");
        assert_eq!(shown("a\nb\u{9b}\u{202e}\u{2028}c"), "a\\u{a}b\\u{9b}\\u{202e}\\u{2028}c");
        assert_eq!(shown(&"x".repeat(300)), "x".repeat(200) + "…");
    }
}
