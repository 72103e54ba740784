//! The commands: from parsed arguments to what does the work, and to an exit code.

use std::path::{Path, PathBuf};

use sonde_probes::{clock, dial::Dialer};
use sonde_report::Report;

use crate::cli::{
    Cli, Command, Common, DemoArgs, EndpointsCommand, MireArgs, OutputArgs, ReportArgs, RunArgs,
    SpoolCommand, SpoolStatusArgs, UploadArgs, WifiCommand,
};
use crate::config::values::{self, Expected};
use crate::config::{self, Environment, Key, Origin, Problem, Raw, Settings, Warning};
use crate::mire::{Mire, MireConfig};
use crate::plan::Plan;
use crate::run::{self, COULD_NOT_RUN, Delivery, Format, Job, MET, Made};
use crate::store::{Spool, state_dir};
use crate::survey::feed::Fed;
use crate::text::cli::message::{self, Message};
use crate::text::cli::survey::{self as survey_text, Say};
use crate::text::cli::{problem, usage};
use crate::text::{Lang, store as store_text};
use crate::{complain, demo, guided, say, upload};

mod endpoints;
mod survey;
#[path = "wifi_command.rs"]
mod wifi;

/// Does what the command line asks.
pub async fn dispatch(cli: Cli, lang: Lang, environment: &Environment) -> u8 {
    let common = cli.common;
    let done = match cli.command {
        None => guided_or_usage(&common, lang, environment).await,
        Some(Command::Run(args)) => run_command(&args, &common, lang, environment).await,
        Some(Command::Demo(args)) => demo_command(&args, lang, common.verbose > 0).await,
        Some(Command::Mire(args)) => mire_command(&args, lang).await,
        Some(Command::Upload(args)) => upload_command(&args, &common, lang, environment).await,
        Some(Command::Spool(args)) => {
            let SpoolCommand::Status(args) = args.command;
            spool_command(&args, &common, lang, environment)
        }
        Some(Command::Report(args)) => report_command(&args, lang),
        Some(Command::Endpoints(args)) => match args.command {
            EndpointsCommand::List(args) => endpoints::list(&args, &common, lang, environment),
            EndpointsCommand::Check(args) => endpoints::check(&args, &common, lang, environment).await,
        },
        Some(Command::Wifi(args)) => match args.command {
            WifiCommand::Scan(args) => wifi::scan(&args, &common, lang, environment).await,
            WifiCommand::Survey(args) => survey::survey(&args, &common, lang, environment).await,
        },
        Some(Command::Schema) => {
            run::write_out(sonde_report::schema::REPORT_1);
            Ok(MET)
        }
    };
    done.unwrap_or_else(|refused| {
        complain(&problem::say(&refused.problem, refused.lang));
        COULD_NOT_RUN
    })
}

/// A refused configuration, and the language to say so in (the configuration may have set it).
struct Refused {
    problem: Box<Problem>,
    lang: Lang,
}

/// A command's exit code.
type Done = Result<u8, Refused>;

fn refused(lang: Lang) -> impl Fn(Problem) -> Refused {
    move |problem| Refused { problem: Box::new(problem), lang }
}

/// The configuration of files and environment, and the language that holds from here on.
fn load(common: &Common, lang: Lang, environment: &Environment) -> Result<(Raw, Lang), Refused> {
    let machine = config::machine_file();
    let mut raw =
        Raw::load(machine.as_deref(), common.config.as_deref(), environment).map_err(refused(lang))?;
    raw.take_system(sonde_probes::system_proxy::read());
    raw.take_flag(Key::Lang, common.lang.as_slice());
    let lang = raw.lang().map_err(refused(lang))?.unwrap_or(lang);
    Ok((raw, lang))
}

/// The settings, once every flag is in; oddities are told.
fn settle(
    raw: &mut Raw,
    lang: Lang,
    environment: &Environment,
    upload: bool,
    quiet: bool,
) -> Result<Settings, Refused> {
    let mut settings = Settings::from_raw(raw, environment, upload).map_err(refused(lang))?;
    if !complete_password(&mut settings, lang, quiet).map_err(refused(lang))? {
        raw.warnings.push(Warning::NoProxyPassword);
    }
    warn(raw, lang, quiet);
    Ok(settings)
}

