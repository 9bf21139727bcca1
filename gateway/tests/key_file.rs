//! Reading the file of the devices' keys: what an operator writes, and what is said about mistakes.

#![allow(clippy::unwrap_used, reason = "a test")]

use firmware_protocol::Suite;
use patrol_gateway::config::key_file::{parse_secret, read};
use patrol_gateway::config::{ConfigError, Problem};
use patrol_gateway::domain::keyring::Credential;
use proptest::prelude::*;

const SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";

/// The problems, each as the operator reads it.
fn told(text: &str) -> Vec<String> {
    match read(text, "keys.toml") {
        Err(ConfigError::Refused { problems }) => problems.iter().map(Problem::to_string).collect(),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn every_suite_is_read_and_a_device_may_have_several_entries() {
    let text = format!(
        "[[device]]\nid = \"car-07\"\nkey_id = 1\nsuite = \"hmac-sha256-128\"\nsecret = \"{SECRET}\"\n\
         [[device]]\nid = \"car-07\"\nkey_id = 255\nsuite = \"hmac-sha256-128\"\nsecret = \"{SECRET}\"\n\
         [[device]]\nid = \"car-07\"\nkey_id = 1\nsuite = \"hmac-sm3-128\"\nsecret = \"{SECRET}\"\n\
         [[device]]\nid = \"lora-1\"\nsuite = \"hmac-sha256-64\"\nsecret = \"{SECRET}\"\n\
         [[device]]\nid = \"old-1\"\nkey_id = 0\nsuite = \"crc-32c\"\n"
    );
    let entries = read(&text, "keys.toml").unwrap();
    let named: Vec<_> = entries.iter().map(|(device, key)| (device.as_str(), key.name())).collect();
    let expected = [
        ("car-07", (Suite::HMAC_SHA256_128, 1)),
        ("car-07", (Suite::HMAC_SHA256_128, 255)),
        ("car-07", (Suite::HMAC_SM3_128, 1)),
        ("lora-1", (Suite::HMAC_SHA256_64, 0)),
        ("old-1", (Suite::CRC32C, 0)),
    ];
    assert_eq!(named, expected);
    assert!(matches!(entries[4].1, Credential::Crc32c));
    assert_eq!(read("# nobody yet\n", "keys.toml").unwrap().len(), 0);
}

#[test]
fn a_secret_is_its_digits_in_order() {
    let expected: [u8; 32] = std::array::from_fn(|at| at as u8);
    assert_eq!(parse_secret(SECRET), Some(expected));
    assert_eq!(parse_secret(&SECRET.to_lowercase()), Some(expected));
}

/// An entry with one line changed, and what is said about it.
const MISTAKES: [(&str, &str, &str); 13] = [
    ("id = \"car-07\"", "", "keys.toml:1:1: device.id: expected 1 to 32 of a-z, 0-9 and \"-\""),
    ("id = \"car-07\"", "id = \"Car 7\"", "keys.toml:2:6: device.id: expected 1 to 32 of a-z"),
    ("id = \"car-07\"", "id = 7", "keys.toml:2:6: device.id: expected 1 to 32 of a-z"),
    (
        "key_id = 1",
        "key_id = 256",
        "keys.toml:3:10: device.key_id: expected a whole number from 0 to 255; found 256",
    ),
    (
        "key_id = 1",
        "key_id = -1",
        "keys.toml:3:10: device.key_id: expected a whole number from 0 to 255; found -1",
    ),
    ("key_id = 1", "keyid = 1", "keys.toml:3:1: unknown device.keyid; the nearest known name is key_id"),
    ("suite = \"hmac-sha256-128\"", "", "keys.toml:1:1: device.suite: expected one of \"hmac-sha256-128\""),
    (
        "suite = \"hmac-sha256-128\"",
        "suite = \"hmac\"",
        "keys.toml:4:9: device.suite: expected one of \"hmac-sha256-128\"",
    ),
    (
        "suite = \"hmac-sha256-128\"",
        "suite = \"crc-32c\"",
        "keys.toml:5:10: device.secret: expected nothing, as suite \"crc-32c\" has no keys",
    ),
    ("secret = ", "secrets = ", "keys.toml:5:1: unknown device.secrets; the nearest known name is secret"),
    (
        "0A",
        "0",
        "keys.toml:5:10: device.secret: expected 64 hexadecimal digits, in quotes; found 63 characters (not repeated here)",
    ),
    (
        "0A",
        "0G",
        "keys.toml:5:10: device.secret: expected 64 hexadecimal digits, in quotes; found 64 characters",
    ),
    ("[[device]]", "[device]", "keys.toml:1:1: device: expected entries [[device]]; found a table"),
];

#[test]
fn every_mistake_is_named_with_its_place_and_without_the_secret() {
    let secret = SECRET.to_uppercase();
    let entry = format!(
        "[[device]]\nid = \"car-07\"\nkey_id = 1\nsuite = \"hmac-sha256-128\"\nsecret = \"{secret}\"\n"
    );
    for (right, wrong, said) in MISTAKES {
        let problems = told(&entry.replacen(right, wrong, 1));
        assert!(problems.iter().any(|problem| problem.starts_with(said)), "{wrong}: {problems:#?}");
        assert!(!problems.join("\n").contains("0B0C"), "{problems:#?}");
    }
    for (text, said) in [
        ("device = 1", "keys.toml:1:10: device: expected entries [[device]]; found 1"),
        ("[[devices]]", "keys.toml:1:3: unknown devices; the nearest known name is [[device]]"),
        ("[[device]]\nid = car", "keys.toml:2:6: not TOML: "),
        (
            "[[device]]\nid = \"a\"\nkey_id = 3\nsuite = \"crc-32c\"",
            "keys.toml:3:10: device.key_id: expected nothing, as suite \"crc-32c\" has no keys; found 3",
        ),
    ] {
        assert!(told(text)[0].starts_with(said), "{:?}", told(text));
    }
}

#[test]
fn all_mistakes_are_told_at_once_and_an_entry_that_stands_there_twice_names_the_first() {
    let entry = |id: &str, key_id: u32| {
        format!(
            "[[device]]\nid = \"{id}\"\nkey_id = {key_id}\nsuite = \"hmac-sm3-128\"\nsecret = \"{SECRET}\"\n"
        )
    };
    let text = [entry("car-07", 1), entry("car-08", 1), entry("car-07", 2), entry("car-07", 1)].concat();
    let problems = told(&text);
    let [problem] = problems.as_slice() else { panic!("{problems:#?}") };
    assert!(problem.starts_with("keys.toml:16:1: device: expected a suite and key id"), "{problem}");
    assert!(
        problem.ends_with("found HMAC-SM3-128 with key id 1 for car-07 again, as in line 1"),
        "{problem}"
    );
    let problems = told(
        "[[device]]\nid = \"A\"\nkey_id = 300\nsuite = \"none\"\n[[device]]\nsuite = \"hmac-sm3-128\"\n",
    );
    assert_eq!(problems.len(), 5, "{problems:#?}");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_places(
        text in "(\\[\\[device\\]\\]\n|(id|key_id|suite|secret|x) = [\"0-9a-f.]{1,9}\n|\\PC{0,12}\n){0,8}"
    ) {
        if let Err(error) = read(&text, "keys.toml") {
            prop_assert!(error.to_string().starts_with("keys.toml:"), "{}", error);
        }
    }

    #[test]
    fn any_text_is_a_secret_or_none(text in "[0-9a-fA-F]{62,66}|\\PC{0,70}") {
        let digits = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        prop_assert_eq!(parse_secret(&text).is_some(), digits);
    }
}
