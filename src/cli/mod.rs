//! The command line's shape: clap types, no logic. Values stay text here; `config` reads them, so that a flag, a
//! variable and a configuration key are refused in the same words. Help texts stand in `text::cli`, put in place by
//! [`localise`]; errors are worded by [`refusal`].

mod localise;
mod refusal;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use localise::localised;
pub use refusal::refusal;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "sonde-ecole", version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What every command takes.
#[derive(Debug, Clone, Default, Args)]
pub struct Common {
    #[arg(long, global = true, value_name = "fr|en")]
    pub lang: Option<String>,
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[arg(short = 'v', long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Run(Box<RunArgs>),
    Demo(DemoArgs),
    Mire(MireArgs),
    Upload(UploadArgs),
    Spool(SpoolArgs),
    Report(ReportArgs),
    Endpoints(EndpointsArgs),
    Wifi(WifiArgs),
    Schema,
}

/// `run`: the one-shot.
#[derive(Debug, Clone, Default, Args)]
pub struct RunArgs {
    #[arg(long, value_name = "UAI")]
    pub uai: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub site: Option<String>,
    #[arg(long, value_name = "SIZE")]
    pub size: Option<String>,
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    pub ssid: Vec<String>,
    #[arg(long, value_name = "yes|no|unknown")]
    pub wifi_on: Option<String>,
    #[arg(long, value_name = "N")]
    pub declared_aps: Option<String>,
    #[arg(long)]
    pub bssid_full: bool,
    #[arg(long, value_name = "FILE")]
    pub survey: Option<String>,
    #[command(flatten)]
    pub services: ServicesArgs,

    #[arg(long, value_name = "URL", num_args = 1..)]
    pub mire: Vec<String>,
    #[arg(long, value_name = "URL")]
    pub lan_mire: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub rules: Option<String>,
    #[arg(long, value_name = "verdict|stable|SECONDS")]
    pub until: Option<String>,
    #[arg(long, value_name = "BYTES")]
    pub max_bytes: Option<String>,
    #[arg(long, value_name = "PROBE", value_delimiter = ',', num_args = 1..)]
    pub only: Vec<String>,
    #[arg(long, value_name = "PROBE", value_delimiter = ',', num_args = 1..)]
    pub skip: Vec<String>,
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<String>,

    #[command(flatten)]
    pub proxy: ProxyArgs,
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub ca: Vec<String>,
    #[arg(long, value_name = "NAME")]
    pub interface: Option<String>,
    #[arg(long, value_name = "4|6|auto")]
    pub ip: Option<String>,
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',', num_args = 1..)]
    pub dns_reference: Vec<String>,
    #[arg(long, value_name = "HOST")]
    pub ntp: Option<String>,

    #[command(flatten)]
    pub output: OutputArgs,

    #[arg(long, value_name = "URL")]
    pub upload: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub upload_token_file: Option<String>,
    #[arg(long)]
    pub no_upload: bool,
}

/// Which services: the choices that `run`, `endpoints list` and `endpoints check` share.
#[derive(Debug, Clone, Default, Args)]
pub struct ServicesArgs {
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',')]
    pub ent: Vec<String>,
    #[arg(long, value_name = "CODE")]
    pub territory: Option<String>,
    #[arg(long, value_name = "PROFILE", num_args = 1.., value_delimiter = ',')]
    pub profile: Vec<String>,
    #[arg(long, value_name = "FILE")]
    pub endpoints: Option<String>,
    #[arg(long)]
    pub no_catalogue: bool,
}

/// The proxy: what `run`, `endpoints check` and `upload` share.
#[derive(Debug, Clone, Default, Args)]
pub struct ProxyArgs {
    #[arg(long, value_name = "URL")]
    pub proxy: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub proxy_user: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub proxy_password_file: Option<String>,
}

/// Where the report goes.
#[derive(Debug, Clone, Default, Args)]
pub struct OutputArgs {
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    #[arg(short, long)]
    pub quiet: bool,
}

/// `demo`: the embedded school.
#[derive(Debug, Clone, Default, Args)]
pub struct DemoArgs {
    #[arg(long, value_name = "SIZE")]
    pub size: Option<String>,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `mire`: the measurement server.
#[derive(Debug, Clone, Default, Args)]
pub struct MireArgs {
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 1..)]
    pub listen: Vec<String>,
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 1.., requires = "cert", requires = "key")]
    pub listen_tls: Vec<String>,
    #[arg(long, value_name = "FILE", requires = "listen_tls")]
    pub cert: Option<PathBuf>,
    #[arg(long, value_name = "FILE", requires = "listen_tls")]
    pub key: Option<PathBuf>,
    #[arg(long, value_name = "RATE")]
    pub rate: Option<String>,
    #[arg(long, value_name = "N")]
    pub max_connections: Option<String>,
}

/// `upload`: sends what waits.
#[derive(Debug, Clone, Default, Args)]
pub struct UploadArgs {
    #[arg(long, value_name = "URL")]
    pub upload: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub upload_token_file: Option<String>,
    #[command(flatten)]
    pub proxy: ProxyArgs,
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub ca: Vec<String>,
}

