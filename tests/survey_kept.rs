//! `wifi survey` where a file cannot be written, where another school's survey is there, and what it then says.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use std::fs;

use common::rooms::{School, entry, hex, plain, stderr};
use serde_json::{Value, json};

#[cfg(target_os = "linux")]
mod questions {
    use super::*;
    use common::rooms::Person;

    /// Answers what a survey asks before its first room.
    fn begin(person: &mut Person) {
        person.sees("UAI de l’école (Entrée si inconnu)");
        person.types("\r");
        person.sees("Le Wi-Fi de l’école est-il allumé");
        person.sees("pour choisir");
        person.types("\r");
    }

    /// Measures a room.
    fn measure(person: &mut Person, room: &str) {
        person.sees("pour terminer)");
        person.types(&format!("{room}\r"));
        person.sees(&format!("{room} : Entrée pour mesurer"));
        person.types("\r");
    }

    #[test]
    fn a_room_that_cannot_be_written_is_never_said_to_be_kept() {
        let school = School::new();
        let [cp, _] = school.two_rooms();
        let Some(mut person) = Person::with(&school, cp.as_ref(), "--ssid 'ecole-*'") else { return };
        begin(&mut person);
        // A directory stands where the file is to go.
        fs::create_dir(school.state_file()).unwrap();
        measure(&mut person, "Classe CP");
        person.sees("la pièce n’a pas pu être enregistrée : ");
        person.sees("wifi-survey.json (c’est un dossier). Déplacez");
        person.sees("pour choisir");
        person.types("\r");
        person.sees("en mémoire seulement : Classe CP");
        person.sees("pour terminer)");
        person.types("\u{3}");
        person.sees("rien n’est gardé");
        person.sees("n’ont pas pu être enregistrées : Classe CP");
        assert_eq!(person.leaves_with(), Some(2));

        // The same, mended in time.
        let mut person = {
            fs::remove_dir(school.state_file()).unwrap();
            Person::with(&school, cp.as_ref(), "--ssid 'ecole-*'").unwrap()
        };
        begin(&mut person);
        fs::create_dir(school.state_file()).unwrap();
        measure(&mut person, "Classe CP");
        person.sees("la pièce n’a pas pu être enregistrée : ");
        person.sees("pour choisir");
        fs::remove_dir(school.state_file()).unwrap();
        person.types("\u{3}");
        person.sees("Enregistré cette fois : Classe CP");
        person.sees("relevé gardé (1 pièce)");
        assert_eq!(person.leaves_with(), Some(2));
        assert!(fs::read_to_string(school.state_file()).unwrap().contains("Classe CP"));
    }

    #[test]
    fn the_school_is_asked_for_and_a_scan_of_an_earlier_visit_is_not_replaced_unasked() {
        let school = School::new();
        let [cp, ce1] = school.two_rooms();
        school.room("Classe CP", &cp, &["--wifi-on", "oui"]);
        school.measured_at(0, "2026-01-05T09:00:00+01:00");
        let Some(mut person) = Person::with(&school, ce1.as_ref(), "--resume") else { return };
        person.sees("école non précisée");
        person.sees("UAI de l’école (Entrée si inconnu)");
        person.types("0940176A\r");
        person.sees("la lettre de contrôle est F");
        person.types("\u{7f}F\r");
        person.sees("pour terminer)");
        person.types("classe cp\r");
        person.sees("classe cp a déjà été mesurée le 05/01/2026 09:00");
        person.sees("pour choisir");
        person.types("\r");
        // Another name.
        measure(&mut person, "Cantine");
        person.sees("−72 dBm");
        person.sees("pour choisir");
        person.types("\r");
        person.sees("pour terminer)");
        person.types("Classe CP\r");
        person.sees("pour choisir");
        person.types("\u{1b}[B\r");
        person.sees("Classe CP : Entrée pour mesurer");
        person.types("\r");
        person.sees("remplace la mesure d’avant");
        person.sees("pour choisir");
        person.types("\u{3}");
        person.sees("relevé gardé (2 pièces)");
        assert_eq!(person.leaves_with(), Some(2));
        assert_eq!(school.kept()["school"]["uai"], "0940176F");
    }

