//! Brokers for tests of what speaks to one.
#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod mosquitto;
pub(crate) mod raw;
