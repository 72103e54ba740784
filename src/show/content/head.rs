//! The first ten lines: which school, when, and the answer.

use sonde_report::{
    Outcome, ReasonCode,
    assess::{Unit, Verdict, VerdictKind, VerdictReason, proxy_unusable},
    values::InternetAccess,
};

use super::Writer;
use crate::{
    show::page::{SummaryLine, Tone},
    text::report::{self as words, Label},
};

/// Beyond this offset certificates begin to be refused for their dates, and the report's own date misleads.
const CLOCK_OFFSET_SHOWN_MS: u64 = 5 * 60 * 1_000;

impl Writer<'_> {
    /// The school, and the date.
    pub(super) fn head(&self) -> Vec<String> {
        let site = &self.report.site;
        let mut school = site
            .uai
            .as_ref()
            .map_or_else(|| self.label(Label::SchoolUnnamed).to_owned(), |uai| uai.as_str().to_owned());
        if let Some(label) = &site.label {
            school = format!("{school} — {label}");
        }
        if let Some(place) = self.territory() {
            school = format!("{school} — {}", words::territory(&place, self.lang));
        }
        let school_size =
            site.size.map_or(self.label(Label::SizeUnnamed), |size| words::size(size, self.lang));
        vec![
            self.lang.labelled(self.label(Label::School), &format!("{school} — {school_size}")),
            self.date_line(),
        ]
    }

    /// The same where only services were looked at: the size has no part in it.
    pub(super) fn services_head(&self) -> Vec<String> {
        let site = &self.report.site;
        let place = self.territory().map(|place| words::territory(&place, self.lang));
        let uai = site.uai.as_ref().map(ToString::to_string);
        let school: Vec<String> = uai.into_iter().chain(site.label.clone()).chain(place).collect();
        let school = if school.is_empty() {
            self.label(Label::SchoolUnnamed).to_owned()
        } else {
            school.join(" — ")
        };
        vec![self.lang.labelled(self.label(Label::School), &school), self.date_line()]
    }

    fn date_line(&self) -> String {
        self.lang.labelled(
            self.label(Label::Date),
            &format!(
                "{} — {} {}",
                self.lang.date_time(&self.report.started_at),
                self.label(Label::Elapsed).to_lowercase(),
                self.lang.duration(self.report.elapsed_ms)
            ),
        )
    }

    /// What must be known before anything else.
    pub(super) fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        if self.report.demonstration {
            notices.push(self.label(Label::Demonstration).to_owned());
        }
        if self.report.partial {
            notices.push(self.label(Label::Partial).to_owned());
        }
        notices.extend(self.recorded_notice());
        notices.extend(self.internet_notice());
        if let Some(offset) = self.report.clock.offset_ms
            && offset.unsigned_abs() > CLOCK_OFFSET_SHOWN_MS
        {
            let text = self.label(Label::ClockWrong);
            notices.push(format!("{text} {}.", words::clock_offset(offset, self.lang)));
        }
        notices
    }

    /// That the radios were read from a file.
    pub(super) fn recorded_notice(&self) -> Option<String> {
        let recorded = self.report.measurements.wifi.as_ref()?.value()?.scan.recorded;
        recorded.then(|| self.label(Label::RecordedNotice).to_owned())
    }

    /// Said once, at the top: no Internet, a captive portal, a proxy that wants a password.
    fn internet_notice(&self) -> Option<String> {
        match &self.report.measurements.internet.as_ref()?.outcome {
            Outcome::Failed { failure } => {
                let proxy = self.report.environment.proxy.as_deref().filter(|_| proxy_unusable(failure));
                let what = match proxy {
                    Some(proxy) => format!("{} ({proxy})", self.label(Label::ProxyUnusable)),
                    None => self.label(Label::NoInternet).to_owned(),
                };
                Some(self.lang.labelled(&what, &words::after_colon(words::cause(failure.cause, self.lang))))
            }
            Outcome::NotMeasured { reason } if reason.code == ReasonCode::NoNetwork => {
                Some(self.label(Label::NoNetwork).to_owned())
            }
            Outcome::NotMeasured { reason } => Some(self.lang.labelled(
                self.label(Label::InternetUnchecked),
                &words::after_colon(words::reason(reason.code, self.lang)),
            )),
            Outcome::Measured { value, .. } => match value.access {
                InternetAccess::Open => None,
                InternetAccess::CaptivePortal => {
                    let host = value.portal_host.as_ref();
                    let host: Vec<String> = host.iter().map(|host| self.note(Label::Portal, host)).collect();
                    Some(words::with_notes(self.label(Label::CaptivePortal), &host, self.lang))
                }
                InternetAccess::ProxyAuthRequired => Some(self.label(Label::ProxyPassword).to_owned()),
            },
        }
    }

    /// The overall verdict in one line, with the names of what it hangs on.
    pub(super) fn overall(&self) -> (Tone, String) {
        let kind = self.report.assessment.overall;
        let mut about: Vec<String> = Vec::new();
        if matches!(kind, VerdictKind::NotMet | VerdictKind::Inconclusive) {
            for verdict in self.report.assessment.verdicts.iter().filter(|v| v.verdict == kind) {
                let name = words::requirement(&verdict.requirement, verdict.unit, self.lang);
                if !about.contains(&name) {
                    about.push(name);
                }
            }
        }
        let verdicts = &self.report.assessment.verdicts;
        let whole = !verdicts.iter().any(|verdict| verdict.reasons.contains(&VerdictReason::NotAsked));
        (kind.into(), words::overall(kind, whole, &about, self.lang))
    }

    /// Each requirement in one line; the services together.
    pub(super) fn summary(&self) -> Vec<SummaryLine> {
        let verdicts = &self.report.assessment.verdicts;
        let mut lines: Vec<SummaryLine> = verdicts
            .iter()
            .filter(|v| v.unit != Unit::Service)
            .map(|verdict| self.summary_line(verdict))
            .collect();
        let services: Vec<&Verdict> = verdicts.iter().filter(|v| v.unit == Unit::Service).collect();
        lines.extend(self.services_line(&services));
        lines
    }

    /// The access points alone.
    pub(super) fn access_points_summary(&self) -> Vec<SummaryLine> {
        let verdicts = self.report.assessment.verdicts.iter();
        verdicts.filter(|v| v.unit == Unit::AccessPoint).map(|verdict| self.summary_line(verdict)).collect()
    }

    fn summary_line(&self, verdict: &Verdict) -> SummaryLine {
        let threshold = verdict.at_least.map_or_else(
            || match self.missing_threshold(verdict) {
                Label::DependsOnSize => self.label(Label::ThresholdBySize).to_owned(),
                other => self.label(other).to_owned(),
            },
            |at_least| {
                let threshold = self.quantity(verdict.unit, at_least, None);
                self.lang.labelled(&self.label(Label::Threshold).to_lowercase(), &threshold)
            },
        );
        let value = match verdict.observed {
            Some(observed) => self.quantity(verdict.unit, observed, Some(verdict)),
            None => self.label(no_value(verdict.unit)).to_owned(),
        };
        SummaryLine {
            name: words::capitalised(&words::requirement(&verdict.requirement, verdict.unit, self.lang)),
            tone: verdict.verdict.into(),
            verdict: words::verdict(verdict.verdict, self.lang).to_owned(),
            value: format!("{value} ({threshold})"),
        }
    }

    fn services_line(&self, verdicts: &[&Verdict]) -> Option<SummaryLine> {
        let first = verdicts.first()?;
        let any = |kind| verdicts.iter().any(|v| v.verdict == kind);
        let kind = [VerdictKind::NotMet, VerdictKind::Inconclusive, VerdictKind::Met]
            .into_iter()
            .find(|&kind| any(kind))
            .unwrap_or(VerdictKind::NotApplicable);
        let judged =
            verdicts.iter().filter(|v| v.subject.is_some() && v.verdict != VerdictKind::NotApplicable);
        let (reached, asked) = judged.fold((0, 0), |(reached, asked), v| {
            (reached + u64::from(v.verdict == VerdictKind::Met), asked + 1)
        });
        Some(SummaryLine {
            name: words::capitalised(&words::requirement(&first.requirement, Unit::Service, self.lang)),
            tone: kind.into(),
            verdict: words::verdict(kind, self.lang).to_owned(),
            value: if asked == 0 {
                self.label(no_value(Unit::Service)).to_owned()
            } else {
                words::services_reached(reached, asked, self.lang)
            },
        })
    }

    /// A verdict's quantity in its unit; a measured one, when the verdict is given, is written so that it does not
    /// look like a threshold it misses.
    pub(super) fn quantity(&self, unit: Unit, number: u64, measured: Option<&Verdict>) -> String {
        match (unit, measured) {
            (Unit::BitPerSecond, None) => self.lang.nominal_rate(number),
            (Unit::BitPerSecond, Some(verdict)) => {
                let thresholds =
                    verdict.at_least.into_iter().chain(verdict.comparisons.iter().map(|c| c.at_least));
                let nearest = thresholds.min_by_key(|threshold| threshold.abs_diff(number));
                nearest.map_or_else(|| self.lang.rate(number), |near| self.lang.rate_beside(number, near))
            }
            (Unit::AccessPoint, _) => words::access_points(number, self.lang),
            (Unit::Service, _) => self.lang.integer(number),
        }
    }
}

/// What stands where the value would, agreeing with what was to be measured.
pub(super) fn no_value(unit: Unit) -> Label {
    match unit {
        Unit::BitPerSecond => Label::NoRate,
        Unit::AccessPoint => Label::NoAccessPoints,
        Unit::Service => Label::NoServices,
    }
}