    #[test]
    fn a_pattern_that_names_every_network_is_asked_for_again() {
        let school = School::new();
        let [cp, _] = school.two_rooms();
        let Some(mut person) = Person::at(&school, cp.as_ref()) else { return };
        begin(&mut person);
        measure(&mut person, "Classe CP");
        person.sees("Nom (SSID)");
        person.types("*\r");
        person.sees("au moins un caractère autre que « * »");
        person.types("\u{7f}ecole-*\r");
        person.sees("1 borne à portée");
        person.sees("pour choisir");
        person.types("\u{3}");
        assert_eq!(person.leaves_with(), Some(2));
    }

    #[test]
    fn after_starting_anew_what_is_on_the_disk_is_counted() {
        let school = School::new();
        let [cp, ce1] = school.two_rooms();
        school.room("Classe CP", &cp, &[]);
        school.room("Classe CE1", &ce1, &[]);
        let Some(mut person) = Person::with(&school, cp.as_ref(), "--ssid 'ecole-*'") else { return };
        person.sees("2 pièces : Classe CP, Classe CE1");
        person.sees("pour choisir");
        // The third answer: start anew.
        person.types("\u{1b}[B\u{1b}[B\r");
        begin(&mut person);
        // A file stands where the directory was: nothing can be written there, and nothing is changed.
        fs::rename(school.path("state"), school.path("away")).unwrap();
        fs::write(school.path("state"), "").unwrap();
        measure(&mut person, "Cantine");
        person.sees("n’a pas pu être enregistrée");
        person.sees("pour choisir");
        // To finish cannot keep the result either, and does not end with the room in memory alone.
        person.types("\u{1b}[B\u{1b}[B\r");
        person.sees("Enregistrer ce relevé");
        person.types("n\r");
        person.sees("impossible d’enregistrer");
        person.sees("Sur le disque : 2 pièces");
        person.sees("perdu si vous quittez : Cantine");
        person.sees("pour terminer)");
        person.types("\u{3}");
        person.sees("relevé gardé (2 pièces)");
        person.sees("Mesures perdues");
        person.sees(": Cantine.");
        assert_eq!(person.leaves_with(), Some(2));
        fs::remove_file(school.path("state")).unwrap();
        fs::rename(school.path("away"), school.path("state")).unwrap();
        let kept = fs::read_to_string(school.state_file()).unwrap();
        assert!(kept.contains("Classe CE1") && !kept.contains("Cantine"), "{kept}");
    }
}

