//! The file: what is written is read, and nothing else is taken for it.

use std::io::Cursor as File;
use std::sync::Arc;

use patrol_gateway::domain::anchor::Anchor;
use patrol_gateway::domain::report::{Class, DeviceId, Identity, TimeQuality};
use patrol_gateway::store::record::StoredRecord;
use patrol_gateway::store::scan::Cursor;
use patrol_gateway::transfer::chunk::{Chunk, HEAD_LEN};
use patrol_gateway::transfer::format::{Classes, ExportId, FormatError, Header, Totals};
use patrol_gateway::transfer::part;
use patrol_gateway::transfer::reader::{ExportReader, verify};
use patrol_gateway::transfer::record::ExportedRecord;
use patrol_gateway::transfer::salvage::{Missing, SalvageReader};
use patrol_gateway::transfer::writer::ExportWriter;
use proptest::prelude::*;
use proptest::sample::Index;

mod golden;

fn header() -> Header {
    Header {
        gateway: "box-017".into(),
        export: ExportId(*b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"),
        created_at_ms: 1_795_396_364_120,
        classes: Classes::ALL,
    }
}

fn device(name: &str) -> DeviceId {
    DeviceId::parse(name).expect("a device id")
}

fn any_record(class: Class) -> impl Strategy<Value = ExportedRecord> {
    let identity = prop_oneof![
        (any::<u32>(), any::<u32>()).prop_map(|(boot, seq)| Identity::Device { boot, seq }),
        (any::<u64>(), any::<u32>()).prop_map(|(run, number)| Identity::Minted { run, number }),
    ];
    let name = || "[a-z0-9][a-z0-9-]{0,31}";
    let anchor = (any::<i64>(), 0..TimeQuality::ALL.len())
        .prop_map(|(booted_at_ms, rank)| Anchor { booted_at_ms, quality: TimeQuality::ALL[rank] });
    let payload = prop::collection::vec(any::<u8>(), 0..200);
    let along = (prop::option::of(".{0,40}"), prop::option::of(name()), prop::option::of(anchor));
    (name(), identity, any::<i64>(), payload, along).prop_map(
        move |(name, identity, received_at_ms, payload, (casework, gateway, anchor))| {
            let gateway = gateway.map(Arc::from);
            let (device, payload) = (device(&name), payload.into());
            let record = StoredRecord { device, identity, class, received_at_ms, payload, casework, gateway };
            ExportedRecord { record, anchor }
        },
    )
}

/// Chunks as an export has them: numbered, most urgent first.
fn any_chunks() -> impl Strategy<Value = Vec<Chunk>> {
    let chunk = (0..Class::ALL.len()).prop_flat_map(|class| {
        let class = Class::ALL[class];
        let records = prop::collection::vec(any_record(class), 0..6);
        (records, any::<u32>(), any::<i64>(), any::<(u64, u64)>()).prop_map(
            move |(records, unreadable, row, (commit_seq, store))| {
                let next = Cursor { row, commit_seq, store };
                Chunk { class, number: 0, unreadable, next, records }
            },
        )
    });
    prop::collection::vec(chunk, 0..6).prop_map(|mut chunks| {
        chunks.sort_by_key(|chunk| chunk.class);
        (1..).zip(&mut chunks).for_each(|(number, chunk)| chunk.number = number);
        chunks
    })
}

/// The file of these chunks, and where each of them begins and the trailer does.
fn file(chunks: &[Chunk]) -> (Vec<u8>, Vec<usize>) {
    let (header, mut starts) = (header(), Vec::new());
    let mut writer = ExportWriter::begin(Vec::new(), &header).expect("memory");
    for chunk in chunks {
        starts.push(writer.get_mut().len());
        writer.push(&chunk.encode(&header.export).expect("within bounds"), chunk).expect("memory");
    }
    starts.push(writer.get_mut().len());
    (writer.finish().expect("memory").0, starts)
}

fn read(bytes: &[u8]) -> Result<Vec<Chunk>, FormatError> {
    let mut reader = ExportReader::open(bytes)?;
    let mut chunks = Vec::new();
    while let Some((_, chunk)) = reader.next_chunk()? {
        chunks.push(chunk);
    }
    Ok(chunks)
}

/// What is whole of a file, and what is missing.
fn salvage(bytes: &[u8]) -> (Vec<Chunk>, Missing) {
    let mut reader = SalvageReader::open(File::new(bytes)).expect("the header is whole");
    let mut chunks = Vec::new();
    while let Some((_, chunk)) = reader.next_chunk().expect("memory") {
        chunks.push(chunk);
    }
    (chunks, reader.missing().clone())
}

proptest! {
    #[test]
    fn what_is_written_is_read(chunks in any_chunks()) {
        let (bytes, _) = file(&chunks);
        prop_assert_eq!(&read(&bytes).expect("it is whole"), &chunks);
        let (told, totals) = verify(&bytes[..], |_| ()).expect("it is whole");
        prop_assert_eq!(told, header());
        let mut expected = Totals::default();
        chunks.iter().for_each(|chunk| expected.add(chunk.class, chunk.totals()));
        prop_assert_eq!(totals, expected);
        let (salvaged, missing) = salvage(&bytes);
        prop_assert_eq!(salvaged, chunks);
        prop_assert!(missing.is_nothing());
    }

    #[test]
    fn any_flipped_bit_and_any_cut_is_noticed(chunks in any_chunks(), at: Index, bit in 0u8..8) {
        let (bytes, _) = file(&chunks);
        let at = at.index(bytes.len());
        prop_assert!(matches!(verify(&bytes[..at], |_| ()), Err(FormatError::Truncated)));
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << bit;
        prop_assert!(verify(&flipped[..], |_| ()).is_err());
        let longer = [&bytes[..], b"x"].concat();
        prop_assert!(verify(&longer[..], |_| ()).is_err());
    }

    #[test]
    fn an_export_that_was_cut_off_anywhere_goes_on_to_the_same_file(chunks in any_chunks(), at: Index) {
        let (bytes, starts) = file(&chunks);
        let header_len = header().encode().len();
        let at = header_len + at.index(bytes.len() - header_len);
        let part = part::read(&bytes[..at]).expect("the header is whole");
        let whole = starts.iter().rposition(|start| *start <= at).expect("the header is whole");
        prop_assert_eq!(part.whole_bytes, starts[whole] as u64);
        let last = whole.checked_sub(1).map(|last| (chunks[last].class, chunks[last].next));
        prop_assert_eq!(part.last, last);
        let mut writer = ExportWriter::resume(bytes[..starts[whole]].to_vec(), part.progress);
        for chunk in &chunks[whole..] {
            writer.push(&chunk.encode(&header().export).expect("within bounds"), chunk).expect("memory");
        }
        prop_assert_eq!(writer.finish().expect("memory").0, bytes);
    }

    #[test]
    fn one_damaged_chunk_costs_itself_and_is_named(
        chunks in any_chunks().prop_filter("there is one", |chunks| !chunks.is_empty()),
        which: Index, at: Index, bit in 0u8..8,
    ) {
        let (mut bytes, starts) = file(&chunks);
        let which = which.index(chunks.len());
        let at = starts[which] + at.index(starts[which + 1] - starts[which]);
        bytes[at] ^= 1 << bit;
        let (salvaged, missing) = salvage(&bytes);
        let mut whole = chunks;
        let number = whole.remove(which).number;
        prop_assert_eq!(salvaged, whole);
        prop_assert_eq!(missing, Missing { gaps: vec![(number, number)], chunks: 1, is_cut: false });
    }

    #[test]
    fn bytes_that_are_gone_cost_the_chunks_they_were_in(
        chunks in any_chunks(), from: Index, len in 1usize..400,
    ) {
        let (bytes, starts) = file(&chunks);
        let from = starts[0] + from.index(bytes.len() - starts[0]);
        let to = (from + len).min(bytes.len());
        let rest = [&bytes[..from], &bytes[to..]].concat();
        let is_hurt = |place: usize| from < starts[place + 1] && starts[place] < to;
        let (salvaged, missing) = salvage(&rest);
        // What is hurt may be whole again with the bytes that have moved up; nothing else than what was there is found.
        for (place, chunk) in chunks.iter().enumerate() {
            prop_assert!(is_hurt(place) || salvaged.contains(chunk), "{}", chunk.number);
        }
        prop_assert!(salvaged.iter().all(|chunk| chunks.contains(chunk)));
        let trailer_is_whole = to <= starts[chunks.len()];
        prop_assert!(!missing.is_cut || !trailer_is_whole);
        if trailer_is_whole {
            prop_assert_eq!(missing.chunks, (chunks.len() - salvaged.len()) as u64);
        }
    }

    #[test]
    fn hostile_bytes_behind_a_right_header_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        tag in prop::sample::select(vec![&b""[..], b"CHNK", b"DONE"]),
    ) {
        let hostile = [&header().encode(), tag, &bytes].concat();
        prop_assert!(read(&hostile).is_err());
        let (chunks, _) = salvage(&hostile);
        prop_assert_eq!(chunks, []);
        prop_assert!(verify(&bytes[..], |_| ()).is_err());
    }

    /// A body that was written by something else, under checksums that hold.
    #[test]
    fn hostile_records_under_right_checksums_are_refused_or_read_but_never_panic(
        body in prop::collection::vec(any::<u8>(), 0..100), count in 0u32..5, raw_len in 0u32..200,
    ) {
        let body = zstd::bulk::compress(&body, 1).expect("memory");
        let chunk = golden::chunk_of(&header().export, 0, 1, count, raw_len, &body);
        let hostile = [&header().encode()[..], &chunk].concat();
        let _ = read(&hostile);
        let _ = salvage(&hostile);
    }
}

