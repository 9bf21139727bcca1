//! Brokers for tests of what speaks to one.
#![allow(dead_code, reason = "each test uses a part of it")]

pub mod mosquitto;
pub mod raw;
