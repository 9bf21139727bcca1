//! What firmware asks of values and bodies: ids of devices, qualities of time, cut texts, missing chunks, settings.

use firmware_protocol::body::{Config, EvidenceMeta, EvidenceWant, Setting, SettingKey, TransferState};
use firmware_protocol::{Bytes, DeviceTag, ErrorBound, List, TimeQuality};
use serde_json::{Value, json};

use crate::ask;
use crate::cc::hex;
use crate::support::bodies::Sample;
use crate::support::{car_header, sealed};

#[test]
fn a_device_has_the_same_eight_bytes() {
    for id in ["c", "car-07", "noise-12", "noise-123", "bodycam-0118", "车", "车-07", "a-\u{7f}"] {
        assert_eq!(ask(&[format!("device {id}")])[0], json!({ "device": DeviceTag::of(id).0 }), "{id}");
    }
}

#[test]
fn a_clock_is_as_good() {
    let steps = (0..32).flat_map(|bit| [1_u32 << bit, (1 << bit) - 1, (1 << bit) + 1]);
    for error_ms in steps.chain([0, u32::MAX]) {
        for source in [0, 1, 5, 15, 16, 255] {
            let TimeQuality { source: source_nibble, .. } = TimeQuality::from_byte(source);
            let right = TimeQuality { source: source_nibble, error_bound: ErrorBound::within_ms(error_ms) };
            let answer = ask(&[format!("quality {error_ms} {}", hex(&[source]))]);
            assert_eq!(answer[0], json!({ "quality": right.to_byte() }), "{error_ms} ms, source {source}");
        }
    }
}

#[test]
fn a_text_is_cut_between_characters() {
    let text = "aé街\u{1F6B2}街b";
    for len in 0..=text.len() + 1 {
        let right = &text[..text.floor_char_boundary(len)];
        assert_eq!(
            ask(&[format!("cut {len} {}", hex(text.as_bytes()))])[0],
            json!({ "cut": right }),
            "{len}"
        );
    }
}

/// Every word of one and two bytes, and of three and four bytes every one of those at the borders of UTF-8.
#[test]
fn a_text_is_utf8_to_both() {
    const BORDERS: [u8; 22] = [
        0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
        0xEF, 0xF0, 0xF3, 0xF4, 0xF5,
    ];
    let every: Vec<u8> = (0..=u8::MAX).collect();
    let words = |len: u32, bytes: &[u8]| -> Vec<Vec<u8>> {
        let digit = |word: usize, at: u32| bytes[word / bytes.len().pow(at) % bytes.len()];
        (0..bytes.len().pow(len)).map(|word| (0..len).map(|at| digit(word, at)).collect()).collect()
    };
    for all in [words(1, &every), words(2, &every), words(3, &BORDERS), words(4, &BORDERS)] {
        for words in all.chunks(30_000) {
            let right: String =
                words.iter().map(|word| if std::str::from_utf8(word).is_ok() { '1' } else { '0' }).collect();
            let answer = &ask(&[format!("utf8 {} {}", words[0].len(), hex(&words.concat()))])[0];
            assert!(answer["utf8"] == json!(right), "words of {} bytes", words[0].len());
        }
    }
}

/// Frames without a key, and what the reference says of their bodies in the words of c/test/helpers.c.
pub(crate) fn helped() -> Vec<(Vec<u8>, Value)> {
    let mut all = Vec::new();
    let bitmap = [0b1010_0001, 0, 0xFF, 0x80];
    for state in (0..7).map(TransferState) {
        for base_index in [0, 1, 7, 4096, u32::MAX - 9, u32::MAX] {
            let missing = Bytes::new(&bitmap).unwrap();
            let want = EvidenceWant { state, base_index, missing, ..EvidenceWant::typical() };
            let lacks: Vec<u32> = match state {
                TransferState::WANTED => want.missing_chunks().collect(),
                _ => Vec::new(), // the bitmap says nothing then
            };
            all.push((sealed(&car_header::<EvidenceWant<'_>>(), &want), json!({ "lacks": lacks })));
        }
    }
    for (size_bytes, chunk_size_log2) in [
        (0, 12),
        (1, 12),
        (4096, 12),
        (4097, 12),
        (u32::MAX, 6),
        (u32::MAX, 15),
        (100, 5),
        (100, 16),
        (100, 255),
    ] {
        let meta = EvidenceMeta { size_bytes, chunk_size_log2, ..EvidenceMeta::typical() };
        let chunks = meta.chunks().unwrap_or_default();
        all.push((sealed(&car_header::<EvidenceMeta>(), &meta), json!({ "chunks": chunks })));
    }
    let values: [&[u8]; 5] = [&[], &[1, 2, 3], &[0x10, 0x27, 0, 0], &[0xFF; 4], &[1; 5]];
    let setting = |value| Setting { key: SettingKey::WINDOW, value: Bytes::new(value).unwrap() };
    let settings = List::from_slice(&values.map(setting)).unwrap();
    let numbers: Vec<_> = settings.iter().map(|setting| setting.number().map_or(-1, i64::from)).collect();
    let config = Config { config_id: 9, settings };
    all.push((sealed(&car_header::<Config<'_>>(), &config), json!({ "numbers": numbers })));
    all
}

#[test]
fn the_codec_says_of_a_body_what_the_reference_says() {
    let (frames, right): (Vec<_>, Vec<_>) = helped().into_iter().unzip();
    let lines: Vec<_> = frames.iter().map(|frame| format!("helpers up {}", hex(frame))).collect();
    assert_eq!(ask(&lines), right);
}
