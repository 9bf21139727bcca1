//! How fast records go into a stream of NATS JetStream through the gateway's own carrier, on this machine, servers included:
//! `cargo bench -p patrol-gateway --bench nats -- [records]`. Prints its conditions. Needs Debian's nats-server, or the one that
//! `NATS_SERVER` names.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use patrol_gateway::config::{Nats, Uplink, Way};
use patrol_gateway::domain::coordinates::Coordinates;
use patrol_gateway::domain::report::{Class, DeviceId, Identity};
use patrol_gateway::store::record::StoredRecord;
use patrol_gateway::store::settlement::{Pending, RecordKey};
use patrol_gateway::uplink::carrier::{Carrier, Room};
use patrol_gateway::uplink::nats::carrier::NatsCarrier;
use patrol_tests::nats::{Servers, version};

/// As the configuration has it by default.
const BATCH: u32 = 500;
const ROOM: Room = Room { records: BATCH as usize, bytes: 1 << 20 };

fn main() -> anyhow::Result<()> {
    let records = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(100_000);
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        println!(
            "{} cores, {}; nats-server {}; {}; telemetry as JSON in batches of {BATCH}, {records} records a line",
            std::thread::available_parallelism()?,
            load(),
            version().await,
            if cfg!(debug_assertions) { "NOT OPTIMIZED" } else { "optimized" },
        );
        println!("servers  batches in flight  messages/s  wire bytes each  disk bytes each  batch p50/p99 ms");
        for servers in [1, 3] {
            for in_flight in [1, 4] {
                run(servers, in_flight, records).await;
            }
        }
        Ok(())
    })
}

async fn run(count: usize, in_flight: u32, records: u32) {
    let servers = if count == 1 { Servers::alone("").await } else { Servers::three().await };
    let context = servers.context().await;
    let stream = servers.stream(&context, |_| {}).await;
    let mut urls = servers.urls().into_iter().map(|url| url.parse().expect("a URL"));
    let url = urls.next().expect("a server");
    let way = Way::Nats(Nats { servers: urls.collect(), username: None });
    let uplink = Uplink { way, timeout: Duration::from_secs(60), ..Uplink::to(url) };
    let random = fastrand::Rng::with_seed(7);
    let carrier = NatsCarrier::new(&uplink, "box-017".into(), Coordinates::default(), random);
    let carrier = Arc::new(carrier.expect("a configuration that works"));

    let start = Instant::now();
    let lanes: Vec<_> = (0..in_flight)
        .map(|lane| tokio::spawn(drain(Arc::clone(&carrier), lane, records / in_flight)))
        .collect();
    let (mut waits, mut wire_bytes) = (Vec::new(), 0);
    for lane in lanes {
        let (of_lane, bytes) = lane.await.expect("a lane that ends");
        waits.extend(of_lane);
        wire_bytes += bytes;
    }
    let took = start.elapsed();
    let stored = stream.get_info().await.expect("its figures").state.messages;
    let sent = u64::from(records / in_flight * in_flight);
    assert_eq!(stored, sent, "the stream has each once");
    waits.sort_unstable();
    let percentile = |share: usize| waits[(waits.len() - 1) * share / 100].as_millis();
    println!(
        "{count:7}  {in_flight:17}  {:10.0}  {:15}  {:15}  {:>8}/{}",
        sent as f64 / took.as_secs_f64(),
        wire_bytes as u64 / sent,
        size(servers.dir()) / sent / count as u64,
        percentile(50),
        percentile(99),
    );
}

/// Sends the records of one device; gives the time of each batch, and the bytes.
async fn drain(carrier: Arc<NatsCarrier>, lane: u32, records: u32) -> (Vec<Duration>, usize) {
    let (mut waits, mut wire_bytes) = (Vec::new(), 0);
    let mut next = 0;
    while next < records {
        let batch: Vec<Pending> = (next..records.min(next + BATCH)).map(|seq| point(lane, seq)).collect();
        let packed = carrier.pack(&batch.iter().collect::<Vec<_>>(), ROOM);
        let start = Instant::now();
        let answer = carrier.send(packed.parcel).await.expect("a server that works");
        waits.push(start.elapsed());
        assert!(answer.decisions.iter().all(Option::is_some));
        wire_bytes += answer.wire_bytes;
        next += packed.records as u32;
    }
    (waits, wire_bytes)
}

/// A position as a vehicle sends it.
fn point(lane: u32, seq: u32) -> Pending {
    let (lon, lat) = (104.398 + f64::from(seq % 1000) * 1e-5, 31.127 + f64::from(seq % 700) * 1e-5);
    let payload = format!(
        "{{\"boot\": 7, \"seq\": {seq}, \"time\": \"2026-11-23T09:12:44.120+08:00\", \"time_quality\": \"gnss\", \
         \"position\": {{\"lon\": {lon:.6}, \"lat\": {lat:.6}, \"accuracy_m\": 4.5, \"fix_age_ms\": 300, \"crs\": \"wgs84\"}}, \
         \"speed_kmh\": 23.4, \"heading_deg\": 87.5, \"ignition\": true, \"odometer_m\": 120345}}"
    );
    let record = StoredRecord {
        device: DeviceId::parse(&format!("car-{lane:02}")).expect("an id"),
        identity: Identity::Device { boot: 7, seq },
        class: Class::Telemetry,
        received_at_ms: 1_795_396_366_007,
        payload: payload.into(),
        casework: None,
        gateway: None,
    };
    Pending { key: RecordKey::Row(seq.into()), record, anchor: None }
}

/// Bytes of all files below a directory.
fn size(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let of = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => size(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    };
    entries.flatten().map(of).sum()
}

fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!("load {} before", load.split(' ').next().unwrap_or("unknown"))
}
