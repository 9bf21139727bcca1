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
        for name in ["zero", "typical", "maximum"] {
            let golden = vector(B::VECTORS, &format!("r{revision} {name}"));
            let read = decoded::<B>(revision, &golden);
            assert!(read.is_ok(), "revision {revision} {name}: {read:?}");
        }
        let zero = vector(B::VECTORS, &format!("r{revision} zero"));
        assert_eq!(decoded(revision, &zero), Ok(B::default()));
        assert_eq!(B::min_len(revision), Some(zero.len()));
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
