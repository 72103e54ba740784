//! From a report or events to eyes. Never measures, never judges. SKELETON

pub mod console;
pub mod html;
pub mod monitoring;
pub mod progress;
