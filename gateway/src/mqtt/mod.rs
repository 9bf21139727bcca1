//! The embedded MQTT listener: devices in, receipts and answers out.
//!
//! Rules
//! - A connection is one task ([`connection`]) around one sans-io [`session`]; nothing is shared between them. A panic ends
//!   that connection alone.
//! - A PUBACK leaves only when the store's commit has passed the message's mark; acknowledgements leave in the order in
//!   which the messages came, because they are popped from a queue as far as the mark allows.
//! - A session stops reading its socket while too much of it waits for a commit, for the store's queue or for the device
//!   to read: backpressure reaches the device and nobody else.
//! - An answer to a question goes out at QoS 0, to the session that asked and only while it reads; nothing is kept of it.
//! - A client that sends more than it may in the long run is read more slowly ([`pace`]), and never closed for it.
//! - One device, one session: a second connection with the same client id takes over.
//! - The codec is behind [`wire`] and [`incoming`] alone; [`greeting`] is what it does not see to in a first packet.
//!
//! - What a session is owed above QoS 0 beyond its connection is in the store, and so are its subscriptions; who gets a message is
//!   decided by the writer, in the transaction of the message.
//! - A will is published when its client is gone without a word: as its report, if the topic is its device's own, and to whoever
//!   has subscribed.

mod admitting;
mod answering;
mod connection;
mod end;
mod greeting;
mod incoming;
pub mod listener;
pub mod pace;
mod packet;
mod session;
pub mod transport;
mod will;
mod wire;
