//! The map, read and asked as naively as possible: what the gateway says is held against this.

use serde_json::Value;

use crate::plan::{Role, Slot};

const MAP: &str = include_str!("../../city/duty-grids.geojson");
/// Who takes what belongs to no grid, by the example city's rules.
const FALLBACK_UNIT: &str = "德阳市城市运行管理服务中心";
/// Nowhere on the map.
const OUTSIDE: (f64, f64) = (104.3, 31.06);
/// The gateway stands in the middle of this grid, which is nobody's home.
const OFFICE_GRID: usize = 319;
/// A metre in degrees, of latitude and of longitude here.
pub(crate) const METRE_DEG: (f64, f64) = (1.0 / 95_180.0, 1.0 / 111_195.0);

/// A duty grid: a quadrangle, and two units.
pub(crate) struct Grid {
    pub(crate) code: String,
    responsible_unit: String,
    line_authority: String,
    /// The last corner is the first.
    ring: Vec<(f64, f64)>,
}

/// All grids, in the order of the file, which is that of their codes.
pub(crate) struct Ground(Vec<Grid>);

impl Ground {
    pub(crate) fn new() -> Ground {
        let map: Value = serde_json::from_str(MAP).unwrap();
        Ground(map["features"].as_array().unwrap().iter().map(Grid::of).collect())
    }

    pub(crate) fn grid(&self, number: usize) -> &Grid {
        &self.0[number]
    }

    /// Where the gateway is.
    pub(crate) fn office(&self) -> (f64, f64) {
        self.grid(OFFICE_GRID).middle()
    }

    /// Where a report is found.
    pub(crate) fn place(&self, slot: Slot) -> (f64, f64) {
        let beat = self.grid(slot.beat());
        match slot.role() {
            Role::Outside => OUTSIDE,
            Role::AtTheOffice => self.office(),
            Role::Ambiguous => beat.near_an_edge(),
            Role::Stall { at, .. } | Role::OnARoad(at) => at,
            Role::Witness => (beat.middle().0, beat.middle().1 + 20.0 * METRE_DEG.1),
            _ => beat.middle(),
        }
    }

    /// The grid that holds a point, edges aside: nothing in the plan lies on one.
    pub(crate) fn grid_at(&self, point: (f64, f64)) -> Option<&Grid> {
        self.0.iter().find(|grid| grid.holds(point))
    }

    /// Whose list a report belongs on: emergencies go to the professional authority of their grid, everything else to its
    /// responsible unit.
    pub(crate) fn owner(&self, slot: Slot) -> &str {
        match self.grid_at(self.place(slot)) {
            None => FALLBACK_UNIT,
            Some(grid) if slot.code().starts_with("04") => &grid.line_authority,
            Some(grid) => &grid.responsible_unit,
        }
    }
}

impl Grid {
    fn of(feature: &Value) -> Grid {
        let text = |name: &str| feature["properties"][name].as_str().unwrap().to_owned();
        let corner = |corner: &Value| (corner[0].as_f64().unwrap(), corner[1].as_f64().unwrap());
        Grid {
            code: text("grid_code"),
            responsible_unit: text("responsible_unit"),
            line_authority: text("line_authority"),
            ring: feature["geometry"]["coordinates"][0].as_array().unwrap().iter().map(corner).collect(),
        }
    }

    /// The mean of the four corners, at least 177 m from every edge in this map.
    fn middle(&self) -> (f64, f64) {
        let [a, b, c, d, _] = self.ring[..] else { panic!("{} has four corners", self.code) };
        ((a.0 + b.0 + c.0 + d.0) / 4.0, (a.1 + b.1 + c.1 + d.1) / 4.0)
    }

    /// Nine tenths of the way from there to the middle of the first edge: 39 m from it at most in this map.
    fn near_an_edge(&self) -> (f64, f64) {
        let (middle, from, to) = (self.middle(), self.ring[0], self.ring[1]);
        let there = |middle: f64, from: f64, to: f64| 0.1 * middle + 0.9 * (from + to) / 2.0;
        (there(middle.0, from.0, to.0), there(middle.1, from.1, to.1))
    }

    /// An eastward ray crosses its ring an odd number of times.
    fn holds(&self, (lon, lat): (f64, f64)) -> bool {
        let crosses = |ends: &&[(f64, f64)]| {
            let (from, to) = (ends[0], ends[1]);
            (from.1 > lat) != (to.1 > lat)
                && lon < from.0 + (to.0 - from.0) * (lat - from.1) / (to.1 - from.1)
        };
        self.ring.windows(2).filter(crosses).count() % 2 == 1
    }
}
