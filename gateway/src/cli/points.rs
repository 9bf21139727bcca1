//! `patrol-gateway points`: scores and ranks of stall cards, from the journal of the running gateway.

use std::net::SocketAddr;

use clap::Args;

use super::Exit;
use super::human::table as table_of;
use super::indicators::{Format, complain, show};
use super::local_api;
use crate::domain::points::{DayScore, Period, PointsSheet, Standing};

/// Which scores, and how they are shown.
#[derive(Debug, Clone, Args)]
pub struct PointsArgs {
    /// A month such as 2026-11; without one: the current month
    #[arg(long, value_name = "MONTH", value_parser = month, conflicts_with = "quarter")]
    month: Option<Period>,
    /// A quarter such as 2026Q4
    #[arg(long, value_name = "QUARTER", value_parser = quarter)]
    quarter: Option<Period>,
    /// The days of one stall card, and its rank among all
    #[arg(long, value_name = "CARD")]
    card: Option<String>,
    /// How they are shown
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn month(text: &str) -> Result<Period, String> {
    Period::month(text).ok_or_else(|| "a month is written like 2026-11".to_owned())
}

fn quarter(text: &str) -> Result<Period, String> {
    Period::quarter(text).ok_or_else(|| "a quarter is written like 2026Q4".to_owned())
}

/// Asks the gateway at `address` and prints its answer.
pub fn run(address: SocketAddr, args: &PointsArgs) -> Exit {
    match local_api::points(address, args.month.or(args.quarter), args.card.as_deref()) {
        Ok(sheet) => show(args.format, &sheet, table, PointsSheet::to_csv),
        Err(error) => complain(&error, args.format),
    }
}

fn table(sheet: &PointsSheet) -> String {
    let PointsSheet { rules, as_of, period, base, min, max, card, standings, days } = sheet;
    let mut text = format!(
        "积分 points  {period}  截至 as of {as_of}  {rules}\n每日 a day: 基础 base {base}, {min} … {max}\n\n"
    );
    if standings.is_empty() {
        text.push_str("没有考评 no assessments\n");
        return text;
    }
    let head =
        ["名次 rank", "摊卡 card", "总分 total", "天数 days", "考评 assessments"].map(str::to_owned).to_vec();
    let line = |Standing { rank, card, total, days, assessments }: &Standing| {
        vec![rank.to_string(), card.clone(), total.to_string(), days.to_string(), assessments.to_string()]
    };
    text.push_str(&table_of(&std::iter::once(head).chain(standings.iter().map(line)).collect::<Vec<_>>()));
    if card.is_some() {
        let head = ["日期 day", "得分 score", "加减 points", "考评 assessments"].map(str::to_owned).to_vec();
        let line = |DayScore { day, score, points, assessments }: &DayScore| {
            vec![day.clone(), score.to_string(), points.to_string(), assessments.to_string()]
        };
        text.push('\n');
        text.push_str(&table_of(&std::iter::once(head).chain(days.iter().map(line)).collect::<Vec<_>>()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_ranks_and_the_days_of_a_card() {
        let standing = Standing { rank: 2, card: "DY-2207".into(), total: 1, days: 2, assessments: 5 };
        let day = DayScore { day: "2026-11-01".into(), score: 3, points: 4, assessments: 4 };
        let sheet = PointsSheet {
            rules: "points@1a2b3c4d".into(),
            as_of: "2026-12-01T00:00:00Z".into(),
            period: "2026-11".into(),
            base: 0,
            min: -12,
            max: 3,
            card: Some("DY-2207".into()),
            standings: vec![standing],
            days: vec![day],
        };
        assert_eq!(
            table(&sheet).lines().collect::<Vec<_>>(),
            [
                "积分 points  2026-11  截至 as of 2026-12-01T00:00:00Z  points@1a2b3c4d",
                "每日 a day: 基础 base 0, -12 … 3",
                "",
                "名次 rank  摊卡 card  总分 total  天数 days  考评 assessments",
                "2          DY-2207    1           2          5",
                "",
                "日期 day    得分 score  加减 points  考评 assessments",
                "2026-11-01  3           4            4",
            ]
        );
        let nobody = PointsSheet { standings: Vec::new(), ..sheet };
        assert!(table(&nobody).ends_with("没有考评 no assessments\n"));
    }
}
