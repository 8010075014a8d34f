//! Compressed output: one gzip member or zstd frame for each commit, so that the committed length
//! is always a boundary and a file that was cut there is whole.

use super::PageWriter;
use flate2::{Compression as Level, write::GzEncoder};
use std::{
    io::{self, Write},
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

    /// Passes on what `page` writes, as one member or frame. `page` must write something.
    pub(super) fn encode(self, page: PageWriter<'_>, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Compression::None => page(out),
            Compression::Gzip => {
                let mut member = GzEncoder::new(out, Level::default());
                page(&mut member)?;
                member.finish().map(drop)
            }
            Compression::Zstd => {
                let mut frame = zstd::Encoder::new(out, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                frame.include_checksum(true)?;
                page(&mut frame)?;
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
        let pages: [&[u8]; 2] = [b"{\"a\":1}\n", b"{\"b\":2}\n"];
        let whole = pages.concat();
        let encoded = |compression: Compression| {
            let mut out = Vec::new();
            for page in pages {
                compression.encode(&mut |encoder| encoder.write_all(page), &mut out).unwrap();
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
