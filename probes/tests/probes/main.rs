//! The probes against real servers: good, bad, silent, lying ones, on loopback. One binary, for each takes half a minute of a
//! processor to build.

mod dial;
mod dns;
mod dns_conduct;
mod dns_reference;
mod endpoints;
mod endpoints_families;
mod endpoints_hole;
mod endpoints_many;
mod internet;
mod ntp;
mod real_servers;
mod support;
