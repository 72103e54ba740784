//! What a reader sees, for each sample report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sonde_report::{CaveatCode, Outcome, assess::VerdictKind};
use unicode_width::UnicodeWidthStr;

use super::{
    console::{self, Style},
    html, monitoring, samples,
};
use crate::text::{
    Lang,
    report::{self as words, Label},
};

const PLAIN: Style = Style { color: false, width: 80 };

#[test]
fn the_console_report_reads_as_reviewed() {
    for (name, report) in samples::all() {
        for lang in [Lang::Fr, Lang::En] {
            let text = console::report(&report, lang, PLAIN);
            insta::assert_snapshot!(format!("console_{name}_{}", lang.tag()), text);
        }
    }
}

#[test]
fn every_line_fits_the_columns_and_no_escape_is_written_without_colour() {
    for (name, report) in samples::all() {
        for width in [80, 60] {
            let text = console::report(&report, Lang::Fr, Style { color: false, width });
            assert!(!text.contains('\u{1b}'), "{name}");
            for line in text.lines() {
                assert!(line.width() <= usize::from(width), "{name} at {width}: {line:?}");
            }
        }
    }
}

#[test]
fn the_answer_stands_in_the_first_ten_lines() {
    for (name, report) in samples::all() {
        let text = console::report(&report, Lang::Fr, PLAIN);
        assert!(text.lines().take(10).any(|line| line.starts_with("Verdict\u{202f}:")), "{name}:\n{text}");
    }
}

#[test]
fn colour_adds_nothing_but_escapes() {
    let report = samples::not_met();
    let colored = console::report(&report, Lang::Fr, Style { color: true, width: 80 });
    assert!(colored.contains("\u{1b}[1;31m"));
    let mut plain = colored.replace("\u{1b}[0m", "");
    for code in ["1;32", "1;31", "1;33", "1"] {
        plain = plain.replace(&format!("\u{1b}[{code}m"), "");
    }
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(squeezed(&plain), squeezed(&console::report(&report, Lang::Fr, PLAIN)));
}

#[test]
fn a_hostile_name_drives_neither_terminal_nor_page_nor_monitoring() {
    let mut report = samples::met();
    report.site.label = Some("<script>x</script>\u{1b}[2J\u{202e}|\"\n\\".to_owned());
    let text = console::report(&report, Lang::Fr, PLAIN);
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    let page = html::report(&report, Lang::Fr);
    assert!(!page.contains("<script>") && !page.contains('\u{1b}'));
    let exposition = monitoring::prometheus(&report);
    assert!(exposition.contains("|\\\"\\n\\\\\""), "{exposition}");
    for line in exposition.lines() {
        assert!(line.starts_with("# ") || line.starts_with("sonde_ecole_"), "{line:?}");
    }
}

/// Every way in which a report is shown.
fn every_form(report: &sonde_report::Report) -> Vec<(&'static str, String)> {
    let mut forms = Vec::new();
    for lang in [Lang::Fr, Lang::En] {
        forms.push(("console", console::report(report, lang, PLAIN)));
        forms.push(("page", html::report(report, lang)));
        forms.push(("nagios", monitoring::nagios(report, lang).0));
    }
    forms.push(("prometheus", monitoring::prometheus(report)));
    forms
}

#[test]
fn names_from_the_air_and_from_servers_are_shown_and_drive_nothing() {
    const HOSTILE: &str = "</td><script>alert(1)</script>\u{1b}]0;x\u{7}\u{202e}\r\n|'label=1 # HELP\n\"";
    let mut report = samples::full();
    let wifi = report.measurements.wifi.as_mut().unwrap();
    let Outcome::Measured { value, caveats } = &mut wifi.outcome else { panic!("the sample has a scan") };
    let school = value.school.as_mut().unwrap();
    school.ssids = vec![HOSTILE.to_owned()];
    for seen in &mut school.seen {
        seen.ssid = HOSTILE.to_owned();
    }
    value.scan.positions = vec![HOSTILE.to_owned()];
    caveats.push(CaveatCode::StaleScan.with(HOSTILE));
    report.environment.proxy = Some(HOSTILE.to_owned());
    for endpoint in &mut report.measurements.endpoints {
        if let Outcome::Measured { value, .. } = &mut endpoint.outcome {
            value.label = HOSTILE.to_owned();
            value.redirects = vec![HOSTILE.to_owned()];
        }
    }
    for (form, text) in every_form(&report) {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\r']), "{form}");
        match form {
            "page" => assert!(text.contains("&lt;script&gt;") && !text.contains("<script"), "{form}"),
            "console" => assert!(text.contains("alert(1)"), "{form}"),
            // One line, and one bar between the text and the figures.
            "nagios" => assert!(text.lines().count() == 1 && text.matches('|').count() <= 1, "{text}"),
            _ => {
                assert!(text.lines().all(|l| l.starts_with("# ") || l.starts_with("sonde_ecole_")), "{text}");
            }
        }
    }
}

