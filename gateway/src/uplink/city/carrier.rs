//! Carries incidents to a city platform, one a parcel.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::clock;
use crate::config::{Uplink, Way};
use crate::domain::coordinates::Coordinates;
use crate::store::settlement::{Decision, Pending};
use crate::uplink::carrier::{Answer, Carrier, Packed, Room, Trouble};
use crate::uplink::open311::case::{Case, Unreadable};
use crate::uplink::open311::http::{Http, Response};
use crate::uplink::open311::intents::{Intents, Step};
use crate::uplink::open311::reply::shorten;
use crate::uplink::open311::services::Services;
use crate::uplink::open311::{SetupError, secret};

const JSON: &str = "application/json";
/// What a request costs beside its body, both ways.
const AROUND_BYTES: usize = 900;
/// China has one time, without summer time; the interface writes it without saying so.
const CHINA: i8 = 8;

/// Carries incidents to a platform in the style of a city's third-party interface.
pub struct CityCarrier {
    gateway_id: String,
    /// The systems in which devices send their positions.
    coordinates: Coordinates,
    http: Http,
    services: Services,
    intents: Intents,
    jurisdiction: Option<String>,
    key_file: Option<PathBuf>,
    timeout: Duration,
    /// What the last log-in gave.
    token: Mutex<Option<String>>,
}

/// One incident, or a record that is none.
#[derive(Debug)]
pub struct Push {
    case: Result<Case, Unreadable>,
    wire_bytes: usize,
}

/// An answer in this style.
struct Reply {
    /// 0 and 200 are good.
    code: i64,
    msg: String,
    data: Value,
    retry_after: Option<Duration>,
}

impl CityCarrier {
    /// Carries incidents of `gateway_id` to the platform of `uplink`; devices send positions in the systems of `coordinates`. The intents
    /// are a file in `data_dir`, named after the uplink.
    ///
    /// # Errors
    /// [`SetupError`].
    pub fn new(
        uplink: &Uplink,
        gateway_id: String,
        coordinates: Coordinates,
        data_dir: &Path,
    ) -> Result<CityCarrier, SetupError> {
        let (jurisdiction, services) = match &uplink.way {
            Way::Open311(way) | Way::City(way) => (way.jurisdiction.clone(), way.services.as_deref()),
            _ => (None, None),
        };
        if let Some(path) = &uplink.token_file {
            secret(path)?;
        }
        Ok(CityCarrier {
            gateway_id,
            coordinates,
            http: Http::new(uplink)?,
            services: Services::read(services)?,
            intents: Intents::open(&data_dir.join(format!("uplink-{}.intents", uplink.name)))?,
            jurisdiction,
            key_file: uplink.token_file.clone(),
            timeout: uplink.timeout,
            token: Mutex::new(None),
        })
    }

    async fn settle(&self, case: &Case) -> Result<Decision, Trouble> {
        let Some(service) = self.services.of(&case.kind, &case.code) else {
            let reason = format!("no type for {} {} in the table uplink.services", case.kind, case.code);
            return Ok(Decision::Rejected { reason });
        };
        let possible_duplicate = match self.intents.step(&case.id).await? {
            Some(Step::Case(number)) => return Ok(accepted(number)),
            Some(Step::Taken(_)) => return Ok(Decision::Accepted { case_number: None }),
            Some(Step::Sent(_)) => true,
            Some(Step::Token(_) | Step::Nothing) | None => false,
        };
        if possible_duplicate {
            tracing::warn!(
                record = case.id,
                "an earlier attempt may have arrived, sent as possible_duplicate"
            );
        }
        let body = self.body(case, &service, possible_duplicate).to_string();
        let mut reply = self.push(case, possible_duplicate, body.clone()).await?;
        if matches!(reply.code, 401 | 403) {
            // The log-in has run out; once, or a wrong key would be tried for ever.
            *self.token.lock().await = None;
            reply = self.push(case, possible_duplicate, body).await?;
        }
        self.word(case, reply).await
    }

    /// Pushes a case, logged in.
    async fn push(&self, case: &Case, possible_duplicate: bool, body: String) -> Result<Reply, Trouble> {
        let token = self.logged_in().await?;
        self.intents.note(&case.id, Step::Sent(clock::unix_ms())).await?;
        match self.http.post("/report", JSON, token.as_deref(), body).await {
            Ok(response) => Reply::read(&response),
            Err(no_answer) => {
                if no_answer.never_left && !possible_duplicate {
                    self.intents.note(&case.id, Step::Nothing).await?;
                }
                Err(no_answer.trouble)
            }
        }
    }

    /// What the platform's answer means.
    async fn word(&self, case: &Case, reply: Reply) -> Result<Decision, Trouble> {
        match reply.code {
            0 | 200 => {
                let Some(number) = reply.number() else {
                    // Sent again, it would be a second case.
                    tracing::warn!(record = case.id, "the platform has taken it, and gives no number");
                    self.intents.note(&case.id, Step::Taken(clock::unix_ms())).await?;
                    return Ok(Decision::Accepted { case_number: None });
                };
                self.intents.note(&case.id, Step::Case(number.clone())).await?;
                Ok(accepted(number))
            }
            401 | 403 => {
                self.intents.note(&case.id, Step::Nothing).await?;
                Err(Trouble::Denied { status: 401 })
            }
            code => {
                let status = u16::try_from(code).unwrap_or(400);
                if matches!(status, 408 | 429 | 500..=599) {
                    // The platform's own trouble, whatever HTTP says: it may have arrived.
                    return Err(Trouble::Unavailable { status, retry_after: reply.retry_after });
                }
                self.intents.note(&case.id, Step::Nothing).await?;
                Err(Trouble::BatchRefused { status, reason: reply.msg })
            }
        }
    }

