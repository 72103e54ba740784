//! The report for Nagios and Prometheus: for machines that watch. Absent values are left out, never zero.

use std::fmt::Write as _;

use sonde_report::{
    Measurement, Outcome, Report,
    assess::{Unit, Verdict, VerdictKind},
    usage::Bound,
    values::LoadedLatency,
};

use super::page::clean;
use crate::text::{
    Lang,
    report::{self as words},
};

/// The plugin convention's states.
const OK: u8 = 0;
const WARNING: u8 = 1;
const CRITICAL: u8 = 2;
const UNKNOWN: u8 = 3;

/// One Nagios plugin line (with performance data), and the plugin's exit code.
///
/// `met` is OK and `not_met` is CRITICAL. `inconclusive` is WARNING when a download rate was measured (somebody should
/// look) and UNKNOWN when none was (there is nothing to look at yet). `not_applicable` is UNKNOWN.
#[must_use]
pub fn nagios(report: &Report, lang: Lang) -> (String, u8) {
    let measured = report.measurements.download.as_ref().is_some_and(|m| m.value().is_some());
    let code = match report.assessment.overall {
        VerdictKind::Met => OK,
        VerdictKind::NotMet => CRITICAL,
        VerdictKind::Inconclusive if measured => WARNING,
        VerdictKind::Inconclusive | VerdictKind::NotApplicable => UNKNOWN,
    };
    let word = match code {
        OK => "OK",
        WARNING => "WARNING",
        CRITICAL => "CRITICAL",
        _ => "UNKNOWN",
    };
    let demonstration = if report.demonstration { " [DEMO]" } else { "" };
    let verdict = words::verdict_long(report.assessment.overall, lang);
    let rate = report.measurements.download.as_ref().and_then(Measurement::value);
    let rate = rate.map_or_else(|| words::no_rate(lang).to_owned(), |value| lang.rate(value.ip_rate_bps));
    // A bar would begin the performance data.
    let text = clean(&format!("SONDE-ECOLE {word}{demonstration} - {verdict}, {rate}")).replace('|', "/");
    let data = performance_data(report);
    (if data.is_empty() { text } else { format!("{text} | {}", data.join(" ")) }, code)
}

/// `label=value[UOM];warn;crit;min;max`, base units; a threshold `N:` alerts below N.
fn performance_data(report: &Report) -> Vec<String> {
    let mut data = Vec::new();
    let threshold = |unit: Unit| {
        let mut verdicts = report.assessment.verdicts.iter();
        let at_least = verdicts.find(|v| v.unit == unit).and_then(|v| v.at_least);
        at_least.map_or_else(String::new, |at_least| format!("{at_least}:"))
    };
    let measurements = &report.measurements;
    if let Some(value) = measurements.download.as_ref().and_then(Measurement::value) {
        data.push(format!("download_bps={};;{};0", value.ip_rate_bps, threshold(Unit::BitPerSecond)));
    }
    if let Some(value) = measurements.upload.as_ref().and_then(Measurement::value) {
        data.push(format!("upload_bps={};;;0", value.ip_rate_bps));
    }
    if let Some(value) = measurements.latency.as_ref().and_then(Measurement::value) {
        if value.best.received > 0 {
            data.push(format!("latency_median={}s;;;0", seconds(value.best.median_us)));
        }
        if value.best.loss_ratio.is_finite() {
            data.push(format!("loss={:.1}%;;;0;100", value.best.loss_ratio * 100.0));
        }
    }
    for (way, loaded) in loaded(report) {
        if let Some(added) = loaded.added_us {
            data.push(format!("{way}_added_latency={}s;;;0", seconds(added)));
        }
        if let Some(rpm) = loaded.rpm {
            data.push(format!("{way}_rpm={rpm};;;0"));
        }
    }
    if let Some(count) =
        report.assessment.verdicts.iter().find(|v| v.unit == Unit::AccessPoint).and_then(|v| v.observed)
    {
        data.push(format!("access_points={count};;{};0", threshold(Unit::AccessPoint)));
    }
    let services: Vec<&Verdict> = services(report).collect();
    if !services.is_empty() {
        let met = services.iter().filter(|v| v.verdict == VerdictKind::Met).count();
        data.push(format!("services_reachable={met};;;0;{}", services.len()));
    }
    data
}

