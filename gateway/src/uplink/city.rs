//! Incidents in the style of the city platform's third-party interface. **What is known of it is a style, not a contract**: log in with
//! a key, push a case as JSON, read `code`, `msg` and `data`. This adapter keeps to our reading of that style (docs/uplinks.md), and is
//! tested against a stand-in of ours alone; a city's own interface will differ, and then this file is what is changed.
//!
//! Which incident, which code, and what may have arrived are dealt with as for Open311, whose parts it shares. A case goes under an id of
//! ours, which the platform may know again or not: after a lost answer it goes with a mark, as nothing can be looked up.

pub mod carrier;
