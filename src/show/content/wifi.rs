//! What the Wi-Fi scan saw: radio identifiers and estimated access points, apart.

use sonde_report::{
    Measurement,
    document::WifiOn,
    values::{SchoolWifi, WifiValue},
};

use super::Writer;
use crate::{
    show::page::{Block, Table},
    text::{
        report::{self as words, Label},
        with_unit,
    },
};

impl Writer<'_> {
    /// The Wi-Fi's figures.
    pub(super) fn wifi(&self, blocks: &mut Vec<Block>) {
        blocks.push(Block::Heading(self.label(Label::Wifi).to_owned()));
        let measurement = self.report.measurements.wifi.as_ref();
        if let Some(absence) = self.absence(measurement) {
            blocks.push(Block::Text(absence));
        }
        let mut facts = Vec::new();
        if let Some(declared) = self.report.site.declared_access_points {
            let text = format!(
                "{} ({})",
                words::access_points(u64::from(declared), self.lang),
                self.label(Label::Declarative)
            );
            facts.push(self.fact(Label::DeclaredAps, text));
        }
        let value = measurement.and_then(Measurement::value);
        if value.is_some() || self.report.site.wifi_on != WifiOn::Unknown {
            facts
                .push(self.fact(Label::SchoolWifiState, words::wifi_on(self.report.site.wifi_on, self.lang)));
        }
        if let Some(date) = measurement.and_then(|measurement| self.survey_date(measurement)) {
            facts.push(self.fact(Label::SurveyDate, date));
        }
        if let Some(value) = value {
            facts.extend(self.wifi_facts(value));
        }
        if !facts.is_empty() {
            blocks.push(Block::Facts(facts));
        }
        blocks.extend(value.and_then(|value| self.nothing_of_that_name(value)));
        blocks.extend(measurement.and_then(|m| self.caveats(m)));
        blocks.extend(value.map(|value| self.rooms(value)).unwrap_or_default());
        if let Some(school) = value.and_then(|value| value.school.as_ref())
            && !school.seen.is_empty()
        {
            blocks.push(Block::Table(self.school_bssids(school)));
        }
    }

    /// What to check when a declared name is not in sight.
    fn nothing_of_that_name(&self, value: &WifiValue) -> Option<Block> {
        let nothing = value.school.as_ref().is_some_and(|school| school.bssids == 0);
        nothing.then(|| Block::Text(self.label(Label::NoSuchNetwork).to_owned()))
    }

    fn wifi_facts(&self, value: &WifiValue) -> Vec<(String, String)> {
        let mut scan =
            self.label(if value.scan.fresh { Label::FreshScan } else { Label::CachedScan }).to_owned();
        if let Some(age) = value.scan.age_ms.filter(|_| !value.scan.fresh) {
            scan = format!("{scan} ({})", self.lang.duration(age));
        }
        if !value.scan.positions.is_empty() {
            scan = format!("{scan} — {}", value.scan.positions.join(", "));
        }
        let scan = self.rooms_scan(value).unwrap_or(scan);
        let mut facts = vec![
            self.fact(Label::Scan, scan),
            self.fact(Label::BssidsSeen, self.lang.integer(u64::from(value.bssids_seen))),
        ];
        match &value.school {
            None => facts.push(self.fact(Label::SchoolNetworks, self.label(Label::NotKnownPlural))),
            Some(school) => facts.extend(self.school_facts(school)),
        }
        let bands: Vec<String> = value
            .neighbours
            .iter()
            // A band is a number of GHz: anything else could be a neighbour's name in a report of another program.
            .filter(|(band, _)| band.parse::<f64>().is_ok())
            .map(|(band, &count)| {
                let band = self.band(band);
                self.lang.labelled(&band, &self.lang.integer(u64::from(count)))
            })
            .collect();
        let bands = if bands.is_empty() { self.label(Label::None).to_owned() } else { bands.join(", ") };
        facts.push(self.fact(Label::Neighbours, bands));
        facts
    }

    fn school_facts(&self, school: &SchoolWifi) -> Vec<(String, String)> {
        let ssids = if school.ssids.is_empty() {
            self.label(Label::None).to_owned()
        } else {
            school.ssids.join(", ")
        };
        let aps = &school.access_points;
        let mut estimate = self.lang.integer(u64::from(aps.estimate));
        if aps.low != aps.high {
            let (low, high) = (self.lang.integer(u64::from(aps.low)), self.lang.integer(u64::from(aps.high)));
            estimate = format!("{estimate} ({})", words::between(&low, &high, self.lang));
        }
        if !aps.evidence.is_empty() {
            let evidence: Vec<String> =
                aps.evidence.iter().map(|code| words::evidence(code, self.lang)).collect();
            estimate = format!("{estimate} — {}", evidence.join(", "));
        }
        vec![
            self.fact(Label::SchoolNetworks, ssids),
            self.fact(Label::SchoolBssids, self.lang.integer(u64::from(school.bssids))),
            self.fact(Label::AccessPoints, estimate),
        ]
    }

    fn school_bssids(&self, school: &SchoolWifi) -> Table {
        let unknown = || self.label(Label::Nobody).to_owned();
        let rows = school.seen.iter().map(|seen| {
            vec![
                format!("{} {}", self.label(Label::AccessPoint), seen.access_point),
                Some(seen.ssid.clone()).filter(|name| !name.is_empty()).unwrap_or_else(unknown),
                self.band(&seen.band),
                seen.channel.map_or_else(unknown, |channel| channel.to_string()),
                seen.signal_dbm
                    .map_or_else(unknown, |dbm| with_unit(&self.lang.decimal(f64::from(dbm), 0), "dBm")),
            ]
        });
        Table {
            caption: self.label(Label::SeenCaption).to_owned(),
            head: self.heads(&[
                Label::AccessPoint,
                Label::Network,
                Label::Band,
                Label::Channel,
                Label::Signal,
            ]),
            rows: rows.collect(),
        }
    }

    /// `2.4` in the reader's language, with its unit.
    pub(super) fn band(&self, band: &str) -> String {
        with_unit(&self.lang.pick(band.replace('.', ","), band.to_owned()), "GHz")
    }
}
