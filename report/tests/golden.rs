//! Every released version of the report must still load: the golden documents, and the committed schema.
//!
//! A golden document is never rewritten to please the code: a change that breaks one breaks readers out there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use sonde_report::{
    Report, Requirements, assess,
    assess::{Actor, Assessment, VerdictReason},
    document::ReadError,
    schema::report_schema,
};

/// The golden documents, by name.
const GOLDEN: [(&str, &str); 5] = [
    ("full", include_str!("golden/report-1-full.json")),
    ("loaded", include_str!("golden/report-1-loaded.json")),
    ("met", include_str!("golden/report-1-met.json")),
    ("not-met", include_str!("golden/report-1-not-met.json")),
    ("no-network", include_str!("golden/report-1-no-network.json")),
];

#[test]
fn a_golden_report_loads_and_is_written_again_the_same() {
    for (name, text) in GOLDEN {
        let report = Report::from_json(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let read: serde_json::Value = serde_json::from_str(text).unwrap();
        let written = serde_json::to_value(&report).unwrap();
        assert_eq!(written, read, "{name}");
    }
}

#[test]
fn a_golden_report_is_judged_again_as_it_was() {
    let rules = Requirements::socle_1d_2021();
    for (name, text) in GOLDEN {
        let report = Report::from_json(text).unwrap();
        let mut again = assess(&report, &rules);
        // Written before places were named: they are added when judged again.
        again.located = report.assessment.located.clone();
        for (new, old) in again.verdicts.iter_mut().zip(&report.assessment.verdicts) {
            // Judged before decision 18: a single silent service was laid to the filter at once.
            if old.reasons == [VerdictReason::Unreachable] && old.act == Some(Actor::FilterAdministrator) {
                assert_eq!(new.act, Some(Actor::Technician), "{name}");
                new.act = old.act;
            }
            // Judged before codes and sentences agreed on who has a password to give.
            if old.reasons == [VerdictReason::ProxyAuthRequired] {
                assert_eq!(new.act, Some(Actor::Technician), "{name}");
                new.act = old.act;
            }
            assert_eq!(new, old, "{name}");
        }
        if report.assessment.usage.is_some() {
            assert_eq!(again, report.assessment, "{name}");
            continue;
        }
        // Written before `usage` was: it is added when judged again, and nothing else changes.
        assert!(again.usage.is_some(), "{name}");
        assert_eq!(Assessment { usage: None, ..again }, report.assessment, "{name}");
    }
}

#[test]
fn a_report_with_usage_is_valid_by_the_schema_and_read_again_the_same() {
    let validator = jsonschema::validator_for(&report_schema()).unwrap();
    for (name, text) in GOLDEN {
        let mut report = Report::from_json(text).unwrap();
        report.assessment = assess(&report, &Requirements::socle_1d_2021());
        let mut written = serde_json::to_value(&report).unwrap();
        assert!(written.pointer("/assessment/usage/uses/2/up_bps").is_some_and(Value::is_u64), "{name}");
        assert!(validator.is_valid(&written), "{name}");
        assert_eq!(Report::from_json(&written.to_string()).unwrap(), report, "{name}");
        add_unknown_fields(&mut written["assessment"]);
        assert!(validator.is_valid(&written), "{name}");
        assert_eq!(Report::from_json(&written.to_string()).unwrap(), report, "{name}");
    }
}

/// Adds an unknown field to every object that has named fields.
fn add_unknown_fields(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                // The one map with free keys: an added key is data there.
                if name != "neighbours" {
                    add_unknown_fields(field);
                }
            }
            fields.insert("added_later".to_owned(), json!({ "by": ["a newer version"] }));
        }
        Value::Array(items) => items.iter_mut().for_each(add_unknown_fields),
        _ => {}
    }
}

