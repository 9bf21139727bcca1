//! The dictionary of the store's segments, trained on what our devices' JSON looks like.
//!
//! A dictionary that was released never changes: the store's files hold what was written with it. One that fits better is another
//! codec, with a file of its own.

use crate::samples::{Fleet, Kind};

/// Bytes of the dictionary: 2 KiB to 16 KiB made 2 % of difference.
const BYTES_MAX: usize = 4096;
const DEVICES: usize = 400;
/// Messages of each class.
const MESSAGES: usize = 1500;

/// Trains it: the same bytes each time, with the version of zstd that stands in `Cargo.lock`.
pub(crate) fn train() -> std::io::Result<Vec<u8>> {
    let mut samples = Vec::new();
    for (seed, kind) in (1000..).zip([Kind::Telemetry, Kind::Reading, Kind::Status]) {
        let messages = Fleet::new(kind, DEVICES, 1, seed).messages(MESSAGES);
        samples.extend(messages.into_iter().map(|message| message.payload));
    }
    zstd::dict::from_samples(&samples, BYTES_MAX)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_store_has_the_dictionary_that_is_trained_here() {
        let embedded = include_bytes!("../../../src/store/segment/dictionary_1.zdict");
        assert!(super::train().expect("enough samples") == embedded);
    }
}
