//! Bodies and frames: what is written and what is read.

use std::iter;

use firmware_protocol::body::{Body, Incident, TrackBatch};
use firmware_protocol::{Direction, Frame, Header, Suite, Text};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde::Serialize;
use serde_json::json;

use crate::answers::{SUITES, body_in_json, header_in_json, key_of, verdict, word};
use crate::ask;
use crate::cc::hex;
use crate::support::bodies::{Sample, typical_incident};
use crate::support::vectors::vector;
use crate::support::{any_header, car_header, forged, sealed_with};

for_every_type!(means_the_same_in_c, is_judged_the_same_in_c);

/// Bodies of any content that are tried of each type.
const RANDOM_BODIES: usize = 50;

/// Whether the codec in C has the type; README.md says which it has not.
fn is_offered<B: Body>() -> bool {
    B::MESSAGE_TYPE != TrackBatch::MESSAGE_TYPE
}

/// The golden values of a type and some random ones, each with a header.
fn samples<B: Sample>() -> Vec<(Header, B)> {
    let golden = [B::default(), B::typical(), B::maximum()].map(|body| (car_header::<B>(), body));
    let mut runner = TestRunner::deterministic();
    let random = iter::repeat_with(|| (any_header::<B>(), B::any()).new_tree(&mut runner).unwrap().current());
    golden.into_iter().chain(random.take(RANDOM_BODIES)).collect()
}

/// The body in C has the same fields with the same values, and makes the same frame of them, tag and all.
fn means_the_same_in_c<B: Sample + Serialize>() {
    let mut lines = Vec::new();
    let mut right = Vec::new();
    for (at, (header, body)) in samples::<B>().into_iter().enumerate() {
        for suite in SUITES {
            let direction = if at % 2 == 0 { Direction::Up } else { Direction::Down };
            let frame = sealed_with(&key_of(suite, direction, &header), &header, &body);
            let header = Frame::unchecked(&frame).unwrap().header;
            right.push(if is_offered::<B>() {
                json!({ "header": header_in_json(&header), "body": body_in_json(&body), "resealed": hex(&frame) })
            } else {
                let text = "another message type than the one asked for";
                json!({ "header": header_in_json(&header), "error": 9, "text": text })
            });
            lines.push(format!("open {} {}", word(direction), hex(&frame)));
        }
    }
    for (answer, right) in ask(&lines).iter().zip(&right) {
        assert_eq!(answer, right);
    }
}

/// Golden bodies, cut and changed in every place, are taken or refused by the C codec for the same reason and with the
/// same content as by the reference; no cut or changed frame is opened.
fn is_judged_the_same_in_c<B: Sample>() {
    if !is_offered::<B>() {
        return; // nothing in C reads it
    }
    for name in ["zero", "typical", "maximum"] {
        for revision in 1..=B::REVISION {
            let body = vector(B::VECTORS, &format!("r{revision} {name}"));
            let frame = forged(B::MESSAGE_TYPE, revision, &body);
            let answers = ask(&[format!("sweep up {}", hex(&frame))]);
            let cuts: Vec<_> = places(body.len()).map(|len| judged(&frame, &body[..len]).0).collect();
            let changes: Vec<_> =
                places(body.len()).map(|place| hash_of_changes(&frame, &body, place)).collect();
            assert_eq!(answers[0]["cuts"], json!(cuts), "r{revision} {name}");
            assert_eq!(answers[0]["changes"], json!(changes), "r{revision} {name}");
            assert_eq!(answers[0]["accepted"], json!(0), "r{revision} {name}");
        }
    }
}

/// The places of a body that c/test/sweep.c looks at.
fn places(len: usize) -> impl Iterator<Item = usize> {
    (0..len).filter(move |place| len <= 1024 || *place < 20 || len - place <= 2)
}

fn judged(frame: &[u8], body: &[u8]) -> (u8, Vec<u8>) {
    let mut frame = Frame::unchecked(frame).unwrap();
    frame.body = body;
    verdict(&frame)
}

/// FNV-1a over the verdicts on the other 255 values of one byte.
fn hash_of_changes(frame: &[u8], body: &[u8], place: usize) -> u64 {
    let mut changed = body.to_vec();
    (1..=u8::MAX).fold(0, |hash, change| {
        changed[place] = body[place] ^ change;
        let (code, resealed) = judged(frame, &changed);
        iter::once(&code)
            .chain(&resealed)
            .fold(hash, |hash: u64, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
    })
}

/// Frames of every length modulo the block of the hash.
#[test]
fn tags_are_right_at_every_length() {
    let lines: Vec<_> = (0..=240)
        .map(|len| {
            let text = "x".repeat(len);
            let body = Incident { description: Text::truncated(&text), ..typical_incident() };
            let header = car_header::<Incident>();
            let key = key_of(Suite::HMAC_SHA256_128, Direction::Up, &header);
            format!("open up {}", hex(&sealed_with(&key, &header, &body)))
        })
        .collect();
    for (line, answer) in lines.iter().zip(ask(&lines)) {
        assert_eq!(answer["resealed"].as_str(), line.strip_prefix("open up "));
    }
}
