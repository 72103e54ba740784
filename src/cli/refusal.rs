//! Words clap's errors ourselves: in the user's language, with the nearest name.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::text::{
    Lang,
    cli::usage::{self, Usage},
};

/// The message for a refused command line; `None` when it is no refusal (help or version was asked for).
#[must_use]
pub fn refusal(error: &clap::Error, lang: Lang) -> Option<String> {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return None;
    }
    Some(usage::say(&understood(error), lang))
}

/// What clap means, in our terms.
fn understood(error: &clap::Error) -> Usage {
    let one = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => texts.first().cloned(),
        Some(ContextValue::StyledStr(text)) => Some(text.to_string()),
        _ => None,
    };
    // clap shows the value's name beside the flag (`--uai <UAI>`): the flag alone reads better in a sentence.
    let bare = |text: String| text.split(' ').next().unwrap_or_default().to_owned();
    let argument = one(ContextKind::InvalidArg).map(bare).unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => {
            Usage::UnknownArgument { argument, nearest: one(ContextKind::SuggestedArg) }
        }
        ErrorKind::InvalidSubcommand => Usage::UnknownCommand {
            command: one(ContextKind::InvalidSubcommand).unwrap_or_default(),
            nearest: one(ContextKind::SuggestedSubcommand),
        },
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Usage::MissingCommand
        }
        // Without a value, clap reports an invalid one that is empty.
        ErrorKind::InvalidValue if one(ContextKind::InvalidValue).is_none_or(|value| value.is_empty()) => {
            Usage::MissingValue { argument }
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            Usage::InvalidValue { argument, value: one(ContextKind::InvalidValue).unwrap_or_default() }
        }
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => Usage::MissingValue { argument },
        ErrorKind::TooManyValues => {
            Usage::UnexpectedValue { argument, value: one(ContextKind::InvalidValue).unwrap_or_default() }
        }
        ErrorKind::MissingRequiredArgument => Usage::MissingArgument {
            arguments: match error.get(ContextKind::InvalidArg) {
                Some(ContextValue::Strings(texts)) => texts.clone(),
                Some(ContextValue::String(text)) => vec![text.clone()],
                _ => Vec::new(),
            },
        },
        ErrorKind::ArgumentConflict => match one(ContextKind::PriorArg) {
            Some(prior) if bare(prior.clone()) != argument => Usage::Conflict { argument, with: bare(prior) },
            _ => Usage::Repeated { argument },
        },
        _ => Usage::Other { detail: error.kind().as_str().unwrap_or("?").to_owned() },
    }
}
