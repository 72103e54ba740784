//! From a world's file to the configuration of each part. What the files' names mean stands in `world.sh`.

mod proxies;
mod web;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use sonde_probes::dial::Target;
use sonde_probes::internet::ControlTarget;

use crate::config::Environment;
use web::{as_it_must, refusing, server};

use super::agent::plan;
use super::certificates::Authorities;
use super::file::{Answer, Resolver, Serve, Tls, World};

/// The ENT of every world's school.
pub const ENT: &str = "e-primo";
/// The box's address in the school.
const BOX: &str = "10.77.0.1";
/// The public resolver's, in the internet.
const PUBLIC_RESOLVER: &str = "185.75.143.53";
/// Where a proxy of the box listens.
const PROXY_PORT: u16 = 3128;
/// Where a transparent proxy takes HTTP and TLS.
const INTERCEPT_PORTS: [u16; 2] = [3129, 3130];
/// The discard port (RFC 863), dropped on the far side's loopback: an upstream that never answers.
const NOWHERE: u16 = 9;

/// What a run with this ENT asks for.
static ASKED: LazyLock<Asked> = LazyLock::new(|| {
    let plan = plan(["--ent", ENT].into_iter(), &Environment::new());
    let services = plan.endpoints.endpoints.into_iter();
    Asked {
        services: services.map(|endpoint| (endpoint.id, host_of(&endpoint.urls[0]))).collect(),
        controls: plan.internet.targets,
    }
});

struct Asked {
    services: Vec<(String, String)>,
    controls: Vec<ControlTarget>,
}

/// The services every world has: the catalogue's id and the host's name.
pub fn profile() -> &'static [(String, String)] {
    &ASKED.services
}

fn host_of(url: &str) -> String {
    url.parse::<Target>().unwrap().host
}

/// One host of the internet.
struct Host {
    id: String,
    name: String,
    v4: String,
    v6: String,
}

/// A world on its way to files.
pub struct Parts<'a> {
    world: &'a World,
    authorities: &'a Authorities,
    directory: &'a Path,
    /// The profile's services, the control targets, then what the world's file adds.
    hosts: Vec<Host>,
    controls: &'static [ControlTarget],
    ports: Vec<(&'static str, u16)>,
}

impl<'a> Parts<'a> {
    pub fn new(world: &'a World, authorities: &'a Authorities, directory: &'a Path) -> Self {
        let controls = ASKED.controls.as_slice();
        let names = controls.iter().map(|control| host_of(&control.url)).map(|name| (name.clone(), name));
        let known: Vec<_> = profile().iter().cloned().chain(names).collect();
        let more = world.services.keys().filter(|given| !known.iter().any(|(id, _)| id == *given));
        // What is no id of the catalogue is a name of its own.
        let more: Vec<_> = more.map(|name| (name.clone(), name.clone())).collect();
        let hosts = known.into_iter().chain(more).enumerate().map(|(place, (id, name))| Host {
            id,
            name,
            v4: format!("185.75.143.{}", 101 + place),
            v6: format!("2001:db8:143::{}", 101 + place),
        });
        Self { world, authorities, directory, hosts: hosts.collect(), controls, ports: Vec::new() }
    }

    /// Writes every file.
    pub fn write(mut self) {
        self.write_machine();
        self.write_addresses();
        self.write_internet();
        self.write_resolver();
        self.write_firewall();
        self.write_box_servers();
        self.write_squid();
        self.write_tinyproxy();
        self.write_mitmproxy();
        self.write_microsocks();
        let ports: String = self.ports.iter().map(|(place, port)| format!("{place} {port}\n")).collect();
        self.file("ports", &ports);
    }

