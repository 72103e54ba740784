//! A finished survey in the place of a scan from one place: `run --survey FILE`.

use std::path::Path;

use sonde_report::document::{ReadError, Site, WifiOn};
use sonde_report::{Measurement, Outcome, Report, values::WifiValue};

use super::JsonFault;
use super::state::{Differs, differ};

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

/// A survey that a run takes for its Wi-Fi.
#[derive(Debug)]
pub struct Fed {
    measured: Measurement<WifiValue>,
    /// What was said of the school then.
    site: Site,
}

impl Fed {
    /// Reads a survey's report, for a run of this site.
    ///
    /// # Errors
    /// [`BadSurvey`]
    pub fn read(path: &Path, site: &Site) -> Result<Self, BadSurvey> {
        let text = std::fs::read_to_string(path).map_err(|error| BadSurvey::Unreadable(error.to_string()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let report = Report::from_json(text).map_err(|error| match error {
            ReadError::Shape(error) => BadSurvey::NoReport(JsonFault::of(&error)),
            ReadError::Version(_) => BadSurvey::OtherVersion,
        })?;
        let has_rooms =
            |measured: &Measurement<WifiValue>| measured.value().is_some_and(|value| !value.rooms.is_empty());
        let measured = report.measurements.wifi.filter(has_rooms).ok_or(BadSurvey::NoSurvey)?;
        let elsewhere = differ(report.site.uai.as_ref(), site.uai.as_ref())
            .map(|(kept, given)| Differs::Uai(kept, given))
            .or_else(|| {
                let labels = differ(report.site.label.as_ref(), site.label.as_ref());
                labels.map(|(kept, given)| Differs::Label(kept, given))
            });
        match elsewhere {
            Some(place) => Err(BadSurvey::Elsewhere(place)),
            None => Ok(Self { measured, site: report.site }),
        }
    }

    /// The measurement, dated by the survey. The school's whole addresses stay out where the run did not ask for them.
    #[must_use]
    pub fn measured(mut self, full_addresses: bool) -> Measurement<WifiValue> {
        if let Outcome::Measured { value, .. } = &mut self.measured.outcome
            && let Some(school) = &mut value.school
            && !full_addresses
        {
            school.seen.iter_mut().for_each(|seen| seen.bssid = None);
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
