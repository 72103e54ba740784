//! The Wi-Fi: what ties BSSIDs to a box, how networks are secured, and what deserves a look on the air.

use sonde_report::values::{
    ChannelUse, RadioFinding, RadioFindingCode as Code, WifiGeneration, WifiLink, WifiSecurity,
};

use super::rooms::dbm;
use crate::text::{Lang, with_unit};

/// What grouped BSSIDs into access points. The codes are open: an unknown one is shown as it is.
#[must_use]
pub fn evidence(code: &str, lang: Lang) -> String {
    let (fr, en) = match code {
        "address_arithmetic" => ("identifiants radio voisins", "neighbouring radio identifiers"),
        "same_band_distinct" => {
            ("identifiants distincts dans une même bande", "distinct identifiers in one band")
        }
        "multiple_bssid" => ("annonce d’identifiants multiples", "multiple-BSSID announcement"),
        "multi_link" => ("adresse multi-lien commune", "common multi-link address"),
        "co_located" => ("radios annoncées dans la même borne", "radios announced as co-located"),
        "wps_uuid" => ("identifiant WPS commun", "common WPS identifier"),
        "beacon_timer" => ("horloges de balise égales", "equal beacon timers"),
        "invented_address" => {
            ("adresse sans fabricant, peut-être un téléphone", "address without a maker, perhaps a telephone")
        }
        "same_channel" => ("même canal", "same channel"),
        "serial_number" => ("numéro de série commun", "common serial number"),
        "box_name" => ("nom de borne commun", "common access-point name"),
        "address_and_signal" => {
            ("identifiants voisins, même niveau de signal", "neighbouring identifiers, same signal level")
        }
        "complementary_bands" => ("bandes complémentaires", "complementary bands"),
        "same_channel_signal" => ("même canal, même niveau de signal", "same channel, same signal level"),
        other => return other.replace('_', " "),
    };
    lang.pick(fr, en).to_owned()
}

/// A band in GHz (`2.4`) in the reader's language, with its unit.
#[must_use]
pub fn band(band: &str, lang: Lang) -> String {
    with_unit(&lang.pick(band.replace('.', ","), band.to_owned()), "GHz")
}

/// How a network is secured.
#[must_use]
pub fn security(security: WifiSecurity, lang: Lang) -> &'static str {
    let (fr, en) = match security {
        WifiSecurity::Open => ("ouvert", "open"),
        WifiSecurity::Wep => ("WEP", "WEP"),
        WifiSecurity::Tkip => ("WPA (TKIP)", "WPA (TKIP)"),
        WifiSecurity::Owe => ("ouvert, chiffré (OWE)", "open, encrypted (OWE)"),
        WifiSecurity::Wpa2Personal => ("WPA2", "WPA2"),
        WifiSecurity::Wpa2Wpa3Personal => ("WPA2/WPA3", "WPA2/WPA3"),
        WifiSecurity::Wpa3Personal => ("WPA3", "WPA3"),
        WifiSecurity::Enterprise => ("802.1X", "802.1X"),
        WifiSecurity::Other => ("autre", "other"),
    };
    lang.pick(fr, en)
}

/// The generation's name in shops.
#[must_use]
pub fn generation(generation: WifiGeneration) -> &'static str {
    match generation {
        WifiGeneration::Legacy => "802.11a/b/g",
        WifiGeneration::N => "Wi-Fi 4",
        WifiGeneration::Ac => "Wi-Fi 5",
        WifiGeneration::Ax => "Wi-Fi 6",
        WifiGeneration::Be => "Wi-Fi 7",
    }
}

