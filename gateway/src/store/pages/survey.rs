//! Which pages hold the rows of which table: first by the trees, then, where a tree is broken, by what is on the pages that
//! nothing leads to.

use super::file::Pages;
use super::tree::{Kind, Page, Row};
use super::{Value, columns};

/// The schema's own tree begins on the first page.
const SCHEMA_ROOT: u32 = 1;

/// A table that is looked for.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Wanted {
    pub(in crate::store) name: &'static str,
    /// False for tables `WITHOUT ROWID`.
    pub(in crate::store) has_row_numbers: bool,
}

/// Where a table's rows are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::store) struct Found {
    /// Pages with rows, in the order of the rows.
    pub(in crate::store) pages: Vec<u32>,
    /// Cells on these pages; some may be damaged.
    pub(in crate::store) rows: u64,
    /// Part of the tree is hidden: pages that belong to it were looked for everywhere.
    pub(in crate::store) is_broken: bool,
}

/// Finds the pages of the wanted tables, in their order. `is_row_of` tells whether a row that was found without its tree is one
/// of the table's beyond doubt.
pub(in crate::store) fn survey(
    pages: &Pages,
    wanted: &[Wanted],
    is_row_of: impl Fn(usize, &Row) -> bool,
) -> Vec<Found> {
    let mut reached = Bits::new(pages.count());
    let roots = roots(pages);
    let mut found: Vec<Found> = wanted
        .iter()
        .map(|wanted| {
            let root = roots.iter().find(|(name, _)| name == wanted.name);
            let walked = root.map(|(_, root)| walk(pages, *root, wanted.has_row_numbers, &mut reached));
            walked.unwrap_or(Found { is_broken: true, ..Found::default() })
        })
        .collect();
    if found.iter().any(|found| found.is_broken) {
        reach_free_pages(pages, &mut reached);
        add_orphans(pages, wanted, &is_row_of, &reached, &mut found);
    }
    found
}

/// The pages of a table's tree, when all of it holds.
pub(in crate::store) fn reachable(pages: &Pages, wanted: Wanted) -> Option<Vec<u32>> {
    let (_, root) = roots(pages).into_iter().find(|(name, _)| name == wanted.name)?;
    let found = walk(pages, root, wanted.has_row_numbers, &mut Bits::new(pages.count()));
    (!found.is_broken).then_some(found.pages)
}

/// The last row of a table, down the right side of its tree; `None` when it is empty, or that side does not hold.
pub(in crate::store) fn last_row(pages: &Pages, table: &str) -> Option<Row> {
    let (_, mut number) = roots(pages).into_iter().find(|(name, _)| name == table)?;
    // No tree of ours has so many levels.
    for _ in 0..20 {
        let page = pages.read(number)?;
        match page.kind()? {
            Kind::TableInterior => number = *page.children().last()?,
            Kind::TableLeaf => return page.row(pages, page.cell_count().checked_sub(1)?),
            Kind::IndexLeaf | Kind::IndexInterior => return None,
        }
    }
    None
}

/// Names and root pages of the tables, as far as the schema can be read.
fn roots(pages: &Pages) -> Vec<(String, u32)> {
    let schema = walk(pages, SCHEMA_ROOT, true, &mut Bits::new(pages.count()));
    let mut roots = Vec::new();
    for page in schema.pages.into_iter().filter_map(|number| pages.read(number)) {
        for row in (0..page.cell_count()).filter_map(|index| page.row(pages, index)) {
            if let Some([Value::Text("table"), Value::Text(name), _, Value::Integer(root), ..]) =
                columns(&row.payload.bytes).as_deref()
                && let Ok(root) = u32::try_from(*root)
            {
                roots.push(((*name).to_owned(), root));
            }
        }
    }
    roots
}

/// Walks a tree from its root, as far as it holds. Each page is visited once, so the walk ends whatever the pages say.
fn walk(pages: &Pages, root: u32, has_row_numbers: bool, reached: &mut Bits) -> Found {
    let mut found = Found::default();
    let mut visited = Bits::new(pages.count());
    let mut ahead = vec![root];
    while let Some(number) = ahead.pop() {
        let page = pages.read(number).filter(|_| visited.set(number));
        let Some((page, kind)) = page.and_then(|page| page.kind().map(|kind| (page, kind))) else {
            found.is_broken = true;
            continue;
        };
        if kind.is_table() != has_row_numbers {
            found.is_broken = true;
            continue;
        }
        found.is_broken |= !page.holds_together();
        reached.set(number);
        ahead.extend(page.children().into_iter().rev());
        if kind != Kind::TableInterior {
            found.pages.push(number);
            found.rows += page.cell_count() as u64;
        }
    }
    found
}

/// What stands on free pages was deleted.
fn reach_free_pages(pages: &Pages, reached: &mut Bits) {
    let mut visited = Bits::new(pages.count());
    let mut trunk = pages.read(SCHEMA_ROOT).map_or(0, |first| first.first_trunk());
    while let Some(page) = pages.read(trunk).filter(|_| visited.set(trunk)) {
        reached.set(trunk);
        let (freed, next) = page.freed();
        freed.into_iter().for_each(|number| _ = reached.set(number));
        trunk = next;
    }
}

/// Looks at every page that nothing led to, and adds it to the broken table whose rows it holds.
fn add_orphans(
    pages: &Pages,
    wanted: &[Wanted],
    is_row_of: &impl Fn(usize, &Row) -> bool,
    reached: &Bits,
    found: &mut [Found],
) {
    let mut adopted = vec![false; found.len()];
    for page in
        (1..=pages.count()).filter(|number| !reached.has(*number)).filter_map(|number| pages.read(number))
    {
        let Some(kind) = page.kind().filter(|kind| *kind != Kind::TableInterior) else { continue };
        let is_owner = |row: &Row| {
            let may_own =
                |table: &usize| found[*table].is_broken && wanted[*table].has_row_numbers == kind.is_table();
            (0..wanted.len()).filter(may_own).find(|table| is_row_of(*table, row))
        };
        let rows = (0..page.cell_count()).filter_map(|index| page.row(pages, index));
        if let Some(owner) = rows.into_iter().find_map(|row| is_owner(&row)) {
            found[owner].pages.push(page.number);
            found[owner].rows += page.cell_count() as u64;
            adopted[owner] = true;
        }
    }
    for (found, _) in found.iter_mut().zip(adopted).filter(|(_, adopted)| *adopted) {
        let first_id = |number: &u32| pages.read(*number).as_ref().map_or(0, Page::first_id);
        found.pages.sort_by_cached_key(|number| (first_id(number), *number));
    }
}

/// A bit for each page.
struct Bits(Vec<u64>);

impl Bits {
    fn new(pages: u32) -> Bits {
        Bits(vec![0; pages as usize / 64 + 1])
    }

    /// Sets a bit; false when it was set, or there is none of that number.
    fn set(&mut self, number: u32) -> bool {
        let Some(word) = self.0.get_mut(number as usize / 64) else { return false };
        let bit = 1 << (number % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    fn has(&self, number: u32) -> bool {
        self.0.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }
}
