//! The verdict: what devices were promised against what the platform has.
//!
//! Acknowledged = arrived + explained by loss records + lost. Only what is lost breaks a promise.
//!
//! Photos have lines of their own: a gateway keeps them, and their way to the platform is not built yet, so they are neither
//! delivered nor lost. What the verdict says of them is what the gateway told their devices.

use std::collections::HashSet;
use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;

use serde::Serialize;

use super::{DeviceLedger, Loss, PhotoState, PlatformView, explanation};

/// Lost ids named in the verdict; the rest is counted only.
const NAMED_MAX: usize = 20;

/// The reconciled result of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Records a device has a PUBACK for.
    pub acknowledged: u64,
    /// Of those, how many the platform took in or refused with a reason.
    pub acknowledged_arrived: u64,
    /// Distinct events the platform took in.
    pub delivered: u64,
    /// Acknowledged records that are gone by the gateways' own account, told in loss records. Some of them may not have been
    /// acknowledged to their devices after all, or have arrived in spite of it.
    pub losses_told: u64,
    /// Acknowledged and unknown to the platform, and explained by a loss record of their device, boot, class and number.
    pub explained: u64,
    /// Acknowledged, unknown to the platform, and not explained. A fault.
    pub lost: u64,
    /// The first twenty of them.
    pub lost_ids: Vec<Arc<str>>,
    /// Copies the platform recognised by (source, id).
    pub duplicates_suppressed: u64,
    /// Taken in by the platform although no device has a PUBACK: stored, and the connection died before the ack. No fault.
    pub unacknowledged_delivered: u64,
    /// Records refused to the device with a reason code of 0x80 or more.
    pub refused: u64,
    /// Events the platform refused for good.
    pub rejected: u64,
    /// Cases the platform opened.
    pub cases: u64,
    /// Photos that were described to the gateway: it has acknowledged the description, or said more than that.
    pub photos: u64,
    /// Of those, how many descriptions the gateway keeps and the platform does not have.
    pub photos_at_gateway: u64,
    /// Photos that the gateway told their devices it has whole, so that these have deleted them.
    pub photos_complete: u64,
    /// Of those, how many the gateway does not count as complete. A fault.
    pub photos_missing: u64,
    /// Receipts devices got that name the platform's own case number.
    pub receipts: u64,
    /// Cases whose receipt has not reached the device (it may be offline or still on its way). No fault.
    pub receipts_missing: u64,
    /// Receipts with a case number that is not the platform's. A fault.
    pub receipts_wrong: Vec<Arc<str>>,
    /// Ids that came again with other content. A fault.
    pub conflicts: Vec<Arc<str>>,
}

impl Verdict {
    /// Reconciles the two ledgers.
    pub fn reconcile(devices: &DeviceLedger, platform: &PlatformView) -> Verdict {
        let acknowledged = devices.acknowledged_records();
        let arrived = |id: &Arc<str>| platform.delivered.contains_key(id) || platform.rejected.contains(id);
        let missing: Vec<_> = acknowledged.iter().filter(|(id, _)| !arrived(id)).cloned().collect();
        let explained = explanation::explained(&missing, &platform.losses);
        let lost: Vec<&Arc<str>> =
            missing.iter().map(|(id, _)| id).filter(|id| !explained.contains(*id)).collect();
        let photos = devices.photos();
        let known: HashSet<&Arc<str>> = acknowledged.iter().map(|(id, _)| id).chain(photos.keys()).collect();
        let held = |id: &&Arc<str>| !arrived(id);
        let verdict = Verdict {
            acknowledged: acknowledged.len() as u64,
            acknowledged_arrived: (acknowledged.len() - missing.len()) as u64,
            delivered: platform.delivered.len() as u64,
            losses_told: platform.losses.iter().map(Loss::records_taken).sum(),
            explained: explained.len() as u64,
            lost: lost.len() as u64,
            lost_ids: lost.into_iter().take(NAMED_MAX).cloned().collect(),
            duplicates_suppressed: platform.duplicates,
            unacknowledged_delivered: platform.delivered.keys().filter(|id| !known.contains(id)).count()
                as u64,
            refused: devices.counts().refused,
            rejected: platform.rejected.len() as u64,
            cases: platform.delivered.values().flatten().count() as u64,
            photos: photos.len() as u64,
            photos_at_gateway: photos.keys().filter(held).count() as u64,
            photos_complete: photos.values().filter(|state| **state == PhotoState::Complete).count() as u64,
            conflicts: platform.conflicts.iter().cloned().collect(),
            ..Verdict::default()
        };
        verdict.with_receipts(devices, platform)
    }

