//! A survey: the scans of several rooms, one measurement.

use sonde_report::values::WifiValue;
use sonde_report::{Measurement, Outcome, Timestamp};

use wildmatch::WildMatch;

use super::{Config, Recording, Scan, Sighting, describe, elements};

/// One room of a survey, and what was heard there. No `Debug`: it holds addresses.
#[derive(Clone)]
pub struct Visit {
    /// The room's name, as the technician wrote it.
    pub room: String,
    /// When the radio listened there.
    pub at: Timestamp,
    /// What was heard.
    pub heard: Recording,
    /// Whether it was read from a file in the place of listening.
    pub recorded: bool,
}

/// What the rooms tell together, dated by the first; `None` without a room. `elapsed_us` is from the first room's scan to
/// the last's by the machine's clock: a survey may be interrupted and resumed.
#[must_use]
pub fn survey(visits: &[Visit], config: &Config) -> Option<Measurement<WifiValue>> {
    let started_at = visits.iter().map(|visit| visit.at).min_by_key(Timestamp::instant)?;
    let ended_at = visits.iter().map(|visit| visit.at).max_by_key(Timestamp::instant)?;
    let span = ended_at.instant().duration_since(started_at.instant()).as_micros();
    let visited: Vec<_> = visits.iter().map(|visit| (visit.room.clone(), visit.at, &visit.heard.0)).collect();
    let (mut value, caveats) = describe::rooms(&visited, config);
    value.scan.recorded = visits.iter().any(|visit| visit.recorded);
    Some(Measurement {
        target: value.scan.interface.clone(),
        started_at,
        elapsed_us: u64::try_from(span).unwrap_or(0),
        outcome: Outcome::Measured { value, caveats },
    })
}

impl Recording {
    /// The same without the neighbours' entries, which are only counted: what a survey may keep on a disk. `before`: the rooms
    /// visited so far, where a box may have told which hidden addresses are its own. `None` while no name of a school's
    /// network is known: nobody could say whose an entry is.
    #[must_use]
    pub fn without_neighbours(&self, before: &[Visit], config: &Config) -> Option<Self> {
        let before: Vec<&Scan> = before.iter().map(|visit| &visit.heard.0).collect();
        let kept = describe::school_addresses(&self.0, &before, config)?;
        let mut scan = self.0.clone();
        scan.sightings.retain(|sighting| kept.ours.contains(&sighting.bssid));
        scan.sightings.iter_mut().for_each(|sighting| elements::forget_others(&mut sighting.elements));
        scan.left_out = kept.neighbours;
        // The machine may be on a neighbour's network, or on a telephone's: its name is nobody's business either.
        let ours = |name: &[u8]| config.ssids.iter().any(|pattern| names(pattern, name));
        if !config.ssids.is_empty() && !scan.associated.as_deref().is_some_and(ours) {
            scan.associated = None;
        }
        Some(Self(scan))
    }

    /// Whether anything of the school's was heard.
    #[must_use]
    pub fn hears_school(&self, config: &Config) -> bool {
        describe::school_addresses(&self.0, &[], config).is_some_and(|kept| !kept.ours.is_empty())
    }

    /// The name of the network that the machine was associated with, when it can be written down as text and as a name of
    /// the school's: one with control characters, or with the `*` and `?` of patterns, cannot.
    #[must_use]
    pub fn associated(&self) -> Option<String> {
        let listed = || self.0.sightings.iter().find(|sighting| sighting.associated).and_then(name_of);
        let name = self.0.associated.clone().or_else(listed)?;
        let name = String::from_utf8(name).ok()?;
        let plain = |c: char| !c.is_control() && !matches!(c, '*' | '?');
        Some(name).filter(|name| !name.is_empty() && name.chars().all(plain))
    }
}

/// The name that an entry gives.
fn name_of(sighting: &Sighting) -> Option<Vec<u8>> {
    elements::read(&sighting.elements).ssid
}

/// Whether a declared pattern names this network.
fn names(pattern: &str, name: &[u8]) -> bool {
    WildMatch::new(pattern).matches(&String::from_utf8_lossy(name))
}
