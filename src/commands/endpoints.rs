//! `endpoints list` and `endpoints check`.

use std::path::{Path, PathBuf};

use sonde_report::values::EndpointKind;

use super::{Common, Done, Environment, load, refused, settle, warn};
use crate::allowlist::Sheet;
use crate::cli::{EndpointsCheckArgs, EndpointsListArgs};
use crate::config::services::{Services, requester};
use crate::config::values::{self, Expected, KINDS};
use crate::config::{Key, NameOf, Origin, Problem};
use crate::plan::Plan;
use crate::run::{self, COULD_NOT_RUN, Delivery, MET};
use crate::say;
use crate::show::{allowlist, console, csv};
use crate::store::{answer, write_atomic};
use crate::text::Lang;
use crate::text::cli::message::Message;
use crate::text::cli::services::{self as words, Listed};

/// The forms of a list or sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
    Csv,
}

/// The form asked for, among those there are.
fn form(given: Option<&str>, among: &[Form], expected: Expected) -> Result<Form, Problem> {
    let text = given.unwrap_or("text");
    let read = match text.trim().to_lowercase().as_str() {
        "text" | "texte" => Some(Form::Text),
        "json" => Some(Form::Json),
        "csv" => Some(Form::Csv),
        _ => None,
    };
    read.filter(|form| among.contains(form)).ok_or_else(|| Problem::BadValue {
        origin: Origin::Flag("--format".to_owned()),
        value: text.to_owned(),
        expected,
    })
}

/// Shows the catalogue, and what a run with these choices would reach. Touches no network.
pub(super) fn list(args: &EndpointsListArgs, common: &Common, lang: Lang, environment: &Environment) -> Done {
    let (mut raw, lang) = load(common, lang, environment)?;
    raw.take_flag(Key::Uai, args.uai.as_slice());
    raw.take_services(&args.services);
    let services = Services::from_raw(&mut raw).map_err(refused(lang))?;
    let kinds = kinds(&args.kind).map_err(refused(lang))?;
    let forms = [Form::Text, Form::Json, Form::Csv];
    let form = form(args.format.as_deref(), &forms, Expected::TableFormat).map_err(refused(lang))?;
    let output = output(args.output.as_deref(), "--output").map_err(refused(lang))?;
    warn(&raw, lang, false);
    let listed = listed(&services, &kinds);
    let text = match form {
        Form::Text => words::list(&listed, &services, lang),
        Form::Json => json(&listed, &services),
        Form::Csv => csv::table(&words::columns(lang), &words::rows(&listed, lang)),
    };
    Ok(if hand_out(&text, output.as_deref(), lang, false) { MET } else { COULD_NOT_RUN })
}

/// Reaches these services and nothing else of a run; shows their part of the report, or the sheet.
pub(super) async fn check(
    args: &EndpointsCheckArgs,
    common: &Common,
    lang: Lang,
    environment: &Environment,
) -> Done {
    let (mut raw, lang) = load(common, lang, environment)?;
    raw.take_check(args);
    let (forms, expected) = if args.allowlist {
        ([Form::Text, Form::Csv], Expected::SheetFormat)
    } else {
        ([Form::Text, Form::Json], Expected::CheckFormat)
    };
    let form = form(args.format.as_deref(), &forms, expected).map_err(refused(lang))?;
    let output = output(args.output.as_deref(), "--output").map_err(refused(lang))?;
    let settings = settle(&mut raw, lang, environment, false, args.quiet)?;
    let plan = Plan::new(settings).services_only();
    let delivery = Delivery { format: None, json: None, html: None, quiet: args.quiet, lang };
    let Some(report) = run::report_of(&plan, &delivery).await else { return Ok(COULD_NOT_RUN) };
    let asker = requester(&raw);
    let sheet = || Sheet::new(&report, &plan.endpoints.endpoints, args.all);
    let text = match (args.allowlist, form) {
        (true, Form::Csv) => allowlist::csv(&sheet(), &report, asker.as_deref(), lang),
        (true, _) => allowlist::text(&sheet(), &report, asker.as_deref(), lang),
        (false, Form::Json) => run::json(&report),
        (false, _) => {
            // A file has neither colours nor a width of its own.
            let style = match &output {
                Some(_) => console::Style { color: false, ..run::style() },
                None => run::style(),
            };
            console::services(&report, lang, style)
        }
    };
    let written = hand_out(&text, output.as_deref(), lang, args.quiet);
    Ok(if written { run::exit_code(report.assessment.overall) } else { COULD_NOT_RUN })
}

