//! One stream of a transfer, whatever its protocol.

use std::sync::Arc;
use std::time::Duration;

use sonde_report::Failure;
use sonde_report::assess::RateBar;
use sonde_report::requirement::Layer;
use sonde_report::values::{MireProtocol, Phases, TlsInfo};

use super::Goal;
use super::decide::Threshold;
use super::http::HttpStream;
use super::meter::Meter;
use super::ndt7::Ndt7Stream;
use super::overhead::{Overhead, Tls};
use super::tcp_info::Kernel;
use super::{Load, MireUrl};
use crate::dial::{Connection, Dialer, Target};

/// The longest round trip believed from a handshake, seconds: a geostationary link's with its queue. Longer, it was
/// the far end that was slow.
const MAX_RTT_S: f64 = 0.75;

/// Which way the bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the mire.
    Download,
    /// To the mire.
    Upload,
}

/// What a stream needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) mire: MireUrl,
    pub(crate) direction: Direction,
    pub(crate) dialer: Arc<Dialer>,
    /// Time allowed for the transfer.
    pub(crate) time_cap: Duration,
    /// Time without progress after which it is given up.
    pub(crate) stall_timeout: Duration,
    /// When to stop.
    pub(crate) goal: Goal,
    /// Streams to begin with: what a transfer before found worth opening.
    pub(crate) streams: usize,
    /// The far end that the first stream found: all streams go there, and none waits again for what did not answer.
    pub(crate) far_end: Option<std::net::IpAddr>,
    /// Told to those who probe beside.
    pub(crate) load: Option<Arc<Load>>,
}

impl Job {
    /// Connects to the far end the first stream found, or finds one.
    pub(crate) async fn connect(&self, target: &Target) -> Result<Connection, Failure> {
        let connected = match self.far_end {
            Some(address) => self.dialer.connect_again(target, address).await,
            None => self.dialer.connect(target).await,
        };
        connected.map_err(|error| error.failure)
    }
}

/// What the first connection told.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) peer: std::net::IpAddr,
    pub(crate) tls: Option<TlsInfo>,
    pub(crate) via_proxy: bool,
    /// Round trip, seconds.
    pub(crate) rtt: f64,
    /// What the layers below add to the bytes.
    pub(crate) overhead: Overhead,
    /// What the system knows of the connection.
    pub(crate) kernel: Kernel,
}

impl Facts {
    /// Reads a fresh connection.
    pub(crate) fn of(connection: &Connection) -> Self {
        let phases = connection.phases;
        let version = match &connection.tls {
            None => Tls::None,
            Some(tls) if tls.version == "1.2" => Tls::V1_2,
            Some(_) => Tls::V1_3,
        };
        let (peer, kernel) = (connection.peer.ip(), Kernel::of(connection));
        Self {
            peer,
            tls: connection.tls.clone(),
            via_proxy: connection.via_proxy,
            rtt: round_trip_s(phases, kernel.smoothed_rtt()),
            overhead: Overhead::of(segment(connection), peer, version),
            kernel,
        }
    }

    /// The goal's thresholds in application bytes.
    pub(crate) fn thresholds(&self, goal: &Goal) -> Vec<Threshold> {
        let Goal::Verdict(bars) = goal else { return Vec::new() };
        let at_least = |bar: &RateBar| match bar.layer {
            Layer::Ip => bar.at_least_bps as f64 / self.overhead.ip_bytes_per_byte(None),
            Layer::Application => bar.at_least_bps as f64,
        };
        bars.iter().map(|bar| Threshold { at_least: at_least(bar), margin: bar.margin }).collect()
    }
}