/// `spool`.
#[derive(Debug, Args)]
pub struct SpoolArgs {
    #[command(subcommand)]
    pub command: SpoolCommand,
}

/// `spool …`.
#[derive(Debug, Subcommand)]
pub enum SpoolCommand {
    Status(SpoolStatusArgs),
}

/// `spool status`.
#[derive(Debug, Clone, Default, Args)]
pub struct SpoolStatusArgs {
    #[arg(long, value_name = "text|json")]
    pub format: Option<String>,
}

/// `report FILE`.
#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `endpoints`.
#[derive(Debug, Args)]
pub struct EndpointsArgs {
    #[command(subcommand)]
    pub command: EndpointsCommand,
}

/// `endpoints …`.
#[derive(Debug, Subcommand)]
pub enum EndpointsCommand {
    List(EndpointsListArgs),
    Check(Box<EndpointsCheckArgs>),
}

/// `endpoints list`.
#[derive(Debug, Clone, Default, Args)]
pub struct EndpointsListArgs {
    #[arg(long, value_name = "UAI")]
    pub uai: Option<String>,
    #[command(flatten)]
    pub services: ServicesArgs,
    #[arg(long, value_name = "KIND", num_args = 1.., value_delimiter = ',')]
    pub kind: Vec<String>,
    #[arg(long, value_name = "text|json|csv")]
    pub format: Option<String>,
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `endpoints check`.
#[derive(Debug, Clone, Default, Args)]
pub struct EndpointsCheckArgs {
    #[arg(long, value_name = "UAI")]
    pub uai: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub site: Option<String>,
    #[command(flatten)]
    pub services: ServicesArgs,
    #[arg(long)]
    pub allowlist: bool,
    #[arg(long, requires = "allowlist")]
    pub all: bool,
    #[arg(long, value_name = "TEXT", requires = "allowlist")]
    pub requester: Option<String>,
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<String>,
    #[command(flatten)]
    pub proxy: ProxyArgs,
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub ca: Vec<String>,
    #[arg(long, value_name = "NAME")]
    pub interface: Option<String>,
    #[arg(long, value_name = "4|6|auto")]
    pub ip: Option<String>,
    #[arg(long, value_name = "text|json|csv")]
    pub format: Option<String>,
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[arg(short, long)]
    pub quiet: bool,
}

/// `wifi`.
#[derive(Debug, Args)]
pub struct WifiArgs {
    #[command(subcommand)]
    pub command: WifiCommand,
}

/// `wifi …`.
#[derive(Debug, Subcommand)]
pub enum WifiCommand {
    Scan(Box<WifiScanArgs>),
    Survey(Box<WifiSurveyArgs>),
}

/// `wifi scan`.
#[derive(Debug, Clone, Default, Args)]
pub struct WifiScanArgs {
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    pub ssid: Vec<String>,
    #[arg(long, value_name = "yes|no|unknown")]
    pub wifi_on: Option<String>,
    #[arg(long, value_name = "N")]
    pub declared_aps: Option<String>,
    #[arg(long)]
    pub bssid_full: bool,
    #[arg(long, value_name = "NAME", conflicts_with = "from")]
    pub interface: Option<String>,
    #[arg(long, value_name = "SECONDS", conflicts_with = "from")]
    pub timeout: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub record: Option<PathBuf>,
    #[arg(long, value_name = "text|json")]
    pub format: Option<String>,
    #[arg(short, long)]
    pub quiet: bool,
}

/// `wifi survey`.
#[derive(Debug, Clone, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct WifiSurveyArgs {
    #[arg(long, value_name = "UAI")]
    pub uai: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub site: Option<String>,
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    pub ssid: Vec<String>,
    #[arg(long, value_name = "yes|no|unknown")]
    pub wifi_on: Option<String>,
    #[arg(long, value_name = "N")]
    pub declared_aps: Option<String>,
    #[arg(long)]
    pub bssid_full: bool,
    #[arg(long, value_name = "NAME", conflicts_with = "show")]
    pub room: Option<String>,
    #[arg(long, conflicts_with = "show")]
    pub finish: bool,
    #[arg(long)]
    pub show: bool,
    #[arg(long, conflicts_with_all = ["new", "show"])]
    pub resume: bool,
    #[arg(long, conflicts_with = "show")]
    pub new: bool,
    #[arg(long, value_name = "NAME", conflicts_with = "from")]
    pub interface: Option<String>,
    #[arg(long, value_name = "SECONDS", conflicts_with = "from")]
    pub timeout: Option<String>,
    #[arg(long, value_name = "FILE", conflicts_with = "show")]
    pub from: Option<PathBuf>,
    #[arg(long, value_name = "text|json")]
    pub format: Option<String>,
    #[arg(long, alias = "output", value_name = "FILE")]
    pub json: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    #[arg(short, long)]
    pub quiet: bool,
}