/// What deserves a look, where, and what to do.
#[must_use]
pub fn radio_finding(finding: &RadioFinding, lang: Lang) -> String {
    let (fr, en) = match finding.code {
        Code::OpenNetwork => (
            "réseau ouvert : tout s’y lit et n’importe qui y entre. Le protéger (WPA2 ou WPA3), ou le réserver à l’accueil derrière un portail.",
            "open network: anybody may join and read. Secure it (WPA2 or WPA3), or keep it for visitors behind a portal.",
        ),
        Code::Wep => (
            "WEP, cassé depuis 2001 : passer à WPA2 ou WPA3.",
            "WEP, broken since 2001: move to WPA2 or WPA3.",
        ),
        Code::Tkip => (
            "WPA ou TKIP encore permis, affaiblis : n’autoriser que WPA2 ou WPA3 en AES (CCMP).",
            "WPA or TKIP still allowed, weakened: allow WPA2 or WPA3 with AES (CCMP) only.",
        ),
        Code::WpsOn => (
            "WPS actif : l’ANSSI demande de le couper (note DAT-NT-005).",
            "WPS is on: ANSSI asks for it to be switched off (note DAT-NT-005).",
        ),
        Code::BusyChannel => (
            "canal occupé plus de la moitié du temps : en choisir un autre, ou répartir les appareils.",
            "channel busy more than half of the time: choose another, or spread the devices.",
        ),
        Code::SharedChannel => (
            "deux bornes de l’école sur le même canal : elles parlent à tour de rôle. Les séparer si possible.",
            "two of the school’s access points on one channel: they take turns. Set them apart where possible.",
        ),
        Code::OverlappingChannels => (
            "bornes de l’école sur des canaux qui se chevauchent : elles se gênent. À 2,4 GHz, choisir parmi 1, 6 et 11 ; à \
             5 GHz, réduire la largeur des canaux ou les écarter.",
            "the school’s access points on overlapping channels: they disturb each other. At 2.4 GHz, choose among 1, 6 and 11; \
             at 5 GHz, make the channels narrower or set them apart.",
        ),
        Code::WideChannel => (
            "canal de 40 MHz à 2,4 GHz : il prend presque toute la bande. Le ramener à 20 MHz.",
            "40 MHz channel at 2.4 GHz: it takes nearly the whole band. Set it back to 20 MHz.",
        ),
        Code::OffGridChannel => (
            "canal autre que 1, 6 ou 11 à 2,4 GHz : il en chevauche deux.",
            "channel other than 1, 6 or 11 at 2.4 GHz: it overlaps two of them.",
        ),
        Code::CrowdedChannel => (
            "beaucoup de voisins sur ce canal : en choisir un moins chargé, ou préférer 5 GHz.",
            "many neighbours on this channel: choose a quieter one, or prefer 5 GHz.",
        ),
        Code::RadarChannel => (
            "canal partagé avec les radars (DFS) : la borne peut se taire une minute ou plus. Normal ; y penser si des coupures sont signalées.",
            "channel shared with radars (DFS): the access point may fall silent for a minute or more. Normal; think of it where drops are reported.",
        ),
        Code::OldGeneration => (
            "Wi-Fi 4 (802.11n) au mieux : peu pour une classe entière. À remplacer quand ce sera possible.",
            "Wi-Fi 4 (802.11n) at best: little for a whole class. Replace when possible.",
        ),
    };
    match place(finding, lang) {
        place if place.is_empty() => capital(lang.pick(fr, en)),
        place => lang.labelled(&place, lang.pick(fr, en)),
    }
}

/// The network, channel and boxes of a finding.
fn place(finding: &RadioFinding, lang: Lang) -> String {
    let mut parts = Vec::new();
    if let Some(ssid) = &finding.ssid {
        parts.push(match ssid.as_str() {
            "" => lang.pick("réseau masqué", "hidden network").to_owned(),
            name => lang.pick(format!("«\u{202f}{name}\u{202f}»"), format!("“{name}”")),
        });
    }
    if let Some(channel) = finding.channel {
        let band = finding.band.as_deref().map(|known| format!(" ({})", band(known, lang)));
        parts.push(format!("{} {channel}{}", lang.pick("canal", "channel"), band.unwrap_or_default()));
    }
    let numbers: Vec<String> = finding.access_points.iter().map(u32::to_string).collect();
    match numbers.as_slice() {
        [] => {}
        [one] => parts.push(format!("{} {one}", lang.pick("borne", "access point"))),
        more => parts.push(format!("{} {}", lang.pick("bornes", "access points"), more.join(", "))),
    }
    capital(&parts.join(", "))
}

fn capital(text: &str) -> String {
    super::capitalised(text)
}

/// Who uses a channel, and how busy it is.
#[must_use]
pub fn channel_use(channel: &ChannelUse, lang: Lang) -> String {
    let busy = channel.busy_ratio.map(|ratio| {
        let share = lang.percent(ratio);
        lang.pick(format!("occupé {share} du temps"), format!("busy {share} of the time"))
    });
    let count =
        |number: u32, one: &str, more: &str| format!("{number} {}", if number > 1 { more } else { one });
    let own = lang.pick(
        count(channel.school, "réseau de l’école", "réseaux de l’école"),
        count(channel.school, "network of the school", "networks of the school"),
    );
    let others = lang.pick(
        count(channel.neighbours, "voisin audible", "voisins audibles"),
        count(channel.neighbours, "audible neighbour", "audible neighbours"),
    );
    let noise = channel.noise_dbm.map(|level| {
        let level = dbm(level, lang);
        lang.pick(format!("bruit {level}"), format!("noise {level}"))
    });
    let parts: Vec<String> = [busy, Some(own), Some(others), noise].into_iter().flatten().collect();
    let name =
        format!("{} {} ({})", lang.pick("Canal", "Channel"), channel.channel, band(&channel.band, lang));
    lang.labelled(&name, &parts.join(", "))
}

/// The machine's own association.
#[must_use]
pub fn wifi_link(link: &WifiLink, lang: Lang) -> String {
    let whose = if link.school {
        lang.pick("à un réseau de l’école", "to a network of the school")
    } else {
        lang.pick(
            "à un réseau qui n’est pas déclaré comme celui de l’école",
            "to a network not declared as the school’s",
        )
    };
    let signal = link.signal_dbm.map(|level| dbm(level, lang));
    let out = link.transmit_bps.map(|bps| {
        let rate = lang.nominal_rate(bps);
        lang.pick(format!("{rate} en émission"), format!("{rate} sending"))
    });
    let back = link.receive_bps.map(|bps| {
        let rate = lang.nominal_rate(bps);
        lang.pick(format!("{rate} en réception"), format!("{rate} receiving"))
    });
    let parts: Vec<String> = [Some(whose.to_owned()), signal, out, back].into_iter().flatten().collect();
    parts.join(", ")
}
