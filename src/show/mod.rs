//! From a report or events to eyes. Never measures, never judges.
//!
//! The console and the HTML page show the same [`page::Page`], built once from the report by [`content`]: what one
//! does not show, the other cannot.

pub mod allowlist;
pub mod console;
mod content;
pub mod csv;
pub mod html;
pub mod monitoring;
mod page;
pub mod progress;
mod reception;

pub use content::why_no_wifi;
pub(crate) use page::clean;
pub use reception::{GOOD_DBM, Reception, SERVES_DBM};

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
