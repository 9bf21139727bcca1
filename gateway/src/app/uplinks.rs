//! The uplinks, put together: a lane with its carrier for each, and what the platform is asked besides.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Uplink, Way};
use crate::domain::civil::CityClock;
use crate::domain::report::Class;
use crate::domain::schedule::Policy;
use crate::domain::uplinks::{UplinkNo, UplinkPlan};
use crate::health::UplinkStatus;
use crate::metrics::Metrics;
use crate::register;
use crate::store::handle::Store;
use crate::uplink::around::Lookout;
use crate::uplink::carrier::Carrier;
use crate::uplink::city::carrier::CityCarrier;
use crate::uplink::https::carrier::EventCarrier;
use crate::uplink::https::{self, ClockFloor, Platform};
use crate::uplink::lane::{Lane, Surroundings};
use crate::uplink::losses::LossLane;
use crate::uplink::mqtt;
use crate::uplink::nats::{self, carrier::NatsCarrier};
use crate::uplink::open311::{self, carrier::Open311Carrier};
use crate::uplink::spent::SpentFile;
use crate::uplink::stalls::StallLane;

/// Why an uplink can't be set up as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// One by HTTPS.
    #[error(transparent)]
    Https(#[from] https::SetupError),
    /// One into a stream of NATS.
    #[error(transparent)]
    Nats(#[from] nats::SetupError),
    /// One to a platform of cases.
    #[error(transparent)]
    Open311(#[from] open311::SetupError),
}

/// What runs until it is told to stop.
pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The uplinks before they run.
#[derive(Default)]
pub(super) struct Uplinks {
    /// What each says of itself, in the order of the configuration.
    pub(super) statuses: Vec<watch::Receiver<UplinkStatus>>,
    /// What is to run, with names.
    pub(super) parts: Vec<(&'static str, Work)>,
}

/// What each uplink gets, for the store.
pub(super) fn plans(config: &Config) -> Vec<UplinkPlan> {
    let plan = |uplink: &Uplink| UplinkPlan {
        name: uplink.name.as_str().into(),
        classes: uplink.classes.clone(),
        required: uplink.required,
    };
    config.uplinks.iter().map(plan).collect()
}

/// The uplink whose platform is asked for documents and told losses: the first one that speaks HTTP.
pub(crate) fn by_https(config: &Config) -> Option<&Uplink> {
    config.uplinks.iter().find(|uplink| matches!(uplink.way, Way::Https(_)))
}

/// The uplinks in the words of the start-up.
pub(super) fn describe(config: &Config) -> String {
    let describe = |uplink: &Uplink| match config.uplinks.len() {
        1 => uplink.url.to_string(),
        _ => format!("{} {} ({})", uplink.name, uplink.url, uplink.way.as_str()),
    };
    match config.uplinks.is_empty() {
        true => "none: buffering until one is configured".to_owned(),
        false => config.uplinks.iter().map(describe).collect::<Vec<_>>().join("\n         "),
    }
}

/// What all uplinks share.
pub(super) struct Shared<'a> {
    pub(super) config: &'a Config,
    pub(super) store: &'a Store,
    pub(super) metrics: &'a Arc<Metrics>,
    pub(super) stalls: &'a register::Handle,
    pub(super) floor: ClockFloor,
    pub(super) city_clock: CityClock,
    pub(super) stopping: &'a CancellationToken,
}

impl Uplinks {
    /// Reads the files that the configuration names, and builds what is to run.
    pub(super) fn build(shared: &Shared<'_>) -> Result<Uplinks, SetupError> {
        let config = shared.config;
        let mut uplinks = Uplinks::default();
        if config.uplinks.is_empty() {
            return Ok(uplinks);
        }
        // rustls wants one provider for the process; an error says that it already has one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let link = &config.link;
        let lookout = Lookout::new(link.metered, link.state_file.clone(), shared.city_clock);
        let around = lookout.around();
        uplinks.parts.push(("lookout", Box::pin(lookout.run(shared.stopping.clone()))));
        let Policy { budget_bytes_per_day, metered_budget_bytes_per_day, .. } = &link.policy;
        let has_budget = budget_bytes_per_day.is_some() || metered_budget_bytes_per_day.is_some();
        let speaker = config.uplinks.iter().position(|uplink| uplink.classes.contains(&Class::Incident));
        for (place, uplink) in config.uplinks.iter().enumerate() {
            let Some(no) = UplinkNo::new(place) else { continue };
            let surroundings = Surroundings {
                no,
                speaks: speaker == Some(place),
                store: shared.store.clone(),
                metrics: shared.metrics.clone(),
                around: around.clone(),
                certificates: None,
                spent: SpentFile::new(&config.gateway.data_dir, &uplink.name, has_budget),
            };
            uplinks.add(shared, uplink, surroundings)?;
        }
        Ok(uplinks)
    }

    /// Adds the lane of one uplink.
    fn add(&mut self, shared: &Shared<'_>, uplink: &Uplink, around: Surroundings) -> Result<(), SetupError> {
        let (config, stopping) = (shared.config, shared.stopping);
        let (id, coordinates) = (config.gateway.id.clone(), config.geography.coordinates());
        match &uplink.way {
            Way::Https(_) => {
                let platform = Platform::with_floor(uplink, shared.floor.clone())?;
                let around = Surroundings { certificates: Some(platform.certificates()), ..around };
                let is_first = by_https(config) == Some(uplink);
                let carrier = EventCarrier::new(platform.clone(), id, coordinates);
                self.lane((shared, uplink), carrier, around);
                if is_first {
                    self.beside(shared, uplink, platform);
                }
            }
            Way::Mqtt(way) => {
                let (carrier, link) = mqtt::open(uplink, way, &id, coordinates, fastrand::Rng::new());
                self.parts.push(("uplink connection", Box::pin(link.run(stopping.clone()))));
                self.lane((shared, uplink), carrier, around);
            }
            Way::Nats(_) => {
                let carrier = NatsCarrier::new(uplink, id, coordinates, fastrand::Rng::new())?;
                self.lane((shared, uplink), carrier, around);
            }
            Way::Open311(_) => {
                let carrier = Open311Carrier::new(uplink, id, coordinates, &config.gateway.data_dir)?;
                self.lane((shared, uplink), carrier, around);
            }
            Way::City(_) => {
                let carrier = CityCarrier::new(uplink, id, coordinates, &config.gateway.data_dir)?;
                self.lane((shared, uplink), carrier, around);
            }
        }
        Ok(())
    }

    fn lane<C: Carrier>(
        &mut self,
        (shared, uplink): (&Shared<'_>, &Uplink),
        carrier: C,
        surroundings: Surroundings,
    ) {
        let policy = shared.config.link.policy.clone();
        let lane = Lane::new(uplink, policy, carrier, surroundings, fastrand::Rng::new());
        self.statuses.push(lane.status());
        self.parts.push(("uplink", Box::pin(lane.run(shared.stopping.clone()))));
    }

    /// What the platform is asked and told besides: loss records, and another stall register.
    fn beside(&mut self, shared: &Shared<'_>, uplink: &Uplink, platform: Platform) {
        let Shared { config, store, metrics, stalls, stopping, .. } = *shared;
        let (id, from, counts) = (config.gateway.id.clone(), store.clone(), metrics.clone());
        let losses = LossLane::new(id, uplink, platform.clone(), from, counts, fastrand::Rng::new());
        self.parts.push(("loss records", Box::pin(losses.run(stopping.clone()))));
        let (handle, known) = (stalls.clone(), stalls.from_platform.clone());
        let take = move |csv| {
            let handle = handle.clone();
            async move { handle.offer(csv).await }
        };
        let lane = StallLane::new(&config.gateway.id, uplink, platform, known, fastrand::Rng::new(), take);
        self.parts.push(("stall lane", Box::pin(lane.run(stopping.clone()))));
    }
}
