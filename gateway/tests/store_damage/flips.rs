//! Flipped bytes and pages of garbage in a database that is closed.

use std::collections::HashSet;
use std::fs;

use super::stock::{Name, Stock, places};
use super::{assert_nothing_wrong, close, handed_out, seeded, serve};

const FLIPS: usize = 200;
const FLIPS_AT_ONCE: usize = 5;
const GARBAGE_PAGES: usize = 30;
const PAGE: usize = 4096;

/// What of a stock should be there although these pages are damaged.
fn unhurt(stock: &Stock, on_page: &std::collections::BTreeMap<u32, Vec<Name>>, hit: &HashSet<u32>) -> HashSet<Name> {
    let hurt: HashSet<&Name> = hit.iter().filter_map(|page| on_page.get(page)).flatten().collect();
    stock.records.keys().filter(|name| !hurt.contains(name)).cloned().collect()
}

/// Damages a copy, and counts what of the unhurt records is there, and what is missing.
async fn one_round(
    stock: &Stock,
    on_page: &std::collections::BTreeMap<u32, Vec<Name>>,
    what: &str,
    damage: impl FnOnce(&mut [u8]) -> HashSet<u32>,
) -> (usize, usize, bool) {
    let copy = stock.copy();
    let path = copy.path().join("patrol.db");
    let mut bytes = fs::read(&path).expect("the database");
    let hit = damage(&mut bytes);
    fs::write(&path, &bytes).expect("the database");
    let (running, _) = serve(copy.path()).await;
    let found = handed_out(&running).await;
    assert_nothing_wrong(stock, &found, what);
    let expected = unhurt(stock, on_page, &hit);
    let there = expected.iter().filter(|name| found.contains_key(name)).count();
    let replaced = running.store.snapshot().borrow().damage.databases > 0;
    close(running).await;
    if there < expected.len() {
        eprintln!("{what}: {there} of {} unhurt records are there, replaced: {replaced}", expected.len());
    }
    (there, expected.len() - there, replaced)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flipped_bytes_are_never_handed_out_and_cost_next_to_nothing_but_themselves() {
    let mut chance = seeded("flips");
    let stock = Stock::build(800, &mut chance).await;
    let on_page = places(stock.dir.path());
    let (mut there, mut missing, mut replaced) = (0, 0, 0);
    for round in 0..FLIPS / FLIPS_AT_ONCE {
        let flip = |bytes: &mut [u8]| {
            let mut hit = HashSet::new();
            for _ in 0..FLIPS_AT_ONCE {
                let at = chance.usize(..bytes.len());
                bytes[at] ^= chance.u8(1..);
                hit.insert((at / PAGE) as u32 + 1);
            }
            hit
        };
        let figures = one_round(&stock, &on_page, &format!("round {round}"), flip).await;
        (there, missing) = (there + figures.0, missing + figures.1);
        replaced += usize::from(figures.2);
    }
    eprintln!("flips: {there} unhurt records there, {missing} missing, {replaced} databases replaced");
    assert!(missing * 100 <= there + missing, "{missing} of {} unhurt records are missing", there + missing);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_pages_of_garbage_cost_what_was_on_them() {
    let mut chance = seeded("garbage");
    let stock = Stock::build(800, &mut chance).await;
    let on_page = places(stock.dir.path());
    for round in 0..3 {
        let fill = |bytes: &mut [u8]| {
            let mut hit = HashSet::new();
            for _ in 0..GARBAGE_PAGES {
                let page = chance.usize(..bytes.len() / PAGE);
                bytes[page * PAGE..(page + 1) * PAGE].fill_with(|| chance.u8(..));
                hit.insert(page as u32 + 1);
            }
            hit
        };
        let (there, missing, _) = one_round(&stock, &on_page, &format!("garbage {round}"), fill).await;
        eprintln!("garbage: {there} unhurt records there, {missing} missing");
        assert!(missing * 100 <= there + missing, "{missing} of {} unhurt records", there + missing);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_page_the_roots_of_all_trees_and_the_schema_cost_no_records() {
    let mut chance = seeded("roots");
    let stock = Stock::build(400, &mut chance).await;
    let on_page = places(stock.dir.path());
    let fill = |bytes: &mut [u8]| {
        let connection = rusqlite::Connection::open(stock.dir.path().join("patrol.db")).expect("a database");
        let sql = "SELECT pageno FROM dbstat WHERE pagetype = 'internal' OR name = 'sqlite_schema'";
        let mut pages = connection.prepare(sql).expect("dbstat");
        let pages = pages.query_map([], |row| row.get::<_, u32>(0)).expect("dbstat");
        let hit: HashSet<u32> = pages.map(|page| page.expect("a page")).collect();
        for page in &hit {
            let at = (*page as usize - 1) * PAGE;
            bytes[at..at + PAGE].fill_with(|| chance.u8(..));
        }
        hit
    };
    let (there, missing, replaced) = one_round(&stock, &on_page, "roots", fill).await;
    assert!(replaced && there > 1000);
    assert_eq!(missing, 0, "of {there}");
}
