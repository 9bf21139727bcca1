//! Can the city's files be used? They are read the way the service reads them, and looked at as `geo check` does.

use super::Finding;
use crate::city;
use crate::config::Geography;
use crate::domain::geo_check::{self, MapKind};

pub(super) fn check(geography: &Geography) -> Finding {
    let read = city::load(geography).and_then(|city| {
        city::camera_events(geography)?;
        geography.stalls.as_deref().map(city::stalls).transpose()?;
        Ok(city)
    });
    let told = match read {
        Ok(city) => city::describe(geography, &city),
        Err(error) => {
            return Finding::failure(format!("无法使用 unusable: {}", error.to_string().replace('\n', "; ")));
        }
    };
    let maps = [
        (&geography.grids, MapKind::DutyGrids, ""),
        (&geography.unit_grids, MapKind::UnitGrids, " --unit-grids"),
    ];
    let mut doubts = String::new();
    for (path, kind, option) in maps {
        let Some(path) = path else { continue };
        let report = city::read(path).ok().and_then(|bytes| geo_check::check(&bytes, kind).ok());
        // What can't be read any more was read a moment ago.
        let Some(report) = report.filter(|report| report.errors + report.warnings > 0) else { continue };
        doubts.push_str(&format!(
            "; {} 个错误 errors, {} 个警告 warnings: patrol-gateway geo check {}{option}",
            report.errors,
            report.warnings,
            path.display()
        ));
    }
    match doubts.is_empty() {
        true => Finding::ok(told),
        false => Finding::warning(format!("{told}{doubts}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn the_built_in_city_passes_and_a_bad_file_is_named() {
        assert_eq!(check(&Geography::default()).verdict, Verdict::Ok);
        let codes = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(codes.path(), "no,such,columns\n").unwrap();
        let finding = check(&Geography { codes: Some(codes.path().to_owned()), ..Geography::default() });
        assert_eq!(finding.verdict, Verdict::Failure);
        assert!(finding.text.contains(&codes.path().display().to_string()), "{finding:?}");
        let path = || Some(codes.path().to_owned());
        for bad in [
            Geography { rules: path(), ..Geography::default() },
            Geography { places: path(), ..Geography::default() },
            Geography { stalls: path(), ..Geography::default() },
        ] {
            let finding = check(&bad);
            assert_eq!(finding.verdict, Verdict::Failure, "{bad:?}");
            assert!(finding.text.contains(&codes.path().display().to_string()), "{finding:?}");
        }
    }

    #[test]
    fn a_map_that_is_read_and_not_as_it_should_be_is_told_with_the_command_that_says_more() {
        let grids = tempfile::NamedTempFile::new().unwrap();
        let bow_tie = r#"{"features":[{"properties":{"grid_code":"510603001001001"},"geometry":{"type":"Polygon",
            "coordinates":[[[104.0,31.0],[104.1,31.1],[104.1,31.0],[104.0,31.1],[104.0,31.0]]]}}]}"#;
        std::fs::write(grids.path(), bow_tie).unwrap();
        let finding = check(&Geography { grids: Some(grids.path().to_owned()), ..Geography::default() });
        assert_eq!(finding.verdict, Verdict::Warning);
        let command = format!("patrol-gateway geo check {}", grids.path().display());
        assert!(finding.text.contains("1 个错误 errors") && finding.text.ends_with(&command), "{finding:?}");
    }
}
