//! Refusals of the command line itself.

use super::quoted;
use crate::text::Lang;

/// What is wrong with a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usage {
    /// No such flag.
    UnknownArgument { argument: String, nearest: Option<String> },
    /// No such command.
    UnknownCommand { command: String, nearest: Option<String> },
    /// A command is due here.
    MissingCommand,
    /// A flag without its value.
    MissingValue { argument: String },
    /// A value that cannot be.
    InvalidValue { argument: String, value: String },
    /// A value where none is due.
    UnexpectedValue { argument: String, value: String },
    /// Arguments that must be there.
    MissingArgument { arguments: Vec<String> },
    /// Two flags that exclude each other.
    Conflict { argument: String, with: String },
    /// `--new --finish` without a room: the one begins a survey, the other ends the one there is.
    NewAndFinish,
    /// A flag given twice.
    Repeated { argument: String },
    /// Anything else clap may say.
    Other { detail: String },
}

/// The message, with where to read on.
#[must_use]
pub fn say(usage: &Usage, lang: Lang) -> String {
    let q = |text: &str| quoted(text, lang);
    let what = match usage {
        Usage::UnknownArgument { argument, nearest } => {
            let what = if argument.starts_with('-') {
                lang.pick("option inconnue", "unknown option")
            } else {
                lang.pick("argument de trop", "unexpected argument")
            };
            format!("{what} {}", q(argument)) + &perhaps(nearest.as_deref(), lang)
        }
        Usage::UnknownCommand { command, nearest } => {
            lang.pick(format!("commande inconnue {}", q(command)), format!("unknown command {}", q(command)))
                + &perhaps(nearest.as_deref(), lang)
        }
        Usage::MissingCommand => lang.pick("il manque une commande", "a command is missing").to_owned(),
        Usage::MissingValue { argument } => lang.pick(
            format!("il manque une valeur à {}", q(argument)),
            format!("{} needs a value", q(argument)),
        ),
        Usage::InvalidValue { argument, value } => lang.pick(
            format!("{argument} : valeur refusée {}", q(value)),
            format!("{argument}: value refused {}", q(value)),
        ),
        Usage::UnexpectedValue { argument, value } => lang.pick(
            format!("{} ne prend pas de valeur (reçu {})", q(argument), q(value)),
            format!("{} takes no value (got {})", q(argument), q(value)),
        ),
        Usage::MissingArgument { arguments } => lang
            .pick(format!("il manque {}", arguments.join(", ")), format!("missing {}", arguments.join(", "))),
        Usage::Conflict { argument, with } => lang.pick(
            format!("{} et {} s’excluent", q(argument), q(with)),
            format!("{} and {} exclude each other", q(argument), q(with)),
        ),
        Usage::NewAndFinish => lang
            .pick(
                "--new commence un relevé (et efface celui en cours à la première pièce), --finish termine celui en cours : les deux ne \
                 vont ensemble qu’avec --room NOM. Pour finir puis recommencer : --finish --json FICHIER, puis --room NOM",
                "--new begins a survey (and deletes the unfinished one with the first room), --finish ends the unfinished one: both go \
                 together only with --room NAME. To finish and then begin: --finish --json FILE, then --room NAME",
            )
            .to_owned(),
        Usage::Repeated { argument } => lang.pick(
            format!("{} ne se donne qu’une fois", q(argument)),
            format!("{} can be given only once", q(argument)),
        ),
        Usage::Other { detail } => lang
            .pick(format!("ligne de commande refusée : {detail}"), format!("command line refused: {detail}")),
    };
    let more = lang.pick("Aide : sonde-ecole --help", "Help: sonde-ecole --help");
    format!("{}\n{more}", error_line(&what, lang))
}

/// The line that every refusal begins with.
#[must_use]
pub fn error_line(what: &str, lang: Lang) -> String {
    lang.pick(format!("sonde-ecole : {what}"), format!("sonde-ecole: {what}"))
}

/// The nearest name, when there is one.
pub(super) fn perhaps(nearest: Option<&str>, lang: Lang) -> String {
    nearest.map_or(String::new(), |nearest| {
        let nearest = quoted(nearest, lang);
        lang.pick(format!(" — vouliez-vous dire {nearest} ?"), format!(" — did you mean {nearest}?"))
    })
}

/// What is said without a command where no terminal can be asked.
#[must_use]
pub fn no_command(lang: Lang) -> String {
    lang.pick(
        "sonde-ecole : il manque une commande (les questions guidées demandent un terminal).\n\
         Mesurer : sonde-ecole run · Démonstration : sonde-ecole demo · Aide : sonde-ecole --help",
        "sonde-ecole: a command is missing (the guided questions need a terminal).\n\
         Measure: sonde-ecole run · Demonstration: sonde-ecole demo · Help: sonde-ecole --help",
    )
    .to_owned()
}
