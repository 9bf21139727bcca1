//! The answers that take a while: one at a time for each session, beside its reading and writing.

use std::collections::VecDeque;
use std::future::pending;
use std::pin::Pin;

use bytes::Bytes;

use crate::domain::evidence::Enquiry;
use crate::domain::report::DeviceId;
use crate::downlink::answers::Answers;
use crate::store::handle::Stopped;

/// Enquiries of one session that may wait; a further one is forgotten, and the device asks again.
const WAITING_MAX: usize = 16;

/// An answer in the making: the frame, if one could be made.
type Making = Pin<Box<dyn Future<Output = Result<Option<Bytes>, Stopped>> + Send>>;

/// What a session was asked and has not answered.
pub(super) struct Answering {
    answers: Answers,
    device: DeviceId,
    waiting: VecDeque<Enquiry>,
    making: Option<Making>,
}

impl Answering {
    pub(super) fn new(answers: Answers, device: DeviceId) -> Answering {
        Answering { answers, device, waiting: VecDeque::new(), making: None }
    }

    /// Takes an enquiry; only the newest about each file counts.
    pub(super) fn push(&mut self, enquiry: Enquiry) {
        self.waiting.retain(|waiting| waiting.evidence() != enquiry.evidence());
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(enquiry);
        }
    }

    /// The next answer; never, while nothing was asked. Dropping this future loses nothing.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Stopped> {
        if self.making.is_none()
            && let Some(enquiry) = self.waiting.pop_front()
        {
            let (answers, device) = (self.answers.clone(), self.device.clone());
            self.making = Some(Box::pin(async move { answers.evidence(&device, enquiry).await }));
        }
        let Some(making) = &mut self.making else { return pending().await };
        let answer = making.await;
        self.making = None;
        answer
    }
}
