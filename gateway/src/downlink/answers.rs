//! Answers to what devices ask: how far a transfer is, and what time it is.

use std::sync::Arc;

use bytes::Bytes;
use firmware_protocol::body::TimeSync;
use tokio::sync::Semaphore;

use super::sealer::{Sealer, plausible};
use super::verification;
use crate::clock;
use crate::domain::admission::TimeQuestion;
use crate::domain::evidence::{Answer, Enquiry};
use crate::domain::keyring::Keyring;
use crate::domain::report::DeviceId;
use crate::metrics::Metrics;
use crate::store::custody::Standing;
use crate::store::handle::{Stopped, Store};

/// Files that are checked at the same time; each holds up to 256 KiB in memory.
const VERIFICATIONS_MAX: usize = 2;

/// What answers are made from. Cheap to clone.
#[derive(Clone)]
pub struct Answers {
    store: Store,
    sealer: Sealer,
    metrics: Arc<Metrics>,
    verifications: Arc<Semaphore>,
}

impl Answers {
    /// Answers sealed with the keys of `keyring`, and numbered within the start of this number.
    pub fn new(store: Store, keyring: Arc<Keyring>, start_number: u32, metrics: Arc<Metrics>) -> Answers {
        let verifications = Arc::new(Semaphore::new(VERIFICATIONS_MAX));
        Answers { store, sealer: Sealer::new(keyring, start_number), metrics, verifications }
    }

    /// The answer to a question about the time that came at `received_at_ms`, to be sent at once. A gateway that does not
    /// know the time says so with zeros.
    pub fn time(&self, device: &DeviceId, question: TimeQuestion, received_at_ms: i64) -> Option<Bytes> {
        let TimeQuestion { asked_boot, asked_uptime_ms } = question;
        let now_ms = plausible(clock::unix_ms());
        let received_unix_ms = plausible(received_at_ms).filter(|_| now_ms.is_some()).unwrap_or(0);
        let sent_unix_ms = now_ms.filter(|_| received_unix_ms > 0).unwrap_or(0);
        let body = TimeSync { asked_boot, asked_uptime_ms, received_unix_ms, sent_unix_ms };
        self.metrics.down_answers.add("time", 1);
        self.sealer.seal(device, &body, now_ms)
    }

    /// The answer to a device that has described a file, by what is committed. Takes as long as it takes to check the file,
    /// when it is there as a whole for the first time.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn evidence(&self, device: &DeviceId, enquiry: Enquiry) -> Result<Option<Bytes>, Stopped> {
        let answer = self.transfer(device, enquiry).await?;
        self.metrics.down_answers.add(answer.as_str(), 1);
        let body = answer.body(enquiry.evidence()).ok();
        Ok(body.and_then(|body| self.sealer.seal(device, &body, plausible(clock::unix_ms()))))
    }

    async fn transfer(&self, device: &DeviceId, enquiry: Enquiry) -> Result<Answer, Stopped> {
        let Enquiry::About(file) = enquiry else { return Ok(Answer::Refused) };
        match self.store.evidence(device.clone(), file).await? {
            Standing::Told(answer) => Ok(answer),
            Standing::Whole { id, mismatches } => {
                // It is never closed; were it, one check more at a time would do no harm.
                let _turn = self.verifications.acquire().await;
                verification::verify(&self.store, device, &file, (id, mismatches)).await
            }
        }
    }
}
