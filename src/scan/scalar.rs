//! Numbers and the three words of JSON, as they stand at the start of a text.
//!
//! Each function returns a length; what lies behind is not looked at.

/// `true`, `false`, `null` or a number.
#[inline]
pub(super) fn scalar(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b't' => word(text, b"true"),
        b'f' => word(text, b"false"),
        b'n' => word(text, b"null"),
        _ => number(text),
    }
}

#[inline]
fn word(text: &[u8], word: &[u8]) -> Option<usize> {
    text.starts_with(word).then_some(word.len())
}

#[inline]
fn number(text: &[u8]) -> Option<usize> {
    let mut at = usize::from(text.first() == Some(&b'-'));
    at += match text.get(at) {
        Some(b'0') => 1, // a leading zero stands alone
        _ => digits(text, at)?,
    };
    if text.get(at) == Some(&b'.') {
        at += 1;
        at += digits(text, at)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1;
        at += usize::from(matches!(text.get(at), Some(b'+' | b'-')));
        at += digits(text, at)?;
    }
    Some(at)
}

/// How many digits stand at a place: at least one.
#[inline]
fn digits(text: &[u8], from: usize) -> Option<usize> {
    let digits = text.get(from..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then_some(digits)
}
