//! How far two points are apart.

/// Mean Earth radius in metres (source: IUGG; confidence high).
const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// Metres between two points in degrees (WGS-84), on the sphere of the mean radius: good to 0.5 % anywhere (haversine
/// formula; confidence high). `(lon_deg, lat_deg)` each.
pub fn metres(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (from_lat, to_lat) = (from.1.to_radians(), to.1.to_radians());
    let half_lat = ((to_lat - from_lat) / 2.0).sin();
    let half_lon = ((to.0 - from.0).to_radians() / 2.0).sin();
    let square = half_lat * half_lat + from_lat.cos() * to_lat.cos() * half_lon * half_lon;
    2.0 * EARTH_RADIUS_M * square.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousandth_of_a_degree_here_is_111_m_north_and_95_m_east() {
        let here = (104.398, 31.127);
        assert!((metres(here, (104.398, 31.128)) - 111.2).abs() < 0.1);
        assert!((metres(here, (104.399, 31.127)) - 95.2).abs() < 0.1);
        assert_eq!(metres(here, here), 0.0);
        assert!((metres((0.0, 0.0), (180.0, 0.0)) - std::f64::consts::PI * EARTH_RADIUS_M).abs() < 1.0);
    }
}
