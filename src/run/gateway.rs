//! The box (the default gateway): how it answers when nothing else goes on, and while a transfer loads the line. What is
//! added there waits in the school, not on the line.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sonde_probes::latency::{self, During};
use sonde_probes::link::Direction;
use sonde_probes::{Env, ProbeName};
use sonde_report::values::{GatewayValue, LatencyValue, LinkValue};
use sonde_report::{Measurement, Outcome};

use super::steps::Taken;
use crate::plan::Plan;

/// The port tried where echoes are not answered: a box's own page. A refusal is an answer, too.
const PORT: u16 = 80;
/// Idle probes, and their pace: half a second tells a near box from a far one.
const PROBES: u32 = 10;
const INTERVAL: Duration = Duration::from_millis(50);
/// A box is a millisecond away; behind a full Wi-Fi, some hundred.
const PATIENCE: Duration = Duration::from_millis(500);

/// Times the box while nothing else goes on; `None` where there is none.
pub(super) async fn idle(
    plan: &Plan,
    env: &Env,
    link: Option<&LinkValue>,
) -> Option<Measurement<GatewayValue>> {
    if !plan.wants(ProbeName::Latency) {
        return None;
    }
    let address = address(link)?;
    let config = latency::Config {
        host: address.ip().to_string(),
        port: PORT,
        count: PROBES,
        interval: INTERVAL,
        timeout: PATIENCE,
    };
    let here = Env { dialer: Arc::new(env.dialer.direct()), events: None };
    Some(valued(latency::run(&config, &here).await))
}

/// The box's measurement from a latency: its caveats on how echoes are permitted say nothing more.
fn valued(measured: Measurement<LatencyValue>) -> Measurement<GatewayValue> {
    let Measurement { target, started_at, elapsed_us, outcome } = measured;
    let outcome = match outcome {
        Outcome::Measured { value, .. } => Outcome::Measured {
            value: GatewayValue { idle: value.best, download: None, upload: None },
            caveats: Vec::new(),
        },
        Outcome::Failed { failure } => Outcome::Failed { failure },
        Outcome::NotMeasured { reason } => Outcome::NotMeasured { reason },
    };
    Measurement { target, started_at, elapsed_us, outcome }
}

fn address(link: Option<&LinkValue>) -> Option<SocketAddr> {
    let address: IpAddr = link?.gateway.as_ref()?.parse().ok()?;
    Some(SocketAddr::new(address, PORT))
}

/// Times the box beside a transfer.
pub(super) struct Beside(Option<During>);

impl Beside {
    /// Begins, where the box answered before.
    pub(super) fn begin(env: &Env, taken: &Taken) -> Self {
        let known = taken.measurements.gateway.as_ref().and_then(Measurement::value);
        let method = known.map(|value| value.idle.method);
        Self(method.zip(address(taken.link())).and_then(|(method, box_)| latency::during(box_, method, env)))
    }

    /// Ends with the transfer.
    pub(super) async fn end(self, taken: &mut Taken, direction: Direction) {
        let Some(during) = self.0 else { return };
        let seen = during.finish().await;
        let Some(Measurement { outcome: Outcome::Measured { value, .. }, .. }) =
            &mut taken.measurements.gateway
        else {
            return;
        };
        match direction {
            Direction::Down => value.download = Some(seen),
            Direction::Up => value.upload = Some(seen),
        }
    }
}
