//! From a fresh connection to a session: the CONNECT, the gate, the right to be this client's one session, what it had before.

use std::net::IpAddr;

use bytes::BytesMut;
use tokio::io::AsyncRead;
use tokio_util::sync::CancellationToken;

use super::connection::{Line, Shared, fill};
use super::end::End;
use super::listener::{Claim, Limits};
use super::packet::{Connect, Incoming, Offer};
use super::session::{Owner, Session, SessionBounds};
use super::transport::Peer;
use super::transport::unauthenticated::Place;
use super::wire::Wire;
use crate::access::{Admitted, Hello, Refused};
use crate::domain::access::{ClientKey, Principal};
use crate::domain::report::DeviceId;
use crate::domain::topic::check_name;
use crate::intake::Intake;
use crate::store::handle::SettleError;
use crate::store::sessions::{Opened, Opening};

/// A client that has come in, with all that is its own.
pub(super) struct Admission {
    pub(super) offer: Offer,
    seat: Seat,
    connect: Connect,
}

/// What belongs to the connection of a client that has come in.
pub(super) struct Seat {
    pub(super) principal: Principal,
    client: ClientKey,
    pub(super) peer: IpAddr,
    pub(super) claim: Claim,
    pub(super) revoked: CancellationToken,
    pub(super) opened: Opened,
    pub(super) line: Line,
    /// Seconds; 0 means that the client keeps quiet as long as it likes.
    pub(super) keep_alive_s: u16,
}

impl Seat {
    /// Whose session it is.
    pub(super) fn owner(&self) -> Owner {
        let device: DeviceId = match &self.principal {
            Principal::Device(device) => device.clone(),
            Principal::Application(application) => application.name.clone(),
        };
        Owner { principal: self.principal.clone(), client: self.client.clone(), device }
    }
}

impl Admission {
    pub(super) fn into_session(
        self,
        wire: Wire,
        intake: Intake,
        limits: Limits,
        out: BytesMut,
    ) -> (Seat, Session) {
        let Admission { seat, connect, .. } = self;
        let Limits { receive_maximum, topic_alias_maximum, topics, .. } = limits;
        let bounds = SessionBounds { receive_maximum, topic_alias_maximum, topics };
        let session = Session::new(seat.owner(), wire, connect, &seat.opened, bounds, intake, out);
        (seat, session)
    }
}

/// Reads the CONNECT, as long as it may take, and makes this connection the client's session.
pub(super) async fn admit<R: AsyncRead + Unpin>(
    reader: &mut R,
    input: &mut BytesMut,
    wire: &mut Wire,
    peer: &Peer,
    place: Place,
    shared: &Shared,
) -> Result<Admission, End> {
    let mut connect = place.within(greet(reader, input, wire)).await?;
    let hello = Hello {
        client_id: &connect.client_id,
        user: connect.user.as_deref(),
        password: connect.password.as_deref(),
        certificate: peer.certificate.as_deref(),
        peer: peer.address,
    };
    let admitted = async { shared.gate.admit(hello).await.map_err(refused) };
    let Admitted { principal, revoked } = place.within(admitted).await?;
    drop(place);
    let assigned_client_id = name(&connect, &principal, wire.is_v5())?;
    let client_id = assigned_client_id.as_deref().unwrap_or(&connect.client_id);
    check_will(&connect, &principal, shared.limits)?;
    let client = principal.client(client_id);
    let asked_expiry_s = connect.session_expiry_s;
    connect.session_expiry_s = asked_expiry_s.min(shared.limits.session_expiry_max_s);
    let claim = shared.claims.claim(client.clone()).await.ok_or(End::Stopping)?;
    let line = Line::default();
    let opening = Opening {
        client: client.clone(),
        clean_start: connect.clean_start,
        expiry_s: connect.session_expiry_s,
        line: line.clone(),
    };
    let opened = shared.store.open_session(opening).await.map_err(|error| match error {
        SettleError::Unsettled(_) => End::Withheld,
        SettleError::Stopped(_) => End::Stopping,
    })?;
    let is_shorter = connect.session_expiry_s != asked_expiry_s;
    let offer = Offer {
        session_present: opened.present,
        receive_maximum: shared.limits.receive_maximum,
        packet_bytes_max: shared.limits.packet_bytes_max,
        topic_alias_maximum: shared.limits.topic_alias_maximum,
        session_expiry_s: is_shorter.then_some(connect.session_expiry_s),
        assigned_client_id,
    };
    let keep_alive_s = connect.keep_alive_s;
    let peer = peer.address;
    let seat = Seat { principal, client, peer, claim, revoked, opened, line, keep_alive_s };
    Ok(Admission { offer, seat, connect })
}

/// Reads until the CONNECT is complete.
async fn greet<R: AsyncRead + Unpin>(
    reader: &mut R,
    input: &mut BytesMut,
    wire: &mut Wire,
) -> Result<Connect, End> {
    loop {
        match wire.read(input)? {
            Some(Incoming::Connect(connect)) => return Ok(*connect),
            Some(_) => return Err(End::Protocol),
            None => fill(reader, input).await?,
        }
    }
}

fn refused(refused: Refused) -> End {
    match refused {
        Refused::ClientId => End::ClientId,
        Refused::Credentials => End::Credentials,
        Refused::NotAuthorized => End::NotAuthorized,
        Refused::Busy => End::Busy,
    }
}

/// The client id that is chosen for a client that leaves it to us: a device's own, or one by chance. MQTT 3.1.1 allows that only to
/// clients whose session ends with the connection.
fn name(connect: &Connect, principal: &Principal, is_v5: bool) -> Result<Option<String>, End> {
    if !connect.client_id.is_empty() {
        return Ok(None);
    }
    if !is_v5 && !connect.clean_start {
        return Err(End::ClientId);
    }
    Ok(Some(match principal {
        Principal::Device(device) => device.as_str().to_owned(),
        Principal::Application(_) => format!("auto-{:016x}", fastrand::u64(..)),
    }))
}

/// A will is for a topic that its client may publish to.
fn check_will(connect: &Connect, principal: &Principal, limits: Limits) -> Result<(), End> {
    let Some(will) = &connect.will else { return Ok(()) };
    let topic = &will.publication.topic;
    check_name(topic, limits.topics).map_err(|_| End::TopicName)?;
    if principal.may_publish(topic) { Ok(()) } else { Err(End::NotAuthorized) }
}
