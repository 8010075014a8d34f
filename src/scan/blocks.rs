//! Objects and arrays without white space, as servers send them, checked 64 bytes at a time.
//!
//! What a block holds is told by words of 64 bits, one bit for each byte: where the quotes are,
//! where the digits. JSON's grammar is then a few conditions on neighbouring bits, for all bytes at
//! once. One by one are looked at only brackets, escapes, and scalars that are no plain row of
//! digits.
//!
//! This never says no: what it does not take, the scanner looks at byte by byte. That holds for all
//! that is no JSON, for white space between tokens, for what could be half of a surrogate pair, and
//! for brackets more than [`DEEPEST`] deep.

use super::scalar::scalar;
use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

const BLOCK: usize = 64;

/// One bit for each byte of a block, the first byte's the lowest.
type Bits = u64;

/// How many brackets may be open: a word has a bit for each.
const DEEPEST: u32 = 63;

/// The length of the object or array at the start of a text, which must be UTF-8, if it is plain
/// JSON: see [`super::Json`]. `None` says nothing.
pub(super) fn plain(json: &[u8]) -> Option<usize> {
    plain_at(Level::new(), json)
}

/// As [`plain`], with what a processor can do.
fn plain_at(level: Level, json: &[u8]) -> Option<usize> {
    dispatch!(level, simd => checked(simd, json))
}

/// What must be known of the bytes before a block: 1 or 0 for the byte just before it, where
/// nothing else is said.
#[derive(Default)]
struct Before {
    /// All bits if the block begins in a string, or none.
    string: Bits,
    /// Whether that string is a member's name.
    name: Bits,
    /// A backslash that escapes the first byte.
    backslash: Bits,
    /// The closing quote of a member's name.
    name_end: Bits,
    open: Bits,
    /// What a value or a name must follow.
    ahead: Bits,
    /// What a name must follow, or the end of an empty object.
    name_ahead: Bits,
    scalar: Bits,
    /// A zero that begins a number.
    zero: Bits,
    /// How far scalars were looked at one by one.
    scalars_to: usize,
}

// Everything is inlined into one function for each kind of processor: only there may the compiler
// use its vectors.
#[inline(always)]
fn checked(simd: impl Simd, json: &[u8]) -> Option<usize> {
    if !matches!(json.first()?, b'{' | b'[') {
        return None;
    }
    let mut before = Before { ahead: 1, ..Before::default() };
    let mut nest = Nest::default();
    let mut base = 0;
    loop {
        let mut padded = [b' '; BLOCK];
        let rest = json.get(base..).filter(|rest| !rest.is_empty())?;
        let block = rest.first_chunk().unwrap_or_else(|| {
            padded[..rest.len()].copy_from_slice(rest);
            &padded
        });
        let classes = Classes::of(simd, block);
        let inside = block_is_plain(json, base, &classes, &mut before, &mut nest)?;
        if nest.depth == 0 {
            return Some(base + index(inside.count_ones()));
        }
        base += BLOCK;
    }
}

/// Checks a block, and goes on behind it. Returns which of its bytes belong to the value.
#[inline(always)]
fn block_is_plain(
    json: &[u8],
    base: usize,
    classes: &Classes,
    before: &mut Before,
    nest: &mut Nest,
) -> Option<Bits> {
    let escaped = match classes.backslash | before.backslash {
        0 => 0,
        _ => escapes(json, base, classes.backslash, &mut before.backslash)?,
    };
    // From each opening quote to the byte before the closing one.
    let quote = classes.quote & !escaped;
    let string = odd_so_far(quote) ^ before.string;
    let outside = !(string | quote);
    let open = classes.open & outside;
    let close = classes.close & outside;
    let colon = classes.colon & outside;
    let comma = classes.comma & outside;
    let scalar = outside & !(open | close | colon | comma);

    let Nested { object, inside } = nest.walk(open, close, classes.brace)?;

    let ahead = open | colon | comma;
    let name_ahead = open & classes.brace | comma & object;
    let must_start = behind(ahead, before.ahead) & !(close & behind(open, before.open));
    let must_be_name = behind(name_ahead, before.name_ahead);
    let string_start = quote & string;
    let scalar_start = scalar & !behind(scalar, before.scalar);
    let zero = scalar_start & classes.zero;

    // Added to the first bit of a string, a one is carried to its closing quote.
    let (names, carry) = string.overflowing_add(string_start & must_be_name);
    let (names, carry_too) = names.overflowing_add(before.name);
    let name_end = names & !string;

    let wrong = (open | string_start | scalar_start) ^ must_start
        | must_be_name & (open | scalar)
        | colon ^ behind(name_end, before.name_end)
        | scalar & classes.digit & behind(zero, before.zero)
        | classes.control;
    if wrong & inside != 0 {
        return None;
    }
    let odd = scalar & !classes.digit & inside;
    if odd != 0 {
        before.scalars_to = scalars(json, base, odd, before.scalars_to)?;
    }
    before.string = 0_u64.wrapping_sub(last(string));
    before.name = u64::from(carry | carry_too);
    before.name_end = last(name_end);
    before.open = last(open);
    before.ahead = last(ahead);
    before.name_ahead = last(name_ahead);
    before.scalar = last(scalar);
    before.zero = last(zero);
    Some(inside)
}