/// The round trip behind a fresh connection, seconds: `kernel` is what the system timed, where it tells.
///
/// The longest handshake counts: behind a proxy, or one that a satellite link hides, TCP ends near the client and only
/// CONNECT and TLS go all the way. Where the system does not tell, a lost SYN has to be reckoned with: it is sent again
/// after 1 s, then 2 s more (RFC 6298), and that waiting is no round trip: windows made from it would be longer than the
/// transfer.
fn round_trip_s(phases: Phases, kernel: Option<f64>) -> f64 {
    const FIRST_TIMER_S: f64 = 1.0;
    const SECOND_TIMER_S: f64 = 3.0;
    let seconds = |us: u64| us as f64 / 1e6;
    let waited = |tcp: f64| match tcp {
        SECOND_TIMER_S.. => tcp - SECOND_TIMER_S,
        FIRST_TIMER_S.. => tcp - FIRST_TIMER_S,
        _ => tcp,
    };
    let tcp = kernel.filter(|rtt| *rtt > 0.0).or_else(|| phases.tcp_us.map(seconds).map(waited));
    let further = [phases.proxy_us, phases.tls_us].into_iter().flatten().map(seconds);
    further.chain(tcp).fold(0.0, f64::max).min(MAX_RTT_S)
}

/// The connection's largest TCP payload, where the system tells.
#[cfg(unix)]
fn segment(connection: &Connection) -> Option<u32> {
    socket2::SockRef::from(connection.io.tcp()).tcp_mss().ok()
}

/// The connection's largest TCP payload: this system does not tell.
#[cfg(not(unix))]
fn segment(_: &Connection) -> Option<u32> {
    None
}

/// An open stream, ready to carry.
#[derive(Debug)]
pub(crate) enum Stream {
    Http(Box<HttpStream>),
    Ndt7(Box<Ndt7Stream>),
}

impl Stream {
    /// Connects, and greets where the protocol wants it.
    pub(crate) async fn open(job: &Job) -> Result<(Self, Facts), Failure> {
        let upload = job.direction == Direction::Upload;
        let opened = match job.mire.protocol {
            MireProtocol::Http | MireProtocol::Librespeed => HttpStream::open(job, upload)
                .await
                .map(|(stream, facts)| (Self::Http(Box::new(stream)), facts)),
            MireProtocol::Ndt7 => Ndt7Stream::open(job, upload)
                .await
                .map(|(stream, facts)| (Self::Ndt7(Box::new(stream)), facts)),
        };
        if let (Some(load), Ok((_, facts))) = (&job.load, &opened) {
            load.opened(&job.mire, facts.peer, facts.via_proxy);
        }
        opened
    }

    /// Carries until the far end is done, the data allowed is used up, or something breaks.
    pub(crate) async fn carry(self, direction: Direction, meter: Meter) -> Result<(), Failure> {
        let result = match (self, direction) {
            (Self::Http(stream), Direction::Download) => stream.download(&meter).await,
            (Self::Http(stream), Direction::Upload) => stream.upload(&meter).await,
            (Self::Ndt7(stream), Direction::Download) => stream.download(&meter).await,
            (Self::Ndt7(stream), Direction::Upload) => stream.upload(&meter).await,
        };
        meter.over();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_for_a_lost_syn_is_no_round_trip() {
        let tcp = |tcp_us| Phases { tcp_us: Some(tcp_us), ..Phases::default() };
        let close = |phases, kernel, expected: f64| {
            let found = round_trip_s(phases, kernel);
            assert!((found - expected).abs() < 1e-9, "{phases:?} {kernel:?}: {found}");
        };
        close(tcp(60_000), None, 0.06);
        close(tcp(1_060_000), None, 0.06);
        close(tcp(3_600_000), None, 0.6);
        close(tcp(1_060_000), Some(0.061), 0.061);
        // Behind what an earlier transfer left in a queue, a second is a round trip; but none so long is believed.
        close(tcp(1_200_000), Some(1.2), MAX_RTT_S);
        close(Phases { tls_us: Some(600_000), ..tcp(2_000) }, None, 0.6);
        close(Phases { tls_us: Some(600_000), ..tcp(2_000) }, Some(0.002), 0.6);
        close(Phases::default(), None, 0.0);
    }
}
