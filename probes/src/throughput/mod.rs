//! Sustained rate in one direction, against a list of mires tried in order.

use std::time::Duration;

use sonde_report::{Measurement, Reason, ReasonCode, values::TransferValue};

use crate::{Env, clock::Stopwatch};

pub mod mire_url;

pub use mire_url::MireUrl;

/// How to measure.
#[derive(Debug, Clone)]
pub struct Config {
    /// The mires, in the order to try them.
    pub mires: Vec<MireUrl>,
    /// Time allowed for the transfer on one mire, ramp included.
    pub time_cap: Duration,
    /// Application bytes allowed for the whole probe.
    pub byte_cap: u64,
    /// Time without any progress after which a mire is given up.
    pub stall_timeout: Duration,
}

/// Measures the downstream rate. SKELETON
pub async fn download(config: &Config, env: &Env) -> Measurement<TransferValue> {
    let _ = (config, env);
    Stopwatch::start().skip("", Reason::new(ReasonCode::NoTarget))
}

/// Measures the upstream rate, in bytes acknowledged by the far end. SKELETON
pub async fn upload(config: &Config, env: &Env) -> Measurement<TransferValue> {
    let _ = (config, env);
    Stopwatch::start().skip("", Reason::new(ReasonCode::NoTarget))
}