/// Asks for the password of the proxy's user when nobody gave it and somebody can answer. Says whether nothing is missing;
/// without it the proxy's own refusal is the result.
fn complete_password(settings: &mut Settings, lang: Lang, quiet: bool) -> Result<bool, Problem> {
    use std::io::IsTerminal as _;
    let Some(proxy) = &mut settings.dial.proxy else { return Ok(true) };
    let shown = proxy.shown();
    let Some(credentials) = proxy.credentials.as_mut().filter(|known| known.password.is_none()) else {
        return Ok(true);
    };
    if quiet || !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Ok(false);
    }
    let password = guided::ask_proxy_password(&credentials.user, &shown, lang);
    credentials.password = Some(password.ok_or(Problem::NoPasswordGiven)?);
    Ok(true)
}

/// Tells the oddities.
fn warn(raw: &Raw, lang: Lang, quiet: bool) {
    for warning in raw.warnings.iter().filter(|_| !quiet) {
        complain(&problem::warn(warning, lang));
    }
}

/// Where the report goes, from the flags.
fn delivery(args: &OutputArgs, lang: Lang) -> Result<Delivery, Refused> {
    let format = match &args.format {
        None => None,
        Some(text) => Some(Format::read(text).ok_or_else(|| {
            let origin = Origin::Flag("--format".to_owned());
            refused(lang)(Problem::BadValue { origin, value: text.clone(), expected: Expected::Format })
        })?),
    };
    Ok(Delivery { format, json: args.json.clone(), html: args.html.clone(), quiet: args.quiet, lang })
}

async fn run_command(args: &RunArgs, common: &Common, lang: Lang, environment: &Environment) -> Done {
    let (mut raw, lang) = load(common, lang, environment)?;
    raw.take_run(args);
    let delivery = delivery(&args.output, lang)?;
    let Ok(survey) = read_survey(&mut raw, lang) else { return Ok(COULD_NOT_RUN) };
    let settings = settle(&mut raw, lang, environment, !args.no_upload, args.output.quiet)?;
    let mut job = Job {
        upload: settings.upload.clone(),
        state: settings.state.clone(),
        plan: Plan::new(settings),
        delivery,
        lock: true,
        verbose: common.verbose > 0,
    };
    job.plan.wifi.full_addresses = args.bssid_full;
    if !take_survey(&mut job.plan, survey, &job.delivery) {
        return Ok(COULD_NOT_RUN);
    }
    Ok(run::measure(job).await.code)
}

/// Reads the survey that the configuration names, if it does; what it says of its school counts where nothing else was said.
/// Why it cannot be read is told.
fn read_survey(raw: &mut Raw, lang: Lang) -> Result<Option<(PathBuf, Fed)>, ()> {
    let given = raw.given.get(&Key::Survey).and_then(|given| given.values.first());
    let Some(path) = given.map(PathBuf::from) else { return Ok(None) };
    let fed = Fed::read(&path)
        .map_err(|why| complain(&survey_text::say(&Say::BadSurvey { path: &path, why: &why }, lang)))?;
    let said =
        [(Key::Uai, fed.site.uai.as_ref().map(ToString::to_string)), (Key::Site, fed.site.label.clone())];
    for (key, value) in said {
        if let Some(value) = value.filter(|_| !raw.given.contains_key(&key)) {
            raw.set(key, vec![value], Origin::Flag(Key::Survey.flag()));
        }
    }
    Ok(Some((path, fed)))
}

/// Takes a survey in the place of a scan from one place. Whether the run may go on; why not is told.
fn take_survey(plan: &mut Plan, survey: Option<(PathBuf, Fed)>, delivery: &Delivery) -> bool {
    let Some((path, fed)) = survey else { return true };
    let (path, lang) = (&path, delivery.lang);
    match fed.check(&plan.site, &plan.wifi.ssids) {
        Ok(notices) => {
            for notice in notices.iter().filter(|_| !delivery.quiet) {
                complain(&survey_text::say(&Say::Notice { path, notice }, lang));
            }
            fed.bear_on(&mut plan.site);
            plan.survey = Some(fed.measured(plan.wifi.full_addresses, &clock::now()));
            true
        }
        Err(why) => {
            complain(&survey_text::say(&Say::BadSurvey { path, why: &why }, lang));
            false
        }
    }
}

