//! `patrol-gateway fsck`: is the database as it was written? And with `--salvage`: bring back what still is.

mod salvage;

use clap::Args;
use serde_json::{Value, json};

use super::human::bytes;
use super::progress::Progress;
use super::{Exit, print};
use crate::config::Config;
use crate::store::fsck::{self, Checked, CheckedTable, DamagedFolder, FsckError};

/// Arguments of `fsck`.
#[derive(Debug, Args)]
pub struct FsckArgs {
    /// Set a damaged database aside, and bring everything back that can be read, before this ends
    #[arg(long)]
    salvage: bool,
    /// The answer as JSON
    #[arg(long)]
    json: bool,
}

/// Looks, and salvages if asked to; [`Exit::Failure`] when damage was found, salvaged or not.
pub fn run(config: &Config, args: &FsckArgs) -> Exit {
    let checked = match check(config) {
        Ok(checked) => checked,
        Err(error) => return complain(&error),
    };
    let salvaged = match args.salvage && checked.is_alarming() {
        false => None,
        true => match salvage::run(config, checked.is_damaged()) {
            Ok(salvaged) => Some(salvaged),
            Err(error) => {
                eprintln!("抢救未完成 The salvage is not complete: {error}");
                return Exit::Failure;
            }
        },
    };
    let text = match args.json {
        true => format!("{:#}\n", as_json(&checked, salvaged.as_ref())),
        false => words(&checked, salvaged.as_ref()),
    };
    match print(&text) {
        Exit::Ok if checked.is_alarming() => Exit::Failure,
        printed => printed,
    }
}

fn check(config: &Config) -> Result<Checked, FsckError> {
    let bar = Progress::of_rows("查库 checking");
    fsck::check(&config.gateway.data_dir, &mut |done, all| bar.set(done, all))
}

fn complain(error: &FsckError) -> Exit {
    match error {
        FsckError::InUse(_) => {
            eprintln!("网关正在运行，请先停止 The gateway is running, stop it first: {error}");
            Exit::Running
        }
        FsckError::Nothing(_) => {
            eprintln!("没有数据库 There is nothing to check, name its configuration with --config: {error}");
            Exit::Failure
        }
        FsckError::Io { .. } => {
            eprintln!("无法读取 The database can't be read: {error}");
            Exit::Failure
        }
    }
}

/// A line for each thing that was looked at.
fn words(checked: &Checked, salvaged: Option<&Value>) -> String {
    let mut text = String::new();
    let mut line = |is_fine: bool, what: &str, told: &str| {
        let label = if is_fine { "通过 ok  " } else { "失败 FAIL" };
        text.push_str(&format!("{label}  {what}  {told}\n"));
    };
    let structure = match checked.faults.as_slice() {
        [] => "完好 sound".to_owned(),
        faults => faults.join("; "),
    };
    line(checked.faults.is_empty(), "结构 structure       ", &structure);
    for CheckedTable { name, good, damaged } in &checked.tables {
        let told = match damaged {
            0 => format!("{good} 完好 good"),
            _ => format!("{good} 完好 good, {damaged} 损坏 damaged or missing"),
        };
        line(*damaged == 0, &format!("数据 {name:17}"), &told);
    }
    let missing = checked.log_commits_missing;
    let log = match (checked.log_is_foreign, missing) {
        (true, _) => "与数据库不符 it does not fit the database".to_owned(),
        (false, 0) => "完整 whole".to_owned(),
        (false, _) => format!("末尾丢失 {missing} 次提交 its last {missing} commits are missing"),
    };
    line(!checked.log_is_foreign && missing == 0, "日志 write-ahead log", &log);
    for DamagedFolder { name, is_salvaged, bytes: size } in &checked.damaged {
        let told = if *is_salvaged { "已抢救 salvaged" } else { "未抢救 not salvaged yet" };
        line(*is_salvaged, &format!("留存 {name:15}"), &format!("{} {told}", bytes(*size)));
    }
    if let Some(salvaged) = salvaged {
        text.push_str(&salvage::words(salvaged));
    } else if checked.is_damaged() {
        text.push_str("网关启动时会自动抢救，或用 --salvage · a start salvages it, or --salvage now\n");
    }
    text
}

fn as_json(checked: &Checked, salvaged: Option<&Value>) -> Value {
    let table = |table: &CheckedTable| {
        (table.name.to_owned(), json!({ "good": table.good, "damaged": table.damaged }))
    };
    let folder = |folder: &DamagedFolder| json!({ "folder": folder.name, "salvaged": folder.is_salvaged, "bytes": folder.bytes });
    json!({
        "damaged": checked.is_damaged(),
        "structure": checked.faults,
        "tables": checked.tables.iter().map(table).collect::<serde_json::Map<_, _>>(),
        "log": { "fits": !checked.log_is_foreign, "commits_missing": checked.log_commits_missing },
        "damaged_databases": checked.damaged.iter().map(folder).collect::<Vec<_>>(),
        "salvage": salvaged,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(damaged: u64) -> Checked {
        let good = CheckedTable { name: "record_incident", good: 12, damaged: 0 };
        Checked {
            faults: Vec::new(),
            tables: vec![good.clone(), CheckedTable { name: "segment_telemetry", damaged, ..good }],
            log_commits_missing: 0,
            log_is_foreign: false,
            damaged: Vec::new(),
        }
    }

    #[test]
    fn what_is_sound_has_no_failing_line_and_damage_has() {
        let sound = words(&checked(0), None);
        assert!(sound.lines().count() == 4 && !sound.contains("FAIL"), "{sound}");
        let damaged = words(&checked(3), None);
        assert!(damaged.contains("12 完好 good, 3 损坏 damaged or missing"), "{damaged}");
        assert_eq!(damaged.matches("FAIL").count(), 1, "{damaged}");
        assert!(damaged.ends_with("a start salvages it, or --salvage now\n"), "{damaged}");
        assert_eq!(as_json(&checked(3), None)["damaged"], json!(true));
        assert_eq!(as_json(&checked(0), None)["tables"]["record_incident"]["good"], json!(12));
    }

    #[test]
    fn a_log_without_its_end_is_an_alarm_and_no_damage_to_be_salvaged() {
        let log = Checked { log_commits_missing: 5, ..checked(0) };
        assert!(log.is_alarming() && !log.is_damaged());
        assert!(words(&log, None).contains("its last 5 commits are missing"));
    }
}
