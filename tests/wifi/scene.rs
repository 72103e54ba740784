//! A scene: what radiates, what the technician declares, what must be said. Read from `scenes/*.toml`, turned into hostapd's
//! configurations and a plan for `init`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Deserialize;

/// One scene.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scene {
    /// The file's name without its ending.
    #[serde(skip)]
    pub(crate) name: String,
    /// What it shows.
    #[allow(dead_code)]
    pub(crate) title: String,
    /// The school's names, as `--ssid` has them; none: the associated network's.
    #[serde(default)]
    pub(crate) ssid: Vec<String>,
    /// Further arguments of `wifi scan`.
    #[serde(default)]
    pub(crate) arguments: Vec<String>,
    /// The radios, in order; one more is the agent's.
    #[serde(default)]
    pub(crate) radio: Vec<Radio>,
    /// Shell lines between the radios' start and the scan; `$WLAN` is the agent's interface.
    #[serde(default)]
    pub(crate) before: String,
    /// From beacon to beacon, in units of 1.024 ms; slow, for under software emulation fifty networks' beacons are all that the
    /// machine can carry.
    #[serde(default = "slow")]
    pub(crate) beacon_interval: u32,
    /// Who runs the agent: root, or `nobody`.
    #[serde(default)]
    pub(crate) user: Option<String>,
    /// Whether NetworkManager is in charge of the agent's radio.
    #[serde(default)]
    pub(crate) network_manager: bool,
    /// No radio at all, not even the agent's.
    #[serde(default)]
    pub(crate) no_adapter: bool,
    /// Whether the whole outputs of `run` are asked for, too, and a survey of two rooms, interrupted in the second.
    #[serde(default)]
    pub(crate) outputs: bool,
    pub(crate) expect: Expect,
}

/// One radio of a box.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Radio {
    /// Whose: `A`, `B`… of the school; `neighbour`, or `phone`.
    #[serde(rename = "box")]
    pub(crate) owner: String,
    /// The first network's BSSID; further ones count up.
    pub(crate) address: String,
    /// 1 to 13 at 2.4 GHz, from 36 at 5 GHz.
    pub(crate) channel: u32,
    /// The networks, of one address each.
    pub(crate) network: Vec<Network>,
    /// Elements in hexadecimal, sent in every network's beacons.
    #[serde(default)]
    pub(crate) elements: String,
    /// Not started with the others: the lines of `before` do it (`ap /scenes/…/radio-N.conf`).
    #[serde(default)]
    pub(crate) later: bool,
}

/// One network of a radio.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Network {
    pub(crate) ssid: String,
    /// `open`, `wpa2`, `wpa3` or `wps` (WPA2 with WPS).
    #[serde(default = "wpa2")]
    pub(crate) security: String,
    #[serde(default)]
    pub(crate) hidden: bool,
    /// The UUID of WPS.
    #[serde(default)]
    pub(crate) uuid: Option<String>,
}

fn slow() -> u32 {
    400
}

fn wpa2() -> String {
    "wpa2".to_owned()
}

/// What must be said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    /// The boxes there are.
    #[serde(default)]
    pub(crate) boxes: Option<u32>,
    /// The bounds, where the evidence does not suffice for the boxes alone.
    #[serde(default)]
    pub(crate) low: Option<u32>,
    #[serde(default)]
    pub(crate) high: Option<u32>,
    /// BSSIDs of the school.
    #[serde(default)]
    pub(crate) bssids: Option<u32>,
    /// At least so many of them, where an emulated radio may miss some.
    #[serde(default)]
    pub(crate) bssids_at_least: Option<u64>,
    /// The exit code: 0 met, 3 inconclusive.
    pub(crate) exit: u8,
    /// Evidence that must be named.
    #[serde(default)]
    pub(crate) evidence: Vec<String>,
    /// Caveats, exactly.
    #[serde(default)]
    pub(crate) caveats: Vec<String>,
    /// Findings about the air that must be there.
    #[serde(default)]
    pub(crate) findings: Vec<String>,
    /// How networks are secured.
    #[serde(default)]
    pub(crate) security: BTreeMap<String, String>,
    /// Neighbours per band; without it, none.
    #[serde(default)]
    pub(crate) neighbours: BTreeMap<String, u32>,
    /// Whether the machine's own association must be told.
    #[serde(default)]
    pub(crate) link: bool,
    /// Why nothing was measured: the reason's code.
    #[serde(default)]
    pub(crate) reason: Option<String>,
}

