//! Words for resolvers: what is wrong with one, for which names, and who acts. And the word of a time server.

use sonde_report::{
    CaveatCode,
    assess::Actor,
    values::{DnsBlock, Dnssec, DnssecValidation, NtpValue},
};

use crate::text::Lang;

/// How a name is blocked or altered, after the name and a colon.
#[must_use]
pub fn dns_block(block: DnsBlock, lang: Lang) -> &'static str {
    let (fr, en) = match block {
        DnsBlock::Refused => (
            "refusé (REFUSED), alors que d’autres noms reçoivent une réponse",
            "refused (REFUSED), while other names are answered",
        ),
        DnsBlock::ServerFailure => (
            "en échec (SERVFAIL), alors que d’autres noms reçoivent une réponse : filtrage, ou panne de ce nom seul",
            "failing (SERVFAIL), while other names are answered: a filter, or a fault of this name alone",
        ),
        DnsBlock::NullAddress => (
            "bloqué par une adresse nulle ou locale (0.0.0.0)",
            "blocked with a null or local address (0.0.0.0)",
        ),
        DnsBlock::PrivateAddress => ("dirigé vers une adresse privée", "sent to a private address"),
        DnsBlock::NameDenied => (
            "déclaré inexistant (NXDOMAIN), alors que le résolveur extérieur le connaît",
            "said not to exist (NXDOMAIN), while the outside resolver knows it",
        ),
        DnsBlock::AddressDenied => (
            "vidé de son adresse, alors que le résolveur extérieur en donne une",
            "emptied of its address, while the outside resolver gives one",
        ),
        DnsBlock::OtherAddress => (
            "dirigé vers une adresse qui n’a pas le certificat de ce nom, alors que celle du résolveur extérieur l’a",
            "sent to an address that does not hold this name’s certificate, while the outside resolver’s does",
        ),
    };
    lang.pick(fr, en)
}

/// What is wrong with a resolver, in two or three words; `None` for what is no matter of resolvers.
#[must_use]
pub fn dns_finding(caveat: CaveatCode, lang: Lang) -> Option<&'static str> {
    let (fr, en) = match caveat {
        CaveatCode::NxdomainRewritten => ("réponses inventées", "made-up answers"),
        CaveatCode::DnsWithoutTcp => ("pas de TCP", "no TCP"),
        CaveatCode::DnsWithoutEdns => ("pas d’EDNS", "no EDNS"),
        CaveatCode::DnsLargeAnswersLost => ("grandes réponses perdues", "large answers lost"),
        CaveatCode::SearchDomainWildcard => ("domaine de recherche piégé", "search-domain trap"),
        CaveatCode::DnsIntercepted => ("réponses interposées", "answered in between"),
        CaveatCode::ResolverSlow => ("lent", "slow"),
        CaveatCode::ResolverUnsteady => ("irrégulier", "unsteady"),
        CaveatCode::NamesLeftToProxy => ("laissés au proxy", "left to the proxy"),
        CaveatCode::SilentResolverFirst => ("attend un résolveur muet", "waits for a silent resolver"),
        _ => return None,
    };
    Some(lang.pick(fr, en))
}

/// That a resolver is as it should be.
#[must_use]
pub fn dns_nothing(lang: Lang) -> &'static str {
    lang.pick("rien à signaler", "nothing wrong")
}

/// That a resolver does not answer at all.
#[must_use]
pub fn dns_silent(lang: Lang) -> &'static str {
    lang.pick("ne répond pas", "does not answer")
}

/// How many names a resolver blocks or alters.
#[must_use]
pub fn names_blocked(count: usize, lang: Lang) -> String {
    match (count, lang) {
        (1, Lang::Fr) => "1 nom bloqué".to_owned(),
        (_, Lang::Fr) => format!("{count} noms bloqués"),
        (1, Lang::En) => "1 name blocked".to_owned(),
        (_, Lang::En) => format!("{count} names blocked"),
    }
}

/// How many names a resolver gives no address for, without a sign that it blocks them.
#[must_use]
pub fn names_failing(count: usize, lang: Lang) -> String {
    match (count, lang) {
        (1, Lang::Fr) => "1 nom sans adresse".to_owned(),
        (_, Lang::Fr) => format!("{count} noms sans adresse"),
        (1, Lang::En) => "1 name without address".to_owned(),
        (_, Lang::En) => format!("{count} names without address"),
    }
}

