//! The static library in `ffi`, built as firmware builds it and linked to C with the generated header.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use firmware_protocol::body::{Ack, TrackBatch};
use firmware_protocol::serial::{encode, encoded_len_max};
use firmware_protocol::{Direction, Frame, FrameKey, Header, MessageType, Suite, open};
use serde::Serialize;
use serde_json::{Value, json};

use crate::answers::{body_in_json, header_in_json, key_of};
use crate::cc::{SANITIZERS, WARNINGS, build_folder, c_files, compile, hex, output_of, root, unhex};
use crate::support::bodies::Sample;
use crate::support::keys::{KEYED_SUITES, car_key};
use crate::support::{car_header, sealed, sealed_with};
use crate::values::helped;

for_every_type!(is_sealed_by_the_library_as_by_the_reference, is_opened_by_the_library_as_by_the_reference);

/// What a device sends, but for the track, which is collected point by point.
const SENT: [MessageType; 8] = [
    MessageType::TELEMETRY,
    MessageType::SENSOR_REPORT,
    MessageType::INCIDENT,
    MessageType::EVIDENCE_META,
    MessageType::EVIDENCE_CHUNK,
    MessageType::STATUS,
    MessageType::TASK_ACK,
    MessageType::TIME_SYNC,
];

/// What a device receives.
const RECEIVED: [MessageType; 5] = [
    MessageType::EVIDENCE_WANT,
    MessageType::TASK,
    MessageType::TIME_SYNC,
    MessageType::CONFIG,
    MessageType::ACK,
];

/// The library, built once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ffi");
        let output = Command::new(env!("CARGO"))
            .args(["build", "--release", "--locked", "--offline", "--target-dir"])
            .arg(&folder)
            .current_dir(root().join("ffi"))
            // The profile of that workspace, whatever this test itself was built with.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("CARGO_BUILD_TARGET")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        folder.join("release/libpatrol_firmware.a")
    })
}

/// The program of ffi/test.
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let mut sources = c_files("c/src");
        sources.extend(c_files("ffi/test"));
        sources.extend(
            ["any_body.c", "input.c", "json.c", "print.c"].map(|file| root().join("c/test").join(file)),
        );
        linked("library", &sources, &SANITIZERS)
    })
}

fn linked(name: &str, sources: &[PathBuf], flags: &[&str]) -> PathBuf {
    let program = build_folder(name).join(name);
    compile(|cc| {
        cc.args(WARNINGS).args(flags);
        for folder in ["include", "c/include", "c/test"] {
            cc.arg("-I").arg(root().join(folder));
        }
        cc.args(sources).arg(library()).arg("-o").arg(&program);
    });
    program
}

fn ask(lines: &[String]) -> Vec<Value> {
    let output = output_of(program(), &(lines.join("\n") + "\n"));
    let answers: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), lines.len());
    answers
}

fn suites() -> impl Iterator<Item = Suite> {
    std::iter::once(Suite::CRC32C).chain(KEYED_SUITES)
}

fn is_sealed_by_the_library_as_by_the_reference<B: Sample>() {
    if !SENT.contains(&B::MESSAGE_TYPE) {
        return; // a device does not send it
    }
    for suite in suites() {
        for body in [B::default(), B::typical(), B::maximum()] {
            let header = car_header::<B>();
            let answers = ask(&[format!("seal {} {}", suite.0, hex(&sealed(&header, &body)))]);
            let right = sealed_with(&car_key(suite), &header, &body);
            assert_eq!(answers[0], json!({ "sealed": hex(&right) }), "{suite}");
        }
    }
}

fn is_opened_by_the_library_as_by_the_reference<B: Sample + Serialize>() {
    if !RECEIVED.contains(&B::MESSAGE_TYPE) {
        return; // a device does not receive it
    }
    for suite in suites() {
        for body in [B::default(), B::typical(), B::maximum()] {
            let header = Header { key_id: 1, ..car_header::<B>() };
            let down = match suite {
                Suite::HMAC_SM3_128 => crate::support::keys::key(
                    &crate::support::keys::SECRET,
                    suite,
                    1,
                    Direction::Down,
                    "car-07",
                ),
                suite => key_of(suite, Direction::Down, &header),
            };
            let frame = sealed_with(&down, &header, &body);
            let read = Frame::unchecked(&frame).unwrap().header;
            let mut changed = frame.clone();
            changed[frame.len() / 2] ^= 1;
            let answers = ask(&[&frame, &changed].map(|frame| format!("open {} {}", suite.0, hex(frame))));
            let right = json!({ "header": header_in_json(&read), "body": body_in_json(&body) });
            assert_eq!(answers[0], right, "{suite}");
            assert_eq!(answers[1], json!({ "error": 8, "text": "the tag does not match" }), "{suite}");
        }
    }
}

