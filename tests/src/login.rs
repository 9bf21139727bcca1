//! An MQTT 5 client that has an account: a CONNECT with all that it may say, and its ways with messages above QoS 1.

use crate::gateway::Gateway;
use crate::packets::{self, Version, field, packet};
use crate::raw_mqtt::{Connection, Packet};

/// What a client says in its CONNECT.
#[derive(Debug, Clone, Copy)]
pub struct Login<'a> {
    /// Its client id.
    pub client_id: &'a str,
    /// Its account.
    pub user: &'a str,
    /// Its password.
    pub password: &'a str,
    /// Nothing of an earlier session is wanted.
    pub clean_start: bool,
    /// Seconds that the session outlives the connection.
    pub expiry_s: u32,
    /// Topic and payload of its will, at QoS 1, and seconds that it is held back.
    pub will: Option<(&'a str, &'a str, u32)>,
}

impl Login<'_> {
    /// The packet.
    pub fn to_bytes(&self) -> Vec<u8> {
        let flags = 0xC0
            | if self.clean_start { 0x02 } else { 0 }
            | if self.will.is_some() { 0x04 | 0x08 } else { 0 };
        let expiry = [&[5, 0x11][..], &self.expiry_s.to_be_bytes()].concat();
        let mut body = [&field("MQTT"), &[5, flags, 0, 60][..], &expiry, &field(self.client_id)].concat();
        if let Some((topic, payload, delay_s)) = self.will {
            body.extend([5, 0x18]);
            body.extend(delay_s.to_be_bytes());
            body.extend([field(topic), field(payload)].concat());
        }
        body.extend([field(self.user), field(self.password)].concat());
        packet(0x10, body)
    }

    /// Connects, and is let in; true when there was a session.
    ///
    /// # Panics
    /// When it is not.
    pub async fn connect(&self, gateway: &Gateway) -> (Connection, bool) {
        let mut connection = Connection::open(gateway, Version::V5).await;
        connection.send(&self.to_bytes()).await;
        let (code, present) = connection.connack().await;
        assert_eq!(code, 0, "{self:?}");
        (connection, present)
    }
}

impl Connection {
    /// Subscribes at this QoS, with these option bits; what it is granted.
    ///
    /// # Panics
    /// When no SUBACK comes.
    pub async fn subscribe_with(&mut self, filter: &str, options: u8) -> u8 {
        self.send(&packet(0x82, [&[0, 9, 0][..], &field(filter), &[options]].concat())).await;
        match self.packet().await {
            Packet::SubAck { id: 9, codes } if codes.len() == 1 => codes[0],
            other => panic!("a SUBACK was expected, not {other:?}"),
        }
    }

    /// Publishes at QoS 2 and goes through with it.
    pub async fn publish_once(&mut self, id: u16, topic: &str, payload: &str) {
        self.send(&packets::publish_with(0x34, &[0], id, topic, payload)).await;
        assert_eq!(self.packet().await, Packet::PubRec { id, code: 0 });
        self.send(&packet(0x62, id.to_be_bytes())).await;
        assert_eq!(self.packet().await, Packet::PubComp { id, code: 0 });
    }

    /// The next message, taken as its QoS asks for; what is released meanwhile is let go.
    ///
    /// # Panics
    /// When something else comes.
    pub async fn take_message(&mut self) -> (String, String) {
        loop {
            let (id, topic, payload, first) = match self.framed_packet().await {
                (_, Packet::PubRel { id, code: 0 }) => {
                    self.let_go(id).await;
                    continue;
                }
                (first, Packet::Publish { id, topic, payload }) => (id, topic, payload, first),
                other => panic!("no message: {other:?}"),
            };
            match first & 0x06 {
                0x02 => self.send(&packets::puback(id)).await,
                0x04 => self.send(&packet(0x50, id.to_be_bytes())).await,
                _ => {}
            }
            return (topic, String::from_utf8_lossy(&payload).into_owned());
        }
    }

    /// Waits until so many messages at QoS 2 are through, since the connection began.
    ///
    /// # Panics
    /// When something else comes.
    pub async fn let_go_of(&mut self, count: usize) {
        while self.released() < count {
            match self.packet().await {
                Packet::PubRel { id, code: 0 } => self.let_go(id).await,
                other => panic!("a PUBREL was expected, not {other:?}"),
            }
        }
    }

    async fn let_go(&mut self, id: u16) {
        self.note_released();
        self.send(&packet(0x70, id.to_be_bytes())).await;
    }

    /// Says goodbye.
    pub async fn goodbye(mut self) {
        self.send(&packets::DISCONNECT).await;
        self.until_closed().await;
    }
}
