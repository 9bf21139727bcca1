//! A file that SQLite has open on a disk.

use std::ffi::{c_int, c_void};
use std::mem::size_of;
use std::sync::Arc;
use std::{ptr, slice};

use rusqlite::ffi;

use crate::FLASH_PAGE_BYTES;
use crate::call::Inode;
use crate::disk::Disk;

/// Room that SQLite makes for a file.
pub(super) const SIZE_BYTES: c_int = size_of::<OpenFile>() as c_int;

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(lock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

/// Begins with what SQLite knows of it.
#[repr(C)]
struct OpenFile {
    base: ffi::sqlite3_file,
    disk: Arc<Disk>,
    inode: Inode,
    has_psow: bool,
    syncs_directory: bool,
}

/// Makes the room that SQLite has given a file.
///
/// # Safety
/// `room` is aligned for and as large as an [`OpenFile`], and holds none.
pub(super) unsafe fn begin(
    room: *mut ffi::sqlite3_file,
    disk: Arc<Disk>,
    inode: Inode,
    has_psow: bool,
    syncs_directory: bool,
) {
    let base = ffi::sqlite3_file { pMethods: &raw const METHODS };
    // SAFETY: by the above.
    unsafe { room.cast::<OpenFile>().write(OpenFile { base, disk, inode, has_psow, syncs_directory }) };
}

/// The file behind a handle of SQLite's.
///
/// # Safety
/// [`begin`] has made it and it was not closed since. SQLite uses a file from one thread at a time.
unsafe fn of<'a>(handle: *mut ffi::sqlite3_file) -> &'a mut OpenFile {
    // SAFETY: by the above.
    unsafe { &mut *handle.cast::<OpenFile>() }
}

unsafe extern "C" fn close(handle: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once, and then frees its room.
    unsafe { ptr::drop_in_place(handle.cast::<OpenFile>()) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(handle: *mut ffi::sqlite3_file, into: *mut c_void, len: c_int, at: i64) -> c_int {
    let (Ok(at), Ok(len)) = (usize::try_from(at), usize::try_from(len)) else {
        return ffi::SQLITE_IOERR_READ;
    };
    // SAFETY: SQLite passes an open file and room for `len` bytes. Zeros first: what the file lacks is to be zero.
    let (file, into) = unsafe {
        ptr::write_bytes(into.cast::<u8>(), 0, len);
        (of(handle), slice::from_raw_parts_mut(into.cast::<u8>(), len))
    };
    let there = file.disk.read(file.inode, at, into);
    if there == len { ffi::SQLITE_OK } else { ffi::SQLITE_IOERR_SHORT_READ }
}

unsafe extern "C" fn write(
    handle: *mut ffi::sqlite3_file,
    from: *const c_void,
    len: c_int,
    at: i64,
) -> c_int {
    let (Ok(at), Ok(len)) = (usize::try_from(at), usize::try_from(len)) else {
        return ffi::SQLITE_IOERR_WRITE;
    };
    // SAFETY: SQLite passes an open file and `len` bytes.
    let (file, from) = unsafe { (of(handle), slice::from_raw_parts(from.cast::<u8>(), len)) };
    file.disk.write(file.inode, at, from);
    ffi::SQLITE_OK
}

unsafe extern "C" fn truncate(handle: *mut ffi::sqlite3_file, len: i64) -> c_int {
    // SAFETY: SQLite passes an open file.
    let file = unsafe { of(handle) };
    let Ok(len) = usize::try_from(len) else { return ffi::SQLITE_IOERR_TRUNCATE };
    file.disk.truncate(file.inode, len);
    ffi::SQLITE_OK
}

unsafe extern "C" fn sync(handle: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: SQLite passes an open file.
    let file = unsafe { of(handle) };
    file.disk.sync(file.inode);
    if std::mem::take(&mut file.syncs_directory) {
        file.disk.sync_directory();
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_size(handle: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    // SAFETY: SQLite passes an open file and room for the size.
    unsafe {
        let file = of(handle);
        *size = file.disk.len(file.inode) as i64;
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock(_: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(_: *mut ffi::sqlite3_file, result: *mut c_int) -> c_int {
    // SAFETY: SQLite passes room for the result.
    unsafe { *result = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    FLASH_PAGE_BYTES as c_int
}

unsafe extern "C" fn device_characteristics(handle: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite passes an open file.
    if unsafe { of(handle) }.has_psow { ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE } else { 0 }
}