/// The kinds asked for; empty: every one.
fn kinds(given: &[String]) -> Result<Vec<EndpointKind>, Problem> {
    let read = |text: &String| {
        values::kind(text).ok_or_else(|| Problem::UnknownName {
            origin: Origin::Flag("--kind".to_owned()),
            value: text.clone(),
            what: NameOf::EndpointKind,
            nearest: values::nearest(text, KINDS.map(|(name, _)| name)),
        })
    };
    given.iter().map(read).collect()
}

/// The services to list: those of the catalogue that may concern the place, and all that a run would reach.
fn listed(services: &Services, kinds: &[EndpointKind]) -> Vec<Listed> {
    let known = services.catalogue.endpoints().iter();
    let concerned = known.filter(|endpoint| {
        let everywhere =
            endpoint.territory.is_empty() || endpoint.territory.iter().any(|code| code == "national");
        services.choice.place.as_ref().is_none_or(|place| everywhere || place.meets(&endpoint.territory))
    });
    let mut listed: Vec<Listed> =
        concerned.map(|endpoint| Listed { endpoint: endpoint.clone(), probed: false }).collect();
    for selected in &services.selected {
        let one = Listed { endpoint: selected.clone(), probed: true };
        match listed.iter_mut().find(|known| known.endpoint.id == selected.id) {
            Some(known) => *known = one,
            None => listed.push(one),
        }
    }
    listed.retain(|one| kinds.is_empty() || kinds.contains(&one.endpoint.kind));
    listed
}

/// The list as JSON: codes, no sentences.
fn json(listed: &[Listed], services: &Services) -> String {
    let endpoints: Vec<serde_json::Value> = listed
        .iter()
        .map(|one| {
            let mut value = serde_json::json!(one.endpoint);
            value["reached"] = serde_json::json!(one.probed);
            value
        })
        .collect();
    let document = serde_json::json!({
        "territory": services.choice.place.as_ref().map(|place| &place.code),
        "academy": services.choice.place.as_ref().map(|place| &place.academy),
        "proposed_ent": services.proposed().iter().map(|ent| &ent.id).collect::<Vec<_>>(),
        "endpoints": endpoints,
    });
    format!("{document:#}\n")
}

/// Where to write, refused beforehand when that cannot be: nobody should wait for a file that cannot come. `-` is standard
/// output, where the text goes without a file.
pub(super) fn output(given: Option<&Path>, flag: &str) -> Result<Option<PathBuf>, Problem> {
    let Some(path) = given.filter(|path| *path != Path::new("-")) else { return Ok(None) };
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    match directory {
        Some(directory) if !directory.is_dir() => {
            Err(Problem::NoDirectory { origin: Origin::Flag(flag.to_owned()), path: directory.to_owned() })
        }
        _ => Ok(Some(path.to_owned())),
    }
}

/// The same for a file that has no form on standard output: `-` is refused there, lest somebody wait for what is not printed.
pub(super) fn output_file(given: Option<&Path>, flag: &str) -> Result<Option<PathBuf>, Problem> {
    if given == Some(Path::new("-")) {
        return Err(Problem::NoFile { origin: Origin::Flag(flag.to_owned()) });
    }
    output(given, flag)
}

/// Writes the file or prints. A text that cannot be written is printed, so that it is not lost.
fn hand_out(text: &str, output: Option<&Path>, lang: Lang, quiet: bool) -> bool {
    let Some(path) = output else {
        run::write_out(text);
        return true;
    };
    match write_atomic(path, text.as_bytes()) {
        Ok(()) => {
            if !quiet {
                say(&Message::Saved { path }, lang);
            }
            true
        }
        Err(error) => {
            say(&Message::NotWritten { path, detail: answer(&error) }, lang);
            run::write_out(text);
            false
        }
    }
}
