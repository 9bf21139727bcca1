//! `patrol-gateway losses`: what the platform will not get of the devices' reports, how much of it, and why.

use std::fmt::Write as _;
use std::net::SocketAddr;

use clap::Args;

use super::human::{class_zh, table as table_of};
use super::local_api::{self, ApiError};
use super::{Exit, print};
use crate::domain::loss::{LossReason, LossRecord};
use crate::domain::report::Class;
use crate::http::losses::{ListedLoss, LossPage, LossesReport};

/// Loss records asked for at once.
const PAGE: u32 = 500;

/// Which losses, and how they are shown.
#[derive(Debug, Clone, Args)]
pub struct LossesArgs {
    /// Only loss records with numbers above this one
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    after: i64,
    /// The answer as JSON
    #[arg(long)]
    json: bool,
}

/// Asks the gateway at `address` for all its loss records and prints them: a table, or the JSON of the HTTP API in one piece.
pub fn run(address: SocketAddr, args: &LossesArgs) -> Exit {
    let page = match all(address, args.after) {
        Ok(page) => page,
        Err(error) => return local_api::complain(&error, args.json),
    };
    match (args.json, serde_json::to_string_pretty(&page)) {
        (false, _) => print(&table(&page.losses)),
        (true, Ok(text)) => print(&format!("{text}\n")),
        (true, Err(_)) => Exit::Failure,
    }
}

/// Page by page until there is none. Losses that go on meanwhile don't keep it from ending: they fall into records that are
/// listed already, or are new ones, of which a gateway makes few.
fn all(address: SocketAddr, mut after: i64) -> Result<LossPage, ApiError> {
    let mut losses = Vec::new();
    loop {
        let page = local_api::losses(address, after, PAGE)?.losses;
        match page.last() {
            // A number that does not grow is not this gateway's API.
            Some(last) if last.number > after => after = last.number,
            Some(_) => return Err(ApiError::Foreign { address }),
            None => return Ok(LossPage { losses }),
        }
        losses.extend(page);
    }
}

/// What was lost, in a line of the status; `None` when nothing was.
pub(super) fn told(losses: &LossesReport) -> Option<String> {
    let lost = LossReason::ALL.into_iter().filter(|reason| losses.lost.of(*reason) > 0);
    let reasons: Vec<String> = lost
        .map(|reason| format!("{} {} {}", reason_zh(reason), reason.as_str(), losses.lost.of(reason)))
        .collect();
    let waiting = match losses.unreported_rows {
        0 => String::new(),
        rows => format!(" (记录 {rows} 条未上报 · {rows} loss records not told to the platform yet)"),
    };
    (!reasons.is_empty()).then(|| reasons.join(", ") + &waiting)
}

const HEAD: [&str; 8] = [
    "编号 number",
    "时间 last noted",
    "设备 device",
    "记录 records",
    "类别 class",
    "原因 reason",
    "数量 count",
    "上报 told to the platform",
];

fn table(losses: &[ListedLoss]) -> String {
    if losses.is_empty() {
        return "没有损失记录 no loss records\n".to_owned();
    }
    let lines: Vec<Vec<String>> =
        std::iter::once(HEAD.map(str::to_owned).to_vec()).chain(losses.iter().map(line)).collect();
    let mut text = table_of(&lines);
    let (all, waiting) = (losses.len(), losses.iter().filter(|loss| loss.reported_at.is_none()).count());
    _ = writeln!(
        text,
        "共 {all} 条，{waiting} 条未上报 · {all} loss records, {waiting} not told to the platform yet"
    );
    text
}

fn line(loss: &ListedLoss) -> Vec<String> {
    let ListedLoss { number, record, reported_at } = loss;
    let unknown = || "-".to_owned();
    let class = record.class.as_deref().map(|name| match Class::from_name(name) {
        Some(class) => format!("{} {name}", class_zh(class)),
        None => name.to_owned(),
    });
    let reason = match LossReason::from_name(&record.reason) {
        Some(reason) => format!("{} {}", reason_zh(reason), record.reason),
        None => record.reason.clone(),
    };
    vec![
        number.to_string(),
        record.last_noted_at.clone(),
        record.device.clone().unwrap_or_else(unknown),
        span(record).unwrap_or_else(unknown),
        class.unwrap_or_else(unknown),
        reason,
        record.count.to_string(),
        reported_at.clone().unwrap_or_else(|| "未上报 not yet".to_owned()),
    ]
}

/// Which records: `7/812-840`, as in the ids of events.
fn span(record: &LossRecord) -> Option<String> {
    let stream = record.boot.map(|boot| boot.to_string()).or_else(|| record.run.clone())?;
    let (first, last) = (record.first_seq?, record.last_seq?);
    Some(if first == last { format!("{stream}/{first}") } else { format!("{stream}/{first}-{last}") })
}

fn reason_zh(reason: LossReason) -> &'static str {
    match reason {
        LossReason::Thinned => "抽稀",
        LossReason::Evicted => "淘汰",
        LossReason::NoRoom => "无空间",
        LossReason::Withheld => "暂不确认",
        LossReason::NotUnderstood => "无法解析",
        LossReason::Damaged => "存储损坏",
        LossReason::LogDamaged => "日志损坏",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::loss::Loss;
    use crate::domain::report::{DeviceId, Identity};
    use crate::store::losses::LossRow;

    fn listed(id: i64, loss: Loss, reported_at_ms: Option<i64>) -> ListedLoss {
        ListedLoss::new(&LossRow { id, uid: 1, loss, reported_at_ms })
    }

    #[test]
    fn each_loss_is_a_line_with_the_numbers_of_events_and_columns_stand_below_each_other() {
        let car = DeviceId::parse("car-07").unwrap();
        let lost = |seq| {
            let identity = Some(Identity::Device { boot: 7, seq });
            Loss::of(&car, identity, Some(Class::Telemetry), LossReason::Thinned, 1_785_000_000_000)
        };
        let mut thinned = lost(812);
        thinned.add(&lost(840));
        let losses = [
            listed(9, thinned, Some(1_785_000_000_500)),
            listed(10, Loss::unknown(None, LossReason::LogDamaged, 3, 0), None),
        ];
        assert_eq!(
            table(&losses).lines().collect::<Vec<_>>(),
            [
                "编号 number  时间 last noted           设备 device  记录 records  类别 class      原因 reason           \
                 数量 count  上报 told to the platform",
                "9            2026-07-25T17:20:00.000Z  car-07       7/812-840     轨迹 telemetry  抽稀 thinned          \
                 2           2026-07-25T17:20:00.5Z",
                "10           1970-01-01T00:00:00.000Z  -            -             -               日志损坏 log_damaged  \
                 3           未上报 not yet",
                "共 2 条，1 条未上报 · 2 loss records, 1 not told to the platform yet",
            ]
        );
        assert_eq!(table(&[]), "没有损失记录 no loss records\n");
    }
}
