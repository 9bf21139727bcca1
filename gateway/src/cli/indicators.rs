//! `patrol-gateway indicators`: the indicators of the journal, and what they mean.

use std::fmt::Write as _;
use std::net::SocketAddr;

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::human::table as table_of;
use super::local_api::{self, ApiError};
use super::{Exit, print};
use crate::domain::indicators::{
    Axis, By, DEFINITIONS, Definition, Figure, Query, Row, Sheet, VERSION, date_named,
};

/// Which indicators, and how they are shown.
#[derive(Debug, Clone, Args)]
pub struct IndicatorsArgs {
    /// The first day, such as 2026-11-23; without one: from the journal's beginning
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<Date>,
    /// The last day, included; without one: to the journal's end
    #[arg(long, value_name = "DATE", value_parser = day)]
    to: Option<Date>,
    /// Group by any of day, street, community, grid, code; without: everything together
    #[arg(long, value_name = "AXES", default_value = "", value_parser = axes)]
    by: By,
    /// How they are shown
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// What each indicator means, in Chinese and English; asks no gateway
    #[arg(long, conflicts_with_all = ["from", "to", "by", "format"])]
    pub formulas: bool,
}

/// How figures are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Table,
    /// As the HTTP API gives it
    Json,
    /// UTF-8, RFC 4180
    Csv,
}

fn day(text: &str) -> Result<Date, String> {
    date_named(text).map_err(|error| error.to_string())
}

fn axes(text: &str) -> Result<By, String> {
    By::parse(text).map_err(|error| error.to_string())
}

/// Asks the gateway at `address` and prints its answer.
pub fn run(address: SocketAddr, args: &IndicatorsArgs) -> Exit {
    let query = match Query::new(args.from, args.to, args.by) {
        Ok(query) => query,
        Err(error) => {
            eprintln!("查询有误 The query is wrong: {error}");
            return Exit::Usage;
        }
    };
    match local_api::indicators(address, &query) {
        Ok(sheet) => show(args.format, &sheet, table, Sheet::to_csv),
        Err(error) => complain(&error, args.format),
    }
}

/// Prints a sheet in the form that was asked for.
pub(super) fn show<T: serde::Serialize>(
    format: Format,
    sheet: &T,
    table: fn(&T) -> String,
    csv: fn(&T) -> String,
) -> Exit {
    match (format, serde_json::to_string_pretty(sheet)) {
        (Format::Table, _) => print(&table(sheet)),
        (Format::Csv, _) => print(&csv(sheet)),
        (Format::Json, Ok(text)) => print(&format!("{text}\n")),
        (Format::Json, Err(_)) => Exit::Failure,
    }
}

/// Says why there are no figures. Whoever reads JSON or CSV wants nothing else on stdout.
pub(super) fn complain(error: &ApiError, format: Format) -> Exit {
    local_api::complain(error, format != Format::Table)
}

/// What each indicator means.
pub fn formulas() -> Exit {
    let mut text = format!("指标定义 Definitions: {VERSION}\n");
    for Definition { id, zh, en, formula_zh, formula_en, .. } in DEFINITIONS {
        _ = write!(text, "\n{id}  {zh} {en}\n    {formula_zh}\n    {formula_en}\n");
    }
    print(&text)
}

/// The indicators that fit beside each other on a terminal.
const SHORT: [&str; 8] = [
    "reports",
    "findings",
    "urgent",
    "joint",
    "attributed_rate",
    "cross_boundary_rate",
    "self_handled_rate",
    "in_time_rate",
];

fn table(sheet: &Sheet) -> String {
    let span = match (&sheet.from, &sheet.to) {
        (None, None) => "全部 all days".to_owned(),
        (from, to) => {
            let end = |day: &Option<String>| day.clone().unwrap_or_else(|| "...".to_owned());
            format!("{} - {}", end(from), end(to))
        }
    };
    let mut text = format!("指标 indicators  {span}  截至 as of {}  {}\n\n", sheet.as_of, sheet.definitions);
    match sheet.rows.as_slice() {
        [] => text.push_str("没有上报 no reports\n"),
        [only] if sheet.by.is_empty() => text.push_str(&all_of(only)),
        rows => text.push_str(&rows_of(&sheet.by, rows)),
    }
    text
}