    /// `{e-primo}`, `{services}` and the like in a text of the world's file.
    pub fn filled(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for host in &self.hosts {
            filled = filled.replace(&format!("{{{}}}", host.id), &host.v4);
        }
        let listed = |hosts: &[Host]| {
            let all: Vec<&str> = hosts.iter().map(|host| host.v4.as_str()).collect();
            format!("{{ {} }}", all.join(", "))
        };
        let services = profile().len();
        filled = filled.replace("{services}", &listed(&self.hosts[..services]));
        let controls = &self.hosts[services..services + self.controls.len()];
        filled = filled.replace("{controls}", &listed(controls));
        filled = filled.replace("{files}", &self.path("files"));
        filled = filled.replace("{box}", BOX).replace("{resolver}", PUBLIC_RESOLVER);
        filled = filled.replace("{school-authority}", &self.path("../school.pem"));
        filled.replace("{mitmproxy-authority}", &self.path("mitm/mitmproxy-ca-cert.pem"))
    }

    fn path(&self, name: &str) -> String {
        self.directory.join(name).display().to_string()
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.directory.join(name), text).unwrap();
    }

    fn name_of(&self, id: &str) -> &str {
        let host = self.hosts.iter().find(|host| host.id == id);
        &host.unwrap_or_else(|| panic!("{id} is no service of this world")).name
    }

    fn filled_lines(&self, lines: &[String]) -> String {
        lines.iter().map(|line| self.filled(line) + "\n").collect()
    }

    /// Resolvers, hosts file and interfaces of the machine.
    fn write_machine(&self) {
        fs::create_dir(self.directory.join("etc")).unwrap();
        let servers = self.world.dns.servers.clone().unwrap_or_else(|| vec!["{box}".to_owned()]);
        let servers = servers.iter().map(|server| format!("nameserver {server}"));
        let search = self.world.dns.search.iter().map(|domain| format!("search {domain}"));
        self.file("etc/resolv.conf", &self.filled_lines(&servers.chain(search).collect::<Vec<_>>()));
        self.file("etc/public-resolv.conf", &format!("nameserver {PUBLIC_RESOLVER}\n"));
        self.file("etc/environment", &self.filled_lines(&self.world.system));
        fs::create_dir(self.directory.join("files")).unwrap();
        for (name, text) in &self.world.files {
            self.file(&format!("files/{name}"), &self.filled(text));
        }
        self.file("etc/hosts", &format!("127.0.0.1 localhost\n{}", self.filled_lines(&self.world.hosts)));
        self.file("etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n");
        let ip = &self.world.ip;
        for (place, commands) in [("internet", &ip.internet), ("school", &ip.school), ("box", &ip.in_box)] {
            if !commands.is_empty() {
                self.file(&format!("ip.{place}"), &self.filled_lines(commands));
            }
        }
    }

    fn write_addresses(&self) {
        if let Some(line) = &self.world.line {
            self.file("line", &format!("{}\n", line.mtu));
        }
        let v4: String = self.hosts.iter().map(|host| format!("{}/32\n", host.v4)).collect();
        self.file("addresses", &format!("{PUBLIC_RESOLVER}/32\n{v4}"));
        if self.world.ipv6 {
            let v6: String = self.hosts.iter().map(|host| format!("{}/128\n", host.v6)).collect();
            self.file("ipv6", &v6);
        }
    }

    /// The public resolver, the services, the control targets.
    fn write_internet(&mut self) {
        let mut dns = self.dnsmasq("internet", PUBLIC_RESOLVER);
        // Nothing is above: what is not here does not exist.
        for end in ["fr", "com", "net", "org", "info", "example"] {
            let _ = writeln!(dns, "local=/{end}/");
        }
        let mut servers = String::new();
        for host in &self.hosts {
            let service = self.world.services.get(&host.id).cloned().unwrap_or_default();
            if !service.unknown {
                let v6 = if self.world.ipv6 { format!(",{}", host.v6) } else { String::new() };
                let _ = writeln!(dns, "host-record={},{}{v6}", host.name, host.v4);
            }
            if service.down {
                continue;
            }
            let families = if self.world.ipv6 {
                vec![host.v4.clone(), format!("[{}]", host.v6)]
            } else {
                vec![host.v4.clone()]
            };
            let places =
                |port: u16| families.iter().map(|address| format!("{address}:{port}")).collect::<Vec<_>>();
            if let Some(control) = self.controls.iter().find(|control| host_of(&control.url) == host.name) {
                let given = self.world.services.get(&host.id);
                let answer = given.map_or_else(|| as_it_must(control), |given| given.answer.clone());
                servers += &server(&places(80), None, &self.filled_answer(&answer));
                continue;
            }
            let pair = match service.tls {
                Tls::Refused => None,
                kind => Some(self.authorities.issue(kind, &self.names_of(host), &self.name(&host.id))),
            };
            let answer = self.filled_answer(&service.answer);
            servers += &match (service.tls, pair) {
                (Tls::Refused, _) => refusing(&places(443)),
                (_, pair) => server(&places(443), pair.as_ref(), &answer),
            };
            let whole = Answer {
                status: 301,
                location: Some(format!("https://{}/", host.name)),
                ..Answer::default()
            };
            servers += &server(&places(80), None, &whole);
        }
        self.file("internet.dnsmasq", &dns);
        self.file("internet.nginx", &self.nginx("internet", &servers));
        let dropped = self.filled_lines(&self.world.far_firewall);
        self.file(
            "internet.nft",
            &format!(
                "table inet world {{ chain input {{ type filter hook input priority 0; policy accept;\n\
                 iifname \"lo\" tcp dport {NOWHERE} drop\n{dropped}}}\n}}\n"
            ),
        );
        self.ports.extend([("internet", 53), ("internet", 443), ("internet", 80)]);
    }

    /// The names in a host's certificate: with those of forty more sites where its size matters, as on a shared front.
    fn names_of(&self, host: &Host) -> Vec<String> {
        let large = self.world.line.as_ref().is_some_and(|line| !line.small_certificates);
        let more = (0..if large { 40 } else { 0 }).map(|number| format!("site-{number}.ailleurs.example"));
        std::iter::once(host.name.clone()).chain(more).collect()
    }

    /// A name for a file of this world beside the others' certificates.
    fn name(&self, of: &str) -> String {
        format!("{}-{of}", self.directory.file_name().unwrap_or_default().to_string_lossy())
    }

    fn dnsmasq(&self, place: &str, address: &str) -> String {
        format!(
            "user=root\ngroup=root\npid-file={}\nno-resolv\nno-hosts\ncache-size=0\nbind-interfaces\n\
             listen-address={address}\nlog-facility={}\n",
            self.path(&format!("{place}.dnsmasq.pid")),
            self.path(&format!("{place}.dnsmasq.log")),
        )
    }

    /// The box's resolver.
    fn write_resolver(&mut self) {
        let dns = &self.world.dns;
        let lies: BTreeMap<&str, String> =
            dns.lies.iter().map(|(id, lie)| (self.name_of(id), self.filled(lie))).collect();
        match dns.by {
            Resolver::Dnsmasq => {
                let mut text = self.dnsmasq("box", BOX);
                text += &if dns.closed {
                    "address=/#/\n".to_owned()
                } else {
                    format!("server={PUBLIC_RESOLVER}\n")
                };
                for (name, lie) in lies {
                    let lie = if lie == "nxdomain" { "" } else { &lie };
                    let _ = writeln!(text, "address=/{name}/{lie}");
                }
                if let Some(every) = &dns.every {
                    let _ = writeln!(text, "address=/#/{}", self.filled(every));
                }
                if dns.without_a {
                    text += "filter-A\n";
                }
                self.file("box.dnsmasq", &text);
            }
            Resolver::Unbound => {
                let mut text = format!(
                    "server:\n chroot: \"\"\n username: \"\"\n directory: \"{}\"\n pidfile: \"\"\n use-syslog: no\n \
                     logfile: \"\"\n interface: {BOX}\n access-control: 0.0.0.0/0 allow\n do-ip6: no\n num-threads: 1\n \
                     qname-minimisation: no\n module-config: \"validator iterator\"\n",
                    self.path(""),
                );
                for (name, lie) in lies {
                    text += &match lie.as_str() {
                        "nxdomain" | "nodata" => format!(" local-zone: \"{name}.\" always_{lie}\n"),
                        "refused" => format!(" local-zone: \"{name}.\" always_refuse\n"),
                        "silent" => format!(" local-zone: \"{name}.\" always_deny\n"),
                        // A zone said to be signed by a key that it does not have.
                        "bogus" => format!(" trust-anchor: \"{name}. DS 20326 8 2 {}\"\n", "AB".repeat(32)),
                        address => format!(
                            " local-zone: \"{name}.\" redirect\n local-data: \"{name}. A {address}\"\n"
                        ),
                    };
                }
                text += &format!(
                    "remote-control:\n control-enable: no\nforward-zone:\n name: \".\"\n forward-addr: {PUBLIC_RESOLVER}\n"
                );
                self.file("box.unbound", &text);
            }
        }
        self.ports.push(("box", 53));
    }

    /// The box's packet filter.
    fn write_firewall(&self) {
        let given = &self.world.firewall;
        let mut redirect = self.filled_lines(&given.redirect);
        let squid = self.world.squid.as_ref().is_some_and(|squid| squid.transparent);
        let mitmproxy = self.world.mitmproxy.as_ref().is_some_and(|proxy| proxy.transparent);
        let taken_by = match (squid, mitmproxy) {
            (true, _) => Some(INTERCEPT_PORTS),
            (_, true) => Some([PROXY_PORT; 2]),
            _ => None,
        };
        for (port, to) in [80, 443].into_iter().zip(taken_by.into_iter().flatten()) {
            let _ = writeln!(redirect, "iifname \"lan\" tcp dport {port} redirect to :{to}");
        }
        self.file(
            "box.nft",
            &format!(
                "table inet world {{\n\
                 chain forward {{ type filter hook forward priority 0; policy accept;\n{}}}\n\
                 chain input {{ type filter hook input priority 0; policy accept;\n{}}}\n}}\n\
                 table ip world {{\n\
                 chain prerouting {{ type nat hook prerouting priority -100;\n{redirect}}}\n\
                 chain postrouting {{ type nat hook postrouting priority 100; oifname \"wan\" masquerade\n}}\n}}\n",
                self.filled_lines(&given.forward),
                self.filled_lines(&given.input),
            ),
        );
    }

    fn write_box_servers(&mut self) {
        if self.world.serve.is_empty() {
            return;
        }
        let every: Vec<String> = self.hosts.iter().map(|host| host.name.clone()).collect();
        let mut servers = String::new();
        for Serve { port, tls, answer } in &self.world.serve {
            let place = [format!("{BOX}:{port}")];
            self.ports.push(("box", *port));
            if *tls == Some(Tls::Refused) {
                servers += &refusing(&place);
                continue;
            }
            let pair =
                tls.map(|kind| self.authorities.issue(kind, &every, &self.name(&format!("box-{port}"))));
            servers += &server(&place, pair.as_ref(), &self.filled_answer(answer));
        }
        self.file("box.nginx", &self.nginx("box", &servers));
    }

    fn filled_answer(&self, answer: &Answer) -> Answer {
        let mut filled = answer.clone();
        filled.location = answer.location.as_ref().map(|to| self.filled(to));
        filled.body = answer.body.as_ref().map(|text| self.filled(text));
        filled
    }

    fn nginx(&self, place: &str, servers: &str) -> String {
        let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary: String = kinds
            .iter()
            .map(|kind| format!("{kind}_temp_path {};\n", self.path(&format!("{place}.{kind}"))))
            .collect();
        format!(
            "daemon off;\nmaster_process off;\nuser root;\npid {};\nerror_log stderr;\nevents {{ worker_connections 256; }}\n\
             http {{\naccess_log off;\ndefault_type text/html;\nproxy_connect_timeout 60s;\n{temporary}{servers}}}\n",
            self.path(&format!("{place}.nginx.pid")),
        )
    }
}
