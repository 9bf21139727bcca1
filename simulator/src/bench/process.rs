//! What a process costs and what it runs on, read from /proc.

use std::path::Path;
use std::time::Duration;

/// Length of a tick in /proc/PID/stat: Linux shows 100 a second to programs, whatever the kernel's own rate is.
const TICK_MS: u64 = 10;

/// CPU time a process has used so far, user and system together; `None` when it is gone.
pub(super) fn cpu_time(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parse_cpu_time(&stat)
}

/// The name in parentheses may hold anything, spaces and parentheses too: fields are counted behind its last one.
fn parse_cpu_time(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * TICK_MS))
}

/// The most memory a process ever had resident, in KiB.
pub(super) fn peak_rss_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Bytes a process has caused to be written to disk, as far as the kernel counts them for it.
pub(super) fn disk_bytes(pid: u32) -> Option<u64> {
    let io = std::fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    io.lines().find_map(|line| line.strip_prefix("write_bytes: "))?.trim().parse().ok()
}

/// The machine, one fact each.
#[derive(Debug, Clone, serde::Serialize)]
pub(super) struct Conditions {
    pub(super) cores: usize,
    pub(super) cpu: String,
    pub(super) kernel: String,
    /// File system of the directory with the data; a tmpfs makes a sync cost nothing.
    pub(super) file_system: String,
    pub(super) date: String,
}

impl Conditions {
    pub(super) fn of_this_machine(data_dir: &Path) -> Conditions {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let model =
            cpu.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(':'));
        Conditions {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            cpu: model.map_or("unknown", |(_, name)| name.trim()).to_owned(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            file_system: file_system(&read("/proc/self/mounts"), data_dir),
            date: jiff::Zoned::now().strftime("%Y-%m-%d %H:%M %:z").to_string(),
        }
    }
}

/// The type of the mount with the longest path above `dir`.
fn file_system(mounts: &str, dir: &Path) -> String {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let mount = |line: &str| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?.to_owned(), fields.next()?.to_owned()))
    };
    let above = mounts.lines().filter_map(mount).filter(|(path, _)| dir.starts_with(path));
    above.max_by_key(|(path, _)| path.len()).map_or_else(|| "unknown".to_owned(), |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_past_a_hostile_process_name() {
        let stat = "42 (a ) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 100 1 1";
        assert_eq!(parse_cpu_time(stat), Some(Duration::from_secs(3)));
        assert!(cpu_time(std::process::id()).is_some() && peak_rss_kib(std::process::id()).is_some());
    }

    #[test]
    fn the_nearest_mount_names_the_file_system() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n";
        assert_eq!(file_system(mounts, Path::new("/tmp/nowhere-yet/x")), "tmpfs");
        assert_eq!(file_system(mounts, Path::new("/srv")), "ext4");
    }
}
