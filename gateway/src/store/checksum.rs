//! The checksum of a row: over the table's name and the fields, each with its length, so that no damage turns one row into
//! another that looks right.

/// A checksum that is being computed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checksum(u32);

impl Checksum {
    /// Of a row of this table.
    pub(super) fn of(table: &str) -> Checksum {
        Checksum(crc32c::crc32c(table.as_bytes()))
    }

    pub(super) fn bytes(self, bytes: &[u8]) -> Checksum {
        let with_length = self.number(bytes.len() as i64);
        Checksum(crc32c::crc32c_append(with_length.0, bytes))
    }

    pub(super) fn text(self, text: &str) -> Checksum {
        self.bytes(text.as_bytes())
    }

    /// A text that may be absent; absent is not the same as empty.
    pub(super) fn optional(self, text: Option<&str>) -> Checksum {
        match text {
            Some(text) => self.text(text),
            None => self.number(-1),
        }
    }

    pub(super) fn number(self, number: i64) -> Checksum {
        Checksum(crc32c::crc32c_append(self.0, &number.to_le_bytes()))
    }

    pub(super) fn sum(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_run_into_each_other() {
        let of = |one: &str, other: Option<&str>| Checksum::of("down").text(one).optional(other).sum();
        let sums = [of("ab", Some("c")), of("a", Some("bc")), of("ab", Some("")), of("ab", None)];
        let other_table = Checksum::of("meta").text("ab").optional(None).sum();
        let mut all = [sums.as_slice(), &[other_table]].concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 5);
    }
}
