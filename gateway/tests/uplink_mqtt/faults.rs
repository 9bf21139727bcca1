//! Brokers that are killed, links that break or say nothing any more.
