//! What is kept of a survey, and what it agrees with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sonde_probes::wifi::{Recording, RecordingError, Visit};
use sonde_report::Timestamp;
use sonde_report::document::{Site, WifiOn};

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn room(name: &str, time: &str) -> Visit {
    let text = r#"{"format":"sonde-ecole/wifi-recording/1","interface":"wlan0","fresh":true,"left_out":{"2.4":3},
        "sightings":[{"bssid":"001122334410","mhz":2412,"tsf_us":18446744073709551615,"elements":"000545636f6c65"}]}"#;
    let heard = Recording::read(text.as_bytes()).unwrap();
    Visit { room: name.to_owned(), at: at(time), heard, recorded: false }
}

fn kept() -> Kept {
    let mut kept = Kept { ssids: vec!["Ecole".to_owned()], ..Kept::default() };
    kept.put(room("Classe CP", "2026-11-23T10:00:00+01:00"));
    kept.put(room("Classe CE1", "2026-11-23T10:05:00+01:00"));
    kept
}

#[test]
fn what_was_written_is_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = StateFile::new(directory.path(), None);
    assert!(file.read().unwrap().is_none());
    file.write(&kept()).unwrap();
    let again = file.read().unwrap().unwrap();
    assert_eq!(again.ssids, ["Ecole"]);
    for (before, after) in kept().rooms.iter().zip(&again.rooms) {
        assert_eq!((&before.room, before.at), (&after.room, after.at));
        assert_eq!(before.heard.to_json(), after.heard.to_json());
    }
    file.remove().unwrap();
    assert!(file.read().unwrap().is_none());
    file.remove().unwrap();
}

#[test]
fn every_cut_and_every_other_form_is_refused_and_stays() {
    let directory = tempfile::tempdir().unwrap();
    let file = StateFile::new(directory.path(), None);
    file.write(&kept()).unwrap();
    let whole = std::fs::read_to_string(file.path()).unwrap();
    let refused = |text: &str| {
        std::fs::write(file.path(), text).unwrap();
        let Err(why) = file.read() else { panic!("read: {text}") };
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), text);
        why
    };
    for cut in (0..whole.len() - 2).step_by(37) {
        assert!(matches!(refused(&whole[..cut]), Refused::Damaged(_)), "cut at {cut}");
    }
    assert_eq!(refused(&whole.replace("wifi-survey/1", "wifi-survey/2")), Refused::OtherFormat);
    assert_eq!(refused("[]"), Refused::OtherFormat);
    let damage = |text: &str| match refused(text) {
        Refused::Damaged(damage) => damage,
        other => panic!("{other:?}"),
    };
    let Damage::Json(fault) = damage(&whole.replace("\"ssids\"", "\"sids\"")) else { panic!("no place") };
    assert_eq!((fault.line, fault.fault), (3, Fault::Unknown("sids".to_owned())));
    let Damage::Json(fault) = damage(&whole.replace("\"school\": {", "\"school\": [")) else {
        panic!("no place")
    };
    assert_eq!(fault.fault, Fault::Syntax);
    let Damage::Heard { room, error } = damage(&whole.replace("001122334410", "0011")) else {
        panic!("no room")
    };
    assert_eq!(room, "Classe CP");
    assert!(matches!(&error, RecordingError::BadValue { place, .. } if place.contains("bssid")), "{error}");
    assert_eq!(damage(&whole.replace("Classe CP", "Classe\\tCP")), Damage::Room(BadName::Control));
    let aside = file.set_aside(&at("2026-11-23T10:00:00+01:00")).unwrap();
    assert!(file.read().unwrap().is_none() && aside.ends_with("wifi-survey.refused-20261123-100000.json"));
    // Again within the second: the first one stays.
    std::fs::write(file.path(), "another").unwrap();
    let second = file.set_aside(&at("2026-11-23T10:00:00+01:00")).unwrap();
    assert!(second.ends_with("wifi-survey.refused-20261123-100000-1.json"), "{second:?}");
    assert_ne!(std::fs::read_to_string(&aside).unwrap(), "another");
}

#[test]
fn the_file_is_refused_where_a_directory_stands() {
    let directory = tempfile::tempdir().unwrap();
    let file = StateFile::new(directory.path(), None);
    std::fs::create_dir(file.path()).unwrap();
    assert!(matches!(file.read(), Err(Refused::Unreadable(_))));
    assert!(file.write(&kept()).is_err());
}

