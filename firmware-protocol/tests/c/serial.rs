//! The serial link in C packs and finds what the reference does.

use std::iter;

use firmware_protocol::serial::{CRC_LEN, Decoder, encode, encoded_len_max};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::ask;
use crate::cc::hex;
use crate::code::serial_code;
use crate::support::vectors::{SERIAL, vector};

/// The longest frame the receivers take.
const FRAME_LEN_MAX: usize = 300;

fn packet(frame: &[u8]) -> Vec<u8> {
    let mut out = vec![0; encoded_len_max(frame.len())];
    let len = encode(frame, &mut out).unwrap();
    out.truncate(len);
    out
}

/// What the reference says about a stream, as the C program prints it.
fn received(stream: &[u8]) -> Value {
    let mut decoder = Decoder::<{ FRAME_LEN_MAX + CRC_LEN }>::new();
    let said = stream.iter().filter_map(|&byte| {
        Some(match decoder.push(byte)? {
            Ok(frame) => json!(hex(frame)),
            Err(error) => json!(serial_code(error)),
        })
    });
    Value::Array(said.collect())
}

fn check_streams(streams: &[Vec<u8>]) {
    let ask_for = |stream: &Vec<u8>| format!("receive {} {}", FRAME_LEN_MAX + CRC_LEN, hex(stream));
    let answers = ask(&streams.iter().map(ask_for).collect::<Vec<_>>());
    for (answer, stream) in answers.iter().zip(streams) {
        assert_eq!(answer["received"], received(stream), "{}", hex(stream));
    }
}

#[test]
fn golden_packets_are_made_and_found() {
    let names = SERIAL.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(" frame]"));
    let mut seen = 0;
    for name in names {
        let frame = vector(SERIAL, &format!("{name} frame"));
        let golden = vector(SERIAL, &format!("{name} packet"));
        let answers = ask(&[
            format!("pack - {}", hex(&frame)),
            format!("receive {} {}", frame.len() + CRC_LEN, hex(&golden)),
        ]);
        assert_eq!(answers[0], json!({ "packet": hex(&golden) }), "{name}");
        assert_eq!(answers[1], json!({ "received": [hex(&frame)] }), "{name}");
        seen += 1;
    }
    assert_eq!(seen, 10);
    assert_eq!(ask(&["pack - ".to_owned()]), [json!({ "error": 19 })]);
}

/// Frames of all lengths and mixtures of zeros, in packets that are whole, cut, damaged, run together or made up.
#[test]
fn streams_of_any_kind_are_read_as_by_the_reference() {
    let byte = || prop_oneof![Just(0_u8), Just(1_u8), Just(0xFF_u8), any::<u8>()];
    let frame = vec(byte(), 1..FRAME_LEN_MAX + 20);
    let damage = prop_oneof![3 => Just(None), 2 => (any::<prop::sample::Index>(), byte()).prop_map(Some)];
    let piece = prop_oneof![
        4 => (frame, damage, 0..3_usize).prop_map(|(frame, damage, cut)| {
            let mut packet = packet(&frame);
            if let Some((place, byte)) = damage {
                *place.get_mut(&mut packet) = byte;
            }
            packet.truncate(packet.len() - cut);
            packet
        }),
        1 => vec(byte(), 0..40),
    ];
    let stream = vec(piece, 1..6).prop_map(|pieces| pieces.concat());
    let mut runner = TestRunner::deterministic();
    let streams: Vec<_> =
        iter::repeat_with(|| stream.new_tree(&mut runner).unwrap().current()).take(300).collect();
    let kinds = [json!(19), json!(20), json!(21), json!(22)];
    let said: Vec<_> =
        streams.iter().flat_map(|stream| received(stream).as_array().unwrap().clone()).collect();
    assert!(
        kinds.iter().all(|kind| said.contains(kind)) && said.iter().any(Value::is_string),
        "all was seen"
    );
    check_streams(&streams);
}
