//! What may be seen of a payload, and that nothing else is.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::words::DIGITS_MAX;
use super::*;

#[test]
fn who_and_exactly_where_are_taken_out_and_the_rest_stays() {
    let payload = r#"{"boot": 7, "operator": "op-118", "description": "call 13912345678", "code": "0501",
        "position": {"lon": 104.398123, "lat": 31.1271, "crs": "wgs84"}, "speed_kmh": 23.4, "note": {"by": ["x", 5]}}"#;
    let shown = r#"{"boot": 7, "operator": "***", "description": "***", "code": "0501",
        "position": {"lon": 104.398, "lat": 31.127, "crs": "wgs84"}, "speed_kmh": 23.4, "note": {"by": ["***", ***]}}"#;
    assert_eq!(redacted(payload), shown);
}

#[test]
fn numbers_that_name_somebody_are_found_in_any_value() {
    let cases = [
        (r#"{"header":{"phone":13912345678}}"#, r#"{"header":{"phone":***}}"#),
        (r#"{"x":"tel 013912345678 ok"}"#, r#"{"x":"tel *** ok"}"#),
        (r#"{"x":"1\u0033912345678"}"#, r#"{"x":"***"}"#),
        (r#"{"13912345678":1}"#, r#"{"***":1}"#),
        (r#"{"x":"seen 川F·12345 here"}"#, r#"{"x":"seen *** here"}"#),
        (r#"{"latitude":31127345,"longitude":104398123}"#, r#"{"latitude":31127000,"longitude":104390000}"#),
        (r#"{"x":1.04398123e2,"y":1e300}"#, r#"{"x":104.398,"y":***.000}"#),
        (r#"{"time":"2026-11-23T09:12:44.120456+08:00"}"#, r#"{"time":"2026-11-23T09:12:44.120+08:00"}"#),
        ("{operator: op-118, 'a': 1", "{?: ?, ?: 1"),
        (r#"{"operator": "op-1"#, r#"{"operator": "***""#),
    ];
    for (payload, shown) in cases {
        assert_eq!(redacted(payload), shown, "{payload}");
    }
}

/// Hides a secret somewhere in a payload of any shape.
fn payload(secret: &'static str, keys: &'static [&'static str]) -> impl Strategy<Value = (String, Value)> {
    (secret, "[a-z]{0,8}", prop::sample::select(keys), 0..5_usize).prop_map(|(secret, text, key, shape)| {
        let value = match shape {
            0 => json!({ key: secret }),
            1 => json!({ "a": { key: [text, secret] }, "b": 1.23456 }),
            2 => json!([{ "x": [], key: { "deep": { "er": secret } } }]),
            3 => json!({ "a": {"c": []}, key: format!("{text} {secret}") }),
            _ => json!({ key: {"a": [[secret]]}, "z": true }),
        };
        (secret, value)
    })
}

proptest! {
    #[test]
    fn no_run_of_eleven_digits_is_left_wherever_it_was(
        text in "([0-9]{0,14}|\\PC|[\"{}\\[\\]:,\\\\. ])|(\\{\"[a-z]{1,4}\":\"?[0-9.]{1,20}\"?,){0,4}", more in "[0-9]{11,20}"
    ) {
        for payload in [text.clone(), format!("{text}{more}"), format!("{{\"a\":\"{more}{text}\"}}"), format!("[{more}, {text}")] {
            let shown = redacted(&payload);
            let mut run = 0;
            for letter in shown.chars() {
                run = if letter.is_ascii_digit() { run + 1 } else { 0 };
                prop_assert!(run < DIGITS_MAX, "{} -> {}", payload, shown);
            }
        }
    }

    #[test]
    fn no_operator_is_left_however_the_payload_is_cut(
        (operator, value) in payload("op-[a-z0-9]{6}", &["operator", "Operator_ID", "operatorId"]), cut in 0..400_usize
    ) {
        let text = value.to_string();
        let end = text.floor_char_boundary(cut);
        let shown = redacted(&text[..end]);
        prop_assert!(!shown.contains(&operator), "{} -> {}", text, shown);
        prop_assert!(!redacted(&text).contains(&operator));
    }

    #[test]
    fn any_text_is_redacted_to_something_not_much_longer(text in "\\PC{0,300}") {
        prop_assert!(redacted(&text).chars().count() <= 3 * text.chars().count() + 4);
    }
}
