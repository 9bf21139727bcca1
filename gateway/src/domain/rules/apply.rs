//! The rules, applied to a report.

use super::handling::{
    DecidedBy, Delegated, Due, DueAt, Handling, Joint, JointUndecided, Recipient, Role, Tidal, TidalState,
    Undecided, Unit,
};
use super::section::{
    Authority, ByCode, DelegatedUnit, JointPlace, JointRule, Ownership, QuietRule, RuleName, TidalArea,
    TidalPlace,
};
use super::{DuplicateRule, Rulebook};
use crate::domain::calendar::TimeLimit;
use crate::domain::casework::GridFacts;
use crate::domain::clock_quality::{Distrust, TrustedTime};
use crate::domain::places::PlaceKind;
use crate::domain::report::CaseKind;
use crate::domain::timetable::Timetable;
use crate::domain::verdict::StallVerdict;

/// What the rules need to know of a report.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Event or component.
    pub kind: CaseKind,
    /// The case code.
    pub code: &'a str,
    /// Severity by the device.
    pub severity: Option<u8>,
    /// Its grid.
    pub grid: Option<&'a GridFacts<'a>>,
    /// The map marks its grid `joint_enforcement`.
    pub grid_joint_enforcement: bool,
    /// Where it is: longitude and latitude in degrees, WGS-84.
    pub at: Option<(f64, f64)>,
    /// When it was observed, if rules may judge by that.
    pub time: Result<TrustedTime, Distrust>,
    /// The word of the stall register, if a card was shown.
    pub stall: Option<StallVerdict>,
}

/// Why a rule is not applied.
enum No {
    /// It is about something else.
    Other,
    /// Nobody can tell.
    Undecided(Undecided),
}

impl Rulebook {
    /// What the rules decide about a report.
    pub fn apply<'a>(&'a self, case: &Case<'a>) -> Handling<'a> {
        let rules = &self.rules;
        let mut decided_by = DecidedBy::default();
        let (ownership, name) =
            decide(&rules.ownership, OWNERSHIP_DEFAULT, case).unwrap_or((&STANDARD, OWNERSHIP_DEFAULT));
        decided_by.owner = name.into();
        let owner = self.owner(ownership, case.grid);
        let copies = copies(ownership, &owner, case.grid);
        let delegated = decide(&rules.delegation, "", case).map(|(delegation, name)| {
            decided_by.delegated = name.into();
            let unit = match &delegation.unit {
                DelegatedUnit::Named(unit) => &**unit,
                DelegatedUnit::OfGrid(authority) => case.grid.map_or("", |grid| authority.unit(grid)),
            };
            Delegated { level: delegation.level, unit: unit.into() }
        });
        let quiet = self.quiet(case);
        decided_by.quiet = quiet.map_or("", |name| &**name).into();
        let severity = decide(&rules.severity, SEVERITY_DEFAULT, case);
        decided_by.severity = severity.map_or("", |(_, name)| name).into();
        let due = decide(&rules.time_limit, TIME_LIMIT_DEFAULT, case).map(|(limit, name)| {
            decided_by.due = name.into();
            Due { limit: *limit, at: self.due_at(case, *limit) }
        });
        let (joint, joint_undecided) = if quiet.is_some() { Default::default() } else { self.joint(case) };
        Handling {
            owner,
            copies,
            delegated,
            joint,
            joint_undecided,
            severity: severity.and_then(|(severity, _)| severity.severity),
            device_severity: case.severity,
            urgent: quiet.is_none() && severity.is_some_and(|(severity, _)| severity.urgent),
            due,
            tidal: self.tidal(case),
            quiet: quiet.is_some(),
            decided_by,
        }
    }

