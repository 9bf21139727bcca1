//! Where a broker is, and who we are to it.

use std::path::{Path, PathBuf};

use super::ConnectError;
use super::dial::{Dial, TlsFiles};

/// A file of a secret is read up to here.
const SECRET_BYTES_MAX: usize = 64 * 1024;

/// Version of MQTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 5.
    V5,
    /// 3.1.1.
    V3,
}

/// Who acknowledges what the broker sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acks {
    /// The client, as soon as it has read it.
    Automatic,
    /// Whoever asked for it, with [`super::Requests::acknowledge`].
    Manual,
}

/// Where a broker is, and who we are to it.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name or address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How TLS is proven, if it is spoken.
    pub tls: Option<TlsFiles>,
    /// Version of MQTT.
    pub version: Version,
    /// Our client id, under which the broker keeps the session.
    pub client_id: String,
    /// User name.
    pub username: Option<String>,
    /// File whose content is the password.
    pub password_file: Option<PathBuf>,
    /// Publishes at QoS 1 in flight at most; a broker that takes fewer gets fewer.
    pub window: u16,
    /// Messages at QoS 1 that the broker may send before the first of them is acknowledged (MQTT 5).
    pub receive_maximum: u16,
    /// The largest packet that is taken from the broker.
    pub packet_bytes_max: u32,
    /// Who acknowledges.
    pub acks: Acks,
    /// Seconds of silence before a ping.
    pub keep_alive_s: u16,
}

/// What was read for one connection. Its `Debug` shows no secret.
pub(super) struct Secrets {
    pub(super) password: Option<Vec<u8>>,
    pub(super) dial: Dial,
}

impl Target {
    /// Reads what the next connection needs.
    pub(super) async fn secrets(&self) -> Result<Secrets, ConnectError> {
        let (tls, file) = (self.tls.clone(), self.password_file.clone());
        let (host, port) = (self.host.clone(), self.port);
        let read = move || {
            let password = file.as_deref().map(password).transpose()?;
            Ok(Secrets { password, dial: Dial::new(host, port, tls.as_ref())? })
        };
        let failed = |error: tokio::task::JoinError| ConnectError::Setup(error.to_string());
        tokio::task::spawn_blocking(read).await.map_err(failed)?
    }
}

/// The content of a file of one line.
fn password(path: &Path) -> Result<Vec<u8>, ConnectError> {
    let named = |what: &dyn std::fmt::Display| ConnectError::Setup(format!("{}: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| named(&error))?;
    let secret = bytes.trim_ascii();
    if secret.is_empty() || secret.len() > SECRET_BYTES_MAX {
        return Err(named(&"a password is one line of text"));
    }
    Ok(secret.to_vec())
}
