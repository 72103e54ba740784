//! The report for Nagios and Prometheus. SKELETON
use crate::text::Lang;
use sonde_report::Report;

/// One Nagios plugin line (with performance data), and the plugin's exit code.
#[must_use]
pub fn nagios(report: &Report, lang: Lang) -> (String, u8) {
    let _ = (report, lang);
    (String::new(), 3)
}

/// The Prometheus text exposition, fit for the node exporter's textfile collector.
#[must_use]
pub fn prometheus(report: &Report) -> String {
    let _ = report;
    String::new()
}
