//! The report document of sonde-ecole, and how it is judged.
//!
//! Pure: no I/O, no clock, no async. The agent writes this document, the collector reads it, and both judge it
//! with the same [`assess`](assess::assess). It holds codes and numbers, never sentences.

pub mod assess;
pub mod document;
pub mod measurement;
pub mod requirement;
pub mod schema;
pub mod timestamp;
pub mod uai;
pub mod usage;
pub mod values;

pub use assess::assess;
pub use document::Report;
pub use measurement::{Cause, Caveat, CaveatCode, Failure, Measurement, Outcome, Reason, ReasonCode, Stage};
pub use requirement::{Requirements, SchoolSize};
pub use timestamp::Timestamp;
pub use uai::Uai;
