//! Devices live ten years: an older or newer sender and receiver understand each other.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

#[macro_use]
mod support;

use std::fmt::Debug;

use firmware_protocol::body::Body;
use firmware_protocol::{BodyFault, DecodeError, FrameKey, Wire, open};
use proptest::prelude::*;
use serde::Deserialize;
use support::bodies::Sample;
use support::next::{Appended, Next};
use support::vectors::vector;
use support::{car_header, decoded, encoded, sealed};

for_every_type!(
    every_revision_reads_every_other,
    every_golden_vector_is_read_by_newer_receivers,
    any_tail_of_any_newer_revision_is_ignored,
    the_same_revision_has_exactly_its_length,
    a_newer_revision_has_all_our_fields,
    each_revision_has_its_own_minimum_length,
    an_older_body_longer_than_ours_is_refused,
    an_older_body_may_end_between_fields_but_not_within_a_text,
    revision_0_does_not_exist,
);

/// What a receiver that knows `R` reads from a sender that knows `S`.
fn read<S: Body, R: Body + Deserialize<'static>>(sent: &S) -> Result<R, DecodeError> {
    let frame = open(sealed(&car_header::<S>(), sent).leak(), &FrameKey::CRC32C).unwrap();
    assert_eq!(frame.header.revision, S::REVISION);
    frame.decode()
}

/// `before` as a sender of the next revision sends it.
fn newer<B>(before: B) -> Next<B> {
    Next { before, appended: Appended::some() }
}

/// `before` as a receiver of the next revision reads it from a sender that does not know the fields behind.
fn older<B>(before: B) -> Next<B> {
    Next { before, appended: Appended::default() }
}

fn every_revision_reads_every_other<B: Sample>() {
    assert_eq!([Next::<B>::REVISION, Next::<Next<B>>::REVISION], [B::REVISION + 1, B::REVISION + 2]);
    proptest!(|(sent in B::any())| {
        prop_assert_eq!(read(&sent), Ok(sent));
        prop_assert_eq!(read(&sent), Ok(older(sent)));
        prop_assert_eq!(read(&sent), Ok(older(older(sent))));
        prop_assert_eq!(read(&newer(sent)), Ok(sent));
        prop_assert_eq!(read(&newer(sent)), Ok(newer(sent)));
        prop_assert_eq!(read(&newer(sent)), Ok(older(newer(sent))));
        prop_assert_eq!(read(&newer(newer(sent))), Ok(sent));
        prop_assert_eq!(read(&newer(newer(sent))), Ok(newer(sent)));
        prop_assert_eq!(read(&newer(newer(sent))), Ok(newer(newer(sent))));
    });
}

fn every_golden_vector_is_read_by_newer_receivers<B: Sample>() {
    for revision in 1..=B::REVISION {
        for name in ["zero", "typical", "maximum"] {
            let golden = vector(B::VECTORS, &format!("r{revision} {name}"));
            let value = decoded::<B>(revision, &golden).unwrap();
            assert_eq!(decoded(revision, &golden), Ok(older(value)));
            assert_eq!(decoded(revision, &golden), Ok(older(older(value))));
        }
    }
}

fn any_tail_of_any_newer_revision_is_ignored<B: Sample>() {
    let tail = prop::collection::vec(any::<u8>(), 0..64);
    proptest!(|(sent in B::any(), revision in B::REVISION + 1.., tail in tail)| {
        prop_assert_eq!(decoded(revision, &[encoded(&sent), tail].concat()), Ok(sent));
    });
}

fn the_same_revision_has_exactly_its_length<B: Sample>() {
    for body in [B::typical(), B::maximum()].map(|value| encoded(&value)) {
        is_refused_when_cut::<B>(B::REVISION, &body);
        check_long(decoded::<B>(B::REVISION, &[&body[..], &[0]].concat()), 1);
    }
}

fn a_newer_revision_has_all_our_fields<B: Sample>() {
    for body in [B::typical(), B::maximum()].map(|value| encoded(&value)) {
        is_refused_when_cut::<B>(B::REVISION + 1, &body);
    }
}

/// Checks that a body is refused at every shorter length; of the largest chunk at some, and near both ends.
fn is_refused_when_cut<B: Sample>(revision: u8, body: &[u8]) {
    let step = if body.len() > 4096 { 97 } else { 1 };
    let tried = |len: &usize| *len < 64 || body.len() - len < 64 || len.is_multiple_of(step);
    for len in (0..body.len()).filter(tried) {
        let refused = decoded::<B>(revision, &body[..len]);
        match len < B::MIN_LEN {
            true => check_short(refused, B::MIN_LEN, len),
            false => check_fault(refused, BodyFault::Ended),
        }
    }
}

fn each_revision_has_its_own_minimum_length<B: Sample>() {
    for (at, &min) in B::MIN_LENS.iter().enumerate() {
        has_minimum::<B>(at as u8 + 1, min);
        has_minimum::<Next<B>>(at as u8 + 1, min);
    }
    for revision in [B::REVISION + 1, B::REVISION + 2, u8::MAX] {
        has_minimum::<B>(revision, B::MIN_LEN);
        has_minimum::<Next<B>>(revision, Next::<B>::MIN_LEN);
    }
}

/// Checks that a body of zeros is read from `min` bytes on.
fn has_minimum<B: Body + Deserialize<'static> + PartialEq + Debug + Default>(revision: u8, min: usize) {
    check_short(decoded::<B>(revision, &vec![0; min - 1]), min, min - 1);
    assert_eq!(decoded(revision, &vec![0; min]), Ok(B::default()), "revision {revision}");
}

fn an_older_body_longer_than_ours_is_refused<B: Sample>() {
    let longer = [encoded(&newer(B::typical())), vec![0, 0]].concat();
    check_long(decoded::<Next<B>>(B::REVISION, &longer), 2);
}

fn an_older_body_may_end_between_fields_but_not_within_a_text<B: Sample>() {
    let before = encoded(&B::typical());
    let text = [vec![0; Appended::TEXT_AT], vec![6, b'o', b'p']].concat(); // claims 6 bytes and has 2
    let body = [before, text].concat();
    check_fault(decoded::<Next<B>>(B::REVISION, &body), BodyFault::Ended);
    for missing in 3..=Appended::TEXT_AT + 3 {
        let ended = &body[..body.len() - missing];
        assert_eq!(decoded(B::REVISION, ended), Ok(older(B::typical())), "{missing} bytes missing");
    }
}

fn revision_0_does_not_exist<B: Sample>() {
    let refused = decoded::<B>(0, &encoded(&B::typical()));
    assert_eq!(refused, Err(DecodeError::Revision { message_type: B::MESSAGE_TYPE }));
}

fn check_short<B: Body + Debug>(refused: Result<B, DecodeError>, expected: usize, len: usize) {
    match refused {
        Err(DecodeError::BodyShort { min, found, .. }) => assert_eq!((min, found), (expected, len)),
        other => panic!("{len} bytes where {expected} are needed: {other:?}"),
    }
}

fn check_long<B: Body + Debug>(refused: Result<B, DecodeError>, expected: usize) {
    assert!(matches!(refused, Err(DecodeError::BodyLong { extra, .. }) if extra == expected), "{refused:?}");
}

fn check_fault<B: Body + Debug>(refused: Result<B, DecodeError>, expected: BodyFault) {
    assert!(matches!(refused, Err(DecodeError::Body { fault, .. }) if fault == expected), "{refused:?}");
}
