//! A frame read without a look at its tag: of the same form, and with the same content, as one that is opened.

mod support;

use firmware_protocol::body::Telemetry;
use firmware_protocol::{DecodeError, Frame, FrameKey, open};
use support::bodies::typical_telemetry;
use support::{car_header, sealed};

#[test]
fn only_the_tag_makes_a_difference_between_reading_unchecked_and_opening() {
    let frame = sealed(&car_header::<Telemetry>(), &typical_telemetry());
    let tag_at = frame.len() - 4;
    assert_eq!(Frame::unchecked(&frame), open(&frame, &FrameKey::CRC32C));
    for at in 0..frame.len() {
        let mut changed = frame.clone();
        changed[at] ^= 0x40;
        match (Frame::unchecked(&changed), open(&changed, &FrameKey::CRC32C)) {
            (Ok(read), Err(DecodeError::Tag { .. })) if at < tag_at => {
                assert_ne!(Ok(read), open(&frame, &FrameKey::CRC32C));
            }
            (Ok(read), Err(DecodeError::Tag { .. })) => {
                assert_eq!(read.decode::<Telemetry>(), Ok(typical_telemetry()));
            }
            (read, opened) => assert_eq!(read, opened, "byte {at}: the form is wrong either way"),
        }
    }
    for len in 0..frame.len() {
        assert_eq!(Frame::unchecked(&frame[..len]), open(&frame[..len], &FrameKey::CRC32C), "cut to {len}");
    }
}