fn services(report: &Report) -> impl Iterator<Item = &Verdict> {
    let verdicts = report.assessment.verdicts.iter();
    verdicts
        .filter(|v| v.unit == Unit::Service && v.subject.is_some() && v.verdict != VerdictKind::NotApplicable)
}

/// The line under load, by the transfer that loaded it.
fn loaded(report: &Report) -> impl Iterator<Item = (&'static str, &LoadedLatency)> {
    let value = report.measurements.responsiveness.as_ref().and_then(Measurement::value);
    let ways = value.map(|value| [("download", &value.download), ("upload", &value.upload)]);
    ways.into_iter().flatten().filter_map(|(way, outcome)| match outcome {
        Some(Outcome::Measured { value, .. }) => Some((way, value)),
        _ => None,
    })
}

/// Microseconds as seconds, exactly.
fn seconds(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

/// The Prometheus text exposition (format 0.0.4), fit for the node exporter's textfile collector: gauges in base
/// units, one state set for the verdicts.
#[must_use]
pub fn prometheus(report: &Report) -> String {
    let mut out = Exposition { text: String::new(), site: site_labels(report) };
    let measurements = &report.measurements;
    let down = measurements.download.as_ref().and_then(Measurement::value);
    let up = measurements.upload.as_ref().and_then(Measurement::value);
    let latency = measurements.latency.as_ref().and_then(Measurement::value).filter(|v| v.best.received > 0);
    out.gauge(
        "download_ip_bits_per_second",
        "Sustained download rate at the IP layer.",
        down.map(|v| v.ip_rate_bps),
    );
    out.gauge("download_goodput_bits_per_second", "Sustained download goodput.", down.map(|v| v.goodput_bps));
    out.gauge(
        "upload_ip_bits_per_second",
        "Sustained upload rate at the IP layer.",
        up.map(|v| v.ip_rate_bps),
    );
    out.gauge("upload_goodput_bits_per_second", "Sustained upload goodput.", up.map(|v| v.goodput_bps));
    out.gauge("latency_median_seconds", "Median round trip.", latency.map(|v| seconds(v.best.median_us)));
    let jitter = latency.and_then(|v| v.best.jitter_us);
    out.gauge("latency_jitter_seconds", "Mean difference of successive round trips.", jitter.map(seconds));
    let loss = measurements.latency.as_ref().and_then(Measurement::value).map(|v| v.best.loss_ratio);
    out.gauge("packet_loss_ratio", "Share of probes without an answer.", loss.filter(|r| r.is_finite()));
    for (way, loaded) in loaded(report) {
        out.gauge(
            &format!("{way}_loaded_latency_seconds"),
            "Median round trip while the transfer lasted.",
            Some(seconds(loaded.median_us)),
        );
        out.gauge(
            &format!("{way}_added_latency_seconds"),
            "What the transfer's load added to the median round trip.",
            loaded.added_us.map(seconds),
        );
        out.gauge(&format!("{way}_rpm"), "Responsiveness, round trips per minute.", loaded.rpm);
    }
    let threshold =
        report.assessment.verdicts.iter().find(|v| v.unit == Unit::BitPerSecond).and_then(|v| v.at_least);
    out.gauge("download_threshold_bits_per_second", "Recommended download rate.", threshold);
    let access_points = report.assessment.verdicts.iter().find(|v| v.unit == Unit::AccessPoint);
    out.gauge("access_points", "Access points observed.", access_points.and_then(|v| v.observed));
    out.gauge("run_partial", "1 when the run was cut short.", Some(u8::from(report.partial)));
    out.gauge(
        "run_demonstration",
        "1 when the run says nothing about any school.",
        Some(u8::from(report.demonstration)),
    );
    out.gauge(
        "run_duration_seconds",
        "How long the run took.",
        Some(seconds(report.elapsed_ms.saturating_mul(1_000))),
    );
    let at = report.started_at.instant().as_second();
    out.gauge("run_timestamp_seconds", "When the run started, Unix time.", Some(at));
    out.data_used(report);
    out.usage(report);
    out.verdicts(report);
    out.text
}

/// The exposition as it grows.
struct Exposition {
    text: String,
    site: String,
}

impl Exposition {
    /// A gauge with its help and type; nothing at all when there is no value.
    fn gauge(&mut self, name: &str, help: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.head(name, help);
            // Writing to a string cannot fail.
            let _ = writeln!(self.text, "sonde_ecole_{name}{{{}}} {value}", self.site);
        }
    }

    fn head(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP sonde_ecole_{name} {help}\n# TYPE sonde_ecole_{name} gauge");
    }

    /// The data used, by who counted it.
    fn data_used(&mut self, report: &Report) {
        let used = report.data_used;
        let counts = [
            ("received", "transfers", Some(used.received_bytes)),
            ("sent", "transfers", Some(used.sent_bytes)),
            ("received", "probes", used.probes_received_bytes),
            ("sent", "probes", used.probes_sent_bytes),
            ("received", "interface", used.interface_received_bytes),
            ("sent", "interface", used.interface_sent_bytes),
        ];
        self.head(
            "data_used_bytes",
            "Data of the run: its transfers, the probes beside them, the whole interface.",
        );
        for (direction, counted, bytes) in counts {
            let Some(bytes) = bytes else { continue };
            let labels = format!("{},direction=\"{direction}\",counted=\"{counted}\"", self.site);
            let _ = writeln!(self.text, "sonde_ecole_data_used_bytes{{{labels}}} {bytes}");
        }
    }

    /// How many tablets at once, for each use that has a number.
    fn usage(&mut self, report: &Report) {
        let uses = report.assessment.usage.iter().flat_map(|usage| &usage.uses);
        let counted: Vec<_> =
            uses.filter_map(|one| Some((&one.assumed.id, one.at_once?, one.bound?))).collect();
        if counted.is_empty() {
            return;
        }
        self.head(
            "usage_tablets",
            "Tablets that can do this at once: indicative, by the rules' assumptions.",
        );
        for (id, tablets, bound) in counted {
            let bound = match bound {
                Bound::Exact => "exact",
                Bound::AtLeast => "at_least",
                Bound::MoreThan => "more_than",
            };
            let labels = format!("{},use=\"{}\",bound=\"{bound}\"", self.site, escaped(&clean(id)));
            let _ = writeln!(self.text, "sonde_ecole_usage_tablets{{{labels}}} {tablets}");
        }
    }

    /// The verdicts as a state set: of the four states of a verdict, one is 1.
    fn verdicts(&mut self, report: &Report) {
        const STATES: [(VerdictKind, &str); 4] = [
            (VerdictKind::Met, "met"),
            (VerdictKind::NotMet, "not_met"),
            (VerdictKind::Inconclusive, "inconclusive"),
            (VerdictKind::NotApplicable, "not_applicable"),
        ];
        self.head("verdict", "State of each verdict: 1 for the state it is in.");
        let overall = ("overall", "", report.assessment.overall);
        let each = report.assessment.verdicts.iter();
        let each = each.map(|v| (v.requirement.as_str(), v.subject.as_deref().unwrap_or(""), v.verdict));
        for (requirement, subject, kind) in std::iter::once(overall).chain(each) {
            for (state, name) in STATES {
                let _ = writeln!(
                    self.text,
                    "sonde_ecole_verdict{{{},requirement=\"{}\",subject=\"{}\",state=\"{name}\"}} {}",
                    self.site,
                    escaped(requirement),
                    escaped(subject),
                    u8::from(state == kind)
                );
            }
        }
    }
}

/// The labels that say which school: empty where it was not named, so that a series keeps its labels.
fn site_labels(report: &Report) -> String {
    let uai = report.site.uai.as_ref().map_or("", |uai| uai.as_str());
    let site = report.site.label.as_deref().unwrap_or("");
    format!("uai=\"{}\",site=\"{}\"", escaped(uai), escaped(site))
}

/// A label's value as the exposition format wants it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "")
}
