//! Who may connect, and as whom.
//!
//! Without accounts any device id is taken on its word: that is for a bench, and the listener stays on this machine then.

use std::net::IpAddr;

use tokio_util::sync::CancellationToken;

use crate::domain::access::Principal;
use crate::domain::report::DeviceId;

/// What a connection shows of itself.
#[derive(Debug, Clone, Copy)]
pub struct Hello<'a> {
    /// The client id of its CONNECT; may be empty.
    pub client_id: &'a str,
    /// The user name.
    pub user: Option<&'a str>,
    /// The password.
    pub password: Option<&'a [u8]>,
    /// The common name of its certificate, which an authority of ours has signed.
    pub certificate: Option<&'a str>,
    /// Where it comes from.
    pub peer: IpAddr,
}

/// A connection that may come in.
#[derive(Debug)]
pub struct Admitted {
    /// Whom it belongs to.
    pub principal: Principal,
    /// Cancelled when its credentials are no longer good.
    pub revoked: CancellationToken,
}

/// Why a connection may not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The client id is no device id.
    ClientId,
    /// User name, password or certificate are nobody's.
    Credentials,
    /// The account is closed.
    NotAuthorized,
}

/// The gate. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Gate {}

impl Gate {
    /// Decides on a connection.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn admit(&self, hello: Hello<'_>) -> Result<Admitted, Refused> {
        let device = DeviceId::parse(hello.client_id).ok_or(Refused::ClientId)?;
        Ok(Admitted { principal: Principal::Device(device), revoked: CancellationToken::new() })
    }
}
