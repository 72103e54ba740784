//! An endpoint file's text, read with the line and key of what is wrong in it.

use serde::Deserialize;
use sonde_report::values::EndpointKind;
use toml::Spanned;

use super::{Endpoint, UAI, nearest, territory};
use crate::dial::Target;

/// What is wrong with an endpoint file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}:{line}: {problem}{}", nearest.as_ref().map(|near| format!(" (nearest known: {near})")).unwrap_or_default())]
pub struct CatalogueError {
    /// The file.
    pub origin: String,
    /// The line, from 1.
    pub line: usize,
    /// The key or id at fault, when there is one.
    pub key: Option<String>,
    /// What is wrong.
    pub problem: CatalogueProblem,
    /// The nearest known key, kind or id, when one is near.
    pub nearest: Option<String>,
}

/// The kinds of wrong in an endpoint file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueProblem {
    /// It is no TOML, or a value has the wrong type (the parser's words).
    #[error("{0}")]
    Syntax(String),
    /// A key that means nothing here.
    #[error("unknown key {0:?}")]
    UnknownKey(String),
    /// A kind that does not exist.
    #[error("unknown kind {0:?}")]
    UnknownKind(String),
    /// A key that every host needs.
    #[error("the key {0:?} is missing")]
    MissingKey(String),
    /// An id that stands twice.
    #[error("the id {id:?} stands already in line {first_line}")]
    DoubledId {
        /// The id.
        id: String,
        /// Where it stood first.
        first_line: usize,
    },
    /// An id that is empty.
    #[error("an id is empty")]
    EmptyId,
    /// A URL that cannot be used.
    #[error("{url:?} is no usable URL: {problem}")]
    Url {
        /// The URL, without any password.
        url: String,
        /// What is wrong with it, in the dialler's words.
        problem: &'static str,
    },
    /// A territory that is neither `national`, a département nor an académie.
    #[error("unknown territory {0:?}")]
    UnknownTerritory(String),
    /// A removal of an id that is not in the catalogue.
    #[error("nothing to remove is called {0:?}")]
    NothingToRemove(String),
}

/// An id to take out, and where that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Removal {
    pub(super) id: String,
    origin: String,
    line: usize,
}

