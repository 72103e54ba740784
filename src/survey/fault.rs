//! What is wrong with a JSON text, and where, for sentences in the reader's language.

use serde_json::error::Category;

/// What is wrong with a JSON text, and where. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonFault {
    /// The line.
    pub line: usize,
    /// The column, in bytes.
    pub column: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with a JSON text. No value is repeated: it may be an address or a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It ends too early.
    Cut,
    /// It is not JSON.
    Syntax,
    /// A field that the form does not know.
    Unknown(String),
    /// A field that must be there.
    Missing(String),
    /// A value that cannot stand there.
    Value,
}

impl JsonFault {
    /// Reads the parser's error, whose kind of data error stands in its words alone.
    #[must_use]
    pub fn of(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let named = |start: &str| text.strip_prefix(start)?.split('`').next().map(str::to_owned);
        let fault = match error.classify() {
            Category::Eof => Fault::Cut,
            Category::Syntax | Category::Io => Fault::Syntax,
            Category::Data => named("unknown field `")
                .map(Fault::Unknown)
                .or_else(|| named("missing field `").map(Fault::Missing))
                .unwrap_or(Fault::Value),
        };
        Self { line: error.line(), column: error.column(), fault }
    }
}
