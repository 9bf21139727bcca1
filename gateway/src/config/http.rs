//! `[http]`: the local API.

use std::net::SocketAddr;

use super::net::{LoopbackAddress, loopback};
use super::value::Keys;

/// `[http]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// Where it listens; port 0 takes any free port.
    pub bind: SocketAddr,
}

impl Default for Http {
    fn default() -> Http {
        Http { bind: loopback(8080) }
    }
}

impl Http {
    pub(super) fn visit(&mut self, keys: &mut impl Keys) {
        keys.section("http");
        keys.key("bind", LoopbackAddress { beyond: "readers" }, &mut self.bind);
    }
}
