//! Every released version of the report must still load: the golden documents.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sonde_report::{Report, Requirements, assess};

/// The golden documents, by name.
const GOLDEN: [(&str, &str); 4] = [
    ("full", include_str!("golden/report-1-full.json")),
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
        let again = assess(&report, &rules);
        for (new, old) in again.verdicts.iter().zip(&report.assessment.verdicts) {
            assert_eq!(new, old, "{name}");
        }
        assert_eq!(again, report.assessment, "{name}");
    }
}
