//! The headers that are made from the Rust sources say what those say now.

use std::fs;

use crate::cc::root;
use crate::constants::{Set, definitions, sets};
use firmware_protocol::body::{
    AckResult, CaseKind, EvidenceUsage, FixType, MediaType, Quantity, ReadingStatus, ResetReason, SettingKey,
    TaskKind, TaskReason, TaskState, TransferState,
};
use firmware_protocol::{MessageType, Suite};

/// Writes the headers instead of comparing them.
const UPDATE: &str = "PATROL_UPDATE_HEADERS";

/// Compares a committed header with what it should be, or writes it.
fn check(path: &str, right: &str) {
    let file = root().join(path);
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&file, right).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    let different = committed.lines().zip(right.lines()).position(|(committed, right)| committed != right);
    assert!(
        committed == right,
        "{path} is not what the sources say now, from line {}; to update it:\n\
         {UPDATE}=1 cargo test -p firmware-protocol --test c headers",
        1 + different.unwrap_or(committed.lines().count().min(right.lines().count())),
    );
}

#[test]
fn the_constants_for_c_are_those_of_the_sources() {
    let text = format!(
        "/* The numbers on the wire. Made from the reference in Rust; do not edit. */\n\
         #ifndef PGW_VALUES_H\n#define PGW_VALUES_H\n\n{}\n#endif\n",
        definitions()
    );
    check("c/include/pgw_values.h", &text);
}

#[test]
fn the_header_of_the_static_library_is_that_of_its_sources() {
    let mut config = cbindgen::Config::from_file(root().join("ffi/cbindgen.toml")).unwrap();
    config.header = Some(
        "/* The patrol gateway's wire format for devices, from the static library in ffi. Made from its\n \
                          * sources; do not edit. */"
            .to_owned(),
    );
    config.after_includes = Some(format!("\n{LENGTHS}\n{}", definitions()));
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(root().join("ffi/src/lib.rs"))
        .generate()
        .unwrap();
    let mut header = Vec::new();
    bindings.write(&mut header);
    check("include/patrol_firmware.h", &String::from_utf8(header).unwrap());
}

/// What cbindgen can't make: macros with an argument.
const LENGTHS: &str = "\
/* Bytes that every frame with a body of at most so many bytes fits into: PATROL_FRAME_LEN(PGW_TELEMETRY_LEN_MAX). */
#define PATROL_FRAME_LEN(body_len_max) (36u + (body_len_max) + 16u)
/* Bytes that the serial packet of a frame of `frame_len` bytes fits into. */
#define PATROL_SERIAL_LEN(frame_len) ((frame_len) + 4u + ((frame_len) + 4u + 253u) / 254u + 1u)
";

/// The names of a set's known values, by the reference itself.
fn known(set: &str) -> Option<Vec<(u32, &'static str)>> {
    macro_rules! known_of {
        ($($set:ident($repr:ty)),+) => {
            match set {
                $(stringify!($set) => (0..=<$repr>::MAX)
                    .filter_map(|number| Some((u32::from(number), $set(number).name()?)))
                    .collect(),)+
                _ => return None,
            }
        };
    }
    Some(known_of!(
        MessageType(u8),
        Suite(u8),
        FixType(u8),
        CaseKind(u8),
        Quantity(u16),
        ReadingStatus(u8),
        MediaType(u8),
        EvidenceUsage(u8),
        TransferState(u8),
        ResetReason(u8),
        TaskKind(u8),
        TaskState(u8),
        TaskReason(u8),
        SettingKey(u16),
        AckResult(u8)
    ))
}

/// Else the constants would be those of a source that was misread.
#[test]
fn every_set_is_read_from_its_source_as_it_is() {
    let (mut open_sets, mut others) = (0, Vec::new());
    for Set { name, values, .. } in sets() {
        let read: Vec<_> =
            values.iter().filter_map(|value| Some((value.number, value.name.as_deref()?))).collect();
        match known(&name) {
            Some(known) => {
                assert_eq!(read, known, "{name}");
                open_sets += 1;
            }
            None => others.push((name, values.len())),
        }
    }
    assert_eq!(open_sets, 15);
    let others: Vec<_> = others.iter().map(|(name, values)| (name.as_str(), *values)).collect();
    assert_eq!(others, [("TimeSource", 6), ("Capabilities", 9), ("VehicleState", 6)]);
}
