//! Where the school is, which ENT that proposes, and which guichet is missing.

use sonde_probes::catalogue::Place;
use sonde_report::values::EndpointKind;

use super::{Writer, services::service_kind};
use crate::text::report as words;

impl Writer<'_> {
    /// The school's place, where it is known.
    pub(super) fn territory(&self) -> Option<Place> {
        self.report.site.territory.as_deref().and_then(|code| Place::find(code).ok())
    }

    /// What was not checked for want of a name: the ENT, with those of the place; the guichet that is not known.
    pub(super) fn territory_notes(&self) -> Vec<String> {
        let endpoints = &self.report.measurements.endpoints;
        let Some(place) = self.territory().filter(|_| !endpoints.is_empty()) else { return Vec::new() };
        let tried = |kind| endpoints.iter().any(|measurement| service_kind(measurement) == Some(kind));
        let mut notes = Vec::new();
        if self.report.site.ent.is_empty() && !tried(EndpointKind::Ent) {
            let proposed = self.report.site.proposed_ent.iter();
            let ents: Vec<_> = proposed.map(|id| (self.service_label(id), id.clone())).collect();
            notes.push(words::ent_proposal(&place, &ents, self.lang));
        }
        if !tried(EndpointKind::Portal) {
            notes.push(words::no_portal(&place.academy_name, self.lang));
        }
        notes
    }
}
