//! Backlogs as files: the format, and the way from one store into another.

mod transfer_format;
mod transfer_stores;