/// Which bytes are what, inside and outside of strings.
struct Classes {
    quote: Bits,
    backslash: Bits,
    control: Bits,
    /// `{` or `[`.
    open: Bits,
    /// `}` or `]`.
    close: Bits,
    /// Of the brackets, the curly ones.
    brace: Bits,
    colon: Bits,
    comma: Bits,
    digit: Bits,
    zero: Bits,
}

impl Classes {
    #[inline(always)]
    fn of<S: Simd>(simd: S, block: &[u8; BLOCK]) -> Classes {
        let bytes = u8x64::load_array_ref(simd, block);
        let are = |byte: u8| bytes.simd_eq(byte).to_bitmask();
        let curly = bytes | 0x20; // `[` becomes `{`, and `]` becomes `}`
        Classes {
            quote: are(b'"'),
            backslash: are(b'\\'),
            control: bytes.simd_lt(0x20).to_bitmask(),
            open: curly.simd_eq(b'{').to_bitmask(),
            close: curly.simd_eq(b'}').to_bitmask(),
            brace: bytes.simd_ge(b'{').to_bitmask(),
            colon: are(b':'),
            comma: are(b','),
            digit: (bytes - b'0').simd_lt(10).to_bitmask(),
            zero: are(b'0'),
        }
    }
}

/// The brackets that are open.
#[derive(Default)]
struct Nest {
    depth: u32,
    /// One bit each, the innermost's the lowest: 1 for an object.
    objects: u64,
}

struct Nested {
    /// What stands in an object, and not in an array in that.
    object: Bits,
    /// What belongs to the value: all bits, or those up to its last bracket.
    inside: Bits,
}

impl Nest {
    /// Walks through the brackets of a block, up to the one that closes the value.
    #[inline(always)]
    fn walk(&mut self, open: Bits, close: Bits, brace: Bits) -> Option<Nested> {
        let mut object = 0_u64.wrapping_sub(self.objects & 1);
        let mut left = open | close;
        while left != 0 {
            let at = left.trailing_zeros();
            left &= left - 1;
            let (outer, is_brace) = (self.objects & 1, brace >> at & 1);
            if open >> at & 1 == 1 {
                self.objects = self.objects << 1 | is_brace;
                self.depth += 1;
                if self.depth > DEEPEST {
                    return None;
                }
            } else if outer != is_brace {
                return None;
            } else {
                self.objects >>= 1;
                self.depth -= 1;
                if self.depth == 0 {
                    return Some(Nested { object, inside: Bits::MAX >> (Bits::BITS - 1 - at) });
                }
            }
            let changes = 0_u64.wrapping_sub(outer ^ self.objects & 1);
            object ^= changes & (Bits::MAX << at << 1);
        }
        Some(Nested { object, inside: Bits::MAX })
    }
}

