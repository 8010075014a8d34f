//! JSON, checked in one pass: whether a value is well-formed, where it ends, and whether it could
//! be written as it stands.
//!
//! Pure. Nothing is turned into values, and nothing is allocated but a stack of open brackets. What
//! this takes for JSON is data, so that `fuzz` holds it against `serde_json`, byte by byte. Must
//! not know pages or records.
//!
//! Values as servers send them are checked in `blocks`, many bytes at once. What that does not take
//! is looked at here, byte by byte; only this says that something is no JSON.

mod blocks;
mod scalar;

/// A place in JSON text, which must be UTF-8.
pub(crate) struct Scanner<'a> {
    json: &'a [u8],
    at: usize,
    /// The brackets that are open around the place.
    open: Vec<u8>,
}

/// A value that was passed: well-formed JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Json<'a> {
    pub(crate) bytes: &'a [u8],
    /// No white space between its tokens, and no escape that could be half of a surrogate pair.
    pub(crate) plain: bool,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(json: &'a str) -> Scanner<'a> {
        Scanner { json: json.as_bytes(), at: 0, open: Vec::new() }
    }

    /// The next byte behind white space. `None` at the end.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        self.space();
        self.json.get(self.at).copied()
    }

    /// Passes a punctuation mark behind white space, if it is the next.
    pub(crate) fn eat(&mut self, mark: u8) -> bool {
        let found = self.peek() == Some(mark);
        self.at += usize::from(found);
        found
    }

    /// Passes the name of a member and its colon. The name has its quotes.
    pub(crate) fn name(&mut self) -> Option<&'a [u8]> {
        self.space();
        let start = self.at;
        self.string()?;
        let name = &self.json[start..self.at];
        self.eat(b':').then_some(name)
    }

    /// Passes a value behind white space. `None` if it is not well-formed.
    pub(crate) fn value(&mut self) -> Option<Json<'a>> {
        self.space();
        let start = self.at;
        let plain = match blocks::plain(&self.json[start..]) {
            Some(length) => {
                self.at += length;
                true
            }
            None => self.nested()?,
        };
        Some(Json { bytes: &self.json[start..self.at], plain })
    }

    /// Passes a value with all that it holds, and tells whether it is plain.
    fn nested(&mut self) -> Option<bool> {
        self.open.clear();
        let mut plain = true;
        loop {
            plain &= !self.space();
            let byte = *self.json.get(self.at)?;
            match byte {
                b'"' => plain &= self.string()?,
                b'{' | b'[' => {
                    self.at += 1;
                    plain &= !self.space();
                    let close = if byte == b'{' { b'}' } else { b']' };
                    if self.json.get(self.at) == Some(&close) {
                        self.at += 1;
                    } else {
                        self.open.push(byte);
                        if byte == b'{' {
                            plain &= self.member()?;
                        }
                        continue;
                    }
                }
                _ => self.at += scalar::scalar(&self.json[self.at..])?,
            }
            // Behind a value: the brackets that close here, then the next value's comma.
            loop {
                let Some(&open) = self.open.last() else { return Some(plain) };
                plain &= !self.space();
                let byte = *self.json.get(self.at)?;
                self.at += 1;
                match (byte, open) {
                    (b',', b'[') => break,
                    (b',', _) => {
                        plain &= self.member()?;
                        break;
                    }
                    (b'}', b'{') | (b']', b'[') => drop(self.open.pop()),
                    _ => return None,
                }
            }
        }
    }

    /// Passes a member's name and colon inside of a value, and tells whether they are plain.
    fn member(&mut self) -> Option<bool> {
        let mut plain = !self.space();
        plain &= self.string()?;
        plain &= !self.space();
        if self.json.get(self.at) != Some(&b':') {
            return None;
        }
        self.at += 1;
        Some(plain)
    }

    /// Passes white space, and tells whether there was any.
    #[inline]
    fn space(&mut self) -> bool {
        let start = self.at;
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.json.get(self.at) {
            self.at += 1;
        }
        self.at > start
    }

    /// Passes a string literal, and tells whether it is free of what could be half of a surrogate
    /// pair.
    #[inline]
    fn string(&mut self) -> Option<bool> {
        if self.json.get(self.at) != Some(&b'"') {
            return None;
        }
        let mut plain = true;
        let mut at = self.at + 1;
        loop {
            at += ordinary(self.json.get(at..)?);
            match self.json.get(at)? {
                b'"' => {
                    self.at = at + 1;
                    return Some(plain);
                }
                b'\\' => match self.json.get(at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                    b'u' => {
                        let hex = self.json.get(at + 2..at + 6)?;
                        if !hex.iter().all(u8::is_ascii_hexdigit) {
                            return None;
                        }
                        // \ud800 to \udfff
                        let high = matches!(
                            hex,
                            [b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..]
                        );
                        plain &= !high;
                        at += 6;
                    }
                    _ => return None,
                },
                _ => return None, // a control character
            }
        }
    }
}

