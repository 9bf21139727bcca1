//! Writes what the fuzzer starts from to `FOLDER/TARGET/`: the golden vectors, as each target reads them.
//!
//! Usage: seeds GOLDEN_FOLDER FOLDER

use std::path::Path;
use std::{env, fs};

use firmware_protocol::MessageType;

#[path = "checks.rs"]
#[allow(dead_code)] // only what makes frames is used
mod checks;

#[path = "../tests/support/hex.rs"]
mod hex;

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
        for (name, bytes) in hex::vectors(&fs::read_to_string(&path)?) {
            let name = format!("{stem}-{name}");
            match message_type(&stem) {
                Some(message_type) => {
                    save("bodies", &name, &[&[message_type.0, 1], &bytes[..]].concat())?;
                    save("c_codec", &name, &[&[message_type.0 + 1, 1], &bytes[..]].concat())?;
                    save("open_and_decode", &name, &checks::forged(message_type, 1, &bytes))?;
                }
                None if stem == "serial" => {
                    save("serial_stream", &name, &bytes)?;
                    save("c_codec", &name, &[&[1], &bytes[..]].concat())?;
                }
                None => {
                    save("open_and_decode", &name, &bytes)?;
                    save("c_codec", &name, &[&[0], &bytes[..]].concat())?;
                }
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
