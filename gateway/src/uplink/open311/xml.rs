//! Answers in XML: each element whose children are plain is an object.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::reply::{ENTRIES_MAX, Entry, shorten};

const DEPTH_MAX: usize = 16;

#[derive(Default)]
struct Element {
    name: String,
    text: String,
    fields: Entry,
}

/// The objects of an answer.
pub(super) fn entries(body: &[u8]) -> Result<Vec<Entry>, String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let mut reader = Reader::from_str(text);
    let (mut open, mut found) = (Vec::<Element>::new(), Vec::new());
    loop {
        match reader.read_event().map_err(|error| shorten(&error.to_string()))? {
            Event::Start(start) => {
                if open.len() == DEPTH_MAX || found.len() == ENTRIES_MAX {
                    return Err(format!("deeper than {DEPTH_MAX}, or more than {ENTRIES_MAX} objects"));
                }
                let name = start.local_name().as_ref().to_owned();
                open.push(Element { name, ..Element::default() });
            }
            Event::Text(text) => push(&mut open, &text),
            Event::CData(data) => push(&mut open, &data),
            Event::GeneralRef(name) => push(&mut open, &resolved(&name)),
            Event::End(_) => close(&mut open, &mut found),
            Event::Eof if open.is_empty() => return Ok(found),
            Event::Eof => return Err("the XML ends too early".into()),
            _ => {}
        }
    }
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn close(open: &mut Vec<Element>, found: &mut Vec<Entry>) {
    let Some(element) = open.pop() else { return };
    let text = element.text.trim();
    if !element.fields.is_empty() {
        found.push(element.fields);
    } else if let Some(parent) = open.last_mut()
        && !text.is_empty()
    {
        parent.fields.insert(element.name, text.to_owned());
    }
}

/// A reference to a character; others stay as they are.
fn resolved(name: &str) -> String {
    let number = match name.strip_prefix('#') {
        Some(hex) if hex.starts_with('x') => u32::from_str_radix(&hex[1..], 16).ok(),
        Some(decimal) => decimal.parse().ok(),
        None => None,
    };
    match (name, number.and_then(char::from_u32)) {
        ("amp", _) => "&".into(),
        ("lt", _) => "<".into(),
        ("gt", _) => ">".into(),
        ("quot", _) => "\"".into(),
        ("apos", _) => "'".into(),
        (_, Some(char)) => char.into(),
        (other, None) => format!("&{other};"),
    }
}
