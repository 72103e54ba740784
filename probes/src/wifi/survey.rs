//! A survey: the scans of several rooms, one measurement.

use sonde_report::values::WifiValue;
use sonde_report::{Measurement, Outcome, Timestamp};

use super::{Config, Recording, describe};

/// One room of a survey, and what was heard there. No `Debug`: it holds addresses.
#[derive(Clone)]
pub struct Visit {
    /// The room's name, as the technician wrote it.
    pub room: String,
    /// When the radio listened there.
    pub at: Timestamp,
    /// What was heard.
    pub heard: Recording,
}

/// What the rooms tell together, dated by the first; `None` without a room. `elapsed_us` is from the first room's scan to
/// the last's by the machine's clock: a survey may be interrupted and resumed.
#[must_use]
pub fn survey(visits: &[Visit], config: &Config) -> Option<Measurement<WifiValue>> {
    let started_at = visits.iter().map(|visit| visit.at).min_by_key(Timestamp::instant)?;
    let ended_at = visits.iter().map(|visit| visit.at).max_by_key(Timestamp::instant)?;
    let span = ended_at.instant().duration_since(started_at.instant()).as_micros();
    let visited: Vec<_> = visits.iter().map(|visit| (visit.room.clone(), visit.at, &visit.heard.0)).collect();
    let (value, caveats) = describe::rooms(&visited, config);
    Some(Measurement {
        target: value.scan.interface.clone(),
        started_at,
        elapsed_us: u64::try_from(span).unwrap_or(0),
        outcome: Outcome::Measured { value, caveats },
    })
}

impl Recording {
    /// The same without the neighbours' entries, which are only counted: what a survey may keep on a disk. `None` while no
    /// name of a school's network is known: nobody could say whose an entry is.
    #[must_use]
    pub fn without_neighbours(&self, config: &Config) -> Option<Self> {
        let kept = describe::school_addresses(&self.0, config)?;
        let mut scan = self.0.clone();
        scan.sightings.retain(|sighting| kept.ours.contains(&sighting.bssid));
        scan.left_out = kept.neighbours;
        Some(Self(scan))
    }
}
