//! Memory that outlives a power cut, as the device's maker brings it.

/// Slots at the start of a storage that hold the boot counter; records are in those behind them.
pub const COUNTER_SLOTS: u16 = 2;

/// Memory that outlives a power cut, in slots of one length: FRAM, pages of flash, files of a folder.
///
/// The first [`COUNTER_SLOTS`] slots hold the boot counter in turn, every other one a record. Slots for records are used
/// in turn too, so that flash wears evenly.
///
/// What an implementation promises, and all that [`Device`](super::Device) builds on:
/// - What a `write` or an `erase` that returned `Ok` did, outlives a power cut.
/// - One that a power cut interrupts, or that returns an error, may leave anything in its slot, and changes no other.
pub trait Storage {
    /// Why the memory could not do it; passed on as it is.
    type Error;

    /// How many slots there are, the counter's included; at most as many as the device's table has entries, and
    /// [`COUNTER_SLOTS`]. May grow with a new firmware. May shrink only when what lies behind is not needed any more.
    fn slots(&self) -> u16;

    /// Bytes that fit into a slot: the longest frame and [`SLOT_HEAD_LEN`](super::SLOT_HEAD_LEN).
    fn slot_len(&self) -> usize;

    /// Reads a slot from its beginning into `buffer`, as much as fits, and says how many bytes that is. Behind what was
    /// written there may be anything; in a slot that was never written or was erased there may be anything but a
    /// written record.
    fn read(&mut self, slot: u16, buffer: &mut [u8]) -> Result<usize, Self::Error>;

    /// Makes `bytes`, at most [`slot_len`](Self::slot_len), what the slot begins with, whatever it held.
    fn write(&mut self, slot: u16, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Makes what the slot held unreadable; overwriting its first four bytes with others is enough.
    fn erase(&mut self, slot: u16) -> Result<(), Self::Error>;
}

impl<S: Storage + ?Sized> Storage for &mut S {
    type Error = S::Error;

    fn slots(&self) -> u16 {
        (**self).slots()
    }

    fn slot_len(&self) -> usize {
        (**self).slot_len()
    }

    fn read(&mut self, slot: u16, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        (**self).read(slot, buffer)
    }

    fn write(&mut self, slot: u16, bytes: &[u8]) -> Result<(), Self::Error> {
        (**self).write(slot, bytes)
    }

    fn erase(&mut self, slot: u16) -> Result<(), Self::Error> {
        (**self).erase(slot)
    }
}