#[test]
fn neighbours_that_a_report_should_not_hold_are_not_shown() {
    // A report of another program, or a tampered one: what the types do not hold, and a band that is none.
    let json = include_str!("../../report/tests/golden/report-1-full.json");
    let wifi = "\"neighbours\": {";
    assert_eq!(json.matches(wifi).count(), 1);
    let tampered = json.replace(
        wifi,
        "\"heard\": [{\"ssid\": \"VOISIN-MARQUE\", \"bssid\": \"02:00:5e:ab:cd:ef\"}], \"neighbours\": {\"VOISIN-MARQUE\": 3,",
    );
    let report = sonde_report::Report::from_json(&tampered).unwrap();
    for (form, text) in every_form(&report) {
        for mark in ["VOISIN-MARQUE", "02:00:5e"] {
            assert!(!text.to_uppercase().contains(&mark.to_uppercase()), "{form} shows {mark}");
        }
    }
}

/// The texts between the tags, the style left out.
fn page_words(page: &str) -> Vec<String> {
    let (before, rest) = page.split_once("<style>").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    let mut text = String::new();
    let mut inside = false;
    for character in format!("{before}{after}").chars() {
        match character {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let text = text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.split_whitespace().map(str::to_lowercase).collect()
}

#[test]
fn the_page_shows_nothing_that_the_console_does_not() {
    for (name, report) in samples::all() {
        let console = console::report(&report, Lang::Fr, PLAIN).to_lowercase();
        // Long words may be cut at a line's end, so spaces are of no account.
        let console: String = console.split_whitespace().collect();
        for word in page_words(&html::report(&report, Lang::Fr)) {
            // In a narrow column the pieces of a long word stand apart: its first piece is enough.
            let start: String = word.chars().take(6).collect();
            assert!(console.contains(&start), "{name}: {word:?} only in the page");
        }
    }
}

#[test]
fn the_page_is_balanced_and_asks_for_nothing_outside() {
    const VOID: [&str; 2] = ["!DOCTYPE", "meta"];
    for (name, report) in samples::all() {
        let page = html::report(&report, Lang::En);
        assert!(page.contains("<html lang=\"en\">"), "{name}");
        for outside in ["src=", "href=", "url(", "@import", "<script"] {
            assert!(!page.contains(outside), "{name}: {outside}");
        }
        let mut open: Vec<String> = Vec::new();
        for tag in page.split('<').skip(1) {
            let tag = tag.split('>').next().unwrap();
            let word = tag.split_whitespace().next().unwrap();
            if VOID.contains(&word) {
                continue;
            }
            match word.strip_prefix('/') {
                Some(closed) => assert_eq!(open.pop().as_deref(), Some(closed), "{name}"),
                None => open.push(word.to_owned()),
            }
        }
        assert!(open.is_empty(), "{name}: {open:?}");
        assert_eq!(page.matches("<table").count(), page.matches("<caption").count(), "{name}");
        assert_eq!(page.matches("<svg").count(), page.matches("<desc").count(), "{name}");
    }
}

#[test]
fn a_report_without_uses_is_shown_without_them() {
    let mut report = samples::full();
    let (shown, method) = ("Ce que l’accès permet à une classe", "Hypothèses sur les usages d’une classe");
    assert!([shown, method].iter().all(|text| html::report(&report, Lang::Fr).contains(text)));
    report.assessment.usage = None;
    assert!(![shown, method].iter().any(|text| html::report(&report, Lang::Fr).contains(text)));
}

#[test]
fn a_rule_file_s_own_use_is_named_by_its_id_and_drives_nothing() {
    let mut report = samples::full();
    let uses = &mut report.assessment.usage.as_mut().unwrap().uses;
    uses[0].assumed.id = "<b>visio HD</b>\u{1b}[2J".to_owned();
    uses[1].assumed.source = "<script>\u{1b}[2J\u{202e}".to_owned();
    for (form, text) in every_form(&report) {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{form}");
        if form == "page" {
            assert!(text.contains("&lt;b&gt;visio HD") && !text.contains("<script"), "{form}");
        }
    }
}

#[test]
fn the_page_reads_as_reviewed() {
    insta::assert_snapshot!("html_full_fr", html::report(&samples::full(), Lang::Fr).replace("><", ">\n<"));
}

#[test]
fn the_rooms_of_a_survey_read_as_reviewed() {
    for lang in [Lang::Fr, Lang::En] {
        let text = console::radios(&samples::survey(2), lang, PLAIN);
        insta::assert_snapshot!(format!("console_survey_{}", lang.tag()), text);
    }
    // Columns for a few boxes, one list for many.
    insta::assert_snapshot!("console_survey_many_fr", console::radios(&samples::survey(5), Lang::Fr, PLAIN));
    let page = html::report(&samples::survey(2), Lang::Fr).replace("><", ">\n<");
    let table = &page[page.find("<caption>Pièces").unwrap()..];
    insta::assert_snapshot!("html_survey_fr", &table[..table.find("</table>").unwrap()]);
}

#[test]
fn a_surveys_own_page_is_about_the_wifi_and_says_what_was_read_from_a_file() {
    let notice = words::label(Label::RecordedNotice, Lang::Fr);
    let mut report = samples::survey(2);
    let whole = html::report(&report, Lang::Fr);
    assert!(whole.contains("Débit descendant") && whole.contains("Pièces") && !whole.contains(notice));
    let internet = report.measurements.internet.take();
    let alone = html::report(&report, Lang::Fr);
    assert!(internet.is_some() && alone.contains("Pièces") && alone.contains("sonde-ecole 0."));
    assert!(!alone.contains("Débit descendant") && !alone.contains("Tablettes"), "{alone}");
    let Outcome::Measured { value, .. } = &mut report.measurements.wifi.as_mut().unwrap().outcome else {
        panic!("the sample has a scan")
    };
    value.scan.recorded = true;
    assert!(html::report(&report, Lang::Fr).contains(notice));
    report.measurements.internet = internet;
    for text in [html::report(&report, Lang::Fr), console::report(&report, Lang::Fr, PLAIN)] {
        assert!(text.contains(&notice[..20]), "{text}");
    }
    // From one place: the line on the scan does not say the contrary.
    let Outcome::Measured { value, .. } = &mut report.measurements.wifi.as_mut().unwrap().outcome else {
        panic!("the sample has a scan")
    };
    value.rooms.clear();
    value.scan.positions.clear();
    (value.scan.fresh, value.scan.age_ms) = (true, None);
    let line = |label| words::label(label, Lang::Fr);
    let text = console::report(&report, Lang::Fr, PLAIN);
    assert!(text.contains(line(Label::RecordedScan)) && !text.contains(line(Label::FreshScan)), "{text}");
}

#[test]
fn rooms_fit_the_columns_and_no_room_drives_anything() {
    let mut report = samples::survey(12);
    let Outcome::Measured { value, .. } = &mut report.measurements.wifi.as_mut().unwrap().outcome else {
        panic!("the sample has a scan")
    };
    value.rooms[0].name = format!("</td><script>{}\u{1b}[2J", "é".repeat(60));
    for width in [80, 60] {
        let text = console::radios(&report, Lang::Fr, Style { color: false, width });
        assert!(!text.contains('\u{1b}'));
        for line in text.lines() {
            assert!(line.width() <= usize::from(width), "at {width}: {line:?}");
        }
    }
    assert!(!html::report(&report, Lang::Fr).contains("<script"));
}

/// The relative luminance of a colour (WCAG 2.1).
fn luminance(hex: &str) -> f64 {
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

#[test]
fn text_on_every_levels_tint_has_the_contrast_it_needs() {
    let page = html::report(&samples::survey(2), Lang::Fr);
    let text = luminance("1a1a1a");
    let tints: Vec<&str> = page.match_indices(".level-").map(|(at, _)| &page[at..]).collect();
    assert_eq!(tints.len(), 5);
    for rule in tints {
        let colour = rule.split_once("background:#").unwrap().1;
        let contrast = (luminance(&colour[..6]) + 0.05) / (text + 0.05);
        assert!(contrast >= 4.5, "{contrast} for {}", &rule[..40]);
    }
}

#[test]
fn nagios_codes_follow_the_plugin_convention() {
    let code = |report: &sonde_report::Report| monitoring::nagios(report, Lang::En).1;
    assert_eq!(code(&samples::met()), 0);
    assert_eq!(code(&samples::over_wifi()), 1);
    assert_eq!(code(&samples::not_met()), 2);
    assert_eq!(code(&samples::no_network()), 3);
    let mut report = samples::met();
    report.assessment.overall = VerdictKind::NotApplicable;
    assert_eq!(code(&report), 3);
}

#[test]
fn monitoring_leaves_absent_values_out() {
    let (line, _) = monitoring::nagios(&samples::no_network(), Lang::Fr);
    assert_eq!(line.lines().count(), 1);
    assert!(!line.contains("download_bps") && !line.contains("latency"), "{line}");
    assert!(!monitoring::prometheus(&samples::no_network()).contains("bits_per_second"));
    let (line, _) = monitoring::nagios(&samples::not_met(), Lang::Fr);
    assert!(line.contains("| download_bps=") && line.matches('|').count() == 1, "{line}");
    insta::assert_snapshot!("prometheus_not_met", monitoring::prometheus(&samples::not_met()));
    insta::assert_snapshot!("prometheus_loaded", monitoring::prometheus(&samples::loaded()));
}
