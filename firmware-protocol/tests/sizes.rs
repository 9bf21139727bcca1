//! How small frames are. The messages are those of benches/formats, whose tests count the bytes of protobuf again.
#![allow(dead_code)] // this file uses a part of them

#[path = "../benches/formats/src/drive.rs"]
mod drive;
#[path = "../benches/formats/src/samples.rs"]
mod samples;

use drive::{Place, Receiver, batches, minute};
use firmware_protocol::body::Body;
use firmware_protocol::{DeviceSecret, Direction, HEADER_LEN, Suite, seal};

const TAG_LEN: usize = 16;

fn sealed_len<B: Body>(body: &B) -> usize {
    let header = samples::header_of::<B>();
    let secret = DeviceSecret::new([7; 32]);
    let key = secret.frame_key(Suite::HMAC_SHA256_128, 1, Direction::Up, header.device);
    seal(&header, body, &key.expect("the default features have HMAC-SHA256"), &mut [0; 4096])
        .expect("it fits")
}

fn body_len<B: Body>(body: &B) -> usize {
    sealed_len(body) - HEADER_LEN - TAG_LEN
}

/// Bytes of the sealed batches of a minute, over 200 drives, ascending.
fn minutes(place: Place) -> Vec<usize> {
    let drives = (1..=200).map(|seed| batches(&minute(place, Receiver::FILTERED, seed)));
    let mut lens: Vec<usize> = drives.map(|batches| batches.iter().map(sealed_len).sum()).collect();
    lens.sort_unstable();
    lens
}

#[test]
fn telemetry_and_sensor_reports_take_at_most_three_quarters_of_protobuf() {
    assert!(4 * body_len(&samples::telemetry()) <= 3 * samples::TELEMETRY_PROTOBUF_LEN);
    assert!(4 * body_len(&samples::sensor_report()) <= 3 * samples::SENSOR_REPORT_PROTOBUF_LEN);
}

#[test]
fn a_minute_of_positions_is_one_frame_of_at_most_550_bytes() {
    for place in [Place::City, Place::Straight, Place::Parked] {
        assert_eq!(batches(&minute(place, Receiver::FILTERED, 1)).len(), 1);
        let most = *minutes(place).last().expect("200 drives");
        assert!(most <= 550, "{place:?}: {most}");
    }
}

/// Not every one: a turn every 10 to 25 s costs two bytes for each course, and up to 576 in all.
#[test]
fn most_minutes_in_narrow_streets_take_at_most_550_bytes() {
    let within = minutes(Place::OldTown).partition_point(|bytes| *bytes <= 550);
    assert!(within > 100, "{within} of 200");
}
