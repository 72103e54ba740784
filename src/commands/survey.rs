//! `wifi survey`: the school's Wi-Fi from room to room.
//!
//! Each call with `--room` adds one room; without an option, the questions on a terminal do the same. Each room is on the
//! disk before anything else is asked, and the file goes when the result is delivered.

mod questions;

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
use crate::store::{RunLock, StoreError, state_dir};
use crate::survey::{Kept, StateFile, ask, room_name, same_room};
use crate::text::Lang;
use crate::text::cli::message::Message;
use crate::text::cli::survey::{self as words, Holds, Say};
use crate::text::cli::usage::{self, Usage};
use crate::{complain, say};

/// Does what `wifi survey` asks.
pub(super) async fn survey(
    args: &WifiSurveyArgs,
    common: &Common,
    lang: Lang,
    environment: &Environment,
) -> Done {
    let (mut raw, lang) = load(common, lang, environment)?;
    if args.new && args.finish && args.room.is_none() {
        complain(&usage::say(&Usage::NewAndFinish, lang));
        return Ok(COULD_NOT_RUN);
    }
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
    let mut walk = Walk {
        args,
        lang,
        plan,
        output,
        file,
        kept: Kept::default(),
        refused_file: false,
        stored: Vec::new(),
        unsaved: Vec::new(),
    };
    Ok(walk.go().await)
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
        |given: &Option<PathBuf>, flag| endpoints::output_file(given.as_deref(), flag).map_err(refused(lang));
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
            complain(&words::say(&Say::NoState { error: &error }, lang));
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
    /// The rooms that are on the disk: what the file held when it was last read or written.
    stored: Vec<String>,
    /// The rooms whose last scan is in memory alone, since it could not be written.
    unsaved: Vec<String>,
}

/// Why the command ends early.
enum Stopped {
    /// For this reason, in words.
    Why(String),
    /// For a reason that was said.
    Said,
    /// Somebody left (Esc, Ctrl-C), or had nothing to measure.
    Left,
}

impl From<inquire::InquireError> for Stopped {
    fn from(_: inquire::InquireError) -> Self {
        Self::Left
    }
}

