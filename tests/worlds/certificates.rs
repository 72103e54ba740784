//! The certificates of a world: a public authority that the agent trusts in the place of the embedded ones, an
//! intermediate below it as the web has, and the school's own authority.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa, KeyPair};

use super::file::Tls;

/// What signs and what is signed for.
pub struct Authorities {
    intermediate: CertifiedIssuer<'static, KeyPair>,
    school: CertifiedIssuer<'static, KeyPair>,
    directory: PathBuf,
}

/// A certificate's file and its key's.
pub struct Pair {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// The common name of the school's own authority.
pub const SCHOOL_AUTHORITY: &str = "Filtrage de la commune";

/// Embedded signed certificate timestamps.
const TIMESTAMPS: [u64; 10] = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];

const DAY: Duration = Duration::from_secs(24 * 3600);

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Authorities {
    /// Makes them, and writes the roots into `directory`.
    pub fn make(directory: &Path) -> Self {
        let key = || KeyPair::generate().unwrap();
        let root = CertifiedIssuer::self_signed(authority("Racine publique"), key()).unwrap();
        let intermediate =
            CertifiedIssuer::signed_by(authority("Intermédiaire publique"), key(), &root).unwrap();
        let school = CertifiedIssuer::self_signed(authority(SCHOOL_AUTHORITY), key()).unwrap();
        fs::write(directory.join("public.pem"), root.pem()).unwrap();
        fs::write(directory.join("school.pem"), school.pem()).unwrap();
        // The form in which Squid takes an authority: the certificate and its key in one file.
        let both = school.pem() + &school.key().serialize_pem();
        fs::write(directory.join("school-and-key.pem"), both).unwrap();
        Self { intermediate, school, directory: directory.to_owned() }
    }

    /// The root that stands in for the public ones.
    pub fn public_root(&self) -> PathBuf {
        self.directory.join("public.pem")
    }

    /// A certificate of this kind for `names`, its file called `file`.
    pub fn issue(&self, kind: Tls, names: &[String], file: &str) -> Pair {
        // Ninety days, as a public certificate: in most kinds some of them are over.
        let begins = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let begins = match kind {
            Tls::Expired => begins - 120 * DAY,
            Tls::NotYet => begins + 30 * DAY,
            _ => begins - 30 * DAY,
        };
        let other = ["autre-service.example".to_owned()];
        let names = if kind == Tls::OtherName { &other[..] } else { names };
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = rcgen::date_time_ymd(1970, 1, 1) + begins;
        params.not_after = params.not_before + 90 * DAY;
        params.distinguished_name.push(DnType::CommonName, names[0].clone());
        if !matches!(kind, Tls::Local | Tls::SelfSigned) {
            // Browsers want a public certificate's timestamps (RFC 6962, 3.3); here the list is empty.
            let timestamps = [0x04, 0x02, 0x00, 0x00].to_vec();
            params.custom_extensions.push(CustomExtension::from_oid_content(&TIMESTAMPS, timestamps));
        }
        let key = KeyPair::generate().unwrap();
        let chain = match kind {
            Tls::SelfSigned => params.self_signed(&key).unwrap().pem(),
            Tls::Local => params.signed_by(&key, &self.school).unwrap().pem(),
            Tls::Incomplete => params.signed_by(&key, &self.intermediate).unwrap().pem(),
            _ => params.signed_by(&key, &self.intermediate).unwrap().pem() + &self.intermediate.pem(),
        };
        let pair = Pair {
            certificate: self.directory.join(format!("{file}.pem")),
            key: self.directory.join(format!("{file}.key")),
        };
        fs::write(&pair.certificate, chain).unwrap();
        fs::write(&pair.key, key.serialize_pem()).unwrap();
        pair
    }
}
