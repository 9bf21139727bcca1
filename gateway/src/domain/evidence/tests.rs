use proptest::prelude::*;

use super::*;
use crate::domain::report::EVIDENCE_BYTES_MAX;

const EVIDENCE: RecordRef = RecordRef { boot: 7, seq: 801 };

fn file(size_bytes: u32, chunk_bytes: u32) -> File {
    File { evidence: EVIDENCE, size_bytes, chunk_bytes, sha256: Sha256([0; 32]) }
}

proptest! {
    #[test]
    fn the_pieces_of_a_file_are_its_bytes(size_bytes in 1..=EVIDENCE_BYTES_MAX, log2 in 6..=15_u32) {
        let file = file(size_bytes, 1 << log2);
        let chunks = file.chunks();
        let full = u64::from(chunks - 1) * u64::from(file.chunk_bytes);
        let last = file.chunk_len(chunks - 1);
        prop_assert_eq!(last.map(|last| full + u64::from(last)), Some(u64::from(size_bytes)));
        prop_assert_eq!(file.chunk_len(0), Some(size_bytes.min(file.chunk_bytes)));
        for behind in [chunks, chunks + 1, u32::MAX] {
            prop_assert_eq!(file.chunk_len(behind), None);
        }
        prop_assert!(file.room_bytes() > u64::from(size_bytes));
    }

    #[test]
    fn an_answer_names_the_lacking_pieces_of_its_window_and_no_others(
        chunks in 1u32..600, present in prop::collection::btree_set(0u32..600, 0..600),
    ) {
        let lacking: Vec<u32> = (0..chunks).filter(|index| !present.contains(index)).collect();
        prop_assume!(!lacking.is_empty());
        let first = lacking[0];
        let answer = Answer::wanted(chunks, first, present.range(first..).copied());
        let body = answer.body(EVIDENCE).expect("the bitmap fits");
        let named: Vec<u32> = body.missing_chunks().collect();
        let window: Vec<u32> = lacking.into_iter().filter(|index| index - first < WINDOW_CHUNKS).collect();
        prop_assert_eq!(named, window);
    }

    #[test]
    fn a_device_that_sends_what_it_is_asked_for_comes_to_the_end(
        chunks in 1u32..1_000, losses in prop::collection::vec(any::<bool>(), 1..200),
    ) {
        // Some of what is asked for gets lost, for a while.
        let mut losses = losses.into_iter().chain(std::iter::repeat(false));
        let mut present = std::collections::BTreeSet::new();
        for _round in 0..1_000 {
            let Some(first) = (0..chunks).find(|index| !present.contains(index)) else { break };
            let answer = Answer::wanted(chunks, first, present.range(first..).copied());
            let body = answer.body(EVIDENCE).expect("the bitmap fits");
            present.extend(body.missing_chunks().filter(|_| losses.next() == Some(false)));
        }
        prop_assert_eq!(present.len() as u32, chunks);
    }
}