impl Removal {
    /// The error of removing what is not there.
    pub(super) fn unknown(&self, nearest: Option<String>) -> CatalogueError {
        CatalogueError {
            origin: self.origin.clone(),
            line: self.line,
            key: Some(self.id.clone()),
            problem: CatalogueProblem::NothingToRemove(self.id.clone()),
            nearest,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    endpoint: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    label: Option<String>,
    kind: Option<EndpointKind>,
    urls: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    territory: Vec<Spanned<String>>,
    #[serde(default)]
    source: String,
    #[serde(default)]
    verified: bool,
    #[serde(default)]
    remove: bool,
}

/// Reads a file's hosts and removals.
pub(super) fn parse(text: &str, origin: &str) -> Result<(Vec<Endpoint>, Vec<Removal>), CatalogueError> {
    let place = Place { text, origin };
    let file: File = toml::from_str(text).map_err(|error| place.explain(&error))?;
    let (mut endpoints, mut removals) = (Vec::new(), Vec::new());
    let mut seen: Vec<(String, usize)> = Vec::new();
    for entry in file.endpoint {
        let start = entry.span().start;
        let entry = entry.into_inner();
        let at = entry.id.span().start;
        let id = entry.id.get_ref().clone();
        if id.trim().is_empty() {
            return Err(place.wrong(at, Some("id"), CatalogueProblem::EmptyId));
        }
        if let Some((_, first_line)) = seen.iter().find(|(known, _)| *known == id) {
            let problem = CatalogueProblem::DoubledId { id: id.clone(), first_line: *first_line };
            return Err(place.wrong(at, Some(&id), problem));
        }
        seen.push((id.clone(), place.line(at)));
        if entry.remove {
            removals.push(Removal { id, origin: origin.to_owned(), line: place.line(at) });
        } else {
            endpoints.push(place.endpoint(entry, start)?);
        }
    }
    Ok((endpoints, removals))
}

/// A file's text and name, to say where something stands.
struct Place<'a> {
    text: &'a str,
    origin: &'a str,
}

impl Place<'_> {
    /// The line of a byte offset, from 1.
    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
    }

    fn wrong(&self, offset: usize, key: Option<&str>, problem: CatalogueProblem) -> CatalogueError {
        CatalogueError {
            origin: self.origin.to_owned(),
            line: self.line(offset),
            key: key.map(str::to_owned),
            problem,
            nearest: None,
        }
    }

    /// A whole host out of its entry.
    fn endpoint(&self, entry: Entry, start: usize) -> Result<Endpoint, CatalogueError> {
        let missing = |key: &str| self.wrong(start, Some(key), CatalogueProblem::MissingKey(key.to_owned()));
        let urls = entry.urls.filter(|urls| !urls.is_empty()).ok_or_else(|| missing("urls"))?;
        for url in &urls {
            // A UAI of no school stands in for the one to come.
            if let Err(error) = url.get_ref().replace(UAI, "9999991f").parse::<Target>() {
                let problem = CatalogueProblem::Url { url: error.text, problem: error.problem };
                return Err(self.wrong(url.span().start, Some("urls"), problem));
            }
        }
        let territory = entry.territory.iter().map(|code| self.territory(code)).collect::<Result<_, _>>()?;
        Ok(Endpoint {
            id: entry.id.into_inner(),
            label: entry.label.ok_or_else(|| missing("label"))?,
            kind: entry.kind.ok_or_else(|| missing("kind"))?,
            urls: urls.into_iter().map(Spanned::into_inner).collect(),
            territory,
            source: entry.source,
            verified: entry.verified,
        })
    }

    /// One territory's code, as the other files write it.
    fn territory(&self, code: &Spanned<String>) -> Result<String, CatalogueError> {
        territory::code(code.get_ref()).map_err(|unknown| CatalogueError {
            nearest: unknown.nearest,
            ..self.wrong(
                code.span().start,
                Some("territory"),
                CatalogueProblem::UnknownTerritory(unknown.given),
            )
        })
    }

    /// The parser's error with its line, and the nearest of the names it expected.
    fn explain(&self, error: &toml::de::Error) -> CatalogueError {
        let offset = error.span().map_or(0, |span| span.start);
        let message = error.message();
        // The words of serde: unknown field `x`, expected one of `a`, `b` (or: expected `a`).
        let mut quoted = message.split('`').skip(1).step_by(2);
        let Some(name) = quoted.next() else {
            return self.wrong(offset, None, CatalogueProblem::Syntax(message.to_owned()));
        };
        let problem = if message.starts_with("unknown field") {
            CatalogueProblem::UnknownKey(name.to_owned())
        } else if message.starts_with("unknown variant") {
            CatalogueProblem::UnknownKind(name.to_owned())
        } else if message.starts_with("missing field") {
            CatalogueProblem::MissingKey(name.to_owned())
        } else {
            return self.wrong(offset, None, CatalogueProblem::Syntax(message.to_owned()));
        };
        CatalogueError { nearest: nearest(name, quoted), ..self.wrong(offset, Some(name), problem) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn error(text: &str) -> CatalogueError {
        parse(text, "mine.toml").expect_err(text)
    }

    #[test]
    fn an_unknown_key_has_its_line_and_the_nearest_known_one() {
        let error = error("# mine\n[[endpoint]]\nid = \"a\"\nlable = \"A\"\n");
        assert_eq!(
            (error.line, error.key.as_deref(), error.nearest.as_deref()),
            (4, Some("lable"), Some("label"))
        );
        assert!(error.to_string().starts_with("mine.toml:4: "), "{error}");
    }

    #[test]
    fn an_unknown_table_and_kind_name_the_nearest() {
        let table = error("[[endpoints]]\nid = \"a\"\n");
        assert_eq!((table.line, table.nearest.as_deref()), (1, Some("endpoint")));
        let kind = error("[[endpoint]]\nid = \"a\"\nkind = \"portail\"\n");
        assert_eq!(kind.problem, CatalogueProblem::UnknownKind("portail".to_owned()));
        assert_eq!((kind.line, kind.nearest.as_deref()), (3, Some("portal")));
    }

    #[test]
    fn missing_doubled_empty_and_unusable_are_each_named() {
        let head = "[[endpoint]]\nid = \"a\"\nlabel = \"A\"\nkind = \"ent\"\n";
        let whole = format!("{head}urls = [\"https://a.example/\"]\n");
        let cases = [
            ("\n[[endpoint]]\nlabel = \"A\"\n".to_owned(), 2, "id"),
            (format!("\n{head}"), 2, "urls"),
            (format!("{head}urls = []\n"), 1, "urls"),
            (format!("{head}urls = [\n\"https://a.example/\",\n\"ftp://a.example/\"]\n"), 7, "urls"),
            (format!("{whole}{whole}"), 7, "a"),
            ("[[endpoint]]\nid = \" \"\n".to_owned(), 2, "id"),
        ];
        for (text, line, key) in cases {
            let error = error(&text);
            assert_eq!((error.line, error.key.as_deref()), (line, Some(key)), "{text}: {error}");
        }
    }

    #[test]
    fn a_territory_is_checked_and_written_as_the_other_files_do() {
        let with = |territory: &str| {
            format!(
                "[[endpoint]]\nid = \"a\"\nlabel = \"A\"\nkind = \"ent\"\nurls = [\"https://a.example/\"]\n\
                 territory = [\n\"national\",\n\"{territory}\"]\n"
            )
        };
        let (endpoints, _) = parse(&with("loire-atlantique"), "mine.toml").expect("a file");
        assert_eq!(endpoints[0].territory, ["national", "44"]);
        let error = error(&with("ac-nante"));
        assert_eq!(error.problem, CatalogueProblem::UnknownTerritory("ac-nante".to_owned()));
        assert_eq!((error.line, error.nearest.as_deref()), (8, Some("ac-nantes")));
    }

    #[test]
    fn what_is_no_toml_or_of_a_wrong_type_has_its_line() {
        assert_eq!(error("\n\n= 3\n").line, 3);
        let error = error("[[endpoint]]\nid = 3\n");
        assert!(matches!(error.problem, CatalogueProblem::Syntax(_)));
        assert_eq!(error.line, 2);
    }
}
