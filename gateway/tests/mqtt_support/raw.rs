//! A broker of our own, on a bare TCP socket: a stand-in that does what mosquitto can't be made to do. MQTT 5.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Time for the client to do something. Generous: nothing is measured by it.
const WITHIN: Duration = Duration::from_secs(30);

/// Waits for clients.
pub(crate) struct RawBroker(TcpListener);

/// One client's connection.
pub(crate) struct RawLink {
    stream: TcpStream,
    input: Vec<u8>,
}

/// A packet of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Packet {
    Publish { packet_id: u16, dup: bool, body: Vec<u8> },
    PubAck(u16),
    Subscribe(u16),
    Disconnect,
}

/// What a CONNACK says.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hello {
    pub(crate) session_present: bool,
    pub(crate) receive_maximum: Option<u16>,
}

impl RawBroker {
    pub(crate) async fn open() -> RawBroker {
        RawBroker(TcpListener::bind("127.0.0.1:0").await.expect("a free port"))
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.0.local_addr().expect("its address")
    }

    /// The next client, before its CONNECT.
    pub(crate) async fn knock(&self) -> RawLink {
        let (stream, _) = timeout(WITHIN, self.0.accept()).await.expect("a client comes").expect("a socket");
        RawLink { stream, input: Vec::new() }
    }

    /// The next client, taken with this CONNACK. One that only publishes to devices is taken too, and left alone.
    pub(crate) async fn accept(&self, hello: Hello) -> RawLink {
        loop {
            let mut link = self.knock().await;
            let (first, body) = link.framed().await.expect("a CONNECT");
            assert_eq!(first, 0x10);
            link.greet(hello).await;
            if !String::from_utf8_lossy(&body).contains("-down") {
                return link;
            }
            tokio::spawn(async move { while link.packet().await.is_some() {} });
        }
    }
}

impl RawLink {
    async fn greet(&mut self, hello: Hello) {
        let mut properties = Vec::new();
        if let Some(maximum) = hello.receive_maximum {
            properties.push(0x21);
            properties.extend(maximum.to_be_bytes());
        }
        let mut connack = vec![0x20, 3 + properties.len() as u8, u8::from(hello.session_present), 0];
        connack.push(properties.len() as u8);
        connack.extend(properties);
        self.send(&connack).await;
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the client reads");
    }

    /// PUBACK with a reason.
    pub(crate) async fn acknowledge(&mut self, packet_id: u16, reason: u8) {
        let [high, low] = packet_id.to_be_bytes();
        self.send(&[0x40, 4, high, low, reason, 0]).await;
    }

    /// PUBLISH at QoS 1.
    pub(crate) async fn publish(&mut self, packet_id: u16, topic: &str, payload: &[u8]) {
        let mut body = (topic.len() as u16).to_be_bytes().to_vec();
        body.extend(topic.as_bytes());
        body.extend(packet_id.to_be_bytes());
        body.push(0);
        body.extend(payload);
        let mut packet = vec![0x32];
        let mut rest = body.len();
        while rest >= 0x80 {
            packet.push((rest & 0x7F) as u8 | 0x80);
            rest >>= 7;
        }
        packet.push(rest as u8);
        packet.extend(body);
        self.send(&packet).await;
    }

    /// The next packet; answers subscriptions and pings by itself. `None` once the client has closed.
    pub(crate) async fn packet(&mut self) -> Option<Packet> {
        loop {
            let (first, body) = self.framed().await?;
            let id = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
            match first & 0xF0 {
                0x30 => {
                    let topic_end = 2 + usize::from(id(0));
                    let (packet_id, dup) = (id(topic_end), first & 0x08 != 0);
                    return Some(Packet::Publish { packet_id, dup, body });
                }
                0x40 => return Some(Packet::PubAck(id(0))),
                0x80 => {
                    let [high, low] = id(0).to_be_bytes();
                    self.send(&[0x90, 4, high, low, 0, 1]).await;
                    return Some(Packet::Subscribe(id(0)));
                }
                0xC0 => self.send(&[0xD0, 0]).await,
                0xE0 => return Some(Packet::Disconnect),
                other => panic!("an unexpected packet {other:#x}"),
            }
        }
    }

    /// The packet id and body of the next publish.
    pub(crate) async fn published(&mut self) -> (u16, Vec<u8>) {
        loop {
            match self.packet().await {
                Some(Packet::Publish { packet_id, body, .. }) => return (packet_id, body),
                Some(_) => {}
                None => panic!("the client has closed"),
            }
        }
    }

    /// True when nothing comes for a while. Only for what must not come: that it is late is no failure.
    pub(crate) async fn is_quiet_for(&mut self, pause: Duration) -> bool {
        match timeout(pause, self.packet()).await {
            Err(_) => true,
            Ok(packet) => panic!("{packet:?}"),
        }
    }

    async fn framed(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((head, length)) = length(&self.input)
                && self.input.len() >= head + length
            {
                let packet: Vec<u8> = self.input.drain(..head + length).collect();
                return Some((packet[0], packet[head..].to_vec()));
            }
            let mut bytes = [0; 16 * 1024];
            let read = timeout(WITHIN, self.stream.read(&mut bytes)).await;
            match read.expect("the client says something") {
                Ok(count) if count > 0 => self.input.extend_from_slice(&bytes[..count]),
                _ => return None,
            }
        }
    }
}

/// Bytes of the fixed header, and of what follows it.
fn length(input: &[u8]) -> Option<(usize, usize)> {
    let mut length = 0;
    for (place, byte) in input.get(1..)?.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((place + 2, length));
        }
    }
    None
}
