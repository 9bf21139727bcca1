//! What servers answer, read tolerantly: an array or an object, JSON or XML, texts or numbers, wrapped or not.

use std::collections::BTreeMap;

use serde_json::Value;

use super::xml;

/// More than a full page has.
pub(in crate::uplink) const ENTRIES_MAX: usize = 2000;
/// Longest part of what a server says that is kept, in characters.
const TEXT_CHARS_MAX: usize = 300;
/// A page says so in its first bytes.
const PAGE_START_BYTES: usize = 256;
/// Objects may be wrapped so often.
const DEPTH_MAX: usize = 4;

/// One object of an answer: its plain fields as text.
pub(in crate::uplink) type Entry = BTreeMap<String, String>;

/// What a server says on a request that it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// It has it under this number.
    Case(String),
    /// It has it, and will have a number for this token.
    Token(String),
    /// It complains.
    Complaint {
        /// Its own code, if that is a status of HTTP.
        status: Option<u16>,
        /// Its words.
        text: String,
    },
    /// Nothing that is known here.
    Nothing,
}

/// The objects of an answer.
///
/// # Errors
/// Why it is neither JSON nor XML.
pub(in crate::uplink) fn entries(body: &[u8]) -> Result<Vec<Entry>, String> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii();
    match body.first() {
        None => Ok(Vec::new()),
        Some(b'<') if is_page(body) => Err("a page for people".to_owned()),
        Some(b'<') => xml::entries(body),
        Some(_) => {
            let value: Value = serde_json::from_slice(body).map_err(|error| shorten(&error.to_string()))?;
            let mut found = Vec::new();
            collect(&value, &mut found, DEPTH_MAX);
            Ok(found)
        }
    }
}

/// A page in HTML comes from whatever stands before the server, such as the log-in of a network.
pub(super) fn is_page(body: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&body[..body.len().min(PAGE_START_BYTES)]).to_ascii_lowercase();
    start.contains("<!doctype html") || start.contains("<html")
}

/// What the objects of an answer say.
pub(super) fn read(entries: &[Entry]) -> Reply {
    let first = |name: &str| entries.iter().find_map(|entry| entry.get(name)).cloned();
    if let Some(number) = first("service_request_id") {
        return Reply::Case(shorten(&number));
    }
    if let Some(token) = first("token") {
        return Reply::Token(token);
    }
    let texts: Vec<String> = entries
        .iter()
        .filter_map(|entry| {
            entry.get("description").or_else(|| entry.get("message")).or_else(|| entry.get("error"))
        })
        .cloned()
        .collect();
    let code = first("code");
    if texts.is_empty() && code.is_none() {
        return Reply::Nothing;
    }
    let status = code.as_ref().and_then(|code| code.parse().ok()).filter(|code| (400..600).contains(code));
    let text = if texts.is_empty() { code.unwrap_or_default() } else { texts.join("; ") };
    Reply::Complaint { status, text: shorten(&text) }
}

fn collect(value: &Value, found: &mut Vec<Entry>, depth: usize) {
    if depth == 0 || found.len() >= ENTRIES_MAX {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found, depth - 1)),
        Value::Object(fields) => {
            let plain: Entry =
                fields.iter().filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect();
            if !plain.is_empty() {
                found.push(plain);
            }
            fields
                .values()
                .filter(|value| !value.is_string())
                .for_each(|value| collect(value, found, depth - 1));
        }
        _ => {}
    }
}

/// A plain value as text; nothing for null, an empty text, or what is not plain.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// What a server says is kept up to [`TEXT_CHARS_MAX`].
pub(in crate::uplink) fn shorten(text: &str) -> String {
    text.trim().chars().take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: &str) -> Reply {
        read(&entries(body.as_bytes()).unwrap())
    }

    #[test]
    fn a_number_is_found_in_every_dress() {
        for body in [
            r#"[{"service_request_id": "293944", "service_notice": "soon", "account_id": null}]"#,
            r#"{"service_request_id": 293944}"#,
            r#" {"service_requests": [{"service_request_id": " 293944 "}]}"#,
            "\u{feff}[{\"service_request_id\":\"293944\"}]",
            "<?xml version=\"1.0\"?><service_requests><request><service_request_id>293944</service_request_id>\
             <service_notice/></request></service_requests>",
        ] {
            assert_eq!(reply(body), Reply::Case("293944".into()), "{body}");
        }
    }

    #[test]
    fn tokens_and_complaints_are_told_apart_from_numbers() {
        assert_eq!(reply(r#"[{"token": 12345, "service_request_id": ""}]"#), Reply::Token("12345".into()));
        let complaint = |status, text: &str| Reply::Complaint { status, text: text.into() };
        assert_eq!(
            reply(r#"[{"code": "403", "description": "bad key"}, {"code": 400, "description": "no lat"}]"#),
            complaint(Some(403), "bad key; no lat")
        );
        assert_eq!(
            reply(r#"{"errors": [{"code": 404, "description": "gone"}]}"#),
            complaint(Some(404), "gone")
        );
        assert_eq!(reply(r#"{"error": "no such service"}"#), complaint(None, "no such service"));
        assert_eq!(
            reply("<errors><error><code>400</code><description>a &amp; b</description></error></errors>"),
            complaint(Some(400), "a & b")
        );
        for nothing in ["", "[]", "{}", "null", r#"[{"service_notice": "thanks"}]"#] {
            assert_eq!(reply(nothing), Reply::Nothing, "{nothing}");
        }
        for garbled in ["oops", "<html><p>", "<!DOCTYPE html><html><p>Log in</p></html>", "{"] {
            assert!(entries(garbled.as_bytes()).is_err(), "{garbled}");
        }
    }

    #[test]
    fn an_answer_without_end_is_read_up_to_a_bound() {
        let many = format!("[{}]", vec![r#"{"a": 1}"#; 5000].join(","));
        assert_eq!(entries(many.as_bytes()).unwrap().len(), ENTRIES_MAX);
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(entries(deep.as_bytes()).unwrap(), Vec::<Entry>::new());
    }
}
