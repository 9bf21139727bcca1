//! The patrol gateway wire format.
#![no_std]
