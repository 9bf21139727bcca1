//! The way to the platform.

pub mod cloudevent;
