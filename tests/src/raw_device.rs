//! A device on a bare connection that numbers what it publishes and does nothing else by itself.

use std::net::SocketAddr;

use crate::packets::{self, Version};
use crate::raw_mqtt::{Connection, Packet};

/// A device over MQTT 3.1.1 that does nothing by itself.
#[derive(Debug)]
pub struct RawDevice {
    name: String,
    connection: Connection,
    last_packet_id: u16,
}

impl RawDevice {
    /// Connects and waits until it is accepted.
    ///
    /// # Panics
    /// When it is not.
    pub async fn connect(gateway: SocketAddr, name: &str) -> RawDevice {
        let mut connection = Connection::open_at(gateway, Version::V311).await;
        connection.greet(&packets::connect(Version::V311, name, 60)).await;
        RawDevice { name: name.to_owned(), connection, last_packet_id: 0 }
    }

    /// Publishes these payloads at QoS 1 below its own topics, all in one write, and gives their packet ids.
    pub async fn publish(&mut self, class: &str, payloads: &[impl AsRef<[u8]>]) -> Vec<u16> {
        let topic = crate::reports::up(&self.name, class);
        let (mut bytes, mut ids) = (Vec::new(), Vec::new());
        for payload in payloads {
            self.last_packet_id = self.last_packet_id % u16::MAX + 1;
            bytes.extend(packets::publish(Version::V311, self.last_packet_id, &topic, payload));
            ids.push(self.last_packet_id);
        }
        // A connection that breaks shows when an answer is waited for.
        self.connection.throw(&bytes).await;
        ids
    }

    /// The packet id of the next PUBACK; `None` when the gateway has closed the connection instead.
    ///
    /// # Panics
    /// When neither comes in time, or something else comes.
    pub async fn puback(&mut self) -> Option<u16> {
        match self.connection.next().await? {
            Packet::PubAck { id, code: 0 } => Some(id),
            other => panic!("{}: {other:?} is no PUBACK", self.name),
        }
    }
}
