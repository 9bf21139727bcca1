//! MQTT on a bare TCP connection: a device can do on it what no client library lets a test do.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::gateway::Gateway;
use crate::packet_reader::{self, Framed};
use crate::packets::{self, Version};

/// Time for the gateway to answer or to close. Generous: nothing is measured by it.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Receive buffer of a device that shall be full soon, in bytes.
const SMALL_BUFFER_BYTES: u32 = 4 * 1024;

/// A packet from the gateway. `code` is the reason or return code; 0 where the packet has none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the standard")]
pub enum Packet {
    ConnAck { code: u8 },
    PubAck { id: u16, code: u8 },
    PubRec { id: u16, code: u8 },
    PubRel { id: u16, code: u8 },
    PubComp { id: u16, code: u8 },
    SubAck { id: u16, codes: Vec<u8> },
    UnsubAck { id: u16 },
    Publish { id: u16, topic: String, payload: Vec<u8> },
    PingResp,
    Disconnect { code: u8 },
}

impl Packet {
    /// The PUBACK that acknowledges.
    pub fn ack(id: u16) -> Packet {
        Packet::PubAck { id, code: 0 }
    }
}

/// A device's connection.
#[derive(Debug)]
pub struct Connection {
    version: Version,
    stream: TcpStream,
    input: Vec<u8>,
    /// First byte of the last packet that was taken, and the first of its body.
    last: (u8, u8),
    /// Messages at QoS 2 that were let go of.
    released: usize,
}

impl Connection {
    /// A TCP connection and nothing else.
    ///
    /// # Panics
    /// When the gateway does not take it; so all methods do whose result would otherwise have to be an error.
    pub async fn open(gateway: &Gateway, version: Version) -> Connection {
        Connection::open_at(gateway.mqtt(), version).await
    }

    /// The same by the address of the gateway.
    pub async fn open_at(gateway: SocketAddr, version: Version) -> Connection {
        Connection::over(TcpSocket::new_v4().expect("a socket"), gateway, version).await
    }

    /// The same with as little room as possible for what is not read yet: whoever writes to it is soon held up.
    pub async fn open_unread(gateway: &Gateway, version: Version) -> Connection {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(SMALL_BUFFER_BYTES).expect("a receive buffer");
        Connection::over(socket, gateway.mqtt(), version).await
    }

    async fn over(socket: TcpSocket, gateway: SocketAddr, version: Version) -> Connection {
        let stream = socket.connect(gateway).await.expect("the gateway takes connections");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        Connection { version, stream, input: Vec::new(), last: (0, 0), released: 0 }
    }

    /// A device whose CONNECT was accepted; its keep-alive is one minute.
    pub async fn connect(gateway: &Gateway, version: Version, id: &str) -> Connection {
        let mut device = Connection::open(gateway, version).await;
        device.greet(&packets::connect(version, id, 60)).await;
        device
    }

    /// The same by the address of the gateway, or of what leads to it.
    pub async fn connect_at(gateway: SocketAddr, version: Version, id: &str) -> Connection {
        let mut device = Connection::open_at(gateway, version).await;
        device.greet(&packets::connect(version, id, 60)).await;
        device
    }

    /// A connection that shows a user name and a password, and the code of its CONNACK.
    pub async fn log_in(
        gateway: &Gateway,
        version: Version,
        client_id: &str,
        user: &str,
        password: &str,
    ) -> (Connection, u8) {
        let mut connection = Connection::open(gateway, version).await;
        connection.send(&packets::connect_as(version, client_id, user, password)).await;
        match connection.packet().await {
            Packet::ConnAck { code } => (connection, code),
            other => panic!("a CONNACK was expected, not {other:?}"),
        }
    }

    /// Sends this CONNECT and expects that it is accepted.
    pub async fn greet(&mut self, connect: &[u8]) {
        self.send(connect).await;
        assert_eq!(self.packet().await, Packet::ConnAck { code: 0 });
    }

    /// Writes bytes, all of them.
    pub async fn send(&mut self, bytes: &[u8]) {
        let sent = timeout(ANSWER_WITHIN, self.stream.write_all(bytes)).await;
        sent.expect("the gateway reads what it is sent").expect("the connection stands");
    }

    /// Writes bytes to a gateway that may close meanwhile: nobody says how many arrive.
    pub async fn throw(&mut self, bytes: &[u8]) {
        let _ =
            timeout(ANSWER_WITHIN, self.stream.write_all(bytes)).await.expect("the gateway reads or closes");
    }

    /// Writes what the kernel takes at once and gives how much that was.
    pub fn send_some(&mut self, bytes: &[u8]) -> usize {
        self.stream.try_write(bytes).unwrap_or(0)
    }

    /// Says that it will send nothing more.
    pub async fn finish(&mut self) {
        // A connection that is closed already has nothing left to finish.
        let _ = self.stream.shutdown().await;
    }

    /// Breaks the connection with a TCP reset.
    pub fn reset(self) {
        self.stream.set_zero_linger().expect("SO_LINGER");
    }

    /// Publishes at QoS 1 and waits for the acknowledgement, which is to be the next packet.
    pub async fn report(&mut self, packet_id: u16, topic: &str, payload: impl AsRef<[u8]>) {
        self.send(&packets::publish(self.version, packet_id, topic, payload)).await;
        assert_eq!(self.packet().await, Packet::ack(packet_id));
    }

