//! Carries incidents to a server of Open311, one a parcel.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::case::{Case, Unreadable};
use super::http::{Http, Response, form};
use super::intents::{Intents, Step};
use super::look_up::{self, Found};
use super::reply::{self, Reply};
use super::services::Services;
use super::{SetupError, marker, secret};
use crate::clock;
use crate::config::{Uplink, Way};
use crate::domain::coordinates::Coordinates;
use crate::store::settlement::{Decision, Pending};
use crate::uplink::carrier::{Answer, Carrier, Packed, Room, Trouble};

const FORM: &str = "application/x-www-form-urlencoded";
/// After so many look-ups in a row that failed, nobody can tell.
const LOOK_UPS_MAX: u32 = 3;
/// After so many failures of the server in a row, the record may be to blame: servers answer 500 to a service code they don't know.
const FAILURES_MAX: u32 = 5;
/// Requests are looked for so long before and after an attempt: the clocks of both may differ.
const LOOK_UP_AROUND: SignedDuration = SignedDuration::from_hours(24);
/// A clock that says less is not set: then the platform's usual page is looked at.
const CLOCK_SET_MS: i64 = 1_735_689_600_000;
/// What a request costs beside its body, both ways.
const AROUND_BYTES: usize = 700;

/// Carries incidents to a server of Open311 GeoReport v2.
pub struct Open311Carrier {
    gateway_id: String,
    /// The systems in which devices send their positions.
    coordinates: Coordinates,
    http: Http,
    services: Services,
    intents: Intents,
    jurisdiction: Option<String>,
    key_file: Option<PathBuf>,
    timeout: Duration,
    /// In a row, of whatever record: the lane tries the same one again.
    failed_look_ups: AtomicU32,
    server_failures: AtomicU32,
}

/// One incident, or a record that is none.
#[derive(Debug)]
pub struct Request {
    case: Result<Case, Unreadable>,
    wire_bytes: usize,
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
        let (jurisdiction, services) = match &uplink.way {
            Way::Open311(way) | Way::City(way) => (way.jurisdiction.clone(), way.services.as_deref()),
            _ => (None, None),
        };
        if let Some(path) = &uplink.token_file {
            secret(path)?;
        }
        Ok(Open311Carrier {
            gateway_id,
            coordinates,
            http: Http::new(uplink)?,
            services: Services::read(services)?,
            intents: Intents::open(&data_dir.join(format!("uplink-{}.intents", uplink.name)))?,
            jurisdiction,
            key_file: uplink.token_file.clone(),
            timeout: uplink.timeout,
            failed_look_ups: 0.into(),
            server_failures: 0.into(),
        })
    }

    /// The platform's word on an incident; `None`: it has it, and its number is still to come.
    async fn settle(&self, case: &Case) -> Result<Option<Decision>, Trouble> {
        let Some(service) = self.services.of(&case.kind, &case.code) else {
            let reason = format!("no service for {} {} in the table uplink.services", case.kind, case.code);
            return Ok(Some(Decision::Rejected { reason }));
        };
        match self.intents.step(&case.id).await? {
            Some(Step::Case(number)) => Ok(Some(accepted(number))),
            Some(Step::Token(token)) => self.ask_for_number(case, &token).await,
            Some(Step::Sent(sent_at_ms)) => match self.look_up(case, &service, sent_at_ms).await? {
                Found::Case(number) => self.number(case, number).await.map(Some),
                Found::Absent => self.post(case, &service, false).await,
                Found::Unknown => {
                    tracing::warn!(
                        record = case.id,
                        "an earlier attempt may have arrived, sent as possible_duplicate"
                    );
                    self.post(case, &service, true).await
                }
            },
            Some(Step::Nothing) | None => self.post(case, &service, false).await,
        }
    }

    async fn post(
        &self,
        case: &Case,
        service: &str,
        possible_duplicate: bool,
    ) -> Result<Option<Decision>, Trouble> {
        let body = form(&self.fields(case, service, possible_duplicate)?);
        self.intents.note(&case.id, Step::Sent(clock::unix_ms())).await?;
        let response = match self.http.post("/requests.json", FORM, None, body).await {
            Ok(response) => response,
            Err(no_answer) => {
                // What an earlier attempt left open stays open.
                if no_answer.never_left && !possible_duplicate {
                    self.intents.note(&case.id, Step::Nothing).await?;
                }
                return Err(no_answer.trouble);
            }
        };
        let reply = reply::entries(&response.body).map(|entries| reply::read(&entries));
        match (response.status, reply) {
            (200..=299, Ok(Reply::Case(number))) => self.number(case, number).await.map(Some),
            (200..=299, Ok(Reply::Token(token))) => {
                self.intents.note(&case.id, Step::Token(token.clone())).await?;
                self.ask_for_number(case, &token).await
            }
            (200..=299, Ok(Reply::Nothing)) => Err(Trouble::Garbled("neither a number nor a token".into())),
            (200..=299, Err(why)) => Err(Trouble::Garbled(why)),
            (_, reply) => self.refused(case, response, reply.ok()).await,
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
        fields.extend(self.jurisdiction.clone().map(|jurisdiction| ("jurisdiction_id", jurisdiction)));
        if let Some(path) = &self.key_file {
            // Read each time, so that a new key counts at once.
            fields.push(("api_key", secret(path).map_err(|error| Trouble::Setup(error.to_string()))?));
        }
        Ok(fields)
    }

    /// The number is known: it is kept, in case the record is asked about again before the store has settled it.
    async fn number(&self, case: &Case, number: String) -> Result<Decision, Trouble> {
        self.failed_look_ups.store(0, Ordering::Relaxed);
        self.server_failures.store(0, Ordering::Relaxed);
        self.intents.note(&case.id, Step::Case(number.clone())).await?;
        Ok(accepted(number))
    }

    /// A complaint, or a status that is one.
    async fn refused(
        &self,
        case: &Case,
        response: Response,
        reply: Option<Reply>,
    ) -> Result<Option<Decision>, Trouble> {
        let (own, text) = match reply {
            Some(Reply::Complaint { status, text }) => (status, text),
            _ => (None, reply::shorten(&String::from_utf8_lossy(&response.body))),
        };
        let status = if response.status < 300 { own.unwrap_or(400) } else { response.status };
        let response = Response { status, ..response };
        if status >= 500 {
            // It may have arrived all the same.
            if self.server_failures.fetch_add(1, Ordering::Relaxed) + 1 < FAILURES_MAX {
                return Err(Trouble::Unavailable { status, retry_after: response.retry_after });
            }
            self.server_failures.store(0, Ordering::Relaxed);
            return Err(Trouble::BatchRefused { status, reason: text });
        }
        self.intents.note(&case.id, Step::Nothing).await?;
        Err(response.trouble().unwrap_or(Trouble::BatchRefused { status, reason: text }))
    }

    /// Asks what became of a token.
    async fn ask_for_number(&self, case: &Case, token: &str) -> Result<Option<Decision>, Trouble> {
        let token: String =
            token.chars().filter(|char| char.is_ascii_alphanumeric() || "-_.~".contains(*char)).collect();
        let response = self.http.get(&format!("/tokens/{token}.json"), &self.whose()).await;
        let response = response.map_err(|no_answer| no_answer.trouble)?;
        match response.trouble() {
            Some(trouble) => Err(trouble),
            None => match reply::entries(&response.body).map(|entries| reply::read(&entries)) {
                Ok(Reply::Case(number)) => self.number(case, number).await.map(Some),
                _ => Ok(None),
            },
        }
    }

    /// Looks for an earlier attempt.
    async fn look_up(&self, case: &Case, service: &str, sent_at_ms: i64) -> Result<Found, Trouble> {
        let mut query = self.whose();
        query.push(("service_code", service.to_owned()));
        if let Some((from, to)) = window(sent_at_ms) {
            query.extend([("start_date", from), ("end_date", to)]);
        }
        let trouble = match self.http.get("/requests.json", &query).await {
            Err(no_answer) => no_answer.trouble,
            Ok(response) => match (response.status, response.trouble(), reply::entries(&response.body)) {
                (200, _, Ok(page)) => {
                    self.failed_look_ups.store(0, Ordering::Relaxed);
                    return Ok(look_up::find(case, &page));
                }
                (200, _, Err(_)) => return Ok(Found::Unknown),
                (501, ..) | (_, None, _) => return Ok(Found::Unknown), // it has no such thing
                (_, Some(trouble), _) => trouble,
            },
        };
        if self.failed_look_ups.fetch_add(1, Ordering::Relaxed) + 1 < LOOK_UPS_MAX {
            return Err(trouble);
        }
        self.failed_look_ups.store(0, Ordering::Relaxed);
        Ok(Found::Unknown)
    }

    fn whose(&self) -> Vec<(&'static str, String)> {
        self.jurisdiction.iter().map(|jurisdiction| ("jurisdiction_id", jurisdiction.clone())).collect()
    }
}

