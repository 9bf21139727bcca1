//! The one way in, whichever transport a payload came by: admission, casework, and what the store shall keep.

mod whereabouts;

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use self::whereabouts::Whereabouts;

use crate::domain::admission::{self, Admission, Reason, Rejection, TimeQuestion};
use crate::domain::city::{City, Reporting};
use crate::domain::clock_quality::{self, TrustedTime};
use crate::domain::disposal::Photo;
use crate::domain::evidence::{Enquiry, File};
use crate::domain::geotag::Scene;
use crate::domain::keyring::Keyring;
use crate::domain::mapping::{Rules, device};
use crate::domain::report::{Body, Class, DeviceId, Fix, Incident, Report, Telemetry, Track, TrackPoint};
use crate::domain::roster::Roster;
use crate::domain::stalls::StallRegister;
use crate::metrics::Metrics;
use crate::store::submission::{Content, Part};

/// Bytes of a topic that are kept with a quarantined payload; the longest that means anything has 60.
const TOPIC_BYTES_MAX: usize = 128;

/// What a payload comes to.
#[derive(Debug)]
pub enum Taken {
    /// Something for the store to keep.
    Message(Content),
    /// The same, and once it is durable its device is to be told how far the transfer of that file is.
    Described(Content, Enquiry),
    /// A question to answer at once; there is nothing to keep.
    Question(TimeQuestion),
}

/// What a message of another system comes to.
#[derive(Debug)]
pub struct Mapped {
    /// Whose it is: what the rule says, or the publisher when it says nobody.
    pub device: DeviceId,
    /// For the store.
    pub taken: Taken,
    /// What the store shall keep: the report in our JSON, or the payload as it came when it is quarantined.
    pub payload: Bytes,
}

/// What admission needs: the keys of the devices, and the city. Cheap to clone.
#[derive(Clone)]
pub struct Intake {
    keyring: Arc<Keyring>,
    city: Arc<City>,
    mapping: Arc<Rules>,
    roster: watch::Receiver<Arc<Roster>>,
    site: Option<(f64, f64)>,
    stalls: watch::Receiver<Arc<StallRegister>>,
    whereabouts: Whereabouts,
    metrics: Arc<Metrics>,
}

impl Intake {
    /// An intake for these devices and this city. It knows nobody's home and no vehicle yet.
    pub fn new(keyring: Arc<Keyring>, city: Arc<City>, metrics: Arc<Metrics>) -> Intake {
        Intake {
            keyring,
            city,
            mapping: Arc::default(),
            roster: watch::channel(Arc::default()).1,
            site: None,
            stalls: watch::channel(Arc::default()).1,
            whereabouts: Whereabouts::default(),
            metrics,
        }
    }

    /// The same, with who belongs where.
    pub fn with_roster(self, roster: watch::Receiver<Arc<Roster>>) -> Intake {
        Intake { roster, ..self }
    }

    /// The same, with the stall register in effect.
    pub fn with_stalls(self, stalls: watch::Receiver<Arc<StallRegister>>) -> Intake {
        Intake { stalls, ..self }
    }

    /// The same, at this place: longitude and latitude in degrees, WGS-84.
    pub fn at_site(self, site: Option<(f64, f64)>) -> Intake {
        Intake { site, ..self }
    }

    /// The same, and messages of other systems by these rules.
    pub fn with_mapping(self, mapping: Arc<Rules>) -> Intake {
        Intake { mapping, ..self }
    }

    /// Reads a payload that `publisher` sent on a topic outside the devices' own; `None` when no rule is for that topic. The
    /// report is admitted like any payload of the device that it is of: an unlisted one may be refused, and from one that has
    /// a key nothing is taken that carries no tag.
    pub fn take_mapped(&self, publisher: &str, topic: &str, payload: &Bytes, now_ms: i64) -> Option<Mapped> {
        let mapped = self.mapping.map(publisher, topic, payload, now_ms)?;
        let device = mapped.device.unwrap_or_else(|| nobodys(publisher));
        match mapped.report {
            Ok(report) => {
                let taken = self.take(&device, mapped.class, topic, &report, now_ms);
                let quarantined = matches!(&taken, Taken::Message(Content::Quarantine { .. }));
                let payload = if quarantined { payload.clone() } else { report.into() };
                Some(Mapped { device, taken, payload })
            }
            Err(rejection) => {
                self.metrics.received_messages[mapped.class].inc();
                self.metrics.received_bytes[mapped.class].inc_by(payload.len() as u64);
                let taken = Taken::Message(self.quarantine(topic, rejection));
                Some(Mapped { device, taken, payload: payload.clone() })
            }
        }
    }

    /// Reads a payload that `device` sent as `class` and that came at `now_ms`, in milliseconds since 1970. Whatever it is, the store gets something to keep, unless it is a
    /// question that is answered at once.
    pub fn take(&self, device: &DeviceId, class: Class, topic: &str, payload: &[u8], now_ms: i64) -> Taken {
        self.metrics.received_messages[class].inc();
        self.metrics.received_bytes[class].inc_by(payload.len() as u64);
        match admission::admit(&self.keyring, self.city.geography.coordinates(), class, device, payload) {
            Ok(Admission::Report(report)) => self.report((device, class), &report, payload, now_ms),
            Ok(Admission::TimeQuestion(question)) => Taken::Question(question),
            Ok(Admission::EvidenceRefused { evidence, rejection }) => {
                Taken::Described(self.quarantine(topic, rejection), Enquiry::Refused(evidence))
            }
            Err(rejection) => Taken::Message(self.quarantine(topic, rejection)),
        }
    }

