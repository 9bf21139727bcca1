//! Whatever the link does between the gateway and its platform, nothing that was acknowledged is lost, what comes twice is the same
//! event, and a link that works again is used at once.
//!
//! The times of the real world are scaled down: a minute of silence to three seconds, with a time-out of half a second in place
//! of ten; two seconds up and two down to half a second each.

use std::ops::Range;
use std::time::Duration;

use patrol_simulator::platform::Platform;
use patrol_simulator::proxy::{Direction, Fault, Proxy};
use patrol_tests::uplink_stage::SOON;
use patrol_tests::{Gateway, World, wait_until};
use patrol_tests::{packets::Version, raw_mqtt::Connection, reports};
use tokio::time::Instant;

/// A gateway whose platform is behind a link that fails on demand, and a device.
struct Stage {
    platform: Platform,
    link: Proxy,
    gateway: Gateway,
    device: Connection,
    _world: World,
}

impl Stage {
    async fn set(keys: &[(&str, &str)]) -> Stage {
        let world = World::new();
        let platform = world.platform().await;
        let link = Proxy::start(([127, 0, 0, 1], 0).into(), &platform.addr().to_string())
            .await
            .expect("a free port");
        let plan = world.gateway().uplink(&format!("http://{}", link.addr()));
        let plan = plan.set("uplink.retry_min", "10ms").set("uplink.retry_max", "100ms");
        let plan =
            keys.iter().fold(plan.set("uplink.timeout", "500ms"), |plan, (key, value)| plan.set(key, value));
        let gateway = plan.start().await;
        let device = Connection::connect(&gateway, Version::V5, "car-01").await;
        Stage { platform, link, gateway, device, _world: world }
    }

    async fn incidents(&mut self, numbers: Range<u32>) {
        let reports = numbers.map(|seq| reports::incident(1, seq));
        self.device.report_all(&reports::up("car-01", "incident"), reports).await;
    }

    async fn telemetry(&mut self, numbers: Range<u32>) {
        let reports = numbers.map(|seq| reports::telemetry(2, seq));
        self.device.report_all(&reports::up("car-01", "telemetry"), reports).await;
    }

    /// Requests for which there was no answer.
    async fn failures(&self) -> f64 {
        let metrics = self.gateway.metrics().await;
        let of = |result: &str| {
            metrics.get(&format!("patrol_uplink_requests_total{{result={result:?}}}")).unwrap_or(0.0)
        };
        of("no_answer") + of("deadline")
    }

    async fn fails(&self, more: f64) {
        let enough = self.failures().await + more;
        wait_until("requests fail", SOON, async || self.failures().await >= enough).await;
    }

    /// Nothing is pending any more, and the platform has each event once.
    async fn drained(&self, owed: u64) {
        wait_until("the backlog is empty", SOON, async || self.gateway.pending().await == 0).await;
        let counts = self.platform.counts();
        assert_eq!((counts.delivered, counts.conflicts), (owed, 0), "{counts:?}");
    }
}

#[tokio::test]
async fn answers_that_drip_are_cut_or_lost_cost_a_resend_and_nothing_else() {
    let faults = [
        Fault::Rate { bytes_per_s: 40, direction: Some(Direction::Down) },
        Fault::Cut { after_bytes: 60, direction: Direction::Down },
        Fault::Swallow { direction: Direction::Down },
    ];
    let scene = async |fault: Fault| {
        let mut stage = Stage::set(&[]).await;
        stage.link.set_fault(fault.clone()).await;
        stage.incidents(0..20).await;
        stage.fails(3.0).await;
        assert_eq!(stage.gateway.pending().await, 20, "{fault:?}: without an answer nothing is released");
        assert!(stage.platform.counts().delivered > 0, "{fault:?}: the platform had them");
        stage.link.set_fault(Fault::Normal).await;
        stage.drained(20).await;
        assert!(stage.platform.counts().duplicates > 0, "{fault:?}: they came again");
    };
    let [drip, cut, lost] = faults;
    tokio::join!(scene(drip), scene(cut), scene(lost));
}

#[tokio::test]
async fn requests_that_are_cut_or_lost_on_their_way_come_again_whole() {
    let scene = async |fault: Fault| {
        let mut stage = Stage::set(&[]).await;
        stage.link.set_fault(fault).await;
        stage.incidents(0..20).await;
        stage.fails(3.0).await;
        let counts = stage.platform.counts();
        assert_eq!((stage.gateway.pending().await, counts.delivered), (20, 0), "{counts:?}");
        stage.link.set_fault(Fault::Normal).await;
        stage.drained(20).await;
        assert_eq!(stage.platform.counts().duplicates, 0);
    };
    let cut = Fault::Cut { after_bytes: 300, direction: Direction::Up };
    tokio::join!(scene(cut), scene(Fault::Swallow { direction: Direction::Up }));
}

#[tokio::test]
async fn a_link_that_has_gone_silent_with_its_connections_open_is_used_within_five_seconds_once_it_works() {
    let mut stage = Stage::set(&[("uplink.retry_max", "1s")]).await;
    stage.incidents(0..10).await;
    stage.drained(10).await;
    stage.link.set_fault(Fault::Blackhole).await;
    let silent = Instant::now();
    let mut next = 10;
    while silent.elapsed() < Duration::from_secs(3) {
        stage.incidents(next..next + 5).await;
        next += 5;
        stage.fails(1.0).await;
    }
    assert_eq!(stage.platform.counts().delivered, 10);
    stage.link.set_fault(Fault::Normal).await;
    let works = Instant::now();
    stage.drained(next.into()).await;
    assert!(works.elapsed() <= Duration::from_secs(5), "{:?}", works.elapsed());
}

#[tokio::test]
async fn a_flapping_link_is_used_for_at_least_half_of_the_time_in_which_it_works() {
    const POINTS: u32 = 1500;
    /// In each direction: most of it is for answers, which are not compressed.
    const BYTES_PER_S: u32 = 50_000;
    let keys = [("uplink.batch_events", "50"), ("uplink.retry_max", "50ms")];
    let drain = async |fault: Fault| {
        let mut stage = Stage::set(&keys).await;
        stage.link.set_fault(Fault::Refuse).await;
        stage.telemetry(0..POINTS).await;
        stage.link.set_fault(fault).await;
        let start = Instant::now();
        stage.drained(POINTS.into()).await;
        (start.elapsed(), stage.link.counts())
    };
    let (steady, counts) = drain(Fault::Rate { bytes_per_s: BYTES_PER_S, direction: None }).await;
    assert!(counts.open_max <= 4, "at most four sockets: {counts:?}");
    let flap = Fault::Flap { up_ms: 500, down_ms: 500, bytes_per_s: Some(BYTES_PER_S) };
    let (flapping, counts) = drain(flap).await;
    // Half of the time it works; half of that must be enough for what takes so long on a steady link, and a turn to find out.
    let most = steady * 4 + Duration::from_secs(1);
    assert!(flapping <= most, "{steady:?} on a steady link, {flapping:?} on a flapping one: {counts:?}");
    assert!(counts.connections > 2, "it was cut in between: {counts:?}");
}
