//! `[http]`: the local API.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::kinds::FilePath;
use super::net::{LoopbackAddress, loopback};
use super::value::Keys;

/// `[http]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// Where it listens; port 0 takes any free port.
    pub bind: SocketAddr,
    /// File whose content is the token that whoever writes through the API, or exports, must have.
    pub token_file: Option<PathBuf>,
}

impl Default for Http {
    fn default() -> Http {
        Http { bind: loopback(8080), token_file: None }
    }
}

impl Http {
    pub(super) fn visit(&mut self, keys: &mut impl Keys) {
        keys.section("http");
        keys.key("bind", LoopbackAddress { beyond: "readers" }, &mut self.bind);
        keys.optional("token_file", FilePath, &mut self.token_file);
    }
}
