//! Where the numbers come from, in one line.

use std::process::Command;

pub(crate) fn facts() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = cpu.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name));
        line.and_then(|line| line.split(':').nth(1)).map_or("?", str::trim).to_string()
    };
    let has = |flag: &str| if field("flags").split(' ').any(|one| one == flag) { "with" } else { "without" };
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc =
        rustc.map_or("rustc ?".into(), |output| String::from_utf8_lossy(&output.stdout).trim().to_string());
    format!(
        "{} (family {}, model {}; {} SHA instructions), {} {}, {rustc}, release profile, no target-cpu.",
        field("model name"),
        field("cpu family"),
        field("model"),
        has("sha_ni"),
        std::env::consts::ARCH,
        std::env::consts::OS,
    )
}
