//! shapely's STRtree, in a virtual environment that is made when there is none; the points go over in a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::Answers;
use crate::map::Map;
use crate::points::Point;

/// What runs in Python.
const SCRIPT: &str = include_str!("shapely.py");
/// The packages, as they were when the figures in the manual were seen.
const PACKAGES: [&str; 2] = ["shapely==2.1.2", "numpy<3"];

pub(crate) struct Shapely {
    python: PathBuf,
    versions: String,
}

impl Shapely {
    /// An interpreter that has shapely.
    pub(crate) fn prepare(dir: &Path) -> Result<Shapely> {
        let venv = dir.join("attribution-venv");
        let python = venv.join("bin/python");
        if !python.exists() {
            let venv = venv.to_str().context("a path in UTF-8")?;
            run(Command::new("python3").args(["-m", "venv", venv])).context("python3 -m venv")?;
        }
        let has_shapely = || run(Command::new(&python).args(["-c", "import shapely"]));
        if has_shapely().is_err() {
            let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
            run(Command::new(&python).args(install).args(PACKAGES)).context("pip install shapely")?;
        }
        const VERSIONS: &str = "import platform, numpy, shapely\n\
            print(f'Python {platform.python_version()}, numpy {numpy.__version__}, shapely {shapely.__version__}, \
            GEOS {shapely.geos_version_string}')";
        let versions = run(Command::new(&python).args(["-c", VERSIONS]))?.trim().to_owned();
        Ok(Shapely { python, versions })
    }

    pub(crate) fn versions(&self) -> &str {
        &self.versions
    }

    /// The answers, and how long the tree took to build. All points are asked in one call, which is its best case.
    pub(crate) fn answer(&self, dir: &Path, map: &Map, points: &[Point]) -> Result<(Answers, Duration)> {
        let (input, output) = (dir.join("attribution-input.json"), dir.join("attribution-output.json"));
        let rings: Vec<_> = map.polygons.iter().map(|(_, ring)| ring).collect();
        let places: Vec<_> = points.iter().map(|point| [point.lon_deg, point.lat_deg]).collect();
        fs::write(&input, json!({"rings": rings, "points": places}).to_string())?;
        run(Command::new(&self.python).args(["-c", SCRIPT]).args([&input, &output]))?;
        let told: Value = serde_json::from_slice(&fs::read(&output)?)?;
        let seconds = |name: &str| told[name].as_f64().map(Duration::from_secs_f64).context("seconds");
        // -1 stands for none.
        let polygons = told["polygons"].as_array().context("polygons")?.iter();
        let polygons = polygons.map(|at| at.as_u64().and_then(|at| usize::try_from(at).ok())).collect();
        Ok((Answers { polygons, took: seconds("answering")? }, seconds("building")?))
    }
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        bail!("{}", told.trim().lines().last().unwrap_or("it failed").to_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
