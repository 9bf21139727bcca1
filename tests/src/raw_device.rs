//! A device on a bare socket: what it sends leaves in one piece, what it gets is taken packet by packet.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::packets::{self, CONNACK, PUBACK, Packet};

/// Time for one packet of the gateway.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// A device over MQTT 3.1.1 that does nothing by itself.
#[derive(Debug)]
pub struct RawDevice {
    name: String,
    stream: TcpStream,
    input: Vec<u8>,
    last_packet_id: u16,
}

impl RawDevice {
    /// Connects and waits until it is accepted.
    ///
    /// # Panics
    /// When it is not.
    pub async fn connect(gateway: SocketAddr, name: &str) -> RawDevice {
        let stream = TcpStream::connect(gateway).await.unwrap_or_else(|error| panic!("{gateway}: {error}"));
        let mut device = RawDevice { name: name.to_owned(), stream, input: Vec::new(), last_packet_id: 0 };
        device.send(&packets::connect(name)).await;
        let answer = device.packet().await.expect("an answer to CONNECT");
        assert_eq!((answer.first, answer.body.as_slice()), (CONNACK, [0, 0].as_slice()), "not accepted");
        device
    }

    /// Publishes these payloads at QoS 1 below its own topics, all in one write, and gives their packet ids.
    pub async fn publish(&mut self, class: &str, payloads: &[impl AsRef<[u8]>]) -> Vec<u16> {
        let topic = format!("patrol/v1/up/{}/{class}", self.name);
        let (mut bytes, mut ids) = (Vec::new(), Vec::new());
        for payload in payloads {
            self.last_packet_id = self.last_packet_id % u16::MAX + 1;
            bytes.extend(packets::publish(&topic, self.last_packet_id, payload.as_ref()));
            ids.push(self.last_packet_id);
        }
        self.send(&bytes).await;
        ids
    }

    /// The packet id of the next PUBACK; `None` when the gateway has closed the connection instead.
    ///
    /// # Panics
    /// When neither comes in time, or something else comes.
    pub async fn puback(&mut self) -> Option<u16> {
        let packet = self.packet().await?;
        assert_eq!((packet.first, packet.body.len()), (PUBACK, 2), "{packet:02x?} is no PUBACK");
        Some(u16::from_be_bytes([packet.body[0], packet.body[1]]))
    }

    /// A connection that breaks shows when an answer is waited for.
    async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    async fn packet(&mut self) -> Option<Packet> {
        loop {
            if let Some(packet) = packets::next(&self.input) {
                self.input.drain(..packet.len);
                return Some(packet);
            }
            let read = timeout(ANSWERED_WITHIN, self.stream.read_buf(&mut self.input)).await;
            match read.unwrap_or_else(|_| panic!("{}: no packet within {ANSWERED_WITHIN:?}", self.name)) {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}