/// Looks at the escapes of a block, and returns which bytes are escaped: those behind a backslash
/// that is not itself escaped. `before` says whether the first byte is, and then the same of the
/// next block.
#[inline(always)]
fn escapes(json: &[u8], base: usize, backslash: Bits, before: &mut Bits) -> Option<Bits> {
    let mut escaped = *before;
    let mut left = backslash & !escaped;
    *before = 0;
    while left != 0 {
        let at = left.trailing_zeros();
        match json.get(base + index(at) + 1..)? {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => {}
            // \ud800 to \udfff
            [b'u', b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..] => return None,
            [b'u', hex @ ..] if hex.get(..4)?.iter().all(u8::is_ascii_hexdigit) => {}
            _ => return None,
        }
        escaped |= 2 << at;
        *before = last(1 << at);
        left &= !(3 << at);
    }
    Some(escaped)
}

/// Looks at the scalars of a block that are more than digits; `odd` is what is no digit of them.
/// They may begin before the block and end behind it: those that end at or before `to` were looked
/// at. Returns how far they were looked at now.
#[inline(always)]
fn scalars(json: &[u8], base: usize, mut odd: Bits, mut to: usize) -> Option<usize> {
    while odd != 0 {
        let mut at = base + index(odd.trailing_zeros());
        odd &= odd.wrapping_add(odd & odd.wrapping_neg()); // without the lowest ones in a row
        if at < to {
            continue;
        }
        let digits = json.get(..at)?.iter().rev().take_while(|byte| byte.is_ascii_digit());
        at -= digits.count();
        let text = json.get(at..)?;
        let length = if text.starts_with(b"null") { 4 } else { scalar(text)? };
        if !matches!(text.get(length)?, b',' | b'}' | b']') {
            return None;
        }
        to = at + length;
    }
    Some(to)
}

/// What stands one byte behind what `bits` say; `before` is the first bit, of the byte before.
#[inline(always)]
fn behind(bits: Bits, before: Bits) -> Bits {
    bits << 1 | before
}

/// The last byte's bit.
#[inline(always)]
fn last(bits: Bits) -> Bits {
    bits >> (Bits::BITS - 1)
}

/// For each bit whether an odd number of ones stands at it and below.
#[inline(always)]
fn odd_so_far(mut bits: Bits) -> Bits {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ bits << 32
}

/// A bit's number, as that of a byte.
#[inline(always)]
fn index(bit: u32) -> usize {
    usize::try_from(bit).unwrap_or(BLOCK)
}

#[cfg(test)]
mod tests {
    use super::{super::Scanner, *};

    /// All that this machine's processor can do, and what older ones can.
    fn levels() -> Vec<Level> {
        let best = Level::new();
        #[cfg(target_arch = "x86_64")]
        let lesser = [
            best.as_sse2().map(Level::Sse2),
            best.as_sse4_2().map(Level::Sse4_2),
            best.as_avx2().map(Level::Avx2),
        ];
        #[cfg(not(target_arch = "x86_64"))]
        let lesser = [None];
        lesser.into_iter().flatten().chain([best]).collect()
    }

    /// What [`plain`] says at every level, which must be one thing, and true.
    #[track_caller]
    fn found(levels: &[Level], json: &str) -> Option<usize> {
        let mut all = levels.iter().map(|level| plain_at(*level, json.as_bytes()));
        let found = all.next().unwrap();
        assert!(all.all(|other| other == found), "{json}");
        if let Some(length) = found {
            let mut bytewise = Scanner::new(json);
            assert_eq!(bytewise.nested(), Some(true), "{json}");
            assert_eq!(bytewise.at, length, "{json}");
        }
        found
    }

    #[test]
    fn plain_values_are_taken_wherever_they_stand() {
        let levels = levels();
        for value in [
            "{}",
            "[]",
            "[[],{}]",
            r#"{"":""}"#,
            r#"{"a":{"b":[1,{"c":null}],"d":[]},"e":"f"}"#,
            r#"{"a":[{"b":1},{"b":2},[{"b":3}]],"c":{}}"#,
            r#""a\"b\\""#,
            r#""\u00e9\/\b\f\n\r\t\ud7ff\ue000""#,
            r#""{[,:]}\\""#,
            "\"é日本\u{7f}\"",
            "0",
            "-0",
            "10",
            "9007199254740993",
            "0.0",
            "10.25e-07",
            "-12E+34",
            "true",
            "false",
            "null",
        ] {
            for before in 0..=2 * BLOCK + 2 {
                let pad = "x".repeat(before);
                let json = format!("[\"{pad}\",{value},{{\"{pad}\":{value}}},{value}]");
                for behind in ["", ",{\"", "\n]", "0"] {
                    let text = format!("{json}{behind}");
                    assert_eq!(found(&levels, &text), Some(json.len()), "{text}");
                }
            }
        }
    }

