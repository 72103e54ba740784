//! The probe on recorded lists, and on this machine's true radios.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::sync::Mutex;

use sonde_report::{CaveatCode, ReasonCode, measurement::Remedy};

use super::*;

/// A list as the kernel gave it, handed out once.
struct Recorded(Mutex<Option<Result<Scan, Obstacle>>>);

impl Recorded {
    fn of(scan: Result<Scan, Obstacle>) -> Self {
        Self(Mutex::new(Some(scan)))
    }
}

impl Scanner for Recorded {
    async fn scan(&self, _: &Config) -> Result<Scan, Obstacle> {
        self.0.lock().unwrap().take().expect("asked once")
    }
}

fn sighting(last: u8, ssid: &str, mhz: u32, signal: i16) -> Sighting {
    let mut elements = vec![0, ssid.len() as u8];
    elements.extend(ssid.as_bytes());
    Sighting {
        bssid: [0, 0x11, 0x22, 0x33, 0x44, last],
        mhz,
        signal_dbm: Some(signal),
        seen_ms_ago: Some(u64::from(last)),
        elements,
        ..Sighting::default()
    }
}

fn scan(sightings: Vec<Sighting>) -> Scan {
    let bands = Some(BTreeSet::from([Band::Two, Band::Five]));
    Scan { interface: "wlan0".into(), fresh: true, bands, sightings, ..Scan::default() }
}

async fn measure(scan: Result<Scan, Obstacle>, ssids: &[&str]) -> Measurement<WifiValue> {
    let config = Config { ssids: ssids.iter().map(|s| (*s).to_owned()).collect(), ..Config::default() };
    run_with(&Recorded::of(scan), &config).await
}

fn scene() -> Vec<Sighting> {
    vec![
        sighting(0x10, "Ecole-Prof", 2412, -40),
        sighting(0x14, "Ecole-Prof", 5180, -45),
        sighting(0x80, "Ecole-Eleves", 2462, -60),
        sighting(0xc0, "Livebox-1234", 2437, -80),
        sighting(0xe0, "", 5260, -85),
        sighting(0xd0, "ecole-voisine", 2437, -88),
    ]
}

#[tokio::test]
async fn the_schools_radios_are_told_from_the_neighbours() {
    let measured = measure(Ok(scan(scene())), &["Ecole-*"]).await;
    let value = measured.value().unwrap();
    assert_eq!(measured.target, "wlan0");
    assert!(measured.caveats().is_empty());
    assert_eq!(value.bssids_seen, 6);
    let school = value.school.as_ref().unwrap();
    assert_eq!(school.ssids, ["Ecole-Eleves", "Ecole-Prof"]);
    assert_eq!((school.bssids, school.radios), (3, 3));
    let points = &school.access_points;
    assert_eq!((points.low, points.estimate, points.high), (2, 2, 2));
    assert_eq!(
        school.seen.iter().map(|seen| seen.channel).collect::<Vec<_>>(),
        [Some(1), Some(36), Some(11)]
    );
    // Case matters, and a hidden name is nobody's but a neighbour's. 6 GHz, which the adapter cannot hear, is absent.
    assert_eq!(value.neighbours, BTreeMap::from([("2.4".to_owned(), 2), ("5".to_owned(), 1)]));
}

