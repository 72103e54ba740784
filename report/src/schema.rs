//! The JSON schema of the report, generated from the types.

use crate::Report;

/// The report's JSON schema (draft 2020-12).
#[must_use]
pub fn report_schema() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}