/// How many bytes at the start of `text` are neither quote, backslash nor control character.
#[inline]
fn ordinary(text: &[u8]) -> usize {
    const WORD: usize = 8;
    const BLOCK: usize = 32;
    let special = |byte: u8| byte == b'"' || byte == b'\\' || byte < 0x20;
    let mut at = 0;
    // Most strings are short: word by word first, then in blocks that the compiler makes vectors of.
    let words = text.len().min(4 * WORD);
    while let Some(word) = text.get(at..at + WORD).filter(|_| at < words) {
        match first_special(word) {
            Some(index) => return at + index,
            None => at += WORD,
        }
    }
    while let Some(block) = text.get(at..at + BLOCK) {
        if block.iter().fold(false, |found, byte| found | special(*byte)) {
            break;
        }
        at += BLOCK;
    }
    let rest = text[at..].iter().position(|byte| special(*byte));
    rest.map_or(text.len(), |index| at + index)
}

/// The first quote, backslash or control character among eight bytes, all looked at at once: a byte
/// that is zero, or less than a bound, is the lowest to have its top bit set by the subtraction.
#[inline]
fn first_special(word: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES << 7;
    let word = u64::from_le_bytes(word.try_into().ok()?);
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = zero(word ^ (ONES * u64::from(b'"')));
    let backslash = zero(word ^ (ONES * u64::from(b'\\')));
    let found = (control | quote | backslash) & TOPS;
    (found != 0).then(|| usize::try_from(found.trailing_zeros() / 8).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Option<(&str, bool)> {
        let scanned = Scanner::new(json).value()?;
        Some((std::str::from_utf8(scanned.bytes).unwrap(), scanned.plain))
    }

    #[test]
    fn a_value_ends_where_it_ends() {
        for (json, expect) in [
            (r#" {"a":[1,{"b":null}],"c":""} ,x"#, r#"{"a":[1,{"b":null}],"c":""}"#),
            ("[]]", "[]"),
            (r#""a\"b"c"#, r#""a\"b""#),
            ("-0.5e+10,", "-0.5e+10"),
            ("01", "0"),
            ("truefalse", "true"),
        ] {
            assert_eq!(value(json), Some((expect, true)), "{json}");
        }
    }

    #[test]
    fn white_space_and_halves_of_pairs_are_not_plain() {
        for (json, plain) in [
            (r#"{"a b":" x\n "}"#, true),
            (r#"["\ud7ff\ue000\u0000"]"#, true),
            (r#"["\ud83d\ude00"]"#, false),
            (r#"["\uDFFF"]"#, false),
            (r#"{"\ud800":1}"#, false),
            (r#"{"a":1 }"#, false),
            (r#"{"a": 1}"#, false),
            (r#"{"a" :1}"#, false),
            (r#"{ "a":1}"#, false),
            (r#"{"a":1, "b":2}"#, false),
            ("[ ]", false),
            ("[1\n]", false),
        ] {
            assert_eq!(value(json).map(|(_, plain)| plain), Some(plain), "{json}");
        }
    }

    #[test]
    fn what_is_no_json() {
        for json in [
            "",
            " ",
            "{",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "[,1]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{1:2}",
            "[1}",
            "{\"a\":1]",
            "tru",
            "nul",
            "-",
            "1.",
            "1e",
            "1e+",
            ".5",
            "+1",
            "\"a",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\\u123\"",
            "\"a\nb\"",
            "\"\u{1f}\"",
            "]",
            "'a'",
        ] {
            assert_eq!(value(json), None, "{json}");
        }
    }

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for length in 0..100 {
            let text = "é".repeat(length);
            assert_eq!(ordinary(text.as_bytes()), text.len());
            for (at, special) in (0..length).zip(["\"", "\\", "\u{1f}", "\0"].iter().cycle()) {
                let text = format!("{}{special}{}", "x".repeat(at), "\u{7f}\"".repeat(length - at));
                assert_eq!(ordinary(text.as_bytes()), at, "{length}");
            }
        }
    }
}
