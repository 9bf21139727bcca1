//! Writes what the fuzzer starts from to `FOLDER/TARGET/`: the golden vectors, as each target reads them.
//!
//! Usage: seeds GOLDEN_FOLDER FOLDER

use std::path::Path;
use std::{env, fs};

use firmware_protocol::MessageType;

#[path = "checks.rs"]
#[allow(dead_code)] // only what makes frames is used
mod checks;

fn main() -> std::io::Result<()> {
    let [golden, folder] = env::args().skip(1).collect::<Vec<_>>().try_into().expect("two arguments");
    let save = |target: &str, name: &str, bytes: &[u8]| {
        let folder = Path::new(&folder).join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name.replace(' ', "-")), bytes)
    };
    for file in fs::read_dir(golden)? {
        let path = file?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        for (name, bytes) in vectors(&fs::read_to_string(&path)?) {
            let name = format!("{stem}-{name}");
            match message_type(&stem) {
                Some(message_type) => {
                    save("bodies", &name, &[&[message_type.0, 1], &bytes[..]].concat())?;
                    save("open_and_decode", &name, &checks::forged(message_type, 1, &bytes))?;
                }
                None if stem == "serial" => save("serial_stream", &name, &bytes)?,
                None => save("open_and_decode", &name, &bytes)?,
            }
        }
    }
    // A stretch of an even drive.
    let point = [0xE8, 3, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0x8A, 2, 0x2E, 0x22, 0x2D, 3];
    save("tracks", "even", &[&[0x90, 1], &point.repeat(70)[..]].concat())
}

/// The type whose bodies a file of golden vectors holds.
fn message_type(stem: &str) -> Option<MessageType> {
    (0..=u8::MAX).map(MessageType).find(|message_type| message_type.name() == Some(stem))
}

/// Names and bytes of a file of golden vectors: `[name]`, then bytes in hexadecimal; what follows a `#` is for people.
fn vectors(file: &str) -> Vec<(String, Vec<u8>)> {
    let mut vectors: Vec<(String, Vec<u8>)> = Vec::new();
    for line in file.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
        if let Some(name) = line.strip_prefix('[') {
            vectors.push((name.trim_end_matches(']').to_owned(), Vec::new()));
        } else if let Some((_, bytes)) = vectors.last_mut() {
            bytes.extend(
                line.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hexadecimal")),
            );
        }
    }
    vectors
}
