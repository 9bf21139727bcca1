//! The field's logic. Pure: no async, no I/O, no clock, no randomness; time and chance come as arguments.

pub mod report;
