//! The services: what was found at each, the verdict, and who acts.

use sonde_probes::catalogue::{Catalogue, Endpoint};
use sonde_report::{
    Cause, CaveatCode, Failure, Measurement, Outcome, Stage,
    assess::{Actor, Unit, Verdict, VerdictKind, VerdictReason},
    values::{EndpointKind, EndpointState, EndpointValue, FamilyOutcome, FilterPlace},
};

use super::Writer;
use crate::{
    show::page::{Block, Table, Tone},
    text::{
        Lang,
        report::{self as words, Label},
    },
};

impl Writer<'_> {
    /// The services' verdicts: a table, then a line on each that cannot be reached.
    pub(super) fn services(&self, blocks: &mut Vec<Block>) {
        let endpoints = &self.report.measurements.endpoints;
        let verdicts: Vec<&Verdict> =
            self.report.assessment.verdicts.iter().filter(|v| v.unit == Unit::Service).collect();
        if endpoints.is_empty() && verdicts.is_empty() {
            return;
        }
        let kind = [VerdictKind::NotMet, VerdictKind::Inconclusive, VerdictKind::Met]
            .into_iter()
            .find(|&kind| verdicts.iter().any(|v| v.verdict == kind))
            .unwrap_or(VerdictKind::NotApplicable);
        let title = self.label(Label::Services).to_owned();
        blocks.push(Block::Judged(title, Tone::from(kind), words::verdict_long(kind, self.lang).to_owned()));
        if endpoints.is_empty() {
            blocks.push(Block::Text(self.label(Label::ServicesNotAsked).to_owned()));
        } else {
            blocks.push(Block::Table(self.services_table()));
            self.push_list(blocks, Label::Reasons, self.troubles());
        }
        let general = verdicts.iter().filter(|v| v.subject.is_none()).flat_map(|v| &v.reasons);
        let general = general.map(|&reason| words::verdict_reason(reason, self.lang).to_owned());
        let notes = general.chain(self.connection_notes()).chain(self.territory_notes());
        self.push_list(blocks, Label::Notes, notes.collect());
        if let Some(first) = verdicts.first() {
            blocks.extend(self.own_level(first).map(|level| Block::Facts(vec![level])));
            let assumptions = first.assumptions.iter().map(|&a| words::assumption(a, self.lang).to_owned());
            self.push_list(blocks, Label::Assumptions, assumptions.collect());
        }
        if !endpoints.is_empty() {
            blocks.push(Block::Text(self.label(Label::ServicesNote).to_owned()));
        }
    }

    fn services_table(&self) -> Table {
        let mut endpoints: Vec<&Measurement<EndpointValue>> =
            self.report.measurements.endpoints.iter().collect();
        // GAR, then ENT, ÉduConnect… A service whose kind is not known comes last.
        endpoints.sort_by_key(|m| service_kind(m).map_or((1, EndpointKind::Control), |kind| (0, kind)));
        let rows = endpoints.into_iter().map(|measurement| {
            let verdict = self.service_verdict(measurement);
            vec![
                service_name(measurement),
                service_kind(measurement)
                    .map_or(self.label(Label::UnknownF), |kind| words::endpoint_kind(kind, self.lang))
                    .to_owned(),
                self.service_state(measurement).to_owned(),
                verdict
                    .map_or(self.label(Label::Nobody), |v| words::verdict(v.verdict, self.lang))
                    .to_owned(),
                self.short_actor(self.service_actor(measurement)).to_owned(),
            ]
        });
        Table {
            caption: self.label(Label::ServicesCaption).to_owned(),
            head: self.heads(&[
                Label::Service,
                Label::Family,
                Label::State,
                Label::Verdict,
                Label::WhoActsColumn,
            ]),
            rows: rows.collect(),
        }
    }

    /// The verdict on a service: its subject is the catalogue's id, which the measurement carries in its value, or as
    /// its target where it has no value.
    fn service_verdict(&self, measurement: &Measurement<EndpointValue>) -> Option<&Verdict> {
        let id = measurement.value().map_or(measurement.target.as_str(), |value| value.id.as_str());
        let mut services = self.report.assessment.verdicts.iter().filter(|v| v.unit == Unit::Service);
        services.find(|v| v.subject.as_deref() == Some(id))
    }

    /// The name of a service by its catalogue id.
    pub(super) fn service_label(&self, id: &str) -> String {
        let values = self.report.measurements.endpoints.iter().filter_map(Measurement::value);
        let known = values.into_iter().find(|value| value.id == id);
        let known = known.map(|value| value.label.clone()).or_else(|| Some(catalogued(id)?.label));
        known.unwrap_or_else(|| id.to_owned())
    }

    fn service_state(&self, measurement: &Measurement<EndpointValue>) -> &'static str {
        match &measurement.outcome {
            Outcome::Measured { value, .. } => words::endpoint_state(value.state, self.lang),
            Outcome::Failed { .. } => self.label(Label::Failure),
            Outcome::NotMeasured { .. } => self.label(Label::NotMeasured),
        }
    }

    /// Who acts about a service: as its verdict says, or, for one that no requirement asks for, as its state does.
    fn service_actor(&self, measurement: &Measurement<EndpointValue>) -> Option<Actor> {
        match self.service_verdict(measurement) {
            Some(verdict) if verdict.verdict == VerdictKind::Met => None,
            Some(verdict) => verdict.act,
            None => {
                let value = measurement.value()?;
                Some(state_advice(value, self.lang)?.0)
            }
        }
    }

    /// One line on what keeps services from being reached; those with the same trouble stand together.
    fn troubles(&self) -> Vec<String> {
        let mut lines: Vec<(String, Vec<String>)> = Vec::new();
        for measurement in &self.report.measurements.endpoints {
            let Some(trouble) = self.service_trouble(measurement) else { continue };
            let name = service_name(measurement);
            match lines.iter_mut().find(|(known, _)| *known == trouble) {
                Some((_, names)) => names.push(name),
                None => lines.push((trouble, vec![name])),
            }
        }
        let line = |(trouble, names): (String, Vec<String>)| {
            self.lang.labelled(&words::together(&names, self.lang), &words::after_colon(&trouble))
        };
        lines.into_iter().map(line).collect()
    }

    /// What was seen at a service that cannot be reached, and why. `None` when it can.
    fn service_trouble(&self, measurement: &Measurement<EndpointValue>) -> Option<String> {
        let Some(value) = measurement.value() else {
            return self.absence(Some(measurement));
        };
        if matches!(value.state, EndpointState::Reachable | EndpointState::ReachableViaProxy) {
            return None;
        }
        let notes = self.trouble_notes(value);
        let state = words::service_trouble(value.state, value.filter.as_ref(), self.lang);
        let mut sentences = match &value.failure {
            Some(failure) => {
                let cause = self.trouble_cause(value, failure);
                vec![format!("{state}."), words::with_notes(cause, &notes, self.lang)]
            }
            None => vec![words::with_notes(&state, &notes, self.lang)],
        };
        let verdict = self.service_verdict(measurement);
        let reasons = verdict.map_or(&[] as &[VerdictReason], |v| &v.reasons);
        let reasons = reasons.iter().filter(|&&reason| value.failure.is_none() || adds_to_state(reason));
        sentences.extend(reasons.map(|&reason| words::verdict_reason(reason, self.lang).to_owned()));
        if let Some(actor) = self.service_actor(measurement) {
            sentences.push(format!(
                "{}.",
                self.lang.labelled(self.label(Label::WhoActsColumn), words::actor(actor, self.lang))
            ));
        }
        Some(sentences.join(" "))
    }

    /// Why a service is in trouble: a chain that this machine accepts is not one of an unknown authority.
    fn trouble_cause(&self, value: &EndpointValue, failure: &Failure) -> &'static str {
        let went_on = value.state == EndpointState::Intercepted && value.http_status.is_some();
        if went_on && failure.cause == Cause::UnknownIssuer {
            return words::decrypted_and_trusted(self.lang);
        }
        words::cause(failure.cause, self.lang)
    }

    /// What is to be known of connections that came about, said once for all services.
    fn connection_notes(&self) -> Vec<String> {
        let endpoints = &self.report.measurements.endpoints;
        let named = |wanted: &dyn Fn(&Measurement<EndpointValue>) -> bool| {
            endpoints.iter().filter(|m| wanted(m)).map(service_name).collect::<Vec<String>>()
        };
        let broken = named(&|m| m.caveats().iter().any(|caveat| caveat.code == CaveatCode::Ipv6Broken));
        let over_ipv6 = |value: &EndpointValue| {
            value.families.iter().any(|reach| reach.family == 6 && reach.outcome == FamilyOutcome::Connected)
        };
        let everywhere = !endpoints.iter().filter_map(Measurement::value).any(over_ipv6);
        let again = named(&|m| {
            m.value().is_some_and(|value| value.first_attempt.is_some() && value.phases.tcp_us.is_some())
        });
        let mut notes = Vec::new();
        if !broken.is_empty() {
            notes.push(words::ipv6_broken(&broken, everywhere, self.lang));
            let link = self.report.measurements.link.as_ref().and_then(Measurement::value);
            let access = link.and_then(|link| link.ipv6_access.as_ref());
            notes.extend(access.and_then(|access| words::ipv6_by_tunnel(access, self.lang)));
        }
        if !again.is_empty() {
            notes.push(words::reached_at_second_attempt(&again, self.lang));
        }
        notes
    }

    /// The technical facts about a service in trouble, each once.
    fn trouble_notes(&self, value: &EndpointValue) -> Vec<String> {
        let mut notes = Vec::new();
        let status = value.http_status.map(|status| status.to_string());
        let issuer = value.tls.as_ref().and_then(|tls| tls.issuer.clone());
        let issuer = issuer.filter(|_| value.state == EndpointState::Intercepted);
        let last = value.redirects.last();
        if let Some(failure) = &value.failure {
            notes.push(self.note(Label::StageReached, words::stage(failure.stage, self.lang)));
            // One hole for all: what differs from one service to the next would only keep them apart.
            if failure.cause == Cause::MtuBlackHole {
                return notes;
            }
            // The redirect below names the host too.
            let named = |detail: &String| {
                let host = detail.rsplit(": ").next().unwrap_or(detail);
                last.is_some_and(|url| url.contains(host))
            };
            let known = self.told(failure);
            let told = known.clone().filter(|_| !failure.detail.as_ref().is_some_and(named));
            let said = |detail: &String| {
                known.is_some()
                    || status.as_ref() == Some(detail)
                    || issuer.as_ref() == Some(detail)
                    || last.is_some_and(|url| url.contains(detail.as_str()))
            };
            let bare =
                Failure { detail: failure.detail.clone().filter(|detail| !said(detail)), ..failure.clone() };
            notes.extend(told);
            notes.extend(self.failure_notes(&bare));
            // A silence or refusal is somebody's: the address says whose.
            let of_connection =
                value.state == EndpointState::Unreachable && matches!(failure.stage, Stage::Tcp | Stage::Tls);
            let address = value
                .address
                .as_ref()
                .filter(|address| of_connection && !notes.iter().any(|note| note.contains(address.as_str())));
            notes.extend(address.map(|address| self.note(Label::AddressTried, address)));
            if of_connection && value.first_attempt.is_some() {
                notes.push(self.label(Label::TriedTwice).to_owned());
            }
        }
        notes.extend(issuer.map(|issuer| self.note(Label::Issuer, &issuer)));
        notes.extend(last.map(|url| self.note(Label::RedirectedTo, url)));
        notes.extend(status.map(|status| self.note(Label::HttpStatus, &status)));
        notes
    }

    /// The detail of a failure where it names who answered in another's place.
    fn told(&self, failure: &Failure) -> Option<String> {
        let detail = failure.detail.as_ref()?;
        match failure.cause {
            // "Filter: host", or how it answered and the host: what comes before the host is said elsewhere.
            Cause::RedirectedElsewhere | Cause::UnexpectedContent => {
                let host = detail.rsplit(": ").next()?;
                Some(self.note(Label::AnsweredBy, host))
            }
            // The address, then why nothing came of it.
            Cause::DnsAltered => {
                let address = detail.split(" (").next()?;
                Some(self.note(Label::ResolverAnswer, address))
            }
            _ => None,
        }
    }

    pub(super) fn short_actor(&self, actor: Option<Actor>) -> &'static str {
        self.label(match actor {
            None => Label::Nobody,
            Some(Actor::Technician) => Label::ShortTechnician,
            Some(Actor::Commune) => Label::ShortCommune,
            Some(Actor::Operator) => Label::ShortOperator,
            Some(Actor::FilterAdministrator) => Label::ShortFilter,
            Some(Actor::ServiceProvider) => Label::ShortProvider,
        })
    }

    /// Where each service's time went.
    pub(super) fn phases(&self, blocks: &mut Vec<Block>) {
        let measured: Vec<&EndpointValue> =
            self.report.measurements.endpoints.iter().filter_map(Measurement::value).collect();
        blocks.push(Block::Heading(self.label(Label::Phases).to_owned()));
        if measured.is_empty() {
            blocks.push(Block::Text(
                self.absence::<EndpointValue>(self.report.measurements.endpoints.first()).unwrap_or_default(),
            ));
            return;
        }
        let timed = |value: &&EndpointValue| {
            let phases = &value.phases;
            let times = [phases.dns_us, phases.tcp_us, phases.proxy_us, phases.tls_us, phases.ttfb_us];
            times.iter().any(Option::is_some)
        };
        let measured: Vec<&EndpointValue> = measured.into_iter().filter(timed).collect();
        if measured.is_empty() {
            blocks.push(Block::Text(self.label(Label::NoTimes).to_owned()));
            return;
        }
        let proxied = measured.iter().any(|value| value.phases.proxy_us.is_some());
        let mut head = self.heads(&[Label::Service]);
        head.extend(["DNS", "TCP"].map(str::to_owned));
        if proxied {
            head.push(self.label(Label::ProxyColumn).to_owned());
        }
        head.push("TLS".to_owned());
        head.push(self.label(Label::FirstByte).to_owned());
        let rows = measured.into_iter().map(|value| {
            let mut row =
                vec![value.label.clone(), self.time(value.phases.dns_us), self.time(value.phases.tcp_us)];
            if proxied {
                row.push(self.time(value.phases.proxy_us));
            }
            row.extend([self.time(value.phases.tls_us), self.time(value.phases.ttfb_us)]);
            row
        });
        blocks.push(Block::Table(Table {
            caption: self.label(Label::Phases).to_owned(),
            head,
            rows: rows.collect(),
        }));
    }
}

