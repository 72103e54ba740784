//! Sentences about a report: what each code means, why it matters, and who should do what about it.
//!
//! Every function is an exhaustive match: a new code does not compile before it has its sentence in both
//! languages. Nothing here decides anything.

mod advice;
mod failures;
mod labels;
mod sentences;
mod values;
mod verdicts;

pub use advice::{act_on, cause_advice, no_action, reason_advice, remedy, state_advice};
pub use failures::{cause, caveat, reason, stage};
pub use labels::{Label, label};
pub use sentences::{
    access_points, action_about, between, capitalised, clock_offset, curve, measured_how, no_rate, of,
    rate_verdict, repetitions, services_reached,
};
pub use values::{
    counted_at, dns_path, endpoint_kind, endpoint_state, evidence, interface_kind, limited_by, mire_protocol,
    path_method, rtt_method, stop_reason, wifi_on,
};
pub use verdicts::{
    actor, assumption, confidence, layer, level, overall, requirement, rule_name, size, verdict,
    verdict_long, verdict_reason,
};
