//! What can be wrong with a map, and how bad that is.

use geo::Coord;
use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The loader refuses the map, or attribution answers otherwise than the map's author meant.
    Error,
    /// The map is read as it is, and somebody should look.
    Warning,
}

/// A place in the file's own coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Place {
    /// What stands first: degrees east, if the file is as it should be.
    pub lon: f64,
    /// What stands second: degrees north.
    pub lat: f64,
}

impl From<Coord<f64>> for Place {
    fn from(at: Coord<f64>) -> Place {
        Place { lon: at.x, lat: at.y }
    }
}

/// What a place outside China looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// Nothing in particular.
    None,
    /// Latitude and longitude have changed places.
    Swapped,
    /// Metres on a plane.
    Metres,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Fault {
    /// The collection is empty.
    NoFeature,
    /// The feature is no object with properties and a geometry.
    NotAFeature {
        /// What is missing or stands there instead.
        found: String,
    },
    /// The geometry is neither a polygon nor a multi-polygon.
    NotAPolygon {
        /// What it is.
        found: String,
    },
    /// There is no ring at all.
    NoRing,
    /// A ring has fewer than four positions.
    ShortRing,
    /// A ring's last position is not its first.
    OpenRing {
        /// The first.
        at: Place,
    },
    /// A position outside the degrees of the Earth.
    NotDegrees {
        /// The first that was found.
        at: Place,
        /// What it looks like.
        hint: Hint,
    },
    /// A ring crosses or touches itself, or runs back on itself.
    SelfCrossing {
        /// Where, the end of an edge nearby.
        at: Place,
    },
    /// A hole reaches out of its shell, or into another hole.
    HoleOutsideShell {
        /// Where, the end of an edge nearby.
        at: Place,
    },
    /// A shell runs clockwise, or a hole counter-clockwise, against RFC 7946, section 3.1.6.
    RingOrder,
    /// There is no usable code.
    Code {
        /// What stands there.
        found: String,
    },
    /// The code is that of another feature.
    CodeTwice {
        /// The feature that has it first.
        first: usize,
    },
    /// A property of another type than it should be, or under two names at once.
    Property {
        /// Its name.
        name: String,
        /// What stands there.
        found: String,
    },
    /// Properties that cases are addressed by are missing or empty.
    MissingProperties {
        /// Their names.
        names: Vec<&'static str>,
    },
    /// A position outside China.
    OutsideChina {
        /// The first that was found.
        at: Place,
        /// What it looks like.
        hint: Hint,
    },
    /// Two features overlap: there the lower code counts.
    Overlap {
        /// The other feature's place in the file.
        other: usize,
        /// The other feature's code.
        other_code: String,
        /// How much of it they share, in square metres.
        area_m2: f64,
        /// A place there.
        at: Place,
    },
    /// The same, so narrow that it is a slip of the drawing.
    OverlapSliver {
        /// The other feature's place in the file.
        other: usize,
        /// The other feature's code.
        other_code: String,
        /// How much of it they share, in square metres.
        area_m2: f64,
        /// A place there.
        at: Place,
    },
    /// Features go around a place that is nobody's.
    Gap {
        /// Its area in square metres.
        area_m2: f64,
        /// A place on its edge.
        at: Place,
    },
    /// The same, so narrow that it is a slip of the drawing.
    GapSliver {
        /// Its area in square metres.
        area_m2: f64,
        /// A place on its edge.
        at: Place,
    },
}

impl Fault {
    /// The name of its kind, as in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Fault::NoFeature => "no_feature",
            Fault::NotAFeature { .. } => "not_a_feature",
            Fault::NotAPolygon { .. } => "not_a_polygon",
            Fault::NoRing => "no_ring",
            Fault::ShortRing => "short_ring",
            Fault::OpenRing { .. } => "open_ring",
            Fault::NotDegrees { .. } => "not_degrees",
            Fault::SelfCrossing { .. } => "self_crossing",
            Fault::HoleOutsideShell { .. } => "hole_outside_shell",
            Fault::RingOrder => "ring_order",
            Fault::Code { .. } => "code",
            Fault::CodeTwice { .. } => "code_twice",
            Fault::Property { .. } => "property",
            Fault::MissingProperties { .. } => "missing_properties",
            Fault::OutsideChina { .. } => "outside_china",
            Fault::Overlap { .. } => "overlap",
            Fault::OverlapSliver { .. } => "overlap_sliver",
            Fault::Gap { .. } => "gap",
            Fault::GapSliver { .. } => "gap_sliver",
        }
    }

    /// How bad it is.
    pub const fn severity(&self) -> Severity {
        match self {
            Fault::RingOrder
            | Fault::MissingProperties { .. }
            | Fault::OutsideChina { .. }
            | Fault::OverlapSliver { .. }
            | Fault::Gap { .. }
            | Fault::GapSliver { .. } => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// The loader refuses a map with it.
    pub const fn is_refused(&self) -> bool {
        let loaded = matches!(
            self,
            Fault::SelfCrossing { .. } | Fault::HoleOutsideShell { .. } | Fault::Overlap { .. }
        );
        matches!(self.severity(), Severity::Error) && !loaded
    }
}
