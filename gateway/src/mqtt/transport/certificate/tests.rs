use std::fs::Permissions;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use super::*;

/// An authority and what it signs, in a folder of its own.
struct Office {
    dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Office {
    fn new(name: &str) -> Office {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Office { dir: tempfile::tempdir().unwrap(), issuer: Issuer::new(params, key), pem }
    }

    /// A certificate with these common names and its key, both PEM.
    fn sign(&self, names: &[&str]) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params =
            CertificateParams::new(vec!["box.example".to_owned(), "10.0.0.7".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for name in names {
            params.distinguished_name.push(DnType::CommonName, *name);
        }
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 7, 1);
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn files(&self, chain: &str, key: &str) -> TlsFiles {
        TlsFiles {
            certificate: self.write("chain.pem", chain),
            key: self.write("key.pem", key),
            client_ca: None,
        }
    }
}

fn refusal(files: &TlsFiles) -> String {
    load(files).expect_err("it is refused").to_string()
}

#[test]
fn a_chain_and_its_key_are_taken_with_the_time_at_which_the_first_of_them_ends() {
    let office = Office::new("City");
    let (certificate, key) = office.sign(&["box"]);
    let chain = [certificate.pem(), office.pem.clone()].concat();
    let mut files = office.files(&chain, &key.serialize_pem());
    files.client_ca = Some(office.write("ca.pem", &office.pem));
    let identity = load(&files).unwrap();
    assert_eq!(identity.expires_unix_s, 1_782_864_000, "2026-07-01");
    assert_eq!(identity.begins_unix_s, 1_767_225_600, "2026-01-01");
    assert_eq!(identity.subject, "box.example, 10.0.0.7");
    assert_eq!(identity.exposed, None);
    fs::set_permissions(&files.key, Permissions::from_mode(0o644)).unwrap();
    assert_eq!(load(&files).unwrap().exposed, Some(files.key));
}

#[test]
fn what_does_not_fit_is_refused_and_named() {
    let (office, other) = (Office::new("City"), Office::new("Elsewhere"));
    let (certificate, key) = office.sign(&["box"]);
    let (_, foreign_key) = office.sign(&["box"]);
    let (good, key) = (certificate.pem(), key.serialize_pem());
    let cases = [
        (good.clone(), foreign_key.serialize_pem(), "keys may not be consistent"),
        (good.clone(), String::new(), "key.pem: no private key"),
        (String::new(), key.clone(), "chain.pem: no certificate"),
        (good.replace("MII", "AAA"), key.clone(), "chain.pem: certificate 1 can't be read"),
        (
            [good.clone(), other.pem.clone()].concat(),
            key.clone(),
            "certificate 1 was not issued by the one after",
        ),
        ("x".repeat(FILE_BYTES_MAX as usize + 1), key.clone(), "at most 1048576 are read"),
    ];
    for (chain, key, expected) in cases {
        let told = refusal(&office.files(&chain, &key));
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let mut files = office.files(&good, &key);
    files.client_ca = Some(office.write("ca.pem", "nothing"));
    assert!(refusal(&files).contains("ca.pem: no certificate"), "{}", refusal(&files));
    files.client_ca = Some("/nowhere/ca.pem".into());
    assert!(refusal(&files).starts_with("/nowhere/ca.pem: "), "{}", refusal(&files));
}

#[test]
fn a_client_is_known_by_its_one_common_name() {
    let office = Office::new("City");
    let named = |names: &[&str]| common_name(office.sign(names).0.der());
    assert_eq!(named(&["car-07"]), Some("car-07".to_owned()));
    assert_eq!(named(&["巡查车-07"]), Some("巡查车-07".to_owned()));
    assert_eq!(named(&[]), None);
    assert_eq!(named(&[""]), None);
    assert_eq!(named(&["car\n07"]), None);
    assert_eq!(named(&["a".repeat(300).as_str()]), None);
    assert_eq!(common_name(&CertificateDer::from(vec![1, 2, 3])), None);
}