    /// How reports of a code are linked as one finding; `None` when they are not.
    pub fn duplicates_of(&self, kind: CaseKind, code: &str) -> Option<DuplicateRule> {
        let duplicates = &self.rules.duplicates;
        let off = duplicates.off.iter().any(|pattern| pattern.fits(kind, code));
        let always_quiet = |rule: &QuietRule| {
            rule.stall.is_empty() && rule.codes.iter().any(|pattern| pattern.fits(kind, code))
        };
        let linked = !off && !self.rules.quiet.iter().any(always_quiet);
        linked.then_some(DuplicateRule { radius_m: duplicates.radius_m, within_ms: duplicates.within_ms })
    }

    /// The one owner: by the rule; or else who stands in; or else the fallback. Never nobody.
    fn owner<'a>(&'a self, ownership: &Ownership, grid: Option<&'a GridFacts<'a>>) -> Unit<'a> {
        let order = std::iter::once(ownership.owner).chain(Authority::ALL);
        let named = grid.and_then(|grid| {
            order.map(|authority| (authority, authority.unit(grid))).find(|(_, unit)| !unit.is_empty())
        });
        match named {
            Some((authority, unit)) => Unit { unit: unit.into(), role: authority.into() },
            None => Unit { unit: (&*self.rules.fallback_unit).into(), role: Role::Fallback },
        }
    }

    fn quiet(&self, case: &Case<'_>) -> Option<&RuleName> {
        let fits = |rule: &&QuietRule| {
            let stall = rule.stall.is_empty() || case.stall.is_some_and(|word| rule.stall.contains(&word));
            stall && rule.codes.iter().any(|pattern| pattern.fits(case.kind, case.code))
        };
        self.rules.quiet.iter().find(fits).map(|rule| &rule.name)
    }

    fn due_at(&self, case: &Case<'_>, limit: TimeLimit) -> DueAt {
        match case.time {
            Err(_) => DueAt::Undecided(Undecided::ClockUntrusted),
            Ok(start) => match self.rules.calendar.due(start, limit) {
                Some(unix_ms) => DueAt::UnixMs(unix_ms),
                None => DueAt::Undecided(Undecided::BeyondCalendar),
            },
        }
    }

    fn joint<'a>(&'a self, case: &Case<'_>) -> (Vec<Joint<'a>>, Vec<JointUndecided<'a>>) {
        let (mut joint, mut undecided) = (Vec::new(), Vec::new());
        for rule in &self.rules.joint {
            match self.joins(rule, case) {
                Ok(()) => joint.push(joint_of(rule)),
                Err(No::Undecided(because)) => {
                    undecided.push(JointUndecided { rule: (&*rule.name).into(), because });
                }
                Err(No::Other) => {}
            }
        }
        (joint, undecided)
    }

    /// Whether a rule applies. What rules it out for sure comes before what nobody can tell.
    fn joins(&self, rule: &JointRule, case: &Case<'_>) -> Result<(), No> {
        if !rule.codes.iter().any(|pattern| pattern.fits(case.kind, case.code)) {
            return Err(No::Other);
        }
        let (place, hours) = (self.joins_there(rule.place.as_ref(), case), self.open(&rule.hours, case));
        match (place, hours) {
            (Err(No::Other), _) | (_, Err(No::Other)) => Err(No::Other),
            (place, hours) => place.and(hours),
        }
    }

    fn joins_there(&self, place: Option<&JointPlace>, case: &Case<'_>) -> Result<(), No> {
        let Some(place) = place else { return Ok(()) };
        let in_grid = case.grid.is_some_and(|grid| {
            place.joint_grids && case.grid_joint_enforcement
                || place.grids.iter().any(|code| **code == *grid.grid)
        });
        if in_grid {
            return Ok(());
        }
        match case.at {
            None if place.is_on_the_map() || case.grid.is_none() => {
                Err(No::Undecided(Undecided::PlaceUnknown))
            }
            None => Err(No::Other),
            Some((lon_deg, lat_deg)) if self.is_near(place, lon_deg, lat_deg) => Ok(()),
            Some(_) => Err(No::Other),
        }
    }

    fn is_near(&self, place: &JointPlace, lon_deg: f64, lat_deg: f64) -> bool {
        if !place.is_on_the_map() {
            return false;
        }
        let meant = |name: &str| {
            let by_kind = self.places.get(name).is_some_and(|found| match found.kind {
                PlaceKind::Road => place.roads,
                PlaceKind::JointPoint => place.points,
            });
            by_kind || place.places.iter().any(|meant| **meant == *name)
        };
        self.places.near(lon_deg, lat_deg, place.within_m).any(|(name, _)| meant(name))
    }

    fn open(&self, hours: &Timetable, case: &Case<'_>) -> Result<(), No> {
        if hours.is_always() {
            return Ok(());
        }
        let time = case.time.map_err(|_| No::Undecided(Undecided::ClockUntrusted))?;
        if hours.is_open(self.rules.calendar.clock(), time) { Ok(()) } else { Err(No::Other) }
    }

    /// The tidal area that it lies in: one that is open, or else the first.
    fn tidal<'a>(&'a self, case: &Case<'_>) -> Option<Tidal<'a>> {
        let areas = self.rules.tidal.iter().filter(|area| {
            area.codes.iter().any(|pattern| pattern.fits(case.kind, case.code)) && lies_in(area, case)
        });
        let mut tidal =
            areas.map(|area| Tidal { area: (&*area.name).into(), state: self.tidal_state(area, case) });
        let first = tidal.next()?;
        if first.state == TidalState::Open {
            return Some(first);
        }
        Some(tidal.find(|tidal| tidal.state == TidalState::Open).unwrap_or(first))
    }

    fn tidal_state(&self, area: &TidalArea, case: &Case<'_>) -> TidalState {
        match self.open(&area.hours, case) {
            Ok(()) => TidalState::Open,
            Err(No::Undecided(_)) => TidalState::ClockUntrusted,
            Err(No::Other) => TidalState::Closed,
        }
    }
}

