//! The tables of speeds.

use std::hint::black_box;

use firmware_protocol::{Frame, FrameKey, Peek, Suite, open, seal};

use crate::codec::{
    BUFFER_LEN, Sample, from_cbor, from_json, from_messagepack, from_protobuf, to_body, to_cbor, to_json,
    to_messagepack, to_protobuf,
};
use crate::drive::{Place, Receiver, batches, minute};
use crate::encoded::{Encoded, frame, key};
use crate::measure::{Contender, Timing, race};
use crate::samples::{self, header_of};
use crate::table::Table;

/// Encoding and decoding of bodies, beside protobuf's.
pub(crate) fn bodies() -> [Table; 2] {
    let columns = ["", "protobuf, ns", "body, ns (x protobuf)", "CBOR", "MessagePack", "JSON"];
    let mut tables = ["Encode a body", "Decode a body"].map(|title| Table::new(title, &columns));
    rows(&mut tables, "telemetry", &samples::telemetry());
    rows(&mut tables, "sensor report, 8 readings", &samples::sensor_report());
    rows(&mut tables, "incident", &samples::incident());
    rows(&mut tables, "evidence meta", &samples::evidence_meta());
    rows(&mut tables, "status", &samples::status());
    rows(&mut tables, "task", &samples::task());
    rows(&mut tables, "task ack", &samples::task_ack());
    for batch in batches(&minute(Place::City, Receiver::FILTERED, 1)) {
        rows(&mut tables, "track batch, 60 points", &batch);
    }
    tables
}

fn rows<S: Sample>([encoding, decoding]: &mut [Table; 2], name: &str, sample: &S) {
    row(encoding, name, encode(sample));
    row(decoding, name, decode(sample));
}

fn row(table: &mut Table, name: &str, [protobuf, others @ ..]: [Timing; 5]) {
    let first = format!("{:.0}", protobuf.nanoseconds);
    table.row([vec![name.into(), first], others.map(cell).to_vec()].concat());
}

fn cell(timing: Timing) -> String {
    format!("{:.0} ({:.2})", timing.nanoseconds, timing.ratio)
}

/// protobuf, ours, CBOR, MessagePack, JSON.
fn encode<S: Sample>(sample: &S) -> [Timing; 5] {
    let (message, json) = (&S::Message::from(sample), &S::Json::from(sample));
    let mut slice = [0; BUFFER_LEN];
    race([
        encoder(message, to_protobuf),
        Contender::new(move || {
            let len = to_body(black_box(sample), &mut slice);
            black_box(&slice);
            len
        }),
        encoder(message, to_cbor),
        encoder(message, to_messagepack),
        encoder(json, to_json),
    ])
}

fn encoder<'a, T>(value: &'a T, encode: impl Fn(&T, &mut Vec<u8>) + 'a) -> Contender<'a> {
    let mut out = Vec::with_capacity(BUFFER_LEN);
    Contender::new(move || {
        encode(black_box(value), &mut out);
        black_box(&out).len()
    })
}

/// protobuf, ours, CBOR, MessagePack, JSON.
fn decode<S: Sample>(sample: &S) -> [Timing; 5] {
    let Encoded { protobuf, cbor, messagepack, json, .. } = Encoded::of(sample);
    let (json, sealed): (&'static [u8], &'static [u8]) =
        (json.leak(), frame(sample, &FrameKey::CRC32C).leak()); // once a run
    let opened: Frame<'static> = open(sealed, &FrameKey::CRC32C).expect("sealed here");
    race([
        Contender::new(|| from_protobuf::<S::Message>(black_box(&protobuf))),
        Contender::new(|| black_box(opened).decode::<S>()),
        Contender::new(|| from_cbor::<S::Message>(black_box(&cbor))),
        Contender::new(|| from_messagepack::<S::Message>(black_box(&messagepack))),
        Contender::new(|| from_json::<S::Json>(black_box(json))),
    ])
}

/// Whole frames of telemetry, beside protobuf's bodies without any check.
pub(crate) fn frames() -> Table {
    let telemetry = samples::telemetry();
    let suites = [Suite::CRC32C, Suite::HMAC_SHA256_128, Suite::HMAC_SM3_128];
    let keys = [FrameKey::CRC32C, key(suites[1]), key(suites[2])];
    let [protobuf, sealing @ ..] = seals(&telemetry, &keys);
    let [_, opening @ ..] = opens(&telemetry, &keys);
    let mut table =
        Table::new("A telemetry frame", &["", "ns", "of protobuf's encode or decode of the body"]);
    let mut add = |name: String, timing: Timing| {
        table.row([name, format!("{:.0}", timing.nanoseconds), format!("{:.2}", timing.ratio)]);
    };
    add("protobuf, encode the body".into(), protobuf);
    suites.iter().zip(sealing).for_each(|(suite, timing)| add(format!("seal with {suite}"), timing));
    let [peek, opening @ ..] = opening;
    suites
        .iter()
        .zip(opening)
        .for_each(|(suite, timing)| add(format!("open and decode with {suite}"), timing));
    add("Peek::at".into(), peek);
    table
}

fn seals<S: Sample>(sample: &S, [crc, sha256, sm3]: &[FrameKey; 3]) -> [Timing; 4] {
    let message = &S::Message::from(sample);
    let header = header_of::<S>();
    let sealer = |key| {
        let mut out = [0; 512];
        Contender::new(move || {
            let len = seal(black_box(&header), black_box(sample), key, &mut out);
            black_box(&out);
            len
        })
    };
    race([encoder(message, to_protobuf), sealer(crc), sealer(sha256), sealer(sm3)])
}

/// protobuf's decoding, a peek, and opening and decoding with each key.
fn opens<S: Sample>(sample: &S, [crc, sha256, sm3]: &[FrameKey; 3]) -> [Timing; 5] {
    let protobuf = Encoded::of(sample).protobuf;
    let sealed: &'static [u8] = frame(sample, crc).leak(); // once a run, as below
    let opener = |key| {
        let sealed: &'static [u8] = frame(sample, key).leak();
        Contender::new(move || open(black_box(sealed), key).and_then(|frame| frame.decode::<S>()))
    };
    race([
        Contender::new(|| from_protobuf::<S::Message>(black_box(&protobuf))),
        Contender::new(move || Peek::at(black_box(sealed))),
        opener(crc),
        opener(sha256),
        opener(sm3),
    ])
}
