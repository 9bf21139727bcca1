//! What the tables rest on: every format gives back what was put in.

use firmware_protocol::body::TrackBatch;
use firmware_protocol::{FrameKey, open};

use crate::codec::{Sample, from_cbor, from_json, from_messagepack, from_protobuf, to_protobuf};
use crate::drive::{Place, Receiver, batches, minute};
use crate::encoded::{Encoded, frame};
use crate::samples;
use crate::schema::{Message, SensorColumns, TrackChanges, TrackPoints};

fn comes_out_again<S: Sample>(sample: S) {
    let Encoded { protobuf, cbor, messagepack, json, .. } = Encoded::of(&sample);
    let (message, in_json) = (S::Message::from(&sample), S::Json::from(&sample));
    assert!(from_protobuf::<S::Message>(&protobuf) == message);
    assert!(from_cbor::<S::Message>(&cbor) == message);
    assert!(from_messagepack::<S::Message>(&messagepack) == message);
    assert!(from_json::<S::Json>(json.leak()) == in_json);
    let sealed = frame(&sample, &FrameKey::CRC32C).leak();
    assert!(open(sealed, &FrameKey::CRC32C).unwrap().decode::<S>().unwrap() == sample);
}

fn comes_out_of_protobuf_again<M: Message>(message: M) {
    let mut bytes = Vec::new();
    to_protobuf(&message, &mut bytes);
    assert!(from_protobuf::<M>(&bytes) == message);
}

fn track() -> TrackBatch {
    let [batch] = batches(&minute(Place::City, Receiver::FILTERED, 1)).try_into().unwrap();
    batch
}

#[test]
fn every_format_gives_back_what_was_put_in() {
    comes_out_again(samples::telemetry());
    comes_out_again(samples::telemetry_indoors());
    comes_out_again(samples::sensor_report());
    comes_out_again(samples::incident());
    comes_out_again(samples::evidence_meta());
    comes_out_again(samples::status());
    comes_out_again(samples::task());
    comes_out_again(samples::task_ack());
    comes_out_again(track());
    comes_out_of_protobuf_again(SensorColumns::from(&samples::sensor_report()));
    comes_out_of_protobuf_again(TrackPoints::from(&track()));
    comes_out_of_protobuf_again(TrackChanges::from(&track()));
}

#[test]
fn protobuf_takes_the_bytes_that_the_test_of_sizes_compares_with() {
    assert_eq!(Encoded::of(&samples::telemetry()).protobuf.len(), samples::TELEMETRY_PROTOBUF_LEN);
    assert_eq!(Encoded::of(&samples::sensor_report()).protobuf.len(), samples::SENSOR_REPORT_PROTOBUF_LEN);
}
