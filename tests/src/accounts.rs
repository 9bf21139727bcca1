//! Devices and applications of a site, by its own command line, and what its audit log has of them.

use std::time::Duration;

use serde_json::Value;

use crate::packets::Version;
use crate::raw_mqtt::Connection;
use crate::site::Site;
use crate::wait::wait_until;

/// CONNACK of MQTT 5: user name or password are nobody's.
pub const BAD_CREDENTIALS: u8 = 0x86;
/// Known, and not allowed.
pub const NOT_AUTHORIZED: u8 = 0x87;
/// The client id is not the account's.
pub const BAD_CLIENT_ID: u8 = 0x85;

impl Site {
    /// Runs a command that must succeed and gives what it prints.
    ///
    /// # Panics
    /// When it fails.
    pub async fn done(&self, args: &[&str]) -> String {
        let ended = self.run(args).await;
        assert_eq!(ended.code, Some(0), "{args:?}: {}{}", ended.stdout, ended.stderr);
        ended.stdout
    }

    /// Runs a command that prints a password or code, and gives that.
    ///
    /// # Panics
    /// When it fails or prints none.
    pub async fn password(&self, args: &[&str]) -> String {
        let text = self.done(args).await;
        let after = text.split_once(" password  ").map(|(_, rest)| rest.trim_start());
        after
            .and_then(|rest| rest.split(' ').next())
            .unwrap_or_else(|| panic!("no password in {text}"))
            .to_owned()
    }

    /// Waits until the gateway has noticed a registry of so many devices, applications, revoked ones and enrolments.
    ///
    /// # Panics
    /// When it does not within five seconds, which it promises.
    pub async fn in_force(&self, devices: u32, applications: u32, revoked: u32, enrolments: u32) {
        let figures = format!(
            "devices={devices} applications={applications} revoked={revoked} enrolments={enrolments}"
        );
        let is_last = async || {
            let log = self.gateway.log();
            log.lines()
                .rfind(|line| line.contains("registry in force"))
                .is_some_and(|line| line.contains(&figures))
        };
        wait_until(&figures, Duration::from_secs(5), is_last).await;
    }

    /// Logs a device in that uses MQTT 5 and its id as user name; the connection and the code of its CONNACK.
    pub async fn log_in(&self, device: &str, password: &str) -> (Connection, u8) {
        Connection::log_in(&self.gateway, Version::V5, device, device, password).await
    }

    /// The events of this name in the audit log, which must be intact.
    ///
    /// # Panics
    /// When it is not.
    pub async fn audited(&self, event: &str) -> Vec<Value> {
        let text = self.done(&["audit", "--json", "--limit", "100000"]).await;
        let log: Value = serde_json::from_str(&text).expect("it is JSON");
        let events = log["events"].as_array().expect("events").iter();
        events.filter(|line| line["event"] == event).cloned().collect()
    }

    /// How many events of this name the audit log has for which this holds, folded ones counted each.
    pub async fn audited_count(&self, event: &str, holds: impl Fn(&Value) -> bool) -> u64 {
        let events = self.audited(event).await;
        events.iter().filter(|line| holds(line)).map(|line| line["count"].as_u64().unwrap_or(1)).sum()
    }
}
