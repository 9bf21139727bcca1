//! The way to the city's case platform, and its word back.

pub mod carrier;
pub mod city;
pub mod cloudevent;
pub mod https;
pub mod lane;
pub mod losses;
pub mod nats;
pub mod open311;
mod patience;
mod put_off;
mod receipt;
pub mod stalls;
