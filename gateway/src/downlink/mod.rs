//! What the gateway says to devices of its own accord: answers to their questions, as frames sealed with the device's key.
//!
//! - An answer is made from what is committed and sent once, to the session that asked. Nothing is kept of it: a device that
//!   did not hear it asks again.
//! - Whichever transport a question came by, its answer is made here; how it travels is the transport's.

pub mod answers;
mod sealer;
mod verification;
