//! Gauges of damage at rest.

use prometheus_client::metrics::gauge::Gauge;

use super::{Names, PerClass, gauge};
use crate::domain::report::Class;
use crate::store::snapshot::DamageFigures;

/// Set when the page is rendered, from what the store last said.
#[derive(Debug)]
pub(super) struct DamageGauges {
    alarm: Gauge,
    databases: Gauge,
    unsalvaged: Gauge,
    log_commits_missing: Gauge,
    salvage_rows: Gauge,
    salvage_rows_done: Gauge,
    salvage_waiting: Gauge,
    salvaged: PerClass<Gauge>,
    lost: PerClass<Gauge>,
}

impl DamageGauges {
    pub(super) fn register(to: &mut Names) -> DamageGauges {
        DamageGauges {
            alarm: to
                .gauge("store_damage_alarm", "1 when something was damaged at rest and a person should look"),
            databases: to.gauge("store_damaged_databases", "Damaged databases that are kept"),
            unsalvaged: to.gauge("store_damaged_unsalvaged", "Damaged databases that are not salvaged yet"),
            log_commits_missing: to.gauge(
                "store_log_commits_missing",
                "Commits that the write-ahead log had lost when the process opened the database",
            ),
            salvage_rows: to.gauge("store_salvage_rows", "Rows found in the damaged database"),
            salvage_rows_done: to.gauge("store_salvage_rows_done", "Rows of these that were looked at"),
            salvage_waiting: to.gauge("store_salvage_waiting", "1 while what comes back finds no room"),
            salvaged: to.gauges_by_class("store_salvaged_records", "Records that came back"),
            lost: to.gauges_by_class("store_salvage_lost_records", "Records that can't be read any more"),
        }
    }

    pub(super) fn set(&self, damage: &DamageFigures) {
        self.alarm.set(i64::from(damage.is_alarming()));
        self.databases.set(i64::from(damage.databases));
        self.unsalvaged.set(i64::from(damage.unsalvaged));
        self.log_commits_missing.set(gauge(damage.log_commits_missing));
        self.salvage_rows.set(gauge(damage.rows));
        self.salvage_rows_done.set(gauge(damage.rows_done));
        self.salvage_waiting.set(i64::from(damage.waits_for_room));
        for class in Class::ALL {
            let salvaged = damage.classes[class as usize];
            self.salvaged[class].set(gauge(salvaged.taken));
            self.lost[class].set(gauge(salvaged.lost));
        }
    }
}
