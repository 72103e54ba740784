//! Sentences about a report: what each code means, why it matters, and who should do what about it.
//!
//! Every function is an exhaustive match: a new code does not compile before it has its sentence in both
//! languages. Nothing here decides anything.

mod advice;
mod dns;
mod failures;
mod labels;
mod loaded;
mod mtu;
mod place;
mod rooms;
mod sentences;
mod territory;
mod usage;
mod values;
mod verdicts;
mod wifi;

pub use advice::{
    act_on, black_hole_of_one, cause_advice, look_from_elsewhere, no_action, reason_advice, remedy,
    state_advice, try_announced_proxy,
};
pub use dns::{
    dead_resolver_advice, dns_advice, dns_block, dns_block_advice, dns_finding, dns_nothing, dns_silent,
    dnssec, names_blocked, names_failing, ndots, ntp_offset, reference_answers,
};
pub use failures::{cause, caveat, caveat_detail, reason, stage};
pub use labels::{Label, label};
pub use loaded::{
    Load, load, load_cell, loaded_caption, loaded_heads, loaded_method, queue_advice, responsiveness,
    video_call,
};
pub use mtu::{ipv6_access, ipv6_by_tunnel, path_mtu};
pub use place::{located_title, place, place_evidence};
pub use rooms::{below_advice, below_title, dbm, level_note, reception, rooms_scan};
pub use sentences::{
    access_points, action_about, after_colon, between, capitalised, clock_offset, curve, measured_how,
    no_rate, of, rate_verdict, repetitions, services_reached, together, with_notes,
};
pub use territory::{ent_proposal, no_portal, territory, territory_of};
pub use usage::{
    direction, tablets, usage_assumed, usage_assumptions, usage_cap, usage_caption, usage_heads, usage_note,
    usage_reserve, usage_title, use_name,
};
pub use values::{
    counted_at, decrypted_and_trusted, dns_path, endpoint_kind, endpoint_state, interface_kind, ipv6_broken,
    limited_by, mire_protocol, nat, path_method, proxy_source, reached_at_second_attempt, rtt_method,
    service_trouble, stop_reason, wifi_on, wpad_source,
};
pub use verdicts::{
    actor, assumption, confidence, layer, level, overall, requirement, rule_name, size, verdict,
    verdict_long, verdict_reason,
};
pub use wifi::{band, channel_use, evidence, generation, radio_finding, security, wifi_link};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    /// The sentences' sources: the matches are exhaustive, so what stands in them is every code's text.
    const SOURCES: [&str; 14] = [
        include_str!("wifi.rs"),
        include_str!("mtu.rs"),
        include_str!("advice.rs"),
        include_str!("dns.rs"),
        include_str!("failures.rs"),
        include_str!("labels.rs"),
        include_str!("loaded.rs"),
        include_str!("place.rs"),
        include_str!("rooms.rs"),
        include_str!("sentences.rs"),
        include_str!("territory.rs"),
        include_str!("usage.rs"),
        include_str!("values.rs"),
        include_str!("verdicts.rs"),
    ];

    /// The command line's sentences.
    const CLI_SOURCES: [&str; 10] = [
        include_str!("../cli/allowlist.rs"),
        include_str!("../cli/guided.rs"),
        include_str!("../cli/help.rs"),
        include_str!("../cli/help_wifi.rs"),
        include_str!("../cli/message.rs"),
        include_str!("../cli/problem.rs"),
        include_str!("../cli/services.rs"),
        include_str!("../cli/survey.rs"),
        include_str!("../cli/survey_say.rs"),
        include_str!("../cli/usage.rs"),
    ];

    /// Every text between quotation marks, the comments left out.
    fn literals() -> Vec<String> {
        let lines = SOURCES
            .iter()
            .chain(&CLI_SOURCES)
            .flat_map(|source| source.lines())
            .filter(|line| !line.trim_start().starts_with("//"));
        lines
            .flat_map(|line| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }

    #[test]
    fn sentences_follow_the_typography() {
        let literals = literals();
        assert!(literals.len() > 500, "only {} texts were found", literals.len());
        for text in literals {
            // A pattern's question mark, not a sentence's.
            let text = text.replace("* et ? permis", "").replace("* and ? allowed", "");
            for mark in [':', ';', '!', '?', '%', '»'] {
                assert!(!text.contains(&format!(" {mark}")), "plain space before {mark}: {text:?}");
            }
            assert!(!text.contains("« "), "plain space after «: {text:?}");
            let letters: Vec<char> = text.chars().collect();
            let straight =
                letters.windows(3).any(|w| w[0].is_alphabetic() && w[1] == '\'' && w[2].is_alphabetic());
            assert!(!straight, "straight apostrophe: {text:?}");
        }
    }

    #[test]
    fn sentences_use_the_words_of_the_field() {
        for text in literals() {
            for word in ["Mbps", "Mb/s", "réglementa", "laisser le Wi-Fi", "leave the Wi-Fi"] {
                assert!(!text.contains(word), "{word}: {text:?}");
            }
        }
    }

    #[test]
    fn no_code_is_without_words() {
        // Only a labelled list's value, and what is absent from a sentence, are empty on purpose.
        let empty = SOURCES
            .iter()
            .flat_map(|source| source.lines())
            .filter(|line| line.contains("(\"\",") || line.contains(", \"\")"));
        assert_eq!(empty.count(), 0);
    }
}
