//! The figures behind the verdicts, and those that no text sets a threshold for.

use sonde_report::{
    Measurement, Outcome,
    values::{InternetAccess, LatencyValue, LinkValue, PathValue, RttSeries},
};

use super::Writer;
use crate::{
    show::page::{Block, Section, Table},
    text::report::{self as words, Label},
};

impl Writer<'_> {
    /// The section of figures.
    pub(super) fn figures(&self) -> Section {
        let measurements = &self.report.measurements;
        let mut blocks = vec![Block::Text(self.label(Label::FiguresNote).to_owned())];
        if measurements.lan.is_some() {
            self.transfer(Label::WithinSchool, measurements.lan.as_ref(), &mut blocks);
        }
        self.transfer(Label::Download, measurements.download.as_ref(), &mut blocks);
        self.transfer(Label::Upload, measurements.upload.as_ref(), &mut blocks);
        self.latency(&mut blocks);
        self.gateway(&mut blocks);
        self.responsiveness(&mut blocks);
        self.internet(&mut blocks);
        self.dns(&mut blocks);
        self.phases(&mut blocks);
        self.wifi(&mut blocks);
        self.path(&mut blocks);
        self.link(&mut blocks);
        Section { title: self.label(Label::Figures).to_owned(), blocks }
    }

    fn latency(&self, blocks: &mut Vec<Block>) {
        blocks.push(Block::Heading(self.label(Label::Latency).to_owned()));
        let measurement = self.report.measurements.latency.as_ref();
        blocks.extend(self.absence(measurement).map(Block::Text));
        let Some((measurement, value)) = measurement.and_then(|m| Some((m, m.value()?))) else {
            return;
        };
        blocks.push(Block::Facts(self.latency_facts(value)));
        blocks.extend(self.caveats(measurement));
    }

    fn latency_facts(&self, value: &LatencyValue) -> Vec<(String, String)> {
        let best = &value.best;
        let unknown = || self.label(Label::NotKnownF).to_owned();
        let answers = words::of(u64::from(best.received), u64::from(best.sent), self.lang);
        let mut facts = Vec::new();
        // Without any answer there is no time: the zeros that stand in its place are not shown.
        if best.received > 0 {
            let extremes =
                format!("{}, {}", self.lang.milliseconds(best.min_us), self.lang.milliseconds(best.max_us));
            facts.push(self.fact(Label::Median, self.lang.milliseconds(best.median_us)));
            facts.push(
                self.fact(
                    Label::Jitter,
                    best.jitter_us.map_or_else(unknown, |us| self.lang.milliseconds(us)),
                ),
            );
            facts.push(self.fact(Label::Extremes, extremes));
            facts.push(self.fact(Label::P95, self.lang.milliseconds(best.p95_us)));
        }
        facts.push(self.fact(Label::Loss, self.lang.percent(best.loss_ratio)));
        facts.push(self.fact(Label::Answers, answers));
        facts.push(self.fact(Label::TimedBy, words::rtt_method(best.method, self.lang)));
        facts
    }

    /// The box, idle and while the transfers loaded the line.
    fn gateway(&self, blocks: &mut Vec<Block>) {
        let Some(measurement) = &self.report.measurements.gateway else { return };
        blocks.push(Block::Heading(self.label(Label::ToGateway).to_owned()));
        blocks.extend(self.absence(Some(measurement)).map(Block::Text));
        let Some(value) = measurement.value() else { return };
        let loaded = |outcome: &Option<Outcome<RttSeries>>| match outcome {
            Some(Outcome::Measured { value, .. }) => Some(self.lang.milliseconds(value.median_us)),
            Some(Outcome::Failed { .. }) => Some(self.label(Label::Silent).to_owned()),
            Some(Outcome::NotMeasured { .. }) | None => None,
        };
        let idle = &value.idle;
        let mut facts = vec![
            self.fact(Label::Median, self.lang.milliseconds(idle.median_us)),
            self.fact(Label::Loss, self.lang.percent(idle.loss_ratio)),
        ];
        facts.extend(loaded(&value.download).map(|text| self.fact(Label::WhileDownloading, text)));
        facts.extend(loaded(&value.upload).map(|text| self.fact(Label::WhileUploading, text)));
        facts.push(self.fact(Label::TimedBy, words::rtt_method(idle.method, self.lang)));
        blocks.push(Block::Facts(facts));
    }

    fn internet(&self, blocks: &mut Vec<Block>) {
        blocks.push(Block::Heading(self.label(Label::Internet).to_owned()));
        let measurement = self.report.measurements.internet.as_ref();
        blocks.extend(self.absence(measurement).map(Block::Text));
        if let Some(value) = measurement.and_then(Measurement::value) {
            let access = match value.access {
                InternetAccess::Open => Label::ControlsOk,
                InternetAccess::CaptivePortal => Label::PortalAccess,
                InternetAccess::ProxyAuthRequired => Label::ProxyAccess,
            };
            blocks.push(Block::Facts(vec![self.fact(Label::State, self.label(access))]));
        }
        self.wpad(blocks);
    }

    /// The proxies that the network announces.
    fn wpad(&self, blocks: &mut Vec<Block>) {
        let Some(value) = self.report.measurements.wpad.as_ref().and_then(Measurement::value) else { return };
        let lines = value.files.iter().map(|file| {
            let named = match &file.failure {
                Some(failure) => words::after_colon(&self.failed(failure)),
                None if file.proxies.is_empty() => self.label(Label::NoneM).to_owned(),
                None => file.proxies.join(", "),
            };
            let found = format!("{} ({})", file.url, words::wpad_source(file.by, self.lang));
            self.lang.labelled(&found, &named)
        });
        blocks.push(Block::List(self.label(Label::WpadFound).to_owned(), lines.collect()));
    }

    fn path(&self, blocks: &mut Vec<Block>) {
        blocks.push(Block::Heading(self.label(Label::Path).to_owned()));
        let measurement = self.report.measurements.path.as_ref();
        blocks.extend(self.absence(measurement).map(Block::Text));
        let Some((measurement, value)) = measurement.and_then(|m| Some((m, m.value()?))) else {
            return;
        };
        if !value.hops.is_empty() {
            blocks.push(Block::Table(self.hops(value)));
        }
        let reached = if value.reached { Label::TargetReached } else { Label::TargetNotReached };
        blocks.push(Block::Text(format!(
            "{} ({})",
            self.label(reached).trim_end_matches('.'),
            words::path_method(value.method, self.lang)
        )));
        blocks.extend(value.mtu.as_ref().map(|mtu| Block::Text(words::path_mtu(mtu, self.lang))));
        blocks.extend(
            value.nat.and_then(|hint| words::nat(hint, self.lang)).map(|text| Block::Text(text.to_owned())),
        );
        blocks.extend(self.caveats(measurement));
    }

    fn hops(&self, value: &PathValue) -> Table {
        let rows = value.hops.iter().map(|hop| {
            vec![
                hop.ttl.to_string(),
                hop.address.clone().unwrap_or_else(|| self.label(Label::Silent).to_owned()),
                self.time(hop.rtt_us),
            ]
        });
        Table {
            caption: self.label(Label::HopsCaption).to_owned(),
            head: self.heads(&[Label::Hop, Label::Address, Label::RoundTrip]),
            rows: rows.collect(),
        }
    }

    fn link(&self, blocks: &mut Vec<Block>) {
        blocks.push(Block::Heading(self.label(Label::Link).to_owned()));
        let measurement = self.report.measurements.link.as_ref();
        match measurement.map(|m| (&m.outcome, m)) {
            Some((Outcome::Measured { value, .. }, measurement)) => {
                blocks.push(Block::Facts(self.link_facts(value)));
                blocks.extend(self.caveats(measurement));
            }
            _ => blocks.extend(self.absence(measurement).map(Block::Text)),
        }
    }

    fn link_facts(&self, value: &LinkValue) -> Vec<(String, String)> {
        let families = match (value.ipv4, value.ipv6) {
            (true, true) => "IPv4, IPv6",
            (true, false) => self.label(Label::Ipv6Missing),
            (false, true) => "IPv6",
            (false, false) => self.label(Label::NoIp),
        };
        let none = self.label(Label::None);
        let resolvers = if value.resolvers.is_empty() { none.to_owned() } else { value.resolvers.join(", ") };
        let mut facts = vec![
            self.fact(Label::Interface, self.interface()),
            self.fact(
                Label::Gateway,
                value.gateway.clone().unwrap_or_else(|| self.label(Label::NoneF).to_owned()),
            ),
            self.fact(Label::Resolvers, resolvers),
            self.fact(Label::IpFamilies, families),
        ];
        let way = value.ipv6_access.as_ref().map(|access| words::ipv6_access(access, self.lang));
        facts.extend(way.map(|way| self.fact(Label::Ipv6Way, way)));
        facts
    }
}
