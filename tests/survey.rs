//! `wifi survey` on recorded rooms: what is kept, what is refused, what is told, and that nothing of a neighbour is written.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use std::fs;
use std::path::Path;

use common::rooms::{
    BOX, NEIGHBOUR, NEIGHBOUR_BSSID, School, entry, hex, measurement, neighbour, plain, stderr, wait_until,
};
use common::{agent, validated};
use serde_json::{Value, json};

#[cfg(target_os = "linux")]
use common::rooms::Person;

#[test]
fn room_after_room_becomes_one_result_and_leaves_nothing_behind() {
    let school = School::new();
    let [cp, ce1] = school.two_rooms();
    let said = school.room("  Classe CP ", &cp, &["--wifi-on", "oui"]);
    assert!(said.contains("Classe CP : 1 borne à portée, meilleur signal −50 dBm, bon"), "{said}");
    let said = school.room("Classe CE1", &ce1, &[]);
    assert!(said.contains("−72 dBm, faible") && said.contains("2 pièces"), "{said}");

    let shown = school.survey(&["--show"]);
    assert_eq!(shown.status.code(), Some(0));
    assert!(plain(&shown.stdout).contains("Classe CE1"));
    assert!(school.state_file().exists());

    let (json, html) = (school.path("r.json"), school.path("r.html"));
    let files = ["--json", json.to_str().unwrap(), "--html", html.to_str().unwrap()];
    let output = school.survey(&[&["--finish", "--format", "json"], &files[..]].concat());
    // One box in two rooms with the Wi-Fi on: less than two, and covered.
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let measured = measurement(&output);
    let value = &measured["outcome"]["value"];
    assert_eq!(value["scan"]["positions"], json!(["Classe CP", "Classe CE1"]));
    let levels: Vec<i64> = value["rooms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|room| room["best_signal_dbm"].as_i64().unwrap())
        .collect();
    assert_eq!(levels, [-50, -72]);
    assert_eq!(value["rooms"][0]["neighbours"], 1);
    let report: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    assert_eq!(report["measurements"]["wifi"], measured);
    assert_eq!(report["site"]["wifi_on"], "yes");
    assert!(fs::read_to_string(&html).unwrap().contains("class=\"level-weak\""));
    assert!(!school.state_file().exists());
    assert!(school.refused(&["--finish"]).contains("rien à terminer"));
}

#[test]
fn nothing_of_a_neighbour_is_kept_or_told() {
    let school = School::new();
    // The machine is on the neighbour's network while it listens.
    let cp = school.recording("cp.json", &[entry(BOX, "ecole-prof", 2412, -50), neighbour()], |recording| {
        recording["associated_ssid"] = hex(NEIGHBOUR.as_bytes()).into();
    });
    let said = school.room("Classe CP", &cp, &[]);
    let kept = fs::read_to_string(school.state_file()).unwrap();
    // What is looked for would be found: the school's own address is there.
    assert!(kept.contains(BOX));
    let [json, html] = ["r.json", "r.html"].map(|name| school.path(name));
    let files = ["--json", json.to_str().unwrap(), "--html", html.to_str().unwrap()];
    let shown = school.survey(&["--show", "--format", "json"]);
    let finished = school.survey(&[&["--finish"], &files[..]].concat());
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let outputs =
        [said, plain(&shown.stdout), plain(&finished.stdout), stderr(&finished), read(&json), read(&html)];
    let colons = |address: &str| {
        let pairs: Vec<&str> = (0..6).map(|pair| &address[2 * pair..2 * pair + 2]).collect();
        pairs.join(":")
    };
    for secret in
        [NEIGHBOUR.to_owned(), hex(NEIGHBOUR.as_bytes()), NEIGHBOUR_BSSID.into(), colons(NEIGHBOUR_BSSID)]
    {
        assert!(!kept.contains(&secret), "{secret} in {kept}");
        assert!(outputs.iter().all(|text| !text.contains(&secret)), "{secret} in {outputs:#?}");
    }
    for secret in [BOX.to_owned(), colons(BOX)] {
        assert!(outputs.iter().all(|text| !text.contains(&secret)), "{secret} in {outputs:#?}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let school = School::new();
    let [cp, _] = school.two_rooms();
    school.room("Classe CP", &cp, &[]);
    assert_eq!(fs::metadata(school.state_file()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_same_room_again_replaces_its_scan_and_says_so() {
    let school = School::new();
    let [cp, ce1] = school.two_rooms();
    school.room("Classe CP", &cp, &[]);
    let said = school.room("classe cp", &ce1, &[]);
    assert!(said.contains("remplace la mesure d’avant") && said.contains("1 pièce dans"), "{said}");
    let shown = school.survey(&["--show", "--format", "json"]);
    let rooms = measurement(&shown)["outcome"]["value"]["rooms"].clone();
    assert_eq!((rooms.as_array().unwrap().len(), &rooms[0]["best_signal_dbm"]), (1, &json!(-72)));
}

#[test]
fn a_remembered_list_is_said_aloud_and_marked() {
    let school = School::new();
    let cached = school.recording("cached.json", &[entry(BOX, "ecole-prof", 2412, -50)], |recording| {
        recording["fresh"] = false.into();
    });
    let said = school.room("Dortoir", &cached, &[]);
    assert!(said.contains("peut venir d’une autre pièce"), "{said}");
    let output = school.survey(&["--finish", "--format", "json", "--wifi-on", "oui"]);
    // Less than two boxes, but not for certain.
    assert_eq!(output.status.code(), Some(3));
    let room = measurement(&output)["outcome"]["value"]["rooms"][0].clone();
    assert_eq!((&room["fresh"], &room["caveats"]), (&json!(false), &json!(["stale_scan"])));
}

#[test]
fn a_room_that_gives_nothing_of_the_schools_is_recorded_as_silent() {
    let school = School::new();
    let far = school.recording("far.json", &[neighbour()], |_| {});
    assert!(school.room("Cantine", &far, &[]).contains("aucun réseau de l’école entendu"));
    let output = school.survey(&["--finish"]);
    let text = plain(&output.stdout);
    assert!(text.contains("Cantine : rien entendu"), "{text}");
}

#[test]
fn names_of_rooms_are_checked() {
    let school = School::new();
    let [cp, _] = school.two_rooms();
    let long = "é".repeat(81);
    for (name, expected) in [
        (" \t ", "il manque le nom"),
        (long.as_str(), "au plus 80"),
        ("Classe\u{1b}[2J", "invisible"),
        ("Classe\u{202e}PC", "invisible"),
    ] {
        let message = school.refused(&["--ssid", "e*", "--room", name, "--from", &cp]);
        assert!(message.contains(expected), "{name:?}: {message}");
    }
    assert!(!school.state_file().exists());
    school.room(&"é".repeat(80), &cp, &[]);
}

#[test]
fn without_a_name_of_the_schools_network_nothing_is_kept() {
    let school = School::new();
    let [cp, _] = school.two_rooms();
    let message = school.refused(&["--room", "Classe CP", "--from", &cp]);
    assert!(message.contains("--ssid") && message.contains("n’est pas enregistrée"), "{message}");
    assert!(!school.state_file().exists());
    // The associated network is the school's where no other is named, and stays it.
    let on = school.recording("on.json", &[entry(BOX, "ecole-prof", 2412, -50), neighbour()], |recording| {
        recording["associated_ssid"] = hex(b"ecole-prof").into();
    });
    for (room, from) in [("Classe CP", &on), ("Classe CE1", &cp)] {
        let output = school.survey(&["--room", room, "--from", from]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let kept: Value = serde_json::from_slice(&fs::read(school.state_file()).unwrap()).unwrap();
    assert_eq!(kept["ssids"], json!(["ecole-prof"]));
}

#[test]
fn what_does_not_agree_with_the_unfinished_survey_is_refused() {
    let school = School::new();
    let [cp, ce1] = school.two_rooms();
    school.room("Classe CP", &cp, &["--uai", "0940176F"]);
    for (arguments, expected) in [(["--ssid", "college-*"], "college-*"), (["--uai", "0750001U"], "0940176F")]
    {
        let message = school.refused(&[&arguments[..], &["--room", "Classe CE1", "--from", &ce1]].concat());
        assert!(message.contains(expected) && message.contains("--new"), "{message}");
    }
    let said = school.room("Classe CE1", &ce1, &["--site", "Bâtiment A"]);
    assert!(said.contains("2 pièces"), "{said}");
    // Anew on request, with another name.
    let output = school.survey(&["--new", "--ssid", "college-*", "--room", "Salle 1", "--from", &ce1]);
    assert!(stderr(&output).contains("1 pièce dans"), "{}", stderr(&output));
}

#[test]
fn a_survey_of_another_day_is_not_taken_up_silently() {
    let school = School::new();
    let [cp, ce1] = school.two_rooms();
    school.room("Classe CP", &cp, &[]);
    let mut kept: Value = serde_json::from_slice(&fs::read(school.state_file()).unwrap()).unwrap();
    kept["rooms"][0]["at"] = "2026-01-05T09:00:00+01:00".into();
    fs::write(school.state_file(), kept.to_string()).unwrap();
    let message = school.refused(&["--ssid", "ecole-*", "--room", "Classe CE1", "--from", &ce1]);
    for expected in ["05/01/2026 09:00", "1 pièce : Classe CP", "--resume", "--new"] {
        assert!(message.contains(expected), "{expected}: {message}");
    }
    let said = school.room("Classe CE1", &ce1, &["--resume"]);
    assert!(said.contains("2 pièces"), "{said}");
    // Both days are told.
    let shown = plain(&school.survey(&["--show"]).stdout);
    assert!(shown.contains("05/01/2026 09:00 –"), "{shown}");
}

#[test]
fn without_a_terminal_it_says_what_to_give() {
    let school = School::new();
    assert!(school.refused(&[]).contains("--room NOM"));
    assert!(school.refused(&["--resume"]).contains("rien à poursuivre"));
    let [cp, _] = school.two_rooms();
    school.room("Classe CP", &cp, &[]);
    let message = school.refused(&[]);
    for expected in ["Classe CP", "--resume", "--new", "--finish"] {
        assert!(message.contains(expected), "{expected}: {message}");
    }
    let english = school.refused(&["--lang", "en"]);
    assert!(english.contains("unfinished Wi-Fi survey") && english.contains("--resume"), "{english}");
}

#[test]
fn a_file_that_is_no_survey_is_refused_with_its_name_and_loses_nothing() {
    let school = School::new();
    let [cp, _] = school.two_rooms();
    school.room("Classe CP", &cp, &[]);
    let whole = fs::read(school.state_file()).unwrap();
    let torn = &whole[..whole.len() / 2];
    let newer = String::from_utf8(whole.clone()).unwrap().replace("wifi-survey/1", "wifi-survey/2");
    for bad in [torn, b"", b"garbage", b"{\"schema\":\"sonde-ecole/report/1\"}", newer.as_bytes()] {
        fs::write(school.state_file(), bad).unwrap();
        for arguments in
            [&["--show"][..], &["--finish"], &["--ssid", "ecole-*", "--room", "B", "--from", &cp]]
        {
            let message = school.refused(arguments);
            assert!(message.contains("wifi-survey.json") && message.contains("--new"), "{message}");
        }
        assert_eq!(fs::read(school.state_file()).unwrap(), bad);
        let said = school.room("Classe CP", &cp, &["--new"]);
        let kept = fs::read_dir(school.path("state")).unwrap().map(|entry| entry.unwrap().path());
        let aside = kept.into_iter().find(|path| path.to_str().unwrap().contains(".refused-"));
        let aside = aside.unwrap_or_else(|| panic!("{said}"));
        assert_eq!(fs::read(&aside).unwrap(), bad);
        fs::remove_file(aside).unwrap();
    }
}

#[test]
fn a_result_that_cannot_be_written_keeps_the_survey() {
    let school = School::new();
    let [cp, _] = school.two_rooms();
    school.room("Classe CP", &cp, &[]);
    // A directory stands where the file is to go.
    fs::create_dir(school.path("taken")).unwrap();
    let output = school.survey(&["--finish", "--json", school.path("taken").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("le relevé est gardé"), "{}", stderr(&output));
    assert!(school.state_file().exists());
    let message = school.refused(&["--finish", "--html", school.path("absent/r.html").to_str().unwrap()]);
    assert!(message.contains("absent"), "{message}");
    assert!(school.state_file().exists());
}

/// The process, killed at once: as when the battery is empty.
#[test]
fn a_process_that_dies_loses_no_room() {
    let school = School::new();
    let [cp, ce1] = school.two_rooms();
    school.room("Classe CP", &cp, &["--wifi-on", "oui"]);
    // The next one waits for its recording on standard input when it dies.
    let mut child = agent(&school.path("state"))
        .args(["wifi", "survey", "--ssid", "ecole-*", "--room", "Cantine", "--from", "-"])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // Whoever holds the lock writes its number into it, once it has it.
    let holder = format!("{}\n", child.id());
    let lock = school.path("state/wifi-survey.lock");
    wait_until("the lock is held", || fs::read_to_string(&lock).is_ok_and(|text| text == holder));
    let message = school.refused(&["--finish"]);
    assert!(message.contains("ouvert dans une autre fenêtre"), "{message}");
    assert!(plain(&school.survey(&["--show"]).stdout).contains("Classe CP"));
    child.kill().unwrap();
    child.wait().unwrap();
    let said = school.room("Classe CE1", &ce1, &[]);
    assert!(said.contains("2 pièces dans"), "{said}");
    let shown = school.survey(&["--show", "--format", "json"]);
    let value = measurement(&shown)["outcome"]["value"].clone();
    assert_eq!(value["scan"]["positions"], json!(["Classe CP", "Classe CE1"]));
}

#[cfg(target_os = "linux")]
#[test]
fn the_questions_lead_from_room_to_room_and_an_interruption_loses_nothing() {
    let school = School::new();
    let [cp, ce1] = school.two_rooms();
    let now = school.path("now.json");
    fs::copy(&cp, &now).unwrap();
    let Some(mut person) = Person::at(&school, &now) else { return };
    person.sees("UAI de l’école");
    person.types("0940176F\r");
    person.sees("Le Wi-Fi de l’école est-il allumé");
    person.sees("pour choisir");
    person.types("\r");
    person.sees("pour terminer)");
    person.types("Classe CP\r");
    person.sees("Classe CP : Entrée pour mesurer");
    person.types("\r");
    person.sees("Nom (SSID)");
    // The case is wrong, and then mended.
    person.types("Ecole-*\r");
    person.sees("Aucun réseau de ce nom n’est à portée");
    person.sees("Nom (SSID)");
    person.types(&format!("{}ecole-*\r", "\u{7f}".repeat(7)));
    person.sees("Classe CP : 1 borne à portée, meilleur signal −50 dBm, bon");
    person.sees("pour choisir");
    person.types("\r");
    person.sees("pour terminer)");
    // Ctrl-C.
    person.types("\u{3}");
    person.sees("relevé gardé (1 pièce)");
    assert_eq!(person.leaves_with(), Some(2));

    fs::copy(&ce1, &now).unwrap();
    let mut person = Person::at(&school, &now).unwrap();
    person.sees("1 pièce : Classe CP");
    person.sees("pour choisir");
    person.types("\r");
    person.sees("pour terminer)");
    person.types("Classe CE1\r");
    person.sees("Classe CE1 : Entrée pour mesurer");
    person.types("\r");
    person.sees("−72 dBm, faible");
    person.sees("pour choisir");
    person.types("\r");
    person.sees("pour terminer)");
    person.types("\r");
    person.sees("NON CONFORME");
    person.sees("Enregistrer ce relevé");
    person.types("o\r");
    person.sees("Nom du fichier");
    person.types("\r");
    person.sees("rapport enregistré");
    assert_eq!(person.leaves_with(), Some(1));
    assert!(!school.state_file().exists());
    let files = fs::read_dir(school.directory.path()).unwrap().map(|entry| entry.unwrap().path());
    let saved =
        files.into_iter().find(|path| path.to_str().unwrap().contains("releve-wifi-0940176F-")).unwrap();
    let report: Value = serde_json::from_slice(&fs::read(saved).unwrap()).unwrap();
    assert_eq!(report["measurements"]["wifi"]["outcome"]["value"]["rooms"].as_array().unwrap().len(), 2);
}

#[test]
fn a_survey_feeds_a_run_and_keeps_its_date() {
    let school = School::new();
    let [cp, ce1] = school.two_rooms();
    school.room("Classe CP", &cp, &["--wifi-on", "oui", "--uai", "0940176F"]);
    school.room("Classe CE1", &ce1, &[]);
    let file = school.path("survey.json");
    let file = file.to_str().unwrap();
    let finished = school.survey(&["--finish", "--json", file, "--quiet", "--bssid-full"]);
    assert_eq!(finished.status.code(), Some(1), "{}", stderr(&finished));
    let survey: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    assert!(survey["measurements"]["wifi"]["outcome"]["value"]["school"]["seen"][0]["bssid"].is_string());

    let run = |arguments: &[&str]| {
        let all = [&["run", "--no-upload", "--only", "link", "--format", "json"], arguments].concat();
        agent(&school.path("state")).args(all).output().unwrap()
    };
    let output = run(&["--survey", file, "--uai", "0940176F"]);
    let report = validated(&output);
    let wifi = &report["measurements"]["wifi"];
    assert_eq!(wifi["started_at"], survey["measurements"]["wifi"]["started_at"]);
    assert_eq!(wifi["outcome"]["value"]["rooms"].as_array().unwrap().len(), 2);
    assert!(wifi["outcome"]["value"]["school"]["seen"][0].get("bssid").is_none());
    let verdicts = report["assessment"]["verdicts"].as_array().unwrap();
    let points = verdicts.iter().find(|verdict| verdict["requirement"] == "access-points").unwrap();
    assert_eq!(points["verdict"], "not_met");

    let other = run(&["--survey", file, "--uai", "0750001U"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(stderr(&other).contains("0940176F"), "{}", stderr(&other));
    for (no_survey, expected) in [(cp.as_str(), "pas un rapport"), ("absent.json", "impossible de lire")] {
        let output = run(&["--survey", no_survey]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
}
