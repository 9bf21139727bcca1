//! `patrol-gateway decode` shows a technician what a frame says, every field of every type, and what is wrong with a bad one.

use std::path::PathBuf;
use std::time::Duration;

use firmware_protocol::MessageType;
use patrol_tests::golden::{framed, vector, vectors};
use patrol_tests::{Ended, World, program, run_to_end};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);
/// The secret of the golden keys.
const SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn decode(args: &[&str]) -> Ended {
    run_to_end(program("patrol-gateway"), [&["decode"], args].concat(), SOON).await
}

/// What is printed for a frame that nothing is wrong with.
async fn decoded(frame: &[u8], more: &[&str]) -> Value {
    let ended = decode(&[&[to_hex(frame).as_str()], more].concat()).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    let shown: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert!(shown.get("error").is_none(), "{shown:#}");
    shown
}

/// What is printed for a frame that something is wrong with, and the error in it.
async fn refused(args: &[&str]) -> (Value, String) {
    let ended = decode(args).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let shown: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let error = shown["error"].as_str().expect("an error").to_owned();
    (shown, error)
}

/// Every message type, by name.
fn message_types() -> impl Iterator<Item = (MessageType, &'static str)> {
    (0..=u8::MAX).filter_map(|number| Some((MessageType(number), MessageType(number).name()?)))
}

/// What is printed for the typical golden vector of each type, word by word. A new one: look at it, then keep it.
#[tokio::test]
async fn each_type_is_shown_like_this() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/decoded");
    for (message_type, name) in message_types() {
        let frame = framed(message_type, &vector(name, "r1 typical"));
        let shown = decode(&[&to_hex(&frame)]).await;
        let path = folder.join(format!("{name}.json"));
        let expected =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(shown.stdout, expected, "{name}");
        assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), ""), "{name}");
    }
}

#[tokio::test]
async fn every_golden_vector_is_decoded() {
    for (message_type, name) in message_types() {
        for (_, body) in vectors(name) {
            let shown = decoded(&framed(message_type, &body), &[]).await;
            assert_eq!(shown["header"]["message_type"]["value"], name);
            assert_eq!(shown["header"]["body_bytes"], body.len());
        }
    }
    for (_, frame) in vectors("frame") {
        assert_eq!(decoded(&frame, &[]).await["tag"]["check"], "right");
    }
}

