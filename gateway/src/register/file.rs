//! The platform's register on the disk: `stalls.csv` in the data folder, replaced whole.
//!
//! The first line says beside which version of the operator's file it came; below it stands what the platform sent, byte by byte.
//! One file holds both, so that no power cut leaves them at odds.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::domain::stalls::{REGISTER_BYTES_MAX, StallRegister};
use crate::ownership;

const NAME: &str = "stalls.csv";
/// What the first line begins with.
const HEAD: &str = "# from the platform, beside ";
/// What the first line may take.
const HEAD_BYTES_MAX: usize = 256;
/// Only the gateway's user reads it.
const MODE: u32 = 0o600;

/// What the platform sent last.
#[derive(Debug, PartialEq)]
pub(super) struct Kept {
    /// The version of the operator's file then; empty without one.
    pub(super) beside: String,
    pub(super) register: StallRegister,
}

/// Where it is.
pub(super) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(NAME)
}

/// Reads it; `None` when there is none.
pub(super) fn read(path: &Path) -> io::Result<Option<Kept>> {
    let bytes = match fs::metadata(path) {
        Ok(metadata) if metadata.len() > (REGISTER_BYTES_MAX + HEAD_BYTES_MAX) as u64 => {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than a register can be"));
        }
        Ok(_) => fs::read(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let bad =
        |what: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {what}", path.display()));
    let newline = bytes.iter().take(HEAD_BYTES_MAX).position(|byte| *byte == b'\n');
    let (head, csv) = bytes.split_at(newline.ok_or_else(|| bad("no first line".to_owned()))? + 1);
    let head = std::str::from_utf8(head).ok().and_then(|head| head.trim_end().strip_prefix(HEAD.trim_end()));
    let beside = head.ok_or_else(|| bad("another first line".to_owned()))?.trim().to_owned();
    let register = StallRegister::from_csv(csv).map_err(|error| bad(error.to_string()))?;
    Ok(Some(Kept { beside, register }))
}

/// Puts a register in its place: synced, then renamed, then the folder synced.
pub(super) fn replace(path: &Path, beside: &str, csv: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let new = path.with_extension("csv.new");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(MODE).open(&new)?;
    // One that a power cut left may have had another mode.
    file.set_permissions(Permissions::from_mode(MODE))?;
    ownership::give(&new, &fs::metadata(folder)?);
    file.write_all(format!("{HEAD}{beside}\n").as_bytes())?;
    file.write_all(csv)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &[u8] = include_bytes!("../../city/stalls.csv");

    #[test]
    fn what_is_kept_reads_back_and_what_a_cut_left_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let path = path(dir.path());
        assert_eq!(read(&path).unwrap(), None);
        fs::write(path.with_extension("csv.new"), "half a regis").unwrap();
        assert_eq!(read(&path).unwrap(), None);
        for beside in ["", "stalls@00000001"] {
            replace(&path, beside, CSV).unwrap();
            let kept = read(&path).unwrap().unwrap();
            assert_eq!(kept.beside, beside);
            assert_eq!(
                kept.register,
                StallRegister::from_csv(CSV).unwrap(),
                "the version is that of what was sent"
            );
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
        for text in ["", "card\n", "# from the platform, beside \ncard\n"] {
            fs::write(&path, text).unwrap();
            assert!(read(&path).is_err(), "{text:?}");
        }
    }
}
