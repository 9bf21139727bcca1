//! What `status` says about damage at rest.

use crate::http::damage::{DamageReport, SalvageReport, SalvagedReport};

/// A line for each thing that a person should know; none when nothing was damaged.
pub(super) fn told(damage: &DamageReport) -> Vec<String> {
    let mut lines = Vec::new();
    if damage.log_commits_missing > 0 {
        let commits = damage.log_commits_missing;
        lines.push(format!(
            "写前日志末尾丢失 {commits} 次提交 · the write-ahead log had lost its last {commits} commits"
        ));
    }
    match &damage.salvage {
        Some(salvage) if salvage.done => lines.push(ended(salvage)),
        Some(salvage) => lines.push(under_way(salvage)),
        None => {}
    }
    if damage.databases > 0 {
        let count = damage.databases;
        lines.push(format!(
            "留存损坏的数据库 {count} 个（damaged-*），查看后请移走 · {count} damaged kept (damaged-*): look, then remove"
        ));
    }
    lines
}

fn under_way(salvage: &SalvageReport) -> String {
    let SalvageReport { folder, rows, rows_done, .. } = salvage;
    let (zh, en) = match salvage.waits_for_room {
        true => ("，等待空间", ", waiting for room"),
        false => ("", ""),
    };
    format!(
        "数据库损坏，新库已接替，正在抢救 {folder}：{rows_done}/{rows} 行{zh} · the database was damaged, a fresh one \
         serves; salvaging {folder}: {rows_done} of {rows} rows{en}"
    )
}

fn ended(salvage: &SalvageReport) -> String {
    let sum = |of: fn(&SalvagedReport) -> u64| salvage.records.values().map(of).sum::<u64>();
    let (back, lost) = (sum(|records| records.taken + records.known), sum(|records| records.lost));
    let folder = &salvage.folder;
    format!(
        "{folder} 抢救完毕：找回 {back} 条，丢失 {lost} 条 · {folder} is salvaged: {back} came back, {lost} are lost"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn damage(change: impl FnOnce(&mut SalvageReport)) -> DamageReport {
        let records = SalvagedReport { taken: 70, known: 2, lost: 3 };
        let mut salvage = SalvageReport {
            folder: "damaged-2".into(),
            rows: 100,
            rows_done: 40,
            done: false,
            waits_for_room: false,
            records: [("incident".to_owned(), records), ("other".to_owned(), records)].into(),
        };
        change(&mut salvage);
        let salvage = Some(salvage);
        DamageReport { alarm: true, databases: 1, unsalvaged: 1, log_commits_missing: 0, salvage }
    }

    #[test]
    fn a_salvage_tells_how_far_it_is_and_what_came_of_it() {
        let under_way = told(&damage(|_| {}));
        assert!(under_way[0].contains("salvaging damaged-2: 40 of 100 rows"), "{under_way:?}");
        let waiting = told(&damage(|salvage| salvage.waits_for_room = true));
        assert!(waiting[0].ends_with("rows, waiting for room"), "{waiting:?}");
        let ended = told(&damage(|salvage| salvage.done = true));
        assert!(ended[0].ends_with("damaged-2 is salvaged: 144 came back, 6 are lost"), "{ended:?}");
        assert!(ended[1].contains("1 damaged kept"), "{ended:?}");
    }

    #[test]
    fn a_log_that_lost_its_end_is_told_and_no_damage_is_silent() {
        let none =
            DamageReport { alarm: false, databases: 0, unsalvaged: 0, log_commits_missing: 0, salvage: None };
        assert_eq!(told(&none), [""; 0]);
        let log = told(&DamageReport { log_commits_missing: 7, ..none });
        assert!(log.len() == 1 && log[0].contains("lost its last 7 commits"), "{log:?}");
    }
}
