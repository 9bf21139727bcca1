//! MQTT in WebSockets: whatever a frame holds, MQTT goes on where it stopped; and who may not open one.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use patrol_tests::bridge::{Bridge, websocket};
use patrol_tests::packets::{self, Version};
use patrol_tests::raw_mqtt::{Connection, Packet};
use patrol_tests::reports::{telemetry, up};
use patrol_tests::tls_front::Authority;
use patrol_tests::{Gateway, World, wait_until};
use tokio::net::TcpStream;
use tokio_rustls::rustls::version::TLS13;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};

const SOON: Duration = Duration::from_secs(30);

async fn gateway(world: &World) -> Gateway {
    world.gateway().set("listener.ws_bind", "127.0.0.1:0").start().await
}

#[tokio::test]
async fn packets_are_acknowledged_however_they_are_cut_into_frames() {
    let world = World::new();
    let gateway = gateway(&world).await;
    let (mut seq, sizes) = (0, [1, 2, 3, 7, 100, 64 * 1024]);
    for (frame_bytes, version) in sizes.into_iter().zip([Version::V311, Version::V5].into_iter().cycle()) {
        let bridge = Bridge::websocket(gateway.address("ws"), None, frame_bytes).await;
        let mut client = Connection::connect_at(bridge.addr(), version, "car-01").await;
        // Twenty in one write: several in a frame, or a frame for each byte.
        let payloads: Vec<_> = (1..=20).map(|more| telemetry(1, seq + more)).collect();
        client.report_all(&up("car-01", "telemetry"), payloads).await;
        seq += 20;
    }
    assert_eq!(gateway.pending().await, u64::from(seq));
}

#[tokio::test]
async fn over_tls_it_is_the_same() {
    let (world, authority) = (World::new(), Authority::new());
    let (certificate, key) = authority.issue("localhost", 365).files(world.dir(), "box");
    let plan = world.gateway().set("listener.wss_bind", "127.0.0.1:0");
    let plan = plan.set("listener.tls_certificate", &certificate.to_string_lossy());
    let gateway = plan.set("listener.tls_key", &key.to_string_lossy()).start().await;
    let config = authority.client(&[&TLS13], None);
    let bridge = Bridge::websocket(gateway.address("wss"), Some(config), 5).await;
    let mut client = Connection::connect_at(bridge.addr(), Version::V5, "car-01").await;
    client.report(1, &up("car-01", "telemetry"), telemetry(1, 1)).await;
    // Longer than a frame of the gateway's own would be, and than a record of TLS.
    client.report(2, &up("car-01", "telemetry"), vec![b'x'; 100_000]).await;
    assert_eq!(gateway.status().await["counters"]["received"], 2);
}

#[tokio::test]
async fn text_and_frames_beyond_the_limit_end_the_connection() {
    let world = World::new();
    let gateway = gateway(&world).await;
    let too_long = Message::binary(vec![0; 300 * 1024]);
    for (wrong, is_told) in [(Message::text("hello"), true), (too_long, false)] {
        let stream = TcpStream::connect(gateway.address("ws")).await.expect("it listens");
        let mut client = websocket(stream, "mqtt").await.expect("an upgrade");
        let connect = packets::connect(Version::V5, "car-01", 60);
        client.send(Message::binary(connect)).await.expect("it reads");
        let first = client.next().await.expect("a frame").expect("no error");
        assert!(first.is_binary() && first.into_data()[0] == 0x20, "CONNACK");
        // It may close before it has read all.
        let _ = client.send(wrong).await;
        let mut told = false;
        while let Some(Ok(message)) = client.next().await {
            told |= matches!(message, Message::Close(Some(_)));
        }
        assert_eq!(told, is_told);
    }
    wait_until("both are gone", SOON, async || gateway.status().await["devices_connected"] == 0).await;
}

#[tokio::test]
async fn a_client_that_pings_is_answered_and_one_that_does_nothing_else_is_closed() {
    let world = World::new();
    let gateway = gateway(&world).await;
    let stream = TcpStream::connect(gateway.address("ws")).await.expect("it listens");
    let mut client = websocket(stream, "mqtt").await.expect("an upgrade");
    client.send(Message::Ping("7".into())).await.expect("it reads");
    assert_eq!(client.next().await.expect("a frame").expect("no error"), Message::Pong("7".into()));
    for _ in 0..1000 {
        if client.send(Message::Ping("7".into())).await.is_err() {
            break;
        }
    }
    while let Some(Ok(_)) = client.next().await {}
    let bridge = Bridge::websocket(gateway.address("ws"), None, 1000).await;
    let mut good = Connection::connect_at(bridge.addr(), Version::V5, "car-02").await;
    good.send(&packets::PINGREQ).await;
    assert_eq!(good.packet().await, Packet::PingResp);
}

#[tokio::test]
async fn requests_for_anything_else_and_pages_from_elsewhere_are_refused() {
    let world = World::new();
    let plan = world.gateway().set("listener.ws_bind", "127.0.0.1:0");
    let gateway = plan.set("listener.ws_origins", "[\"https://desk.example.city\"]").start().await;
    let address = gateway.address("ws");
    let ask = async |path: &str, subprotocol: &str, origin: Option<&'static str>| {
        let mut request = format!("ws://{address}{path}").into_client_request().expect("a request");
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", HeaderValue::from_str(subprotocol).expect("text"));
        if let Some(origin) = origin {
            headers.insert("origin", HeaderValue::from_static(origin));
        }
        match client_async(request, TcpStream::connect(address).await.expect("it listens")).await {
            Ok((_, response)) => response.status().as_u16(),
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("{path} {subprotocol} {origin:?}: {error}"),
        }
    };
    assert_eq!(ask("/mqtt", "mqtt", None).await, 101);
    assert_eq!(ask("/mqtt", "mqtt", Some("https://desk.example.city")).await, 101);
    assert_eq!(ask("/mqtt", "mqtt", Some("https://evil.example")).await, 403);
    assert_eq!(ask("/", "mqtt", None).await, 404);
    assert_eq!(ask("/mqtt", "chat", None).await, 400);
}
