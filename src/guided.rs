//! The guided mode: a few questions on a terminal, then an ordinary run. Asks, never measures.

use inquire::validator::Validation;
use inquire::{InquireError, Password, PasswordDisplayMode, Text};
use sonde_probes::catalogue::{Endpoint, Place};
use sonde_report::values::EndpointKind;
use sonde_report::{Report, SchoolSize, Uai};

use crate::complain;
use crate::config::services::Services;
use crate::config::values::{self, Expected};
use crate::config::{Key, Origin, Raw};
use crate::prompts::{self, Choice, check_uai, choose};
use crate::run::Delivery;
use crate::show::html;
use crate::text::Lang;
use crate::text::cli::{guided as words, problem};

/// Asks what is not known yet, and puts the answers into `raw`. `false` when the user left (Esc, Ctrl-C).
pub fn ask(raw: &mut Raw, lang: Lang) -> bool {
    prompts::prepare(lang);
    complain(words::WELCOME.pick(lang));
    let answered = questions(raw, lang).is_ok();
    if !answered {
        complain(words::LEFT.pick(lang));
    }
    answered
}

/// Asks for the password of a proxy's user, without an echo. `None` when the user left, or typed none.
pub fn ask_proxy_password(user: &str, proxy: &str, lang: Lang) -> Option<String> {
    let question = words::proxy_password(user, proxy, lang);
    let asked = Password::new(&question)
        .with_display_mode(PasswordDisplayMode::Hidden)
        .without_confirmation()
        .with_help_message(words::PASSWORD_HELP.pick(lang));
    asked.prompt().ok().filter(|password| !password.is_empty())
}

fn questions(raw: &mut Raw, lang: Lang) -> Result<(), InquireError> {
    let mut answer = |key, value: String| raw.set(key, vec![value], Origin::Question);
    let uai = Text::new(words::UAI.pick(lang))
        .with_help_message(words::UAI_HELP.pick(lang))
        .with_validator(move |text: &str| Ok(check_uai(text, lang)))
        .prompt()?;
    if !uai.trim().is_empty() {
        answer(Key::Uai, uai);
    }
    let sizes = SchoolSize::ALL.map(Some).into_iter().chain([None]);
    let sizes: Vec<Choice<Option<SchoolSize>>> =
        sizes.map(|size| Choice { shown: words::size(size, lang).to_owned(), value: size }).collect();
    if let Some(size) = choose(words::SIZE.pick(lang), words::LIST_HELP.pick(lang), sizes)? {
        answer(Key::Size, size.to_string());
    }
    let states = [(words::YES, "yes"), (words::NO, "no"), (words::UNKNOWN, "unknown")];
    let states = states.map(|(text, value)| Choice { shown: text.pick(lang).to_owned(), value }).to_vec();
    let wifi_on = choose(words::WIFI_ON.pick(lang), words::LIST_HELP.pick(lang), states)?;
    answer(Key::WifiOn, wifi_on.to_owned());
    if wifi_on != "no" {
        let ssid = Text::new(words::SSID.pick(lang))
            .with_validator(move |text: &str| Ok(check_ssid(text, lang)))
            .prompt()?;
        if !ssid.trim().is_empty() {
            answer(Key::Ssid, ssid.trim().to_owned());
        }
    }
    ask_ent(raw, lang)
}

/// The ENT: those of the school's place first, none of them taken for granted.
fn ask_ent(raw: &mut Raw, lang: Lang) -> Result<(), InquireError> {
    // A file of services that is refused is told after the questions, with the other refusals.
    let known = |raw: &Raw| Services::from_raw(&mut raw.clone()).ok();
    let mut services = known(raw);
    if services.as_ref().is_some_and(|services| services.choice.place.is_none()) {
        let place = Text::new(words::TERRITORY.pick(lang))
            .with_help_message(words::TERRITORY_HELP.pick(lang))
            .with_validator(move |text: &str| Ok(check_place(text, lang)))
            .prompt()?;
        if !place.trim().is_empty() {
            raw.set(Key::Territory, vec![place], Origin::Question);
            services = known(raw);
        }
    }
    let choices = services.map_or_else(Vec::new, |services| ent_choices(&services, lang));
    let none = Choice { shown: words::NONE.pick(lang).to_owned(), value: None };
    let ents = [none].into_iter().chain(choices).collect();
    if let Some(ent) = choose(words::ENT.pick(lang), words::ENT_HELP.pick(lang), ents)? {
        raw.set(Key::Ent, vec![ent], Origin::Question);
    }
    Ok(())
}