    /// The token of a log-in; none when there is no key to log in with.
    async fn logged_in(&self) -> Result<Option<String>, Trouble> {
        let Some(path) = &self.key_file else { return Ok(None) };
        let mut token = self.token.lock().await;
        if token.is_none() {
            let secret = secret(path).map_err(|error| Trouble::Setup(error.to_string()))?;
            let body = json!({"appId": self.gateway_id, "secret": secret}).to_string();
            let response = self.http.post("/token", JSON, None, body).await;
            let reply = Reply::read(&response.map_err(|no_answer| no_answer.trouble)?)?;
            match (reply.code, reply.data["token"].as_str()) {
                (0 | 200, Some(given)) => *token = Some(given.to_owned()),
                (0 | 200, None) => return Err(Trouble::Garbled("the log-in gave no token".into())),
                _ => return Err(Trouble::Setup(format!("the platform does not let us in: {}", reply.msg))),
            }
        }
        Ok(token.clone())
    }

    /// The case as the interface has it.
    fn body(&self, case: &Case, service: &str, possible_duplicate: bool) -> Value {
        let [lon, lat] = case.position.map_or([None, None], |place| place.map(Some));
        json!({
            "caseId": case.id,
            "areaCode": self.jurisdiction,
            "recTypeId": if case.kind == "component" { 2 } else { 1 },
            "eventTypeCode": service,
            "eventDesc": if possible_duplicate { format!("{} [possible_duplicate]", case.text) } else { case.text.clone() },
            "address": case.address,
            // CGCS2000 and WGS-84 are the same to within a device's accuracy.
            "lng": lon, "lat": lat, "coordType": "CGCS2000",
            "reportTime": local(&case.time),
            "deviceId": case.device,
            "medias": [],
        })
    }
}

impl Reply {
    fn read(response: &Response) -> Result<Reply, Trouble> {
        let garbled = |text: String| Trouble::Garbled(shorten(&text));
        if let Some(trouble) = response.trouble().filter(|_| !matches!(response.status, 401 | 403)) {
            return Err(trouble);
        }
        let answer: Value = match serde_json::from_slice(&response.body) {
            Ok(answer) => answer,
            Err(_) if response.status >= 400 => json!({"code": response.status}),
            Err(error) => return Err(garbled(error.to_string())),
        };
        let code = match &answer["code"] {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let code = code.or_else(|| (response.status >= 400).then(|| response.status.into()));
        let code = code.ok_or_else(|| garbled("an answer without a code".into()))?;
        Ok(Reply {
            code,
            msg: shorten(answer["msg"].as_str().unwrap_or_default()),
            data: answer["data"].clone(),
            retry_after: response.retry_after,
        })
    }

    /// The platform's own number of the case, wherever in the data it stands.
    fn number(&self) -> Option<String> {
        let places = [&self.data["recId"], &self.data["caseNo"], &self.data["taskNum"], &self.data];
        let text = |value: &Value| match value {
            Value::String(text) => Some(shorten(text)),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        places.into_iter().find_map(text).filter(|number| !number.is_empty())
    }
}

impl Carrier for CityCarrier {
    type Parcel = Push;

    fn pack(&self, records: &[&Pending], _room: Room) -> Packed<Push> {
        let case = records
            .first()
            .ok_or(Unreadable)
            .and_then(|pending| Case::of(&self.gateway_id, self.coordinates, pending));
        let wire_bytes = AROUND_BYTES + case.as_ref().map_or(0, |case| case.text.len());
        Packed { records: 1, wire_bytes, parcel: Push { case, wire_bytes } }
    }

    async fn send(&self, Push { case, wire_bytes }: Push) -> Result<Answer, Trouble> {
        let decision = match case {
            Err(unreadable) => Decision::Rejected { reason: unreadable.to_string() },
            Ok(case) => tokio::time::timeout(self.timeout, self.settle(&case))
                .await
                .unwrap_or(Err(Trouble::Deadline))?,
        };
        Ok(Answer { decisions: vec![Some(decision)], wire_bytes })
    }
}

fn accepted(number: String) -> Decision {
    Decision::Accepted { case_number: Some(number) }
}

/// A time in RFC 3339 as the interface writes it: China's, without saying so.
fn local(time: &str) -> Option<String> {
    let moment: jiff::Timestamp = time.parse().ok()?;
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::Offset::from_hours(CHINA).ok()?);
    Some(moment.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_a_clock_in_china_shows_it() {
        assert_eq!(local("2026-11-23T01:12:44.120Z").as_deref(), Some("2026-11-23 09:12:44"));
        assert_eq!(local("yesterday"), None);
    }

    #[test]
    fn an_answer_is_read_by_its_code_and_a_number_wherever_it_stands() {
        let read = |status, body: &str| {
            Reply::read(&Response { status, retry_after: None, body: body.as_bytes().to_vec() })
        };
        let number = |body: &str| read(200, body).ok().and_then(|reply| reply.number());
        assert_eq!(number(r#"{"code": "0", "data": {"recId": 7}}"#).as_deref(), Some("7"));
        assert_eq!(number(r#"{"code": 200, "data": "AJ-7"}"#).as_deref(), Some("AJ-7"));
        assert_eq!(number(r#"{"code": 200, "data": {}}"#), None);
        assert_eq!(read(401, "denied").ok().map(|reply| reply.code), Some(401));
        assert_eq!(read(422, r#"{"error": "no"}"#).ok().map(|reply| reply.code), Some(422));
        assert!(matches!(read(200, "{}"), Err(Trouble::Garbled(_))));
        assert!(matches!(read(502, "{}"), Err(Trouble::Unavailable { status: 502, .. })));
    }
}
