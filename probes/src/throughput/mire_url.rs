//! A mire's URL: the protocol to speak, and where.

use std::fmt;
use std::str::FromStr;

use sonde_report::values::MireProtocol;

use crate::dial::Target;

/// A measurement server's URL: `ndt7+https://host/`, `librespeed+https://host/path/`, `https://host/file`, each also
/// with `http`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MireUrl {
    text: String,
    /// The protocol to speak.
    pub protocol: MireProtocol,
    /// Where: scheme, host, port and path.
    pub target: Target,
}

/// Why a text is no mire URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no mire URL ({problem}): expected ndt7+https://host/, librespeed+https://host/path/ or https://host/file"
)]
pub struct MireUrlError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub problem: String,
}

impl FromStr for MireUrl {
    type Err = MireUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (protocol, url) = if let Some(rest) = text.strip_prefix("ndt7+") {
            (MireProtocol::Ndt7, rest)
        } else if let Some(rest) = text.strip_prefix("librespeed+") {
            (MireProtocol::Librespeed, rest)
        } else {
            (MireProtocol::Http, text)
        };
        let target = url
            .parse::<Target>()
            .map_err(|error| MireUrlError { text: text.to_owned(), problem: error.problem.to_owned() })?;
        Ok(Self { text: text.to_owned(), protocol, target })
    }
}

impl MireUrl {
    /// The URL as it may be shown and reported: a query may hold an access token, so only its presence is told.
    #[must_use]
    pub fn shown(&self) -> String {
        match self.text.split_once('?') {
            Some((before, _)) => format!("{before}?…"),
            None => self.text.clone(),
        }
    }
}

impl fmt::Display for MireUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
