//! `wifi survey`: the school's Wi-Fi from room to room.
//!
//! Each call with `--room` adds one room; without an option, the questions on a terminal do the same. Each room is on the
//! disk before anything else is asked, and the file goes when the result is delivered.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use sonde_probes::clock;
use sonde_probes::wifi::{self, Recording, Visit};
use sonde_report::{Report, Uai};

use super::wifi::{document, json_wanted, open, report_of, timeout};
use super::{Common, Done, Environment, endpoints, load, refused, settle};
use crate::cli::WifiSurveyArgs;
use crate::plan::Plan;
use crate::run::{self, COULD_NOT_RUN, Delivery, MET};
use crate::show::{console, why_no_wifi};
use crate::store::{RunLock, state_dir};
use crate::survey::{Kept, StateFile, ask, room_name};
use crate::text::Lang;
use crate::text::cli::message::Message;
use crate::text::cli::survey::{self as words, Holds, Say};
use crate::{complain, say};

/// Does what `wifi survey` asks.
pub(super) async fn survey(
    args: &WifiSurveyArgs,
    common: &Common,
    lang: Lang,
    environment: &Environment,
) -> Done {
    let (mut raw, lang) = load(common, lang, environment)?;
    raw.take_survey(args);
    let output = output(args, lang)?;
    // A proxy's password has no part in it: nothing is asked for.
    let settings = settle(&mut raw, lang, environment, false, true)?;
    let state = settings.state.clone();
    let mut plan = Plan::new(settings).radios_only();
    plan.wifi.interface.clone_from(&args.interface);
    plan.wifi.full_addresses = args.bssid_full;
    plan.wifi.walking = true;
    if let Some(timeout) = timeout(args.timeout.as_deref()).map_err(refused(lang))? {
        plan.wifi.timeout = timeout;
    }
    let Some(file) = opened(state.as_deref(), args.show, lang) else { return Ok(COULD_NOT_RUN) };
    let mut walk = Walk { args, lang, plan, output, file, kept: Kept::default(), refused_file: false };
    Ok(walk.go().await.unwrap_or_else(|stopped| {
        complain_of(stopped.0);
        COULD_NOT_RUN
    }))
}

/// Where the result goes.
struct Output {
    /// The measurement on standard output, in the place of the text.
    as_json: bool,
    /// The files.
    files: Delivery,
}

fn output(args: &WifiSurveyArgs, lang: Lang) -> Result<Output, super::Refused> {
    let as_json = json_wanted(args.format.as_deref()).map_err(refused(lang))?;
    let file =
        |given: &Option<PathBuf>, flag| endpoints::output(given.as_deref(), flag).map_err(refused(lang));
    let (json, html) = (file(&args.json, "--json")?, file(&args.html, "--html")?);
    Ok(Output { as_json, files: Delivery { format: None, json, html, quiet: args.quiet, lang } })
}

/// The state's file, locked unless it is only read (it is whole at any time); why not was said.
fn opened(state: Option<&Path>, read_only: bool, lang: Lang) -> Option<StateFile> {
    let found = state_dir(state).and_then(|directory| {
        let lock = if read_only { None } else { RunLock::take_survey(&directory)? };
        Ok((lock, directory))
    });
    match found {
        Ok((lock, directory)) if read_only || lock.is_some() => Some(StateFile::new(&directory, lock)),
        Ok(_) => {
            complain(&words::say(&Say::Busy, lang));
            None
        }
        Err(error) => {
            complain(&words::say(&Say::NoState { detail: format!("{error:#}") }, lang));
            None
        }
    }
}

/// One call of the command.
struct Walk<'a> {
    args: &'a WifiSurveyArgs,
    lang: Lang,
    plan: Plan,
    output: Output,
    file: StateFile,
    kept: Kept,
    /// The file there is refused, and goes aside before the first room is written.
    refused_file: bool,
}

/// Why the command ends early, in words; `None`: it was said.
struct Stopped(Option<String>);

