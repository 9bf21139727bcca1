//! How devices come in: sockets, certificate, and how many there is room for.

use std::io;
use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{AppError, bind};
use crate::access::describe::allowed_bind;
use crate::config::{self, Config};
use crate::domain::registry::Registry;
use crate::metrics::Metrics;
use crate::mqtt::listener::Entrance;
use crate::mqtt::transport::Transport;
use crate::mqtt::transport::certificate::TlsFiles;
use crate::mqtt::transport::doors::{Door, Doors};
use crate::mqtt::transport::renewal::Renewal;
use crate::mqtt::transport::upgrade::WebRules;

/// Descriptors for everything but devices: the store, the API with its 64 connections, the uplink.
const DESCRIPTORS_KEPT: u64 = 128;
/// When there are so few that this would be most of them: this part of all is kept.
const KEPT_PART_MAX: u64 = 2;

/// Binds the sockets and reads the certificate, and gives what renews it. While nobody has credentials, only this machine may
/// connect.
pub(super) async fn open(
    config: &config::Listener,
    registry: &Registry,
    metrics: &Arc<Metrics>,
) -> Result<(Entrance, Option<Renewal>), AppError> {
    let (tls, renewal) = match files(config) {
        Some(files) => {
            let (tls, renewal) = Renewal::begin(files, metrics.clone())?;
            (Some(tls), Some(renewal))
        }
        None => (None, None),
    };
    let binds = [
        (Transport::Tcp, Some(config.bind)),
        (Transport::Tls, config.tls_bind),
        (Transport::WebSocket, config.ws_bind),
        (Transport::WebSocketTls, config.wss_bind),
    ];
    let mut doors = Vec::new();
    for (transport, address) in binds {
        if let Some(wanted) = address {
            let address = allowed_bind(wanted, registry);
            if address != wanted {
                tracing::error!(%wanted, %address, "nobody has credentials, so only this machine may connect");
            }
            doors.push(Door::new(transport, bind(transport.as_str(), address).await?));
        }
    }
    let web = WebRules { origins: config.ws_origins.clone() };
    Ok((Entrance { doors: Doors::new(doors, metrics.clone()), tls, web }, renewal))
}

/// The files of the certificate, when one is needed.
pub(crate) fn files(config: &config::Listener) -> Option<TlsFiles> {
    if !config.uses_tls() {
        return None;
    }
    Some(TlsFiles {
        certificate: config.tls_certificate.clone()?,
        key: config.tls_key.clone()?,
        client_ca: config.tls_client_ca.clone(),
    })
}

/// Where devices connect, a line each.
pub(super) fn describe(entrance: &Entrance) -> io::Result<String> {
    let mut text = String::new();
    for door in entrance.doors.iter() {
        let (name, address) = (door.transport().as_str(), door.local_addr()?);
        text.push_str(&match door.transport() {
            Transport::Tcp | Transport::Tls => format!("{name:<8} {address}\n"),
            Transport::WebSocket | Transport::WebSocketTls => format!("{name:<8} {name}://{address}/mqtt\n"),
        });
    }
    Ok(text)
}

/// Takes all the descriptors that the process may have, and gives how many connections there is room for.
pub(super) fn connections_max(config: &Config) -> usize {
    let wanted = config.listener.max_connections;
    let room = room(descriptors());
    if room < wanted {
        tracing::warn!(
            max_connections = wanted,
            room,
            "the system allows fewer descriptors (RLIMIT_NOFILE) than listener.max_connections needs"
        );
    }
    wanted.min(room)
}

/// Of so many descriptors, those for devices.
fn room(descriptors: u64) -> usize {
    let kept = DESCRIPTORS_KEPT.min(descriptors / KEPT_PART_MAX);
    usize::try_from(descriptors - kept).unwrap_or(usize::MAX).max(1)
}

/// How many descriptors the process may have, after it has asked for as many as it can get.
fn descriptors() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%error, "RLIMIT_NOFILE can't be raised");
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_descriptors_are_kept_for_the_store_however_few_there_are() {
        assert_eq!((room(1024), room(256), room(100), room(0)), (896, 128, 50, 1));
        assert_eq!(room(u64::MAX), usize::try_from(u64::MAX - DESCRIPTORS_KEPT).unwrap());
    }
}
