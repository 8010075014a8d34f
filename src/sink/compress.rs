//! Compressed output: one gzip member or zstd frame for each commit, so that the committed length
//! is always a boundary and a file that was cut there is whole.

use flate2::{Compression as Level, read::MultiGzDecoder, write::GzEncoder};
use std::{
    io::{self, BufRead as _, BufReader, Read, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

/// Writes the lines of a page, piece by piece, to where a sink says.
pub(crate) type PageWriter<'a> = &'a mut dyn FnMut(&mut dyn Write) -> io::Result<()>;

/// Is given lines, and says whether it wants more.
pub(crate) type EachLine<'a> = &'a mut dyn FnMut(&[u8]) -> ControlFlow<()>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

/// A file whose name tells a compression that it does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misnamed {
    /// What it is, and what the name says.
    pub(crate) reason: String,
    /// A name in its place that tells what it is.
    pub(crate) name: PathBuf,
}

/// Whether a file that was written as `old` is misnamed as `new`.
pub(crate) fn named_as(old: &Path, new: &Path) -> Option<Misnamed> {
    let (was, is) = (Compression::of(old), Compression::of(new));
    let name = new.to_string_lossy();
    let stem = name.strip_suffix(is.ending()).unwrap_or(&name);
    (was != is).then(|| Misnamed {
        reason: format!("this one is {}, not {}", was.told(), is.told()),
        name: PathBuf::from(format!("{stem}{}", was.ending())),
    })
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

    /// What a name ends with that tells it.
    fn ending(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => ".gz",
            Compression::Zstd => ".zst",
        }
    }

    /// How it is called.
    fn told(self) -> &'static str {
        match self {
            Compression::None => "not compressed",
            Compression::Gzip => "compressed by gzip",
            Compression::Zstd => "compressed by zstd",
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

    /// Reads what was written by [`Compression::encode`], line by line, without the line's end, as
    /// long as `each` wants more.
    pub(super) fn lines(self, written: impl Read, each: EachLine<'_>) -> io::Result<()> {
        let text: Box<dyn Read + '_> = match self {
            Compression::None => Box::new(written),
            Compression::Gzip => Box::new(MultiGzDecoder::new(written)),
            Compression::Zstd => Box::new(zstd::Decoder::new(written)?),
        };
        let mut text = BufReader::new(text);
        let mut line = Vec::new();
        while text.read_until(b'\n', &mut line)? > 0 {
            if each(line.strip_suffix(b"\n").unwrap_or(&line)).is_break() {
                break;
            }
            line.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        MultiGzDecoder::new(&encoded(Compression::Gzip)[..]).read_to_end(&mut text).unwrap();
        assert_eq!(text, whole);
        assert_eq!(zstd::decode_all(&encoded(Compression::Zstd)[..]).unwrap(), whole);
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let mut lines = Vec::new();
            let mut each = |line: &[u8]| {
                lines.push(line.to_vec());
                if lines.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            for _ in 0..2 {
                compression.lines(&encoded(compression)[..], &mut each).unwrap();
            }
            assert_eq!(lines, [b"{\"a\":1}", b"{\"b\":2}", b"{\"a\":1}"]);
        }
    }
}
