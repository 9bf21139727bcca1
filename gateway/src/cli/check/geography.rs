//! Can the city's files be read?

use std::fs;
use std::path::Path;

use super::Finding;
use crate::config::Geography;

/// How the files are parsed: by whoever uses them, so that a file that passes here is one that works.
#[derive(Debug, Clone, Copy)]
pub struct Readers {
    /// Grids from GeoJSON: how many, or what is wrong.
    pub grids: fn(&[u8]) -> Result<usize, String>,
    /// Case codes from CSV: how many, or what is wrong.
    pub codes: fn(&[u8]) -> Result<usize, String>,
}

pub(super) fn check(geography: &Geography, readers: Readers) -> Finding {
    let grids =
        describe(geography.grids.as_deref(), readers.grids, "示例网格 built-in example grids", "网格 grids");
    let codes = describe(geography.codes.as_deref(), readers.codes, "示例代码 built-in codes", "代码 codes");
    match (grids, codes) {
        (Ok(grids), Ok(codes)) => Finding::ok(format!("{grids}; {codes}")),
        (Err(why), Ok(_)) | (Ok(_), Err(why)) => Finding::failure(why),
        (Err(grids), Err(codes)) => Finding::failure(format!("{grids}; {codes}")),
    }
}

fn describe(
    file: Option<&Path>,
    read: fn(&[u8]) -> Result<usize, String>,
    built_in: &str,
    unit: &str,
) -> Result<String, String> {
    let Some(file) = file else { return Ok(built_in.to_owned()) };
    let told = |why: String| format!("{}: {why}", file.display());
    let bytes = fs::read(file).map_err(|error| told(error.to_string()))?;
    read(&bytes).map(|count| told(format!("{count} {unit}"))).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn both_files_are_named_when_both_are_bad() {
        let readers =
            Readers { grids: |bytes| Ok(bytes.len()), codes: |_| Err("line 2: no code".to_owned()) };
        let codes = tempfile::NamedTempFile::new().unwrap();
        let geography =
            Geography { grids: Some("/nowhere.geojson".into()), codes: Some(codes.path().to_owned()) };
        let finding = check(&geography, readers);
        assert_eq!(finding.verdict, Verdict::Failure);
        assert!(finding.text.contains("/nowhere.geojson") && finding.text.contains("line 2"), "{finding:?}");
        assert_eq!(check(&Geography::default(), readers).verdict, Verdict::Ok);
    }
}
