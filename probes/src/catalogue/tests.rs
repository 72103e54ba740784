//! The built-in catalogue is well-formed, and a school's choices select what they must.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::throughput::MireUrl;

fn ids(endpoints: &[Endpoint]) -> Vec<&str> {
    endpoints.iter().map(|endpoint| endpoint.id.as_str()).collect()
}

fn user(text: &str) -> Catalogue {
    Catalogue::parse(text, "mine.toml").expect("a user's file")
}

/// A choice of ENTs alone.
fn ents(given: &[&str]) -> Choice {
    Choice { ents: given.iter().map(|ent| (*ent).to_owned()).collect(), ..Choice::default() }
}

/// A choice of a place alone.
fn at(place: &str) -> Choice {
    Choice { place: Some(Place::find(place).expect("a place")), ..Choice::default() }
}

/// The ids selected beyond those of every school.
fn beyond(choice: &Choice) -> Vec<String> {
    let chosen = Catalogue::built_in().select(choice).expect("a profile");
    assert_eq!(ids(&chosen[..4]), ["gar", "gar-idp", "gar-vignette", "educonnect"]);
    chosen.into_iter().skip(4).map(|endpoint| endpoint.id).collect()
}

fn is_kebab_case(id: &str) -> bool {
    let words_are_whole = id.split('-').all(|word| !word.is_empty());
    words_are_whole && id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

#[test]
fn every_built_in_host_is_well_formed_unique_sourced_and_unverified() {
    let catalogue = Catalogue::built_in();
    let distinct: BTreeSet<_> = catalogue.endpoints().iter().map(|endpoint| &endpoint.id).collect();
    let labels: BTreeSet<_> = catalogue.endpoints().iter().map(|endpoint| &endpoint.label).collect();
    let all = catalogue.endpoints().len();
    assert_eq!((distinct.len(), labels.len()), (all, all));
    assert!(all >= 50);
    for endpoint in catalogue.endpoints() {
        assert!(is_kebab_case(&endpoint.id), "{}", endpoint.id);
        assert!(!endpoint.urls.is_empty() && !endpoint.label.trim().is_empty(), "{}", endpoint.id);
        for url in &endpoint.urls {
            assert!(url.starts_with("https://") || url.starts_with("tcp://"), "{url}");
            assert!(url.replace(UAI, "9999991f").parse::<Target>().is_ok(), "{url}");
        }
        assert!(["code public", "non vérifié (de mémoire)"].contains(&endpoint.source.as_str()));
        assert!(!endpoint.verified);
    }
    let information = built_in_information();
    assert!(information.iter().all(|one| is_kebab_case(&one.id) && !distinct.contains(&one.id)));
    assert_eq!((information[0].protocol.as_str(), information[0].port), ("udp", 123));
}

#[test]
fn no_built_in_host_stands_twice() {
    let mut seen = BTreeSet::new();
    for endpoint in Catalogue::built_in().endpoints() {
        for url in &endpoint.urls {
            assert!(seen.insert(url.clone()), "{url}");
        }
    }
}

/// As the files say: by kind, each group sorted by id, the ENTs of the whole country before the others.
#[test]
fn every_built_in_file_is_sorted_as_it_says() {
    for (name, text) in BUILT_IN {
        let file = Catalogue::parse(text, name).expect("a built-in file");
        let national = |endpoint: &Endpoint| endpoint.territory != ["national"];
        let keys: Vec<_> = file.endpoints().iter().map(|known| (national(known), known.id.clone())).collect();
        assert!(keys.is_sorted(), "{name}: {keys:?}");
        let kinds: BTreeSet<_> = file.endpoints().iter().map(|known| known.kind).collect();
        assert_eq!(kinds.len(), 1, "{name}");
    }
}

/// The hosts that schools are known to need: a new file must not lose one.
#[test]
fn the_catalogue_holds_every_host_known() {
    const HOSTS: &str = "gar.education.fr idp-auth.gar.education.fr vignette.gar.education.fr
        educonnect.education.gouv.fr extranet.ac-reims.fr extranet.ac-versailles.fr extranet.ac-grenoble.fr
        extranet.ac-normandie.fr extranet.ac-guyane.fr portail.ac-lyon.fr id.ac-nice.fr appli.ac-aix-marseille.fr
        aaa-idp.ac-nantes.fr authentification.ac-martinique.fr oneconnect.edifice.io
        oneconnect.opendigitaleducation.com ent.e-primo.fr monecole-ent.essonne.fr ent-ecoles.ac-reims.fr
        ent1d.ac-reunion.fr ent.l-educdenormandie.fr enthdf.fr ariane57.moselle-education.fr sem.edifice.io
        ent.toulon.fr colibri.ac-martinique.fr wilapa-guyane.com fr.school.beneylu.com login.school.beneylu.com
        educhorus.enteduc.fr {uai}.index-education.net www.primot.fr ent.vienne-condrieu-agglomeration.fr
        cas.monbureaunumerique.fr cas.eclat-bfc.fr www.laclasse.com www.toutatice.fr ent.parisclassenumerique.fr
        panda.vosges.fr portivechju.edifice.io ent.leia.corsica karukera.ac-guadeloupe.fr mayotte.edifice.io
        ent77.seine-et-marne.fr portail.apps.education.fr nuage.apps.education.fr podeduc.apps.education.fr
        eduscol.education.fr enseignants.lumni.fr lesfondamentaux.reseau-canope.fr cdn.reseau-canope.fr
        calculatice.ac-lille.fr";
    const PORTS: [&str; 5] = [":5223", ":2197", ":5228", ":5229", ":5230"];
    let catalogue = Catalogue::built_in();
    let urls: Vec<&String> = catalogue.endpoints().iter().flat_map(|endpoint| &endpoint.urls).collect();
    let expected: BTreeSet<String> =
        HOSTS.split_whitespace().map(|host| format!("https://{host}/")).collect();
    let web: BTreeSet<String> =
        urls.iter().filter(|url| url.starts_with("https")).map(|url| (*url).clone()).collect();
    assert_eq!(web, expected);
    for port in PORTS {
        assert!(urls.iter().any(|url| url.starts_with("tcp://") && url.ends_with(port)), "{port}");
    }
}

#[test]
fn the_vendors_host_of_the_gar_is_never_probed() {
    let text = BUILT_IN.map(|(_, text)| text).concat();
    assert!(!text.lines().any(|line| line.starts_with("urls") && line.contains("abonnement.gar")));
}

#[test]
fn built_in_mires_and_controls_load_and_leave_m_lab_out() {
    let mires = built_in_mires();
    assert!(mires.len() >= 6);
    for mire in &mires {
        assert!(mire.url.parse::<MireUrl>().is_ok(), "{}", mire.url);
        assert!(mire.upload_url.as_ref().is_none_or(|url| url.parse::<Target>().is_ok()));
        assert!(!mire.url.contains("measurementlab") && !mire.verified && !mire.source.is_empty());
    }
    let controls = built_in_controls();
    assert_eq!(controls.len(), 2);
    assert!(controls.iter().all(|control| control.url.parse::<Target>().is_ok()));
    assert_ne!(controls[0].url, controls[1].url);
}

#[test]
fn a_profile_without_ent_is_the_gar_and_educonnect() {
    assert_eq!(beyond(&Choice::default()), [""; 0]);
}

#[test]
fn an_ent_brings_the_portal_of_its_academie_and_no_other() {
    assert_eq!(beyond(&ents(&["e-primo"])), ["e-primo", "portail-nantes"]);
    assert_eq!(beyond(&ents(&["essonne"])), ["essonne", "portail-versailles"]);
    assert_eq!(beyond(&ents(&["one"])), ["one"], "a national ENT tells no académie");
    assert_eq!(
        beyond(&ents(&["mon-bureau-numerique"])),
        ["mon-bureau-numerique"],
        "three académies: which is not known"
    );
}

#[test]
fn a_place_brings_its_portal_and_assumes_no_ent() {
    assert_eq!(beyond(&at("44")), ["portail-nantes"]);
    assert_eq!(beyond(&at("ac-reims")), ["portail-reims"]);
    assert_eq!(beyond(&at("75")), [""; 0], "no guichet is known there");
    let both = Choice { ents: vec!["mon-bureau-numerique".to_owned()], ..at("51") };
    assert_eq!(beyond(&both), ["mon-bureau-numerique", "portail-reims"], "the place decides");
    let elsewhere = Choice { ents: vec!["e-primo".to_owned()], ..at("51") };
    assert_eq!(beyond(&elsewhere), ["e-primo", "portail-reims"], "the place is surer than the ENT");
}

#[test]
fn an_ent_is_proposed_where_it_belongs() {
    let catalogue = Catalogue::built_in();
    let proposed = |place: &str| {
        let place = Place::find(place).expect("a place");
        catalogue.proposed(&place).iter().map(|ent| ent.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(proposed("44"), ["e-primo"]);
    assert_eq!(proposed("57"), ["ariane57", "mon-bureau-numerique"]);
    assert_eq!(proposed("ac-corse"), ["leia", "portivechju"]);
    assert_eq!(proposed("33"), [""; 0]);
}

#[test]
fn profiles_are_added_when_asked() {
    let with = |profile| Choice { profiles: BTreeSet::from([profile]), ..Choice::default() };
    let catalogue = Catalogue::built_in();
    let of = |kind| catalogue.of_kind(kind).map(|known| known.id.clone()).collect::<Vec<_>>();
    assert_eq!(beyond(&with(Profile::Resources)), of(EndpointKind::Resource));
    assert_eq!(beyond(&with(Profile::Management)), of(EndpointKind::Management));
    assert_eq!(of(EndpointKind::Management).len(), 2);
}

#[test]
fn a_name_that_holds_the_uai_is_made_only_of_one_that_was_given() {
    let catalogue = Catalogue::built_in();
    let without = catalogue.select(&ents(&["pronote"])).expect_err("refused");
    assert_eq!(without, ChoiceError::NeedsUai { id: "pronote".to_owned() });
    let with = Choice { uai: Some("9999991F".parse().expect("a UAI")), ..ents(&["pronote"]) };
    let chosen = catalogue.select(&with).expect("a profile");
    let urls: Vec<&String> = chosen.iter().flat_map(|endpoint| &endpoint.urls).collect();
    assert!(urls.contains(&&"https://9999991f.index-education.net/".to_owned()), "{urls:?}");
    // Given and not declared: no name holds it.
    let undeclared = Choice { ents: Vec::new(), ..with };
    let chosen = catalogue.select(&undeclared).expect("a profile");
    assert!(chosen.iter().flat_map(|endpoint| &endpoint.urls).all(|url| !url.contains("9999991f")));
}

#[test]
fn an_ent_may_be_a_label_a_host_or_url_known_or_not() {
    let catalogue = Catalogue::built_in();
    let chosen = |ent: &str| catalogue.select(&ents(&[ent])).expect("a profile");
    let last = |ent: &str| chosen(ent).pop().expect("one");
    assert!(ids(&chosen("Mon bureau numérique")).contains(&"mon-bureau-numerique"));
    assert!(ids(&chosen("E-PRIMO")).contains(&"e-primo"));
    assert!(ids(&chosen("laclasse.com")).contains(&"laclasse"));
    assert_eq!(last("https://ent.toulon.fr/x").id, "portail-nice");
    assert_eq!(last("oneconnect.edifice.io").id, "one");
    let own = last("ent.ma-commune.fr");
    assert_eq!((own.id.as_str(), own.urls[0].as_str()), ("ent.ma-commune.fr", "https://ent.ma-commune.fr/"));
}

#[test]
fn an_unknown_ent_names_the_nearest() {
    let catalogue = Catalogue::built_in();
    let nearest = |given: &str| match catalogue.select(&ents(&[given])).expect_err("unknown") {
        ChoiceError::UnknownEnt { nearest, .. } => nearest,
        other @ ChoiceError::NeedsUai { .. } => panic!("{other:?}"),
    };
    assert_eq!(nearest("e-prmo").as_deref(), Some("e-primo"));
    assert_eq!(nearest("zzzz"), None);
}

#[test]
fn a_user_replaces_adds_and_removes() {
    let merged = Catalogue::built_in()
        .merge(user(
            "[[endpoint]]\nid = \"gar\"\nlabel = \"Le mien\"\nkind = \"gar\"\nurls = [\"https://x.example/\"]\n\
             [[endpoint]]\nid = \"gar-idp\"\nremove = true\n\
             [[endpoint]]\nid = \"cantine\"\nlabel = \"Cantine\"\nkind = \"resource\"\nurls = [\"tcp://c.example:5\"]\n",
        ))
        .expect("merged");
    let chosen = merged.select(&Choice::default()).expect("a profile");
    assert_eq!(ids(&chosen), ["gar", "gar-vignette", "educonnect", "cantine"]);
    assert_eq!(chosen[0].urls, ["https://x.example/"]);
    assert_eq!(merged.doubled_hosts(), []);
}

#[test]
fn a_users_host_under_a_second_id_is_noticed() {
    let merged = Catalogue::built_in()
        .merge(user(
            "[[endpoint]]\nid = \"mon-gar\"\nlabel = \"GAR\"\nkind = \"gar\"\n\
             urls = [\"https://GAR.education.fr:443/x\", \"https://gar.education.fr:8443/\"]\n",
        ))
        .expect("merged");
    let doubled = DoubledHost {
        host: "gar.education.fr:443".to_owned(),
        first: "gar".to_owned(),
        second: "mon-gar".to_owned(),
    };
    assert_eq!(merged.doubled_hosts(), [doubled], "another port is another service");
}

#[test]
fn without_the_catalogue_only_the_users_hosts_remain() {
    let mine = "[[endpoint]]\nid = \"a\"\nlabel = \"A\"\nkind = \"ent\"\nurls = [\"https://a.example/\"]\n";
    let alone = Catalogue::alone(user(mine));
    assert_eq!(ids(&alone.select(&Choice::default()).expect("a profile")), ["a"]);
}

#[test]
fn removing_what_is_not_there_is_refused_with_the_nearest() {
    let slip = user("\n[[endpoint]]\nid = \"gar-ipd\"\nremove = true\n");
    let error = Catalogue::built_in().merge(slip).expect_err("refused");
    assert_eq!((error.line, error.nearest.as_deref()), (3, Some("gar-idp")));
}
