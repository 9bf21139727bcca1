//! The world of the tests: the real programs as processes, in a directory of their own, on ports of their choice.
//!
//! Rules
//! - A test knows the gateway by its wires only: command line, configuration, MQTT, HTTP, signals, exit code, and what
//!   `strace` sees of it. No test imports the gateway's code.
//! - Nothing waits for a fixed time to be right: [`wait_until`] waits for a condition, and names it when it does not come.
//! - Everything a test starts ends with it: processes are killed and directories removed when their owners are dropped.
//! - A helper that can't do its work fails the test with a message that says what to do; there are no errors to handle.
//!
//! ```no_run
//! # async fn example() {
//! use std::time::Duration;
//! use patrol_tests::{World, wait_until};
//!
//! let world = World::new();
//! let platform = world.platform().await;
//! let mut gateway =
//!     world.gateway().uplink(&platform.url()).set("store.max_bytes", "16MiB").start().await;
//! // ... connect devices to gateway.mqtt() ...
//! wait_until("the backlog is empty", Duration::from_secs(10), async || gateway.pending().await == 0).await;
//! gateway.kill9().await;
//! gateway.restart().await; // same data, same ports
//! gateway.terminate();
//! assert_eq!(gateway.exit(Duration::from_secs(5)).await.code(), Some(0));
//! # }
//! ```

pub mod accounts;
pub mod ack_order;
pub mod bridge;
pub mod connect_proxy;
pub mod device_keys;
pub mod events;
pub mod firmware;
mod gateway;
pub mod golden;
pub mod login;
pub mod malformed;
mod mosquitto;
mod mosquitto_broker;
pub mod nats;
mod packet_reader;
pub mod packets;
mod program;
mod raw_device;
pub mod raw_mqtt;
pub mod reports;
pub mod rust_clients;
mod seed;
pub mod site;
mod small_disk;
mod strace;
pub mod tls_front;
pub mod trace;
pub mod uplink_stage;
mod wait;
mod world;

pub use gateway::{Gateway, GatewayPlan, Metrics};
pub use mosquitto::{Subscriber, mosquitto_pub};
pub use mosquitto_broker::Mosquitto;
pub use program::{Ended, program, run_to_end};
pub use raw_device::RawDevice;
pub use seed::{note, seeded};
pub use small_disk::{FileSystem, SmallDisk};
pub use strace::Strace;
pub use wait::wait_until;
pub use world::World;
