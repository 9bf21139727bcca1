//! Who a connection is, by what it shows: pure, in two steps. First what must be proven; then, when it is, as whom it comes in.
//!
//! | shows | must prove | comes in as |
//! |---|---|---|
//! | nothing, and nobody has credentials here, on this machine | nothing | the device of its client id |
//! | a certificate for an account that may use one | nothing more | that account |
//! | a user name and password | the password | the account of that name |
//! | the user name `enrol` and a password | the code | the device of its client id |
//!
//! A device's client id is its own id or empty; an application may use any.

use super::{ENROL_USER, Registry};
use crate::domain::access::Principal;
use crate::domain::report::DeviceId;

/// What a connection shows. The password itself is nobody's business here.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The client id of its CONNECT; may be empty.
    pub client_id: &'a str,
    /// The user name.
    pub user: Option<&'a str>,
    /// It has shown a password too.
    pub has_password: bool,
    /// The common name of its certificate, which was verified.
    pub certificate: Option<&'a str>,
    /// It comes from this machine.
    pub is_local: bool,
}

/// What must be proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// Nothing: the device is taken on its word.
    Word(DeviceId),
    /// Nothing more: it was proven by a certificate.
    Certified(DeviceId),
    /// That the password is the one of this account; `None` when no account can have the name, which is not to be noticed.
    Password(Option<DeviceId>),
    /// That the password is a code by which this device may enrol.
    Code(DeviceId),
}

/// Why a connection may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The client id is no device id, or not the account's.
    ClientId,
    /// User name, password or certificate are nobody's.
    Credentials,
    /// The account is closed.
    NotAuthorized,
}

impl Registry {
    /// What a connection must prove that shows this.
    ///
    /// # Errors
    /// [`Refusal`]: nothing it could prove would help.
    pub fn need(&self, shown: Shown<'_>) -> Result<Need, Refusal> {
        if let Some(need) = self.certified(shown)? {
            return Ok(need);
        }
        if shown.user == Some(ENROL_USER) {
            let open = shown.has_password && self.asks_for_credentials();
            let device = DeviceId::parse(shown.client_id).ok_or(Refusal::ClientId)?;
            return if open { Ok(Need::Code(device)) } else { Err(Refusal::Credentials) };
        }
        if !self.asks_for_credentials() {
            let device = DeviceId::parse(shown.client_id).ok_or(Refusal::ClientId)?;
            return if shown.is_local { Ok(Need::Word(device)) } else { Err(Refusal::Credentials) };
        }
        // MQTT 5 allows a password without a user name.
        match (shown.has_password, shown.user.unwrap_or(shown.client_id)) {
            (true, user) => Ok(Need::Password(DeviceId::parse(user))),
            (false, _) => Err(Refusal::Credentials),
        }
    }

    /// A certificate is as good as a password where the account says so. One of an account that is not the user's is a contradiction;
    /// one of nobody here proves nothing and harms nothing.
    fn certified(&self, shown: Shown<'_>) -> Result<Option<Need>, Refusal> {
        let Some(name) = shown.certificate.and_then(DeviceId::parse) else { return Ok(None) };
        let Some(credentials) = self.credentials(&name) else { return Ok(None) };
        match shown.user {
            Some(user) if user != name.as_str() => Err(Refusal::Credentials),
            _ if credentials.certificate => Ok(Some(Need::Certified(name))),
            _ => Ok(None),
        }
    }

    /// As whom an account comes in that has proven to be the one of this name.
    ///
    /// # Errors
    /// [`Refusal`]: it is closed or gone, or uses another device's client id.
    pub fn admit(&self, name: &DeviceId, client_id: &str) -> Result<Principal, Refusal> {
        let credentials = self.credentials(name).ok_or(Refusal::Credentials)?;
        if credentials.revoked {
            return Err(Refusal::NotAuthorized);
        }
        match self.applications.get(name) {
            Some(entry) => Ok(Principal::Application(entry.application.clone())),
            None if client_id.is_empty() || client_id == name.as_str() => Ok(Principal::Device(name.clone())),
            None => Err(Refusal::ClientId),
        }
    }
}
