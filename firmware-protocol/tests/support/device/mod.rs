//! What is around a device: its memory, its clock, its files, and the other end of its link.

pub(crate) mod gateway;
pub(crate) mod media;
pub(crate) mod stand_ins;
