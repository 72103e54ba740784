//! The way to a host, hop by hop.

use sonde_report::{Measurement, Reason, ReasonCode, values::PathValue};

use crate::{Env, clock::Stopwatch};

/// Where to.
#[derive(Debug, Clone)]
pub struct Config {
    /// Host name or address.
    pub host: String,
    /// Hops at most.
    pub max_hops: u8,
    /// Time allowed for each answer.
    pub timeout: std::time::Duration,
}

/// SKELETON
pub async fn run(config: &Config, env: &Env) -> Measurement<PathValue> {
    let _ = (config, env);
    Stopwatch::start().skip("", Reason::new(ReasonCode::NoTarget))
}
