//! Hexadecimal text as people have it: dumps, C arrays, notes.

use std::fmt::Write;

/// Bytes of input that are read: the longest frame, each byte written `0xc1, ` and some comments.
pub(super) const INPUT_LEN_MAX: usize = 1 << 20;
/// Characters of a wrong word that a message repeats.
const FOUND_CHARS_MAX: usize = 20;

/// The bytes that the text stands for; what follows a `#` is for people. An error says what is no hexadecimal.
pub(super) fn hex(text: &[u8]) -> Result<Vec<u8>, String> {
    let text =
        str::from_utf8(text).map_err(|_| "neither text nor a frame, which starts with c1".to_owned())?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let words = lines.flat_map(|line| line.split([' ', '\t', ',', '\r'])).filter(|word| !word.is_empty());
    let mut bytes = Vec::new();
    for word in words {
        let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")).unwrap_or(word);
        bytes.extend(pairs(digits).ok_or_else(|| {
            let found: String = word.chars().take(FOUND_CHARS_MAX).collect();
            format!("{found:?} is not pairs of hexadecimal digits")
        })?);
    }
    match bytes.is_empty() {
        true => Err("nothing to decode".to_owned()),
        false => Ok(bytes),
    }
}

fn pairs(digits: &str) -> Option<Vec<u8>> {
    let digit = |digit: &u8| char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pairs = digits.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    pairs.collect()
}

/// Two digits a byte.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a String takes every write");
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dumps_arrays_and_comments_are_read_and_anything_else_is_named() {
        for text in
            ["c110ff", "C1 10\nff", "0xc1, 0x10,\t0xFF,\r\n", "0xc110FF", "c1 # a frame\n\n10 ff # end"]
        {
            assert_eq!(hex(text.as_bytes()), Ok(vec![0xC1, 0x10, 0xFF]), "{text}");
        }
        for (text, named) in
            [("c1 1", "\"1\""), ("c1 xx", "\"xx\""), ("[telemetry]", "\"[telemetry]\""), ("", "nothing")]
        {
            assert!(hex(text.as_bytes()).is_err_and(|error| error.contains(named)), "{text}");
        }
        assert!(hex(&[0xFF]).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(bytes in prop::collection::vec(any::<u8>(), 1..80), noise in any::<Vec<u8>>()) {
            prop_assert_eq!(hex(to_hex(&bytes).as_bytes()), Ok(bytes));
            let _ = hex(&noise);
        }
    }
}
