//! The other way in.
