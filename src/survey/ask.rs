//! The survey's questions on a terminal. Asks, never measures. An error is somebody who left (Esc, Ctrl-C).

use inquire::validator::Validation;
use inquire::{InquireError, Text};
use sonde_report::document::WifiOn;
use sonde_report::{Timestamp, Uai};

use crate::config::values::{self, Expected};
use crate::prompts::{self, Choice};
use crate::text::Lang;
use crate::text::cli::{Both, guided, problem, survey as words};

/// What to do with an unfinished survey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// Another room.
    GoOn,
    /// Forget it.
    StartAnew,
    /// Show its result.
    Finish,
}

/// What to do after a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another room.
    Room,
    /// The same room again.
    Again,
    /// The result.
    Finish,
}

/// What to do with an unfinished survey.
///
/// # Errors
/// When the user left.
pub fn unfinished(lang: Lang) -> Result<Unfinished, InquireError> {
    let choices = [
        (words::GO_ON, Unfinished::GoOn),
        (words::FINISH, Unfinished::Finish),
        (words::START_ANEW, Unfinished::StartAnew),
    ];
    choose(words::UNFINISHED.pick(lang), choices, lang)
}

/// The school's UAI; `None`: it is passed over. A wrong one is asked for again, with the letter that fits.
///
/// # Errors
/// When the user left.
pub fn uai(lang: Lang) -> Result<Option<Uai>, InquireError> {
    let given = Text::new(guided::UAI.pick(lang))
        .with_help_message(guided::UAI_HELP.pick(lang))
        .with_validator(move |text: &str| Ok(prompts::check_uai(text, lang)))
        .prompt()?;
    Ok(given.parse().ok())
}

/// Whether a scan made before may go for a new one.
///
/// # Errors
/// When the user left.
pub fn replace(room: &str, at: &Timestamp, lang: Lang) -> Result<bool, InquireError> {
    let choices = [(words::OTHER_NAME, false), (words::REPLACE, true)];
    choose(&words::measured_before(room, at, lang), choices, lang)
}

/// Whether the school's Wi-Fi is on.
///
/// # Errors
/// When the user left.
pub fn wifi_on(lang: Lang) -> Result<WifiOn, InquireError> {
    let choices = [(guided::YES, WifiOn::Yes), (guided::NO, WifiOn::No), (guided::UNKNOWN, WifiOn::Unknown)];
    choose(guided::WIFI_ON.pick(lang), choices, lang)
}

/// The next room's name; `None`: there is none.
///
/// # Errors
/// When the user left.
pub fn room(lang: Lang) -> Result<Option<String>, InquireError> {
    let check = move |text: &str| {
        Ok(match super::room_name(text) {
            Ok(_) | Err(super::BadName::Empty) => Validation::Valid,
            Err(bad) => Validation::Invalid(words::bad_name(bad, lang).into()),
        })
    };
    let name = Text::new(words::ROOM.pick(lang))
        .with_help_message(words::ROOM_HELP.pick(lang))
        .with_validator(check)
        .prompt()?;
    Ok(super::room_name(&name).ok())
}

/// Waits in the room until the technician is ready. What is typed beside Enter means nothing.
///
/// # Errors
/// When the user left.
pub fn ready(room: &str, lang: Lang) -> Result<(), InquireError> {
    Text::new(&words::ready(room, lang)).prompt().map(drop)
}

/// The school's network, with the associated one proposed.
///
/// # Errors
/// When the user left.
pub fn ssid(associated: Option<&str>, lang: Lang) -> Result<String, InquireError> {
    let check = move |text: &str| {
        Ok(match values::ssid(text) {
            Some(_) => Validation::Valid,
            None => Validation::Invalid(problem::expected(&Expected::Ssid, lang).into()),
        })
    };
    let question = Text::new(words::SSID.pick(lang))
        .with_help_message(words::SSID_HELP.pick(lang))
        .with_initial_value(associated.unwrap_or_default())
        .with_validator(check);
    Ok(question.prompt()?.trim().to_owned())
}

/// What to do after a room; `heard` says whether it gave something.
///
/// # Errors
/// When the user left.
pub fn next(heard: bool, lang: Lang) -> Result<Next, InquireError> {
    let room = (words::NEXT_ROOM, Next::Room);
    let finish = (words::FINISH, Next::Finish);
    if heard {
        choose(words::NEXT.pick(lang), [room, (words::AGAIN, Next::Again), finish], lang)
    } else {
        choose(words::NEXT.pick(lang), [(words::RETRY, Next::Again), room, finish], lang)
    }
}

/// A file to save the result in; `None`: none is wanted.
///
/// # Errors
/// When the user left.
pub fn file(proposed: &str, lang: Lang) -> Result<Option<String>, InquireError> {
    prompts::file(&words::SAVE, proposed, lang)
}

fn choose<T, const N: usize>(question: &str, choices: [(Both, T); N], lang: Lang) -> Result<T, InquireError> {
    let shown = |(text, value): (Both, T)| Choice { shown: text.pick(lang).to_owned(), value };
    prompts::choose(question, guided::LIST_HELP.pick(lang), choices.map(shown).into())
}
