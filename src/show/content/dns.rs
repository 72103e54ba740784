//! Resolvers: each one's answers and median, what is wrong with it, and who acts.

use std::net::IpAddr;

use sonde_report::{
    Cause, CaveatCode, Measurement, Outcome,
    assess::Actor,
    values::{DnsPath, DnsQuestion, DnsValue, EndpointState},
};

use super::{Writer, actions::Actions};
use crate::{
    show::page::{Block, Table},
    text::report::{self as words, Label},
};

impl Writer<'_> {
    pub(super) fn dns(&self, blocks: &mut Vec<Block>) {
        blocks.push(Block::Heading(self.label(Label::Dns).to_owned()));
        let resolvers = &self.report.measurements.dns;
        if resolvers.is_empty() {
            blocks.push(Block::Text(self.label(Label::NotPlanned).to_owned()));
            return;
        }
        let rows: Vec<Vec<String>> = resolvers.iter().filter_map(|one| self.dns_row(one)).collect();
        if !rows.is_empty() {
            blocks.push(Block::Table(Table {
                caption: self.label(Label::Dns).to_owned(),
                head: self.heads(&[
                    Label::Resolver,
                    Label::Answers,
                    Label::Median,
                    Label::Finding,
                    Label::WhoActsColumn,
                ]),
                rows,
            }));
        }
        for measurement in resolvers {
            self.dns_notes(measurement, blocks);
        }
        self.search_domains(blocks);
    }

    /// One resolver in the table: also one that does not answer, so that none is passed over. What was not tried has
    /// no row.
    fn dns_row(&self, measurement: &Measurement<DnsValue>) -> Option<Vec<String>> {
        let nothing = || self.label(Label::Nobody).to_owned();
        let actor = self.short_actor(self.dns_actor(measurement)).to_owned();
        match &measurement.outcome {
            Outcome::Measured { value, .. } => Some(vec![
                words::dns_path(&value.resolver, self.lang),
                words::of(u64::from(value.answered), u64::from(value.asked), self.lang),
                self.time(value.median_us),
                self.dns_findings(measurement, value),
                actor,
            ]),
            Outcome::Failed { .. } => Some(vec![
                self.resolver_name(measurement),
                nothing(),
                nothing(),
                words::dns_silent(self.lang).to_owned(),
                actor,
            ]),
            Outcome::NotMeasured { .. } => None,
        }
    }

    /// What is wrong, shortly.
    fn dns_findings(&self, measurement: &Measurement<DnsValue>, value: &DnsValue) -> String {
        let count = |keep: &dyn Fn(&&DnsQuestion) -> bool| value.questions.iter().filter(keep).count();
        let blocked = count(&|asked| asked.blocked.is_some() || is_altered(asked));
        let failing =
            count(&|asked| asked.failure.is_some() && asked.blocked.is_none() && !is_altered(asked));
        let names = [
            (blocked > 0).then(|| words::names_blocked(blocked, self.lang)),
            (failing > 0).then(|| words::names_failing(failing, self.lang)),
        ];
        let caveats =
            measurement.caveats().iter().filter_map(|caveat| words::dns_finding(caveat.code, self.lang));
        let found: Vec<String> = names.into_iter().flatten().chain(caveats.map(str::to_owned)).collect();
        if found.is_empty() { words::dns_nothing(self.lang).to_owned() } else { found.join(", ") }
    }

    /// What the table's words mean for this resolver, name by name.
    fn dns_notes(&self, measurement: &Measurement<DnsValue>, blocks: &mut Vec<Block>) {
        let name = self.resolver_name(measurement);
        if let Some(absence) = self.absence(Some(measurement)) {
            // What was not tried has no resolver to name.
            blocks.push(Block::Text(match name.as_str() {
                "" => absence,
                name => self.lang.labelled(name, &words::after_colon(&absence)),
            }));
        }
        if matches!(measurement.outcome, Outcome::Failed { .. }) && is_reference(measurement) {
            blocks.push(Block::Text(words::reference_answers(false, self.lang).to_owned()));
        }
        let Outcome::Measured { value, .. } = &measurement.outcome else { return };
        let mut notes: Vec<String> = Vec::new();
        let intercepted =
            measurement.caveats().iter().any(|caveat| caveat.code == CaveatCode::DnsIntercepted);
        if matches!(value.resolver, DnsPath::Reference { .. }) && !intercepted {
            notes.push(words::reference_answers(true, self.lang).to_owned());
        }
        notes.extend(value.questions.iter().filter_map(|asked| self.name_note(asked)));
        if let Some(Block::List(_, caveats)) = self.caveats(measurement) {
            notes.extend(caveats);
        }
        notes.extend(value.conduct.as_ref().and_then(|conduct| words::dnssec(&conduct.dnssec, self.lang)));
        if !notes.is_empty() {
            blocks.push(Block::List(name, notes));
        }
    }

    /// Why a name has no good answer.
    fn name_note(&self, asked: &DnsQuestion) -> Option<String> {
        let failure = asked.failure.as_ref()?;
        let (why, detail) = match asked.blocked {
            Some(block) => (words::dns_block(block, self.lang).to_owned(), asked.answer.join(", ")),
            None => (words::after_colon(words::cause(failure.cause, self.lang)), asked.answer.join(", ")),
        };
        let notes: Vec<String> = (!detail.is_empty()).then_some(detail).into_iter().collect();
        let sentence = self.lang.labelled(&asked.name, why.trim_end_matches('.'));
        Some(words::with_notes(&sentence, &notes, self.lang))
    }

    fn search_domains(&self, blocks: &mut Vec<Block>) {
        let mut values = self.report.measurements.dns.iter().filter_map(Measurement::value);
        let Some(list) = values.find_map(|value| value.search.as_ref()) else { return };
        if !list.domains.is_empty() {
            let text = words::ndots(&list.domains, list.ndots, self.lang);
            blocks.push(Block::Facts(vec![self.fact(Label::SearchDomains, text)]));
        }
    }

    /// A resolver's name: its address, or the words for the system's own path.
    fn resolver_name(&self, measurement: &Measurement<DnsValue>) -> String {
        match measurement.value().map(|value| &value.resolver) {
            Some(DnsPath::System) => words::capitalised(&words::dns_path(&DnsPath::System, self.lang)),
            Some(path) => words::dns_path(path, self.lang),
            // The probe's word for the system's own way of resolving.
            None if measurement.target == "system" => {
                words::capitalised(&words::dns_path(&DnsPath::System, self.lang))
            }
            None => match measurement.target.strip_prefix("dns://") {
                Some(address) => {
                    words::dns_path(&DnsPath::Reference { address: address.to_owned() }, self.lang)
                }
                None => measurement.target.clone(),
            },
        }
    }

    /// Who acts first on a resolver; nobody on the reference, which is not the school's.
    fn dns_actor(&self, measurement: &Measurement<DnsValue>) -> Option<Actor> {
        let inside = is_inside(&measurement.target);
        match &measurement.outcome {
            Outcome::Failed { .. } if is_own(measurement) => {
                Some(words::dead_resolver_advice(inside, self.lang).0)
            }
            Outcome::Measured { value, .. } if !matches!(value.resolver, DnsPath::Reference { .. }) => {
                let mut wrong =
                    value.questions.iter().filter(|asked| asked.blocked.is_some() || is_altered(asked));
                let blocks = wrong.any(|asked| !is_left_to_proxy(measurement, asked));
                let mut caveats = measurement.caveats().iter();
                let advised = caveats.find_map(|caveat| words::dns_advice(caveat.code, inside, self.lang));
                let blocking = blocks.then(|| words::dns_block_advice(self.lang));
                blocking.or(advised).map(|(actor, _)| actor)
            }
            _ => None,
        }
    }

    /// What to do about resolvers: each fault once, with the resolvers that have it.
    pub(super) fn dns_actions(&self, actions: &mut Actions) {
        for measurement in &self.report.measurements.dns {
            let inside = is_inside(&measurement.target);
            match &measurement.outcome {
                Outcome::Failed { .. } if is_own(measurement) => {
                    actions.add(words::dead_resolver_advice(inside, self.lang), &measurement.target);
                }
                Outcome::Measured { value, .. } if !matches!(value.resolver, DnsPath::Reference { .. }) => {
                    for caveat in measurement.caveats() {
                        if let Some(advice) = words::dns_advice(caveat.code, inside, self.lang) {
                            actions.add(advice, &measurement.target);
                        }
                    }
                    let blocked = value.questions.iter().filter(|asked| asked.blocked.is_some());
                    for asked in blocked.filter(|asked| !is_left_to_proxy(measurement, asked)) {
                        if !self.advised_as_service(&asked.name) {
                            actions.add(words::dns_block_advice(self.lang), &asked.name);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether a name is that of a service whose own advice says the same already.
    fn advised_as_service(&self, name: &str) -> bool {
        self.report.measurements.endpoints.iter().any(|endpoint| {
            let altered = endpoint.value().is_some_and(|value| value.state == EndpointState::DnsAltered);
            let rest = endpoint.target.split_once("://").map_or(endpoint.target.as_str(), |(_, rest)| rest);
            altered && rest.split(['/', ':']).next().is_some_and(|host| host.eq_ignore_ascii_case(name))
        })
    }
}

/// Reports of before `blocked` have only the cause.
fn is_altered(asked: &DnsQuestion) -> bool {
    asked.failure.as_ref().is_some_and(|failure| failure.cause == Cause::DnsAltered)
}

/// Whether it is the proxy that resolves this name.
fn is_left_to_proxy(measurement: &Measurement<DnsValue>, asked: &DnsQuestion) -> bool {
    let left = measurement.caveats().iter().filter(|caveat| caveat.code == CaveatCode::NamesLeftToProxy);
    left.filter_map(|caveat| caveat.detail.as_deref())
        .any(|names| names.split(", ").any(|name| name == asked.name))
}

/// Whether a measurement is that of an outside resolver: those are named by a URL, the machine's own by an address.
fn is_reference(measurement: &Measurement<DnsValue>) -> bool {
    measurement.target.contains("://")
}

/// Whether a resolver is one of the machine's.
fn is_own(measurement: &Measurement<DnsValue>) -> bool {
    measurement.target != "system" && !is_reference(measurement)
}

/// Whether an address stands in the school or the commune: private, link-local or this machine's own.
fn is_inside(target: &str) -> bool {
    let address =
        target.parse().or_else(|_| target.parse::<std::net::SocketAddr>().map(|socket| socket.ip()));
    match address {
        Ok(IpAddr::V4(v4)) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        Ok(IpAddr::V6(v6)) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
        Err(_) => false,
    }
}
