use super::*;

fn fix(accuracy_m: f64, fix_age_ms: Option<u32>) -> Fix {
    let (accuracy_m, fix_type) = (Some(accuracy_m), None);
    Fix { lon_deg: 104.398, lat_deg: 31.127, accuracy_m, fix_age_ms, fix_type, crs: Crs::Cgcs2000 }
}

fn scene(fix: Option<Fix>) -> Scene {
    let place = Place { at: (104.4, 31.13), accuracy_m: 6.0, age_ms: 2_000, interpolated: true };
    let vehicle = DeviceId::parse("car-07").unwrap();
    Scene { fix, vehicle: Some((vehicle, place)), site: Some((104.41, 31.14)), ..Scene::default() }
}

fn source(scene: &Scene) -> GeotagSource {
    scene.geotag().unwrap().source
}

#[test]
fn a_fix_is_live_for_a_minute_and_unknown_age_is_not_live() {
    assert_eq!(Freshness::of(Some(FIX_AGE_LIVE_MAX_MS)), Freshness::Live);
    assert_eq!(Freshness::of(Some(FIX_AGE_LIVE_MAX_MS + 1)), Freshness::Stale);
    assert_eq!(Freshness::of(None), Freshness::Unknown);
}

#[test]
fn the_devices_own_fix_counts_when_it_is_good_then_the_vehicle_then_the_site() {
    assert_eq!(source(&scene(Some(fix(4.0, Some(300))))), GeotagSource::Device);
    assert_eq!(source(&scene(Some(fix(4.0, None)))), GeotagSource::Device);
    assert_eq!(source(&scene(Some(fix(4.0, Some(60_001))))), GeotagSource::Vehicle, "stale");
    assert_eq!(source(&scene(Some(fix(100.1, Some(300))))), GeotagSource::Vehicle, "too wide");
    assert_eq!(source(&scene(None)), GeotagSource::Vehicle);
    assert_eq!(source(&Scene { vehicle: None, ..scene(None) }), GeotagSource::Site);
    assert_eq!(Scene::default().geotag(), None);
}

#[test]
fn a_stale_fix_that_is_all_there_is_is_given_as_stale() {
    let alone = Scene { fix: Some(fix(4.0, Some(86_400_000))), ..Scene::default() };
    let geotag = alone.geotag().unwrap();
    assert_eq!((geotag.source, geotag.freshness), (GeotagSource::Device, Freshness::Stale));
    assert_eq!((geotag.fix_age_ms, geotag.crs), (Some(86_400_000), Crs::Cgcs2000));
}

#[test]
fn a_vehicles_place_says_whose_how_exact_and_how_old_and_is_not_live_on_a_doubted_time() {
    let geotag = scene(None).geotag().unwrap();
    assert_eq!((geotag.lon_deg, geotag.lat_deg, geotag.accuracy_m), (104.4, 31.13, Some(6.0)));
    assert_eq!((geotag.vehicle.as_deref(), geotag.interpolated), (Some("car-07"), true));
    assert_eq!((geotag.fix_age_ms, geotag.freshness), (Some(2_000), Freshness::Live));
    let doubted = Scene { is_time_doubted: true, ..scene(None) }.geotag().unwrap();
    assert_eq!((doubted.fix_age_ms, doubted.freshness), (None, Freshness::Unknown));
}

#[test]
fn a_fix_that_jumped_is_flagged_and_not_believed_before_the_vehicle() {
    let jump = Some(Jump { distance_m: 8_412.34, elapsed_ms: 5_000 });
    let told = Some(JumpFacts { distance_m: 8_412.3, elapsed_ms: 5_000 });
    let jumped = Scene { jump, ..scene(Some(fix(4.0, Some(300)))) };
    let geotag = jumped.geotag().unwrap();
    assert_eq!((geotag.source, geotag.jump), (GeotagSource::Vehicle, told));
    assert_eq!(geotag.own_fix.map(|own| own.lon_deg), Some(104.398), "what the device said is not lost");
    let alone = Scene { vehicle: None, site: None, ..jumped }.geotag().unwrap();
    assert_eq!((alone.source, alone.jump), (GeotagSource::Device, told));
}

#[test]
fn a_geotag_of_an_earlier_version_still_reads() {
    let text = r#"{"source":"device","lon_deg":104.398,"lat_deg":31.127,"crs":"wgs84","fix_type":null,
                   "accuracy_m":4.5,"fix_age_ms":300,"freshness":"live"}"#;
    let geotag: Geotag = serde_json::from_str(text).unwrap();
    assert_eq!((geotag.vehicle, geotag.interpolated, geotag.jump), (None, false, None));
}
