//! Figures of the journal through the API.

use std::time::Instant;

use super::*;
use crate::domain::civil::CityClock;
use crate::domain::indicators::{By, Figure, Figures, Query, Question, Sheet};
use crate::domain::journal::{Attribution, Entry, Facts, StallFacts};
use crate::domain::points::{PointRules, PointsSheet};
use crate::domain::report::{CaseKind, Identity, ObservedAt, TimeQuality};
use crate::domain::verdict::StallVerdict;
use crate::http::journal::JournalPages;

/// 2026-11-27T12:00 in the city, more or less.
const NOON_MS: i64 = 1_795_752_000_000;
/// Entries of the journal: more than two pages.
const ENTRIES: i64 = 2500;

/// One entry; they are spread over ten days, three streets and thirty codes.
fn entry(number: i64) -> Entry {
    let unix_ms = NOON_MS - (number % 10) * 86_400_000;
    let street = number % 3;
    Entry {
        number,
        device: DeviceId::parse("car-07").unwrap(),
        identity: Identity::Device { boot: 1, seq: number as u32 },
        received_at_ms: unix_ms,
        observed_at: Some(ObservedAt { unix_ms, quality: TimeQuality::Gnss }),
        back_stamped: false,
        handled_at_ms: (number % 2 == 0).then_some(unix_ms + 60_000),
        self_disposed: number % 2 == 0,
        witness_of: None,
        facts: Facts {
            kind: CaseKind::Event,
            code: format!("{:04}", number % 30).into(),
            attribution: Attribution::Assigned,
            grid: format!("51060300{street}001001").into(),
            community_code: format!("51060300{street}001").into(),
            community: "社区".into(),
            street_code: format!("51060300{street}").into(),
            street: "街道".into(),
            cross_boundary: number % 5 == 0,
            joint: false,
            urgent: false,
            time_limit: Some("4WH".into()),
            stall: (number % 100 == 0).then(|| StallFacts {
                card: format!("摊 {}", number / 1000).into(),
                verdict: StallVerdict::OutOfHours,
                points: Some(-2),
            }),
        },
    }
}

fn journal(count: i64, writer: watch::Receiver<bool>) -> Journal {
    let pages = JournalPages::new(move |after: i64, limit| {
        let answers = *writer.borrow();
        let page = move || (after.max(0) + 1..=count).take(limit as usize).map(entry).collect();
        async move { answers.then(page) }
    });
    let points = PointRules::from_csv(include_bytes!("../../../city/stall-points.csv")).unwrap();
    let due = |entry: &Entry| Some(entry.counts_at_ms() + 4 * 3_600_000);
    Journal::new(pages, CityClock::default(), due, Arc::new(points), || NOON_MS)
}

/// A journal of a few pages, as long as the writer answers.
pub(super) fn a_journal(writer: watch::Receiver<bool>) -> Journal {
    journal(ENTRIES, writer)
}

#[tokio::test]
async fn indicators_are_of_every_page_of_the_journal_as_json_and_as_csv() {
    let api = api().await;
    let (code, body) = api.get("/api/v1/indicators").await;
    assert_eq!(code, 200, "{body}");
    let sheet: Sheet = serde_json::from_str(&body).unwrap();
    assert_eq!(sheet.rows[0].figures["reports"], Figure::Count(ENTRIES as u64));
    let half = Figure::Rate { numerator: 1250, denominator: 2500, value: Some(0.5) };
    assert_eq!(sheet.rows[0].figures["self_handled_rate"], half);

    let day = "/api/v1/indicators?from=2026-11-26&to=2026-11-26&by=street";
    let (code, csv) = api.get(&format!("{day}&format=csv")).await;
    let lines: Vec<&str> = csv.trim_end().split("\r\n").collect();
    assert_eq!((code, lines.len()), (200, 4), "{csv}");
    let (_, same) = api.get(&format!("{day}&format=json")).await;
    assert_eq!(serde_json::from_str::<Sheet>(&same).unwrap().to_csv(), csv);
}

#[tokio::test]
async fn a_question_that_is_none_is_refused_with_what_is_wrong() {
    let api = api().await;
    for (query, told) in [
        ("by=week", "by: \\\"week\\\" is none of day, street"),
        ("from=yesterday", "no day like 2026-11-23"),
        ("from=2026-11-02&to=2026-11-01", "lies before the first"),
        ("format=xml", "xml"),
        ("until=2026-11-02", "until"),
    ] {
        let (code, body) = api.get(&format!("/api/v1/indicators?{query}")).await;
        assert!(code == 400 && body.contains(told), "{query}: {code} {body}");
    }
    api.writer.send_replace(false);
    let (code, body) = api.get("/api/v1/indicators").await;
    assert!(code == 503 && body.contains("the store's writer does not answer"), "{code} {body}");
}

/// Every hundredth entry is an assessment that costs two points, on the same day: nine of card 0 and six of card 2 and ten of card 1.
#[tokio::test]
async fn points_are_ranks_of_the_current_month_and_a_card_is_found_by_its_number_whatever_letters_it_has() {
    let api = api().await;
    let sheet = |body: &str| serde_json::from_str::<PointsSheet>(body).unwrap();
    let (code, body) = api.get("/api/v1/points").await;
    assert_eq!(code, 200, "{body}");
    let ranks: Vec<_> =
        sheet(&body).standings.into_iter().map(|of| (of.rank, of.card, of.total, of.assessments)).collect();
    let expected = [(1, "摊 0", -12, 9), (1, "摊 1", -12, 10), (1, "摊 2", -12, 6)];
    assert_eq!(ranks, expected.map(|(rank, card, total, count)| (rank, card.to_owned(), total, count)));
    let one = crate::http::points::path_of(None, Some("摊 2"));
    let (code, body) = api.get(&one).await;
    assert_eq!((code, sheet(&body).days[0].points), (200, -12), "{one}: {body}");
    let (_, csv) = api.get("/api/v1/points?month=2026-10&format=csv").await;
    assert_eq!(csv, "period,rank,card,total,days,assessments,rules\r\n");
    for query in ["month=2026-13", "quarter=2026-4", "month=2026-11&quarter=2026Q4", "week=1"] {
        assert_eq!(api.get(&format!("/api/v1/points?{query}")).await.0, 400, "{query}");
    }
}

#[tokio::test]
async fn every_entry_of_a_full_journal_is_counted() {
    let (_writer, seen) = watch::channel(true);
    let journal = journal(100_000, seen);
    let query = Query { by: By::parse("day,street,code").unwrap(), ..Query::default() };
    let question = Question { query, clock: journal.clock(), as_of_ms: journal.now_ms() };
    let mut figures = Figures::new(question);
    let begun = Instant::now();
    journal.read(|entry| figures.add(entry, |entry| journal.due(entry))).await.unwrap();
    let (read, sheet) = (begun.elapsed(), figures.sheet().unwrap());
    println!("{read:?} for 100,000 entries, and {:?} for the sheet", begun.elapsed() - read);
    let reports = sheet.rows.iter().map(|row| match row.figures["reports"] {
        Figure::Count(count) => count,
        Figure::Rate { .. } => 0,
    });
    assert_eq!((sheet.rows.len(), reports.sum::<u64>()), (30, 100_000));
}
