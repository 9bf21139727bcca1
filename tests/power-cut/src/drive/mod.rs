//! The drive: SQLite's way to a disk, as a VFS that it knows by name.
//!
//! It does what SQLite's own VFS does on unix, as far as a database sees it: an empty file does not "exist", the first sync
//! of a log or journal that was opened to be made syncs the directory too, and `psow` in the URI says whether a sector that
//! is being written leaves its neighbours alone. There is no shared memory, so a database in WAL mode must be locked
//! exclusively; locks are not kept, a disk has one user.
#![allow(unsafe_code, reason = "SQLite's interface for file systems is C")]

mod file;

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::ffi;

use crate::disk::Disk;

/// Bytes of a path at most.
const PATH_BYTES_MAX: c_int = 512;

/// A drive: the disk in it is what SQLite finds below its VFS. It stays known to SQLite until the process ends, because a
/// connection may still point to it; so make few, and change their disks.
#[derive(Debug)]
pub struct Drive {
    slot: &'static Slot,
}

#[derive(Debug)]
struct Slot {
    name: CString,
    disk: Mutex<Option<Arc<Disk>>>,
}

impl Slot {
    fn disk(&self) -> Option<Arc<Disk>> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drive {
    /// A new drive without a disk.
    ///
    /// # Panics
    /// When SQLite has no memory for it.
    #[expect(
        clippy::new_without_default,
        reason = "it registers something for the rest of the process's life"
    )]
    pub fn new() -> Drive {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("power-cut-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let name = CString::new(name).expect("a name without a zero");
        let slot: &'static Slot = Box::leak(Box::new(Slot { name, disk: Mutex::new(None) }));
        let vfs: &'static mut ffi::sqlite3_vfs = Box::leak(Box::new(vfs(slot)));
        // SAFETY: the structure, and all that it points to, lives as long as the process, and nobody else changes it.
        let code = unsafe { ffi::sqlite3_vfs_register(vfs, 0) };
        assert_eq!(code, ffi::SQLITE_OK, "SQLite takes the drive");
        Drive { slot }
    }

    /// The VFS's name.
    pub fn name(&self) -> &str {
        self.slot.name.to_str().unwrap_or_default()
    }

    /// Puts a disk in. Files that are open stay on the one before.
    pub fn insert(&self, disk: &Arc<Disk>) {
        *self.slot.disk.lock().unwrap_or_else(PoisonError::into_inner) = Some(disk.clone());
    }
}

fn vfs(slot: &'static Slot) -> ffi::sqlite3_vfs {
    ffi::sqlite3_vfs {
        iVersion: 1,
        szOsFile: file::SIZE_BYTES,
        mxPathname: PATH_BYTES_MAX,
        pNext: ptr::null_mut(),
        zName: slot.name.as_ptr(),
        pAppData: ptr::from_ref(slot).cast_mut().cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: None,
        xCurrentTimeInt64: None,
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }
}

/// The disk in the drive of this VFS.
///
/// # Safety
/// `vfs` was made by [`vfs`].
unsafe fn disk_in(vfs: *mut ffi::sqlite3_vfs) -> Option<Arc<Disk>> {
    // SAFETY: by the above, it points to a Slot that lives as long as the process.
    unsafe { (*vfs).pAppData.cast::<Slot>().as_ref() }.and_then(Slot::disk)
}

/// The path that SQLite hands over; `None` for a temporary file without one, and for what is not UTF-8.
///
/// # Safety
/// `path` is null or a string of C that lives as long as the result.
unsafe fn text<'a>(path: *const c_char) -> Option<&'a str> {
    if path.is_null() {
        return None;
    }
    // SAFETY: by the above.
    unsafe { CStr::from_ptr(path) }.to_str().ok()
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    opened: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes the VFS that was registered, a path of its own or none, room for a file, and room for flags or
    // none. A file without methods is one that SQLite does not close.
    unsafe {
        (*opened).pMethods = ptr::null();
        let (Some(disk), Some(name)) = (disk_in(vfs), text(path)) else { return ffi::SQLITE_CANTOPEN };
        let inode = match disk.find(name) {
            Some(inode) => inode,
            None if flags & ffi::SQLITE_OPEN_CREATE != 0 => disk.create(name),
            None => return ffi::SQLITE_CANTOPEN,
        };
        let has_psow =
            flags & ffi::SQLITE_OPEN_URI == 0 || ffi::sqlite3_uri_boolean(path, c"psow".as_ptr(), 1) != 0;
        let makes_log = ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL;
        let syncs_directory = flags & ffi::SQLITE_OPEN_CREATE != 0 && flags & makes_log != 0;
        file::begin(opened, disk, inode, has_psow, syncs_directory);
        if !out_flags.is_null() {
            *out_flags = flags;
        }
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, path: *const c_char, sync_directory: c_int) -> c_int {
    // SAFETY: SQLite passes the VFS that was registered and a path.
    let (Some(disk), Some(name)) = (unsafe { (disk_in(vfs), text(path)) }) else { return ffi::SQLITE_IOERR };
    if !disk.delete(name) {
        return ffi::SQLITE_IOERR_DELETE_NOENT;
    }
    if sync_directory & 1 != 0 {
        disk.sync_directory();
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    flags: c_int,
    result: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes the VFS that was registered, a path, and room for the result.
    unsafe {
        let (Some(disk), Some(name)) = (disk_in(vfs), text(path)) else { return ffi::SQLITE_IOERR };
        let asks_for_content = flags == ffi::SQLITE_ACCESS_EXISTS;
        let is_there = disk.find(name).is_some_and(|inode| !asks_for_content || disk.len(inode) > 0);
        *result = c_int::from(is_there);
    }
    ffi::SQLITE_OK
}

/// Paths are names here: they stay as they are.
unsafe extern "C" fn full_pathname(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite passes a path and room for as many bytes as it says.
    unsafe {
        let path = CStr::from_ptr(path).to_bytes_with_nul();
        if usize::try_from(room).is_ok_and(|room| path.len() <= room) {
            ptr::copy_nonoverlapping(path.as_ptr().cast(), out, path.len());
            return ffi::SQLITE_OK;
        }
    }
    ffi::SQLITE_CANTOPEN
}

/// SQLite takes its chance from the default VFS; this one has none to give.
unsafe extern "C" fn randomness(_: *mut ffi::sqlite3_vfs, _: c_int, _: *mut c_char) -> c_int {
    0
}

unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

/// 1970, as a Julian day: the store takes its times from elsewhere.
unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, day: *mut f64) -> c_int {
    // SAFETY: SQLite passes room for the day.
    unsafe { *day = 2_440_587.5 };
    ffi::SQLITE_OK
}
