//! Golden bodies, damaged in every way a fuzzer would think of, in frames whose tag is right: what decodes is sealed again
//! and decodes to the same, and nothing panics. The same every time; `fuzz/` goes on from here with chance.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

#[path = "../fuzz/checks.rs"]
#[allow(dead_code)] // each test file uses its part
mod checks;

#[path = "support/hex.rs"]
mod hex;

use firmware_protocol::{FrameKey, MessageType, open};
use std::collections::BTreeMap;
use std::path::Path;

const MUTATIONS_PER_TYPE: u64 = 20_000;

/// Numbers as a hostile sender writes them: the largest of each width, too long ones, one that never ends, long zeros.
const VARINTS: [&[u8]; 8] = [
    &[0xFF, 0xFF, 0x03],
    &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
    &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
    &[0xFF, 0xFF, 0x04],
    &[0xFF, 0xFF, 0xFF, 0xFF, 0x10],
    &[0xFF; 12],
    &[0x80, 0x00],
    &[0x80, 0x80, 0x80, 0x80, 0x00],
];

/// Numbers that look like chance and are the same every time (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next() as u8
    }
}

/// Bodies that decode, of each message type: the golden ones and the one of zeros.
fn seeds() -> BTreeMap<u8, Vec<Vec<u8>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let named = (0..=u8::MAX).map(MessageType).filter_map(|kind| Some((kind, kind.name()?)));
    let bodies = named.map(|(message_type, name)| {
        let file = std::fs::read_to_string(folder.join(name).with_extension("hex")).unwrap_or_default();
        let zeros = (0..100).map(|len| vec![0; len]).find(|zeros| decodes(message_type, zeros)).unwrap();
        (message_type.0, bodies_of(&file).chain([zeros]).collect())
    });
    bodies.collect()
}

fn decodes(message_type: MessageType, body: &[u8]) -> bool {
    let bytes = checks::forged(message_type, 1, body);
    matches!(checks::decode(&open(&bytes, &FrameKey::CRC32C).unwrap()), Some(Ok(_)))
}

/// The bodies in a file of golden vectors: those whose names start with a revision.
fn bodies_of(file: &str) -> impl Iterator<Item = Vec<u8>> {
    hex::vectors(file).into_iter().filter(|(name, _)| name.starts_with('r')).map(|(_, body)| body)
}

/// One change to `body`; `other` is a body to take pieces from.
fn mutate(body: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    let at = numbers.below(body.len() + 1);
    let to = at + numbers.below(body.len() + 1 - at);
    match numbers.below(9) {
        0 if at < body.len() => body[at] ^= 1 << numbers.below(8),
        1 if at < body.len() => body[at] = numbers.byte(),
        2 => body.insert(at, numbers.byte()),
        3 => drop(body.drain(at..to.min(at + 4))),
        4 => body.truncate(at),
        5 => drop(body.splice(at..at, other.iter().copied().skip(numbers.below(other.len() + 1)))),
        6 => drop(body.splice(at.., other.iter().copied().skip(at))),
        7 => drop(body.splice(at..to.min(at + 1), VARINTS[numbers.below(VARINTS.len())].iter().copied())),
        _ => body.extend_from_within(at..to),
    }
}

#[test]
fn what_decodes_of_damaged_bodies_encodes_and_decodes_to_the_same() {
    let seeds = seeds();
    assert_eq!(seeds.len(), 13);
    for (&message_type, bodies) in &seeds {
        let mut numbers = Numbers(message_type.into());
        let (mut decoded, mut refused) = (0, 0);
        for _ in 0..MUTATIONS_PER_TYPE {
            let mut body = bodies[numbers.below(bodies.len())].clone();
            let other = &bodies[numbers.below(bodies.len())];
            for _ in 0..=numbers.below(3) {
                mutate(&mut body, other, &mut numbers);
            }
            // Mostly revision 1; else one that does not exist, one with more fields than are known.
            let revision = [1, 1, 1, 1, 0, 2, u8::MAX][numbers.below(7)];
            let bytes = checks::forged(MessageType(message_type), revision, &body);
            match checks::decode(&open(&bytes, &FrameKey::CRC32C).unwrap()) {
                Some(Ok(_)) => decoded += 1,
                Some(Err(_)) => refused += 1,
                None => panic!("message type {message_type} is not known"),
            }
        }
        // Both must have been reached often, else this test says nothing.
        assert!(decoded > 500 && refused > 500, "type {message_type}: {decoded} decoded, {refused} refused");
    }
}

#[test]
fn damaged_frames_are_answered_whatever_is_put_right_about_them() {
    let mut numbers = Numbers(0);
    let (mut opened, mut refused) = (0, 0);
    for (message_type, bodies) in seeds() {
        for body in bodies {
            let frame = checks::forged(MessageType(message_type), 1, &body);
            for _ in 0..2000 {
                let mut damaged = frame[..frame.len() - 4].to_vec();
                let other = damaged.clone();
                mutate(&mut damaged, &other, &mut numbers);
                match open(&checks::mended(&damaged), &FrameKey::CRC32C) {
                    Ok(frame) => {
                        opened += 1;
                        checks::decode(&frame);
                    }
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(opened > 1000 && refused > 500, "{opened} opened, {refused} refused");
}
