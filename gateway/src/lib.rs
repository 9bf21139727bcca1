//! Patrol gateway, in the order a report meets its parts.

pub mod config;
pub mod domain;
pub mod store;
pub mod transfer;

pub mod access;
pub mod downlink;
pub mod external;
pub mod intake;
pub mod mqtt;
pub mod mqtt_client;
pub mod uplink;

pub mod http;

pub mod app;
pub mod city;
pub mod cli;
pub mod keys;
pub mod register;
pub mod sightings;

pub mod audit;
pub mod clock;
pub mod health;
pub mod metrics;
mod ownership;
