//! How many bytes a point of telemetry costs on the way to the platform: JSON one by one, JSON in batches, columns.
//!
//! `cargo run --release -p patrol-gateway --example bytes_per_point` sends the points of 87 vehicles to the stand-in platform over HTTP/1.1 on this machine,
//! through a proxy that counts what goes over TCP in both directions, headers and answers included. What TLS 1.3 and TCP/IP
//! add is worked out: 22 bytes a record of 16 KiB, 52 bytes a segment of 1448, and as many for every second segment's acknowledgement;
//! not counted are handshakes, since a connection stays.

#[path = "../tests/telemetry_columns/fleet.rs"]
mod fleet;

use patrol_gateway::config::{Compression, Https, Uplink, Way};
use patrol_gateway::domain::coordinates::Coordinates;
use patrol_gateway::store::settlement::Pending;
use patrol_gateway::uplink::carrier::{Carrier, Room};
use patrol_gateway::uplink::https::Platform;
use patrol_gateway::uplink::https::carrier::EventCarrier;
use patrol_simulator::{platform, proxy::Proxy};

const VEHICLES: usize = 87;
const POINTS_EACH: u32 = 40;

/// How points are sent.
struct Method {
    name: &'static str,
    compression: Compression,
    compact: bool,
    batch: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let ways = [
        Method { name: "JSON, one by one", compression: Compression::None, compact: false, batch: 1 },
        Method { name: "JSON, one by one, zstd", compression: Compression::Zstd, compact: false, batch: 1 },
        Method {
            name: "JSON, batches of 500, zstd",
            compression: Compression::Zstd,
            compact: false,
            batch: 500,
        },
        Method {
            name: "columns, batches of 100, zstd",
            compression: Compression::Zstd,
            compact: true,
            batch: 100,
        },
        Method {
            name: "columns, batches of 500, zstd",
            compression: Compression::Zstd,
            compact: true,
            batch: 500,
        },
    ];
    let records = fleet::fleet(VEHICLES, POINTS_EACH);
    println!("{VEHICLES} vehicles, a point every 10 s, {} points; bytes a point", records.len());
    println!("| | to the platform | back | both | with TLS and TCP/IP |\n|---|---|---|---|---|");
    for way in ways {
        measure(&way, &records).await?;
    }
    Ok(())
}

async fn measure(way: &Method, records: &[Pending]) -> anyhow::Result<()> {
    let here = ([127, 0, 0, 1], 0).into();
    let platform = platform::Platform::start(here).await?;
    platform.set_reads_columns(true);
    let link = Proxy::start(here, &platform.addr().to_string()).await?;
    let mut uplink = Uplink::to(format!("http://{}", link.addr()).parse()?);
    uplink.way = Way::Https(Https { compression: way.compression, compact: way.compact });
    let to = Platform::new(&uplink)?;
    let carrier = EventCarrier::new(to, "box-017".to_owned(), Coordinates::default());
    // The first answer says what the platform reads.
    send(&carrier, &records[..1]).await?;
    let before = link.counts();
    let (mut points, mut framing) = (0, 0);
    for batch in records[1..].chunks(way.batch) {
        let counts = link.counts();
        send(&carrier, batch).await?;
        points += batch.len();
        let counts_after = link.counts();
        framing += framing_bytes(counts_after.up_bytes - counts.up_bytes)
            + framing_bytes(counts_after.down_bytes - counts.down_bytes);
    }
    let counts = link.counts();
    anyhow::ensure!(platform.counts().delivered == records.len() as u64, "all have arrived");
    let (up, down) = (counts.up_bytes - before.up_bytes, counts.down_bytes - before.down_bytes);
    let per_point = |bytes: u64| bytes as f64 / points as f64;
    println!(
        "| {} | {:.1} | {:.1} | {:.1} | {:.1} |",
        way.name,
        per_point(up),
        per_point(down),
        per_point(up + down),
        per_point(up + down + framing)
    );
    Ok(())
}

async fn send(carrier: &EventCarrier, records: &[Pending]) -> anyhow::Result<()> {
    let records: Vec<&Pending> = records.iter().collect();
    let packed = carrier.pack(&records, Room { records: records.len(), bytes: 1 << 20 });
    let answer = carrier.send(packed.parcel).await?;
    anyhow::ensure!(answer.decisions.iter().all(Option::is_some), "each has its result");
    Ok(())
}

/// What TLS and TCP/IP add to a request or an answer.
fn framing_bytes(bytes: u64) -> u64 {
    let tls = bytes.div_ceil(16 * 1024) * 22;
    let segments = (bytes + tls).div_ceil(1448);
    tls + segments * 52 + segments.div_ceil(2) * 52
}
