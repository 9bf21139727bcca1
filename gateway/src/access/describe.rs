//! What is said to people of the registry.

use std::net::{Ipv4Addr, SocketAddr};

use crate::domain::registry::Registry;

/// How many may connect, in one line.
pub fn accounts(registry: &Registry) -> String {
    let census = registry.census();
    if !registry.asks_for_credentials() {
        return "NO CREDENTIALS: any device id on this machine may connect 无账号，仅本机可接入".to_owned();
    }
    let mut text = format!(
        "{} devices, {} applications 设备 {} 台，应用 {} 个",
        census.devices, census.applications, census.devices, census.applications
    );
    if census.revoked > 0 {
        text.push_str(&format!("; {} revoked 已吊销 {}", census.revoked, census.revoked));
    }
    if census.enrolments > 0 {
        text.push_str(&format!("; {} ENROLMENTS OPEN 注册开放中", census.enrolments));
    }
    text
}

/// Where the listener may listen: beyond this machine only where whoever connects must show something.
pub fn allowed_bind(configured: SocketAddr, registry: &Registry) -> SocketAddr {
    if configured.ip().is_loopback() || registry.asks_for_credentials() {
        configured
    } else {
        SocketAddr::from((Ipv4Addr::LOCALHOST, configured.port()))
    }
}
