//! Frames over a serial link: every frame that came through whole, none that did not.
#![allow(clippy::unwrap_used)] // a test fails by panicking; clippy sees only #[test] functions as tests

#[path = "../fuzz/checks.rs"]
#[allow(dead_code)] // each test file uses its part
mod checks;
mod support;

use firmware_protocol::serial::{
    CRC_LEN, DELIMITER, Decoder, SerialError, WriteError, encode, encoded_len_max,
};
use proptest::collection::vec;
use proptest::prelude::*;
use support::vectors::{SERIAL, vector};

/// The longest frame the receiver of these tests takes.
const FRAME_LEN_MAX: usize = 600;

type Receiver = Decoder<{ FRAME_LEN_MAX + CRC_LEN }>;
type Outcome = Result<Vec<u8>, SerialError>;

fn packet(frame: &[u8]) -> Vec<u8> {
    let mut out = vec![0xEE; encoded_len_max(frame.len())];
    let len = encode(frame, &mut out).unwrap();
    out.truncate(len);
    out
}

fn packets(frames: &[Vec<u8>]) -> Vec<u8> {
    frames.iter().flat_map(|frame| packet(frame)).collect()
}

/// Everything the decoder says about `stream`, in order.
fn received<const N: usize>(decoder: &mut Decoder<N>, stream: &[u8]) -> Vec<Outcome> {
    stream.iter().filter_map(|&byte| decoder.push(byte).map(|result| result.map(<[u8]>::to_vec))).collect()
}

fn frames_of(outcomes: Vec<Outcome>) -> Vec<Vec<u8>> {
    outcomes.into_iter().filter_map(Result::ok).collect()
}

/// Frames of every kind COBS treats differently: of zeros, without any, of both, and of lengths around a block.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let len = prop_oneof![1..40_usize, 245..262_usize, 499..515_usize, Just(FRAME_LEN_MAX)];
    let byte = prop_oneof![Just(any::<u8>().boxed()), Just((0..2_u8).boxed()), Just((1..=u8::MAX).boxed())];
    (len, byte).prop_flat_map(|(len, byte)| vec(byte, len))
}

