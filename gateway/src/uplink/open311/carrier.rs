//! Carries incidents to a server of Open311, one a parcel.

mod asking;

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::case::Case;
use super::choking::{Choking, Verdict};
use super::desk::{Desk, One, accepted};
use super::http::{Response, form};
use super::intents::Step;
use super::look_up::Found;
use super::reply::{self, Reply};
use super::{SetupError, marker, secret};
use crate::clock;
use crate::config::Uplink;
use crate::domain::coordinates::Coordinates;
use crate::store::settlement::{Decision, Pending};
use crate::uplink::carrier::{Answer, Carrier, Packed, Room, Trouble};

const FORM: &str = "application/x-www-form-urlencoded";
/// What a request costs beside its body, both ways.
const AROUND_BYTES: usize = 700;

/// Carries incidents to a server of Open311 GeoReport v2.
pub struct Open311Carrier {
    desk: Desk,
    /// In a row, of whatever record: the lane tries the same one again.
    failed_look_ups: AtomicU32,
    choking: Mutex<Choking>,
}

impl Open311Carrier {
    /// Carries incidents of `gateway_id` to the server of `uplink`; devices send positions in the systems of `coordinates`. The intents
    /// are a file in `data_dir`, named after the uplink.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn new(
        uplink: &Uplink,
        gateway_id: String,
        coordinates: Coordinates,
        data_dir: &Path,
    ) -> Result<Open311Carrier, SetupError> {
        Ok(Open311Carrier {
            desk: Desk::open(uplink, gateway_id, coordinates, data_dir)?,
            failed_look_ups: 0.into(),
            choking: Mutex::default(),
        })
    }

    /// The platform's word on an incident; `None`: nobody can tell before others were tried.
    async fn settle(&self, case: &Case) -> Result<Option<Decision>, Trouble> {
        let Some(service) = self.desk.services.of(&case.kind, &case.code) else {
            let reason = format!("no service for {} {} in the table uplink.services", case.kind, case.code);
            return Ok(Some(Decision::Rejected { reason }));
        };
        match self.desk.intents.step(&case.id).await? {
            Some(Step::Case(number)) => Ok(Some(accepted(number))),
            Some(Step::Token(token)) => self.ask_for_number(case, &token).await.map(Some),
            Some(Step::Taken(sent_at_ms)) => self.conclude(case, &service, sent_at_ms).await.map(Some),
            Some(Step::Sent(sent_at_ms)) => match self.look_up(case, &service, sent_at_ms).await? {
                Found::Case(number) => self.number(case, number).await.map(Some),
                Found::Absent => self.post(case, &service, Some(sent_at_ms), false).await,
                Found::Unknown | Found::Unreadable => {
                    tracing::warn!(
                        record = case.id,
                        "an earlier attempt may have arrived, sent as possible_duplicate"
                    );
                    self.post(case, &service, Some(sent_at_ms), true).await
                }
            },
            Some(Step::Nothing) | None => self.post(case, &service, None, false).await,
        }
    }

    /// Sends a record. `before`: when it was first sent, if an attempt is open.
    async fn post(
        &self,
        case: &Case,
        service: &str,
        before: Option<i64>,
        possible_duplicate: bool,
    ) -> Result<Option<Decision>, Trouble> {
        let body = form(&self.fields(case, service, possible_duplicate)?);
        let sent_at_ms = before.unwrap_or_else(clock::unix_ms);
        self.desk.intents.note(&case.id, Step::Sent(sent_at_ms)).await?;
        let response = match self.desk.http.post("/requests.json", FORM, None, body).await {
            Ok(response) => response,
            Err(no_answer) => {
                // What an earlier attempt left open stays open.
                if no_answer.never_left && before.is_none() {
                    self.desk.intents.note(&case.id, Step::Nothing).await?;
                }
                return Err(no_answer.trouble);
            }
        };
        let reply = reply::entries(&response.body).map(|entries| reply::read(&entries));
        match (response.status, reply) {
            (200..=299, Ok(Reply::Case(number))) => self.number(case, number).await.map(Some),
            (200..=299, Ok(Reply::Token(token))) => {
                self.choking().took(&case.id);
                self.desk.intents.note(&case.id, Step::Token(token.clone())).await?;
                self.ask_for_number(case, &token).await.map(Some)
            }
            // It need not be the server that says so.
            (200..=299, Err(why))
                if reply::is_page(&response.body)
                    && self.look_up(case, service, sent_at_ms).await? == Found::Unreadable =>
            {
                Err(Trouble::Garbled(why))
            }
            (200..=299, Ok(Reply::Nothing) | Err(_)) => {
                self.choking().took(&case.id);
                self.desk.intents.note(&case.id, Step::Taken(sent_at_ms)).await?;
                self.conclude(case, service, sent_at_ms).await.map(Some)
            }
            (_, reply) => self.refused(case, response, reply.ok(), before.is_none()).await,
        }
    }

    /// The fields of a request.
    fn fields(
        &self,
        case: &Case,
        service: &str,
        possible_duplicate: bool,
    ) -> Result<Vec<(&'static str, String)>, Trouble> {
        let mut fields = vec![
            ("service_code", service.to_owned()),
            ("description", marker::description(&case.text, &case.id, possible_duplicate)),
            ("device_id", case.device.clone()),
        ];
        if let Some([lon, lat]) = case.position {
            fields.extend([("lat", lat.to_string()), ("long", lon.to_string())]);
        }
        fields.extend(case.address.clone().map(|address| ("address_string", address)));
        fields.extend(self.desk.jurisdiction.clone().map(|jurisdiction| ("jurisdiction_id", jurisdiction)));
        if let Some(path) = &self.desk.key_file {
            // Read each time, so that a new key counts at once.
            fields.push(("api_key", secret(path).map_err(|error| Trouble::Setup(error.to_string()))?));
        }
        Ok(fields)
    }

    /// The number is known: it is kept, in case the record is asked about again before the store has settled it.
    async fn number(&self, case: &Case, number: String) -> Result<Decision, Trouble> {
        self.failed_look_ups.store(0, Ordering::Relaxed);
        self.choking().took(&case.id);
        self.desk.intents.note(&case.id, Step::Case(number.clone())).await?;
        Ok(accepted(number))
    }

    /// A complaint, or a status that is one.
    async fn refused(
        &self,
        case: &Case,
        response: Response,
        reply: Option<Reply>,
        is_first: bool,
    ) -> Result<Option<Decision>, Trouble> {
        let (own, text) = match reply {
            Some(Reply::Complaint { status, text }) => (status, text),
            _ => (None, reply::shorten(&String::from_utf8_lossy(&response.body))),
        };
        let status = if response.status < 300 { own.unwrap_or(400) } else { response.status };
        let response = Response { status, ..response };
        if status >= 500 {
            // It may have arrived all the same.
            let trouble = Trouble::Unavailable { status, retry_after: response.retry_after };
            if status != 500 || response.retry_after.is_some() {
                return Err(trouble);
            }
            return match self.choking().failed(&case.id) {
                Verdict::Wait => Err(trouble),
                Verdict::LetOthersGo => Ok(None),
                Verdict::Blame => Err(Trouble::BatchRefused { status, reason: text }),
            };
        }
        if is_first {
            self.desk.intents.note(&case.id, Step::Nothing).await?;
        }
        Err(response.trouble().unwrap_or(Trouble::BatchRefused { status, reason: text }))
    }

    fn whose(&self) -> Vec<(&'static str, String)> {
        self.desk.jurisdiction.iter().map(|jurisdiction| ("jurisdiction_id", jurisdiction.clone())).collect()
    }

    fn choking(&self) -> MutexGuard<'_, Choking> {
        self.choking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Carrier for Open311Carrier {
    type Parcel = One;

    fn pack(&self, records: &[&Pending], _room: Room) -> Packed<One> {
        let case = self.desk.case(records);
        let wire_bytes = AROUND_BYTES + case.as_ref().map_or(0, |case| 3 * case.text.len());
        Packed { records: 1, wire_bytes, parcel: One { case, wire_bytes } }
    }

    async fn send(&self, One { case, wire_bytes }: One) -> Result<Answer, Trouble> {
        let decision = match case {
            Err(unreadable) => Some(Decision::Rejected { reason: unreadable.to_string() }),
            Ok(case) => tokio::time::timeout(self.desk.timeout, self.settle(&case))
                .await
                .unwrap_or(Err(Trouble::Deadline))?,
        };
        Ok(Answer { decisions: vec![decision], wire_bytes })
    }
}
