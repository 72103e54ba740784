//! `wifi scan`: the radios in sight, by themselves.

use std::path::Path;
use std::sync::Arc;

use sonde_probes::dial::Dialer;
use sonde_probes::wifi::{self, Recording};
use sonde_report::assess::assess;
use sonde_report::{Measurement, Report, values::WifiValue};

use super::{Common, Done, Environment, endpoints, load, refused, settle};
use crate::cli::WifiScanArgs;
use crate::config::values::{self, Expected};
use crate::config::{Key, Origin, Problem};
use crate::plan::Plan;
use crate::run::{self, COULD_NOT_RUN};
use crate::say;
use crate::show::console;
use crate::store::{answer, write_atomic_private};
use crate::text::Lang;
use crate::text::cli::message::Message;

/// Listens, or reads a recording; shows the Wi-Fi's part of a report, or its measurement as JSON. Nothing goes over any
/// network.
pub(super) async fn scan(
    args: &WifiScanArgs,
    common: &Common,
    lang: Lang,
    environment: &Environment,
) -> Done {
    let (mut raw, lang) = load(common, lang, environment)?;
    raw.take_flag(Key::Ssid, &args.ssid);
    raw.take_flag(Key::WifiOn, args.wifi_on.as_slice());
    raw.take_flag(Key::DeclaredAps, args.declared_aps.as_slice());
    let json = json_wanted(args.format.as_deref()).map_err(refused(lang))?;
    let record = endpoints::output_file(args.record.as_deref(), "--record").map_err(refused(lang))?;
    // A proxy's password has no part in it: nothing is asked for.
    let settings = settle(&mut raw, lang, environment, false, true)?;
    let mut plan = Plan::new(settings).radios_only();
    plan.wifi.interface.clone_from(&args.interface);
    plan.wifi.full_addresses = args.bssid_full;
    if let Some(timeout) = timeout(args.timeout.as_deref()).map_err(refused(lang))? {
        plan.wifi.timeout = timeout;
    }
    let measured = match &args.from {
        Some(path) => {
            let recording = match open(path) {
                Ok(recording) => recording,
                Err(error) => {
                    say(&Message::BadRecording { path, error: &error }, lang);
                    return Ok(COULD_NOT_RUN);
                }
            };
            (wifi::replay(&recording, &plan.wifi).await, None)
        }
        None => wifi::listen(&plan.wifi).await,
    };
    let (measured, heard) = measured;
    let recorded = record.is_none_or(|path| keep(heard.as_ref(), &path, lang, args.quiet));
    let Some(report) = report_of(&plan, measured, lang).await else { return Ok(COULD_NOT_RUN) };
    run::write_out(&if json { document(&report) } else { console::radios(&report, lang, run::style()) });
    // As a file that cannot be written: what was asked for is not there.
    Ok(if recorded { run::exit_code(report.assessment.overall) } else { COULD_NOT_RUN })
}

pub(super) fn json_wanted(given: Option<&str>) -> Result<bool, Problem> {
    match given.map(|text| text.trim().to_lowercase()).as_deref() {
        None | Some("text" | "texte") => Ok(false),
        Some("json") => Ok(true),
        Some(_) => Err(Problem::BadValue {
            origin: Origin::Flag("--format".to_owned()),
            value: given.unwrap_or_default().to_owned(),
            expected: Expected::TextOrJson,
        }),
    }
}

pub(super) fn timeout(given: Option<&str>) -> Result<Option<std::time::Duration>, Problem> {
    let Some(text) = given else { return Ok(None) };
    values::seconds(text).map(Some).ok_or_else(|| Problem::BadValue {
        origin: Origin::Flag("--timeout".to_owned()),
        value: text.to_owned(),
        expected: Expected::Seconds,
    })
}

/// The recording in a file, or on standard input (`-`).
pub(super) fn open(path: &Path) -> Result<Recording, wifi::RecordingError> {
    if path == Path::new("-") {
        return Recording::read(std::io::stdin().lock());
    }
    let file = std::fs::File::open(path);
    Recording::read(file.map_err(|error| wifi::RecordingError::Unreadable(error.to_string()))?)
}

/// Writes what was heard, for its owner alone: it holds the neighbours' names and addresses. Says what the file holds;
/// whether it could be written.
fn keep(heard: Option<&Recording>, path: &Path, lang: Lang, quiet: bool) -> bool {
    let Some(heard) = heard else {
        say(&Message::NothingRecorded { path }, lang);
        return false;
    };
    match write_atomic_private(path, heard.to_json().as_bytes()) {
        Ok(()) => {
            if !quiet {
                say(&Message::Recorded { path }, lang);
            }
            true
        }
        Err(error) => {
            say(&Message::NotWritten { path, detail: answer(&error) }, lang);
            false
        }
    }
}

/// The report that holds this measurement alone, judged.
pub(super) async fn report_of(plan: &Plan, measured: Measurement<WifiValue>, lang: Lang) -> Option<Report> {
    let dialer = match Dialer::new(plan.dial.clone()) {
        Ok(dialer) => Arc::new(dialer),
        Err(error) => {
            say(&Message::CannotStart { detail: error.to_string() }, lang);
            return None;
        }
    };
    let (mut report, _) = run::execute(plan, dialer, None, std::future::pending()).await;
    report.started_at = measured.started_at;
    report.elapsed_ms = measured.elapsed_us / 1000;
    report.measurements.wifi = Some(measured);
    report.assessment = assess(&report, &plan.rules);
    Some(report)
}

/// The measurement as one JSON document.
pub(super) fn document(report: &Report) -> String {
    // Every type of the report writes itself without fail.
    let mut text = serde_json::to_string_pretty(&report.measurements.wifi).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_recording_is_its_owners_alone_also_where_it_replaces_an_open_file() {
        let text =
            r#"{"format":"sonde-ecole/wifi-recording/1","interface":"wlan0","fresh":true,"sightings":[]}"#;
        let heard = Recording::read(text.as_bytes()).unwrap();
        let place = tempfile::tempdir().unwrap();
        let (new, open) = (place.path().join("new.json"), place.path().join("open.json"));
        std::fs::write(&open, "old").unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).unwrap();
        for path in [new, open] {
            assert!(keep(Some(&heard), &path, Lang::Fr, true));
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), heard.to_json());
        }
    }
}