/// One group: every indicator in a line of its own.
fn all_of(row: &Row) -> String {
    let line = |definition: &Definition| {
        let value = row.figures.get(definition.id).map(shown).unwrap_or_default();
        vec![format!("{} {}", definition.zh, definition.en), value]
    };
    table_of(&DEFINITIONS.iter().map(line).collect::<Vec<_>>())
}

/// Several groups: a line for each, with the most important indicators.
fn rows_of(by: &[String], rows: &[Row]) -> String {
    let axes: Vec<Axis> =
        Axis::ALL.into_iter().filter(|axis| by.iter().any(|name| name == axis.as_str())).collect();
    let named = |id: &str| DEFINITIONS.iter().find(|definition| definition.id == id);
    let columns: Vec<&Definition> = SHORT.iter().filter_map(|id| named(id)).collect();
    let head = axes.iter().map(|axis| axis_name(*axis).to_owned());
    let head = head.chain(columns.iter().map(|column| format!("{} {}", column.zh, column.en))).collect();
    let line = |row: &Row| {
        let place = axes.iter().map(|axis| Some(row.on(*axis)).filter(|text| !text.is_empty()));
        let place = place.map(|text| text.unwrap_or_else(|| "-".to_owned()));
        place
            .chain(columns.iter().map(|column| row.figures.get(column.id).map(shown).unwrap_or_default()))
            .collect()
    };
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(rows.iter().map(line)).collect();
    let mut text = table_of(&lines);
    text.push_str("\n全部指标 all indicators: --format csv, --format json; 定义 definitions: --formulas\n");
    text
}

fn axis_name(axis: Axis) -> &'static str {
    match axis {
        Axis::Day => "日期 day",
        Axis::Street => "街道 street",
        Axis::Community => "社区 community",
        Axis::Grid => "网格 grid",
        Axis::Code => "代码 code",
    }
}

fn shown(figure: &Figure) -> String {
    match figure {
        Figure::Count(count) => count.to_string(),
        Figure::Rate { numerator, denominator, value } => {
            let percent = value.map_or("-".to_owned(), |value| format!("{:.1} %", value * 100.0));
            format!("{percent} ({numerator}/{denominator})")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sheet(by: serde_json::Value, rows: serde_json::Value) -> Sheet {
        let sheet = json!({
            "definitions": "indicators@1", "as_of": "2026-11-24T04:00:00Z", "from": "2026-11-23", "to": null, "by": by, "rows": rows,
        });
        serde_json::from_value(sheet).unwrap()
    }

    #[test]
    fn a_person_reads_rates_with_what_they_are_made_of_and_a_dash_where_there_is_no_value() {
        let rate = |numerator: u64, denominator: u64, value: Option<f64>| json!({"numerator": numerator, "denominator": denominator, "value": value});
        let figures = json!({
            "reports": 12, "findings": 11, "urgent": 1, "joint": 0,
            "attributed_rate": rate(10, 12, Some(0.8333)), "cross_boundary_rate": rate(2, 11, Some(0.1818)),
            "self_handled_rate": rate(4, 11, Some(0.3636)), "in_time_rate": rate(0, 0, None),
        });
        let street = json!({"code": "", "name": ""});
        let text = table(&sheet(
            json!(["day", "street"]),
            json!([{"day": "2026-11-23", "street": street, "figures": figures}]),
        ));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "指标 indicators  2026-11-23 - ...  截至 as of 2026-11-24T04:00:00Z  indicators@1"
        );
        assert!(
            lines[2].starts_with("日期 day    街道 street  上报数 reports  问题数 findings"),
            "{}",
            lines[2]
        );
        let cells: Vec<&str> = lines[3].split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        assert_eq!(
            cells,
            [
                "2026-11-23",
                "-",
                "12",
                "11",
                "1",
                "0",
                "83.3 % (10/12)",
                "18.2 % (2/11)",
                "36.4 % (4/11)",
                "- (0/0)"
            ]
        );
        let together = table(&sheet(json!([]), json!([{"figures": figures}])));
        assert!(
            together.contains("按时处置率 in-time rate") && together.lines().count() == 2 + DEFINITIONS.len()
        );
        assert!(table(&sheet(json!(["grid"]), json!([]))).contains("no reports"));
    }
}
