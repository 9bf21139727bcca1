//! Notes when the program was built: no certificate is judged by an earlier time (docs/decisions/0026).

use std::time::{SystemTime, UNIX_EPOCH};

const DAY_S: u64 = 24 * 60 * 60;

fn main() {
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    // Whoever wants the same bytes twice says when.
    let said = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse::<u64>().ok());
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let built_unix_s = said.unwrap_or_else(now);
    println!("cargo::rustc-env=PATROL_BUILT_UNIX_S={}", built_unix_s - built_unix_s % DAY_S);
}
