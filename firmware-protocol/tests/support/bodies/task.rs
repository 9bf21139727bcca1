use firmware_protocol::body::{FixType, RecordRef, Task, TaskAck, TaskKind, TaskReason, TaskState};
use firmware_protocol::{DegreesE7, List, Text};
use proptest::prelude::*;

use super::{LARGEST_RECORD, STREETS, Sample, any_list, any_place, any_record, any_text, letters};
use crate::support::vectors;

const TASK: u64 = 202_611_230_042;

impl Sample for Task<'static> {
    const VECTORS: &'static str = vectors::TASK;

    /// A stall at a crossing, to be handled within two hours.
    fn typical() -> Self {
        Self {
            task: TASK,
            revision: 2,
            kind: TaskKind::HANDLE,
            priority: 3,
            issued_unix_ms: 1_795_396_380_000,
            deadline_unix_ms: 1_795_403_580_000,
            fix: FixType::MANUAL,
            lat_e7: DegreesE7::new(311_301_200),
            lon_e7: DegreesE7::new(1_043_912_500),
            radius_m: 50,
            stall_card: Text::new("DY-2207").unwrap(),
            title: Text::new("旌阳区泰山路口占道经营").unwrap(),
            text: Text::new("请于两小时内到场处置，劝导摊主撤离人行道并拍照回传。").unwrap(),
        }
    }

    fn maximum() -> Self {
        Self {
            task: u64::MAX,
            revision: u32::MAX,
            kind: TaskKind(u8::MAX),
            priority: u8::MAX,
            issued_unix_ms: u64::MAX,
            deadline_unix_ms: u64::MAX,
            fix: FixType(u8::MAX),
            lat_e7: DegreesE7::new(i32::MIN),
            lon_e7: DegreesE7::new(i32::MIN),
            radius_m: u32::MAX,
            stall_card: letters(b's'),
            title: Text::new("街街街街街街街街街街街街街街街街街街街街街t").unwrap(),
            text: Text::new(STREETS).unwrap(),
        }
    }

    fn any() -> BoxedStrategy<Self> {
        let order = any::<(u64, u32, u8, u8, u64, u64)>();
        (order, any_place(), any::<u32>(), any_text(), any_text(), any_text())
            .prop_map(|(order, (fix, lat_e7, lon_e7), radius_m, stall_card, title, text)| Self {
                task: order.0,
                revision: order.1,
                kind: TaskKind(order.2),
                priority: order.3,
                issued_unix_ms: order.4,
                deadline_unix_ms: order.5,
                fix,
                lat_e7,
                lon_e7,
                radius_m,
                stall_card,
                title,
                text,
            })
            .boxed()
    }
}

impl Sample for TaskAck<'static> {
    const VECTORS: &'static str = vectors::TASK_ACK;

    /// The typical task is done, with two photos.
    fn typical() -> Self {
        let photos = [RecordRef { boot: 7, seq: 815 }, RecordRef { boot: 7, seq: 816 }];
        Self {
            task: TASK,
            revision: 2,
            state: TaskState::HANDLED,
            reason: TaskReason::UNKNOWN,
            age_ms: 30_000,
            note: Text::new("摊主已撤离，路面已清理").unwrap(),
            evidence: List::from_slice(&photos).unwrap(),
        }
    }

    fn maximum() -> Self {
        Self {
            task: u64::MAX,
            revision: u32::MAX,
            state: TaskState(u8::MAX),
            reason: TaskReason(u8::MAX),
            age_ms: u32::MAX,
            note: Text::truncated(STREETS),
            evidence: List::from_slice(&[LARGEST_RECORD; 8]).unwrap(),
        }
    }

    fn any() -> BoxedStrategy<Self> {
        (any::<(u64, u32, u8, u8, u32)>(), any_text(), any_list(any_record()))
            .prop_map(|((task, revision, state, reason, age_ms), note, evidence)| Self {
                task,
                revision,
                state: TaskState(state),
                reason: TaskReason(reason),
                age_ms,
                note,
                evidence,
            })
            .boxed()
    }
}
