//! Where C pointers become references: NULL is an error, everything else is as the caller says.

use crate::PatrolError;

/// # Safety
///
/// Where `pointer` is not NULL there is a `T` that nobody writes to for `'a`.
pub(crate) unsafe fn shared<'a, T>(pointer: *const T) -> Result<&'a T, PatrolError> {
    // SAFETY: as the caller says.
    unsafe { pointer.as_ref() }.ok_or(PatrolError::Null)
}

/// # Safety
///
/// Where `pointer` is not NULL there is a `T` that nobody else uses for `'a`.
pub(crate) unsafe fn exclusive<'a, T>(pointer: *mut T) -> Result<&'a mut T, PatrolError> {
    // SAFETY: as the caller says.
    unsafe { pointer.as_mut() }.ok_or(PatrolError::Null)
}

/// Writes to where C has room, which need not hold a value yet.
///
/// # Safety
///
/// Where `place` is not NULL there is room for a `T` that nobody else uses.
pub(crate) unsafe fn put<T>(place: *mut T, value: T) -> Result<(), PatrolError> {
    if place.is_null() {
        return Err(PatrolError::Null);
    }
    // SAFETY: there is room, as the caller says.
    unsafe { place.write(value) };
    Ok(())
}

/// `len` values; NULL is none if `len` is 0.
///
/// # Safety
///
/// Where `start` is not NULL there are `len` values that nobody writes to for `'a`.
pub(crate) unsafe fn slice<'a, T>(start: *const T, len: usize) -> Result<&'a [T], PatrolError> {
    if len == 0 {
        return Ok(&[]);
    }
    if start.is_null() || len > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(PatrolError::Null);
    }
    // SAFETY: as the caller says, and no longer than an object can be.
    Ok(unsafe { core::slice::from_raw_parts(start, len) })
}

/// `len` bytes to write to; NULL is none if `len` is 0.
///
/// # Safety
///
/// Where `start` is not NULL there are `len` initialized bytes that nobody else uses for `'a`.
pub(crate) unsafe fn output<'a>(start: *mut u8, len: usize) -> Result<&'a mut [u8], PatrolError> {
    if len == 0 {
        return Ok(&mut []);
    }
    if start.is_null() || len > isize::MAX as usize {
        return Err(PatrolError::Null);
    }
    // SAFETY: as the caller says, and no longer than an object can be.
    Ok(unsafe { core::slice::from_raw_parts_mut(start, len) })
}
