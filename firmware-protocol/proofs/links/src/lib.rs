//! Everything of firmware-protocol that a device runs, in one library with nothing else in it. That it links proves:
//!
//! - **No std, no allocation.** There is neither an allocator nor an operating system here; the linker knows the five
//!   functions of `build.rs` and no other.
//! - **No panic.** The panic handler calls a function that does not exist. As long as any code that can panic is
//!   reachable from an entry, with whatever arguments, the link fails for want of `a_panic_is_reachable`.
//!
//! It is proved of this code as it is compiled here, with the profile of this workspace: at opt-level "s" the optimizer
//! sees that what can't happen does not happen, at "z" and 1 it does not look. The entries are never called; they are
//! exported, so that the compiler must take every argument for possible.
//!
//! To find a panic that is reachable: build with `cargo rustc --release -p links --crate-type staticlib`, then look in
//! the library's disassembly for who calls `core::panicking`.
#![no_std]

mod bodies;
mod device;
mod frame;
mod serial;
mod values;

unsafe extern "C" {
    /// Defined nowhere.
    safe fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    a_panic_is_reachable()
}

/// The control of the proof: with this one more entry the link must fail.
#[cfg(feature = "control-panic")]
#[unsafe(no_mangle)]
extern "C" fn control_panic(bytes: &[u8; 4], index: usize) -> u8 {
    bytes[index]
}

/// The bytes at `start`, which a caller in C has.
///
/// # Safety
///
/// There are `len` bytes at `start` that nobody writes to.
unsafe fn bytes<'a>(start: *const u8, len: usize) -> &'a [u8] {
    // SAFETY: as the caller says.
    unsafe { core::slice::from_raw_parts(start, len) }
}

/// The bytes at `start`, to be written to.
///
/// # Safety
///
/// There are `len` bytes at `start` that nobody else uses.
unsafe fn bytes_mut<'a>(start: *mut u8, len: usize) -> &'a mut [u8] {
    // SAFETY: as the caller says.
    unsafe { core::slice::from_raw_parts_mut(start, len) }
}
