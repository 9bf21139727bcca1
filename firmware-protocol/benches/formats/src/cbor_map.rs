//! CBOR arrays turned into maps with integer keys, for the sizes of that form.

use minicbor::data::Type;
use minicbor::encode::write::Write;
use minicbor::{Decoder, Encoder};

const OWN: &str = "the arrays were encoded here";

/// The same messages with a key a field, from 0, and without fields that are 0 or empty. In our messages a list is
/// always a field, so arrays are in turns a message and a list.
pub(crate) fn from_array(bytes: &[u8]) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    message(&mut Decoder::new(bytes), &mut out);
    out.into_writer()
}

fn message(input: &mut Decoder<'_>, out: &mut Encoder<Vec<u8>>) {
    let len = input.array().expect(OWN).expect(OWN);
    let fields: Vec<_> =
        (0..len).map(|key| (key, field(input))).filter(|(_, value)| !is_absent(value)).collect();
    out.map(fields.len() as u64).expect(OWN);
    for (key, value) in fields {
        out.u64(key).expect(OWN);
        out.writer_mut().write_all(&value).expect(OWN);
    }
}

fn field(input: &mut Decoder<'_>) -> Vec<u8> {
    if input.datatype().expect(OWN) != Type::Array {
        let start = input.position();
        input.skip().expect(OWN);
        return input.input()[start..input.position()].to_vec();
    }
    let len = input.array().expect(OWN).expect(OWN);
    let mut out = Encoder::new(Vec::new());
    out.array(len).expect(OWN);
    (0..len).for_each(|_| message(input, &mut out));
    out.into_writer()
}

/// The encodings of 0, of empty bytes, an empty text and an empty list.
fn is_absent(value: &[u8]) -> bool {
    matches!(value, [0x00 | 0x40 | 0x60 | 0x80])
}