    #[test]
    fn a_value_that_is_cut_off_is_not_taken() {
        let levels = levels();
        let record = r#"{"id":1,"a":"b\\\"","c":[{"d":null},{"e":-1.5}],"f":{"g":true}}"#;
        let json = format!("[{record},{record},{record}]");
        for cut in 0..json.len() {
            assert_eq!(found(&levels, &json[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn what_is_not_plain_is_not_taken_wherever_it_stands() {
        let levels = levels();
        for value in [
            "",
            " ",
            "1 ",
            " 1",
            "01",
            "00",
            "-",
            "-01",
            "1.",
            ".5",
            "1e",
            "1e+",
            "1.e5",
            "1-",
            "+1",
            "1e5.",
            "tru",
            "truee",
            "nul",
            "nullx",
            "1null",
            "null1",
            "é",
            "\u{7f}",
            "\\",
            "'a'",
            "\"",
            "\"\\",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\\u123\"",
            "\"\u{1f}\"",
            "\"\n\"",
            "\"\\\u{1f}\"",
            "\"\\ud800\"",
            "\"\\uDFFF\"",
            "\"a\"\"b\"",
            "1\"a\"",
            "\"a\"1",
            "\\\"",
            "{",
            "[",
            "]",
            "}",
            ",",
            ":",
            "::",
            ",,",
            "1,,1",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,\"a\":1}",
            "{\"a\":1,,\"b\":1}",
            "[1,]",
            "[,1]",
            "{1:2}",
            "{null:2}",
            "{[]:2}",
            "{{}:2}",
            "[1}",
            "{\"a\":1]",
            "[]1",
            "1[]",
            "{}{}",
            "[][]",
            "{}[]",
            "\"a\":1",
            "{\"a\":1\"b\":2}",
            "{\"a\":\"b\":1}",
            "{\"a\",\"b\"}",
            "{\"a\"\"b\":1}",
            "{\"a\"1}",
            "{\"a\"{}}",
            "{\"a\":1,2}",
            "{\"a\":{},{}}",
            "{\"a\":[],[]}",
            "{\"a\" :1}",
            "{\"a\": 1}",
            "[1 ,1]",
        ] {
            for before in 0..=2 * BLOCK + 2 {
                let pad = "x".repeat(before);
                for json in
                    [format!("[\"{pad}\",{value},7]"), format!("{{\"{pad}\":{value},\"b\":1}}")]
                {
                    assert_eq!(found(&levels, &json), None, "{json}");
                }
            }
        }
    }

    #[test]
    fn a_row_of_backslashes_ends_a_string_or_does_not() {
        let levels = levels();
        for row in 1..=BLOCK + 2 {
            for before in 0..=BLOCK {
                let start = format!("[\"{}{}", "x".repeat(before), "\\".repeat(row));
                let ends = row % 2 == 0;
                let json = format!("{start}\",1]");
                assert_eq!(found(&levels, &json), ends.then_some(json.len()), "{json}");
                let json = format!("{start}\"\",1]");
                assert_eq!(found(&levels, &json), (!ends).then_some(json.len()), "{json}");
            }
        }
    }

    #[test]
    fn brackets_are_counted_up_to_as_many_as_a_word_has_bits() {
        for depth in [1, 2, 31, 32, 33, 62, 63, 64, 65, 128, 1000] {
            for (open, close) in [("[", "]"), ("{\"a\":[", "]}")] {
                let levels = levels();
                let json = open.repeat(depth) + &close.repeat(depth);
                let deep = depth * close.len();
                let taken = u32::try_from(deep).unwrap() <= DEEPEST;
                assert_eq!(found(&levels, &json), taken.then_some(json.len()), "{deep}");
                assert_eq!(Scanner::new(&json).value().unwrap().bytes, json.as_bytes());
            }
        }
    }
}
