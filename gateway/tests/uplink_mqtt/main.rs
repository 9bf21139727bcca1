//! The uplink by MQTT loses nothing and stands still for nothing: against Debian's mosquitto, and against a scripted broker of our own
//! where mosquitto can't be made to do it.

mod broker;
mod faults;
mod raw;
mod traps;
mod world;
