//! What a segment makes of our messages: bytes a record, and the time for it.

use std::hint::black_box;
use std::time::Instant;

use anyhow::Result;
use bytes::Bytes;
use patrol_gateway::domain::report::Class;
use patrol_gateway::store::record::StoredRecord;
use patrol_gateway::store::segment::{SegmentBuilder, decode};
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

use crate::samples::{Fleet, Kind, Sample};
use crate::table::Table;

const DEVICES: usize = 50;
const RECORDS: usize = 4000;
const SEED: u64 = 77;
/// The best of so many short runs: what a busy machine adds is left out.
const RUNS: usize = 51;

/// Sizes and speeds of the store's own segments.
pub(crate) fn segments() -> Result<Table> {
    let columns = ["messages", "group", "bytes", "in the blob", "of its own", "encode ns", "decode ns"];
    let mut table = Table::new("Segments: bytes and time for a record", &columns);
    for kind in [Kind::Telemetry, Kind::Reading, Kind::Status, Kind::Frame, Kind::Noise] {
        for group in [1, 10, 100, 1000] {
            let messages = Fleet::new(kind, DEVICES, 1, SEED).messages(RECORDS);
            table.row(segment_row(kind.name(), group, &messages)?);
        }
    }
    let messages = Fleet::new(Kind::Telemetry, DEVICES, 20, SEED).messages(RECORDS);
    table.row(segment_row("JSON telemetry, 20 of a device in a row", 1000, &messages)?);
    let messages = Fleet::new(Kind::Telemetry, 1000, 1, SEED).messages(RECORDS);
    table.row(segment_row("JSON telemetry of 1000 devices", 1000, &messages)?);
    Ok(table)
}

fn segment_row(name: &str, group: usize, messages: &[Sample]) -> Result<Vec<String>> {
    let messages: Vec<_> = messages.iter().map(Sample::record).collect();
    let mut builder = SegmentBuilder::default();
    let mut blobs = Vec::new();
    let encode_ns = best_ns(|| blobs = build(&mut builder, group, &messages));
    let mut read = Ok(0);
    let decode_ns = best_ns(|| read = read_all(&blobs));
    anyhow::ensure!(read? == messages.len(), "records are missing");
    let raw: usize = messages.iter().map(|message| message.payload.len()).sum();
    let stored: usize = blobs.iter().map(Bytes::len).sum();
    Ok(vec![
        name.into(),
        group.to_string(),
        format!("{:.1}", raw as f64 / messages.len() as f64),
        format!("{:.1}", stored as f64 / messages.len() as f64),
        format!("{:.3}", stored as f64 / raw as f64),
        format!("{:.0}", encode_ns / messages.len() as f64),
        format!("{:.0}", decode_ns / messages.len() as f64),
    ])
}

fn build(builder: &mut SegmentBuilder, group: usize, messages: &[StoredRecord]) -> Vec<Bytes> {
    let mut blobs = Vec::new();
    for group in messages.chunks(group) {
        for message in group {
            builder.push(message);
            if builder.is_full() {
                blobs.push(builder.finish().blob.into());
            }
        }
        if !builder.is_empty() {
            blobs.push(builder.finish().blob.into());
        }
    }
    blobs
}

fn read_all(blobs: &[Bytes]) -> Result<usize> {
    let mut records = 0;
    for blob in blobs {
        records += black_box(decode(Class::Telemetry, blob)?).len();
    }
    Ok(records)
}

/// How the choice of the codec was made: payloads in blocks, without what else is in a segment.
pub(crate) fn codecs() -> Result<Table> {
    let columns = ["codec", "messages", "raw block", "of its own", "compress MB/s", "decompress MB/s"];
    let mut table = Table::new("Codecs: blocks of payloads", &columns);
    let dictionary = crate::dictionary::train()?;
    for (kind, block_bytes) in [
        (Kind::Telemetry, 250),
        (Kind::Telemetry, 8192),
        (Kind::Telemetry, 32_768),
        (Kind::Frame, 250),
        (Kind::Frame, 32_768),
    ] {
        let blocks = blocks(kind, block_bytes);
        for codec in [Codec::Lz4, Codec::Zstd(-5), Codec::Zstd(-1), Codec::Zstd(1), Codec::Zstd(3)] {
            for dictionary in [&[][..], &dictionary] {
                table.row(codec_row(codec, kind, &blocks, dictionary)?);
            }
        }
    }
    Ok(table)
}

