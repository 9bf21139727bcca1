//! `geo check FILE`: what is wrong with a map, feature by feature. Exit codes: 0 nothing or warnings, 1 errors, 2 unreadable.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::words::words;
use crate::city;
use crate::cli::{Exit, print};
use crate::domain::geo_check::{self, MapKind, Report, Severity};

/// A map to look at.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// GeoJSON of the grids
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The features are unit grids: only code and area are looked at
    #[arg(long)]
    pub unit_grids: bool,
    /// The answer as JSON
    #[arg(long)]
    pub json: bool,
}

pub(super) fn run(args: &CheckArgs) -> Exit {
    let kind = if args.unit_grids { MapKind::UnitGrids } else { MapKind::DutyGrids };
    let read = city::read(&args.file).map_err(|error| error.to_string());
    let report = read.and_then(|bytes| {
        geo_check::check(&bytes, kind).map_err(|error| format!("{}: {error}", args.file.display()))
    });
    let report = match report {
        Ok(report) => report,
        Err(error) => {
            eprintln!("无法读取 Not a GeoJSON feature collection: {error}");
            return Exit::Usage;
        }
    };
    let text = match args.json {
        true => serde_json::to_string_pretty(&report).unwrap_or_default(),
        false => told(&report),
    };
    match print(&format!("{}\n", text.trim_end())) {
        Exit::Ok if report.errors > 0 => Exit::Failure,
        printed => printed,
    }
}

/// The findings in words, a line each, and how many of each kind were left out.
fn told(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let severity = match finding.severity {
            Severity::Error => "错误 error",
            Severity::Warning => "警告 warn ",
        };
        let whose = match (finding.feature, finding.code.as_str()) {
            (None, _) => "地图 map".to_owned(),
            (Some(number), "") => format!("要素 feature {number}"),
            (Some(number), code) => format!("要素 feature {number} ({code})"),
        };
        _ = writeln!(text, "{severity}  {whose}: {}", words(&finding.fault));
    }
    for (name, count) in &report.counts {
        let shown = report.findings.iter().filter(|finding| finding.fault.name() == *name).count();
        if shown < *count {
            _ = writeln!(text, "……另有 and {} more of {name}", count - shown);
        }
    }
    let Report { features, errors, warnings, .. } = report;
    _ = writeln!(text, "{features} 个要素 features: {errors} 个错误 errors, {warnings} 个警告 warnings");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut_and_the_rest_is_counted() {
        let feature = r#"{"type":"Feature","properties":{},"geometry":null}"#;
        let features = vec![feature; 80].join(",");
        let text = format!(r#"{{"type":"FeatureCollection","features":[{features}]}}"#);
        let told = told(&geo_check::check(text.as_bytes(), MapKind::UnitGrids).unwrap());
        assert!(told.starts_with("错误 error  要素 feature 1: "), "{told}");
        assert!(told.contains("……另有 and 30 more of code\n"), "{told}");
        assert!(told.ends_with("80 个要素 features: 160 个错误 errors, 0 个警告 warnings\n"), "{told}");
        assert_eq!(told.lines().count(), 50 + 50 + 2 + 1);
    }
}
