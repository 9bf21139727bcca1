//! The Gauss-Krueger plane of CGCS2000: transverse Mercator with scale 1 at the central meridian, false easting 500 km.
//!
//! Krueger's series to the fourth power of the third flattening, as in C. F. F. Karney, "Transverse Mercator with an
//! accuracy of a few nanometers", Journal of Geodesy 85 (2011), equations 7 to 12, 14, 15, 19 to 21, 35 and 36; good to
//! well below a millimetre within 7 degrees of the meridian. Ellipsoid and zones: GB 22021-2008 (confidence: high).
//!
//! Three-degree zones are numbered by their meridian, zone 35 at 105 E. China's are 25 to 45 and its six-degree zones 13 to
//! 23, so a zone in front of an easting says by itself which one it is. Six-degree zones are refused: their scale is the same, but
//! nobody in a city maps in them.

use super::{CoordinateError, LonLat, PlanePoint};

/// Semi-major axis of CGCS2000 in metres.
const AXIS_M: f64 = 6_378_137.0;
/// Flattening of CGCS2000.
const FLATTENING: f64 = 1.0 / 298.257_222_101;
/// Easting of the central meridian.
const FALSE_EASTING_M: f64 = 500_000.0;
/// Third flattening.
const N: f64 = FLATTENING / (2.0 - FLATTENING);
/// One zone in the easting.
const ZONE_M: f64 = 1_000_000.0;
/// The 3-degree zones of China, 75 E to 135 E.
const ZONES: std::ops::RangeInclusive<u32> = 25..=45;
/// A quarter of a meridian, rounded down.
const NORTHING_MAX_M: f64 = 10_000_000.0;
/// Rounds of Newton's method for the latitude; two reach a double's precision (Karney 2011, section 3).
const ROUNDS: usize = 4;

/// A plane: the projection along one central meridian.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Projection {
    central_meridian_deg: f64,
}

impl Projection {
    /// Central meridians that make sense in China, in degrees east.
    pub const CENTRAL_MERIDIAN_DEG: std::ops::RangeInclusive<f64> = 73.0..=136.0;

    /// The plane of this meridian; `None` for one outside China.
    pub fn new(central_meridian_deg: f64) -> Option<Projection> {
        let fits = Projection::CENTRAL_MERIDIAN_DEG.contains(&central_meridian_deg);
        fits.then_some(Projection { central_meridian_deg })
    }

    /// Its meridian in degrees east.
    pub const fn central_meridian_deg(&self) -> f64 {
        self.central_meridian_deg
    }

    /// A place on the plane, without a zone in the easting.
    pub fn project(&self, place: LonLat) -> PlanePoint {
        let eccentricity = eccentricity();
        let lambda = (place.lon_deg - self.central_meridian_deg).to_radians();
        let tau = place.lat_deg.to_radians().tan();
        let tau_conformal = conformal(tau, eccentricity);
        let xi = tau_conformal.atan2(lambda.cos());
        let eta = (lambda.sin() / tau_conformal.hypot(lambda.cos())).asinh();
        let (dxi, deta) = series(&FORWARD, xi, eta);
        PlanePoint {
            easting_m: FALSE_EASTING_M + radius_m() * (eta + deta),
            northing_m: radius_m() * (xi + dxi),
        }
    }

    /// A point on the plane as longitude and latitude of CGCS2000.
    ///
    /// # Errors
    /// [`CoordinateError`]: it lies beyond the plane.
    pub fn degrees(&self, point: PlanePoint) -> Result<LonLat, CoordinateError> {
        let PlanePoint { easting_m, northing_m } = point;
        if !(0.0..=ZONE_M).contains(&easting_m) {
            return Err(CoordinateError::Easting { found: easting_m });
        }
        if !(0.0..=NORTHING_MAX_M).contains(&northing_m) {
            return Err(CoordinateError::Northing { found: northing_m });
        }
        let (xi, eta) = (northing_m / radius_m(), (easting_m - FALSE_EASTING_M) / radius_m());
        let (dxi, deta) = series(&INVERSE, xi, eta);
        let (xi, eta) = (xi - dxi, eta - deta);
        let tau_conformal = xi.sin() / eta.sinh().hypot(xi.cos());
        let lambda = eta.sinh().atan2(xi.cos());
        Ok(LonLat {
            lon_deg: self.central_meridian_deg + lambda.to_degrees(),
            lat_deg: geodetic(tau_conformal, eccentricity()).atan().to_degrees(),
        })
    }
}