/// Whether a verdict's reason says more than the service's state and the failure's cause do.
fn adds_to_state(reason: VerdictReason) -> bool {
    !matches!(
        reason,
        VerdictReason::BlockedByFilter
            | VerdictReason::TlsIntercepted
            | VerdictReason::DecryptedHere
            | VerdictReason::ProxyAuthRequired
            | VerdictReason::ProxyUnusable
            | VerdictReason::DnsAltered
            | VerdictReason::CaptivePortal
            | VerdictReason::MtuBlackHole
    )
}

/// What to do about a service by what was seen of it alone, and who does it; `None` when it can be reached.
pub(super) fn state_advice(value: &EndpointValue, lang: Lang) -> Option<(Actor, &'static str)> {
    let swallowed = value.failure.as_ref().is_some_and(|failure| failure.cause == Cause::MtuBlackHole);
    if swallowed {
        return Some(words::black_hole_of_one(lang));
    }
    words::state_advice(value.state, place(value), lang)
}

/// Where the filter works that was recognised at a service.
fn place(value: &EndpointValue) -> Option<FilterPlace> {
    value.filter.as_ref().map(|filter| filter.place)
}

/// A service's label: from its value, or from the built-in catalogue by its id; its target where neither knows it.
fn service_name(measurement: &Measurement<EndpointValue>) -> String {
    match measurement.value() {
        Some(value) => value.label.clone(),
        None => {
            catalogued(&measurement.target).map_or_else(|| measurement.target.clone(), |known| known.label)
        }
    }
}

/// The kind of a service, from its value or from the built-in catalogue.
pub(super) fn service_kind(measurement: &Measurement<EndpointValue>) -> Option<EndpointKind> {
    let known = || catalogued(&measurement.target).map(|known| known.kind);
    measurement.value().map(|value| value.kind).or_else(known)
}

/// The built-in catalogue's entry of this id.
fn catalogued(id: &str) -> Option<Endpoint> {
    Catalogue::built_in().endpoints().iter().find(|endpoint| endpoint.id == id).cloned()
}
