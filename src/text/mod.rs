//! Every sentence for people, in French and English. Nothing else in the program holds one. SKELETON

pub mod cli;
pub mod report;
pub mod store;

/// The language of the sentences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Lang {
    /// French, the default.
    #[default]
    Fr,
    /// English.
    En,
}

impl Lang {
    /// Picks the sentence of this language.
    #[must_use]
    pub fn pick<T>(self, fr: T, en: T) -> T {
        match self {
            Self::Fr => fr,
            Self::En => en,
        }
    }
}
