//! The rooms of a survey: a heat table without a plan, and the rooms below the indicative level by name.

use sonde_report::{
    CaveatCode, Measurement, Timestamp,
    values::{Room, RoomSignal, WifiValue},
};

use super::Writer;
use crate::show::{
    page::{Block, HeatTable, Table},
    reception::Reception,
};
use crate::text::report::{self as words, Label};

/// More boxes than this are listed in one column: four columns of levels fill a terminal, with the others.
const MOST_COLUMNS: usize = 3;

impl Writer<'_> {
    /// The rooms of a survey, in the order of the visit; nothing after a scan from one place.
    pub(super) fn rooms(&self, value: &WifiValue) -> Vec<Block> {
        if value.rooms.is_empty() {
            return Vec::new();
        }
        let mut blocks = vec![Block::Heat(self.room_table(value)), Block::Text(words::level_note(self.lang))];
        let below: Vec<String> = value
            .rooms
            .iter()
            .filter(|room| Reception::of_room(room).is_below())
            .map(|room| self.lang.labelled(&room.name, &self.best_signal(room)))
            .collect();
        if !below.is_empty() {
            blocks.push(Block::List(words::below_title(self.lang), below));
            blocks.push(Block::Text(words::below_advice(self.lang).to_owned()));
        }
        blocks
    }

    /// When the survey was: where a run has taken it from a file, it is of another day.
    pub(super) fn survey_date(&self, measurement: &Measurement<WifiValue>) -> Option<String> {
        let value = measurement.value().filter(|value| !value.rooms.is_empty())?;
        let mut text = self.lang.date_time(&measurement.started_at);
        let last = value.rooms.iter().map(|room| room.scanned_at).max_by_key(Timestamp::instant)?;
        if last.local().date() != measurement.started_at.local().date() {
            text = format!("{text} – {}", self.lang.date_time(&last));
        }
        Some(text)
    }

    /// How the rooms were listened to, in the place of a scan's one word: each by itself, or not.
    pub(super) fn rooms_scan(&self, value: &WifiValue) -> Option<String> {
        let cached: Vec<String> =
            value.rooms.iter().filter(|room| !room.fresh).map(|room| room.name.clone()).collect();
        let all = value.rooms.iter().map(|room| room.name.clone()).collect::<Vec<_>>().join(", ");
        (!value.rooms.is_empty()).then(|| words::rooms_scan(&all, &cached, self.lang))
    }

    fn room_table(&self, value: &WifiValue) -> HeatTable {
        let boxes = box_numbers(value);
        let several_days = several_days(&value.rooms);
        let weakened = value.rooms.iter().any(|room| !room.caveats.is_empty());
        let mut head = self.heads(&[Label::Room]);
        if several_days {
            head.push(self.label(Label::Date).to_owned());
        }
        head.push(self.label(Label::BestSignal).to_owned());
        if boxes.len() <= MOST_COLUMNS {
            head.extend(boxes.iter().map(|number| self.box_name(*number)));
        } else {
            head.push(self.label(Label::HeardThere).to_owned());
        }
        head.push(self.label(Label::NeighboursShort).to_owned());
        if weakened {
            head.push(self.label(Label::Caveat).to_owned());
        }
        let mut rows = Vec::new();
        let mut levels = Vec::new();
        for room in &value.rooms {
            let mut cells = vec![(room.name.clone(), None)];
            if several_days {
                cells.push((self.lang.day_time(&room.scanned_at), None));
            }
            cells.push((self.best_signal(room), Some(Reception::of_room(room))));
            cells.extend(self.box_cells(room, &boxes));
            cells.push((self.lang.integer(u64::from(room.neighbours)), None));
            if weakened {
                cells.push((self.room_caveats(room), None));
            }
            let (row, level): (Vec<String>, Vec<Option<Reception>>) = cells.into_iter().unzip();
            rows.push(row);
            levels.push(level);
        }
        let caption = self.label(Label::RoomsCaption).to_owned();
        HeatTable { table: Table { caption, head, rows }, levels }
    }

    /// A cell for each box, or one that lists those heard.
    fn box_cells(&self, room: &Room, boxes: &[u32]) -> Vec<(String, Option<Reception>)> {
        if boxes.len() > MOST_COLUMNS {
            let heard =
                room.heard.iter().map(|signal| format!("{} ({})", signal.access_point, self.dbm(signal)));
            let heard: Vec<String> = heard.collect();
            let text = if heard.is_empty() { self.label(Label::NoneF).to_owned() } else { heard.join(", ") };
            return vec![(text, None)];
        }
        let cell = |number: &u32| {
            let heard = room.heard.iter().find(|signal| signal.access_point == *number);
            heard.map_or_else(
                || (self.label(Label::Nobody).to_owned(), Some(Reception::Silent)),
                |signal| {
                    let level = signal.signal_dbm.map_or(Reception::Untold, Reception::of_dbm);
                    (self.signal(signal), Some(level))
                },
            )
        };
        boxes.iter().map(cell).collect()
    }

    /// The best level and its word.
    fn best_signal(&self, room: &Room) -> String {
        let word = words::reception(Reception::of_room(room), self.lang);
        room.best_signal_dbm
            .map_or_else(|| word.to_owned(), |best| format!("{} ({word})", words::dbm(best, self.lang)))
    }

    /// A box's level and band.
    fn signal(&self, signal: &RoomSignal) -> String {
        format!("{} ({})", self.dbm(signal), words::band(&signal.band, self.lang))
    }

    fn dbm(&self, signal: &RoomSignal) -> String {
        signal.signal_dbm.map_or_else(
            || words::reception(Reception::Untold, self.lang).to_owned(),
            |level| words::dbm(level, self.lang),
        )
    }

    fn box_name(&self, number: u32) -> String {
        format!("{} {number}", self.label(Label::AccessPoint))
    }

    /// What weakens the room's scan, in short.
    fn room_caveats(&self, room: &Room) -> String {
        let short = |code: &CaveatCode| match code {
            CaveatCode::StaleScan => self.label(Label::CachedShort),
            CaveatCode::PartialScan => self.label(Label::PartialShort),
            other => words::caveat(*other, self.lang),
        };
        let all: Vec<&str> = room.caveats.iter().map(short).collect();
        all.join(", ")
    }
}

/// The numbers of all boxes heard in any room.
fn box_numbers(value: &WifiValue) -> Vec<u32> {
    let heard = value.rooms.iter().flat_map(|room| &room.heard).map(|signal| signal.access_point);
    let numbers: std::collections::BTreeSet<u32> = heard.collect();
    numbers.into_iter().collect()
}

fn several_days(rooms: &[Room]) -> bool {
    let mut days = rooms.iter().map(|room| room.scanned_at.local().date());
    let first = days.next();
    days.any(|day| Some(day) != first)
}