#[derive(Debug, Clone, Copy)]
enum Codec {
    Lz4,
    Zstd(i32),
}

fn blocks(kind: Kind, block_bytes: usize) -> Vec<Vec<u8>> {
    let mut blocks = vec![Vec::new()];
    for message in Fleet::new(kind, DEVICES, 1, SEED).messages(RECORDS) {
        let open = blocks.len() - 1;
        if !blocks[open].is_empty() && blocks[open].len() + message.payload.len() > block_bytes {
            blocks.push(message.payload.to_vec());
        } else {
            blocks[open].extend(message.payload);
        }
    }
    blocks
}

fn codec_row(codec: Codec, kind: Kind, blocks: &[Vec<u8>], dictionary: &[u8]) -> Result<Vec<String>> {
    let timed = match codec {
        Codec::Lz4 => time(
            blocks,
            |raw| Ok(lz4_flex::block::compress_with_dict(raw, dictionary)),
            |stored, len| Ok(lz4_flex::block::decompress_with_dict(stored, len, dictionary)?),
        ),
        Codec::Zstd(level) => {
            let encoder = EncoderDictionary::copy(dictionary, level);
            let decoder = DecoderDictionary::copy(dictionary);
            let mut compressor = Compressor::new(level)?;
            let mut decompressor = Decompressor::new()?;
            if !dictionary.is_empty() {
                compressor.set_prepared_dictionary(&encoder)?;
                decompressor.set_prepared_dictionary(&decoder)?;
            }
            time(
                blocks,
                |raw| Ok(compressor.compress(raw)?),
                |stored, len| Ok(decompressor.decompress(stored, len)?),
            )
        }
    };
    let (stored, compress_ns, decompress_ns) = timed?;
    let raw: usize = blocks.iter().map(Vec::len).sum();
    // What does not get shorter is stored raw.
    let kept: usize = stored.iter().zip(blocks).map(|(stored, raw)| stored.len().min(raw.len())).sum();
    let name = match codec {
        Codec::Lz4 => "lz4".to_owned(),
        Codec::Zstd(level) => format!("zstd {level}"),
    };
    Ok(vec![
        if dictionary.is_empty() { name } else { format!("{name}, dictionary") },
        kind.name().into(),
        format!("{}", raw / blocks.len()),
        format!("{:.3}", kept as f64 / raw as f64),
        format!("{:.0}", raw as f64 * 1e3 / compress_ns),
        format!("{:.0}", raw as f64 * 1e3 / decompress_ns),
    ])
}

fn time(
    blocks: &[Vec<u8>],
    mut compress: impl FnMut(&[u8]) -> Result<Vec<u8>>,
    mut decompress: impl FnMut(&[u8], usize) -> Result<Vec<u8>>,
) -> Result<(Vec<Vec<u8>>, f64, f64)> {
    let mut stored = Ok(Vec::new());
    let compress_ns = best_ns(|| stored = blocks.iter().map(|raw| compress(raw)).collect::<Result<Vec<_>>>());
    let stored = stored?;
    let mut raw = Ok(Vec::new());
    let decompress_ns = best_ns(|| {
        let pairs = stored.iter().zip(blocks);
        raw = pairs.map(|(stored, raw)| decompress(stored, raw.len())).collect::<Result<Vec<_>>>();
    });
    anyhow::ensure!(raw? == blocks, "it did not come back");
    Ok((stored, compress_ns, decompress_ns))
}

fn best_ns(mut run: impl FnMut()) -> f64 {
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64() * 1e9
    };
    (0..RUNS).map(time).fold(f64::MAX, f64::min)
}
