//! What the Wi-Fi scan saw: radio identifiers and estimated access points, apart.

use sonde_report::{
    Measurement,
    document::WifiOn,
    values::{RadioHealth, SchoolWifi, WifiValue},
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
            if !school.boxes.is_empty() {
                blocks.push(Block::Table(self.school_boxes(school)));
            }
            blocks.push(Block::Table(self.school_bssids(school)));
        }
        blocks.extend(
            value.and_then(|value| value.radio.as_ref()).into_iter().flat_map(|radio| self.radio(radio)),
        );
    }

    /// What deserves a look on the air, and who uses the school's channels.
    fn radio(&self, radio: &RadioHealth) -> Vec<Block> {
        let findings =
            radio.findings.iter().map(|finding| words::radio_finding(finding, self.lang)).collect();
        let channels = radio.channels.iter().map(|channel| words::channel_use(channel, self.lang)).collect();
        [(Label::RadioFindings, findings), (Label::ChannelsUse, channels)]
            .into_iter()
            .filter(|(_, sentences): &(_, Vec<String>)| !sentences.is_empty())
            .map(|(label, sentences)| Block::List(self.label(label).to_owned(), sentences))
            .collect()
    }

    /// What to check when a declared name is not in sight.
    fn nothing_of_that_name(&self, value: &WifiValue) -> Option<Block> {
        let nothing = value.school.as_ref().is_some_and(|school| school.bssids == 0);
        nothing.then(|| Block::Text(self.label(Label::NoSuchNetwork).to_owned()))
    }

    fn wifi_facts(&self, value: &WifiValue) -> Vec<(String, String)> {
        let mut scan = self
            .label(match (value.scan.fresh, value.scan.recorded) {
                (true, true) => Label::RecordedScan,
                (true, false) => Label::FreshScan,
                (false, _) => Label::CachedScan,
            })
            .to_owned();
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
                let band = words::band(band, self.lang);
                self.lang.labelled(&band, &self.lang.integer(u64::from(count)))
            })
            .collect();
        let bands = if bands.is_empty() { self.label(Label::None).to_owned() } else { bands.join(", ") };
        facts.push(self.fact(Label::Neighbours, bands));
        if let Some(link) = value.radio.as_ref().and_then(|radio| radio.link.as_ref()) {
            facts.push(self.fact(Label::WifiLink, words::wifi_link(link, self.lang)));
        }
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

    fn school_boxes(&self, school: &SchoolWifi) -> Table {
        let unknown = || self.label(Label::Nobody).to_owned();
        let rows = school.boxes.iter().map(|known| {
            let bands: Vec<String> = known.bands.iter().map(|band| words::band(band, self.lang)).collect();
            vec![
                format!("{} {}", self.label(Label::AccessPoint), known.number),
                known.maker.clone().unwrap_or_else(unknown),
                bands.join(", "),
                known.bssids.to_string(),
                self.level(known.signal_dbm),
            ]
        });
        Table {
            caption: self.label(Label::BoxesCaption).to_owned(),
            head: self.heads(&[
                Label::AccessPoint,
                Label::Maker,
                Label::Bands,
                Label::SchoolBssids,
                Label::Signal,
            ]),
            rows: rows.collect(),
        }
    }

    fn school_bssids(&self, school: &SchoolWifi) -> Table {
        let unknown = || self.label(Label::Nobody).to_owned();
        let full = school.seen.iter().any(|seen| seen.bssid.is_some());
        let rows = school.seen.iter().map(|seen| {
            let width = seen.width_mhz.map(|mhz| format!(" ({})", with_unit(&mhz.to_string(), "MHz")));
            let channel = seen.channel.map_or_else(unknown, |channel| channel.to_string());
            let security =
                seen.security.map_or_else(unknown, |known| words::security(known, self.lang).to_owned());
            let wps = seen.wps == Some(true);
            let mut row = vec![
                format!("{} {}", self.label(Label::AccessPoint), seen.access_point),
                Some(seen.ssid.clone()).filter(|name| !name.is_empty()).unwrap_or_else(unknown),
                words::band(&seen.band, self.lang),
                channel + &width.unwrap_or_default(),
                self.level(seen.signal_dbm),
                if wps { format!("{security} + WPS") } else { security },
                seen.generation.map_or_else(unknown, |known| words::generation(known).to_owned()),
            ];
            row.extend(full.then(|| seen.bssid.clone().unwrap_or_else(unknown)));
            row
        });
        let mut head = vec![
            Label::AccessPoint,
            Label::Network,
            Label::Band,
            Label::Channel,
            Label::Signal,
            Label::Security,
            Label::Generation,
        ];
        head.extend(full.then_some(Label::BssidFull));
        Table {
            caption: self.label(Label::SeenCaption).to_owned(),
            head: self.heads(&head),
            rows: rows.collect(),
        }
    }

    fn level(&self, dbm: Option<i16>) -> String {
        dbm.map_or_else(|| self.label(Label::Nobody).to_owned(), |dbm| words::dbm(dbm, self.lang))
    }
}