impl Carrier for Open311Carrier {
    type Parcel = Request;

    fn pack(&self, records: &[&Pending], _room: Room) -> Packed<Request> {
        let case = records
            .first()
            .ok_or(Unreadable)
            .and_then(|pending| Case::of(&self.gateway_id, self.coordinates, pending));
        let wire_bytes = AROUND_BYTES + case.as_ref().map_or(0, |case| 3 * case.text.len());
        Packed { records: 1, wire_bytes, parcel: Request { case, wire_bytes } }
    }

    async fn send(&self, Request { case, wire_bytes }: Request) -> Result<Answer, Trouble> {
        let decision = match case {
            Err(unreadable) => Some(Decision::Rejected { reason: unreadable.to_string() }),
            Ok(case) => tokio::time::timeout(self.timeout, self.settle(&case))
                .await
                .unwrap_or(Err(Trouble::Deadline))?,
        };
        Ok(Answer { decisions: vec![decision], wire_bytes })
    }
}

fn accepted(number: String) -> Decision {
    Decision::Accepted { case_number: Some(number) }
}

/// The time around an attempt as the platform reads it; `None` when the gateway's clock was not set.
fn window(sent_at_ms: i64) -> Option<(String, String)> {
    let sent_at = Timestamp::from_millisecond(sent_at_ms).ok().filter(|_| sent_at_ms >= CLOCK_SET_MS)?;
    let text = |moment: Timestamp| format!("{:.0}", moment);
    Some((text(sent_at.checked_sub(LOOK_UP_AROUND).ok()?), text(sent_at.checked_add(LOOK_UP_AROUND).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_looked_for_around_the_attempt_unless_the_clock_was_not_set() {
        let (from, to) = window(1_795_396_366_007).unwrap();
        assert_eq!((from.as_str(), to.as_str()), ("2026-11-22T01:12:46Z", "2026-11-24T01:12:46Z"));
        assert_eq!(window(5_000), None);
        assert_eq!(window(i64::MAX), None);
    }
}
