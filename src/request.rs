//! Requests: a path and its query. Built from our own position and settings alone: a URL that a
//! server sends is never used.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but RFC 3986's unreserved characters; cursors hold `+ / =`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    path: String,
    query: Vec<(&'static str, String)>,
}

impl Request {
    pub(crate) fn new(path: impl Into<String>) -> Request {
        Request { path: path.into(), query: Vec::new() }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Request {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.query.iter().any(|(known, _)| *known == name)
    }

    /// What goes into the request line, `/path?name=value&…`.
    pub(crate) fn target(&self) -> String {
        let mut target = self.path.clone();
        for (index, (name, value)) in self.query.iter().enumerate() {
            target.push(if index == 0 { '?' } else { '&' });
            target.push_str(name);
            target.push('=');
            target.extend(utf8_percent_encode(value, ESCAPED));
        }
        target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_cannot_smuggle_in_a_parameter() {
        let request = Request::new("/x.json")
            .with("cursor", "a+/=&start_time=0#\u{1}")
            .with("per_page", "1000");
        assert_eq!(
            request.target(),
            "/x.json?cursor=a%2B%2F%3D%26start_time%3D0%23%01&per_page=1000"
        );
    }
}
