//! Who may connect, and as whom.
//!
//! - The rules are `domain::registry`'s; here are the file, the passwords and the time.
//! - One task, the [`keeper`], owns all state: the registry in force, who failed how often, which passwords were right. Connections ask
//!   it through a bounded channel and wait for its answer.
//! - What costs time (Argon2id, files) runs on other threads, two at a time; what waits for them is bounded.
//! - The file is looked at every second. What changed in it ends the sessions that it concerns.

pub mod describe;
mod enrolling;
pub mod file;
mod keeper;
pub mod passwords;
mod remembered;
#[cfg(test)]
mod tests;
mod work;

use std::net::IpAddr;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

pub use self::keeper::Keeper;

use crate::audit::Audit;
use crate::domain::access::Principal;
use crate::domain::registry::deciding::Refusal;

/// Connections that wait for the keeper to look at them.
const QUEUE_HELLOS: usize = 256;

/// What a connection shows of itself.
#[derive(Debug, Clone, Copy)]
pub struct Hello<'a> {
    /// The client id of its CONNECT; may be empty.
    pub client_id: &'a str,
    /// The user name.
    pub user: Option<&'a str>,
    /// The password.
    pub password: Option<&'a [u8]>,
    /// The common name of its certificate, which was verified.
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
    /// The client id is no device id, or not the account's.
    ClientId,
    /// User name, password or certificate are nobody's.
    Credentials,
    /// The account is closed.
    NotAuthorized,
    /// Too many attempts from that address, or too many connections that wait to be verified: later it may be another matter.
    Busy,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Refused {
        match refusal {
            Refusal::ClientId => Refused::ClientId,
            Refusal::Credentials => Refused::Credentials,
            Refusal::NotAuthorized => Refused::NotAuthorized,
        }
    }
}

impl Refused {
    /// The reason in the audit log.
    fn as_str(self) -> &'static str {
        match self {
            Refused::ClientId => "client_id",
            Refused::Credentials => "credentials",
            Refused::NotAuthorized => "not_authorized",
            Refused::Busy => "busy",
        }
    }
}

/// A [`Hello`] on its way.
struct Asked {
    client_id: Box<str>,
    user: Option<Box<str>>,
    password: Option<Box<[u8]>>,
    certificate: Option<Box<str>>,
    peer: IpAddr,
    answer: oneshot::Sender<Result<Admitted, Refused>>,
}

/// The gate: asks the keeper. Cheap to clone.
#[derive(Clone)]
pub struct Gate {
    asked: mpsc::Sender<Asked>,
    audit: Audit,
}

impl Gate {
    /// Where is noted what a client that has come in may not do.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Decides on a connection.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn admit(&self, hello: Hello<'_>) -> Result<Admitted, Refused> {
        let (answer, answered) = oneshot::channel();
        let asked = Asked {
            client_id: hello.client_id.into(),
            user: hello.user.map(Into::into),
            password: hello.password.map(Into::into),
            certificate: hello.certificate.map(Into::into),
            peer: hello.peer,
            answer,
        };
        self.asked.send(asked).await.map_err(|_| Refused::Busy)?;
        answered.await.unwrap_or(Err(Refused::Busy))
    }
}
