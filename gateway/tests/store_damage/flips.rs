//! Flipped bytes and pages of garbage in a database that is closed.

use std::collections::{BTreeMap, HashSet};
use std::fs;

use super::stock::{Name, Stock, places};
use super::{assert_nothing_wrong, close, drain, handed_out, seeded, serve};

const FLIPS: usize = 200;
const FLIPS_AT_ONCE: usize = 5;
const GARBAGE_PAGES: usize = 30;
const PAGE: usize = 4096;

/// What of a stock should be there although these pages are damaged.
fn unhurt(stock: &Stock, on_page: &BTreeMap<u32, Vec<Name>>, hit: &HashSet<u32>) -> HashSet<Name> {
    let hurt: HashSet<&Name> = hit.iter().filter_map(|page| on_page.get(page)).flatten().collect();
    stock.records.keys().filter(|name| !hurt.contains(name)).cloned().collect()
}

/// The pages of each table and index, numbered from 1.
fn trees(stock: &Stock) -> Vec<Vec<usize>> {
    let connection = rusqlite::Connection::open(stock.dir.path().join("patrol.db")).expect("a database");
    let mut pages = connection.prepare("SELECT name, pageno FROM dbstat").expect("dbstat");
    let pages = pages.query_map([], |row| Ok((row.get(0)?, row.get::<_, u32>(1)?))).expect("dbstat");
    let mut trees: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for page in pages {
        let (name, number) = page.expect("a page");
        trees.entry(name).or_default().push(number as usize);
    }
    trees.into_values().collect()
}

/// Damages a copy, and counts what of the unhurt records is there, and what is missing.
async fn one_round(
    stock: &Stock,
    on_page: &BTreeMap<u32, Vec<Name>>,
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
    drain(&running, what).await;
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
    let trees = trees(&stock);
    let (mut there, mut missing, mut replaced) = (0, 0, 0);
    for round in 0..FLIPS / FLIPS_AT_ONCE {
        let flip = |bytes: &mut [u8]| {
            let mut hit = HashSet::new();
            for _ in 0..FLIPS_AT_ONCE {
                // Every second time in any tree with the same chance: most of the file is a few large tables.
                let page = match round % 2 {
                    0 => chance.usize(..bytes.len() / PAGE),
                    _ => {
                        let tree = &trees[chance.usize(..trees.len())];
                        tree[chance.usize(..tree.len())] - 1
                    }
                };
                let at = page * PAGE + chance.usize(..PAGE);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_byte_of_the_first_page_is_flipped_the_store_serves_and_keeps_its_records() {
    let mut chance = seeded("header");
    let stock = Stock::build(20, &mut chance).await;
    let mut header: Vec<usize> = (0..100).collect();
    chance.shuffle(&mut header);
    let others: Vec<usize> = std::iter::repeat_with(|| chance.usize(100..PAGE)).take(30).collect();
    for at in header.into_iter().take(50).chain(others) {
        let bit = 1 << chance.u8(..8);
        let copy = stock.copy();
        let path = copy.path().join("patrol.db");
        let mut bytes = fs::read(&path).expect("the database");
        bytes[at] ^= bit;
        fs::write(&path, &bytes).expect("the database");
        eprintln!("byte {at} ^ {bit}");
        let (running, _) = serve(copy.path()).await;
        let found = handed_out(&running).await;
        assert_nothing_wrong(&stock, &found, "first page");
        assert_eq!(found.len(), stock.records.len(), "byte {at} ^ {bit}");
        close(running).await;
    }
}