/// The ENTs to choose from: those of the place, then the others in the catalogue's order. One whose host name holds the
/// UAI is offered only where a UAI was given.
fn ent_choices(services: &Services, lang: Lang) -> Vec<Choice<Option<String>>> {
    let place = services.choice.place.as_ref();
    let here = |ent: &Endpoint| place.is_some_and(|place| place.meets(&ent.territory));
    let ents = services.catalogue.of_kind(EndpointKind::Ent);
    let mut ents: Vec<&Endpoint> =
        ents.filter(|ent| !ent.holds_uai() || services.choice.uai.is_some()).collect();
    ents.sort_by_key(|ent| !here(ent));
    let shown = |ent: &Endpoint| {
        let name = format!("{} ({})", ent.label, ent.id);
        if here(ent) { format!("{name} — {}", words::PROPOSED.pick(lang)) } else { name }
    };
    ents.into_iter().map(|ent| Choice { shown: shown(ent), value: Some(ent.id.clone()) }).collect()
}

/// Nothing is fine; what names no place is echoed with the nearest.
fn check_place(text: &str, lang: Lang) -> Validation {
    match Place::find(text) {
        Err(unknown) if !text.trim().is_empty() => {
            Validation::Invalid(problem::territory(&unknown, lang).into())
        }
        _ => Validation::Valid,
    }
}

/// Nothing is fine; a pattern that names every network is none.
fn check_ssid(text: &str, lang: Lang) -> Validation {
    if text.trim().is_empty() || values::ssid(text).is_some() {
        return Validation::Valid;
    }
    Validation::Invalid(problem::expected(&Expected::Ssid, lang).into())
}

/// Offers to save the report as a page. Leaving here loses nothing: the report was printed.
pub fn offer_page(report: &Report, delivery: &Delivery) {
    let lang = delivery.lang;
    let date = report.started_at.local().strftime("%Y%m%d-%H%M").to_string();
    let proposed = words::file_name(report.site.uai.as_ref().map(Uai::as_str), &date, lang);
    if let Ok(Some(name)) = prompts::file(&words::SAVE, &proposed, lang) {
        delivery.save(std::path::Path::new(&name), &html::report(report, lang));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn offered(pairs: &[(Key, &str)]) -> Vec<String> {
        let mut raw = Raw::default();
        for (key, value) in pairs {
            raw.set(*key, vec![(*value).to_owned()], Origin::Question);
        }
        let services = Services::from_raw(&mut raw).unwrap();
        ent_choices(&services, Lang::Fr).into_iter().map(|choice| choice.shown).collect()
    }

    #[test]
    fn the_ents_of_the_place_come_first_and_say_so() {
        let offered_there = offered(&[(Key::Territory, "44")]);
        assert_eq!(offered_there[0], "e-primo (e-primo) — proposé ici");
        assert!(!offered_there[1].contains("proposé"), "{offered_there:?}");
        assert!(!offered(&[]).iter().any(|shown| shown.contains("proposé")));
    }

    #[test]
    fn a_pattern_that_names_every_network_is_asked_for_again() {
        let refused = |text| matches!(check_ssid(text, Lang::Fr), Validation::Invalid(_));
        assert!(refused("*") && refused(" ?* "));
        assert!(!refused("") && !refused("ecole-*"));
    }

    #[test]
    fn an_ent_that_needs_the_uai_is_offered_with_one() {
        let pronote = |pairs: &[(Key, &str)]| offered(pairs).iter().any(|shown| shown.contains("pronote"));
        assert!(!pronote(&[]) && pronote(&[(Key::Uai, "0940176F")]));
    }
}