    /// Publishes all of these at QoS 1 in one write, at most 1000, and waits for their acknowledgements.
    pub async fn report_all(&mut self, topic: &str, payloads: impl IntoIterator<Item = String>) {
        let publish = |(id, payload)| packets::publish(self.version, id, topic, payload);
        let publishes: Vec<_> = (1..).zip(payloads).map(publish).collect();
        self.send(&publishes.concat()).await;
        for id in 1..=publishes.len() as u16 {
            assert_eq!(self.packet().await, Packet::ack(id));
        }
    }

    /// Subscribes to this filter at QoS 1 and expects that it is granted.
    pub async fn subscribe(&mut self, filter: &str) {
        self.send(&packets::subscribe(self.version, 1, &[filter])).await;
        assert_eq!(self.packet().await, Packet::SubAck { id: 1, codes: vec![1] });
    }

    /// The payload of the next message, which is acknowledged.
    pub async fn message(&mut self) -> Vec<u8> {
        match self.packet().await {
            Packet::Publish { id, payload, .. } => {
                self.send(&packets::puback(id)).await;
                payload
            }
            other => panic!("a message was expected, not {other:?}"),
        }
    }

    /// The next packet.
    pub async fn packet(&mut self) -> Packet {
        self.next().await.expect("a packet comes before the connection is closed")
    }

    /// The next packet with its first byte.
    pub async fn framed_packet(&mut self) -> (u8, Packet) {
        let packet = self.packet().await;
        (self.last.0, packet)
    }

    pub(crate) fn released(&self) -> usize {
        self.released
    }

    pub(crate) fn note_released(&mut self) {
        self.released += 1;
    }

    /// The code of the CONNACK that is to come, and whether there was a session.
    pub async fn connack(&mut self) -> (u8, bool) {
        match self.packet().await {
            Packet::ConnAck { code } => (code, self.last.1 & 1 == 1),
            other => panic!("a CONNACK was expected, not {other:?}"),
        }
    }

    /// The next packet; `None` once the gateway has closed.
    pub async fn next(&mut self) -> Option<Packet> {
        loop {
            if let Some(packet) = self.take() {
                return Some(packet);
            }
            let mut bytes = [0; 16 * 1024];
            let read = timeout(ANSWER_WITHIN, self.stream.read(&mut bytes)).await;
            match read.expect("the gateway answers or closes") {
                Ok(count) if count > 0 => self.input.extend_from_slice(&bytes[..count]),
                // Closed, in order or by a reset.
                _ => return None,
            }
        }
    }

    /// Whatever comes until the gateway closes, which it must.
    pub async fn until_closed(&mut self) -> Vec<Packet> {
        let mut packets = Vec::new();
        while let Some(packet) = self.next().await {
            packets.push(packet);
        }
        packets
    }

    /// True when nothing has come that was not taken yet. Says nothing about what is on its way.
    pub fn is_silent(&mut self) -> bool {
        let mut byte = [0];
        match self.stream.try_read(&mut byte) {
            Ok(count) => {
                self.input.extend_from_slice(&byte[..count]);
                false
            }
            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock && self.input.is_empty(),
        }
    }

    /// The first whole packet of what was read.
    fn take(&mut self) -> Option<Packet> {
        let framed = packet_reader::next(&self.input)?;
        self.input.drain(..framed.len);
        self.last = (framed.first, framed.body.first().copied().unwrap_or(0));
        Some(parse(self.version, &framed))
    }
}

/// Reads a packet of the gateway; one that can't be read fails the test.
fn parse(version: Version, framed: &Framed) -> Packet {
    let (first, body) = (framed.first, framed.body.as_slice());
    let code = |at: usize| body.get(at).copied().unwrap_or(0);
    let id = |at: usize| u16::from_be_bytes([code(at), code(at + 1)]);
    let after_properties = |at: usize| {
        // The gateway's own packets have short properties: one byte of length.
        let start = if version == Version::V5 { at + 1 + usize::from(code(at)) } else { at };
        body.get(start..).unwrap_or_default().to_vec()
    };
    match first {
        0x20 => Packet::ConnAck { code: code(1) },
        0x40 => Packet::PubAck { id: id(0), code: code(2) },
        0x50 => Packet::PubRec { id: id(0), code: code(2) },
        0x62 => Packet::PubRel { id: id(0), code: code(2) },
        0x70 => Packet::PubComp { id: id(0), code: code(2) },
        0x90 => Packet::SubAck { id: id(0), codes: after_properties(2) },
        0xB0 => Packet::UnsubAck { id: id(0) },
        0xD0 => Packet::PingResp,
        0xE0 => Packet::Disconnect { code: code(0) },
        0x30..=0x3F => {
            let topic_end = 2 + usize::from(id(0));
            let has_id = first & 0x06 != 0;
            Packet::Publish {
                id: if has_id { id(topic_end) } else { 0 },
                topic: String::from_utf8(body[2..topic_end].to_vec()).expect("a topic is UTF-8"),
                payload: after_properties(topic_end + if has_id { 2 } else { 0 }),
            }
        }
        _ => panic!("the gateway sent a packet that starts with {first:#04x}: {body:02x?}"),
    }
}
