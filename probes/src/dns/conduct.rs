//! What one resolver does beside answering: two lanes of questions, each with its pauses, within one total.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::proto::rr::{Name, RecordType};
use sonde_report::values::DnsConduct;
use sonde_report::{Cause, Failure};

use super::questions::PAUSE;
use super::wire::{self, Manner, Reply};
use super::{Config, dnssec, honesty, search, sizes};

/// Asks one server, a pause before each question.
pub(super) struct Asker {
    server: SocketAddr,
    limit: Duration,
}

impl Asker {
    /// Once over UDP.
    pub(super) async fn udp(&self, name: &Name, kind: RecordType, manner: Manner) -> Result<Reply, Failure> {
        self.udp_within(name, kind, manner, self.limit).await
    }

    /// Twice over UDP at most, in the time of one question: a single datagram lost on the line is no finding.
    pub(super) async fn udp_twice(
        &self,
        name: &Name,
        kind: RecordType,
        manner: Manner,
    ) -> Result<Reply, Failure> {
        match self.udp_within(name, kind, manner, self.limit / 2).await {
            Err(failure) if failure.cause == Cause::Timeout => {
                self.udp_within(name, kind, manner, self.limit / 2).await
            }
            other => other,
        }
    }

    async fn udp_within(
        &self,
        name: &Name,
        kind: RecordType,
        manner: Manner,
        limit: Duration,
    ) -> Result<Reply, Failure> {
        tokio::time::sleep(PAUSE).await;
        wire::over_udp(self.server, name, kind, manner, limit).await
    }

    /// Once over TCP.
    pub(super) async fn tcp(&self, name: &Name, kind: RecordType, manner: Manner) -> Result<Reply, Failure> {
        tokio::time::sleep(PAUSE).await;
        wire::over_tcp(self.server, name, kind, manner, self.limit).await
    }
}

/// Watches one resolver that lives. `known` is a name it answers; without one any name will do where only an answer of
/// some kind matters. What is not seen when `cap` is over stays unknown.
pub(super) async fn watch(
    config: &Config,
    server: SocketAddr,
    known: Option<&str>,
    cap: Duration,
) -> DnsConduct {
    let asker = Asker { server, limit: config.timeout };
    let any = known.or(config.names.first().map(String::as_str)).unwrap_or(".");
    let mut conduct = DnsConduct::default();
    let mut refused_broken = false;
    {
        let DnsConduct { rewrites_nxdomain, rewritten_to, dnssec, transport, search } = &mut conduct;
        let mut signed = None;
        let truth = async {
            (*rewrites_nxdomain, *rewritten_to) = honesty::watch(&asker).await;
            let lies = *rewrites_nxdomain == Some(true);
            search::watch(&asker, config.search.as_ref(), lies, search).await;
            dnssec::watch(&asker, &config.test_names.broken, lies, dnssec, &mut refused_broken).await;
        };
        let ways = sizes::watch(&asker, any, &config.test_names, transport, &mut signed);
        // Running out of time is no failure: what was seen stands.
        let _ = tokio::time::timeout(cap, async { tokio::join!(truth, ways) }).await;
        if let Some(reply) = &signed {
            dnssec::read_signed(reply, dnssec);
        }
    }
    dnssec::conclude(&mut conduct.dnssec, refused_broken);
    conduct
}
