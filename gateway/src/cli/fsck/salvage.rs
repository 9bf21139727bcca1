//! Salvaging to the end, without a gateway.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::app;
use crate::cli::offline::{Offline, OfflineError};
use crate::cli::progress::Progress;
use crate::config::Config;
use crate::http::damage::DamageReport;
use crate::store::fsck;
use crate::store::snapshot::Snapshot;

/// How long what comes back may find no room: nobody takes anything out meanwhile.
const ROOM_WAIT: Duration = Duration::from_secs(5);

/// Why not everything is back that can be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum SalvageError {
    /// There is no store to bring it back to.
    #[error(transparent)]
    Offline(#[from] OfflineError),
    /// The store is full.
    #[error(
        "没有空间：启动网关，数据上传后会继续 no room: start the gateway, it goes on when the backlog has drained"
    )]
    NoRoom,
    /// The folder of a damaged database can't be read, or the store has failed.
    #[error("有 damaged-* 无法读取，或存储失败 a folder damaged-* can't be read, or the store has failed")]
    Failed,
}

/// Sets the database aside if it is damaged, and brings back what can be read of all that were.
pub(super) fn run(config: &Config, is_damaged: bool) -> Result<Value, SalvageError> {
    if is_damaged {
        fsck::set_aside(&app::store_options(config)).map_err(OfflineError::from)?;
    }
    let offline = Offline::open(config)?;
    let mut snapshot = offline.store.snapshot();
    let bar = Progress::of_rows("抢救 salvaging");
    offline.runtime.block_on(wait(&mut snapshot, &bar))?;
    let damage = snapshot.borrow().damage;
    let report = serde_json::to_value(DamageReport::new(&damage).salvage);
    Ok(report.unwrap_or(Value::Null))
}

async fn wait(snapshot: &mut watch::Receiver<Snapshot>, bar: &Progress) -> Result<(), SalvageError> {
    loop {
        let damage = snapshot.borrow_and_update().damage;
        bar.set(damage.rows_done, damage.rows);
        if damage.unsalvaged == 0 {
            return Ok(());
        }
        if damage.unreadable >= damage.unsalvaged {
            return Err(SalvageError::Failed);
        }
        let room = snapshot.wait_for(|snapshot| !snapshot.damage.waits_for_room);
        let found = timeout(ROOM_WAIT, room).await.map_err(|_| SalvageError::NoRoom)?;
        found.map_err(|_| SalvageError::Failed)?;
        snapshot.changed().await.map_err(|_| SalvageError::Failed)?;
    }
}

/// What came of it, in words.
pub(super) fn words(report: &Value) -> String {
    let none = json!({});
    let records = report["records"].as_object().or(none.as_object());
    let sum = |of: &str| {
        let each = records.into_iter().flat_map(|records| records.values());
        each.filter_map(|salvaged| salvaged[of].as_u64()).sum::<u64>()
    };
    let (back, lost) = (sum("taken") + sum("known"), sum("lost"));
    format!("抢救完毕：找回 {back} 条，丢失 {lost} 条 · salvaged: {back} came back, {lost} are lost\n")
}
