//! The uplink by MQTT loses nothing and stands still for nothing: against Debian's mosquitto, and against a scripted broker of our own
//! where mosquitto can't be made to do it.

#[path = "../mqtt_support/mod.rs"]
mod mqtt_support;

mod faults;
mod traps;
mod world;