#[test]
fn fields_that_a_newer_version_added_are_ignored() {
    for (name, text) in GOLDEN {
        let mut newer: Value = serde_json::from_str(text).unwrap();
        add_unknown_fields(&mut newer["measurements"]);
        for key in ["agent", "site", "clock", "environment", "data_used", "assessment"] {
            add_unknown_fields(&mut newer[key]);
        }
        newer["added_later"] = json!(1);
        let read = Report::from_json(&newer.to_string()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read, Report::from_json(text).unwrap(), "{name}");
    }
}

/// Removes every field that is null.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

#[test]
fn a_field_left_out_is_read_as_null_and_written_as_null() {
    for (name, text) in GOLDEN {
        let mut bare: Value = serde_json::from_str(text).unwrap();
        drop_nulls(&mut bare);
        let read = Report::from_json(&bare.to_string()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            serde_json::to_value(&read).unwrap(),
            serde_json::from_str::<Value>(text).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn a_latency_without_jitter_is_read() {
    let mut report: Value = serde_json::from_str(GOLDEN[0].1).unwrap();
    let value = report.pointer_mut("/measurements/latency/outcome/value").unwrap();
    value.as_object_mut().unwrap().remove("jitter_us").unwrap();
    let read = Report::from_json(&report.to_string()).unwrap();
    assert_eq!(read.measurements.latency.unwrap().value().unwrap().best.jitter_us, None);
}

#[test]
fn a_measurement_that_was_not_planned_is_written_as_null() {
    let report = Report::from_json(GOLDEN[1].1).unwrap();
    let written = serde_json::to_value(&report).unwrap();
    assert_eq!(written["measurements"].get("path"), Some(&Value::Null));
}

#[test]
fn another_schema_or_another_document_is_refused_by_name() {
    let other = GOLDEN[1].1.replace("sonde-ecole/report/1", "sonde-ecole/report/2");
    assert!(matches!(Report::from_json(&other), Err(ReadError::Version(v)) if v == "sonde-ecole/report/2"));
    for text in ["", "{}", "[]", "<html>", "{\"schema\":\"sonde-ecole/report/1\"}"] {
        assert!(matches!(Report::from_json(text), Err(ReadError::Shape(_))), "{text}");
    }
}

/// Where the committed schema stands.
const SCHEMA_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema/report-1.json");

/// To refresh the file after a field was added: `UPDATE_SCHEMA=1 cargo test -p sonde-report --test golden`.
#[test]
fn the_committed_schema_is_the_generated_one() {
    let generated = serde_json::to_string_pretty(&report_schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(SCHEMA_FILE, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(SCHEMA_FILE).unwrap();
    assert!(
        committed.replace("\r\n", "\n") == generated,
        "docs/schema/report-1.json is not what the types say: run with UPDATE_SCHEMA=1 and read the difference"
    );
}

#[test]
fn golden_reports_are_valid_by_the_schema_and_broken_ones_are_not() {
    let validator = jsonschema::validator_for(&report_schema()).unwrap();
    for (name, text) in GOLDEN {
        let report: Value = serde_json::from_str(text).unwrap();
        let errors: Vec<_> =
            validator.iter_errors(&report).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
        for (pointer, wrong) in [
            ("/schema", json!(1)),
            ("/site/uai", json!("0940176")),
            ("/measurements/download/outcome/status", json!("perhaps")),
            ("/assessment/overall", json!("conforme")),
        ] {
            let mut broken = report.clone();
            *broken.pointer_mut(pointer).unwrap() = wrong;
            assert!(!validator.is_valid(&broken), "{name} with {pointer} broken");
        }
    }
}

/// Whether a schema forbids unknown fields anywhere.
fn forbids_unknown_fields(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => fields.iter().any(|(key, value)| {
            (["additionalProperties", "unevaluatedProperties"].contains(&key.as_str())
                && value == &json!(false))
                || forbids_unknown_fields(value)
        }),
        Value::Array(items) => items.iter().any(forbids_unknown_fields),
        _ => false,
    }
}

#[test]
fn the_schema_lets_newer_versions_add_fields() {
    assert!(!forbids_unknown_fields(&report_schema()));
}