/// What stands on a report that no rule of a section is about.
const OWNERSHIP_DEFAULT: &str = "ownership.default";
const SEVERITY_DEFAULT: &str = "severity.default";
const TIME_LIMIT_DEFAULT: &str = "time_limit.default";
/// Who owns without a word in the file.
static STANDARD: Ownership = Ownership { owner: Authority::ResponsibleUnit, copies: Vec::new() };

/// What a section says about a code, and the name of the rule that says it.
fn decide<'a, T>(section: &'a ByCode<T>, default: &'a str, case: &Case<'_>) -> Option<(&'a T, &'a str)> {
    let ruled = section.rules.get(case.kind, case.code).map(|rule| (&rule.says, &*rule.name));
    ruled.or_else(|| section.default.as_ref().map(|says| (says, default)))
}

/// Who gets a copy: units that the grid has, each once, and none that owns it already.
fn copies<'a>(ownership: &Ownership, owner: &Unit<'_>, grid: Option<&'a GridFacts<'a>>) -> Vec<Unit<'a>> {
    let mut copies: Vec<Unit<'a>> = Vec::new();
    let Some(grid) = grid else { return copies };
    for authority in &ownership.copies {
        let unit = authority.unit(grid);
        let is_known = unit == owner.unit || copies.iter().any(|copy| copy.unit == unit);
        if !unit.is_empty() && !is_known {
            copies.push(Unit { unit: unit.into(), role: (*authority).into() });
        }
    }
    copies
}

fn joint_of(rule: &JointRule) -> Joint<'_> {
    let recipients = rule.recipients.iter().map(|recipient| Recipient {
        party: recipient.party,
        unit: (&*recipient.unit).into(),
        view: recipient.view,
    });
    Joint { rule: (&*rule.name).into(), recipients: recipients.collect() }
}

fn lies_in(area: &TidalArea, case: &Case<'_>) -> bool {
    match &area.place {
        TidalPlace::Area(area) => {
            case.at.is_some_and(|(lon_deg, lat_deg)| area.distance_m(lon_deg, lat_deg) <= 0.0)
        }
        TidalPlace::Grids(grids) => {
            case.grid.is_some_and(|grid| grids.iter().any(|code| **code == *grid.grid))
        }
    }
}
