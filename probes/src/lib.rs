//! The probes of sonde-ecole, one file each.
//!
//! A probe is `async fn run(&Config, &Env) -> Measurement<Value>`: every way of not succeeding is an outcome, so it
//! cannot fail. Probes print nothing and know nothing of verdicts. They share [`dial`] (DNS, TCP, TLS and HTTP with
//! each phase timed), [`clock`] (monotonic durations, dated starts) and [`stats`].

pub mod catalogue;
pub mod clock;
pub mod date;
pub mod dial;
pub mod dns;
pub mod endpoints;
pub mod env;
pub mod internet;
pub mod latency;
pub mod link;
pub mod ntp;
pub mod path;
pub mod responsiveness;
pub mod stats;
pub mod system_proxy;
pub mod throughput;
pub mod wifi;
pub mod wpad;

pub use env::{Env, Event, ProbeName};
