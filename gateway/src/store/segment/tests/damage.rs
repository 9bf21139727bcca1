//! Damage at rest: it is noticed, and costs the blocks that it is in.

use super::*;

/// Every salvaged record is the one that was pushed there.
fn assert_right(salvaged: &Salvaged, records: &[StoredRecord]) {
    for (index, record) in &salvaged.records {
        assert_eq!(Some(record), records.get(*index as usize), "record {index}");
    }
    assert!(salvaged.records.is_sorted_by(|one, next| one.0 < next.0));
}

fn has(salvaged: &Salvaged, index: usize) -> bool {
    salvaged.records.iter().any(|(found, _)| *found as usize == index)
}

proptest! {
    #[test]
    fn any_flipped_bit_is_noticed_and_costs_its_block_at_most(
        records in records(),
        at: prop::sample::Index,
        bit in 0u8..8,
    ) {
        let mut blob = build(&records).blob;
        let blocks = blocks(&blob);
        let at = at.index(blob.len());
        blob[at] ^= 1 << bit;
        let blob = blob.into();
        prop_assert!(decode(Class::Telemetry, &blob).is_err());
        let salvaged = salvage(Class::Telemetry, &blob);
        assert_right(&salvaged, &records);
        for (place, indexes) in &blocks {
            let is_hit = place.contains(&at);
            prop_assert!(indexes.clone().all(|index| has(&salvaged, index) != is_hit));
        }
        let is_block_hit = blocks.iter().any(|(place, _)| place.contains(&at));
        prop_assert_eq!(salvaged.damaged_blocks, u32::from(is_block_hit));
        let is_directory_hit = blocks.last().is_some_and(|(place, _)| at >= place.end);
        prop_assert_eq!(salvaged.expected, (!is_directory_hit).then_some(records.len() as u32));
    }

    #[test]
    fn any_cut_is_noticed_and_costs_what_is_behind_it(records in records(), at: prop::sample::Index) {
        let mut blob = build(&records).blob;
        let blocks = blocks(&blob);
        let at = at.index(blob.len());
        blob.truncate(at);
        let blob = blob.into();
        prop_assert!(decode(Class::Telemetry, &blob).is_err());
        let salvaged = salvage(Class::Telemetry, &blob);
        assert_right(&salvaged, &records);
        for (place, indexes) in blocks {
            prop_assert!(indexes.clone().all(|index| has(&salvaged, index) == (place.end <= at)));
        }
    }

    #[test]
    fn garbage_anywhere_never_makes_a_wrong_record(
        records in records(),
        garbage in proptest::collection::vec((any::<prop::sample::Index>(), proptest::collection::vec(any::<u8>(), 1..5000)), 1..4),
    ) {
        let original = build(&records).blob;
        let mut blob = original.clone();
        for (at, garbage) in &garbage {
            let at = at.index(blob.len());
            let len = garbage.len().min(blob.len() - at);
            blob[at..at + len].copy_from_slice(&garbage[..len]);
        }
        let is_damaged = blob != original;
        let blob = blob.into();
        prop_assert_eq!(decode(Class::Telemetry, &blob).is_err(), is_damaged);
        assert_right(&salvage(Class::Telemetry, &blob), &records);
    }
}

#[test]
fn one_damaged_header_and_the_directory_lost_leave_the_blocks_before_it() {
    let records = json_telemetry(1000);
    let mut blob = build(&records).blob;
    let blocks = blocks(&blob);
    assert!(blocks.len() > 4, "{} blocks", blocks.len());
    blob[blocks[2].0.start + 1] ^= 1;
    *blob.last_mut().unwrap() ^= 1;
    let salvaged = salvage(Class::Telemetry, &blob.into());
    assert_right(&salvaged, &records);
    assert_eq!(salvaged.records.len(), blocks[1].1.end);
    assert_eq!((salvaged.expected, salvaged.damaged_blocks), (None, 1));
}

#[test]
fn a_block_of_another_segment_is_not_taken_for_one_of_this() {
    let mut messages = json_telemetry(2000);
    let others = messages.split_off(1000);
    let (mut blob, other) = (build(&messages).blob, build(&others).blob);
    let (place, indexes) = blocks(&blob).remove(0);
    let (other_place, _) = blocks(&other).remove(0);
    // The first blocks differ in length, so the stale one fills the place with what followed it there.
    blob[place.clone()].copy_from_slice(&other[place.clone()]);
    assert!(other_place.start == place.start && Header::parse(&blob[place.start..]).is_some());
    let blob = blob.into();
    assert_eq!(decode(Class::Telemetry, &blob), Err(SegmentError::Checksum));
    let salvaged = salvage(Class::Telemetry, &blob);
    assert_right(&salvaged, &messages);
    assert_eq!((salvaged.records.len(), salvaged.damaged_blocks), (1000 - indexes.len(), 1));
}

#[test]
fn a_payload_that_looks_like_a_segment_is_not_taken_for_one_when_its_block_is_damaged() {
    let forged = build(&[record("car-01", Identity::Device { boot: 1, seq: 1 }, 0, "forged")]).blob;
    let records =
        [record("car-66", Identity::Device { boot: 1, seq: 1 }, 0, [&b"..."[..], &forged].concat())];
    let mut blob = build(&records).blob;
    let inside = blob.windows(forged.len()).position(|window| window == forged).expect("it is stored raw");
    blob[MAGIC.len() + 6] ^= 1;
    let directory_at = blob.len() - 5;
    blob[directory_at] ^= 1;
    assert!(inside > 0);
    assert_eq!(salvage(Class::Telemetry, &blob.into()).records, []);
}
