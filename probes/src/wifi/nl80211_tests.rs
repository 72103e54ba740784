//! The kernel's list and scans, without a kernel.
#![allow(clippy::panic)]
use super::*;

#[test]
fn an_empty_list_is_a_zero_only_when_the_radio_listened() {
    assert!(matches!(settle(Freshness::Fresh, true), Ok((true, None))));
    assert!(matches!(settle(Freshness::Aborted, true), Ok((true, Some("aborted")))));
    let denied = || Freshness::Cached(Trouble::Errno(EPERM).into());
    assert!(matches!(settle(denied(), false), Ok((false, None))));
    let Err(Obstacle::NotMeasured(reason)) = settle(denied(), true) else { panic!("a zero") };
    assert_eq!(reason.code, ReasonCode::PermissionDenied);
}

#[tokio::test]
async fn the_first_interface_that_can_listen_does() {
    let attempts = |names: &[&'static str]| -> Vec<_> {
        let listen = async |name: &'static str| match name {
            "ap0" => Err(Trouble::Errno(EOPNOTSUPP).into()),
            "wlan0" => Err(radio_blocked("soft")),
            _ => Ok(name),
        };
        names.iter().map(|name| listen(name)).collect()
    };
    let heard = first_that_can(attempts(&["ap0", "wlan0", "wlan1", "wlan2"])).await;
    assert!(matches!(heard, Ok("wlan1")));
    let Err(Obstacle::NotMeasured(reason)) = first_that_can(attempts(&["wlan0", "ap0"])).await else {
        panic!("no obstacle")
    };
    assert_eq!(reason.code, ReasonCode::RadioBlocked);
    // Where none can, the obstacle that somebody can lift is named.
    let Err(Obstacle::NotMeasured(reason)) = first_that_can(attempts(&["ap0", "wlan0"])).await else {
        panic!("no obstacle")
    };
    assert_eq!(reason.code, ReasonCode::RadioBlocked);
}

#[test]
fn a_station_is_tried_before_an_access_points_own_interface() {
    let names = ["ap0", "ap1", "wlan0", "wlan1"].map(str::to_owned);
    let ordered = |stations: &[&str]| {
        let mut names = names.clone();
        stations_first(&mut names, &stations.iter().map(|name| (*name).to_owned()).collect());
        names.join(" ")
    };
    assert_eq!(ordered(&["wlan1", "wlan0"]), "wlan0 wlan1 ap0 ap1");
    assert_eq!(ordered(&[]), "ap0 ap1 wlan0 wlan1");
}

fn list(radios: &[(u8, i16)], interrupted: bool) -> List {
    let sightings = radios.iter().map(|(last, signal)| Sighting {
        bssid: [0, 0, 0, 0, 0, *last],
        signal_dbm: Some(*signal),
        ..Sighting::default()
    });
    List { sightings: sightings.collect(), damaged: false, interrupted }
}

/// Hands out one reading after the other; counts them.
async fn readings(given: Vec<Result<List, Trouble>>) -> (usize, Result<List, Trouble>) {
    struct Given(usize, std::vec::IntoIter<Result<List, Trouble>>);
    impl Readable for Given {
        async fn read(&mut self) -> Result<List, Trouble> {
            self.0 += 1;
            self.1.next().unwrap_or_else(|| panic!("asked too often"))
        }
    }
    let mut given = Given(0, given.into_iter());
    let merged = whole(&mut given).await;
    (given.0, merged)
}

/// A radio's answers, and the ends of scans, one after the other.
struct Answers(std::vec::IntoIter<Result<(), Trouble>>, std::vec::IntoIter<Freshness>);

impl Triggered for Answers {
    async fn trigger(&mut self) -> Result<(), Trouble> {
        self.0.next().unwrap_or_else(|| panic!("triggered too often"))
    }

    async fn end(&mut self) -> Freshness {
        self.1.next().unwrap_or_else(|| panic!("no end"))
    }
}

#[tokio::test]
async fn an_interrupted_list_is_read_again_and_merged() {
    let given = vec![Ok(list(&[(1, -40), (2, -50)], true)), Ok(list(&[(2, -55), (3, -60)], false))];
    let (count, Ok(merged)) = readings(given).await else { panic!("trouble") };
    let seen: Vec<_> = merged.sightings.iter().map(|s| (s.bssid[5], s.signal_dbm)).collect();
    assert_eq!((count, seen), (2, vec![(1, Some(-40)), (2, Some(-55)), (3, Some(-60))]));
    assert!(!merged.interrupted);
}

#[tokio::test]
async fn a_list_that_never_stands_still_is_not_read_for_ever() {
    let moving = |last| Ok(list(&[(last, -40)], true));
    let (count, Ok(merged)) = readings((1..=9).map(moving).collect()).await else { panic!("trouble") };
    assert_eq!((count, merged.sightings.len(), merged.interrupted), (READINGS, READINGS, true));
    let (count, Ok(merged)) = readings(vec![Ok(list(&[(1, -40)], false))]).await else { panic!("trouble") };
    assert_eq!((count, merged.sightings.len()), (1, 1));
    // What was read outlives a second reading that fails; a first one that fails is the answer.
    let broken = || Err(Trouble::Errno(EPERM));
    let (_, Ok(merged)) = readings(vec![moving(1), broken()]).await else { panic!("trouble") };
    assert!(merged.interrupted && merged.sightings.len() == 1);
    assert!(matches!(readings(vec![broken()]).await, (1, Err(Trouble::Errno(EPERM)))));
}

