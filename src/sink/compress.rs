//! Compressed output: one gzip member or zstd frame for each commit, so that the committed length
//! is always a boundary and a file that was cut there is whole.

use flate2::{Compression as Level, write::GzEncoder};
use std::{
    io::{self, Write as _},
    path::Path,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// Told by the name: `.gz`, `.zst`.
    pub(crate) fn of(path: &Path) -> Compression {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("gz") => Compression::Gzip,
            Some("zst") => Compression::Zstd,
            Some(_) | None => Compression::None,
        }
    }

    /// Appends `lines` to `out` as a member or frame of its own; nothing for no lines.
    pub(super) fn encode(self, lines: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            _ if lines.is_empty() => Ok(()),
            Compression::None => out.write_all(lines),
            Compression::Gzip => {
                let mut member = GzEncoder::new(out, Level::default());
                member.write_all(lines)?;
                member.finish().map(drop)
            }
            Compression::Zstd => {
                let mut frame = zstd::Encoder::new(out, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                frame.include_checksum(true)?;
                frame.write_all(lines)?;
                frame.finish().map(drop)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn members_and_frames_concatenate() {
        let pages: [&[u8]; 3] = [b"{\"a\":1}\n", b"", b"{\"b\":2}\n"];
        let whole = pages.concat();
        let encoded = |compression: Compression| {
            let mut out = Vec::new();
            for page in pages {
                compression.encode(page, &mut out).unwrap();
            }
            out
        };
        assert_eq!(encoded(Compression::None), whole);
        let mut text = Vec::new();
        flate2::read::MultiGzDecoder::new(&encoded(Compression::Gzip)[..])
            .read_to_end(&mut text)
            .unwrap();
        assert_eq!(text, whole);
        assert_eq!(zstd::decode_all(&encoded(Compression::Zstd)[..]).unwrap(), whole);
    }
}