/// Every scene, by name.
pub(crate) fn all(directory: &Path) -> Vec<Scene> {
    let wanted = std::env::var("SCENES").unwrap_or_default();
    let words: Vec<&str> = wanted.split(',').filter(|word| !word.is_empty()).collect();
    let mut found: Vec<Scene> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let mut scene: Scene =
                toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            scene.name = path.file_stem().unwrap().to_string_lossy().into_owned();
            scene
        })
        .filter(|scene| words.is_empty() || words.iter().any(|word| scene.name.contains(word)))
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

impl Scene {
    /// Writes the scene's files into its directory of the virtual machine.
    pub(crate) fn write(&self, directory: &Path) {
        fs::create_dir_all(directory).unwrap();
        for (index, radio) in self.radio.iter().enumerate() {
            fs::write(
                directory.join(format!("radio-{index}.conf")),
                radio.hostapd(index, self.beacon_interval),
            )
            .unwrap();
        }
        fs::write(directory.join("plan"), self.plan()).unwrap();
    }

    fn plan(&self) -> String {
        let mut plan = String::new();
        if !self.no_adapter {
            let _ = writeln!(plan, "radios {}\nWLAN=wlan{}", self.radio.len() + 1, self.radio.len());
            // One hostapd for each box, as each box has its own.
            let mut boxes: BTreeMap<&str, String> = BTreeMap::new();
            for (index, radio) in self.radio.iter().enumerate() {
                let _ = writeln!(plan, "ip link set wlan{index} address {}", radio.address);
                if !radio.later {
                    let _ = write!(
                        boxes.entry(&radio.owner).or_default(),
                        " /scenes/{}/radio-{index}.conf",
                        self.name
                    );
                }
            }
            for configurations in boxes.values() {
                let _ = writeln!(plan, "ap{configurations}");
            }
            // A user's machine has its interface up.
            let _ = writeln!(plan, "ip link set $WLAN up");
        }
        if self.network_manager {
            plan.push_str("network_manager $WLAN\n");
        }
        plan.push_str(&self.before);
        plan.push('\n');
        let ssids = self.ssid.iter().map(|ssid| format!(" --ssid '{ssid}'")).collect::<Vec<_>>().concat();
        let more =
            self.arguments.iter().map(|argument| format!(" '{argument}'")).collect::<Vec<_>>().concat();
        let scan = format!("wifi scan --wifi-on yes --timeout 30{ssids}{more}");
        let agent = |name: &str, rest: &str| match &self.user {
            Some(user) => format!("RUN_AS={user} agent {name} {rest}\n"),
            None => format!("agent {name} {rest}\n"),
        };
        // Where nothing can be heard there is nothing to record, and that is an error of its own.
        let record = if self.expect.reason.is_some() { "" } else { " --record /run/record" };
        plan.push_str(&agent("json", &format!("{scan} --format json{record}")));
        plan.push_str("hand record /run/record\nrm -f /run/record\n");
        if self.outputs {
            plan.push_str(&agent("text-fr", &format!("{scan} --lang fr")));
            plan.push_str(&agent("text-en", &format!("{scan} --lang en")));
            let run = format!(
                "run --only wifi --wifi-on yes --no-upload{ssids} --state /run/state --json /run/json --html /run/html"
            );
            plan.push_str(&agent("run", &run));
            plan.push_str("hand run.json /run/json\nhand run.html /run/html\n");
            plan.push_str(&agent("nagios", &format!("{run} --format nagios")));
            plan.push_str(&agent("prometheus", &format!("{run} --format prometheus -v")));
            plan.push_str("tar -cf /run/state.tar /run/state 2>/dev/null; hand state /run/state.tar\n");
            plan.push_str("rm -rf /run/state /run/state.tar /run/json /run/html\n");
            plan.push_str("export SONDE_ECOLE_STATE=/run/survey\n");
            let survey = |room: &str| format!("wifi survey --wifi-on yes{ssids} --room {room}");
            plan.push_str(&agent("survey-CP", &survey("CP")));
            let _ = writeln!(plan, "cut_short survey-cut {}", survey("CE1"));
            plan.push_str(&agent("survey-CE1", &survey("CE1")));
            plan.push_str("hand survey-state /run/survey/wifi-survey.json\n");
            plan.push_str(&agent("survey-finish", "wifi survey --finish --json /run/survey.json"));
            plan.push_str("hand survey.json /run/survey.json\n");
            plan.push_str("rm -rf /run/survey /run/survey.json\nunset SONDE_ECOLE_STATE\n");
        }
        plan
    }

