//! `patrol-gateway decode`: a frame field by field, as JSON on stdout.
//!
//! ```json
//! {
//!   "header": {"device": {"wire": "6361722d30370000", "value": "car-07"}, "boot": 7, ...},
//!   "tag": {"wire": "3342ad14", "check": "right"},
//!   "happened": "2026-11-23T01:12:44.120Z",
//!   "body": {"fix": {"wire": 3, "value": "gnss_3d"}, "altitude_dm": {"wire": 4960, "value": 496.0, "unit": "m"}, ...}
//! }
//! ```
//!
//! Fields have the names and the order of the wire. One whose number says enough stands there as it is; any other has
//! `wire`, what was sent, and `value`, what that means, with its `unit`. `null` is absent. What is wrong stands under
//! `error`, beside everything that could be read nevertheless, and the exit code is 1.

mod body;
mod fields;
mod header;
mod input;
mod layout;
mod meaning;
mod secrets;

use std::io::{self, Read};
use std::path::PathBuf;

use firmware_protocol::{Frame, Header};
use serde_json::{Map, Value, json};

use self::input::hex;
use self::secrets::Secrets;
use super::{Exit, print};

/// What to decode, and how to check it.
#[derive(Debug, clap::Args)]
pub struct DecodeArgs {
    /// The frame in hexadecimal; blanks, commas, 0x and comments behind # are passed over. "-" reads it from stdin, as
    /// text or as the bytes themselves
    #[arg(required = true, value_name = "HEX|-")]
    words: Vec<String>,
    /// The device's secret, 64 hexadecimal digits, to check the tag with; --keys keeps it out of the list of processes
    #[arg(long, value_name = "SECRETHEX", conflicts_with = "keys")]
    key: Option<String>,
    /// The device that the secret belongs to; without it the one in the frame's header
    #[arg(long, value_name = "ID", requires = "key")]
    device: Option<String>,
    /// The gateway's file of device keys, to check the tag with
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

/// Prints the frame; [`Exit::Failure`] when something is wrong with it, [`Exit::Usage`] when it is with the keys.
pub fn run(args: &DecodeArgs) -> Exit {
    let secrets = match Secrets::of(args.key.as_deref(), args.device.as_deref(), args.keys.as_deref()) {
        Ok(secrets) => secrets,
        Err(complaint) => {
            eprintln!("{complaint}");
            return Exit::Usage;
        }
    };
    let (shown, right) = match bytes(&args.words) {
        Ok(bytes) => decode(&bytes, &secrets),
        Err(complaint) => (json!({"error": complaint}), false),
    };
    match print(&layout::page(&shown)) {
        Exit::Ok if !right => Exit::Failure,
        printed => printed,
    }
}

/// The frame's bytes.
fn bytes(words: &[String]) -> Result<Vec<u8>, String> {
    if words != ["-"] {
        return hex(words.join(" ").as_bytes());
    }
    let mut bytes = Vec::new();
    let most = input::INPUT_LEN_MAX as u64 + 1;
    io::stdin().lock().take(most).read_to_end(&mut bytes).map_err(|error| format!("stdin: {error}"))?;
    match bytes.first() {
        _ if bytes.len() > input::INPUT_LEN_MAX => {
            Err(format!("stdin has more than {} bytes", input::INPUT_LEN_MAX))
        }
        // No text starts like that.
        Some(&firmware_protocol::MAGIC) => Ok(bytes),
        _ => hex(&bytes),
    }
}

/// Everything that can be said of these bytes, and whether nothing is wrong with them.
fn decode(bytes: &[u8], secrets: &Secrets) -> (Value, bool) {
    let mut shown = Map::new();
    let mut errors: Vec<String> = Vec::new();
    match Header::read(bytes) {
        Ok((header, body_len)) => {
            shown.insert("header".into(), header::show(&header, body_len, secrets));
            match Frame::unchecked(bytes) {
                Ok(frame) => errors.extend(show_rest(&mut shown, bytes, &frame, secrets)),
                Err(error) => errors.push(error.to_string()),
            }
        }
        Err(error) => errors.push(error.to_string()),
    }
    if errors.is_empty() {
        return (Value::Object(shown), true);
    }
    let mut with_error = Map::from_iter([("error".to_owned(), json!(errors.join("; ")))]);
    with_error.extend(shown);
    (Value::Object(with_error), false)
}

/// Adds what stands behind the header, and returns what is wrong with it.
fn show_rest(
    shown: &mut Map<String, Value>,
    bytes: &[u8],
    frame: &Frame<'_>,
    secrets: &Secrets,
) -> Vec<String> {
    let check = secrets.check(bytes, &frame.header);
    let tag = bytes.get(firmware_protocol::HEADER_LEN + frame.body.len()..).unwrap_or_default();
    shown.insert("tag".into(), check.show(tag));
    let mut errors: Vec<String> = check.error().into_iter().collect();
    match body::show(frame) {
        Ok(parts) => shown.extend(parts),
        Err(error) => {
            shown.insert("body".into(), json!({"wire": input::to_hex(frame.body)}));
            errors.push(error.to_string());
        }
    }
    errors
}

#[cfg(test)]
mod tests;