#[tokio::test]
async fn a_tag_is_checked_with_a_secret_or_the_gateways_file_and_the_direction_told() {
    let world = World::new();
    let entry = |id: &str, suite: &str| {
        format!("[[device]]\nid = \"{id}\"\nkey_id = 1\nsuite = \"{suite}\"\nsecret = \"{SECRET}\"\n")
    };
    let suites = ["hmac-sha256-64", "hmac-sha256-128", "hmac-sm3-128"];
    let entries = ["car-07", "bodycam-0118"].map(|id| suites.map(|suite| entry(id, suite)).concat());
    let file = world.file("keys.toml", entries.concat());
    let file = file.to_str().expect("a plain path");
    for (name, frame) in vectors("keyed_frames") {
        let (device, direction) = name.split_once(' ').expect("car-07 up suite 1");
        let direction = direction.split(' ').next().expect("up or down");
        let right = json!({"check": "right", "direction": direction});
        for means in [&["--key", SECRET, "--device", device][..], &["--key", SECRET], &["--keys", file]] {
            let shown = decoded(&frame, means).await;
            let tag = json!({"check": shown["tag"]["check"], "direction": shown["tag"]["direction"]});
            assert_eq!(tag, right, "{name} {means:?}");
            let known = device.len() <= 8 || means.len() > 2 || means[0] == "--keys";
            assert_eq!(shown["header"]["device"]["value"], if known { json!(device) } else { Value::Null });
        }
        assert_eq!(decoded(&frame, &[]).await["tag"]["check"], "not checked", "{name}");

        let hex = to_hex(&frame);
        let other = SECRET.replace("00", "ff");
        let (shown, error) = refused(&[&hex, "--key", &other]).await;
        assert!(error.ends_with("tag does not match") && shown["tag"]["check"] == "wrong", "{error}");
        assert!(shown["body"].is_object(), "what it says is shown nevertheless");
        let (_, error) = refused(&[&hex, "--key", SECRET, "--device", "car-08"]).await;
        assert!(error.ends_with("the key of car-08"), "{error}");
        let empty = world.file("empty.toml", "");
        let (_, error) = refused(&[&hex, "--keys", empty.to_str().expect("a plain path")]).await;
        assert!(error.contains("key with id 1 is known for the device"), "{error}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_frame_stands_beside_what_could_be_read() {
    let good = vector("frame", "telemetry typical");
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        to_hex(&bytes)
    };
    let cut = to_hex(&good[..good.len() - 1]);
    let body = to_hex(&framed(MessageType::TELEMETRY, &[0; 19]));
    let newer = to_hex(&framed(MessageType(77), &[1, 2, 3]));
    let with_header = [
        (changed(40, 0x9A), "the CRC-32C tag does not match"),
        (changed(2, 9), "authentication suite 9 is not supported"),
        (cut, "66 bytes where the header says 67"),
        (body, "telemetry of revision 1 has 19 bytes and needs 20"),
        (newer, "message type 77 is not known"),
    ];
    for (hex, expected) in with_header {
        let (shown, error) = refused(&[&hex]).await;
        assert_eq!(error, expected);
        assert_eq!((&shown["header"]["boot"], &shown["header"]["seq"]), (&json!(7), &json!(901)), "{error}");
    }
    let without = [
        (to_hex(&good[..30]), "30 bytes are too few for a header of 36"),
        (changed(0, 0x7B), "starts with 0x7b, not with 0xc1 as a frame does"),
        (changed(1, 0x20), "frame version 2 is not understood"),
        ("c1 1x".to_owned(), "\"1x\" is not pairs of hexadecimal digits"),
        ("# nothing".to_owned(), "nothing to decode"),
    ];
    for (hex, expected) in without {
        let (shown, error) = refused(&[&hex]).await;
        assert_eq!((error.as_str(), shown.get("header")), (expected, None));
    }
    for wrong in
        [&["c1", "--key", "12"][..], &["c1", "--keys", "/nowhere"], &["c1", "--device", "car-07"], &[]]
    {
        let ended = decode(wrong).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{wrong:?}");
        assert!(!ended.stderr.is_empty());
    }
}

#[tokio::test]
async fn a_dump_in_any_usual_form_and_the_bytes_themselves_are_read() {
    let world = World::new();
    let frame = vector("frame", "telemetry typical");
    let expected = decoded(&frame, &[]).await;
    let bytes = |separator: &str| {
        let bytes: Vec<String> = frame.iter().map(|byte| format!("{byte:02X}")).collect();
        bytes.join(separator)
    };
    let dump = format!("# a frame\n0x{}  # all of it\n", bytes(", 0x"));
    let lines = bytes(" ").replace(" 07 ", " 07\n\t").replace("C1 ", "C1 # magic\n");
    for (name, content) in
        [("dump", dump.into_bytes()), ("lines", lines.into_bytes()), ("frame.bin", frame.clone())]
    {
        let path = world.file(name, content);
        let script = "exec \"$1\" decode - < \"$2\"";
        let program = program("patrol-gateway");
        let words = ["-c", script, "sh", program.to_str().expect("plain"), path.to_str().expect("plain")];
        let ended = run_to_end("/bin/sh", words, SOON).await;
        assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
        assert_eq!(serde_json::from_str::<Value>(&ended.stdout).expect("JSON"), expected, "{name}");
    }
    let words: Vec<String> = frame.iter().map(|byte| format!("{byte:02x}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_eq!(serde_json::from_str::<Value>(&decode(&words).await.stdout).expect("JSON"), expected);
}