/// What a resolver's fault asks for, and of whom. `inside`: the resolver stands in the school or the commune (a private
/// address); otherwise it is the operator's or a public one.
#[must_use]
pub fn dns_advice(caveat: CaveatCode, inside: bool, lang: Lang) -> Option<(Actor, &'static str)> {
    use Actor::{Commune, FilterAdministrator, Operator};
    let keeper = if inside { Commune } else { Operator };
    let (actor, fr, en) = match caveat {
        CaveatCode::NxdomainRewritten => (
            if inside { FilterAdministrator } else { Operator },
            "Faire cesser les réponses inventées par le résolveur DNS pour les noms qui n’existent pas.",
            "Have the DNS resolver stop making up answers for names that do not exist.",
        ),
        CaveatCode::DnsWithoutTcp => (
            keeper,
            "Faire ouvrir le port 53 en TCP, comme en UDP, vers le résolveur DNS (RFC 7766).",
            "Have port 53 opened over TCP, as over UDP, to the DNS resolver (RFC 7766).",
        ),
        CaveatCode::DnsWithoutEdns => (
            keeper,
            "Faire mettre à jour le résolveur DNS ou le pare-feu qui rejette EDNS (RFC 6891).",
            "Have the DNS resolver, or the firewall that rejects EDNS, updated (RFC 6891).",
        ),
        CaveatCode::DnsLargeAnswersLost => (
            keeper,
            "Faire limiter les réponses UDP du résolveur DNS à 1232 octets, ou laisser passer les fragments (RFC 9715).",
            "Have the DNS resolver’s UDP answers limited to 1232 bytes, or fragments let through (RFC 9715).",
        ),
        CaveatCode::SearchDomainWildcard => (
            Commune,
            "Retirer le nom générique (*) du domaine de recherche, ou ce domaine de la configuration DHCP.",
            "Remove the wildcard (*) from the search domain, or that domain from the DHCP settings.",
        ),
        CaveatCode::ResolverSlow => (
            keeper,
            "Faire vérifier la charge du résolveur DNS et ce qu’il interroge lui-même, ou en désigner un plus proche.",
            "Have the DNS resolver’s load and what it asks in turn checked, or a nearer one named.",
        ),
        CaveatCode::ResolverUnsteady => (
            keeper,
            "Faire vérifier pourquoi le résolveur DNS laisse des questions sans réponse (charge, pertes sur le réseau).",
            "Have it checked why the DNS resolver leaves questions unanswered (load, loss on the network).",
        ),
        _ => return None,
    };
    Some((actor, lang.pick(fr, en)))
}

/// What names that a resolver blocks ask for.
#[must_use]
pub fn dns_block_advice(lang: Lang) -> (Actor, &'static str) {
    let sentence = lang.pick(
        "Autoriser ces noms sur le résolveur DNS, ou dire pourquoi ils sont bloqués.",
        "Allow these names on the DNS resolver, or say why they are blocked.",
    );
    (Actor::FilterAdministrator, sentence)
}

/// What a resolver that does not answer asks for.
#[must_use]
pub fn dead_resolver_advice(inside: bool, lang: Lang) -> (Actor, &'static str) {
    let sentence = lang.pick(
        "Remettre en marche ce résolveur DNS ou le retirer de la configuration (DHCP, box) : chaque nom l’attend avant qu’un autre ne réponde.",
        "Get this DNS resolver going again, or take it out of the settings (DHCP, box): each name waits for it before another one answers.",
    );
    (if inside { Actor::Commune } else { Actor::Operator }, sentence)
}

/// What a resolver does with signatures, in one sentence; `None` when nothing is known.
#[must_use]
pub fn dnssec(seen: &Dnssec, lang: Lang) -> Option<String> {
    let signatures = seen.signatures.map(|kept| {
        if kept {
            lang.pick("signatures transmises", "signatures passed on")
        } else {
            lang.pick("signatures retirées", "signatures removed")
        }
    });
    let validation = match seen.validation {
        DnssecValidation::Validating => lang.pick("vérifiées par ce résolveur", "checked by this resolver"),
        DnssecValidation::NotValidating => {
            lang.pick("non vérifiées par ce résolveur", "not checked by this resolver")
        }
        DnssecValidation::Unknown if signatures.is_none() => return None,
        DnssecValidation::Unknown => lang.pick("vérification non connue", "checking not known"),
    };
    let said: Vec<&str> = signatures.into_iter().chain([validation]).collect();
    let aside = lang.pick("pour information", "for information");
    Some(lang.labelled("DNSSEC", &format!("{} ({aside}).", said.join(", "))))
}

/// How an outside resolver that answered, or did not, bears on the rest.
#[must_use]
pub fn reference_answers(answered: bool, lang: Lang) -> &'static str {
    if answered {
        lang.pick(
            "Le résolveur extérieur demandé (--dns-reference) sert de comparaison.",
            "The outside resolver asked for (--dns-reference) serves as comparison.",
        )
    } else {
        lang.pick(
            "Le résolveur extérieur demandé (--dns-reference) n’a pas répondu : beaucoup de réseaux scolaires ferment cette sortie, et ce n’est pas un défaut. Rien n’a pu être comparé.",
            "The outside resolver asked for (--dns-reference) did not answer: many school networks close this way out, and that is no fault. Nothing could be compared.",
        )
    }
}

/// Search domains and when they are tried first.
#[must_use]
pub fn ndots(domains: &[String], ndots: Option<u32>, lang: Lang) -> String {
    let listed = domains.join(", ");
    match ndots {
        Some(dots) if dots > 1 => lang.pick(
            format!("{listed} (essayés d’abord pour tout nom de moins de {dots} points)"),
            format!("{listed} (tried first for any name of fewer than {dots} dots)"),
        ),
        _ => listed,
    }
}

/// A time server's word on this machine's clock.
#[must_use]
pub fn ntp_offset(server: &str, value: &NtpValue, lang: Lang) -> String {
    let length = lang.milliseconds(value.offset_us.unsigned_abs());
    let way =
        if value.offset_us >= 0 { lang.pick("en avance", "ahead") } else { lang.pick("en retard", "behind") };
    let half = lang.milliseconds(value.delay_us / 2);
    lang.pick(
        format!("{length} {way}, à {half} près, selon {server} (strate {})", value.stratum),
        format!("{length} {way}, give or take {half}, says {server} (stratum {})", value.stratum),
    )
}
