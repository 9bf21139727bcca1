//! What the way in asks of the way down.

use bytes::Bytes;

use crate::domain::evidence::Enquiry;
use crate::domain::report::DeviceId;

/// What is to be done for a device behind the broker.
#[derive(Debug)]
pub(super) enum Errand {
    /// It has sent something: from now on it gets what waits for it.
    Attend(DeviceId),
    /// It has been idle longest, and others need the room: what waits for it stays in the store until it sends something.
    Forget(DeviceId),
    /// To be sent to it at once, or never.
    Send {
        /// For whom.
        device: DeviceId,
        /// Last level of the topic.
        kind: &'static str,
        /// The payload.
        payload: Bytes,
    },
    /// It has described a file, which is durable: how far its transfer is.
    Enquire(DeviceId, Box<Enquiry>),
}
