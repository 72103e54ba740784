//! The method block: everything that influences the measure, as ARCEP's code of conduct (2018, revised 2020) asks.

use sonde_probes::{catalogue::built_in_mires, throughput::MireUrl};
use sonde_report::{
    CaveatCode, Measurement,
    values::{EndpointState, InterfaceKind, RunConditions, TransferValue},
};

use super::Writer;
use crate::{
    show::page::{Block, Section},
    text::report::{self as words, Label},
};

impl Writer<'_> {
    /// The section on the method.
    pub(super) fn method(&self) -> Section {
        let mut facts = vec![
            self.fact(Label::Started, self.lang.date_time(&self.report.started_at)),
            self.fact(Label::Elapsed, self.lang.duration(self.report.elapsed_ms)),
        ];
        self.mire_facts(&mut facts);
        facts.push(self.fact(Label::DataUsed, self.data_used()));
        facts.push(self.fact(Label::Interface, self.interface()));
        let environment = &self.report.environment;
        facts.push(self.fact(Label::Proxy, self.proxy()));
        facts.push(self.fact(Label::Interception, self.label(self.interception())));
        facts.push(self.fact(Label::Vpn, self.label(if environment.vpn { Label::Yes } else { Label::No })));
        self.condition_facts(&mut facts);
        facts.push(self.fact(Label::Clock, self.clock()));
        facts.extend(self.time_server());
        self.program_facts(&mut facts);
        let mut blocks = vec![Block::Text(self.label(Label::OnePoint).to_owned()), Block::Facts(facts)];
        blocks.extend(self.usage_assumptions());
        Section { title: self.label(Label::Method).to_owned(), blocks }
    }

    /// The proxy, and where it was set.
    fn proxy(&self) -> String {
        let environment = &self.report.environment;
        match (&environment.proxy, environment.proxy_source) {
            (None, _) => self.label(Label::None).to_owned(),
            (Some(proxy), None) => proxy.clone(),
            (Some(proxy), Some(source)) => format!("{proxy} ({})", words::proxy_source(source, self.lang)),
        }
    }

    /// The data used, both ways: by the interface over the whole run where the system tells, and by the transfers.
    fn data_used(&self) -> String {
        let used = self.report.data_used;
        let both = |received, sent, label| {
            let received = format!("{} {}", self.lang.megabytes(received), self.label(Label::Received));
            let sent = format!("{} {}", self.lang.megabytes(sent), self.label(Label::Sent));
            format!("{received}, {sent} ({})", self.label(label))
        };
        let probes = used.probes_received_bytes.zip(used.probes_sent_bytes);
        let (own, own_only) = match probes {
            Some(_) => (Label::DataOwnAndProbes, Label::DataOwnAndProbesOnly),
            None => (Label::DataOwn, Label::DataOwnOnly),
        };
        let (received, sent) = probes.unwrap_or_default();
        let (received, sent) =
            (used.received_bytes.saturating_add(received), used.sent_bytes.saturating_add(sent));
        match used.interface_received_bytes.zip(used.interface_sent_bytes) {
            Some((all_received, all_sent)) => words::together(
                &[both(all_received, all_sent, Label::DataByInterface), both(received, sent, own)],
                self.lang,
            ),
            None => both(received, sent, own_only),
        }
    }

    /// The mire, the protocol, the connections, the warm-up, the estimator: from the download, or else the upload.
    fn mire_facts(&self, facts: &mut Vec<(String, String)>) {
        let measurements = &self.report.measurements;
        let downs = [measurements.download.as_ref(), measurements.upload.as_ref()];
        let Some(value) = downs.into_iter().flatten().find_map(Measurement::value) else {
            facts.push(self.fact(Label::Mire, self.label(Label::NoneF)));
            return;
        };
        let server = format!("{} ({})", value.server.url, value.server.address);
        facts.push(self.fact(Label::Mire, server));
        facts.extend(operator(&value.server.url).map(|operator| self.fact(Label::MireOperator, operator)));
        facts.extend([
            self.fact(Label::Family4, format!("IPv{}", value.server.family)),
            self.fact(Label::Protocol, words::mire_protocol(value.protocol, self.lang)),
        ]);
        let both = |show: &dyn Fn(&TransferValue) -> String| self.both_ways(show);
        facts.push(self.fact(Label::Streams, both(&|v| v.streams.to_string())));
        facts.push(self.fact(Label::WarmUp, both(&|v| self.lang.duration(v.ramp_ms))));
        facts.push(self.fact(Label::Estimator, self.label(Label::EstimatorText)));
        facts.push(self.fact(Label::Repetitions, self.repetitions(value)));
    }

    /// A figure of the download and of the upload, each named.
    fn both_ways(&self, show: &dyn Fn(&TransferValue) -> String) -> String {
        let measurements = &self.report.measurements;
        let ways = [(Label::Down, &measurements.download), (Label::Up, &measurements.upload)];
        let shown: Vec<String> = ways
            .into_iter()
            .filter_map(|(label, way)| {
                let value = way.as_ref()?.value()?;
                Some(format!("{} ({})", show(value), self.label(label)))
            })
            .collect();
        shown.join(", ")
    }

    /// The interface in words: name, kind, link rate.
    pub(super) fn interface(&self) -> String {
        let Some(interface) = &self.report.environment.interface else {
            return self.label(Label::UnknownF).to_owned();
        };
        let kind = words::interface_kind(interface.kind, self.lang);
        let rate = interface
            .rate_bps
            .map_or_else(|| self.label(Label::NotKnown).to_owned(), |bps| self.lang.nominal_rate(bps));
        format!("{}, {kind}, {}", interface.name, self.lang.labelled(self.label(Label::LinkRate), &rate))
    }

    /// The kind of connection, for the model sentence.
    pub(super) fn connection(&self) -> String {
        let kind = self.report.environment.interface.as_ref().map_or(InterfaceKind::Unknown, |i| i.kind);
        words::interface_kind(kind, self.lang).to_owned()
    }

    /// Whether anything in the report shows TLS being decrypted.
    fn interception(&self) -> Label {
        let measurements = &self.report.measurements;
        let code = |caveat: &sonde_report::Caveat| caveat.code == CaveatCode::TlsIntercepted;
        let transfers = [&measurements.download, &measurements.upload];
        let transfers = transfers.into_iter().flatten().any(|m| m.caveats().iter().any(code));
        let services: Vec<_> = measurements.endpoints.iter().filter_map(Measurement::value).collect();
        if transfers || services.iter().any(|value| value.state == EndpointState::Intercepted) {
            return Label::InterceptionSeen;
        }
        // Only a TLS session that was made can show that nothing decrypts it.
        let looked = services.iter().any(|value| value.tls.is_some());
        if looked { Label::InterceptionNotSeen } else { Label::NotWatchedF }
    }

    /// Load of the processor and traffic of others while the run lasted.
    fn condition_facts(&self, facts: &mut Vec<(String, String)>) {
        let during = self
            .report
            .measurements
            .link
            .as_ref()
            .and_then(Measurement::value)
            .and_then(|v| v.during.as_ref());
        facts.push(self.fact(Label::OtherTraffic, self.other_traffic(during)));
        let cpu = |ratio: Option<f64>, label| {
            ratio.map(|ratio| format!("{} ({})", self.lang.percent(ratio), self.label(label)))
        };
        let loads: Vec<String> = during
            .map(|d| [cpu(d.cpu_mean_ratio, Label::Mean), cpu(d.cpu_peak_ratio, Label::Peak)])
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        let loads =
            if loads.is_empty() { self.label(Label::NotWatchedF).to_owned() } else { loads.join(", ") };
        facts.push(self.fact(Label::Cpu, loads));
    }

    fn other_traffic(&self, during: Option<&RunConditions>) -> String {
        let way = |bytes: Option<u64>, ratio: Option<f64>, label| {
            let bytes = bytes?;
            let share = ratio.map_or_else(String::new, |ratio| format!(" ({})", self.lang.percent(ratio)));
            Some(format!("{}{share} {}", self.lang.volume(bytes), self.label(label)))
        };
        let ways: Vec<String> = during
            .map(|d| {
                [
                    way(d.other_received_bytes, d.other_received_ratio, Label::OtherDown),
                    way(d.other_sent_bytes, d.other_sent_ratio, Label::OtherUp),
                ]
            })
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        if ways.is_empty() { self.label(Label::NotWatchedPlural).to_owned() } else { ways.join(", ") }
    }

    /// What the time server that was asked says; nothing when none was.
    fn time_server(&self) -> Option<(String, String)> {
        let measurement = self.report.measurements.ntp.as_ref()?;
        let said = match measurement.value() {
            Some(value) => words::ntp_offset(&measurement.target, value, self.lang),
            None => words::after_colon(&self.absence(Some(measurement)).unwrap_or_default()),
        };
        Some(self.fact(Label::TimeServer, said))
    }

    fn clock(&self) -> String {
        let clock = self.report.clock;
        let state = self.label(match clock.synchronised {
            Some(true) => Label::ClockSynchronised,
            Some(false) => Label::ClockNotSynchronised,
            None => Label::NotKnownF,
        });
        match clock.offset_ms {
            Some(offset) => {
                format!("{state}, {} {}", self.label(Label::Offset), words::clock_offset(offset, self.lang))
            }
            None => state.to_owned(),
        }
    }

    /// What made the report, and by which rule, where nothing else is to be told of the method.
    pub(super) fn program(&self) -> Section {
        let mut facts = Vec::new();
        self.program_facts(&mut facts);
        Section { title: self.label(Label::Method).to_owned(), blocks: vec![Block::Facts(facts)] }
    }

    fn program_facts(&self, facts: &mut Vec<(String, String)>) {
        let agent = &self.report.agent;
        let system = agent.os.clone().unwrap_or_else(|| self.label(Label::NotKnown).to_owned());
        let rule = &self.report.assessment.requirements;
        facts.push(self.fact(Label::System, system));
        facts.push(self.fact(Label::Agent, format!("sonde-ecole {} ({})", agent.version, agent.target)));
        facts.push(self.fact(Label::RuleFile, format!("{} — {} ({})", rule.id, rule.title, rule.dated)));
        facts.push(self.fact(Label::ReportId, self.report.report_id.to_string()));
    }
}

/// Who runs a mire: known for the built-in ones, by their host. Nobody is named for another: its URL says enough.
fn operator(url: &str) -> Option<String> {
    let host = |url: &str| url.parse::<MireUrl>().ok().map(|mire| mire.target.host);
    let wanted = host(url)?;
    built_in_mires()
        .into_iter()
        .find(|mire| host(&mire.url).as_ref() == Some(&wanted))
        .map(|mire| mire.operator)
}