    fn with_receipts(mut self, devices: &DeviceLedger, platform: &PlatformView) -> Verdict {
        let receipts = devices.receipts();
        for (id, case) in
            platform.delivered.iter().filter_map(|(id, case)| case.as_ref().map(|case| (id, case)))
        {
            match receipts.get(id).map(|receipt| receipt.case.as_deref()) {
                Some(Some(named)) if named == case.as_ref() => self.receipts += 1,
                Some(_) => self.receipts_wrong.push(id.clone()),
                None => self.receipts_missing += 1,
            }
        }
        let unfounded = |id: &&Arc<str>| {
            receipts.get(*id).is_some_and(|receipt| receipt.case.is_some())
                && !matches!(platform.delivered.get(*id), Some(Some(_)))
        };
        self.receipts_wrong.extend(receipts.keys().filter(unfounded).cloned());
        self.receipts_wrong.sort();
        self
    }

    /// Holds the gateway to its word with the number of photos that it says it has, if it says one.
    #[must_use]
    pub fn with_gateway_photos(self, complete: Option<u64>) -> Verdict {
        let photos_missing = complete.map_or(0, |complete| self.photos_complete.saturating_sub(complete));
        Verdict { photos_missing, ..self }
    }

    /// Whether every promise was kept.
    pub fn holds(&self) -> bool {
        self.lost == 0
            && self.photos_missing == 0
            && self.conflicts.is_empty()
            && self.receipts_wrong.is_empty()
    }

