//! Carries incidents to a city platform, one a parcel.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::clock;
use crate::config::Uplink;
use crate::domain::coordinates::Coordinates;
use crate::store::settlement::{Decision, Pending};
use crate::uplink::carrier::{Answer, Carrier, Packed, Room, Trouble};
use crate::uplink::open311::case::Case;
use crate::uplink::open311::desk::{Desk, One, accepted};
use crate::uplink::open311::http::Response;
use crate::uplink::open311::intents::Step;
use crate::uplink::open311::reply::shorten;
use crate::uplink::open311::{SetupError, secret};

const JSON: &str = "application/json";
/// What a request costs beside its body, both ways.
const AROUND_BYTES: usize = 900;
/// China has one time, without summer time; the interface writes it without saying so.
const CHINA: i8 = 8;

/// Carries incidents to a platform in the style of a city's third-party interface.
pub struct CityCarrier {
    desk: Desk,
    /// What the last log-in gave.
    token: Mutex<Option<String>>,
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
        Ok(CityCarrier {
            desk: Desk::open(uplink, gateway_id, coordinates, data_dir)?,
            token: Mutex::new(None),
        })
    }

    async fn settle(&self, case: &Case) -> Result<Decision, Trouble> {
        let Some(service) = self.desk.services.of(&case.kind, &case.code) else {
            let reason = format!("no type for {} {} in the table uplink.services", case.kind, case.code);
            return Ok(Decision::Rejected { reason });
        };
        let possible_duplicate = match self.desk.intents.step(&case.id).await? {
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
        self.desk.intents.note(&case.id, Step::Sent(clock::unix_ms())).await?;
        match self.desk.http.post("/report", JSON, token.as_deref(), body).await {
            Ok(response) => Reply::read(&response),
            Err(no_answer) => {
                if no_answer.never_left && !possible_duplicate {
                    self.desk.intents.note(&case.id, Step::Nothing).await?;
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
                    self.desk.intents.note(&case.id, Step::Taken(clock::unix_ms())).await?;
                    return Ok(Decision::Accepted { case_number: None });
                };
                self.desk.intents.note(&case.id, Step::Case(number.clone())).await?;
                Ok(accepted(number))
            }
            401 | 403 => {
                self.desk.intents.note(&case.id, Step::Nothing).await?;
                Err(Trouble::Denied { status: 401 })
            }
            code => {
                let status = u16::try_from(code).unwrap_or(400);
                if matches!(status, 408 | 429 | 500..=599) {
                    // The platform's own trouble, whatever HTTP says: it may have arrived.
                    return Err(Trouble::Unavailable { status, retry_after: reply.retry_after });
                }
                self.desk.intents.note(&case.id, Step::Nothing).await?;
                Err(Trouble::BatchRefused { status, reason: reply.msg })
            }
        }
    }

    /// The token of a log-in; none when there is no key to log in with.
    async fn logged_in(&self) -> Result<Option<String>, Trouble> {
        let Some(path) = &self.desk.key_file else { return Ok(None) };
        let mut token = self.token.lock().await;
        if token.is_none() {
            let secret = secret(path).map_err(|error| Trouble::Setup(error.to_string()))?;
            let body = json!({"appId": self.desk.gateway_id, "secret": secret}).to_string();
            let response = self.desk.http.post("/token", JSON, None, body).await;
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
            "areaCode": self.desk.jurisdiction,
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
    type Parcel = One;

    fn pack(&self, records: &[&Pending], _room: Room) -> Packed<One> {
        let case = self.desk.case(records);
        let wire_bytes = AROUND_BYTES + case.as_ref().map_or(0, |case| case.text.len());
        Packed { records: 1, wire_bytes, parcel: One { case, wire_bytes } }
    }

    async fn send(&self, One { case, wire_bytes }: One) -> Result<Answer, Trouble> {
        let decision = match case {
            Err(unreadable) => Decision::Rejected { reason: unreadable.to_string() },
            Ok(case) => tokio::time::timeout(self.desk.timeout, self.settle(&case))
                .await
                .unwrap_or(Err(Trouble::Deadline))?,
        };
        Ok(Answer { decisions: vec![Some(decision)], wire_bytes })
    }
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
