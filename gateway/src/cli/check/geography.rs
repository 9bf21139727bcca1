//! Can the city's files be used? They are read the way the service reads them.

use super::Finding;
use crate::city;
use crate::config::Geography;

pub(super) fn check(geography: &Geography) -> Finding {
    let read = city::load(geography).and_then(|city| {
        city::camera_events(geography)?;
        geography.stalls.as_deref().map(city::stalls).transpose()?;
        Ok(city)
    });
    match read {
        Ok(city) => Finding::ok(city::describe(geography, &city)),
        Err(error) => {
            Finding::failure(format!("无法使用 unusable: {}", error.to_string().replace('\n', "; ")))
        }
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
}
