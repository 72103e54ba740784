//! Sentences of the command line: help, refusals, questions, and what is said beside the report.
//!
//! French double punctuation is preceded by U+202F, typed as such in the literals (a test checks it).

pub mod allowlist;
pub mod guided;
pub mod help;
mod help_wifi;
pub mod message;
pub mod problem;
pub mod services;
pub mod survey;
mod survey_say;
pub mod usage;

use super::Lang;

/// One fixed text in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Both {
    fr: &'static str,
    en: &'static str,
}

impl Both {
    /// The text in one language.
    #[must_use]
    pub fn pick(self, lang: Lang) -> &'static str {
        lang.pick(self.fr, self.en)
    }
}

/// Both languages of one text.
const fn both(fr: &'static str, en: &'static str) -> Both {
    Both { fr, en }
}

/// « quoted » the way the language quotes.
fn quoted(text: &str, lang: Lang) -> String {
    match lang {
        Lang::Fr => format!("« {text} »"),
        Lang::En => format!("\"{text}\""),
    }
}
