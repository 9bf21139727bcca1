//! Messages as a fleet sends them: cars, e-bikes and people on foot that move through a city, each with its own firmware's way of
//! writing JSON, and sensors at its corners.

mod chance;
mod device;
mod frame;
mod json;

pub(crate) use chance::Chance;
pub(crate) use device::Device;

use bytes::Bytes;
use patrol_gateway::domain::report::{Class, DeviceId, Identity};
use patrol_gateway::store::record::StoredRecord;

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Position and state of a vehicle, in JSON.
    Telemetry,
    /// Sensor readings, in JSON.
    Reading,
    /// A device's health, in JSON.
    Status,
    /// Position and state of a vehicle as a firmware-protocol frame, sealed with HMAC-SHA256-128.
    Frame,
    /// Bytes by chance, 200 of them: nothing can compress it.
    Noise,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Telemetry => "JSON telemetry",
            Kind::Reading => "JSON reading",
            Kind::Status => "JSON status",
            Kind::Frame => "sealed frame",
            Kind::Noise => "noise",
        }
    }
}

/// A message with what the gateway knows about it.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) device: DeviceId,
    pub(crate) boot: u32,
    pub(crate) seq: u32,
    pub(crate) received_at_ms: i64,
    pub(crate) payload: Bytes,
}

impl Sample {
    /// The message as the store keeps it.
    pub(crate) fn record(&self) -> StoredRecord {
        StoredRecord {
            device: self.device.clone(),
            identity: Identity::Device { boot: self.boot, seq: self.seq },
            class: Class::Telemetry,
            received_at_ms: self.received_at_ms,
            payload: self.payload.clone(),
            casework: None,
            gateway: None,
        }
    }
}

/// So many messages are different; they come again then, with other numbers and times, for making them takes longer than
/// storing them.
const DIFFERENT: usize = 50_000;
/// What is added to the numbers when they come again.
const SEQ_STEP: u32 = 500_000;

/// Devices that report, each at its own pace.
pub(crate) struct Fleet {
    made: Vec<Sample>,
    /// Messages that were given away.
    given: usize,
    kind: Kind,
    devices: Vec<Device>,
    chance: Chance,
    /// The gateway's clock.
    now_ms: i64,
    /// Who sends, and how many messages are left until the next one does.
    turn: (usize, usize),
    run: usize,
}

impl Fleet {
    /// `run` is 1 for devices that report what just happened, more for devices that had to wait: so many messages of one come in
    /// a row.
    pub(crate) fn new(kind: Kind, devices: usize, run: usize, seed: u64) -> Fleet {
        let mut chance = Chance::new(seed);
        let devices = (0..devices).map(|number| Device::new(number, &mut chance)).collect();
        Fleet { made: Vec::new(), given: 0, kind, devices, chance, now_ms: 0, turn: (0, 0), run }
    }

    /// The next message.
    pub(crate) fn message(&mut self) -> Sample {
        let (round, at) = (self.given / DIFFERENT, self.given % DIFFERENT);
        self.given += 1;
        if round == 0 {
            let sample = self.make();
            self.made.push(sample);
        }
        let (first, last) = (self.made[0].received_at_ms, self.made[self.made.len() - 1].received_at_ms);
        let mut sample = self.made[at].clone();
        sample.seq += round as u32 * SEQ_STEP;
        sample.received_at_ms += round as i64 * (last - first);
        sample
    }

    fn make(&mut self) -> Sample {
        if self.turn.1 == 0 {
            self.turn = (self.latest_device(), self.run);
        }
        self.turn.1 -= 1;
        let (device, chance) = (&mut self.devices[self.turn.0], &mut self.chance);
        self.now_ms = self.now_ms.max(device.unix_ms + 20 + chance.below(200) as i64);
        let payload = match self.kind {
            Kind::Telemetry => json::telemetry(device),
            Kind::Reading => json::reading(device, chance),
            Kind::Status => json::status(device, chance),
            Kind::Frame => frame::telemetry(device),
            Kind::Noise => (0..25).flat_map(|_| chance.next().to_le_bytes()).collect(),
        };
        let Device { boot, seq, .. } = *device;
        let sample = Sample {
            device: device.id.clone(),
            boot,
            seq,
            received_at_ms: self.now_ms,
            payload: payload.into(),
        };
        device.go_on(chance);
        sample
    }

    /// The device whose report is due for the longest time.
    fn latest_device(&self) -> usize {
        let due = self.devices.iter().enumerate().min_by_key(|(_, device)| device.unix_ms);
        due.map_or(0, |(index, _)| index)
    }

    /// The next messages.
    pub(crate) fn messages(&mut self, count: usize) -> Vec<Sample> {
        (0..count).map(|_| self.message()).collect()
    }
}
