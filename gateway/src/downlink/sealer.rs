//! Frames of the gateway's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use firmware_protocol::body::Body;
use firmware_protocol::{DeviceTag, Header, MAX_FRAME_LEN, TimeQuality, TimeSource, seal};

use crate::domain::keyring::Keyring;
use crate::domain::report::{DeviceId, ObservedAt};

/// Room for a frame that goes down: a header, the largest body of those, a tag.
const FRAME_ROOM: usize = 512;
const _: () = assert!(FRAME_ROOM < MAX_FRAME_LEN);

/// Seals frames for devices. All of its clones number them together.
#[derive(Debug, Clone)]
pub(super) struct Sealer {
    keyring: Arc<Keyring>,
    /// The gateway's count of its starts, in the place of a boot counter.
    start_number: u32,
    last_seq: Arc<AtomicU64>,
    started: Instant,
}

impl Sealer {
    pub(super) fn new(keyring: Arc<Keyring>, start_number: u32) -> Sealer {
        Sealer { keyring, start_number, last_seq: Arc::default(), started: Instant::now() }
    }

    /// A frame for `device`, made now; `now_ms` is the gateway's time, if it knows it. `None` when the numbers of this start
    /// are used up, which takes 2^32 frames.
    pub(super) fn seal<B: Body>(&self, device: &DeviceId, body: &B, now_ms: Option<u64>) -> Option<Bytes> {
        let seq = u32::try_from(self.last_seq.fetch_add(1, Ordering::Relaxed) + 1).ok()?;
        let header = Header {
            device: DeviceTag::of(device.as_str()),
            boot: self.start_number,
            seq,
            uptime_ms: self.started.elapsed().as_millis() as u64,
            unix_ms: now_ms.unwrap_or(0),
            time_quality: quality(now_ms),
            ..Header::of::<B>()
        };
        let mut frame = vec![0; FRAME_ROOM];
        match seal(&header, body, self.keyring.down(device), &mut frame) {
            Ok(len) => {
                frame.truncate(len);
                Some(frame.into())
            }
            Err(error) => {
                tracing::error!(%device, %error, "no frame could be made");
                None
            }
        }
    }
}

/// The time as it goes into frames: nothing, while the clock shows what can't be.
pub(super) fn plausible(unix_ms: i64) -> Option<u64> {
    u64::try_from(unix_ms).ok().filter(|_| unix_ms >= ObservedAt::EARLIEST_PLAUSIBLE_UNIX_MS)
}

/// Where this machine's clock has its time is not known here: it counts as the least that it can be, and its error as
/// unknown.
fn quality(now_ms: Option<u64>) -> TimeQuality {
    match now_ms {
        Some(_) => TimeQuality { source: TimeSource::RTC, ..TimeQuality::default() },
        None => TimeQuality::default(),
    }
}
