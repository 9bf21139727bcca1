//! Whether an earlier attempt arrived: what a page of the platform's requests says about a record.

use super::case::Case;
use super::marker;
use super::reply::Entry;

/// Servers cut a page here: what is not on a full page may be beyond it.
const PAGE_ENTRIES: usize = 1000;
/// Requests this near to each other may be the same.
const SAME_PLACE_M: f64 = 30.0;
/// Metres of one degree of latitude.
const DEGREE_M: f64 = 111_195.0;

/// What a page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// It arrived, and has this number.
    Case(String),
    /// It did not arrive.
    Absent,
    /// Nobody can tell.
    Unknown,
    /// What answers can't be read: whether the server itself was asked, nobody knows.
    Unreadable,
}

/// Looks for a record on a page of requests.
pub(super) fn find(case: &Case, page: &[Entry]) -> Found {
    let marker = marker::marker(&case.id);
    let description = |entry: &Entry| entry.get("description").cloned().unwrap_or_default();
    let ours = page.iter().find(|entry| description(entry).contains(&marker));
    if let Some(number) = ours.and_then(|entry| entry.get("service_request_id")) {
        return Found::Case(number.clone());
    }
    // A description may have been cut, or be hidden: what stands at the same place without a marker may be ours.
    let may_be_ours = |entry: &&Entry| !marker::has_any(&description(entry)) && is_near(case, entry);
    if ours.is_some() || page.len() >= PAGE_ENTRIES || page.iter().any(|entry| may_be_ours(&entry)) {
        return Found::Unknown;
    }
    Found::Absent
}

/// Whether a request is where the incident is; one without a place may be anywhere.
fn is_near(case: &Case, entry: &Entry) -> bool {
    let number = |name: &str| entry.get(name).and_then(|text| text.parse::<f64>().ok());
    let (Some([lon, lat]), Some(other_lat), Some(other_lon)) = (case.position, number("lat"), number("long"))
    else {
        return true;
    };
    let (north_m, east_m) =
        ((lat - other_lat) * DEGREE_M, (lon - other_lon) * DEGREE_M * lat.to_radians().cos());
    north_m.hypot(east_m) <= SAME_PLACE_M
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case() -> Case {
        Case {
            id: "box-017/car-07/7/812".into(),
            device: "car-07".into(),
            kind: "event".into(),
            code: "0501".into(),
            text: String::new(),
            position: Some([104.398, 31.127]),
            address: None,
            time: "2026-11-23T01:12:44.120Z".into(),
        }
    }

    fn entry(number: &str, description: &str, lat: &str) -> Entry {
        [("service_request_id", number), ("description", description), ("lat", lat), ("long", "104.398")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    #[test]
    fn a_marker_proves_it_and_its_absence_counts_only_on_a_page_that_shows_everything() {
        let others = || entry("1", "stall [patrol:box-017/car-07/7/81]", "31.127");
        assert_eq!(find(&case(), &[]), Found::Absent);
        assert_eq!(find(&case(), &[others()]), Found::Absent);
        assert_eq!(find(&case(), &[entry("1", "a citizen's", "31.2")]), Found::Absent);
        let ours = entry("9", "stall [patrol:box-017/car-07/7/812] (reviewed)", "0");
        assert_eq!(find(&case(), &[others(), ours]), Found::Case("9".into()));

        assert_eq!(find(&case(), &[entry("1", "stall, cut [patrol:box-0", "31.12701")]), Found::Unknown);
        assert_eq!(find(&case(), &[entry("1", "", "hidden")]), Found::Unknown);
        assert_eq!(find(&case(), &vec![others(); PAGE_ENTRIES]), Found::Unknown);
        let mut numberless = entry("", "[patrol:box-017/car-07/7/812]", "31.127");
        numberless.remove("service_request_id");
        assert_eq!(find(&case(), &[numberless]), Found::Unknown);
    }
}