    /// 0 when every promise was kept, else 1.
    pub fn exit_code(&self) -> ExitCode {
        if self.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl fmt::Display for Verdict {
    /// A bilingual table, one fact a line, and the verdict in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [
            ("已确认", "acknowledged to devices (PUBACK)", self.acknowledged),
            ("已送达", "delivered to the platform, distinct", self.delivered),
            ("上报损失", "lost by the gateway's own account", self.losses_told),
            ("说明损失", "explained losses (acknowledged, told in loss records)", self.explained),
            ("丢  失", "lost (acknowledged, never arrived, not explained)", self.lost),
            ("去  重", "duplicates suppressed by (source, id)", self.duplicates_suppressed),
            (
                "未确认送达",
                "delivered though the ack never reached the device",
                self.unacknowledged_delivered,
            ),
            ("拒  收", "refused to the device / by the platform", self.refused + self.rejected),
            ("照  片", "photos described to the gateway", self.photos),
            ("照片留存", "of those, kept at the gateway and not forwarded", self.photos_at_gateway),
            ("照片完整", "photos the gateway says it has whole", self.photos_complete),
            ("照片缺失", "of those, photos it does not have", self.photos_missing),
            ("案  卷", "cases opened", self.cases),
            ("回  执", "receipts back at the device with the right case number", self.receipts),
            ("回执未到", "cases whose receipt is not yet at the device", self.receipts_missing),
            ("回执不符", "receipts with a wrong case number", self.receipts_wrong.len() as u64),
            ("内容冲突", "same id, other content", self.conflicts.len() as u64),
        ];
        for (chinese, english, count) in lines {
            // Chinese characters are two columns wide: pad by columns, not by characters.
            let columns: usize = chinese.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
            writeln!(
                f,
                "  {chinese}{:pad$}{count:>10}  {english}",
                "",
                pad = 12usize.saturating_sub(columns)
            )?;
        }
        for (title, ids) in
            [("lost", &self.lost_ids), ("conflict", &self.conflicts), ("wrong receipt", &self.receipts_wrong)]
        {
            for id in ids.iter().take(NAMED_MAX) {
                writeln!(f, "  {title}: {id}")?;
            }
        }
        if self.holds() {
            write!(f, "  结论 verdict: 承诺全部兑现 every promise was kept")
        } else {
            write!(f, "  结论 verdict: 承诺被打破 A PROMISE WAS BROKEN")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Receipt;
    use super::*;
    use crate::device::Class;

    fn view(ids: &[&str]) -> PlatformView {
        let delivered = ids.iter().map(|id| (Arc::from(*id), None)).collect();
        PlatformView { delivered, ..PlatformView::default() }
    }

    fn devices(ids: &[&str]) -> DeviceLedger {
        let ledger = DeviceLedger::new();
        ids.iter().for_each(|id| ledger.acknowledged(id, Class::Telemetry));
        ledger
    }

    #[test]
    fn one_acknowledged_record_the_platform_never_got_is_lost_and_named() {
        let verdict = Verdict::reconcile(&devices(&["a/1/1", "a/1/2"]), &view(&["a/1/1", "a/1/9"]));
        assert_eq!((verdict.lost, verdict.lost_ids.clone()), (1, vec![Arc::from("a/1/2")]));
        assert_eq!(verdict.unacknowledged_delivered, 1);
        assert!(!verdict.holds());
    }

    #[test]
    fn an_event_the_platform_refused_with_a_reason_is_not_lost() {
        let mut platform = view(&["a/1/1"]);
        platform.rejected.insert("a/1/2".into());
        let verdict = Verdict::reconcile(&devices(&["a/1/1", "a/1/2"]), &platform);
        assert!(verdict.holds(), "{verdict}");
        assert_eq!(verdict.rejected, 1);
    }

    #[test]
    fn a_receipt_with_another_case_number_breaks_the_verdict() {
        let devices = devices(&["a/1/1"]);
        let mut platform = view(&[]);
        platform.delivered.insert("a/1/1".into(), Some("AJ-2026-000001".into()));
        assert!(Verdict::reconcile(&devices, &platform).holds(), "a receipt on its way is no fault");
        let receipt = |case: &str| Receipt { result: "accepted".into(), case: Some(case.into()) };
        devices.receipt("a/1/1", receipt("AJ-2026-000002"));
        assert!(!Verdict::reconcile(&devices, &platform).holds());
        devices.receipt("a/1/1", receipt("AJ-2026-000001"));
        let verdict = Verdict::reconcile(&devices, &platform);
        assert!(verdict.holds());
        assert_eq!((verdict.receipts, verdict.receipts_missing), (1, 0));
    }

    #[test]
    fn content_that_changed_breaks_the_verdict() {
        let mut platform = view(&["a/1/1"]);
        platform.conflicts.insert("a/1/1".into());
        assert!(!Verdict::reconcile(&devices(&["a/1/1"]), &platform).holds());
    }

    #[test]
    fn a_photo_kept_at_the_gateway_is_neither_lost_nor_delivered_and_one_that_arrives_is_no_surprise() {
        let devices = devices(&["a/1/1"]);
        devices.described("a/1/2");
        devices.described("a/1/3");
        devices.photo_complete("a/1/3");
        let verdict = Verdict::reconcile(&devices, &view(&["a/1/1"]));
        assert!(verdict.holds(), "{verdict}");
        assert_eq!((verdict.acknowledged, verdict.delivered, verdict.lost), (1, 1, 0));
        assert_eq!((verdict.photos, verdict.photos_at_gateway, verdict.photos_complete), (2, 2, 1));
        let forwarded = Verdict::reconcile(&devices, &view(&["a/1/1", "a/1/2"]));
        assert_eq!((forwarded.photos_at_gateway, forwarded.unacknowledged_delivered), (1, 0));
    }

    #[test]
    fn a_photo_that_was_deleted_and_is_not_at_the_gateway_breaks_the_verdict() {
        let devices = devices(&[]);
        devices.photo_complete("a/1/1");
        devices.photo_complete("a/1/2");
        let verdict = |complete| Verdict::reconcile(&devices, &view(&[])).with_gateway_photos(complete);
        assert!(verdict(Some(2)).holds() && verdict(None).holds());
        assert_eq!((verdict(Some(1)).photos_missing, verdict(Some(1)).holds()), (1, false));
    }

    #[test]
    fn ledger_files_give_the_same_verdict_as_memory() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("devices.jsonl");
        let ledger = DeviceLedger::with_file(&path).unwrap();
        ledger.acknowledged("a/1/1", Class::Telemetry);
        ledger.acknowledged("a/1/2", Class::Incident);
        ledger.refused("a/1/3", "NotAuthorized");
        ledger.described("a/1/4");
        ledger.photo_complete("a/1/4");
        ledger.photo_refused("a/1/5");
        ledger.receipt("a/1/1", Receipt { result: "accepted".into(), case: None });
        let again = DeviceLedger::from_file(&path).unwrap();
        let platform = view(&["a/1/1"]);
        assert_eq!(Verdict::reconcile(&ledger, &platform), Verdict::reconcile(&again, &platform));
        assert_eq!((again.photos(), again.counts().photos_refused), (ledger.photos(), 1));
    }
}
