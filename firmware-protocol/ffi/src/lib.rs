//! `firmware-protocol` for devices whose firmware is written in C: what a device sends is sealed, what it receives is
//! opened. `include/patrol_firmware.h` is made from this crate.
//!
//! No std, no allocation, no global state. Each function checks its pointers for NULL and its lengths; that a pointer
//! leads to what its type says is the caller's part, as everywhere in C.
//!
//! A field that is added to a body of `firmware-protocol` does not compile here until it is carried over: bodies that are
//! sent are written field by field, bodies that are received are taken apart without `..`.
#![no_std]

mod ack;
mod config;
mod edge;
mod error;
mod evidence;
mod frame;
mod incident;
mod key;
mod sensor_report;
mod serial;
mod status;
mod task;
mod telemetry;
mod text;
mod time_sync;
mod track;

pub use ack::*;
pub use config::*;
pub use error::*;
pub use evidence::*;
pub use frame::*;
pub use incident::*;
pub use key::*;
pub use sensor_report::*;
pub use serial::*;
pub use status::*;
pub use task::*;
pub use telemetry::*;
pub use text::*;
pub use time_sync::*;
pub use track::*;

/// Never reached as far as the proofs in `../proofs` show; the watchdog is what is left then.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