#[test]
fn a_room_that_cannot_be_written_without_questions_is_no_room() {
    let school = School::new();
    let [cp, _] = school.two_rooms();
    fs::create_dir_all(school.path("state")).unwrap();
    let output = school.survey(&["--ssid", "ecole-*", "--room", "Classe CP", "--from", &cp]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    fs::remove_dir_all(school.path("state")).unwrap();
    fs::write(school.path("state"), "").unwrap();
    let message = school.refused(&["--ssid", "ecole-*", "--room", "Classe CP", "--from", &cp]);
    assert!(message.contains("/state (") && message.contains("SONDE_ECOLE_STATE"), "{message}");
}

#[test]
fn a_result_without_a_file_is_kept_for_a_run() {
    let school = School::new();
    let [cp, ce1] = school.two_rooms();
    let said = school.room("Classe CP", &cp, &["--wifi-on", "oui"]);
    assert!(said.contains("--finish --json FICHIER"), "{said}");
    let last = school.path("state/wifi-survey-last.json");
    let finished = school.survey(&["--finish"]);
    let said = stderr(&finished);
    assert!(said.contains(&format!("run --survey {}", last.display())), "{said}");
    assert!(!school.state_file().exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&last).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let run = common::agent(&school.path("state"))
        .args([
            "run",
            "--no-upload",
            "--only",
            "link",
            "--format",
            "json",
            "--survey",
            last.to_str().unwrap(),
        ])
        .output()
        .unwrap();
    let report = common::validated(&run);
    assert_eq!(report["measurements"]["wifi"]["outcome"]["value"]["rooms"][0]["name"], "Classe CP");

    // The next one takes its place; one with a file leaves it as it is.
    school.room("Classe CE1", &ce1, &[]);
    school.survey(&["--finish", "--quiet"]);
    let second = fs::read_to_string(&last).unwrap();
    assert!(second.contains("Classe CE1") && !second.contains("Classe CP"), "{second}");
    school.room("Cantine", &cp, &[]);
    school.survey(&["--finish", "--json", school.path("r.json").to_str().unwrap()]);
    assert_eq!(fs::read_to_string(&last).unwrap(), second);
}

#[test]
fn a_result_that_can_be_kept_nowhere_keeps_the_survey() {
    let school = School::new();
    let [cp, _] = school.two_rooms();
    school.room("Classe CP", &cp, &[]);
    fs::create_dir(school.path("state/wifi-survey-last.json")).unwrap();
    let output = school.survey(&["--finish"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("wifi-survey-last.json (c’est un dossier)"), "{said}");
    assert!(said.contains("le relevé est gardé") && said.contains("1 pièce)"), "{said}");
    assert!(school.state_file().exists());
}

#[test]
fn a_dash_is_no_file() {
    let school = School::new();
    let [cp, _] = school.two_rooms();
    school.room("Classe CP", &cp, &[]);
    for flag in ["--json", "--html"] {
        let message = school.refused(&["--finish", flag, "-"]);
        assert!(message.contains(flag) && message.contains("--format json"), "{message}");
    }
    assert!(school.state_file().exists());
    let scan = common::agent(&school.path("state")).args(["wifi", "scan", "--record", "-"]).output().unwrap();
    assert_eq!(scan.status.code(), Some(2));
    assert!(scan.stdout.is_empty() && stderr(&scan).contains("--record"), "{}", stderr(&scan));
}

#[test]
fn a_pattern_that_names_every_network_is_refused() {
    let school = School::new();
    let [cp, _] = school.two_rooms();
    let message = school.refused(&["--ssid", "*", "--room", "Classe CP", "--from", &cp]);
    assert!(message.contains("--ssid : valeur refusée « * »") && message.contains("voisins"), "{message}");
    let scan =
        common::agent(&school.path("state")).args(["wifi", "scan", "--ssid", "?*", "--from", &cp]).output();
    assert_eq!(scan.unwrap().status.code(), Some(2));
    assert!(!school.state_file().exists());
}

#[test]
fn each_room_says_which_school_the_survey_is_of_and_since_when() {
    let school = School::new();
    let [cp, ce1] = school.two_rooms();
    let said = school.room("Classe CP", &cp, &[]);
    assert!(said.contains("école non précisée (--uai)"), "{said}");
    school.measured_at(0, "2026-11-23T10:05:00+01:00");
    let said = school.room("Classe CE1", &ce1, &["--resume", "--uai", "0940176F", "--site", "Bâtiment A"]);
    assert!(said.contains("commencé le 23/11/2026 10:05, école 0940176F, Bâtiment A."), "{said}");
}

#[test]
fn a_room_of_an_earlier_visit_is_not_replaced_without_a_word() {
    let school = School::new();
    let [cp, ce1] = school.two_rooms();
    school.room("Classe CP", &cp, &["--uai", "0940176F"]);
    school.room("Classe CE1", &ce1, &[]);
    // The same room again, at once: a second try. Two hours later, somebody may be in another school.
    school.room("Classe CP", &cp, &[]);
    let before = school.measured_hours_ago(0, 2);
    let message = school.refused(&["--room", "classe cp", "--from", &ce1]);
    for expected in
        ["école 0940176F", "2 pièces : Classe CP, Classe CE1", "--resume", "--finish --json", "--new"]
    {
        assert!(message.contains(expected), "{expected}: {message}");
    }
    assert_eq!(school.kept(), before);
    let said = school.room("Cantine", &cp, &[]);
    assert!(said.contains("3 pièces dans"), "{said}");
    let said = school.room("Classe CP", &ce1, &["--resume"]);
    assert!(said.contains("remplace la mesure d’avant"), "{said}");
}

/// A run that measures nothing but takes this survey.
fn run(school: &School, survey: &str, more: &[&str]) -> std::process::Output {
    let state = school.path("state");
    let mut agent = common::agent(&state);
    agent.args(["run", "--no-upload", "--only", "link", "--format", "json", "--survey", survey]).args(more);
    agent.output().unwrap()
}

#[test]
fn a_run_takes_the_school_of_its_survey_and_says_where_they_disagree() {
    let school = School::new();
    let [cp, _] = school.two_rooms();
    let (named, unnamed) = (school.path("named.json"), school.path("unnamed.json"));
    let (named, unnamed) = (named.to_str().unwrap(), unnamed.to_str().unwrap());
    school.room("Classe CP", &cp, &["--uai", "0940176F", "--site", "Bâtiment A", "--wifi-on", "oui"]);
    school.survey(&["--finish", "--quiet", "--json", named]);
    school.room("Classe CP", &cp, &[]);
    school.survey(&["--finish", "--quiet", "--json", unnamed]);

    let output = run(&school, named, &["--ssid", "ecole-*", "--wifi-on", "oui"]);
    let site = common::validated(&output)["site"].clone();
    assert_eq!((&site["uai"], &site["label"]), (&json!("0940176F"), &json!("Bâtiment A")));
    // As where the UAI is given: the place follows from it.
    assert_eq!(site["territory"], "94");
    assert!(!stderr(&output).contains("relevé"), "{}", stderr(&output));

    let output = run(&school, unnamed, &["--uai", "0940176F"]);
    assert_eq!(common::validated(&output)["site"]["uai"], "0940176F");
    assert!(stderr(&output).contains("ne dit pas l’UAI") && stderr(&output).contains("0940176F"));
    assert!(!stderr(&run(&school, unnamed, &["--uai", "0940176F", "--quiet"])).contains("UAI"));

    let output = run(&school, named, &["--ssid", "college-*", "--wifi-on", "non"]);
    let said = stderr(&output);
    assert_eq!(common::validated(&output)["site"]["wifi_on"], "yes");
    for expected in ["« ecole-prof »", "« college-* »", "allumé, et non celui donné ici (--wifi-on), éteint"]
    {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn a_network_that_nobody_named_is_said() {
    let school = School::new();
    let on = school.recording("on.json", &[entry(common::rooms::BOX, "Livebox-A", 2412, -50)], |recording| {
        recording["associated_ssid"] = hex(b"Livebox-A").into();
    });
    let line = "réseau auquel cette machine est connectée, « Livebox-A » (sinon : --ssid 'NOM' --new)";
    let output = school.survey(&["--room", "Classe CP", "--from", &on]);
    assert!(stderr(&output).contains(line), "{}", stderr(&output));
    let shown = school.survey(&["--show"]);
    assert!(plain(&shown.stdout).contains(line), "{}", plain(&shown.stdout));
    assert!(serde_json::from_slice::<Value>(&school.survey(&["--show", "--format", "json"]).stdout).is_ok());
    let output = school.survey(&["--room", "Classe CE1", "--from", &on]);
    assert!(stderr(&output).contains(line), "{}", stderr(&output));
    // Named, it is no guess any more.
    let output = school.survey(&["--ssid", "Livebox-A", "--room", "Cantine", "--from", &on]);
    assert!(!stderr(&output).contains("connectée"), "{}", stderr(&output));
    assert!(!plain(&school.survey(&["--show"]).stdout).contains(line));
}

#[test]
fn where_the_survey_is_kept_is_said() {
    let school = School::new();
    let [cp, _] = school.two_rooms();
    let file = school.state_file();
    let file = file.to_str().unwrap();
    assert!(plain(&school.survey(&["--show"]).stdout).contains(file));
    for flag in ["--finish", "--resume"] {
        let message = school.refused(&[flag]);
        assert!(message.contains(file) && message.contains("SONDE_ECOLE_STATE"), "{message}");
    }
    assert!(school.room("Classe CP", &cp, &[]).contains(file));
    assert!(!school.room("Classe CE1", &cp, &[]).contains(file));
    fs::write(school.path("taken"), "").unwrap();
    let output =
        common::agent(&school.path("taken/state")).args(["wifi", "survey", "--show"]).output().unwrap();
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert_eq!(message.matches("n’est pas un dossier").count(), 1, "{message}");
    for expected in ["taken/state", "restent dans l’ancien"] {
        assert!(message.contains(expected), "{expected}: {message}");
    }
    assert!(!message.contains("os error"), "{message}");
}

#[test]
fn what_disagrees_says_what_is_there_and_what_new_deletes() {
    let school = School::new();
    let [cp, ce1] = school.two_rooms();
    school.room("Classe CP", &cp, &["--site", "Bâtiment A"]);
    let message = school.refused(&["--site", "Bâtiment B", "--room", "Classe CE1", "--from", &ce1]);
    for expected in
        ["1 pièce : Classe CP", "« Bâtiment B » demandé", "--finish --json FICHIER", "--new (efface"]
    {
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

#[test]
fn new_and_finish_need_a_room() {
    let school = School::new();
    let [cp, _] = school.two_rooms();
    school.room("Classe CP", &cp, &[]);
    let message = school.refused(&["--new", "--finish"]);
    assert!(message.contains("--room NOM") && !message.contains("aucun relevé"), "{message}");
    assert!(school.state_file().exists());
    let output =
        school.survey(&["--new", "--ssid", "e*", "--room", "B", "--from", &cp, "--finish", "--quiet"]);
    assert_ne!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[test]
fn a_damaged_file_is_told_with_its_place_in_both_languages() {
    let school = School::new();
    let [cp, _] = school.two_rooms();
    school.room("Classe CP", &cp, &[]);
    let whole = fs::read_to_string(school.state_file()).unwrap();
    let lines = whole[..whole.len() / 2].lines().count();
    let torn = whole[..whole.len() / 2].to_owned();
    let odd = whole.replace(common::rooms::BOX, "0011");
    let long = whole.replace("Classe CP", &"é".repeat(81));
    for (text, french, english) in [
        (&torn, format!("ligne {lines}, colonne"), format!("line {lines}, column")),
        (
            &odd,
            "« Classe CP » : champ sightings[0].bssid".to_owned(),
            "\"Classe CP\": field sightings".to_owned(),
        ),
        (&long, "au plus 80 caractères".to_owned(), "at most 80 characters".to_owned()),
    ] {
        fs::write(school.state_file(), text).unwrap();
        let message = school.refused(&["--show"]);
        assert!(message.contains(&french), "{french}: {message}");
        for foreign in ["EOF", "expected", "TooLong"] {
            assert!(!message.contains(foreign), "{message}");
        }
        let message = school.refused(&["--show", "--lang", "en"]);
        assert!(message.contains(&english), "{english}: {message}");
    }
    let file = school.path("torn.json");
    fs::write(&file, &torn).unwrap();
    let file = file.to_str().unwrap();
    for (language, place) in [("fr", format!("ligne {lines}")), ("en", format!("line {lines}"))] {
        let output = run(&school, file, &["--lang", language]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(&place), "{place}: {}", stderr(&output));
        let report = common::agent(&school.path("state")).args(["report", file, "--lang", language]).output();
        let said = stderr(&report.unwrap());
        assert!(said.contains(&place), "{place}: {said}");
    }
}

#[test]
fn a_name_that_cannot_serve_is_told_of_what_was_read() {
    let school = School::new();
    let starred =
        school.recording("starred.json", &[entry(common::rooms::BOX, "ecole*", 2412, -50)], |recording| {
            recording["associated_ssid"] = hex(b"ecole*").into();
        });
    let message = school.refused(&["--room", "Classe CP", "--from", &starred]);
    assert!(message.contains("la machine de ce relevé enregistré") && message.contains("« * »"), "{message}");
}
