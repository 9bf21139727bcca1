//! A small file system of its own, which a test may fill.
//!
//! Mounting takes root, or sudo that asks nobody.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// In memory.
    Tmpfs,
    /// In an image on a loop device.
    Ext4,
}

/// A mounted file system; unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    mount_point: PathBuf,
}

impl SmallDisk {
    /// Makes a file system of so many MiB below `dir` and mounts it.
    ///
    /// # Panics
    /// When it can't be made or mounted.
    pub fn mount(file_system: FileSystem, dir: &Path, mib: u32) -> SmallDisk {
        let mount_point = dir.join("disk");
        std::fs::create_dir_all(&mount_point).expect("a directory");
        let target = mount_point.to_str().expect("a plain path");
        match file_system {
            FileSystem::Tmpfs => {
                as_root(&["mount", "-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs", target])
            }
            FileSystem::Ext4 => {
                let image = dir.join("disk.img");
                let file = File::create(&image).expect("an image");
                file.set_len(u64::from(mib) << 20).expect("an image");
                let image = image.to_str().expect("a plain path");
                // No blocks that only root may use: the disk is as full for the gateway as it is.
                as_root(&["mkfs.ext4", "-q", "-m", "0", image]);
                as_root(&["mount", "-o", "loop", image, target]);
            }
        }
        as_root(&["chmod", "0777", target]);
        SmallDisk { mount_point }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.mount_point
    }

    /// Fills it with somebody else's file, to the last byte.
    ///
    /// # Panics
    /// When something else than the end of the room stops it.
    pub fn fill(&self) {
        let mut file = File::create(self.filler()).expect("a file");
        for block in [1 << 20, 1 << 16, 4096, 1] {
            loop {
                match file.write_all(&vec![0; block]).and_then(|()| file.sync_data()) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("filling {}: {error}", self.mount_point.display()),
                }
            }
        }
    }

    /// Takes that file away again.
    ///
    /// # Panics
    /// When it is not there.
    pub fn free(&self) {
        std::fs::remove_file(self.filler()).expect("the file is there");
    }

    fn filler(&self) -> PathBuf {
        self.mount_point.join("somebody-else")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that a failing test has left may still be in it.
        as_root(&["umount", "-l", self.mount_point.to_str().unwrap_or_default()]);
    }
}

fn as_root(words: &[&str]) {
    let sudo: &[&str] = if rustix::process::geteuid().is_root() { &[] } else { &["sudo", "-n"] };
    let words = [sudo, words].concat();
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let ended = Command::new(words[0]).args(&words[1..]).env("PATH", path).output();
    let ended = ended.unwrap_or_else(|error| panic!("{words:?}: {error}"));
    assert!(ended.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ended.stderr));
}