#[test]
fn lengths_beyond_the_bounds_are_refused_before_room_is_made() {
    let claim = |records, raw_len| golden::chunk_of(&header().export, 0, 1, records, raw_len, b"");
    for chunk in [claim(u32::MAX, 0), claim(0, u32::MAX), claim(1, 1 << 30)] {
        let hostile = [&header().encode()[..], &chunk].concat();
        assert!(matches!(read(&hostile), Err(FormatError::Damaged(_))));
    }
}

#[test]
fn a_chunk_where_it_does_not_belong_is_refused() {
    let chunk =
        |class, number| Chunk { class, number, unreadable: 0, next: Cursor::default(), records: Vec::new() };
    let write = |header: &Header, chunks: &[Chunk]| {
        let mut writer = ExportWriter::begin(Vec::new(), header).expect("memory");
        for chunk in chunks {
            writer.push(&chunk.encode(&header.export).expect("in bounds"), chunk).expect("memory");
        }
        writer.finish().expect("memory").0
    };
    let (all, incidents) = (header(), Header { classes: Classes::of([Class::Incident]), ..header() });
    assert!(read(&write(&all, &[chunk(Class::Incident, 1), chunk(Class::Task, 2)])).is_ok());
    for (header, chunks) in [
        (&all, vec![chunk(Class::Incident, 2)]),
        (&all, vec![chunk(Class::Incident, 1), chunk(Class::Incident, 1)]),
        (&all, vec![chunk(Class::Task, 1), chunk(Class::Incident, 2)]),
        (&incidents, vec![chunk(Class::Task, 1)]),
    ] {
        assert!(read(&write(header, &chunks)).is_err(), "{chunks:?}");
    }
}

