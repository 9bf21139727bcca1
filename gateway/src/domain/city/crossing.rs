//! Incidents that concern two grids (交叉案件).
//!
//! An incident crosses when its grid is not the one where its reporter belongs, or when it may lie in another grid. The units of
//! both are named; the owner is that of the incident's own grid, and nobody else (design of the patrol programme, confidence high). A
//! reporter who belongs to a community or a street is at home in all its grids (project-defined).

use std::borrow::Cow;

use crate::domain::casework::{CrossBoundary, Crossing};
use crate::domain::geography::{Geography, Location};
use crate::domain::grid::Grid;

/// How an incident at this place crosses a boundary, if it does. `home_grid` is a grid's code or the beginning of one.
pub(super) fn crossing<'a>(
    geography: &'a Geography,
    location: &Location<'a>,
    home_grid: Option<&str>,
) -> Option<CrossBoundary<'a>> {
    let own = location.grid?;
    let home_grid = home_grid.map(str::to_owned);
    let is_away = home_grid.as_deref().is_some_and(|home| !own.facts.grid.starts_with(home));
    if is_away {
        let home = home_grid.as_deref().and_then(|home| first_grid(geography, home));
        let units = units(std::iter::once(own).chain(home));
        return Some(CrossBoundary {
            because: Crossing::OtherGrid,
            home_grid: home_grid.map(Cow::Owned),
            units,
        });
    }
    if location.candidates.is_empty() {
        return None;
    }
    let units = units(std::iter::once(own).chain(location.candidates.iter().copied()));
    Some(CrossBoundary { because: Crossing::Ambiguous, home_grid: home_grid.map(Cow::Owned), units })
}

/// The first grid whose code begins so.
fn first_grid<'a>(geography: &'a Geography, code: &str) -> Option<&'a Grid> {
    let grids = geography.grids();
    let at = grids.partition_point(|grid| *grid.facts.grid < *code);
    grids.get(at).filter(|grid| grid.facts.grid.starts_with(code))
}

/// Their responsible units, each once, in that order.
fn units<'a>(grids: impl Iterator<Item = &'a Grid>) -> Vec<Cow<'a, str>> {
    let mut units: Vec<Cow<'a, str>> = Vec::new();
    for grid in grids {
        let unit = &grid.facts.responsible_unit;
        if !unit.is_empty() && !units.contains(unit) {
            units.push(Cow::Borrowed(unit));
        }
    }
    units
}
