//! The survey's questions on a terminal. Asks, never measures. An error is somebody who left (Esc, Ctrl-C).

use inquire::ui::{RenderConfig, Styled};
use inquire::validator::Validation;
use inquire::{Confirm, InquireError, Select, Text};
use sonde_report::document::WifiOn;
use sonde_report::{Timestamp, Uai};

use crate::config::values::{self, Expected};
use crate::text::Lang;
use crate::text::cli::{guided, problem, survey as words};

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

/// One entry of a list question.
#[derive(Clone)]
struct Choice<T> {
    shown: &'static str,
    value: T,
}

impl<T> std::fmt::Display for Choice<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.shown)
    }
}

/// Prepares the questions' look.
pub fn prepare(lang: Lang) {
    let cancelled = Styled::new(guided::CANCELLED.pick(lang));
    inquire::set_global_render_config(RenderConfig::default().with_canceled_prompt_indicator(cancelled));
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
    let check = move |text: &str| {
        Ok(match text.parse::<Uai>() {
            Err(error) if !text.trim().is_empty() => Validation::Invalid(problem::uai(&error, lang).into()),
            _ => Validation::Valid,
        })
    };
    let given = Text::new(guided::UAI.pick(lang))
        .with_help_message(guided::UAI_HELP.pick(lang))
        .with_validator(check)
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
    let wanted = Confirm::new(words::SAVE.pick(lang))
        .with_default(true)
        .with_parser(&|text| match text.trim().to_lowercase().as_str() {
            "o" | "oui" | "y" | "yes" => Ok(true),
            "n" | "non" | "no" => Ok(false),
            _ => Err(()),
        })
        .with_default_value_formatter(&|_| lang.pick("O/n", "Y/n").to_owned())
        .with_formatter(&|yes| if yes { guided::YES } else { guided::NO }.pick(lang).to_owned())
        .prompt()?;
    if !wanted {
        return Ok(None);
    }
    Text::new(guided::FILE_NAME.pick(lang))
        .with_default(proposed)
        .prompt()
        .map(|name| Some(name.trim().to_owned()))
}

fn choose<T: Clone, const N: usize>(
    question: &str,
    choices: [(crate::text::cli::Both, T); N],
    lang: Lang,
) -> Result<T, InquireError> {
    let choices = choices.into_iter().map(|(text, value)| Choice { shown: text.pick(lang), value }).collect();
    let asked = Select::new(question, choices).with_help_message(guided::LIST_HELP.pick(lang));
    Ok(asked.prompt()?.value)
}
