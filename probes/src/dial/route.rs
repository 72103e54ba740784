//! Whether this machine has a way to an address at all, asked of its own routing table.

use std::net::SocketAddr;

use socket2::{Domain, SockRef, Socket, Type};

use super::{Dialer, bind_to_interface};

impl Dialer {
    /// Whether there is a route and a source address towards `to`. Nothing is sent: a UDP socket that is connected only
    /// looks the route up.
    pub(crate) fn has_route(&self, to: SocketAddr) -> bool {
        let Ok(socket) = Socket::new(Domain::for_address(to), Type::DGRAM, None) else { return false };
        if let Some(interface) = &self.config.interface
            && bind_to_interface(&SockRef::from(&socket), interface, to).is_err()
        {
            return false;
        }
        socket.connect(&to.into()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::dial::DialConfig;

    #[test]
    fn loopback_has_a_route_and_an_interface_that_is_not_there_has_none() {
        let with = |interface: Option<&str>| {
            let config = DialConfig { interface: interface.map(str::to_owned), ..DialConfig::default() };
            Dialer::new(config).unwrap().has_route(([127, 0, 0, 1], 443).into())
        };
        assert!(with(None));
        assert!(!with(Some("nosuchif0")));
    }
}
