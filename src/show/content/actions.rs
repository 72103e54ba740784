//! Who should act: each actor once, each action once, with what it is about.

use sonde_report::{
    Cause, Measurement, Outcome, ReasonCode,
    assess::{Actor, Place, Subject, Unit, Verdict, VerdictKind, VerdictReason, no_internet},
    values::InternetAccess,
};

use super::{Writer, services::state_advice};
use crate::{
    show::page::{Block, Section},
    text::report::{self as words, Label},
};

/// The actors, in the order in which they are named: who can act at once first.
const ACTORS: [Actor; 5] =
    [Actor::Technician, Actor::Commune, Actor::Operator, Actor::FilterAdministrator, Actor::ServiceProvider];

/// One thing to do.
struct Action {
    actor: Actor,
    sentence: &'static str,
    subjects: Vec<String>,
}

/// Things to do, each once.
#[derive(Default)]
pub(super) struct Actions(Vec<Action>);

impl Actions {
    pub(super) fn add(&mut self, (actor, sentence): (Actor, &'static str), subject: &str) {
        let known = self.0.iter_mut().find(|action| action.actor == actor && action.sentence == sentence);
        match known {
            Some(action) if action.subjects.iter().any(|s| s == subject) => {}
            Some(action) => action.subjects.push(subject.to_owned()),
            None => self.0.push(Action { actor, sentence, subjects: vec![subject.to_owned()] }),
        }
    }
}

impl Writer<'_> {
    /// The section that says who should act.
    pub(super) fn who_acts(&self) -> Section {
        let mut actions = Actions::default();
        // When the whole way out is missing, every other failure follows from it: it is said once.
        // The radios around do not hang on the way out.
        let no_way_out = self.way_out_actions(&mut actions);
        for verdict in &self.report.assessment.verdicts {
            if !no_way_out || verdict.unit == Unit::AccessPoint {
                self.verdict_actions(verdict, &mut actions);
            }
        }
        if !no_way_out {
            self.unjudged_actions(&mut actions);
            self.dns_actions(&mut actions);
        }
        let mut blocks = Vec::new();
        for actor in ACTORS {
            let sentences = actions.0.iter().filter(|action| action.actor == actor);
            let sentences: Vec<String> =
                sentences.map(|a| words::action_about(a.sentence, &a.subjects, self.lang)).collect();
            if !sentences.is_empty() {
                blocks.push(Block::List(words::capitalised(words::actor(actor, self.lang)), sentences));
            }
        }
        if blocks.is_empty() {
            blocks.push(Block::Text(words::no_action(self.lang).to_owned()));
        }
        Section { title: self.label(Label::WhoActs).to_owned(), blocks }
    }

    /// What to do when there is no way out at all; whether that is so.
    fn way_out_actions(&self, actions: &mut Actions) -> bool {
        let subject = words::after_colon(self.label(Label::Internet));
        let subject = subject.as_str();
        let Some(internet) = &self.report.measurements.internet else {
            return false;
        };
        let reason = match &internet.outcome {
            Outcome::Failed { failure } => {
                let reason = no_internet(self.report).unwrap_or(VerdictReason::NoInternet);
                // Where the box is silent, or the proxy none, what came of it further on is nobody else's to mend.
                if reason == VerdictReason::NoInternet && !self.box_is_silent() {
                    actions.add(words::cause_advice(failure.cause, self.lang), subject);
                }
                reason
            }
            Outcome::Measured { value, .. } => match value.access {
                InternetAccess::Open => return false,
                InternetAccess::CaptivePortal => VerdictReason::CaptivePortal,
                InternetAccess::ProxyAuthRequired => VerdictReason::ProxyAuthRequired,
            },
            Outcome::NotMeasured { reason } if reason.code == ReasonCode::NoNetwork => {
                let remedy = words::cause_advice(Cause::NoNetwork, self.lang);
                actions.add(remedy, subject);
                return true;
            }
            Outcome::NotMeasured { .. } => return false,
        };
        if let Some(advice) = words::reason_advice(reason, self.lang) {
            actions.add(advice, subject);
        }
        if self.proxy_announced() {
            actions.add((Actor::Technician, words::try_announced_proxy(self.lang)), subject);
        }
        true
    }

    fn box_is_silent(&self) -> bool {
        let located = &self.report.assessment.located;
        located.iter().any(|one| one.about == Subject::Internet && one.place == Place::Box)
    }

    /// Whether the network names a proxy and none was used.
    fn proxy_announced(&self) -> bool {
        let wpad = self.report.measurements.wpad.as_ref().and_then(Measurement::value);
        let named = wpad.is_some_and(|value| value.files.iter().any(|file| !file.proxies.is_empty()));
        named && self.report.environment.proxy.is_none()
    }

