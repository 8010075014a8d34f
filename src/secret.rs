//! Secrets: values that must appear in no output, and the scrubber that makes sure.
//!
//! A [`Secret`] has no `Display` and no `Serialize`, so it cannot be printed by accident; what
//! other code writes to stderr passes [`Scrubber::scrub`] on its way out.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt;

const REDACTED: &str = "(redacted)";

/// A credential. `Debug` writes `(redacted)`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The secret itself, for the one header or body that needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// Knows every spelling in which a secret could slip into a message.
#[derive(Debug, Default)]
pub(crate) struct Scrubber {
    spellings: Vec<Secret>,
}

impl Scrubber {
    /// Adds a secret in its raw, base64 and percent-encoded spellings.
    pub(crate) fn learn(&mut self, secret: &Secret) {
        let raw = secret.expose();
        if raw.len() < 4 {
            return; // would blank out ordinary text, and protects nothing
        }
        for spelling in [
            raw.to_owned(),
            STANDARD.encode(raw),
            utf8_percent_encode(raw, NON_ALPHANUMERIC).to_string(),
        ] {
            let spelling = Secret::new(spelling);
            if !self.spellings.contains(&spelling) {
                self.spellings.push(spelling);
            }
        }
        // Longest first, so that a secret inside another leaves nothing of the longer one.
        self.spellings.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
    }

    pub(crate) fn scrub(&self, text: &str) -> String {
        self.spellings.iter().fold(text.to_owned(), |text, secret| {
            without_cut_off(&text.replace(secret.expose(), REDACTED), secret.expose())
        })
    }
}

/// Replaces the beginning of a secret of which a cut, shown as `…`, left no more.
fn without_cut_off(text: &str, secret: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive('…') {
        let before = piece.strip_suffix('…').unwrap_or(piece);
        let cut = (piece.len() > before.len())
            .then(|| {
                let starts = secret.char_indices().map(|(at, _)| at).rev();
                starts.filter(|at| *at >= 4).find(|at| before.ends_with(&secret[..*at]))
            })
            .flatten();
        match cut {
            Some(length) => {
                out.push_str(&before[..before.len() - length]);
                out.push_str(REDACTED);
                out.push('…');
            }
            None => out.push_str(piece),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_of_a_secret_survives() {
        let mut scrubber = Scrubber::default();
        scrubber.learn(&Secret::new("a@b.c/token:s3cr+t/="));
        scrubber.learn(&Secret::new("s3cr+t/="));
        let text = "raw s3cr+t/=, pair a@b.c/token:s3cr+t/=, base64 czNjcit0Lz0=, \
                    encoded s3cr%2Bt%2F%3D";
        let scrubbed = scrubber.scrub(text);
        assert_eq!(
            scrubbed,
            "raw (redacted), pair (redacted), base64 (redacted), encoded (redacted)"
        );
        assert_eq!(format!("{:?}", Secret::new("s3cr+t")), "(redacted)");
        assert_eq!(scrubber.scrub("Bearer s3cr+…, s3c, fine…"), "Bearer (redacted)…, s3c, fine…");
    }
}
