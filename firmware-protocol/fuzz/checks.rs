//! What must hold of any bytes, whoever made them: said once, for the fuzz targets and the crate's tests. Whatever does not
//! hold panics.

use firmware_protocol::body::{
    Ack, Body, Config, EvidenceChunk, EvidenceMeta, EvidenceWant, Incident, SensorReport, Status, Task,
    TaskAck, Telemetry, TimeSync, TrackBatch,
};
use firmware_protocol::serial::{self, CRC_LEN, DELIMITER, Decoder, SerialError, encoded_len_max};
use firmware_protocol::{
    DecodeError, Frame, FrameKey, HEADER_LEN, Header, MessageType, Suite, Wire, open, seal,
};
use firmware_protocol::{DeviceTag, TimeQuality, frame_len_max};

/// Decodes an opened frame as `$body`. Only a frame of that type decodes; what decodes is sealed again, into no more than
/// the declared length, and decodes to the same.
macro_rules! decode_as {
    ($frame:expr, $body:ident) => {{
        let frame: &Frame<'_> = $frame;
        match frame.decode::<$body>() {
            Err(DecodeError::MessageType { .. }) => {
                assert_ne!(frame.header.message_type, $body::MESSAGE_TYPE);
                None
            }
            Err(error) => {
                assert_eq!(frame.header.message_type, $body::MESSAGE_TYPE);
                Some(Err(error))
            }
            Ok(body) => {
                assert_eq!(frame.header.message_type, $body::MESSAGE_TYPE);
                let header = Header { revision: $body::REVISION, ..frame.header };
                let mut out = vec![0; frame_len_max::<$body>(Suite::CRC32C)];
                let len = seal(&header, &body, &FrameKey::CRC32C, &mut out)
                    .expect("what was decoded can be sealed");
                let again = open(&out[..len], &FrameKey::CRC32C).expect("what was sealed can be opened");
                assert_eq!(again.header, Header { suite: Suite::CRC32C, ..header });
                assert!(($body::MIN_LEN..=$body::MAX_LEN).contains(&again.body.len()));
                assert_eq!(again.decode::<$body>().as_ref(), Ok(&body));
                out.truncate(len);
                Some(Ok(out))
            }
        }
    }};
}

/// Decodes an opened frame as every type: what is wrong with it as its own, or the frame of suite CRC-32C it is sealed
/// into again. `None` for a type this version does not know.
pub(crate) fn decode(frame: &Frame<'_>) -> Option<Result<Vec<u8>, DecodeError>> {
    let answers = [
        decode_as!(frame, Telemetry),
        decode_as!(frame, SensorReport),
        decode_as!(frame, Incident),
        decode_as!(frame, EvidenceMeta),
        decode_as!(frame, EvidenceChunk),
        decode_as!(frame, EvidenceWant),
        decode_as!(frame, Status),
        decode_as!(frame, Task),
        decode_as!(frame, TaskAck),
        decode_as!(frame, TimeSync),
        decode_as!(frame, Config),
        decode_as!(frame, TrackBatch),
        decode_as!(frame, Ack),
    ];
    let answer = answers.into_iter().flatten().next();
    assert_eq!(answer.is_some(), frame.header.message_type.name().is_some(), "a type without a check");
    answer
}

/// A frame with a right tag of suite CRC-32C around any bytes.
pub(crate) fn forged(message_type: MessageType, revision: u8, body: &[u8]) -> Vec<u8> {
    let header = Header {
        message_type,
        revision,
        device: DeviceTag::of("car-07"),
        boot: 7,
        seq: 901,
        uptime_ms: 3_600_000,
        unix_ms: 1_795_396_364_120,
        time_quality: TimeQuality::from_byte(0x15),
        ..Header::of::<Telemetry>()
    };
    let body = &body[..body.len().min(u16::MAX.into())];
    let mut frame = header.write(body.len() as u16).expect("every field fits").to_vec();
    frame.extend_from_slice(body);
    frame.extend_from_slice(&crc32c::crc32c(&frame).to_le_bytes());
    frame
}

/// Makes bytes a frame as far as its start and its end go: suite CRC-32C, the length, the tag.
pub(crate) fn mended(bytes: &[u8]) -> Vec<u8> {
    let mut frame = bytes[..bytes.len().min(HEADER_LEN + usize::from(u16::MAX))].to_vec();
    if let Some(body_len) = frame.len().checked_sub(HEADER_LEN) {
        frame[..3].copy_from_slice(&[0xC1, 0x10, 0]);
        frame[6..8].copy_from_slice(&(body_len as u16).to_le_bytes());
    }
    frame.extend_from_slice(&crc32c::crc32c(&frame).to_le_bytes());
    frame
}

/// Gives a stream to a decoder with a buffer of `BUFFER` bytes: it says what a plain reading of each packet says, and a
/// frame it gives is packed to a packet that it reads as the same. How many frames there were.
pub(crate) fn serial_stream<const BUFFER: usize>(stream: &[u8]) -> usize {
    let mut decoder = Decoder::<BUFFER>::new();
    let said: Vec<_> =
        stream.iter().filter_map(|&byte| decoder.push(byte).map(|said| said.map(<[u8]>::to_vec))).collect();
    let mut packets: Vec<&[u8]> = stream.split(|&byte| byte == DELIMITER).collect();
    packets.pop(); // no delimiter behind it yet
    let read: Vec<_> = packets
        .into_iter()
        .filter(|packet| !packet.is_empty())
        .map(|packet| unpacked(packet, BUFFER))
        .collect();
    assert_eq!(said, read);

    let frames = said.into_iter().filter_map(Result::ok);
    frames.inspect(|frame| assert_eq!(unpacked(&packed(frame), BUFFER).as_ref(), Ok(frame))).count()
}

/// The packet of a frame, without its delimiter.
fn packed(frame: &[u8]) -> Vec<u8> {
    let mut out = vec![0; encoded_len_max(frame.len())];
    let len = serial::encode(frame, &mut out).expect("there is room");
    out.truncate(len);
    assert_eq!(out.pop(), Some(DELIMITER));
    out
}

/// A packet without its delimiter, read in one go: the plain way to say what the decoder does byte by byte.
fn unpacked(packet: &[u8], buffer_len: usize) -> Result<Vec<u8>, SerialError> {
    let mut bytes = Vec::new();
    let mut truncated = false;
    let mut rest = packet;
    while let Some((&code, behind)) = rest.split_first() {
        let block_len = usize::from(code) - 1;
        truncated = behind.len() < block_len;
        let (block, others) = behind.split_at(block_len.min(behind.len()));
        bytes.extend_from_slice(block);
        if code != u8::MAX && !others.is_empty() {
            bytes.push(0);
        }
        rest = others;
    }
    if bytes.len() > buffer_len {
        return Err(SerialError::Overlong { max: buffer_len - CRC_LEN });
    }
    if truncated {
        return Err(SerialError::Truncated);
    }
    let Some(frame_len) = bytes.len().checked_sub(CRC_LEN).filter(|&frame_len| frame_len > 0) else {
        return Err(SerialError::Short { len: bytes.len() });
    };
    let crc = bytes.split_off(frame_len);
    if crc == crc32c::crc32c(&bytes).to_le_bytes() { Ok(bytes) } else { Err(SerialError::Crc) }
}