    /// Every BSSID and name of those that are not the school's.
    pub(crate) fn secrets(&self) -> Vec<(String, String)> {
        let others = self.radio.iter().filter(|radio| ["neighbour", "phone"].contains(&radio.owner.as_str()));
        others
            .flat_map(|radio| {
                radio.network.iter().enumerate().map(|(at, network)| (radio.bssid(at), network.ssid.clone()))
            })
            .collect()
    }

    /// Every BSSID of the school.
    pub(crate) fn own_bssids(&self) -> Vec<String> {
        let own = self.radio.iter().filter(|radio| !["neighbour", "phone"].contains(&radio.owner.as_str()));
        own.flat_map(|radio| (0..radio.network.len()).map(|at| radio.bssid(at))).collect()
    }
}

impl Radio {
    /// Whether an address is one of its networks', as a recording spells it.
    pub(crate) fn has(&self, bssid: &str) -> bool {
        (0..self.network.len()).any(|at| self.bssid(at).replace(':', "") == bssid)
    }

    /// The address of a network: counted up in the last octet.
    fn bssid(&self, at: usize) -> String {
        let (head, last) = self.address.rsplit_once(':').unwrap();
        let last = u8::from_str_radix(last, 16).unwrap() + at as u8;
        format!("{head}:{last:02x}")
    }

    fn hostapd(&self, index: usize, beacon_interval: u32) -> String {
        let mode = if self.channel > 13 { "a" } else { "g" };
        let mut text = format!(
            "driver=nl80211\ncountry_code=UZ\nhw_mode={mode}\nchannel={}\nieee80211n=1\nwmm_enabled=1\n\
             beacon_int={beacon_interval}\n",
            self.channel
        );
        for (at, network) in self.network.iter().enumerate() {
            if at == 0 {
                let _ = writeln!(text, "interface=wlan{index}");
            } else {
                let _ = writeln!(text, "bss=wlan{index}_{at}\nbssid={}", self.bssid(at));
            }
            text.push_str(&network.hostapd());
            if !self.elements.is_empty() {
                let _ = writeln!(text, "vendor_elements={}", self.elements.replace([' ', '\n'], ""));
            }
        }
        text
    }
}

impl Network {
    fn hostapd(&self) -> String {
        let mut text = format!("ssid={}\n", self.ssid);
        if self.hidden {
            text.push_str("ignore_broadcast_ssid=1\n");
        }
        text.push_str(match self.security.as_str() {
            "open" => "",
            "wpa2" | "wps" => "wpa=2\nwpa_key_mgmt=WPA-PSK\nrsn_pairwise=CCMP\nwpa_passphrase=mot-de-passe\n",
            "tkip" => "wpa=1\nwpa_key_mgmt=WPA-PSK\nwpa_pairwise=TKIP\nwpa_passphrase=mot-de-passe\n",
            "wpa3" => "wpa=2\nwpa_key_mgmt=SAE\nrsn_pairwise=CCMP\nieee80211w=2\nsae_password=mot-de-passe\n",
            other => panic!("security {other}"),
        });
        if self.security == "wps" {
            let _ = writeln!(text, "wps_state=2\neap_server=1");
            if let Some(uuid) = &self.uuid {
                let _ = writeln!(text, "uuid={uuid}");
            }
        }
        text
    }
}
