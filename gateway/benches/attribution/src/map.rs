//! The maps: the example city, and a lattice of as many polygons as one likes.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde_json::Value;

const CITY: &[u8] = include_bytes!("../../../city/duty-grids.geojson");
/// South-west corner of the lattice in degrees, and the side of a cell: about 100 m, as of a unit grid.
const SOUTH_WEST: [f64; 2] = [104.0, 30.8];
const CELL_DEG: f64 = 0.001;
/// Points on each side of a cell: a polygon has four times as many vertices.
const SUBDIVISIONS: usize = 4;
/// How far vertices are moved, as a share of the distance to the next one.
const JITTER: f64 = 0.3;
/// The lattice is the same in every run.
const SEED: u64 = 20;

/// A ring of positions, closed.
pub(crate) type Ring = Vec<[f64; 2]>;

/// A map as the contenders take it.
pub(crate) struct Map {
    pub(crate) name: String,
    pub(crate) geojson: Vec<u8>,
    /// Code and outer ring of each polygon, in the order of the file.
    pub(crate) polygons: Vec<(String, Ring)>,
}

/// The example city.
pub(crate) fn city() -> Result<Map> {
    let collection: Value = serde_json::from_slice(CITY)?;
    let features = collection["features"].as_array().context("features")?;
    let polygons = features.iter().map(polygon).collect::<Option<Vec<_>>>().context("a polygon")?;
    Ok(Map { name: format!("city, {} polygons", polygons.len()), geojson: CITY.to_vec(), polygons })
}

fn polygon(feature: &Value) -> Option<(String, Ring)> {
    let code = feature["properties"]["grid_code"].as_str()?.to_owned();
    let ring = feature["geometry"]["coordinates"][0].as_array()?;
    let positions = ring.iter().map(|position| Some([position[0].as_f64()?, position[1].as_f64()?]));
    Some((code, positions.collect::<Option<Ring>>()?))
}

/// Cells of a lattice whose sides are subdivided and whose vertices, shared by neighbours, are moved about.
pub(crate) fn lattice(count: usize) -> Map {
    let side = (count as f64).sqrt().ceil() as usize;
    let per_row = side * SUBDIVISIONS + 1;
    let step = CELL_DEG / SUBDIVISIONS as f64;
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut moved = |at: usize| step * (at as f64 + JITTER * (random.f64() - 0.5));
    let vertices: Vec<[f64; 2]> = (0..per_row * per_row)
        .map(|at| [SOUTH_WEST[0] + moved(at % per_row), SOUTH_WEST[1] + moved(at / per_row)])
        .map(|position| position.map(|degrees| (degrees * 1e7).round() / 1e7))
        .collect();
    let polygons: Vec<(String, Ring)> = (0..side * side)
        .map(|cell| {
            let (west, south) = (cell % side * SUBDIVISIONS, cell / side * SUBDIVISIONS);
            let ring = outline().map(|(x, y)| vertices[(south + y) * per_row + west + x]).collect();
            (format!("{:015}", 510_000_000_000_000 + cell), ring)
        })
        .collect();
    let name = format!("lattice, {} polygons of {} vertices", polygons.len(), 4 * SUBDIVISIONS);
    Map { name, geojson: geojson(&polygons), polygons }
}

/// Around a cell, counter-clockwise, from corner to corner.
fn outline() -> impl Iterator<Item = (usize, usize)> {
    const N: usize = SUBDIVISIONS;
    let south = (0..N).map(|at| (at, 0));
    let east = (0..N).map(|at| (N, at));
    let north = (0..N).map(|at| (N - at, N));
    let west = (0..=N).map(|at| (0, N - at));
    south.chain(east).chain(north).chain(west)
}

fn geojson(polygons: &[(String, Ring)]) -> Vec<u8> {
    let mut text = String::from("{\"type\":\"FeatureCollection\",\"name\":\"lattice\",\"features\":[");
    for (at, (code, ring)) in polygons.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let positions: Vec<String> = ring.iter().map(|[x, y]| format!("[{x},{y}]")).collect();
        // A String takes every write.
        _ = write!(
            text,
            "{comma}{{\"type\":\"Feature\",\"properties\":{{\"grid_code\":\"{code}\"}},\"geometry\":\
             {{\"type\":\"Polygon\",\"coordinates\":[[{}]]}}}}",
            positions.join(",")
        );
    }
    text.push_str("]}");
    text.into_bytes()
}
