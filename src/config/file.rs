//! Reads a configuration file: TOML, every key known, every refusal with its line.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Given, Key, Kind, Origin, Problem, values};

/// A control target of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlEntry {
    /// The URL.
    pub url: String,
    /// The status it must answer with.
    pub status: u16,
    /// The body it must answer with.
    pub body: Option<String>,
    /// Where it stands.
    pub origin: Origin,
}

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileContent {
    /// By key.
    pub given: BTreeMap<Key, Given>,
    /// `[[control]]`.
    pub controls: Vec<ControlEntry>,
}

/// The largest configuration file that is read: a hundred times a long one.
const SIZE_LIMIT: u64 = 1 << 20;

/// Reads the file at `path`.
///
/// # Errors
/// [`Problem`], with the line where there is one.
pub fn read(path: &Path) -> Result<FileContent, Problem> {
    let unreadable = |detail: String| Problem::Unreadable { origin: None, path: path.to_owned(), detail };
    let length = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if length > SIZE_LIMIT {
        return Err(unreadable(format!("{length} > {SIZE_LIMIT}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    parse(&text, path)
}

/// Reads a file's text.
fn parse(text: &str, path: &Path) -> Result<FileContent, Problem> {
    let document = DeTable::parse(text).map_err(|error| Problem::Syntax {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| line_of(text, span.start)),
        detail: error.message().to_owned(),
    })?;
    let mut reader = Reader { text, path, content: FileContent::default() };
    reader.table("", document.get_ref())?;
    Ok(reader.content)
}

/// The line of a byte offset, from 1.
fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|&&byte| byte == b'\n').count() + 1
}

/// A file under way.
struct Reader<'a> {
    text: &'a str,
    path: &'a Path,
    content: FileContent,
}

impl Reader<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) -> Result<(), Problem> {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            let line = line_of(self.text, key.span().start);
            if name == "control" {
                self.controls(value, line)?;
            } else if let Some(known) = Key::ALL.into_iter().find(|known| known.name() == name) {
                let values = texts(known.kind(), value.get_ref())
                    .ok_or_else(|| self.wrong_type(line, &name, known.kind()))?;
                let origin = Origin::File { path: self.path.to_owned(), line, key: name };
                self.content.given.insert(known, Given { values, origin });
            } else if let (DeValue::Table(below), "upload") = (value.get_ref(), name.as_str()) {
                self.table("upload.", below)?;
            } else {
                let names = Key::ALL.iter().map(|key| key.name()).chain(["control"]);
                let nearest = values::nearest(&name, names);
                return Err(Problem::UnknownKey { path: self.path.to_owned(), line, key: name, nearest });
            }
        }
        Ok(())
    }

    fn wrong_type(&self, line: usize, key: &str, expected: Kind) -> Problem {
        Problem::WrongType { path: self.path.to_owned(), line, key: key.to_owned(), expected }
    }

    /// `[[control]]`: url, status (default 200), body.
    fn controls(&mut self, value: &Spanned<DeValue<'_>>, line: usize) -> Result<(), Problem> {
        let DeValue::Array(tables) = value.get_ref() else {
            return Err(self.wrong_type(line, "control", Kind::List));
        };
        for entry in tables {
            let line = line_of(self.text, entry.span().start);
            let DeValue::Table(table) = entry.get_ref() else {
                return Err(self.wrong_type(line, "control", Kind::List));
            };
            let control = self.control(table, line)?;
            self.content.controls.push(control);
        }
        Ok(())
    }

    fn control(&self, table: &DeTable<'_>, line: usize) -> Result<ControlEntry, Problem> {
        let (mut url, mut status, mut body) = (None, 200, None);
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let line = line_of(self.text, key.span().start);
            let text = || {
                texts(Kind::TextOrNumber, value.get_ref())
                    .and_then(|texts| texts.into_iter().next())
                    .ok_or_else(|| self.wrong_type(line, &format!("control.{name}"), Kind::TextOrNumber))
            };
            match name {
                "url" => url = Some(text()?),
                "body" => body = Some(text()?),
                "status" => {
                    status = text()?
                        .parse()
                        .ok()
                        .filter(|status| (100..600).contains(status))
                        .ok_or_else(|| self.wrong_type(line, "control.status", Kind::TextOrNumber))?;
                }
                _ => {
                    return Err(Problem::UnknownKey {
                        path: self.path.to_owned(),
                        line,
                        key: format!("control.{name}"),
                        nearest: values::nearest(name, ["url", "status", "body"]),
                    });
                }
            }
        }
        let url =
            url.ok_or_else(|| Problem::MissingKey { path: self.path.to_owned(), line, key: "control.url" })?;
        let origin = Origin::File { path: self.path.to_owned(), line, key: "control.url".to_owned() };
        Ok(ControlEntry { url, status, body, origin })
    }
}

