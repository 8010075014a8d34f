//! Fingerprints as text, as short as it can be. Pure.

use crate::position::Fingerprint;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

/// Fingerprints one behind the other, in base64.
pub(super) fn packed(value: &Value) -> Option<Vec<Fingerprint>> {
    let bytes = STANDARD.decode(value.as_str()?).ok()?;
    let (prints, rest) = bytes.as_chunks::<{ Fingerprint::BYTES }>();
    rest.is_empty().then(|| prints.iter().copied().map(Fingerprint::from_bytes).collect())
}

pub(super) fn pack(prints: &[Fingerprint]) -> String {
    STANDARD.encode(prints.iter().flat_map(|print| print.bytes()).collect::<Vec<u8>>())
}
