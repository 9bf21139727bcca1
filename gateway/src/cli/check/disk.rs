//! Can the data folder be written, and is there room for the quota?

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::fs::statvfs;

use super::Finding;
use crate::cli::human::bytes;

/// Less than this free and not even a small store can grow.
const FREE_BYTES_MIN: u64 = 16 << 20;

pub(super) fn check(data_dir: &Path, max_bytes: u64) -> Finding {
    let shown = data_dir.display();
    let Some(existing) = data_dir.ancestors().map(dot_for_empty).find(|folder| folder.exists()) else {
        return Finding::failure(format!("{shown}: 目录不存在 no part of this path exists"));
    };
    if let Err(error) = try_writing(existing) {
        return Finding::failure(format!("{}: 不可写 can't be written: {error}", existing.display()));
    }
    let free_bytes = match statvfs(existing) {
        Ok(stat) => stat.f_bavail.saturating_mul(stat.f_frsize),
        Err(error) => return Finding::warning(format!("{shown}: 剩余空间未知 free space unknown: {error}")),
    };
    judge(&shown.to_string(), free_bytes, max_bytes)
}

fn judge(shown: &str, free_bytes: u64, max_bytes: u64) -> Finding {
    let free = bytes(free_bytes);
    if free_bytes < FREE_BYTES_MIN {
        Finding::failure(format!("{shown}: 磁盘已满 only {free} free"))
    } else if free_bytes < max_bytes {
        let quota = bytes(max_bytes);
        Finding::warning(format!(
            "{shown}: 剩余 {free}，小于配额 · {free} free, less than store.max_bytes = {quota}"
        ))
    } else {
        Finding::ok(format!("{shown}: 可写，剩余 {free} · writable, {free} free"))
    }
}

/// The parent of a bare name is the working directory.
fn dot_for_empty(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// Only a file that was really made proves that one can be made; it is removed again.
fn try_writing(folder: &Path) -> io::Result<()> {
    let probe = folder.join(format!(".patrol-gateway-check-{}", std::process::id()));
    File::create_new(&probe)?.sync_all()?;
    fs::remove_file(&probe)
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_is_judged_by_where_it_would_be_and_nothing_is_left_behind() {
        let base = tempfile::tempdir().unwrap();
        let finding = check(&base.path().join("a/b"), 1);
        assert_eq!(finding.verdict, Verdict::Ok, "{finding:?}");
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_where_the_folder_should_be_fails() {
        let base = tempfile::tempdir().unwrap();
        let file = base.path().join("data");
        fs::write(&file, "x").unwrap();
        assert_eq!(check(&file, 1).verdict, Verdict::Failure);
    }

    #[test]
    fn too_little_room_is_told_before_it_is_missed() {
        assert_eq!(judge("d", 1 << 20, 2 << 30).verdict, Verdict::Failure);
        assert_eq!(judge("d", 1 << 30, 2 << 30).verdict, Verdict::Warning);
        assert_eq!(judge("d", 3 << 30, 2 << 30).verdict, Verdict::Ok);
    }
}