/// The guided questions where somebody can answer, a short usage elsewhere.
async fn guided_or_usage(common: &Common, lang: Lang, environment: &Environment) -> Done {
    use std::io::IsTerminal as _;
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        complain(&usage::no_command(lang));
        return Ok(COULD_NOT_RUN);
    }
    let (mut raw, lang) = load(common, lang, environment)?;
    if !guided::ask(&mut raw, lang) {
        return Ok(COULD_NOT_RUN);
    }
    let Ok(survey) = read_survey(&mut raw, lang) else { return Ok(COULD_NOT_RUN) };
    let settings = settle(&mut raw, lang, environment, true, false)?;
    let delivery = delivery(&OutputArgs::default(), lang)?;
    let mut job = Job {
        upload: settings.upload.clone(),
        state: settings.state.clone(),
        plan: Plan::new(settings),
        delivery: delivery.clone(),
        lock: true,
        verbose: common.verbose > 0,
    };
    if !take_survey(&mut job.plan, survey, &job.delivery) {
        return Ok(COULD_NOT_RUN);
    }
    let Made { report, code, .. } = run::measure(job).await;
    if let Some(report) = report {
        guided::offer_page(&report, &delivery);
    }
    Ok(code)
}

/// The embedded school: the exit code says whether the demonstration ran, not what it found.
async fn demo_command(args: &DemoArgs, lang: Lang, verbose: bool) -> Done {
    let delivery = delivery(&args.output, lang)?;
    let mut raw = Raw::default();
    raw.take_flag(Key::Size, &[args.size.clone().unwrap_or_else(|| "medium".to_owned())]);
    let settings = settle(&mut raw, lang, &Environment::new(), false, true)?;
    let world = match demo::World::start().await {
        Ok(world) => world,
        Err(error) => {
            say(&Message::DemoFailed { detail: format!("{error:#}") }, lang);
            return Ok(COULD_NOT_RUN);
        }
    };
    if !delivery.quiet {
        say(&Message::DemoStarts, lang);
    }
    let plan = demonstration(Plan::new(settings), &world);
    let job = Job { plan, delivery, upload: None, state: None, lock: false, verbose };
    let Made { report, lost, .. } = run::measure(job).await;
    Ok(match report {
        Some(report) if !report.partial && !lost => MET,
        _ => COULD_NOT_RUN,
    })
}

/// The plan of the embedded school: everything points at its own servers.
fn demonstration(mut plan: Plan, world: &demo::World) -> Plan {
    plan.demonstration = true;
    plan.dial = world.dial_config();
    plan.mires = world.mires();
    plan.upload_mires = world.mires();
    plan.mires_named = true;
    plan.internet.targets = world.control_targets();
    plan.endpoints.endpoints = world.endpoints();
    plan.site.ent = plan
        .endpoints
        .endpoints
        .iter()
        .filter(|endpoint| endpoint.kind == sonde_report::values::EndpointKind::Ent)
        .map(|endpoint| endpoint.id.clone())
        .collect();
    plan.dns.resolvers = world.resolvers();
    plan.dns.names = world.dns_names();
    plan
}

/// The measurement server, until Ctrl-C.
async fn mire_command(args: &MireArgs, lang: Lang) -> Done {
    let config = mire_config(args).map_err(refused(lang))?;
    let mire = match Mire::start(config).await {
        Ok(mire) => mire,
        Err(error) => {
            say(&Message::MireFailed { detail: format!("{error:#}") }, lang);
            return Ok(COULD_NOT_RUN);
        }
    };
    run::write_out(&message::mire_ready(&mire.http, &mire.https, lang));
    run::stop_asked().await;
    Ok(MET)
}

fn mire_config(args: &MireArgs) -> Result<MireConfig, Problem> {
    let bad = |flag: &str, value: &str, expected| Problem::BadValue {
        origin: Origin::Flag(flag.to_owned()),
        value: value.to_owned(),
        expected,
    };
    let addresses = |flag: &str, texts: &[String]| {
        let read = |text: &String| text.parse().map_err(|_| bad(flag, text, Expected::Address));
        texts.iter().map(read).collect::<Result<Vec<_>, _>>()
    };
    let https = addresses("--listen-tls", &args.listen_tls)?;
    // On this machine alone unless an address is named: a measurement server is an open door for traffic.
    let http = match (args.listen.is_empty(), https.is_empty()) {
        (true, true) => vec![([127, 0, 0, 1], 8080).into()],
        _ => addresses("--listen", &args.listen)?,
    };
    let rate_bps = match &args.rate {
        None => None,
        Some(text) => Some(values::rate(text).ok_or_else(|| bad("--rate", text, Expected::Rate))?),
    };
    let defaults = MireConfig::default();
    let max_connections = match &args.max_connections {
        None => defaults.max_connections,
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| *number > 0)
            .ok_or_else(|| bad("--max-connections", text, Expected::Number))?,
    };
    let tls = match (&args.cert, &args.key) {
        (Some(cert), Some(key)) => Some(identity(cert, key)?),
        _ => None,
    };
    Ok(MireConfig { http, https, tls, rate_bps, max_connections })
}

