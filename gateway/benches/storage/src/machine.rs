//! Where and when the numbers were seen.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Date, processor and kernel in one line.
pub(crate) fn facts() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{}; {cores} cores ({}), Linux {}, {}, release profile",
        jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC"),
        model.map_or("?", |(_, name)| name),
        kernel.trim(),
        rustc(),
    )
}

/// What lies under the disks of a run.
pub(crate) fn disk_facts(dir: &Path) -> String {
    let output = Command::new("findmnt").args(["-no", "FSTYPE,SOURCE,OPTIONS", "-T"]).arg(dir).output();
    let under = output.map_or("?".into(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    format!("disks: ext4 on a loop device over a sparse file of 12 GiB; the file is on {under}")
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    output.map_or("rustc ?".into(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