#[test]
fn a_payload_that_looks_like_a_chunk_of_another_export_is_never_taken_for_one() {
    let chunk = |number, name, payload: &[u8]| Chunk {
        class: Class::Incident,
        number,
        unreadable: 0,
        next: Cursor::default(),
        records: vec![record(name, payload)],
    };
    let other = ExportId(*b"another export's");
    let forged = chunk(7, "cam-66", b"forged").encode(&other).expect("in bounds").into_bytes();
    // Bytes without a pattern around it, so that compression leaves it as it is.
    let mut chance = fastrand::Rng::with_seed(7);
    let noise: Vec<u8> = std::iter::repeat_with(|| chance.u8(..)).take(5000).collect();
    let payload = [&noise[..2500], &forged, &noise[2500..]].concat();
    let (mut bytes, starts) = file(&[chunk(1, "car-07", &payload)]);
    let is_there = bytes.windows(forged.len()).any(|window| window == forged);
    assert!(is_there, "the file has it as the device has sent it");
    bytes[starts[0] + HEAD_LEN + 1] ^= 1;
    let (salvaged, missing) = salvage(&bytes);
    assert_eq!((salvaged, missing.gaps), (Vec::new(), vec![(1, 1)]));
}

fn record(name: &str, payload: &[u8]) -> ExportedRecord {
    let record = StoredRecord {
        device: device(name),
        identity: Identity::Device { boot: 1, seq: 1 },
        class: Class::Incident,
        received_at_ms: 0,
        payload: payload.to_vec().into(),
        casework: None,
        gateway: None,
    };
    ExportedRecord { record, anchor: None }
}

#[test]
fn what_is_no_export_or_a_newer_one_is_told_so() {
    assert!(matches!(read(b"PK\x03\x04 something else"), Err(FormatError::NotAnExport)));
    assert!(matches!(read(b"PATROLEX\x02......"), Err(FormatError::Newer(2))));
    assert!(matches!(read(b"PATRO"), Err(FormatError::Truncated)));
    let mut damaged = header().encode();
    damaged[12] ^= 1;
    assert!(matches!(read(&damaged), Err(FormatError::Damaged(_))));
}
