//! Words for how large packets may be, and for how IPv6 gets out.

use sonde_report::values::{Ipv6Access, Ipv6Kind, PathMtu};

use crate::text::{Lang, NARROW};

/// How large packets may be on the way to the mire.
#[must_use]
pub fn path_mtu(mtu: &PathMtu, lang: Lang) -> String {
    let bytes = |count: u32| lang.integer(count.into());
    let answered = bytes(mtu.answered_bytes);
    let mut sentences = vec![lang.pick(
        format!("Les paquets de {answered} octets passent."),
        format!("Packets of {answered} bytes get through."),
    )];
    if let Some(word) = &mtu.too_big {
        let from = &word.from;
        let next = word.next_bytes.map(|next| {
            let next = bytes(next);
            lang.pick(format!(" ({next} octets au plus)"), format!(" ({next} bytes at most)"))
        });
        let next = next.unwrap_or_default();
        sentences.push(lang.pick(
            format!("Plus loin, la ligne est plus étroite, et {from} le signale comme il se doit{next}."),
            format!("Further on the line is narrower, and {from} says so as it must{next}."),
        ));
    }
    if let Some(silent) = mtu.silent_bytes.map(bytes) {
        sentences.push(lang.pick(
            format!("À {silent} octets, ni réponse ni message{NARROW}: trou noir MTU possible, ou équipement qui ignore les grands paquets d’essai."),
            format!("At {silent} bytes, neither an answer nor a message: perhaps an MTU black hole, or equipment that ignores large test packets."),
        ));
    }
    sentences.join(" ")
}

/// How IPv6 gets to the Internet.
#[must_use]
pub fn ipv6_access(access: &Ipv6Access, lang: Lang) -> String {
    let kind = ipv6_kind(access.kind, lang);
    let Some(mtu) = access.mtu.map(|bytes| lang.integer(bytes.into())) else { return kind.to_owned() };
    lang.pick(format!("{kind} (MTU de {mtu} octets)"), format!("{kind} (MTU {mtu} bytes)"))
}

fn ipv6_kind(kind: Ipv6Kind, lang: Lang) -> &'static str {
    let (fr, en) = match kind {
        Ipv6Kind::Native => ("natif, aucun tunnel visible", "native, no tunnel to be seen"),
        Ipv6Kind::Teredo => {
            ("tunnel Teredo de cette machine (RFC 4380)", "this machine’s Teredo tunnel (RFC 4380)")
        }
        Ipv6Kind::SixToFour => (
            "tunnel 6to4, abandonné par la norme (RFC 7526)",
            "6to4 tunnel, given up by the standard (RFC 7526)",
        ),
        Ipv6Kind::Isatap => {
            ("tunnel ISATAP de l’organisation (RFC 5214)", "the organisation’s ISATAP tunnel (RFC 5214)")
        }
        Ipv6Kind::SixInFour => ("tunnel dans IPv4 (6in4 ou 6rd)", "tunnel in IPv4 (6in4 or 6rd)"),
        Ipv6Kind::SixInSix => ("tunnel dans IPv6", "tunnel in IPv6"),
        Ipv6Kind::Gre => ("tunnel GRE", "GRE tunnel"),
        Ipv6Kind::Wireguard => ("tunnel WireGuard", "WireGuard tunnel"),
        Ipv6Kind::OtherTunnel => ("tunnel (VPN ou PPP)", "tunnel (VPN or PPP)"),
        Ipv6Kind::PerhapsBehindRouter => (
            "peut-être un tunnel du routeur, qui annonce une MTU réduite",
            "perhaps a tunnel of the router, which announces a smaller MTU",
        ),
    };
    lang.pick(fr, en)
}

/// What a tunnel has to do with IPv6 that does not work; nothing where it is native.
#[must_use]
pub fn ipv6_by_tunnel(access: &Ipv6Access, lang: Lang) -> Option<String> {
    let way = ipv6_access(access, lang);
    (access.kind != Ipv6Kind::Native).then(|| {
        lang.pick(
            format!("IPv6 ne semble pas natif ici{NARROW}: {way}. C’est une cause fréquente de panne."),
            format!("IPv6 does not look native here: {way}. That is a frequent cause of trouble."),
        )
    })
}
