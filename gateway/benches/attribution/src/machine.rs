//! Where the numbers were seen.

use std::fs;
use std::process::Command;

/// Date, processor and kernel in one line.
pub(crate) fn facts() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{}; {cores} cores ({}), load {}, Linux {}, {}, release profile, one thread",
        jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC"),
        model.map_or("?", |(_, name)| name),
        load.split(' ').next().unwrap_or("?"),
        kernel.trim(),
        rustc(),
    )
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output();
    output.map_or("rustc ?".into(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
