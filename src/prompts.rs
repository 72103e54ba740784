//! What the questions on a terminal share, those of the guided mode and of a survey. An error is somebody who left (Esc, Ctrl-C).

use inquire::ui::{RenderConfig, Styled};
use inquire::validator::Validation;
use inquire::{Confirm, InquireError, Select, Text};
use sonde_report::Uai;

use crate::text::Lang;
use crate::text::cli::{Both, guided as words, problem};

/// Prepares the questions' look.
pub fn prepare(lang: Lang) {
    let cancelled = Styled::new(words::CANCELLED.pick(lang));
    inquire::set_global_render_config(RenderConfig::default().with_canceled_prompt_indicator(cancelled));
}

/// One entry of a list question.
#[derive(Debug, Clone)]
pub struct Choice<T> {
    /// What the list shows.
    pub shown: String,
    /// What it stands for.
    pub value: T,
}

impl<T> std::fmt::Display for Choice<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Asks for one of a list.
///
/// # Errors
/// When the user left.
pub fn choose<T>(question: &str, help: &str, choices: Vec<Choice<T>>) -> Result<T, InquireError> {
    Ok(Select::new(question, choices).with_help_message(help).prompt()?.value)
}

/// Nothing is fine (the school may not be named); a wrong code is echoed with the letter that fits.
pub fn check_uai(text: &str, lang: Lang) -> Validation {
    if text.trim().is_empty() {
        return Validation::Valid;
    }
    match text.parse::<Uai>() {
        Ok(_) => Validation::Valid,
        Err(error) => Validation::Invalid(problem::uai(&error, lang).into()),
    }
}

/// A file to save in; `None`: none is wanted.
///
/// # Errors
/// When the user left.
pub fn file(question: &Both, proposed: &str, lang: Lang) -> Result<Option<String>, InquireError> {
    let wanted = Confirm::new(question.pick(lang))
        .with_default(true)
        .with_parser(&|text| match text.trim().to_lowercase().as_str() {
            "o" | "oui" | "y" | "yes" => Ok(true),
            "n" | "non" | "no" => Ok(false),
            _ => Err(()),
        })
        .with_default_value_formatter(&|_| lang.pick("O/n", "Y/n").to_owned())
        .with_formatter(&|yes| if yes { words::YES } else { words::NO }.pick(lang).to_owned())
        .prompt()?;
    if !wanted {
        return Ok(None);
    }
    let name = Text::new(words::FILE_NAME.pick(lang)).with_default(proposed).prompt()?;
    Ok(Some(name.trim().to_owned()))
}
