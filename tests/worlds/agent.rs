//! The agent inside a world: this very test executable once more, since only tests may put a root in the place of the
//! public ones. Everything else is as the command line would have it.

use std::path::Path;
use std::sync::Arc;

use clap::Parser as _;
use sonde_probes::dial::{Dialer, read_pem_certificates};

use crate::cli::{Cli, Command};
use crate::config::{self, Environment, Raw, Settings};
use crate::plan::Plan;
use crate::run;

/// The variable that names a world's directory.
pub const DIRECTORY: &str = "WORLD_DIRECTORY";
/// The test below, as the test executable calls it.
pub const NAME: &str = "worlds::agent::the_agent_in_a_world";

/// What the harness starts inside a world. By itself it does nothing.
#[test]
fn the_agent_in_a_world() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let directory = Path::new(&directory);
    let arguments = std::fs::read_to_string(directory.join("arguments")).unwrap();
    let mut plan = plan(arguments.lines(), &config::environment());
    let root = std::fs::read(directory.join("../public.pem")).unwrap();
    plan.dial.stand_in_public_roots = Some(read_pem_certificates(&root).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let report = runtime.block_on(async {
        let dialer = Arc::new(Dialer::new(plan.dial.clone()).unwrap());
        let limit = plan.timeout;
        let out_of_time = async {
            tokio::time::sleep(limit).await;
            run::Cut::OutOfTime
        };
        run::execute(&plan, dialer, None, out_of_time).await.0
    });
    // Names that are still being looked up hold a thread for seconds.
    runtime.shutdown_background();
    std::fs::write(directory.join("report.json"), serde_json::to_string_pretty(&report).unwrap()).unwrap();
}

/// The plan of these arguments of `run`.
pub fn plan<'a>(arguments: impl Iterator<Item = &'a str>, environment: &Environment) -> Plan {
    let cli = Cli::try_parse_from(["sonde-ecole", "run"].into_iter().chain(arguments)).unwrap();
    let Some(Command::Run(args)) = cli.command else { panic!("the command is run") };
    let mut raw = Raw::load(None, None, environment).unwrap();
    raw.take_system(sonde_probes::system_proxy::read());
    raw.take_run(&args);
    Plan::new(Settings::from_raw(&mut raw, environment, false).unwrap())
}
