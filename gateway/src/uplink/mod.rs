//! The way to the city's case platform, and its word back.

pub mod around;
pub mod carrier;
pub mod city;
pub mod cloudevent;
pub mod https;
pub mod lane;
pub mod losses;
pub mod mqtt;
pub mod nats;
pub mod open311;
mod patience;
mod receipt;
pub mod spent;
pub mod stalls;
mod verdict;
