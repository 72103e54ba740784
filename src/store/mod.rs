//! Durable files: where the agent keeps its state, the spool of reports that wait to be sent, the lock between runs.
//!
//! A file is either whole or absent, after a crash or a power cut too. This module knows nothing of the network: who
//! takes reports out of the spool, and when, is `upload`'s concern.

mod durable;
mod lock;
mod place;
mod secret;
mod spool;
pub mod status;

pub use durable::{
    StoreError, answer, remove_private, rename_private, write_atomic, write_atomic_private, write_private,
};
pub use lock::RunLock;
pub use place::state_dir;
pub use secret::read_secret;
pub use spool::{Content, Dropped, Quarantined, Spool, Waiting, Why};

#[cfg(test)]
mod tests;
