//! What the writer is asked: changes go into the group, questions are answered at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Writer;
use crate::domain::report::DeviceId;
use crate::store::database::Database;
use crate::store::group::Group;
use crate::store::handle::Request;
use crate::store::line::DeviceLine;
use crate::store::{dead_letters, evidence, journal, losses, restore, rows};

impl Writer {
    /// Puts a request that writes into the group; answers one that reads at once, before the group's transaction
    /// begins, so that nobody sees what is not yet committed. False when asked to close.
    pub(super) fn take(&mut self, request: Request, group: &mut Group) -> rusqlite::Result<bool> {
        group.requests += 1;
        let now = Instant::now();
        match request {
            Request::Submit(batch) => group.push(batch, &self.policies, now, self.opened_at),
            Request::Settle { settlement, answer } => {
                group.push_settlement(settlement, answer, &self.policies, now);
            }
            Request::SetAside { class, key, answer } => {
                group.ask_for_commit(now, Duration::ZERO);
                group.set_aside.push((class, key, answer));
            }
            Request::DownDone { device, id } => group.push_down_done(device, id, now),
            Request::OpenSession { opening, answer } => self.open_session(opening, answer, group)?,
            Request::LeaveSession(leaving) => self.leave_session(&leaving, group),
            Request::Subscribe(subscribing) => self.subscribe(subscribing, group),
            Request::Unsubscribe(unsubscribing) => self.unsubscribe(unsubscribing, group),
            Request::QueuedAfter { client, after, limit, answer } => {
                let read = |database: &mut Database| {
                    database.sessions.queued_after(&database.connection, &client, after, limit)
                };
                drop(answer.send(self.read(read)?));
            }
            Request::QueuedDone { client, id } => group.push_queued_done(client, id, now),
            Request::SendDown { message, answer } => {
                group.ask_for_commit(now, Duration::ZERO);
                group.sent_down.push((message, answer));
            }
            Request::Attach { device, line } => self.attach(device, &line)?,
            // Whoever asked and is gone needs no answer: the sends below may fail.
            Request::Head { class, from, limit, skip, answer } => {
                drop(answer.send(self.read(|database| database.head(class, from, limit, &skip))?));
            }
            Request::DeadLetters { after, limit, answer } => {
                let read = |database: &mut Database| dead_letters::after(&database.connection, after, limit);
                drop(answer.send(self.read(read)?));
            }
            Request::OrderDeadLetters { order, answer } => {
                group.ask_for_commit(now, Duration::ZERO);
                group.dead_letter_orders.push((order, answer));
            }
            Request::Scan { class, from, limit, answer } => {
                // A cursor must not stand beyond what a power cut leaves.
                self.mend(Writer::sync)?;
                drop(answer.send(self.read(|database| database.scan(class, from, limit))?));
            }
            Request::DownAfter { device, after, limit, answer } => {
                let read =
                    |database: &mut Database| rows::down_after(&database.connection, &device, after, limit);
                drop(answer.send(self.read(read)?));
            }
            Request::Anchors { boots, answer } => {
                let anchors = &self.database.anchors;
                let anchor = |(device, boot): (DeviceId, u32)| {
                    anchors.of(&device, boot).map(|anchor| ((device, boot), anchor))
                };
                drop(answer.send(boots.into_iter().filter_map(anchor).collect()));
            }
            Request::Evidence { device, file, answer } => {
                drop(answer.send(self.read(|database| database.evidence(&device, &file))?));
            }
            Request::EvidencePieces { id, from, chunk_bytes, answer } => {
                let read =
                    |database: &mut Database| evidence::read(&database.connection, id, from, chunk_bytes);
                drop(answer.send(self.read(read)?));
            }
            Request::SettleEvidence { verdict, answer } => {
                group.ask_for_commit(now, Duration::ZERO);
                group.verdicts.push((verdict, answer));
            }
            Request::Losses { after, limit, answer } => {
                let read = |database: &mut Database| losses::after(&database.connection, after, limit);
                drop(answer.send(self.read(read)?));
            }
            Request::Journal { after, limit, answer } => {
                let read = |database: &mut Database| journal::after(&database.connection, after, limit);
                drop(answer.send(self.read(read)?));
            }
            Request::LossesToReport { limit, answer } => {
                let hand_out = |database: &mut Database| {
                    let Database { connection, losses, .. } = database;
                    losses.hand_out(connection, limit)
                };
                drop(answer.send(self.read(hand_out)?));
            }
            Request::LossesReported { ids, at_ms, answer } => {
                group.ask_for_commit(now, Duration::ZERO);
                group.losses_reported.push((ids, at_ms, answer));
            }
            Request::Restore { restoration, answer } => {
                group.ask_for_commit(now, Duration::ZERO);
                group.push_restoration(restoration, answer);
            }
            Request::RestoreCursor { source, answer } => {
                let read = |database: &mut Database| restore::cursor(&database.connection, &source);
                let _ = answer.send(self.read(read)?);
            }
            Request::Ping { answer } => drop(answer.send(())),
            Request::Publish => self.publish()?,
            Request::Close => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn attach(&mut self, device: DeviceId, line: &Arc<DeviceLine>) -> rusqlite::Result<()> {
        let waits = self.read(|database| rows::down_after(&database.connection, &device, 0, 1))?;
        if !waits.is_empty() {
            line.ring();
        }
        self.lines.retain(|_, line| line.strong_count() > 0);
        self.lines.insert(device, Arc::downgrade(line));
        Ok(())
    }
}