    fn report(
        &self,
        (device, class): (&DeviceId, Class),
        report: &Report<'_>,
        payload: &[u8],
        now_ms: i64,
    ) -> Taken {
        let anchor = report.anchor();
        let evidence = |photo| {
            let claimed = report.claimed?; // every frame has one, and only frames carry evidence
            let part = Box::new(Part::of(&report.body, payload)?);
            Some(Content::Evidence { claimed, anchor, part, photo })
        };
        let plain = |case| Content::Report { class, claimed: report.claimed, case, anchor };
        match &report.body {
            Body::Incident(incident) => {
                let scene = self.scene(device, report, incident, now_ms);
                let roster = self.roster.borrow().clone();
                let home_grid = roster.member(device).and_then(|member| member.home_grid.as_deref());
                let stalls = self.stalls.borrow().clone();
                let reporting = Reporting { scene, home_grid, received_at_ms: now_ms, stalls: &stalls };
                Taken::Message(plain(Some(Box::new(self.city.case_file(report, incident, &reporting)))))
            }
            Body::EvidenceMeta(meta) => {
                let photo = Photo::of(report, meta, now_ms).map(Box::new);
                let content = evidence(photo).unwrap_or_else(|| plain(None));
                Taken::Described(content, Enquiry::About(File::of(meta)))
            }
            Body::EvidenceChunk(_) => Taken::Message(evidence(None).unwrap_or_else(|| plain(None))),
            Body::Telemetry(Telemetry { fix: Some(fix), .. }) => {
                self.note_position(device, report, fix, now_ms);
                Taken::Message(plain(None))
            }
            Body::Track(track) => {
                self.note_track(device, report, track, now_ms);
                Taken::Message(plain(None))
            }
            _ => Taken::Message(plain(None)),
        }
    }

    /// What is known of where an incident was seen.
    fn scene(&self, device: &DeviceId, report: &Report<'_>, incident: &Incident<'_>, now_ms: i64) -> Scene {
        let time = clock_quality::trusted(report.observed_at, now_ms);
        let at_ms = time.map_or(now_ms, TrustedTime::unix_ms);
        let vehicle = self.roster.borrow().member(device).and_then(|member| member.vehicle.clone());
        let vehicle = vehicle.and_then(|vehicle| {
            let place = match time {
                Ok(_) => self.whereabouts.place_at(&vehicle, at_ms),
                Err(_) => self.whereabouts.place_about(&vehicle, at_ms),
            };
            place.map(|place| (vehicle, place))
        });
        // Without a time that counts nobody can tell how long the way took: reports that were kept back come all at once.
        let own = incident.fix.as_ref().filter(|_| time.is_ok());
        let jump = own.and_then(|fix| self.whereabouts.note(device, at_ms, fix));
        Scene { fix: incident.fix, jump, vehicle, is_time_doubted: time.is_err(), site: self.site }
    }

    /// Remembers where a vehicle is that carries devices.
    fn note_position(&self, device: &DeviceId, report: &Report<'_>, fix: &Fix, now_ms: i64) {
        if self.roster.borrow().is_carrier(device) {
            let time = clock_quality::trusted(report.observed_at, now_ms);
            self.whereabouts.note(device, time.map_or(now_ms, TrustedTime::unix_ms), fix);
        }
    }

    /// The same for a stretch of positions, which says when it was where only if its device knew the time.
    fn note_track(&self, device: &DeviceId, report: &Report<'_>, track: &Track, now_ms: i64) {
        let (Some(first), Ok(time)) = (track.first.fix, clock_quality::trusted(report.observed_at, now_ms))
        else {
            return;
        };
        if !self.roster.borrow().is_carrier(device) {
            return;
        }
        for point in &track.points {
            let TrackPoint { lon_deg, lat_deg, accuracy_m, .. } = *point;
            let fix = Fix { lon_deg, lat_deg, accuracy_m, fix_age_ms: None, ..first };
            self.whereabouts.note(device, time.unix_ms() + i64::from(point.elapsed_ms), &fix);
        }
    }

    /// A message came without a wish for an acknowledgement.
    pub fn note_qos0(&self) {
        self.metrics.received_qos0_messages.inc();
    }

    /// A topic in the device's own tree whose class is not known.
    pub fn unknown_class(&self, topic: &str) -> Content {
        let detail = "the topic's last level is none of telemetry, reading, incident, evidence, status, task";
        self.quarantine(topic, Rejection::new(Reason::UnknownClass, detail))
    }

    fn quarantine(&self, topic: &str, rejection: Rejection) -> Content {
        let reason = rejection.reason.as_str();
        self.metrics.quarantined.add(reason, 1);
        let topic = topic.get(..topic.floor_char_boundary(TOPIC_BYTES_MAX)).unwrap_or_default();
        Content::Quarantine { topic: topic.into(), reason, detail: rejection.detail.into() }
    }
}

/// Whom a payload is filed under that names no device: its publisher.
fn nobodys(publisher: &str) -> DeviceId {
    let unknown = || DeviceId::parse("unknown").expect("it has the form of a device id");
    device::normalised("", publisher).unwrap_or_else(unknown)
}
