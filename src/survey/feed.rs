//! A finished survey in the place of a scan from one place: `run --survey FILE`.

use std::path::Path;

use sonde_report::document::{ReadError, Site, WifiOn};
use sonde_report::{CaveatCode, Measurement, Outcome, Report, Timestamp, values::WifiValue};
use wildmatch::WildMatch;

use super::JsonFault;
use super::state::{Differs, differ};

/// Access points are added, moved and set anew over the summer: a survey older than a school year tells little of today.
const OLD_DAYS: i64 = 365;

/// Why a file cannot feed a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadSurvey {
    /// It cannot be read at all.
    Unreadable(String),
    /// It is no report.
    NoReport(JsonFault),
    /// It is a report of a version that is not known.
    OtherVersion,
    /// It is a report, and holds no survey.
    NoSurvey,
    /// It is of another school than this run's.
    Elsewhere(Differs),
}

/// What should be looked at when a survey feeds a run. The survey's word holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// It does not tell its school's UAI, and the run has this one.
    NoUai(String),
    /// It heard networks that the run's patterns do not name: those heard, the patterns.
    Ssids(Vec<String>, Vec<String>),
    /// Whether the Wi-Fi was on: the survey's word, the run's.
    WifiOn(WifiOn, WifiOn),
}

/// A survey that a run takes for its Wi-Fi.
#[derive(Debug)]
pub struct Fed {
    measured: Measurement<WifiValue>,
    /// What was said of the school then.
    pub site: Site,
}

impl Fed {
    /// Reads a survey's report.
    ///
    /// # Errors
    /// [`BadSurvey`]
    pub fn read(path: &Path) -> Result<Self, BadSurvey> {
        let text = std::fs::read_to_string(path).map_err(|error| BadSurvey::Unreadable(error.to_string()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let report = Report::from_json(text).map_err(|error| match error {
            ReadError::Shape(error) => BadSurvey::NoReport(JsonFault::of(&error)),
            ReadError::Version(_) => BadSurvey::OtherVersion,
        })?;
        let has_rooms =
            |measured: &Measurement<WifiValue>| measured.value().is_some_and(|value| !value.rooms.is_empty());
        let measured = report.measurements.wifi.filter(has_rooms).ok_or(BadSurvey::NoSurvey)?;
        Ok(Self { measured, site: report.site })
    }

    /// Checks that a run of this site, with these patterns of the school's networks, may take it; what should be looked at.
    ///
    /// # Errors
    /// [`BadSurvey::Elsewhere`]
    pub fn check(&self, site: &Site, ssids: &[String]) -> Result<Vec<Notice>, BadSurvey> {
        if let Some((kept, given)) = differ(self.site.uai.as_ref(), site.uai.as_ref()) {
            return Err(BadSurvey::Elsewhere(Differs::Uai(kept, given)));
        }
        if let Some((kept, given)) = differ(self.site.label.as_ref(), site.label.as_ref()) {
            return Err(BadSurvey::Elsewhere(Differs::Label(kept, given)));
        }
        let unnamed = site.uai.as_ref().filter(|_| self.site.uai.is_none());
        let (kept, given) = (self.site.wifi_on, site.wifi_on);
        let states_differ = ![kept, given].contains(&WifiOn::Unknown) && kept != given;
        let notices = [
            unnamed.map(|uai| Notice::NoUai(uai.to_string())),
            self.other_networks(ssids),
            states_differ.then_some(Notice::WifiOn(kept, given)),
        ];
        Ok(notices.into_iter().flatten().collect())
    }

    /// The networks heard, where the run's patterns do not name all of them.
    fn other_networks(&self, patterns: &[String]) -> Option<Notice> {
        let heard = &self.measured.value()?.school.as_ref()?.ssids;
        let named = |name: &String| patterns.iter().any(|pattern| WildMatch::new(pattern).matches(name));
        let differ = !patterns.is_empty() && !heard.iter().all(named);
        differ.then(|| Notice::Ssids(heard.clone(), patterns.to_vec()))
    }

    /// The measurement, dated by the survey, with its age as a caveat where it is old. The school's whole addresses stay out
    /// where the run did not ask for them.
    #[must_use]
    pub fn measured(mut self, full_addresses: bool, now: &Timestamp) -> Measurement<WifiValue> {
        let age = now.instant().duration_since(self.measured.started_at.instant());
        let days = age.as_secs() / (24 * 3600);
        if let Outcome::Measured { value, caveats } = &mut self.measured.outcome {
            if let Some(school) = value.school.as_mut().filter(|_| !full_addresses) {
                school.seen.iter_mut().for_each(|seen| seen.bssid = None);
            }
            if days > OLD_DAYS {
                caveats.push(CaveatCode::OldSurvey.with(days.to_string()));
            }
        }
        self.measured
    }

    /// Says in the run's site what bears on the survey: the Wi-Fi's state is that of the day it was listened to, where it
    /// was told; a number of access points that the run declares is newer.
    pub fn bear_on(&self, site: &mut Site) {
        if self.site.wifi_on != WifiOn::Unknown {
            site.wifi_on = self.site.wifi_on;
        }
        site.declared_access_points = site.declared_access_points.or(self.site.declared_access_points);
    }
}