/// A point whose easting may begin with the number of its zone; without one it lies on `plane`.
///
/// # Errors
/// [`CoordinateError`]: no plane is known, or the point lies beyond it.
pub fn with_zone(point: PlanePoint, plane: Option<Projection>) -> Result<LonLat, CoordinateError> {
    let no_easting = CoordinateError::Easting { found: point.easting_m };
    if (0.0..=ZONE_M).contains(&point.easting_m) {
        return plane.ok_or(CoordinateError::NoCentralMeridian)?.degrees(point);
    }
    let zone = (point.easting_m / ZONE_M).floor();
    let numbered = ZONES.into_iter().find(|number| f64::from(*number) == zone).ok_or(no_easting)?;
    let zone_plane = Projection { central_meridian_deg: f64::from(numbered) * 3.0 };
    let easting_m = point.easting_m - zone * ZONE_M;
    zone_plane.degrees(PlanePoint { easting_m, ..point }).map_err(|error| match error {
        CoordinateError::Easting { .. } => no_easting,
        other => other,
    })
}

/// Karney's equation 14: the radius of the rectifying sphere.
fn radius_m() -> f64 {
    AXIS_M / (1.0 + N) * (1.0 + N * N / 4.0 + N.powi(4) / 64.0)
}

fn eccentricity() -> f64 {
    (FLATTENING * (2.0 - FLATTENING)).sqrt()
}

/// Equation 35: coefficients of the way to the plane, as polynomials in the third flattening from N up.
const FORWARD: [[f64; 4]; 4] = [
    [1.0 / 2.0, -2.0 / 3.0, 5.0 / 16.0, 41.0 / 180.0],
    [0.0, 13.0 / 48.0, -3.0 / 5.0, 557.0 / 1440.0],
    [0.0, 0.0, 61.0 / 240.0, -103.0 / 140.0],
    [0.0, 0.0, 0.0, 49_561.0 / 161_280.0],
];

/// Equation 36: the same of the way back.
const INVERSE: [[f64; 4]; 4] = [
    [1.0 / 2.0, -2.0 / 3.0, 37.0 / 96.0, -1.0 / 360.0],
    [0.0, 1.0 / 48.0, 1.0 / 15.0, -437.0 / 1440.0],
    [0.0, 0.0, 17.0 / 480.0, -37.0 / 840.0],
    [0.0, 0.0, 0.0, 4397.0 / 161_280.0],
];

/// Equations 11 and 12 (or 15): the sums of the series.
fn series(coefficients: &[[f64; 4]; 4], xi: f64, eta: f64) -> (f64, f64) {
    let (mut dxi, mut deta) = (0.0, 0.0);
    for (order, polynomial) in (1..).zip(coefficients) {
        let factor = polynomial.iter().rev().fold(0.0, |sum, coefficient| (sum + coefficient) * N);
        let turns = 2.0 * f64::from(order);
        dxi += factor * (turns * xi).sin() * (turns * eta).cosh();
        deta += factor * (turns * xi).cos() * (turns * eta).sinh();
    }
    (dxi, deta)
}

/// Equations 7 and 8: the tangent of the conformal latitude.
fn conformal(tau: f64, eccentricity: f64) -> f64 {
    let sigma = (eccentricity * (eccentricity * tau / 1.0_f64.hypot(tau)).atanh()).sinh();
    tau * 1.0_f64.hypot(sigma) - sigma * 1.0_f64.hypot(tau)
}

/// Equations 19 to 21: back by Newton's method.
fn geodetic(tau_conformal: f64, eccentricity: f64) -> f64 {
    let rest = 1.0 - eccentricity * eccentricity;
    let mut tau = tau_conformal / rest;
    for _ in 0..ROUNDS {
        let guess = conformal(tau, eccentricity);
        let slope = (1.0 + rest * tau * tau) / (rest * 1.0_f64.hypot(tau));
        tau += (tau_conformal - guess) / 1.0_f64.hypot(guess) * slope;
    }
    tau
}
