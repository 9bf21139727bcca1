//! The bytes devices in the field speak: encoding gives exactly them, decoding understands them. Never change a
//! vector; a new revision gets new ones beside it.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

#[macro_use]
mod support;

use std::collections::BTreeSet;

use firmware_protocol::MessageType;
use firmware_protocol::body::Body;
use support::bodies::Sample;
use support::vectors::vector;
use support::{decoded, encoded};

for_every_type!(keeps_its_bytes, is_as_short_and_as_long_as_declared, reads_every_revision_there_was);

/// The three vectors of the newest revision, with their values.
fn newest<B: Sample>() -> [(Vec<u8>, B); 3] {
    let golden = |name| vector(B::VECTORS, &format!("r{} {name}", B::REVISION));
    [(golden("zero"), B::default()), (golden("typical"), B::typical()), (golden("maximum"), B::maximum())]
}

fn keeps_its_bytes<B: Sample>() {
    for (golden, value) in newest::<B>() {
        assert_eq!(encoded(&value), golden, "encoding {value:?}");
        assert_eq!(decoded::<B>(B::REVISION, &golden), Ok(value), "decoding");
    }
}

fn is_as_short_and_as_long_as_declared<B: Sample>() {
    let [(zero, _), _, (maximum, _)] = newest::<B>();
    assert_eq!((zero.len(), maximum.len()), (B::MIN_LEN, B::MAX_LEN));
    assert_eq!(B::min_len(B::REVISION), Some(B::MIN_LEN));
}

fn reads_every_revision_there_was<B: Sample>() {
    for revision in 1..=B::REVISION {
        let golden = |name| vector(B::VECTORS, &format!("r{revision} {name}"));
        assert_eq!(B::min_len(revision), Some(golden("zero").len()));
        assert_eq!(decoded(revision, &golden("zero")), Ok(B::default()));
        for name in ["zero", "typical", "maximum"] {
            // Every field that the revision had keeps its value, every later one is absent: written again, a 0.
            let mut expected = golden(name);
            let value: B = decoded(revision, &expected).unwrap();
            expected.resize(expected.len() + B::MIN_LEN - golden("zero").len(), 0);
            assert_eq!(encoded(&value), expected, "revision {revision} {name}");
        }
    }
}

#[test]
fn no_message_type_is_without_vectors() {
    macro_rules! rows {
        (() $($name:ident: $body:ident,)+) => {
            [$((stringify!($name), firmware_protocol::body::$body::MESSAGE_TYPE)),+]
        };
    }
    let rows = BTreeSet::from(every_type! { rows () }.map(|(name, of)| (name, of.0)));
    let numbers = (0..=u8::MAX).map(MessageType);
    let known = numbers.filter_map(|of| Some((of.name()?, of.0))).collect::<BTreeSet<_>>();
    assert_eq!(rows, known);
}