#[test]
fn the_library_says_of_a_body_what_the_reference_says() {
    let (frames, right): (Vec<_>, Vec<_>) = helped().into_iter().unzip();
    let lines: Vec<_> = frames.iter().map(|frame| format!("helpers - {}", hex(frame))).collect();
    assert_eq!(ask(&lines), right);
}

#[test]
fn every_message_type_is_sent_or_received_by_a_device() {
    for message_type in (0..=u8::MAX).map(MessageType).filter(|message_type| message_type.name().is_some()) {
        let is_track = message_type == MessageType::TRACK_BATCH;
        assert!(
            SENT.contains(&message_type) || RECEIVED.contains(&message_type) || is_track,
            "{message_type}"
        );
    }
}

#[test]
fn mistakes_at_the_edge_are_errors() {
    let frame = sealed_with(&FrameKey::CRC32C, &car_header::<Ack<'_>>(), &Ack::typical());
    assert_eq!(ask(&[format!("edges - {}", hex(&frame))]), [json!({ "passed": 1 })]);
}

#[test]
fn the_example_sends_a_minute_as_one_frame() {
    let example = linked("track", &[root().join("ffi/example/track.c")], &["-Os"]);
    let output = output_of(&example, "");
    let frame = unhex(output.trim_end());
    let opened = open(&frame, &car_key(Suite::HMAC_SM3_128)).unwrap();
    let batch = opened.decode::<TrackBatch>().unwrap();
    assert_eq!((batch.points().count(), batch.age_ms), (60, 60_000));
    let last = batch.points().last().unwrap();
    assert_eq!((last.elapsed_ms, last.lat_e7.get()), (59_000, 311_270_000 + 600 * 59));
}

#[test]
fn the_serial_link_is_that_of_the_reference() {
    let frame = sealed(&car_header::<Ack<'_>>(), &Ack::typical());
    let mut packet = vec![0; encoded_len_max(frame.len())];
    let len = encode(&frame, &mut packet).unwrap();
    packet.truncate(len);
    let mut damaged = packet.clone();
    damaged[10] ^= 0x80;
    let overlong = vec![0xFF; 1200];
    let stream = [&[1, 0][..], &packet, &damaged, &overlong, &[0], &packet].concat();
    let answers = ask(&[format!("pack - {}", hex(&frame)), format!("receive - {}", hex(&stream))]);
    assert_eq!(answers[0], json!({ "packet": hex(&packet) }));
    assert_eq!(answers[1], json!({ "received": [19, hex(&frame), 22, 20, hex(&frame)] }));
}

/// The library has nothing in it that a bare device would have to bring, but for what every C compiler brings; and no
/// path that ends in a panic.
#[test]
fn the_library_asks_for_nothing_but_memory_functions_and_never_panics() {
    let all = Command::new("nm").arg(library()).output().unwrap();
    let all = String::from_utf8_lossy(&all.stdout).into_owned();
    assert!(all.contains(" T patrol_telemetry_seal"), "{all}");
    assert!(!all.contains("panic"), "a panic is reachable");
    let output = Command::new("nm").arg("--undefined-only").arg(library()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let undefined: Vec<_> = text.lines().filter_map(|line| line.trim().strip_prefix("U ")).collect();
    // The last two are of the compiler's own runtime, which the library brings.
    let allowed = ["memcpy", "memmove", "memset", "memcmp", "bcmp", "__compilerrt_abort_impl", "__udivti3"];
    assert!(undefined.contains(&"memcpy"), "{text}");
    assert!(undefined.iter().all(|symbol| allowed.contains(symbol)), "{undefined:?}");
}

/// Else it is built of other code than the gateway, and needs packages that nobody fetched.
#[test]
fn the_library_has_the_dependencies_of_the_workspace() {
    let packages = |lock: &str| -> Vec<String> {
        let text = std::fs::read_to_string(root().join(lock)).unwrap();
        let fetched = text.split("[[package]]").filter(|package| package.contains("checksum"));
        fetched.map(|package| package.split("dependencies = [").next().unwrap().trim().to_owned()).collect()
    };
    let of_the_workspace = packages("../Cargo.lock");
    let of_the_library = packages("ffi/Cargo.lock");
    assert!(of_the_library.iter().any(|package| package.contains("\"postcard\"")));
    for package in of_the_library {
        assert!(of_the_workspace.contains(&package), "not in the workspace's Cargo.lock: {package}");
    }
}
