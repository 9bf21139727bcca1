//! What each indicator means. The definitions are the project's own (no standard fixes them for a box at the edge); whoever compares
//! figures compares [`VERSION`] too.

use super::counts::{Count, Counts};
use super::sheet::Figure;

/// Version of the definitions; changes whenever one of them changes its meaning.
pub const VERSION: &str = "indicators@1";

/// One indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    /// Its id in JSON and CSV; stays.
    pub id: &'static str,
    /// Its name in Chinese.
    pub zh: &'static str,
    /// Its name in English.
    pub en: &'static str,
    /// How it is worked out, in Chinese.
    pub formula_zh: &'static str,
    /// How it is worked out, in English.
    pub formula_en: &'static str,
    /// The same for the machine.
    pub measure: Measure,
}

/// What is worked out of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// A number of entries.
    Count(Count),
    /// A share of them.
    Rate {
        /// What is divided.
        numerator: Count,
        /// What it is divided by: the sum of these.
        denominator: &'static [Count],
    },
}

impl Definition {
    /// The indicator of these counts.
    pub fn figure(&self, counts: &Counts) -> Figure {
        match self.measure {
            Measure::Count(count) => Figure::Count(counts.of(count)),
            Measure::Rate { numerator, denominator } => {
                let denominator = denominator.iter().map(|count| counts.of(*count)).sum();
                Figure::rate(counts.of(numerator), denominator)
            }
        }
    }
}

