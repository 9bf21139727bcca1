//! A disk of its own for each run: ext4 in a file on a loop device, whose counters say what really reaches it.
//!
//! `/proc/PID/io` would not do: it counts what is dirtied, in units that differ by file system.

use std::fs::{self, File};
use std::ops::Sub;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};

/// Bytes of the file, which is sparse: only what is written takes room.
const IMAGE_BYTES: u64 = 12 << 30;
const SECTOR_BYTES: u64 = 512;

/// Disks made so far, for their names.
static MADE: AtomicU32 = AtomicU32::new(0);

/// The mounted disk; unmounted and deleted when it is dropped.
pub(crate) struct Disk {
    image: PathBuf,
    device: String,
    mount: PathBuf,
}

/// What the block device has counted since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) written_bytes: u64,
    pub(crate) flushes: u64,
}

impl Sub for Counters {
    type Output = Counters;

    fn sub(self, before: Counters) -> Counters {
        Counters {
            written_bytes: self.written_bytes - before.written_bytes,
            flushes: self.flushes - before.flushes,
        }
    }
}

impl Disk {
    /// Makes a disk whose file is below `dir`. Takes root.
    pub(crate) fn make(dir: &Path) -> Result<Disk> {
        fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("patrol-storage-{}-{number}", std::process::id());
        let (image, mount) = (dir.join(format!("{name}.img")), dir.join(name));
        File::create(&image)?.set_len(IMAGE_BYTES)?;
        fs::create_dir_all(&mount)?;
        let image_name = image.to_string_lossy().into_owned();
        run(
            "mkfs.ext4",
            &["-q", "-F", "-N", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0", &image_name],
        )?;
        let device = run("losetup", &["--find", "--show", &image_name])?.trim().to_owned();
        let disk = Disk { image, device, mount };
        run("mount", &[&disk.device, &disk.mount.to_string_lossy()])?;
        Ok(disk)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.mount
    }

    /// Writes out what the kernel holds back, then reads the counters.
    pub(crate) fn settled_counters(&self) -> Result<Counters> {
        run("sync", &["-f", &self.mount.to_string_lossy()])?;
        self.counters()
    }

    /// The counters as they are.
    pub(crate) fn counters(&self) -> Result<Counters> {
        let device = self.device.trim_start_matches("/dev/");
        let stat = fs::read_to_string(format!("/sys/block/{device}/stat"))?;
        let fields: Vec<u64> = stat.split_whitespace().filter_map(|field| field.parse().ok()).collect();
        ensure!(fields.len() >= 17, "the kernel does not count flushes: {stat}");
        Ok(Counters { written_bytes: fields[6] * SECTOR_BYTES, flushes: fields[15] })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let mount = self.mount.to_string_lossy().into_owned();
        for (program, arguments) in [("umount", [mount.as_str()]), ("losetup", ["--detach"])] {
            let device = (program == "losetup").then_some(self.device.as_str());
            let arguments: Vec<&str> = arguments.into_iter().chain(device).collect();
            if let Err(error) = run(program, &arguments) {
                eprintln!("left behind: {error:#}");
            }
        }
        // What could not be unmounted can't be removed either, and was named above.
        let _ = (fs::remove_file(&self.image), fs::remove_dir(&self.mount));
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output().context(program.to_owned())?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {}: {}", arguments.join(" "), said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
