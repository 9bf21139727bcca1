//! How the body of a block is stored: raw, or compressed with zstd, with a dictionary when it is small.
//!
//! Level 1, blocks of 32 KiB, and a dictionary up to 8 KiB were measured: docs/decisions/0013.

use std::cell::RefCell;
use std::io;
use std::sync::LazyLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

/// A compressed body has at most this many bytes raw; a larger one, which is a single large record, is stored as it is. Readers
/// refuse to inflate more.
pub(super) const INFLATED_BYTES_MAX: usize = 256 * 1024;
/// Up to this many bytes the dictionary pays for itself; beyond, zstd would copy its tables for each block.
const DICTIONARY_BYTES_MAX: usize = 8 * 1024;
const LEVEL: i32 = 1;
/// Trained on our JSON bodies by `gateway/benches/storage`. A released dictionary never changes: it is what blocks were written
/// with. Another one is another codec.
pub(super) const DICTIONARY_1: &[u8] = include_bytes!("dictionary_1.zdict");

static ENCODER_DICTIONARY_1: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY_1, LEVEL));
static DECODER_DICTIONARY_1: LazyLock<DecoderDictionary<'static>> =
    LazyLock::new(|| DecoderDictionary::copy(DICTIONARY_1));

/// How a body is stored. The numbers are part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Raw = 0,
    /// A zstd frame without content size.
    Zstd = 1,
    /// A zstd frame without content size and dictionary id, made with [`DICTIONARY_1`].
    ZstdDictionary1 = 2,
}

impl Codec {
    pub(super) fn from_number(number: u8) -> Option<Codec> {
        [Codec::Raw, Codec::Zstd, Codec::ZstdDictionary1].into_iter().find(|codec| *codec as u8 == number)
    }
}

/// Compresses bodies. Its memory, about 200 KiB, is taken when there is something to compress.
#[derive(Default)]
pub(super) struct Deflater {
    context: Option<Compressor<'static>>,
    /// What the context is set up for.
    codec: Option<Codec>,
    buffer: Vec<u8>,
}

impl Deflater {
    /// The body as it is to be stored: compressed if that is shorter.
    pub(super) fn deflate<'a>(&'a mut self, raw: &'a [u8]) -> (Codec, &'a [u8]) {
        if raw.len() > INFLATED_BYTES_MAX {
            return (Codec::Raw, raw);
        }
        let codec = if raw.len() <= DICTIONARY_BYTES_MAX { Codec::ZstdDictionary1 } else { Codec::Zstd };
        // An error says that there is no memory for it, or that it would be longer than raw: it can always be stored as it is.
        match self.compress(codec, raw) {
            Ok(len) if len < raw.len() => (codec, &self.buffer[..len]),
            _ => (Codec::Raw, raw),
        }
    }

    fn compress(&mut self, codec: Codec, raw: &[u8]) -> io::Result<usize> {
        let context = match self.context.take() {
            Some(context) => context,
            None => new_context()?,
        };
        let context = self.context.insert(context);
        if self.codec.replace(codec) != Some(codec) {
            match codec {
                Codec::ZstdDictionary1 => context.set_prepared_dictionary(&ENCODER_DICTIONARY_1)?,
                _ => context.set_dictionary(LEVEL, &[])?,
            }
        }
        self.buffer.resize(self.buffer.len().max(raw.len()), 0);
        context.compress_to_buffer(raw, &mut self.buffer[..])
    }
}

/// The header of a block says both: 5 bytes fewer for a block of one record.
fn new_context() -> io::Result<Compressor<'static>> {
    let mut context = Compressor::new(LEVEL)?;
    context.include_contentsize(false)?;
    context.include_dictid(false)?;
    Ok(context)
}

/// Decompresses bodies.
#[derive(Default)]
struct Inflater {
    context: Decompressor<'static>,
    codec: Option<Codec>,
}

thread_local! {
    /// Scratch memory of 160 KiB. Made anew for each block, it took a hundred times as long as a small block.
    static INFLATER: RefCell<Inflater> = RefCell::default();
}

/// The body that `stored` was compressed from, which has `raw_len` bytes. `None` when it has not, or would have too many; nothing is
/// allocated then that is larger than [`INFLATED_BYTES_MAX`].
pub(super) fn inflate(codec: Codec, stored: &[u8], raw_len: usize) -> Option<Vec<u8>> {
    if raw_len > INFLATED_BYTES_MAX {
        return None;
    }
    let mut raw = Vec::with_capacity(raw_len);
    INFLATER.with_borrow_mut(|inflater| inflater.inflate(codec, stored, &mut raw)).ok()?;
    (raw.len() == raw_len).then_some(raw)
}

impl Inflater {
    fn inflate(&mut self, codec: Codec, stored: &[u8], raw: &mut Vec<u8>) -> io::Result<usize> {
        if self.codec.replace(codec) != Some(codec) {
            match codec {
                Codec::ZstdDictionary1 => self.context.set_prepared_dictionary(&DECODER_DICTIONARY_1)?,
                _ => self.context.set_dictionary(&[])?,
            }
        }
        self.context.decompress_to_buffer(stored, raw)
    }
}
