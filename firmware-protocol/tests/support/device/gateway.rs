//! The other end of a device's link, as far as frames go.

use firmware_protocol::body::Body;
use firmware_protocol::device::{Device, Entry, Identity, Settings};
use firmware_protocol::{
    DeviceSecret, DeviceTag, Direction, Frame, FrameKey, Header, Suite, TimeQuality, frame_len_max, open,
    seal,
};

use super::stand_ins::{Memory, Watch};

pub(crate) const SUITE: Suite = Suite::HMAC_SHA256_128;
pub(crate) const RECORDS: usize = 6;

pub(crate) type Firmware<'a> = Device<&'a Memory, &'a Watch, [Entry; RECORDS]>;

pub(crate) fn car() -> DeviceTag {
    DeviceTag::of("car-07")
}

fn secret() -> DeviceSecret {
    DeviceSecret::new(*b"a secret of thirty-two bytes, ok")
}

pub(crate) fn key(direction: Direction, device: DeviceTag) -> FrameKey {
    secret().frame_key(SUITE, 1, direction, device).unwrap()
}

/// Starts `car-07` with its secret.
pub(crate) fn started<'a>(memory: &'a Memory, watch: &'a Watch, settings: Settings) -> Firmware<'a> {
    let identity = Identity::new(car(), &secret(), SUITE, 1).unwrap();
    let table = [Entry::default(); RECORDS];
    Device::start(identity, memory, watch, table, settings, &mut [0; Memory::SLOT_LEN]).unwrap()
}

/// A gateway's numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sender {
    pub(crate) boot: u32,
    pub(crate) seq: u32,
}

impl Sender {
    pub(crate) fn new(boot: u32) -> Self {
        Self { boot, seq: 0 }
    }

    /// The next frame for `car-07`.
    pub(crate) fn say<B: Body>(&mut self, body: &B) -> Vec<u8> {
        self.say_at(TimeQuality::default(), body)
    }

    pub(crate) fn say_at<B: Body>(&mut self, time_quality: TimeQuality, body: &B) -> Vec<u8> {
        self.seq += 1;
        let header =
            Header { time_quality, boot: self.boot, seq: self.seq, device: car(), ..Header::of::<B>() };
        frame(&header, body, &key(Direction::Down, car()))
    }
}

pub(crate) fn frame<B: Body>(header: &Header, body: &B, key: &FrameKey) -> Vec<u8> {
    let mut out = vec![0; frame_len_max::<B>(SUITE)];
    let len = seal(header, body, key, &mut out).unwrap();
    out.truncate(len);
    out
}

/// What a frame of `car-07` says.
pub(crate) fn heard(bytes: &[u8]) -> Frame<'_> {
    open(bytes, &key(Direction::Up, car())).unwrap()
}
