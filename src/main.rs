//! sonde-ecole: measures a French primary school's network on site, judges it, and says how sure it is.

// A binary offers nothing outside: `pub` marks what a module offers its siblings.
#![allow(unreachable_pub)]

mod allowlist;
mod cli;
mod commands;
mod config;
mod demo;
mod guided;
mod mire;
mod plan;
mod prompts;
mod run;
mod show;
mod store;
mod survey;
mod text;
mod upload;
#[cfg(all(test, target_os = "linux"))]
#[path = "../tests/worlds/mod.rs"]
mod worlds;

use std::io::Write as _;
use std::process::ExitCode;

use clap::FromArgMatches as _;

use cli::Cli;
use text::Lang;
use text::cli::message::{self, Message};

fn main() -> ExitCode {
    let environment = config::environment();
    let lang = config::early_lang(std::env::args_os(), &environment);
    let matches = cli::localised(lang).try_get_matches();
    let cli = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, lang),
    };
    log_to_stderr(cli.common.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&Message::CannotStart { detail: error.to_string() }, lang);
            return ExitCode::from(run::COULD_NOT_RUN);
        }
    };
    let code = runtime.block_on(commands::dispatch(cli, lang, &environment));
    // Names that are still being looked up hold a thread for seconds: nobody waits for them any more.
    runtime.shutdown_background();
    ExitCode::from(code)
}

/// Help and version go to standard output; a refusal is worded in the user's language.
fn refuse(error: &clap::Error, lang: Lang) -> ExitCode {
    match cli::refusal(error, lang) {
        None => {
            // A reader that has gone is no error.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        Some(message) => {
            complain(&message);
            ExitCode::from(run::COULD_NOT_RUN)
        }
    }
}

/// Logs of the libraries and of ours, on standard error, as far as `-v` asks.
fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => tracing::Level::INFO,
        // Traces are not built into a release (Cargo.toml): they are 0.1 MB, and a frame a line.
        _ => tracing::Level::DEBUG,
    };
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_ansi(false).init();
}

/// Says something beside the report, on standard error.
pub(crate) fn say(message: &Message<'_>, lang: Lang) {
    complain(&message::say(message, lang));
}

/// A line on standard error; that nobody reads it is no error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