#[tokio::test]
async fn somebody_elses_scan_is_waited_out_then_ours_is_made() {
    let run = async |answers: Vec<Result<(), Trouble>>, ends: Vec<Freshness>| {
        let mut radio = Answers(answers.into_iter(), ends.into_iter());
        let freshness = listened(&mut radio).await;
        (radio.0.len(), radio.1.len(), freshness)
    };
    let busy = || Err(Trouble::Errno(EBUSY));
    // Theirs ends, ours follows.
    let done = run(vec![busy(), Ok(())], vec![Freshness::Aborted, Freshness::Fresh]).await;
    assert!(matches!(done, (0, 0, Ok(Freshness::Fresh))));
    // Busy without end: bounded, and theirs is the answer, for as many channels as it had.
    let ends = || (0..9).map(|_| Freshness::Fresh).collect();
    let (left, _, freshness) = run((0..9).map(|_| busy()).collect(), ends()).await;
    assert!(left == 9 - TRIGGERS && matches!(freshness, Ok(Freshness::Aborted)));
    let denied = run(vec![busy(), Err(Trouble::Errno(EPERM))], vec![Freshness::Fresh]).await;
    assert!(matches!(denied, (0, 0, Ok(Freshness::Aborted))));
    // The time is over while waiting.
    let over = Freshness::Cached(system_error("over"));
    assert!(matches!(run(vec![busy(), Ok(())], vec![over]).await, (1, 0, Ok(Freshness::Cached(_)))));
    assert!(matches!(run(vec![Err(Trouble::Errno(EPERM))], vec![]).await, (0, 0, Err(_))));
}

#[test]
fn a_beacons_own_elements_are_read_behind_the_answers() {
    let facts = |answer: &[u8], beacon: &[u8]| {
        vec![
            Nl80211BssInfo::Bssid([2; 6]),
            Nl80211BssInfo::RawInformationElements(answer.to_vec()),
            Nl80211BssInfo::RawBeaconInformationElements(beacon.to_vec()),
        ]
    };
    let (named, hidden) = (&[0, 2, b'e', b'c'][..], [&[0, 2, 0, 0][..], &[11, 5, 1, 0, 128, 0, 0]].concat());
    let found = sighting(facts(named, &hidden)).map(|found| super::super::elements::read(&found.elements));
    let found = found.unwrap_or_default();
    assert_eq!((found.ssid.as_deref(), found.radio.load), (Some(&b"ec"[..]), Some(128.0 / 255.0)));
    // The kernel hands out one beacon as both.
    assert_eq!(sighting(facts(named, named)).map(|found| found.elements), Some(named.to_vec()));
}

#[test]
fn exact_names_are_asked_for_as_far_as_the_adapter_goes() {
    let names = [b"ecole".to_vec(), vec![b'x'; 33], Vec::new(), b"prof".to_vec(), b"invites".to_vec()];
    let asked = |most| Adapter { bands: None, names: most }.ask_for(&names);
    assert_eq!(asked(3), [b"".to_vec(), b"ecole".to_vec(), b"prof".to_vec()]);
    assert_eq!(asked(0), [b"".to_vec()]);
    let config = Config { ssids: vec!["ecole-*".into(), "prof".into(), "a?".into()], ..Config::default() };
    assert_eq!(config.exact_names().collect::<Vec<_>>(), ["prof"]);
}

#[test]
fn the_timer_goes_with_the_latest_frame() {
    let facts = |tsf, beacon| {
        let own = [Nl80211BssInfo::Bssid([2; 6]), Nl80211BssInfo::LastSeenBootTime(5_000_999)];
        own.into_iter().chain([Nl80211BssInfo::Tsf(tsf), Nl80211BssInfo::BeaconTsf(beacon)]).collect()
    };
    let read = |tsf, beacon| sighting(facts(tsf, beacon)).map(|found| (found.tsf_us, found.received_us));
    assert_eq!(read(7, 9), Some((Some(9), Some(5000))));
    assert_eq!(read(9, 7), Some((Some(9), Some(5000))));
    assert_eq!(read(0, 0), Some((None, Some(5000))));
    // An answer that names the network, and a beacon that does not, heard later: the time is the answer's.
    let hidden = |beacon: &[u8]| {
        let mut facts: Vec<Nl80211BssInfo> = facts(7, 9);
        facts.push(Nl80211BssInfo::RawInformationElements(vec![0, 2, b'e', b'c']));
        facts.push(Nl80211BssInfo::RawBeaconInformationElements(beacon.to_vec()));
        sighting(facts).and_then(|found| found.tsf_us)
    };
    assert_eq!(hidden(&[0, 2, 0, 0]), Some(7));
    assert_eq!(hidden(&[0, 2, b'e', b'c', 3, 1, 6]), Some(9));
}