impl Walk<'_> {
    async fn go(&mut self) -> u8 {
        match self.asked().await {
            Ok(code) => return code,
            Err(Stopped::Why(sentence)) => complain(&sentence),
            Err(Stopped::Said) => {}
            Err(Stopped::Left) => {
                self.save_again();
                let left = Say::Left { rooms: self.stored.len(), lost: &self.unsaved };
                complain(&words::say(&left, self.lang));
            }
        }
        COULD_NOT_RUN
    }

    /// Does what the flags ask.
    async fn asked(&mut self) -> Result<u8, Stopped> {
        let found = self.found()?;
        if self.args.show {
            return Ok(self.show(found).await);
        }
        if self.args.finish && self.args.room.is_none() {
            let kept = found.filter(|kept| !kept.rooms.is_empty());
            self.kept = kept.ok_or_else(|| self.stop(&Say::NothingToFinish { path: self.file.path() }))?;
            self.agree()?;
            if !self.args.quiet {
                self.tell_network();
            }
            return self.finish(false).await;
        }
        if self.args.resume && found.is_none() {
            return Err(self.stop(&Say::NothingToResume { path: self.file.path() }));
        }
        if let Some(name) = &self.args.room {
            let name = room_name(name).map_err(|bad| self.stop(&Say::BadName { bad }))?;
            return self.one_room(found, name).await;
        }
        if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
            let unfinished = found.as_ref().and_then(holds);
            return Err(self.stop(&Say::NoTerminal { unfinished }));
        }
        self.questions(found).await
    }

    fn stop(&self, why: &Say<'_>) -> Stopped {
        Stopped::Why(words::say(why, self.lang))
    }

    /// The unfinished survey; none under `--new`, which also passes over a file that is refused.
    fn found(&mut self) -> Result<Option<Kept>, Stopped> {
        match self.file.read() {
            Ok(found) => {
                self.stored = found.as_ref().map(Kept::names).unwrap_or_default();
                Ok(found.filter(|_| !self.args.new))
            }
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
        agreed.map_err(|what| self.stop(&Say::Differs { what: &what, holds: holds(&self.kept) }))
    }

    /// Where the survey stands: the result so far.
    async fn show(&mut self, found: Option<Kept>) -> u8 {
        let Some(kept) = found.filter(|kept| !kept.rooms.is_empty()) else {
            run::write_out(&if self.output.as_json {
                "null\n".to_owned()
            } else {
                format!("{}\n", words::say(&Say::None { path: self.file.path() }, self.lang))
            });
            return MET;
        };
        self.kept = kept;
        let Some(report) = self.report().await else { return COULD_NOT_RUN };
        let written = self.output.files.write_files(&report);
        if !self.output.as_json
            && let Some(network) = self.network_line()
        {
            run::write_out(&format!("{network}\n\n"));
        }
        let printed = self.print(&report);
        if printed && !written.failed { MET } else { COULD_NOT_RUN }
    }

    /// Which network counts as the school's, where nobody named one.
    fn network_line(&self) -> Option<String> {
        let said = Say::Associated { ssids: &self.kept.ssids };
        self.kept.assumed.then(|| words::say(&said, self.lang))
    }

    /// Tells it.
    fn tell_network(&self) {
        if let Some(line) = self.network_line() {
            complain(&line);
        }
    }

    /// One room, without a question.
    async fn one_room(&mut self, found: Option<Kept>, name: String) -> Result<u8, Stopped> {
        if let Some(kept) = found {
            if !self.args.resume && kept.is_of_another_day(&clock::now()) {
                let old = holds(&kept).map(|holds| self.stop(&Say::OtherDay { holds }));
                return Err(old.unwrap_or(Stopped::Said));
            }
            self.kept = kept;
        }
        self.agree()?;
        if !self.args.resume
            && let Some(at) = self.kept.measured_before(&name, &clock::now())
            && let Some(holds) = holds(&self.kept)
        {
            return Err(self.stop(&Say::MeasuredBefore { room: &name, at, holds }));
        }
        let heard = self.listen(&name).await?;
        if self.kept.ssids.is_empty() {
            self.kept.ssids.extend(heard.associated());
            self.kept.assumed = true;
        }
        let line = self.keep(&name, &heard)?;
        if !self.args.quiet {
            complain(&line);
            self.tell_network();
            if !self.args.finish
                && let Some(holds) = holds(&self.kept)
            {
                let path = Some(self.file.path()).filter(|_| holds.rooms.len() == 1);
                complain(&words::say(&Say::Kept { holds, path }, self.lang));
            }
        }
        if self.args.finish { self.finish(false).await } else { Ok(MET) }
    }

    /// Listens in a room, or reads the recording that stands for it.
    async fn listen(&self, name: &str) -> Result<Recording, Stopped> {
        if let Some(path) = &self.args.from {
            return open(path).map_err(|error| {
                say(&Message::BadRecording { path, error: &error }, self.lang);
                Stopped::Said
            });
        }
        if !self.args.quiet {
            complain(words::LISTENING.pick(self.lang));
        }
        // With the names known from the rooms before: a network that hides one answers to it.
        let config = self.config();
        let (measured, heard) = tokio::select! {
            biased;
            () = run::stop_asked() => return Err(Stopped::Left),
            done = wifi::listen(&config) => done,
        };
        if let Some(heard) = heard {
            return Ok(heard);
        }
        let Some(report) = report_of(&self.plan, measured, self.lang).await else {
            return Err(Stopped::Said);
        };
        let why = why_no_wifi(&report, self.lang).unwrap_or_default();
        Err(self.stop(&Say::NotHeard { room: name, why: &why }))
    }

    /// Puts the room in and onto the disk; the line that tells what it gave.
    fn keep(&mut self, name: &str, heard: &Recording) -> Result<String, Stopped> {
        let config = self.config();
        let known = heard.without_neighbours(&self.kept.rooms, &config).filter(|_| !config.ssids.is_empty());
        let heard = known.ok_or_else(|| self.stop(&Say::NoSsid { read: self.args.from.is_some() }))?;
        let recorded = self.args.from.is_some();
        let replaced = self.kept.put(Visit { room: name.to_owned(), at: clock::now(), heard, recorded });
        self.unsaved.retain(|known| !same_room(known, name));
        self.unsaved.push(name.to_owned());
        let error = self.write().err();
        if let Some(error) = error {
            return Err(self.stop(&Say::NotKept { error: &error, asked: self.args.room.is_none() }));
        }
        let measured = wifi::survey(&self.kept.rooms, &config);
        let rooms = measured.as_ref().and_then(|measured| Some(&measured.value()?.rooms));
        let nothing_yet = rooms.is_some_and(|rooms| rooms.iter().all(|room| room.heard.is_empty()));
        let room = rooms.and_then(|rooms| rooms.iter().find(|room| room.name == name));
        Ok(room.map(|room| words::room(room, replaced, nothing_yet, self.lang)).unwrap_or_default())
    }

    /// Writes the survey; a refused file that stands there goes aside first.
    fn write(&mut self) -> Result<(), StoreError> {
        if self.refused_file {
            let aside = self.file.set_aside(&clock::now())?;
            self.refused_file = false;
            complain(&words::say(&Say::SetAside { path: &aside }, self.lang));
        }
        self.file.write(&self.kept)?;
        self.stored = self.kept.names();
        self.unsaved.clear();
        Ok(())
    }

    /// Tries again to write what could not be written, and tells what came of it.
    fn save_again(&mut self) {
        if self.unsaved.is_empty() {
            return;
        }
        let rooms = self.unsaved.clone();
        let said = if self.write().is_ok() {
            Say::SavedNow { rooms: &rooms }
        } else {
            Say::Unsaved { rooms: &rooms }
        };
        complain(&words::say(&said, self.lang));
    }

    /// The result: written, printed, and then no longer kept.
    async fn finish(&mut self, asked: bool) -> Result<u8, Stopped> {
        self.save_again();
        let Some(report) = self.report().await else { return Err(Stopped::Said) };
        let mut written = self.output.files.write_files(&report);
        let printed = self.print(&report);
        let mut saved = self.output.files.json.is_some();
        if asked && !saved {
            let date = report.started_at.local().strftime("%Y%m%d-%H%M").to_string();
            let proposed = words::file_name(report.site.uai.as_ref().map(Uai::as_str), &date, self.lang);
            if let Some(name) = ask::file(&proposed, self.lang)? {
                saved = true;
                written.failed |= !self.output.files.save(Path::new(&name), &run::json(&report));
            }
        }
        if !saved {
            written.failed |= !self.keep_result(&report);
        }
        if written.failed || !printed {
            let (path, rooms) = (self.file.path(), self.stored.len());
            return Err(self.stop(&Say::StillKept { path, rooms, unsaved: &self.unsaved }));
        }
        if let Err(error) = self.file.remove() {
            complain(&words::say(&Say::NotRemoved { error: &error }, self.lang));
            return Ok(COULD_NOT_RUN);
        }
        Ok(run::exit_code(report.assessment.overall))
    }

    /// Keeps the result that is in no file: `run --survey` needs one, and listening again costs a walk through the school.
    /// Whether it could be written.
    fn keep_result(&self, report: &Report) -> bool {
        match self.file.keep_result(&run::json(report)) {
            Ok(path) => {
                if !self.args.quiet {
                    complain(&words::say(&Say::ResultKept { path: &path }, self.lang));
                }
                true
            }
            Err(error) => {
                let StoreError { path, answer, .. } = &error;
                say(&Message::NotWritten { path, detail: answer.to_string() }, self.lang);
                false
            }
        }
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

/// What an unfinished survey holds; `None` without a room.
fn holds(kept: &Kept) -> Option<Holds<'_>> {
    let (since, _) = kept.span()?;
    let rooms = kept.rooms.iter().map(|room| room.room.as_str()).collect();
    Some(Holds { since, rooms, school: &kept.school })
}
