//! One map, all contenders, one table of rows.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::contender::ours::{self, Ours};
use crate::contender::shapely::Shapely;
use crate::contender::{Answers, naive};
use crate::map::{Map, Ring};
use crate::points::{self, Point};

pub(crate) const HEAD: &str = "| map | contender | points a second | microseconds each | loading ms |
|---|---|---:|---:|---:|";
/// Rounds of ours; the median counts.
const ROUNDS: usize = 5;
/// Edges that a scan may look at, so that it ends in seconds: it gets fewer points on a large map.
const NAIVE_EDGES_MAX: usize = 4_000_000_000;
/// Points this near to an edge, in degrees, may be rounded to either side: about 0.1 mm.
const EDGE_DEG: f64 = 1e-9;

/// Runs everybody on a map and prints their rows.
pub(crate) fn run(map: &Map, shapely: Option<&Shapely>, dir: &Path) -> Result<()> {
    let points = points::around(map);
    let ours = Ours::load(map)?;
    let answers = ours.grids(&points);
    let grids = median(|| ours.grids(&points).took);
    row(map, "**ours**, grid only", points.len(), grids, Some(ours.loading));
    let (_, ambiguous) = ours.with_accuracy(&points);
    let told = format!("**ours**, with accuracy ({ambiguous} ambiguous)");
    row(map, &told, points.len(), median(|| ours.with_accuracy(&points).0), None);
    row(map, "**ours**, the whole case file", points.len(), median(|| ours.casework(&points).0), None);

    let edges: usize = map.polygons.iter().map(|(_, ring)| ring.len() - 1).sum();
    let some = &points[..points.len().min(NAIVE_EDGES_MAX / edges)];
    let scanned = naive::answer(map, some);
    agree(map, some, &answers, &scanned)?;
    row(map, "a scan in Rust", some.len(), scanned.took, None);

    if let Some(shapely) = shapely {
        let (theirs, building) = shapely.answer(dir, map, &points)?;
        agree(map, &points, &answers, &theirs)?;
        row(map, "shapely's STRtree, one call", points.len(), theirs.took, Some(building));
    }
    Ok(())
}

/// What looking at a map costs, in a line.
pub(crate) fn check(map: &Map) -> Result<()> {
    let (took, between) = ours::check(map)?;
    ensure!(between == 0, "{}: {between} overlaps or gaps in a map without any", map.name);
    println!("geo check of {}: {:.2} s", map.name, took.as_secs_f64());
    Ok(())
}

fn median(mut measure: impl FnMut() -> Duration) -> Duration {
    let mut seen: Vec<Duration> = (0..ROUNDS).map(|_| measure()).collect();
    seen.sort();
    seen[ROUNDS / 2]
}

fn row(map: &Map, who: &str, points: usize, took: Duration, loading: Option<Duration>) {
    let each = took.as_secs_f64() / points as f64;
    let loading = loading.map_or(String::new(), |loading| format!("{:.1}", loading.as_secs_f64() * 1e3));
    println!("| {} | {who} | {:.0} | {:.3} | {loading} |", map.name, 1.0 / each, each * 1e6);
}

/// Both said the same of every point that is off the edges.
fn agree(map: &Map, points: &[Point], ours: &Answers, theirs: &Answers) -> Result<()> {
    for ((point, our), their) in points.iter().zip(&ours.polygons).zip(&theirs.polygons) {
        let near_edge = || [our, their].into_iter().flatten().any(|at| touches(&map.polygons[*at].1, point));
        ensure!(our == their || near_edge(), "{point:?}: ours {our:?}, theirs {their:?}");
    }
    Ok(())
}

/// A point lies on an edge of a ring, as near as doubles can tell.
fn touches(ring: &Ring, point: &Point) -> bool {
    ring.windows(2).any(|ends| {
        let ([ax, ay], [bx, by]) = (ends[0], ends[1]);
        let (along, to) = ((bx - ax, by - ay), (point.lon_deg - ax, point.lat_deg - ay));
        let length2 = along.0 * along.0 + along.1 * along.1;
        let share = if length2 > 0.0 { (to.0 * along.0 + to.1 * along.1) / length2 } else { 0.0 };
        let share = share.clamp(0.0, 1.0);
        (to.0 - share * along.0).hypot(to.1 - share * along.1) < EDGE_DEG
    })
}
