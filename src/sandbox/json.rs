//! Writes JSON as Zendesk does: compact, members in a given order, times as ISO 8601 in UTC.
//!
//! It must not know any record.

use std::fmt::{Display, Write as _};

/// A string with its quotes.
pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string is always JSON")
}

/// `2023-09-18T15:57:42Z`.
pub(super) fn iso(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

/// Values that are JSON already, as an array.
pub(super) fn array<T: Display>(values: impl IntoIterator<Item = T>) -> String {
    let mut text = String::from("[");
    for value in values {
        let comma = if text.len() == 1 { "" } else { "," };
        write!(text, "{comma}{value}").expect("a String takes everything");
    }
    text.push(']');
    text
}

/// An array of strings.
pub(super) fn texts<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> String {
    array(values.into_iter().map(|value| quoted(value.as_ref())))
}

/// An object under construction; each method appends one member.
pub(super) struct Object(String);

impl Object {
    pub(super) fn new() -> Self {
        Self(String::from("{"))
    }

    /// A value that is JSON already: a number, a boolean, an array, an object.
    pub(super) fn raw(mut self, name: &str, value: impl Display) -> Self {
        let comma = if self.0.len() == 1 { "" } else { "," };
        write!(self.0, "{comma}\"{name}\":{value}").expect("a String takes everything");
        self
    }

    pub(super) fn text(self, name: &str, value: &str) -> Self {
        self.raw(name, quoted(value))
    }

    pub(super) fn null(self, name: &str) -> Self {
        self.raw(name, "null")
    }

    pub(super) fn time(self, name: &str, seconds: i64) -> Self {
        self.text(name, &iso(seconds))
    }

    /// The value, or null.
    pub(super) fn maybe(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.raw(name, value),
            None => self.null(name),
        }
    }

    pub(super) fn maybe_text(self, name: &str, value: Option<&str>) -> Self {
        self.maybe(name, value.map(quoted))
    }

    pub(super) fn maybe_time(self, name: &str, seconds: Option<i64>) -> Self {
        self.maybe(name, seconds.map(|seconds| quoted(&iso(seconds))))
    }

    pub(super) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// The same JSON with line ends and indentation between its tokens.
pub(super) fn pretty(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() * 2);
    let (mut in_string, mut escaped, mut depth) = (false, false, 0_usize);
    for byte in body.iter().copied() {
        let structural = !in_string;
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = byte == b'\\' && !escaped;
        } else {
            in_string = byte == b'"';
        }
        if structural && matches!(byte, b'}' | b']') {
            depth = depth.saturating_sub(1);
            new_line(&mut out, depth);
        }
        out.push(byte);
        match byte {
            b'{' | b'[' if structural => {
                depth += 1;
                new_line(&mut out, depth);
            }
            b',' if structural => new_line(&mut out, depth),
            b':' if structural => out.push(b' '),
            _ => {}
        }
    }
    out.push(b'\n');
    out
}

fn new_line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', depth * 2));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order() {
        let object = Object::new().raw("b", 1).text("a", "x\"ü").null("c").end();
        assert_eq!(object, r#"{"b":1,"a":"x\"ü","c":null}"#);
    }

    #[test]
    fn times_are_in_utc_to_the_second() {
        assert_eq!(iso(1_695_052_663), "2023-09-18T15:57:43Z");
    }

    #[test]
    fn pretty_json_is_the_same_json() {
        let compact = r#"{"a":[1,{"b":"x,{}\"\\"}],"c":[]}"#;
        let pretty = pretty(compact.as_bytes());
        let value = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&pretty), value(compact.as_bytes()));
        assert!(pretty.iter().filter(|byte| **byte == b'\n').count() > 5);
    }
}
