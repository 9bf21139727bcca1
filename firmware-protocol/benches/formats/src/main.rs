//! Prints how large our messages are and how fast, beside protobuf, CBOR, MessagePack and JSON with the same data, as
//! tables in Markdown. `sizes` leaves the speeds out.

mod cbor_map;
mod codec;
mod drive;
mod encoded;
/// The crate's own encoding of a body, which it shows to nobody.
#[path = "../../../src/flavor.rs"]
#[allow(dead_code)] // its decoding is measured through `Frame::decode`
mod flavor;
mod json;
mod machine;
mod measure;
mod samples;
mod schema;
mod sizes;
mod speeds;
mod table;
#[cfg(test)]
mod tests;

fn main() {
    for table in [
        sizes::messages(),
        sizes::frames(),
        sizes::other_forms(),
        sizes::minute_of_driving(),
        sizes::drives(),
    ] {
        println!("{table}");
    }
    if std::env::args().nth(1).is_some_and(|argument| argument == "sizes") {
        return;
    }
    println!("{}\n", machine::facts());
    let [encoding, decoding] = speeds::bodies();
    for table in [encoding, decoding, speeds::frames()] {
        println!("{table}");
    }
}
