//! The JSON schema of the report, generated from the types.

use crate::Report;

/// The committed schema, which a test holds equal to [`report_schema`]: what programs print, so that the generator
/// is needed by the tests alone.
pub const REPORT_1: &str = include_str!("../../docs/schema/report-1.json");

/// The report's JSON schema (draft 2020-12).
#[must_use]
pub fn report_schema() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}