#[tokio::test]
async fn no_address_and_no_neighbours_name_leaves() {
    let measured = measure(Ok(scan(scene())), &["Ecole-*"]).await;
    let text = serde_json::to_string(&measured).unwrap();
    for secret in ["Livebox", "voisine", "11:22", "1122", "0,17,34"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn without_a_name_there_is_no_school_rather_than_zero() {
    let measured = measure(Ok(scan(scene())), &[]).await;
    assert_eq!(measured.value().unwrap().school, None);
    assert_eq!(measured.caveats(), [CaveatCode::NoSchoolSsid.into()]);
}

#[tokio::test]
async fn the_associated_network_is_the_candidate_and_its_star_is_a_star() {
    let mut sightings = scene();
    sightings.push(sighting(0xf0, "E*", 5500, -50));
    let recorded = Scan { associated: Some(b"E*".to_vec()), ..scan(sightings) };
    let measured = measure(Ok(recorded), &[]).await;
    assert_eq!(measured.value().unwrap().school.as_ref().unwrap().ssids, ["E*"]);
}

#[tokio::test]
async fn the_list_tells_the_association_when_the_interface_does_not() {
    let mut sightings = scene();
    sightings[2].associated = true;
    let measured = measure(Ok(scan(sightings)), &[]).await;
    assert_eq!(measured.value().unwrap().school.as_ref().unwrap().ssids, ["Ecole-Eleves"]);
}

#[tokio::test]
async fn a_declared_name_that_is_not_in_sight_is_a_true_zero() {
    let measured = measure(Ok(scan(scene())), &["Absente"]).await;
    let school = measured.value().unwrap().school.clone().unwrap();
    assert_eq!((school.bssids, school.access_points.high), (0, 0));
}

#[tokio::test]
async fn a_cached_list_is_marked_with_its_age() {
    let stale = Scan { fresh: false, partial: Some("aborted"), ..scan(scene()) };
    let measured = measure(Ok(stale), &["Ecole-*"]).await;
    let info = &measured.value().unwrap().scan;
    assert_eq!((info.fresh, info.age_ms), (false, Some(0xe0)));
    let codes: Vec<CaveatCode> = measured.caveats().iter().map(|caveat| caveat.code).collect();
    assert_eq!(codes, [CaveatCode::StaleScan, CaveatCode::PartialScan]);
}

#[tokio::test]
async fn a_radio_listed_twice_counts_once_under_its_name() {
    let hidden = Sighting { elements: vec![0, 0], seen_ms_ago: Some(0), ..sighting(0x10, "", 2412, -30) };
    let twice = vec![hidden.clone(), sighting(0x10, "Ecole", 2412, -40), hidden];
    let measured = measure(Ok(scan(twice)), &["Ecole"]).await;
    let value = measured.value().unwrap();
    assert_eq!((value.bssids_seen, value.school.as_ref().unwrap().bssids), (1, 1));
    assert_eq!(value.neighbours["2.4"], 0);
}

#[tokio::test]
async fn a_name_cannot_write_to_the_terminal() {
    let measured = measure(Ok(scan(vec![sighting(1, "a\u{1b}[31m\n", 2412, -40)])), &["*"]).await;
    let name = &measured.value().unwrap().school.as_ref().unwrap().ssids[0];
    assert_eq!(name, "a\u{fffd}[31m\u{fffd}");
}

#[tokio::test]
async fn an_obstacle_is_never_zero() {
    let reason = Reason::remedied(ReasonCode::RadioBlocked, Remedy::EnableRadio);
    let measured = measure(Err(Obstacle::NotMeasured(reason.clone())), &["Ecole"]).await;
    assert_eq!(measured.outcome, Outcome::NotMeasured { reason });
}

/// A Multi-Link element (802.11be, 9.4.2.312).
fn multi_link(mld: [u8; 6]) -> Vec<u8> {
    [&[255, 10, 107, 0, 0, 7][..], &mld].concat()
}

#[tokio::test]
async fn a_hidden_name_of_the_same_box_is_counted_with_it() {
    let mut sightings = vec![
        sighting(0x10, "Ecole", 2412, -40),
        sighting(0x40, "", 5180, -45),
        sighting(0x90, "", 5180, -45),
    ];
    let mld = multi_link([0, 0x11, 0x22, 0x33, 0x44, 1]);
    sightings[0].elements.extend(&mld);
    sightings[1].elements.extend(&mld);
    let measured = measure(Ok(scan(sightings)), &["Ecole"]).await;
    let value = measured.value().unwrap();
    let school = value.school.as_ref().unwrap();
    assert_eq!((school.bssids, school.radios, &school.ssids), (2, 2, &vec!["Ecole".to_owned()]));
    let points = &school.access_points;
    assert_eq!((points.low, points.estimate, points.high), (1, 1, 1));
    assert_eq!(points.evidence, ["multi_link"]);
    assert_eq!(value.neighbours["5"], 1);
}

#[tokio::test]
async fn a_telephone_under_the_schools_name_does_not_raise_the_low_bound() {
    let mut sightings = vec![sighting(0x10, "Ecole", 2412, -40), sighting(0x90, "Ecole", 2462, -70)];
    sightings[1].bssid = [0xda, 1, 2, 3, 4, 5];
    let measured = measure(Ok(scan(sightings)), &["Ecole"]).await;
    let points = &measured.value().unwrap().school.as_ref().unwrap().access_points;
    assert_eq!((points.low, points.high), (1, 2));
    assert!(points.evidence.contains(&"invented_address".to_owned()));
}

#[tokio::test]
async fn equal_timers_tie_names_on_one_channel_unless_every_timer_is_equal() {
    let with_timer = |last: u8, ssid: &str, mhz: u32, tsf_us: u64| Sighting {
        tsf_us: Some(tsf_us),
        received_us: Some(1_000),
        ..sighting(last, ssid, mhz, -50)
    };
    let pair = vec![with_timer(0x10, "Ecole", 2412, 900_000), with_timer(0x90, "Invites", 2412, 903_000)];
    let ask = |sightings| async {
        let measured = measure(Ok(scan(sightings)), &["*"]).await;
        measured.value().unwrap().school.clone().unwrap().access_points
    };
    let tied = ask(pair.clone()).await;
    assert_eq!((tied.high, tied.evidence), (1, vec!["beacon_timer".to_owned()]));
    // A third radio on another channel with the same timer: timers prove nothing here.
    let mut synchronised = pair;
    synchronised.push(with_timer(0xd0, "Ecole", 2462, 900_000));
    assert_eq!(ask(synchronised).await.high, 3);
}

#[tokio::test]
async fn what_was_heard_elsewhere_is_left_out_while_walking() {
    let sightings = || {
        vec![
            sighting(10, "Ecole", 2412, -40),
            Sighting { seen_ms_ago: None, ..sighting(200, "Ecole", 5180, -40) },
        ]
    };
    let heard = async |walking, since_ms, fresh| {
        let scan =
            Scan { fresh, since_ms, ..scan([sightings(), vec![sighting(90, "Ecole", 2437, -80)]].concat()) };
        let config = Config { ssids: vec!["Ecole".into()], walking, ..Config::default() };
        let (measured, recording) = heard_with(&Recorded::of(Ok(scan)), &config).await;
        assert_eq!(recording.unwrap().sightings.len(), measured.value().unwrap().bssids_seen as usize);
        measured.value().unwrap().bssids_seen
    };
    // The one of 90 ms ago was heard before a listening that began 50 ms ago; one of unknown age stays.
    assert_eq!(heard(true, Some(50), true).await, 2);
    assert_eq!(heard(true, Some(100), true).await, 3);
    assert_eq!(heard(false, Some(50), true).await, 3);
    assert_eq!(heard(true, None, true).await, 3);
    // A list that nobody made now is as old as it is: the caveat says so.
    assert_eq!(heard(true, Some(50), false).await, 3);
}

#[tokio::test]
async fn loud_networks_without_a_name_are_told_unless_all_names_were_asked_for() {
    let measured = async |ssids: &[&str], level, asked| {
        let list = vec![sighting(0x10, "Ecole", 2412, -40), sighting(0xe0, "", 5260, level)];
        measure(Ok(Scan { asked, ..scan(list) }), ssids).await.caveats().to_vec()
    };
    let told = [CaveatCode::HiddenNetworks.with("1")];
    assert_eq!(measured(&["Ecole*"], -50, true).await, told);
    assert_eq!(measured(&["Ecole*"], -80, true).await, []);
    assert_eq!(measured(&["Ecole", "Profs"], -50, true).await, []);
    // Whoever listened asked the general question alone.
    assert_eq!(measured(&["Ecole", "Profs"], -50, false).await, told);
}

#[tokio::test]
async fn an_adapter_that_does_not_hear_a_band_hears_a_part() {
    let deaf =
        Scan { bands: Some(BTreeSet::from([Band::Two])), ..scan(vec![sighting(0x10, "Ecole", 2412, -40)]) };
    let measured = measure(Ok(deaf.clone()), &["Ecole"]).await;
    assert_eq!(measured.caveats(), [CaveatCode::PartialScan.with("5 GHz")]);
    let untold = measure(Ok(Scan { bands: None, ..deaf }), &["Ecole"]).await;
    assert_eq!(untold.caveats(), []);
}

#[tokio::test]
async fn an_entry_without_a_frequency_is_where_its_beacon_says() {
    let mut untold = sighting(0x10, "Ecole", 0, -40);
    untold.elements.extend([3, 1, 11]);
    let nowhere = sighting(0x90, "Ecole", 0, -40);
    let measured = measure(Ok(scan(vec![untold, nowhere])), &["Ecole"]).await;
    let school = measured.value().unwrap().school.clone().unwrap();
    assert_eq!((school.bssids, school.seen[0].channel, &*school.seen[0].band), (1, Some(11), "2.4"));
}

#[tokio::test]
async fn counts_from_a_file_do_not_run_over() {
    let text = r#"{"format":"sonde-ecole/wifi-recording/1","interface":"wlan0","fresh":true,
        "left_out":{"2.4":4294967295,"5":1},"sightings":[]}"#;
    let recording = Recording::read(text.as_bytes()).unwrap();
    let config = Config { ssids: vec!["Ecole".into()], ..Config::default() };
    let measured = replay(&recording, &config).await;
    assert_eq!(measured.value().unwrap().bssids_seen, u32::MAX);
    assert!(measured.value().unwrap().scan.recorded);
}

fn visit(room: &str, sightings: Vec<Sighting>) -> Visit {
    let at = "2026-11-23T10:00:00+01:00".parse().unwrap();
    Visit { room: room.to_owned(), at, heard: Recording::of(scan(sightings)), recorded: false }
}

#[test]
fn a_survey_keeps_the_schools_entries_and_what_the_others_count_for() {
    let config = Config { ssids: vec!["Ecole".into()], ..Config::default() };
    let mld = multi_link([0, 0x11, 0x22, 0x33, 0x44, 1]);
    let with = |mut sighting: Sighting, more: &[u8]| {
        sighting.elements.extend(more);
        sighting
    };
    // The first room tells which hidden address is the school's; the second hears that one alone, with a crowd on its channel.
    let first = visit(
        "CP",
        vec![with(sighting(0x10, "Ecole", 2412, -40), &mld), with(sighting(0x40, "", 5180, -45), &mld)],
    );
    // Six stations at a load of 50, and a neighbour in the report.
    let report = [&[201, 17, 0, 13, 115, 36, 255][..], &[2, 9, 9, 9, 9, 9], &[1, 2, 3, 4, 0, 5]].concat();
    let hidden = with(with(sighting(0x40, "", 5180, -60), &[11, 5, 6, 0, 50, 0, 0]), &report);
    let crowd = (0..6).map(|at| Sighting { bssid: [0, 0x99, at, 1, 1, 1], ..sighting(at, "Box", 5180, -70) });
    let faint = Sighting { bssid: [0, 0x99, 9, 1, 1, 1], ..sighting(9, "Box", 5180, -95) };
    let heard = Recording::of(scan([hidden].into_iter().chain(crowd).chain([faint]).collect()));
    let kept = heard.without_neighbours(std::slice::from_ref(&first), &config).unwrap();
    assert_eq!(kept.0.sightings.len(), 1);
    assert_eq!(kept.0.left_out.bands, BTreeMap::from([(Band::Five, 7)]));
    let elements = &kept.0.sightings[0].elements;
    assert!(!elements.windows(3).any(|window| window == [9, 9, 9]), "{elements:?}");
    assert_eq!(elements::read(elements).radio.load, Some(50.0 / 255.0));
    assert!(elements.windows(7).any(|window| window == [11, 5, 0, 0, 50, 0, 0]), "{elements:?}");
    // Without the first room nothing ties it to the school.
    assert_eq!(heard.without_neighbours(&[], &config).unwrap().0.sightings.len(), 0);

    let rooms = [first, Visit { heard: kept, ..visit("CE1", Vec::new()) }];
    let measured = survey(&rooms, &config).unwrap();
    let value = measured.value().unwrap();
    assert_eq!(value.school.as_ref().unwrap().bssids, 2);
    let channel = value.radio.as_ref().unwrap().channels.iter().find(|known| known.channel == 36).unwrap();
    assert_eq!(channel.neighbours, 6);
}

/// This machine's own radios: without cfg80211 the answer is "no adapter" and what to do about it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_machine_without_a_radio_says_so() {
    if !sysfs::interfaces(std::path::Path::new("/sys")).is_empty() {
        eprintln!("skipped: a machine without Wi-Fi adapter");
        return;
    }
    let config = Config { ssids: vec!["Ecole".into()], timeout: Duration::from_secs(1), ..Config::default() };
    let measured = run_with(&nl80211::Kernel::default(), &config).await;
    let reason = Reason::remedied(ReasonCode::NoWifiAdapter, Remedy::UseWifiMachine);
    assert_eq!(measured.outcome, Outcome::NotMeasured { reason });
    assert_eq!(station_rate_bps(1).await, None);
}
