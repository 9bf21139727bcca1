//! A patrol fleet, a stand-in case platform, and the ledger that gives the verdict.
//!
//! It stands on both sides of a gateway and knows it only by its wires: MQTT towards devices, HTTP towards the
//! platform. It never imports the gateway's code, so what it finds is what any device and any platform would find.

pub mod bench;
pub mod cli;
pub mod demo;
pub mod device;
pub mod fleet;
pub mod gateway;
pub mod keys;
pub mod ledger;
pub mod local_http;
pub mod open311;
pub mod platform;
pub mod proxy;
pub mod route;
mod signals;