    fn verdict_actions(&self, verdict: &Verdict, actions: &mut Actions) {
        let wanted = match verdict.verdict {
            VerdictKind::NotMet | VerdictKind::Inconclusive => true,
            // Services are "not applicable" when no ENT was named, which the technician can mend.
            VerdictKind::NotApplicable => verdict.reasons.contains(&VerdictReason::EntNotDeclared),
            VerdictKind::Met => false,
        };
        if !wanted {
            return;
        }
        let subject = verdict.subject.as_ref().map_or_else(
            || words::requirement(&verdict.requirement, verdict.unit, self.lang),
            |id| self.service_label(id),
        );
        let before = actions.0.iter().map(|action| action.subjects.len()).sum::<usize>();
        for &reason in &verdict.reasons {
            // The technician's, not the filter's: it may be the network's doing or the service's own.
            let either = verdict.reasons.first() == Some(&reason) && verdict.act == Some(Actor::Technician);
            let advice = match reason {
                VerdictReason::DnsAltered
                | VerdictReason::Unreachable
                | VerdictReason::TlsIntercepted
                | VerdictReason::RemoteError
                    if either =>
                {
                    Some(words::look_from_elsewhere(self.lang))
                }
                VerdictReason::MtuBlackHole if either => Some(words::black_hole_of_one(self.lang)),
                _ => words::reason_advice(reason, self.lang),
            };
            if let Some(advice) = advice {
                actions.add(advice, &subject);
            }
            if matches!(reason, VerdictReason::MeasurementFailed | VerdictReason::NotMeasured) {
                self.measurement_actions(verdict, &subject, actions);
            }
        }
        let after = actions.0.iter().map(|action| action.subjects.len()).sum::<usize>();
        match verdict.act {
            Some(actor) if verdict.verdict == VerdictKind::NotMet && verdict.unit != Unit::Service => {
                actions.add((actor, words::act_on(verdict.unit, actor, self.lang)), &subject);
            }
            Some(actor) if after == before => {
                actions.add((actor, words::act_on(verdict.unit, actor, self.lang)), &subject);
            }
            _ => {}
        }
    }

    /// What to do about services that no requirement asks for and that cannot be reached.
    fn unjudged_actions(&self, actions: &mut Actions) {
        let judged = |id: &str| {
            let mut verdicts = self.report.assessment.verdicts.iter();
            verdicts.any(|v| v.unit == Unit::Service && v.subject.as_deref() == Some(id))
        };
        for value in self.report.measurements.endpoints.iter().filter_map(Measurement::value) {
            let advice = state_advice(value, self.lang);
            if let Some(advice) = advice.filter(|_| !judged(&value.id)) {
                actions.add(advice, &value.label);
            }
        }
    }

    /// What to do about the failure or the obstacle behind a verdict.
    fn measurement_actions(&self, verdict: &Verdict, subject: &str, actions: &mut Actions) {
        let measurements = &self.report.measurements;
        match verdict.unit {
            Unit::BitPerSecond => self.outcome_actions(measurements.download.as_ref(), subject, actions),
            Unit::AccessPoint => self.outcome_actions(measurements.wifi.as_ref(), subject, actions),
            Unit::Service => {
                let id = verdict.subject.as_deref();
                for measurement in &measurements.endpoints {
                    match measurement.value() {
                        Some(value) if Some(value.id.as_str()) == id => {
                            let advice = state_advice(value, self.lang);
                            if let Some(advice) = advice {
                                actions.add(advice, subject);
                            }
                        }
                        None if Some(measurement.target.as_str()) == id => {
                            self.outcome_actions(Some(measurement), subject, actions);
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    /// What to do about the black hole that services were seen to fall into; a mire that stalls may lie behind the same.
    fn black_hole_advice(&self) -> Option<(Actor, &'static str)> {
        let seen = |verdict: &&Verdict| verdict.reasons.first() == Some(&VerdictReason::MtuBlackHole);
        let verdict = self.report.assessment.verdicts.iter().find(seen)?;
        match verdict.act {
            Some(Actor::Technician) => Some(words::black_hole_of_one(self.lang)),
            _ => words::reason_advice(VerdictReason::MtuBlackHole, self.lang),
        }
    }

    fn outcome_actions<T>(&self, measurement: Option<&Measurement<T>>, subject: &str, actions: &mut Actions) {
        match measurement.map(|m| &m.outcome) {
            Some(Outcome::Failed { failure }) => {
                let stalls =
                    matches!(failure.cause, Cause::Timeout | Cause::TooLittleData | Cause::AllTargetsFailed);
                let advice = self.black_hole_advice().filter(|_| stalls);
                actions.add(advice.unwrap_or(words::cause_advice(failure.cause, self.lang)), subject);
            }
            Some(Outcome::NotMeasured { reason }) => {
                if let Some(remedy) = reason.remedy {
                    actions.add((Actor::Technician, words::remedy(remedy, self.lang)), subject);
                }
            }
            Some(Outcome::Measured { .. }) | None => {}
        }
    }
}