#[test]
fn a_room_measured_again_keeps_its_place() {
    let mut kept = kept();
    assert!(kept.put(room("CLASSE CP", "2026-11-23T11:00:00+01:00")));
    assert!(!kept.put(room("Cantine", "2026-11-23T11:05:00+01:00")));
    let names: Vec<&str> = kept.rooms.iter().map(|room| room.room.as_str()).collect();
    assert_eq!(names, ["CLASSE CP", "Classe CE1", "Cantine"]);
}

#[test]
fn an_hour_makes_another_visit_of_a_room() {
    let kept = kept();
    let before = |name, now| kept.measured_before(name, &at(now)).is_some();
    assert!(!before("Classe CP", "2026-11-23T10:59:00+01:00"));
    assert!(before("classe cp", "2026-11-23T11:01:00+01:00"));
    // A clock that was set back tells nothing.
    assert!(before("Classe CP", "2026-11-23T08:59:00+01:00"));
    assert!(!before("Cantine", "2026-11-23T18:00:00+01:00"));
}

#[test]
fn half_a_day_makes_another_day() {
    let kept = kept();
    assert!(!kept.is_of_another_day(&at("2026-11-23T22:04:00+01:00")));
    assert!(kept.is_of_another_day(&at("2026-11-23T22:06:00+01:00")));
    // A clock that was set back is no reason to trust it.
    assert!(kept.is_of_another_day(&at("2026-11-22T10:00:00+01:00")));
    assert!(!Kept::default().is_of_another_day(&at("2026-11-23T10:00:00+01:00")));
}

#[test]
fn what_is_told_once_holds_and_what_differs_changes_nothing() {
    let mut kept = kept();
    let ssids = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let a = Site { label: Some("A".to_owned()), wifi_on: WifiOn::Yes, ..Site::default() };
    assert_eq!(kept.agree(&ssids(&["Ecole"]), &a), Ok(()));
    assert_eq!(kept.agree(&[], &Site::default()), Ok(()));
    assert_eq!((kept.school.label.as_deref(), kept.school.wifi_on), (Some("A"), WifiOn::Yes));
    let b = Site { label: Some("B".to_owned()), wifi_on: WifiOn::No, ..Site::default() };
    assert_eq!(kept.agree(&[], &b), Err(Differs::Label("A".to_owned(), "B".to_owned())));
    assert_eq!(kept.school.wifi_on, WifiOn::Yes);
    assert!(matches!(kept.agree(&ssids(&["Ecole", "Autre"]), &a), Err(Differs::Ssids(..))));
}

#[test]
fn names_of_rooms_are_trimmed_and_bounded() {
    assert_eq!(room_name(" Classe CP\n"), Ok("Classe CP".to_owned()));
    assert_eq!(room_name("  "), Err(BadName::Empty));
    assert_eq!(room_name(&"é".repeat(80)).map(|name| name.chars().count()), Ok(80));
    assert_eq!(room_name(&"é".repeat(81)), Err(BadName::TooLong(80)));
    assert_eq!(room_name("a\tb"), Err(BadName::Control));
}

/// What a person reads when a room cannot be written.
#[cfg(unix)]
#[test]
fn the_remedy_fits_what_the_disk_answered() {
    use crate::store::StoreError;
    use crate::text::Lang;
    use crate::text::cli::survey::{Say, say};
    let said = |code: i32| {
        let answer = std::io::Error::from_raw_os_error(code);
        let error = StoreError { operation: "write", path: "/state/wifi-survey.json".into(), answer };
        say(&Say::NotKept { error: &error, asked: false }, Lang::Fr)
    };
    // ENOSPC, EROFS, ENOTDIR, EACCES.
    for (code, cause, remedy) in [
        (28, "disque plein", "Libérez de la place"),
        (30, "disque en lecture seule", "autre dossier"),
        (20, "n’est pas un dossier", "Déplacez"),
        (13, "accès refusé", "Reprenez l’utilisateur"),
    ] {
        let said = said(code);
        assert!(
            said.contains("/state/wifi-survey.json (") && said.contains(cause) && said.contains(remedy),
            "{said}"
        );
        assert!(!said.contains("os error"), "{said}");
        assert_eq!(said.contains("Libérez"), code == 28, "{said}");
    }
}
