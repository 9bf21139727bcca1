//! Arguments of `patrol-simulator`.