impl From<inquire::InquireError> for Stopped {
    fn from(_: inquire::InquireError) -> Self {
        Self(None)
    }
}

impl Walk<'_> {
    async fn go(&mut self) -> Result<u8, Stopped> {
        let found = self.found()?;
        if self.args.show {
            return Ok(self.show(found).await);
        }
        if self.args.finish && self.args.room.is_none() {
            let kept = found.filter(|kept| !kept.rooms.is_empty());
            self.kept = kept.ok_or_else(|| self.stop(&Say::NothingToFinish))?;
            self.agree()?;
            return self.finish(false).await;
        }
        if self.args.resume && found.is_none() {
            return Err(self.stop(&Say::NothingToResume));
        }
        let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if let Some(name) = &self.args.room {
            let name = room_name(name).map_err(|bad| self.stop(&Say::BadName { bad }))?;
            return self.one_room(found, name).await;
        }
        if !terminal {
            let unfinished = found.as_ref().and_then(holds);
            return Err(self.stop(&Say::NoTerminal { unfinished }));
        }
        ask::prepare(self.lang);
        let done = self.questions(found).await;
        if matches!(done, Err(Stopped(None))) {
            complain(&words::say(&Say::Left { rooms: self.kept.rooms.len() }, self.lang));
        }
        done
    }

    fn stop(&self, why: &Say<'_>) -> Stopped {
        Stopped(Some(words::say(why, self.lang)))
    }

    /// The unfinished survey; none under `--new`, which also passes over a file that is refused.
    fn found(&mut self) -> Result<Option<Kept>, Stopped> {
        match self.file.read() {
            Ok(_) if self.args.new => Ok(None),
            Ok(found) => Ok(found),
            Err(_) if self.args.new => {
                self.refused_file = true;
                Ok(None)
            }
            Err(why) => Err(self.stop(&Say::Refused { path: self.file.path(), why: &why })),
        }
    }

    /// Takes what the flags say of the school into the survey.
    fn agree(&mut self) -> Result<(), Stopped> {
        let agreed = self.kept.agree(&self.plan.wifi.ssids, &self.plan.site);
        agreed.map_err(|what| self.stop(&Say::Differs { what: &what }))
    }

    /// Where the survey stands: the result so far.
    async fn show(&mut self, found: Option<Kept>) -> u8 {
        let Some(kept) = found.filter(|kept| !kept.rooms.is_empty()) else {
            run::write_out(&if self.output.as_json {
                "null\n".to_owned()
            } else {
                format!("{}\n", words::say(&Say::None, self.lang))
            });
            return MET;
        };
        self.kept = kept;
        let Some(report) = self.report().await else { return COULD_NOT_RUN };
        let written = self.output.files.write_files(&report);
        let printed = self.print(&report);
        if printed && !written.failed { MET } else { COULD_NOT_RUN }
    }

    /// One room, without a question.
    async fn one_room(&mut self, found: Option<Kept>, name: String) -> Result<u8, Stopped> {
        if let Some(kept) = found {
            if !self.args.resume && kept.is_of_another_day(&clock::now()) {
                let old = holds(&kept).map(|holds| self.stop(&Say::OtherDay { holds }));
                return Err(old.unwrap_or(Stopped(None)));
            }
            self.kept = kept;
        }
        self.agree()?;
        let heard = self.listen(&name).await?;
        if self.kept.ssids.is_empty() {
            self.kept.ssids.extend(heard.associated());
        }
        let line = self.keep(&name, &heard)?;
        if !self.args.quiet {
            complain(&line);
            if !self.args.finish {
                complain(&words::say(&Say::Kept { rooms: self.kept.rooms.len() }, self.lang));
            }
        }
        if self.args.finish { self.finish(false).await } else { Ok(MET) }
    }

    /// The survey by questions.
    async fn questions(&mut self, found: Option<Kept>) -> Result<u8, Stopped> {
        if let Some(kept) = found.filter(|kept| !kept.rooms.is_empty()) {
            if let Some(holds) = holds(&kept) {
                complain(&words::holds(&holds, self.lang));
            }
            self.kept = kept;
            let wanted = if self.args.resume { ask::Unfinished::GoOn } else { ask::unfinished(self.lang)? };
            match wanted {
                ask::Unfinished::GoOn => {}
                ask::Unfinished::StartAnew => self.kept = Kept::default(),
                ask::Unfinished::Finish => {
                    self.agree()?;
                    return self.finish(true).await;
                }
            }
        }
        self.agree()?;
        if self.kept.rooms.is_empty() {
            complain(words::WELCOME.pick(self.lang));
            if self.kept.school.wifi_on == sonde_report::document::WifiOn::Unknown {
                self.kept.school.wifi_on = ask::wifi_on(self.lang)?;
            }
        }
        while let Some(name) = ask::room(self.lang)? {
            if self.visit(&name).await? == ask::Next::Finish {
                break;
            }
        }
        if self.kept.rooms.is_empty() { Err(Stopped(None)) } else { self.finish(true).await }
    }

    /// One room by questions, again and again if the technician wants.
    async fn visit(&mut self, name: &str) -> Result<ask::Next, Stopped> {
        loop {
            ask::ready(name, self.lang)?;
            let heard = match self.listen(name).await {
                Ok(heard) => heard,
                Err(Stopped(why)) => {
                    complain_of(why);
                    match ask::next(false, self.lang)? {
                        ask::Next::Again => continue,
                        next => return Ok(next),
                    }
                }
            };
            if self.kept.ssids.is_empty() {
                let name = self.network(&heard)?;
                self.kept.ssids.push(name);
            }
            // A room that could not be written stays in memory, and goes to the disk with the next one.
            match self.keep(name, &heard) {
                Ok(line) => complain(&line),
                Err(Stopped(why)) => complain_of(why),
            }
            match ask::next(true, self.lang)? {
                ask::Next::Again => {}
                next => return Ok(next),
            }
        }
    }

    /// Asks for the school's network. A name that is not in sight is asked for once more: it may be misspelt, and the whole
    /// survey would go by it.
    fn network(&self, heard: &Recording) -> Result<String, Stopped> {
        let mut proposed = heard.associated();
        let mut insisted = None;
        loop {
            let name = ask::ssid(proposed.as_deref(), self.lang)?;
            let config = wifi::Config { ssids: vec![name.clone()], ..self.plan.wifi.clone() };
            if heard.hears_school(&config) || insisted.as_ref() == Some(&name) {
                return Ok(name);
            }
            complain(words::NOT_IN_SIGHT.pick(self.lang));
            proposed = Some(name.clone());
            insisted = Some(name);
        }
    }

    /// Listens in a room, or reads the recording that stands for it.
    async fn listen(&self, name: &str) -> Result<Recording, Stopped> {
        if let Some(path) = &self.args.from {
            return open(path).map_err(|error| {
                say(&Message::BadRecording { path, error: &error }, self.lang);
                Stopped(None)
            });
        }
        if !self.args.quiet {
            complain(words::LISTENING.pick(self.lang));
        }
        let (measured, heard) = wifi::listen(&self.plan.wifi).await;
        if let Some(heard) = heard {
            return Ok(heard);
        }
        let Some(report) = report_of(&self.plan, measured, self.lang).await else {
            return Err(Stopped(None));
        };
        let why = why_no_wifi(&report, self.lang).unwrap_or_default();
        Err(self.stop(&Say::NotHeard { room: name, why: &why }))
    }

    /// Puts the room in and onto the disk; the line that tells what it gave.
    fn keep(&mut self, name: &str, heard: &Recording) -> Result<String, Stopped> {
        let config = self.config();
        let known = heard.without_neighbours(&self.kept.rooms, &config).filter(|_| !config.ssids.is_empty());
        let heard = known.ok_or_else(|| self.stop(&Say::NoSsid))?;
        let recorded = self.args.from.is_some();
        let replaced = self.kept.put(Visit { room: name.to_owned(), at: clock::now(), heard, recorded });
        self.write()?;
        let measured = wifi::survey(&self.kept.rooms, &config);
        let rooms = measured.as_ref().and_then(|measured| Some(&measured.value()?.rooms));
        let nothing_yet = rooms.is_some_and(|rooms| rooms.iter().all(|room| room.heard.is_empty()));
        let room = rooms.and_then(|rooms| rooms.iter().find(|room| room.name == name));
        Ok(room.map(|room| words::room(room, replaced, nothing_yet, self.lang)).unwrap_or_default())
    }

    /// Writes the survey; a refused file that stands there goes aside first.
    fn write(&mut self) -> Result<(), Stopped> {
        let not_kept = |error: crate::store::StoreError| {
            Stopped(Some(words::say(&Say::NotKept { detail: error.to_string() }, self.lang)))
        };
        if self.refused_file {
            let aside = self.file.set_aside(&clock::now()).map_err(not_kept)?;
            complain(&words::say(&Say::SetAside { path: &aside }, self.lang));
        }
        self.file.write(&self.kept).map_err(not_kept)?;
        self.refused_file = false;
        Ok(())
    }

    /// The result: written, printed, and then no longer kept.
    async fn finish(&mut self, asked: bool) -> Result<u8, Stopped> {
        let Some(report) = self.report().await else { return Err(Stopped(None)) };
        let mut written = self.output.files.write_files(&report);
        let printed = self.print(&report);
        if asked && self.output.files.json.is_none() {
            let date = report.started_at.local().strftime("%Y%m%d-%H%M").to_string();
            let proposed = words::file_name(report.site.uai.as_ref().map(Uai::as_str), &date, self.lang);
            if let Some(name) = ask::file(&proposed, self.lang)? {
                written.failed |= !self.output.files.save(Path::new(&name), &run::json(&report));
            }
        }
        if written.failed || !printed {
            return Err(self.stop(&Say::StillKept { path: self.file.path() }));
        }
        if let Err(error) = self.file.remove() {
            let path = self.file.path();
            complain(&words::say(&Say::NotRemoved { path, detail: error.to_string() }, self.lang));
            return Ok(COULD_NOT_RUN);
        }
        Ok(run::exit_code(report.assessment.overall))
    }

    /// What counts as the school in this survey.
    fn config(&self) -> wifi::Config {
        wifi::Config { ssids: self.kept.ssids.clone(), ..self.plan.wifi.clone() }
    }

    /// The report that holds the survey alone, judged.
    async fn report(&self) -> Option<Report> {
        let measured = wifi::survey(&self.kept.rooms, &self.config())?;
        let mut plan = self.plan.clone();
        self.kept.school.complete(&mut plan.site);
        report_of(&plan, measured, self.lang).await
    }

    /// Prints the result; whether all of it went out. Under `--quiet` it is printed only where it goes nowhere else.
    fn print(&self, report: &Report) -> bool {
        let files = &self.output.files;
        if files.quiet && self.args.format.is_none() && (files.json.is_some() || files.html.is_some()) {
            return true;
        }
        let text = if self.output.as_json {
            document(report)
        } else {
            console::radios(report, self.lang, run::style())
        };
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => true,
            // A reader that has gone has seen what it wanted.
            Err(error) => error.kind() == std::io::ErrorKind::BrokenPipe,
        }
    }
}

/// Says why something was given up, unless it was said.
fn complain_of(why: Option<String>) {
    if let Some(sentence) = why {
        complain(&sentence);
    }
}

/// What an unfinished survey holds; `None` without a room.
fn holds(kept: &Kept) -> Option<Holds<'_>> {
    let (since, _) = kept.span()?;
    Some(Holds { since, rooms: kept.rooms.iter().map(|room| room.room.as_str()).collect() })
}
