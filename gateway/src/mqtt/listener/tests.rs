//! What ends with a connection, and what does not.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpListener;

use super::*;
use crate::access::{Keeper, file};
use crate::app::store_options;
use crate::audit::{self, Audit};
use crate::config::Config;
use crate::domain::city::City;
use crate::domain::geography::Geography;
use crate::mqtt::transport::doors::Door;
use crate::mqtt::transport::{Peer, Transport};
use crate::store::writer;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const CITY: &[u8] = include_bytes!("../../../city/duty-grids.geojson");

/// CONNECT of MQTT 3.1.1 with this client id of six letters.
fn connect(client_id: &str) -> Vec<u8> {
    [b"\x10\x12\x00\x04MQTT\x04\x02\x00\x00\x00\x06".as_slice(), client_id.as_bytes()].concat()
}

/// A connection whose task panics once its client is in.
struct Faulty(Option<Vec<u8>>);

impl AsyncRead for Faulty {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buffer.put_slice(&self.0.take().expect("a mistake that was planted"));
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_panic_in_one_connection_ends_that_one_alone_and_its_client_may_come_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.gateway.data_dir = dir.path().to_owned();
    let metrics = Arc::new(Metrics::new());
    let running = writer::start(store_options(&config), metrics.clone()).unwrap();
    let (stop, path) = (CancellationToken::new(), config.registry_file());
    let (audit, _audit_thread) = Audit::start(audit::folder(dir.path())).unwrap();
    let loaded = file::read(&path).unwrap();
    let (gate, keeper) = Keeper::new(path, loaded, running.store.clone(), audit, stop.clone()).unwrap();
    tokio::spawn(keeper.run());
    let city = Arc::new(City::new(Geography::from_geojson(CITY).unwrap()));
    let uses = Uses {
        gate,
        store: running.store.clone(),
        intake: Intake::new(Arc::default(), city, metrics.clone()),
        answers: Answers::new(running.store.clone(), Arc::default(), running.start_number, metrics.clone()),
        sightings: Sightings::default(),
        metrics: metrics.clone(),
    };
    let socket = TcpListener::bind((HERE, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let doors = Doors::new(vec![Door::new(Transport::Tcp, socket)], metrics.clone());
    let entrance = Entrance { doors, tls: None, web: WebRules { origins: Vec::new() } };
    let limits = crate::app::limits(&config);
    let mut listener = Listener::new(entrance, limits, uses, stop.clone());
    let place = listener.unauthenticated.enter(HERE, Instant::now() + limits.connect_timeout);
    let peer = Peer { address: HERE, certificate: None, transport: Transport::Tcp };
    let (faulty, shared) = (Faulty(Some(connect("car-01"))), listener.shared.clone());
    listener.connections.spawn(connection::serve(faulty, tokio::io::sink(), peer, place, shared));
    tokio::spawn(listener.run());

    // It is counted as what it is, and those who are there go on.
    let mut good = TcpStream::connect(address).await.unwrap();
    good.write_all(&connect("car-02")).await.unwrap();
    let mut connack = [0; 4];
    good.read_exact(&mut connack).await.unwrap();
    assert_eq!(connack, [0x20, 2, 0, 0]);
    while metrics.mqtt_disconnects.total() == 0 {
        tokio::task::yield_now().await;
    }
    let publish = b"\x32\x23\x00\x1dpatrol/v1/up/car-02/telemetry\x00\x07{}";
    let mut again = TcpStream::connect(address).await.unwrap();
    again.write_all(&connect("car-01")).await.unwrap();
    again.read_exact(&mut connack).await.unwrap();
    assert_eq!(connack, [0x20, 2, 0, 0], "the client of the one that panicked");
    good.write_all(publish).await.unwrap();
    let mut puback = [0; 4];
    good.read_exact(&mut puback).await.unwrap();
    assert_eq!(puback, [0x40, 2, 0, 7]);
    stop.cancel();
}
