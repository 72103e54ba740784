//! The proxies of the box: Squid, tinyproxy, mitmproxy, microsocks.

use std::fmt::Write as _;
use std::fs;

use super::{BOX, INTERCEPT_PORTS, PROXY_PORT, PUBLIC_RESOLVER, Parts};
use crate::worlds::file::Squid;

impl Parts<'_> {
    pub(super) fn write_squid(&mut self) {
        let Some(squid) = &self.world.squid else { return };
        fs::create_dir(self.directory.join("squid")).unwrap();
        let text = self.squid(squid);
        self.file("squid.conf", &text);
        if let Some(password) = &squid.password {
            self.file("squid/users", &format!("ecole:{}\n", hashed(password)));
        }
        self.ports.push(("box", PROXY_PORT));
        if squid.transparent {
            self.ports.extend(INTERCEPT_PORTS.map(|port| ("box", port)));
        }
    }

    fn squid(&self, squid: &Squid) -> String {
        let names = |ids: &[String]| ids.iter().map(|id| self.name_of(id)).collect::<Vec<_>>().join(" ");
        let bumping = squid.bump || !squid.terminate.is_empty();
        let made = if bumping {
            format!(
                " ssl-bump generate-host-certificates=on dynamic_cert_mem_cache_size=4MB tls-cert={}",
                self.path("../school-and-key.pem")
            )
        } else {
            String::new()
        };
        let mut text = format!(
            "visible_hostname proxy.ecole.example\npid_filename none\ncache_log {}\naccess_log none\ncache deny all\n\
             cache_mem 8 MB\nmax_filedescriptors 1024\npinger_enable off\nnetdb_filename none\nshutdown_lifetime 0 seconds\n\
             coredump_dir none\ndns_nameservers {PUBLIC_RESOLVER}\nconnect_timeout 3 seconds\nforward_timeout 4 seconds\n\
             http_port {BOX}:{PROXY_PORT}{made}\n",
            self.path("squid/cache.log"),
        );
        if squid.transparent {
            let [http, tls] = INTERCEPT_PORTS;
            let _ =
                writeln!(text, "http_port {BOX}:{http} intercept\nhttps_port {BOX}:{tls} intercept{made}");
        }
        if bumping {
            let _ = writeln!(
                text,
                "sslcrtd_program /usr/lib/squid/security_file_certgen -s {} -M 4MB\nsslcrtd_children 1\n\
                 tls_outgoing_options cafile={}\nacl hello at_step SslBump1\nssl_bump peek hello",
                self.path("squid/made"),
                self.authorities.public_root().display(),
            );
            if !squid.terminate.is_empty() {
                let _ = writeln!(
                    text,
                    "acl ended ssl::server_name {}\nssl_bump terminate ended",
                    names(&squid.terminate)
                );
            }
            text += if squid.bump { "ssl_bump bump all\n" } else { "ssl_bump splice all\n" };
        }
        if squid.password.is_some() {
            let _ = writeln!(
                text,
                "auth_param basic program /usr/lib/squid/basic_ncsa_auth {}\nauth_param basic children 1\n\
                 auth_param basic realm Ecole\nacl known proxy_auth REQUIRED\nhttp_access deny !known",
                self.path("squid/users"),
            );
        }
        if !squid.deny.is_empty() {
            let _ = writeln!(text, "acl refused dstdomain {}\nhttp_access deny refused", names(&squid.deny));
        }
        text + "http_access allow all\n"
    }

    pub(super) fn write_tinyproxy(&mut self) {
        let Some(tinyproxy) = &self.world.tinyproxy else { return };
        let mut text = format!(
            "Port {PROXY_PORT}\nListen {BOX}\nTimeout 30\nMaxClients 50\nLogLevel Warning\nConnectPort 443\n"
        );
        if let Some(password) = &tinyproxy.password {
            let _ = writeln!(text, "BasicAuth ecole {password}");
        }
        if !tinyproxy.deny.is_empty() {
            let _ = writeln!(
                text,
                "Filter \"{}\"\nFilterExtended On\nFilterDefaultDeny No",
                self.path("tinyproxy.filter")
            );
            let denied =
                tinyproxy.deny.iter().map(|id| format!("^{}$\n", self.name_of(id).replace('.', "\\.")));
            self.file("tinyproxy.filter", &denied.collect::<String>());
        }
        self.file("tinyproxy.conf", &text);
        self.ports.push(("box", PROXY_PORT));
    }

    pub(super) fn write_microsocks(&mut self) {
        let Some(microsocks) = &self.world.microsocks else { return };
        let mut options = format!("-i\n{BOX}\n-p\n{PROXY_PORT}\n");
        if let Some(password) = &microsocks.password {
            let _ = write!(options, "-u\necole\n-P\n{password}\n");
        }
        self.file("microsocks", &options);
        self.ports.push(("box", PROXY_PORT));
    }

    pub(super) fn write_mitmproxy(&mut self) {
        let Some(mitmproxy) = &self.world.mitmproxy else { return };
        let mode = if mitmproxy.transparent { "transparent" } else { "regular" };
        let options = [
            "--mode".to_owned(),
            mode.to_owned(),
            "--listen-host".to_owned(),
            BOX.to_owned(),
            "--listen-port".to_owned(),
            PROXY_PORT.to_string(),
            "--set".to_owned(),
            format!("confdir={}", self.path("mitm")),
            "--set".to_owned(),
            format!("ssl_verify_upstream_trusted_ca={}", self.authorities.public_root().display()),
        ];
        self.file("mitmproxy", &(options.join("\n") + "\n"));
        self.ports.push(("box", PROXY_PORT));
    }
}

/// A password as basic_ncsa_auth takes one: crypt's MD5 form, made by openssl.
fn hashed(password: &str) -> String {
    let made = std::process::Command::new("openssl").args(["passwd", "-apr1", password]).output().unwrap();
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}
