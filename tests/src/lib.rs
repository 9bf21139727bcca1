//! Patrol gateway.
