//! One incident's way from the street to the platform and back, as the ledgers know it.

use std::fmt;

use serde_json::Value;

use crate::ledger::{DeviceLedger, Receipt};
use crate::platform::Platform;

/// The facts of one incident.
#[derive(Debug)]
pub(super) struct Story {
    id: String,
    event: Value,
    receipt: Receipt,
}

/// The first incident that was assigned to a grid and whose receipt came back.
pub(super) fn of_one_incident(ledger: &DeviceLedger, platform: &Platform) -> Option<Story> {
    let story = |id: String| {
        let event = platform.event(&id)?;
        let receipt = ledger.receipt_of(&id).filter(|receipt| receipt.case.is_some())?;
        event["data"]["properties"]["grid"].as_str()?;
        Some(Story { id, event, receipt })
    };
    platform
        .arrivals()
        .iter()
        .filter(|delivery| delivery.case.is_some())
        .find_map(|delivery| story(delivery.id.to_string()))
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = &self.event["data"];
        let property = |name: &str| data["properties"][name].as_str().unwrap_or("-");
        let degrees = |index: usize| data["geometry"]["coordinates"][index].as_f64().unwrap_or(f64::NAN);
        writeln!(f, "一件案卷的来龙去脉 One report's way: {}", self.id)?;
        writeln!(f, "  上报 reported    {} {}", property("kind"), property("code"))?;
        writeln!(f, "                   {}", property("description"))?;
        writeln!(f, "  位置 at          {:.5}, {:.5}", degrees(0), degrees(1))?;
        writeln!(f, "  网格 grid        {} {}", property("grid"), property("grid_name"))?;
        writeln!(f, "  归属 in          {} · {}", property("street"), property("community"))?;
        writeln!(f, "  责任 unit        {}", property("responsible_unit"))?;
        let case = self.receipt.case.as_deref().unwrap_or("-");
        writeln!(f, "  案卷 case        {case}")?;
        let device = self.id.split('/').next().unwrap_or_default();
        write!(f, "  回执 receipt     {} {case} -> {device}", self.receipt.result)
    }
}