fn any_frames(count: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<Vec<u8>>> {
    vec(any_frame(), count)
}

proptest! {
    #[test]
    fn frames_come_out_as_they_went_in(frames in any_frames(0..5)) {
        let outcomes = received(&mut Receiver::new(), &packets(&frames));
        prop_assert_eq!(outcomes, frames.into_iter().map(Ok).collect::<Vec<_>>());
    }

    #[test]
    fn a_packet_holds_no_zero_before_its_delimiter_and_keeps_to_the_declared_length(frame in any_frame()) {
        let packet = packet(&frame);
        prop_assert_eq!(packet.iter().position(|&byte| byte == DELIMITER), Some(packet.len() - 1));
        prop_assert!(packet.len() <= encoded_len_max(frame.len()));
    }

    #[test]
    fn a_packet_is_written_into_its_own_length_and_into_no_less(frame in any_frame(), less in 1_usize..20) {
        let len = packet(&frame).len();
        prop_assert_eq!(encode(&frame, &mut vec![0; len]), Ok(len));
        let short = len.saturating_sub(less);
        prop_assert_eq!(encode(&frame, &mut vec![0; short]), Err(WriteError::Buffer { len: short }));
    }

    #[test]
    fn garbage_costs_at_most_the_packet_it_runs_into(
        garbage in vec(any::<u8>(), 0..1500),
        frames in any_frames(1..4),
    ) {
        let stream = [&garbage[..], &packets(&frames)].concat();
        let found = frames_of(received(&mut Receiver::new(), &stream));
        prop_assert!(found == frames || found == frames[1..], "found {found:?}");
    }

    #[test]
    fn a_damaged_byte_never_makes_another_frame_and_costs_at_most_two(
        frames in any_frames(4..5),
        at in any::<prop::sample::Index>(),
        change in 1_u8..,
    ) {
        let mut stream = packets(&frames);
        let hit = at.index(stream.len());
        let first_lost = stream[..hit].iter().filter(|&&byte| byte == DELIMITER).count();
        stream[hit] ^= change;
        let found = frames_of(received(&mut Receiver::new(), &stream));
        let keeps = |lost: usize| {
            let behind = frames.iter().skip(first_lost + lost);
            frames.iter().take(first_lost).chain(behind).eq(&found)
        };
        prop_assert!(keeps(1) || keeps(2), "byte {hit} of packet {first_lost}: {} frames", found.len());
    }

    #[test]
    fn lost_bytes_never_make_another_frame_and_cost_only_the_packets_they_touch(
        frames in any_frames(4..5),
        from in any::<prop::sample::Index>(),
        len in 1_usize..400,
    ) {
        let mut stream = packets(&frames);
        let from = from.index(stream.len());
        let to = stream.len().min(from + len);
        let packet_at = |at: usize| stream[..at].iter().filter(|&&byte| byte == DELIMITER).count();
        let (first, behind) = (packet_at(from), packet_at(to) + 1);
        stream.drain(from..to);
        let found = frames_of(received(&mut Receiver::new(), &stream));
        let untouched: Vec<_> = frames.iter().take(first).chain(frames.iter().skip(behind)).collect();
        prop_assert!(found.iter().all(|frame| frames.contains(frame)));
        prop_assert!(untouched.into_iter().all(|frame| found.contains(frame)));
    }

    #[test]
    fn a_sender_that_starts_anew_within_a_packet_loses_that_one_alone(
        frames in any_frames(3..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let half = packet(&frames[0]);
        let half = &half[..cut.index(half.len() - 1)]; // at least one byte and the delimiter are missing
        let stream = [half, &[DELIMITER], &packets(&frames[1..])].concat();
        prop_assert_eq!(frames_of(received(&mut Receiver::new(), &stream)), &frames[1..]);
    }

    #[test]
    fn a_receiver_that_starts_anew_within_a_packet_loses_that_one_alone(
        frames in any_frames(3..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let stream = packets(&frames);
        let first_len = packet(&frames[0]).len();
        let rest = &stream[1 + cut.index(first_len - 1)..];
        prop_assert_eq!(frames_of(received(&mut Receiver::new(), rest)), &frames[1..]);
    }

    #[test]
    fn any_stream_is_read_as_a_plain_reading_of_its_packets(
        stream in prop_oneof![vec(any::<u8>(), 0..1500), vec(0_u8..7, 0..600), vec(prop_oneof![Just(0), Just(0xFF)], 0..900)],
    ) {
        checks::serial_stream::<12>(&stream);
        checks::serial_stream::<{ FRAME_LEN_MAX + CRC_LEN }>(&stream);
    }

    #[test]
    fn delimiters_without_a_packet_say_nothing(frames in any_frames(2..3), count in 0_usize..9) {
        let idle = vec![DELIMITER; count];
        let stream = [&idle[..], &packet(&frames[0]), &idle, &packet(&frames[1]), &idle].concat();
        let outcomes = received(&mut Receiver::new(), &stream);
        prop_assert_eq!(outcomes, frames.into_iter().map(Ok).collect::<Vec<_>>());
    }

    #[test]
    fn a_packet_longer_than_the_buffer_says_so_once_and_the_next_arrives(
        long in vec(any::<u8>(), 9..600),
        next in vec(any::<u8>(), 1..9),
    ) {
        let stream = packets(&[long, next.clone()]);
        let outcomes = received(&mut Decoder::<{ 8 + CRC_LEN }>::new(), &stream);
        prop_assert_eq!(outcomes, [Err(SerialError::Overlong { max: 8 }), Ok(next)]);
    }
}

/// Frames whose bytes fill blocks of 254 exactly, nearly and a little more, with and without zeros.
#[test]
fn frames_around_full_blocks_come_out_as_they_went_in() {
    for len in (245..=262).chain(500..=515) {
        for byte in [0x00, 0x01, 0xFF] {
            for zero_at in (0..len).map(Some).chain([None]) {
                let mut frame = vec![byte; len];
                zero_at.into_iter().for_each(|at: usize| frame[at] = 0);
                let outcomes = received(&mut Receiver::new(), &packet(&frame));
                assert_eq!(outcomes, [Ok(frame)], "{len} bytes of {byte:#04x}, zero at {zero_at:?}");
            }
        }
    }
}

#[test]
fn every_change_of_every_byte_of_a_short_stream_is_found() {
    let frames: [&[u8]; 3] = [b"car-07", &[0, 0xC1, 0, 0, 7], b"noise-12"];
    let stream: Vec<u8> = frames.iter().flat_map(|frame| packet(frame)).collect();
    for at in 0..stream.len() {
        for change in 1..=u8::MAX {
            let mut damaged = stream.clone();
            damaged[at] ^= change;
            let outcomes = received(&mut Receiver::new(), &damaged);
            let found = frames_of(outcomes);
            assert!(found.len() < 3, "byte {at} changed by {change:#04x}: nothing was noticed");
            assert!(
                found.iter().all(|frame| frames.contains(&&frame[..])),
                "byte {at} by {change:#04x}: {found:?}"
            );
        }
    }
}

/// Cut short, a packet of zeros leaves four zeros, which are no bytes and their CRC.
#[test]
fn a_frame_of_no_bytes_is_neither_written_nor_read() {
    assert_eq!(encode(&[], &mut [0; 16]), Err(WriteError::Empty));
    let zeros = packet(&[0; 9]);
    let stream = [&zeros[..5], &[DELIMITER]].concat();
    assert_eq!(received(&mut Receiver::new(), &stream), [Err(SerialError::Short { len: 4 })]);
}

#[test]
fn what_is_wrong_with_a_packet_is_told() {
    let mut wrong_crc = packet(b"car-07");
    wrong_crc[1] ^= 1;
    let cases: [(&[u8], SerialError, &str); 4] = [
        (&wrong_crc, SerialError::Crc, "the packet's CRC does not match"),
        (&[7, b'c', b'a', 0], SerialError::Truncated, "the packet ends within a block"),
        (
            &[1, 1, 1, 1, 1],
            SerialError::Short { len: 4 },
            "the packet's 4 bytes are too few for a frame and its CRC",
        ),
        (&[11; 12], SerialError::Overlong { max: 2 }, "the packet holds a frame of more than 2 bytes"),
    ];
    for (bytes, error, message) in cases {
        let mut small = Decoder::<{ 2 + CRC_LEN }>::new();
        let mut large = Receiver::new();
        let stream = [bytes, &[DELIMITER]].concat();
        let outcomes = match error {
            SerialError::Overlong { .. } => received(&mut small, &stream),
            _ => received(&mut large, &stream),
        };
        assert_eq!(outcomes, [Err(error)]);
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn packets_keep_their_bytes() {
    let cases: Vec<&str> =
        SERIAL.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(" frame]")).collect();
    assert_eq!(cases.len(), 10);
    for name in cases {
        let (frame, golden) =
            (vector(SERIAL, &format!("{name} frame")), vector(SERIAL, &format!("{name} packet")));
        assert_eq!(packet(&frame), golden, "encoding {name}");
        assert_eq!(received(&mut Receiver::new(), &golden), [Ok(frame)], "decoding {name}");
    }
}

#[test]
fn an_empty_block_behind_a_full_one_is_understood() {
    let other = vector(SERIAL, "250 counting other packet");
    let frame = vector(SERIAL, "250 counting frame");
    assert_ne!(packet(&frame), other);
    assert_eq!(received(&mut Receiver::new(), &other), [Ok(frame)]);
}