const fn count(
    id: &'static str,
    [zh, en]: [&'static str; 2],
    [formula_zh, formula_en]: [&'static str; 2],
    count: Count,
) -> Definition {
    Definition { id, zh, en, formula_zh, formula_en, measure: Measure::Count(count) }
}

const fn rate(
    id: &'static str,
    [zh, en]: [&'static str; 2],
    [formula_zh, formula_en]: [&'static str; 2],
    numerator: Count,
    denominator: &'static [Count],
) -> Definition {
    Definition { id, zh, en, formula_zh, formula_en, measure: Measure::Rate { numerator, denominator } }
}

/// All indicators, in the order of the columns.
pub const DEFINITIONS: [Definition; 23] = [
    count(
        "reports",
        ["上报数", "reports"],
        ["日志中的上报条数，含佐证", "entries of the journal, witnesses included"],
        Count::Reports,
    ),
    count(
        "events",
        ["事件数", "events"],
        ["其中类别为事件的", "of the reports, those of kind event"],
        Count::Events,
    ),
    count(
        "components",
        ["部件数", "components"],
        ["其中类别为部件的", "of the reports, those of kind component"],
        Count::Components,
    ),
    count(
        "findings",
        ["问题数", "findings"],
        ["不是佐证的上报：各算一件", "reports that are no witness: each is a distinct issue"],
        Count::Findings,
    ),
    count(
        "witnesses",
        ["重复上报数", "duplicates"],
        [
            "与已有问题同码、相近、同时的上报（佐证）",
            "reports that bear witness to a finding of the same code, near it in place and time",
        ],
        Count::Witnesses,
    ),
    count(
        "assigned",
        ["已归属数", "assigned"],
        ["确定落在唯一责任网格的上报", "reports that lie in one duty grid for certain"],
        Count::Assigned,
    ),
    count(
        "ambiguous",
        ["归属存疑数", "ambiguous"],
        [
            "定位精度圈跨越网格边界的上报",
            "reports whose accuracy circle reaches beyond the edge of their grid",
        ],
        Count::Ambiguous,
    ),
    count(
        "unassigned",
        ["未归属数", "unassigned"],
        ["无网格的上报", "reports without a grid"],
        Count::Unassigned,
    ),
    rate(
        "attributed_rate",
        ["归属率", "attributed rate"],
        ["已归属数 ÷ 上报数", "assigned / reports"],
        Count::Assigned,
        &[Count::Reports],
    ),
    count(
        "urgent",
        ["紧急数", "urgent"],
        ["按本地规则优先的上报", "reports that the local rules put before others"],
        Count::Urgent,
    ),
    count(
        "joint",
        ["联勤数", "joint"],
        [
            "按联勤规则送多部门的问题",
            "findings that went to several authorities by a rule of joint enforcement",
        ],
        Count::Joint,
    ),
    count(
        "cross_boundary",
        ["交叉案件数", "cross-boundary cases"],
        [
            "问题所在网格不是上报人所属网格，或归属存疑；只计入问题所在网格一次",
            "findings in another grid than the reporter's own, or perhaps; counted once, in the grid where it lies",
        ],
        Count::CrossBoundary,
    ),
    rate(
        "cross_boundary_rate",
        ["交叉案件率", "cross-boundary rate"],
        ["交叉案件数 ÷ 问题数", "cross_boundary / findings"],
        Count::CrossBoundary,
        &[Count::Findings],
    ),
    count(
        "self_handled",
        ["自行处置数", "self-handled cases"],
        [
            "发现人自行处置的问题，含处置时间不明的",
            "findings handled by whoever found them, also when nobody knows when",
        ],
        Count::SelfHandled,
    ),
    rate(
        "self_handled_rate",
        ["自行处置率", "self-handled rate"],
        ["自行处置数 ÷ 问题数", "self_handled / findings"],
        Count::SelfHandled,
        &[Count::Findings],
    ),
    count(
        "in_time",
        ["按时数", "in time"],
        [
            "有时限的问题中，处置时间不晚于到期时间的",
            "findings with a time limit, handled no later than their due time",
        ],
        Count::InTime,
    ),
    count(
        "late",
        ["超时数", "late"],
        [
            "有时限的问题中，处置晚于到期时间的，或到期时间已过而未见处置的",
            "findings with a time limit, handled after their due time, or not handled here though it has passed",
        ],
        Count::Late,
    ),
    count(
        "open",
        ["未到期数", "not due yet"],
        [
            "有时限、未处置、未到期的问题；不进入按时率",
            "findings with a time limit, not handled, whose due time has not passed; in no rate",
        ],
        Count::Open,
    ),
    count(
        "unjudged",
        ["无法判定数", "not to be judged"],
        [
            "有时限而发现时间不可信、处置时间不明或算不出到期时间的问题；不进入按时率",
            "findings with a time limit whose time is not trusted, whose handling has no time, or that have no due time by the rules; in no rate",
        ],
        Count::Unjudged,
    ),
    rate(
        "in_time_rate",
        ["按时处置率", "in-time rate"],
        ["按时数 ÷ (按时数 + 超时数)", "in_time / (in_time + late)"],
        Count::InTime,
        &[Count::InTime, Count::Late],
    ),
    count(
        "time_unknown",
        ["时间不明数", "time unknown"],
        ["没有时间的上报；按收到的日期计", "reports without a time; they count on the day they came"],
        Count::TimeUnknown,
    ),
    count(
        "time_untrusted",
        ["时间不可信数", "time not trusted"],
        ["有时间但规则不据以判定的上报", "reports with a time that no rule judges by"],
        Count::TimeUntrusted,
    ),
    count(
        "back_stamped",
        ["补记时间数", "back-stamped"],
        [
            "时间由同次开机的其他上报推算的上报",
            "reports whose time was worked out from another report of the same boot",
        ],
        Count::BackStamped,
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_the_version_goes_with_them() {
        let ids: BTreeSet<&str> = DEFINITIONS.iter().map(|definition| definition.id).collect();
        assert_eq!(ids.len(), DEFINITIONS.len());
        // Whoever changes a definition changes the version with it, and then this checksum.
        let all: String = DEFINITIONS.iter().map(|definition| format!("{definition:?}\n")).collect();
        assert_eq!((VERSION, crc32c::crc32c(all.as_bytes())), ("indicators@1", 1_233_841_515));
    }

    #[test]
    fn the_manual_gives_every_formula_word_for_word() {
        let manual = include_str!("../../../../docs/domain/indicators.md");
        for Definition { id, zh, en, formula_zh, formula_en, .. } in DEFINITIONS {
            let row = format!("| `{id}` | {zh} | {en} | {formula_zh} | {formula_en} |");
            assert!(manual.contains(&row), "docs/domain/indicators.md lacks: {row}");
        }
    }
}
