//! CRC-32C (Castagnoli): polynomial 0x1EDC6F41 reflected, start and final XOR all ones. Check value of
//! "123456789": 0xE3069283. It finds damage, it stops no forger.

/// Polynomial, bit-reversed.
const POLYNOMIAL: u32 = 0x82F6_3B78;

/// The remainder of any bytes followed by their CRC.
const RESIDUE: u32 = 0xB798_B438;

/// What each byte does to the remainder: 1 KiB of constants.
static TABLE: [u32; 256] = table();

/// The CRC-32C of `bytes`.
pub(crate) fn crc32c<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> u32 {
    let mut crc = Crc32c::new();
    bytes.into_iter().for_each(|&byte| crc.push(byte));
    !crc.0
}

/// The CRC-32C of bytes that come one at a time: the remainder so far.
#[derive(Debug, Clone)]
pub(crate) struct Crc32c(u32);

impl Crc32c {
    pub(crate) const fn new() -> Self {
        Self(!0)
    }

    pub(crate) fn push(&mut self, byte: u8) {
        let [low, ..] = self.0.to_le_bytes();
        // A byte always finds its entry in 256; `get` keeps the path free of a panic without asking the optimizer.
        let step = TABLE.get(usize::from(low ^ byte)).copied().unwrap_or_default();
        self.0 = step ^ (self.0 >> 8);
    }

    /// Whether the last four bytes are the CRC-32C of all before them, little-endian: the remainder is then the
    /// same whatever they were.
    pub(crate) fn ends_with_itself(&self) -> bool {
        self.0 == RESIDUE
    }
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let mut remainder = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            remainder = if remainder & 1 == 1 { (remainder >> 1) ^ POLYNOMIAL } else { remainder >> 1 };
            bit += 1;
        }
        table[byte] = remainder; // evaluated by the compiler only
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{Crc32c, crc32c};

    #[test]
    fn known_check_values_hold() {
        assert_eq!(crc32c(b""), 0);
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA); // RFC 3720, B.4
        assert_eq!(crc32c(&[0xFF; 32]), 0x62A8_AB43); // RFC 3720, B.4
    }

    #[test]
    fn only_bytes_with_their_own_crc_behind_them_end_with_it() {
        for bytes in [&b""[..], b"123456789", &[0; 32], &[0xFF; 32]] {
            let mut crc = Crc32c::new();
            bytes.iter().chain(&crc32c(bytes).to_le_bytes()).for_each(|&byte| crc.push(byte));
            assert!(crc.ends_with_itself());
            crc.push(0);
            assert!(!crc.ends_with_itself());
        }
    }
}