/// A TOML value as texts; `None` when it is of another kind.
fn texts(kind: Kind, value: &DeValue<'_>) -> Option<Vec<String>> {
    match (kind, value) {
        (Kind::Bool | Kind::TextOrBool, DeValue::Boolean(yes)) => Some(vec![yes.to_string()]),
        (Kind::Bool, _) => None,
        (_, DeValue::String(text)) => Some(vec![text.to_string()]),
        (Kind::TextOrNumber, DeValue::Integer(number)) if number.radix() == 10 => {
            Some(vec![number.as_str().replace('_', "")])
        }
        (Kind::List, DeValue::Array(items)) => items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn parsed(text: &str) -> Result<FileContent, Problem> {
        parse(text, Path::new("c.toml"))
    }

    #[test]
    fn reads_every_kind_of_value() {
        let content = parsed(
            "uai = '0940176F'\nwifi_on = true\nmire = ['ndt7+https://m.example/']\nmax_bytes = 25_000_000\n\
             ssid = 'ecole-*'\n[upload]\nurl = 'https://c.example/r'\n[[control]]\nurl = 'http://a.example/'\nstatus = 204\n",
        )
        .unwrap();
        assert_eq!(content.given[&Key::WifiOn].values, ["true"]);
        assert_eq!(content.given[&Key::MaxBytes].values, ["25000000"]);
        assert_eq!(content.given[&Key::UploadUrl].values, ["https://c.example/r"]);
        assert_eq!(content.controls[0].status, 204);
    }

    #[test]
    fn an_unknown_key_is_refused_with_line_and_nearest() {
        let problem = parsed("uai = '0940176F'\n\nszie = 'medium'\n").unwrap_err();
        let Problem::UnknownKey { line, key, nearest, .. } = problem else { panic!("{problem:?}") };
        assert_eq!((line, key.as_str(), nearest.as_deref()), (3, "szie", Some("size")));
        let problem = parsed("[upload]\nurll = 'x'\n").unwrap_err();
        let Problem::UnknownKey { line, nearest, .. } = problem else { panic!("{problem:?}") };
        assert_eq!((line, nearest.as_deref()), (2, Some("upload.url")));
    }

    #[test]
    fn a_wrong_type_is_refused_with_its_line() {
        let problem = parsed("site = 'a'\nuai = 12\n").unwrap_err();
        assert!(matches!(problem, Problem::WrongType { line: 2, .. }), "{problem:?}");
        let problem = parsed("mire = [1]\n").unwrap_err();
        assert!(matches!(problem, Problem::WrongType { line: 1, .. }), "{problem:?}");
    }

    #[test]
    fn broken_toml_names_its_line() {
        let problem = parsed("uai = '0940176F'\nsize = \n").unwrap_err();
        assert!(matches!(problem, Problem::Syntax { line: 2, .. }), "{problem:?}");
    }

    #[test]
    fn a_control_needs_its_url() {
        let problem = parsed("[[control]]\nstatus = 204\n").unwrap_err();
        assert!(matches!(problem, Problem::MissingKey { line: 1, .. }), "{problem:?}");
    }
}