fn identity(cert: &Path, key: &Path) -> Result<std::sync::Arc<rustls::ServerConfig>, Problem> {
    let read = |flag: &str, path: &Path| {
        std::fs::read(path).map_err(|error| Problem::Unreadable {
            origin: Some(Origin::Flag(flag.to_owned())),
            path: path.to_owned(),
            detail: error.to_string(),
        })
    };
    crate::mire::tls_from_pem(&read("--cert", cert)?, &read("--key", key)?).map_err(|error| {
        Problem::BadFile {
            origin: Origin::Flag("--cert".to_owned()),
            path: cert.to_owned(),
            detail: format!("{error:#}"),
        }
    })
}

/// Sends what waits. Exit 0 when nothing is left, 3 when something was kept. Takes no lock of runs: see
/// `docs/decisions/0005-spool-and-drain.md`.
async fn upload_command(args: &UploadArgs, common: &Common, lang: Lang, environment: &Environment) -> Done {
    let (mut raw, lang) = load(common, lang, environment)?;
    raw.take_upload(args);
    let settings = settle(&mut raw, lang, environment, true, false)?;
    // Whoever types the command wants it tried now, whatever the collector asked earlier.
    let Some(config) = settings.upload.map(|config| upload::UploadConfig { insist: true, ..config }) else {
        say(&Message::NoCollector, lang);
        return Ok(COULD_NOT_RUN);
    };
    let opened = state_dir(settings.state.as_deref()).and_then(|state| Spool::open(&state));
    let spool = match opened {
        Ok(spool) => spool,
        Err(error) => {
            say(&Message::NoState { detail: format!("{error:#}") }, lang);
            return Ok(COULD_NOT_RUN);
        }
    };
    let dialer = match Dialer::new(settings.dial) {
        Ok(dialer) => dialer,
        Err(error) => {
            say(&Message::CannotStart { detail: error.to_string() }, lang);
            return Ok(COULD_NOT_RUN);
        }
    };
    Ok(match upload::drain(&spool, &config, &dialer).await {
        Ok(drained) => {
            complain(store_text::drained(lang, &drained).trim_end());
            if drained.kept.is_empty() && drained.untried == 0 { MET } else { run::INCONCLUSIVE }
        }
        Err(error) => {
            say(&Message::SendFailed { detail: format!("{error:#}") }, lang);
            COULD_NOT_RUN
        }
    })
}

/// What waits, and why; with `--format json`, as codes for a machine.
fn spool_command(args: &SpoolStatusArgs, common: &Common, lang: Lang, environment: &Environment) -> Done {
    use crate::store::status::{status, status_json};
    let (raw, lang) = load(common, lang, environment)?;
    let json = match args.format.as_deref() {
        None | Some("text" | "texte") => false,
        Some("json") => true,
        Some(other) => {
            let origin = Origin::Flag("--format".to_owned());
            let expected = Expected::TextOrJson;
            return Err(refused(lang)(Problem::BadValue { origin, value: other.to_owned(), expected }));
        }
    };
    let state = raw.given.get(&Key::State).and_then(|given| given.values.first()).map(Path::new);
    let listed = state_dir(state).and_then(|state| {
        let spool = Spool::open(&state)?;
        if json { status_json(&spool).map(|listed| format!("{listed:#}\n")) } else { status(&spool, lang) }
    });
    Ok(match listed {
        Ok(text) => {
            run::write_out(&text);
            MET
        }
        Err(error) => {
            say(&Message::NoState { detail: format!("{error:#}") }, lang);
            COULD_NOT_RUN
        }
    })
}

/// Shows a saved report: its exit code is its verdict's.
fn report_command(args: &ReportArgs, lang: Lang) -> Done {
    let delivery = delivery(&args.output, lang)?;
    let text = if args.file == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(&args.file)
    };
    let text = text.map_err(|error| {
        refused(lang)(Problem::Unreadable {
            origin: None,
            path: args.file.clone(),
            detail: error.to_string(),
        })
    })?;
    let report = match Report::from_json(&text) {
        Ok(report) => report,
        Err(error) => {
            say(&Message::BadReport { path: &args.file, detail: error.to_string() }, lang);
            return Ok(COULD_NOT_RUN);
        }
    };
    let written = delivery.deliver(&report, false);
    Ok(if written.failed {
        COULD_NOT_RUN
    } else {
        written.nagios.unwrap_or_else(|| run::exit_code(report.assessment.overall))
    })
}
