//! The rules in effect, for people.

use std::fmt::{Display, Write as _};

use crate::domain::calendar::Exception;
use crate::domain::rules::section::{ByCode, DelegatedUnit, JointPlace, Ownership, Party, Ruled, View};
use crate::domain::rules::{Rulebook, Rules};

pub(super) fn text(book: &Rulebook) -> String {
    let rules = book.rules();
    let mut text = format!("规则 rules   {}\n地点 places  {}\n", book.version(), book.places().version());
    calendar(&mut text, rules);
    ownership(&mut text, rules);
    delegation(&mut text, rules);
    joint(&mut text, rules);
    severity(&mut text, rules);
    by_code(&mut text, "时限 time limits", &rules.time_limit, ToString::to_string);
    tidal(&mut text, rules);
    quiet(&mut text, rules);
    duplicates(&mut text, rules);
    text
}

fn heading(text: &mut String, heading: &str) {
    _ = writeln!(text, "\n{heading}");
}

fn joined<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

fn calendar(text: &mut String, rules: &Rules) {
    let calendar = &rules.calendar;
    heading(text, "日历 calendar");
    _ = writeln!(text, "  工作时间 worked  {} ({})", joined(calendar.hours()), calendar.days());
    for (day, exception) in calendar.exceptions() {
        _ = match exception {
            Exception::Holiday(name) => writeln!(text, "  {day}  休 holiday  {name}"),
            Exception::Workday(name) => writeln!(text, "  {day}  班 worked   {name}"),
        };
    }
}

/// A section by code: each pattern, what it says, and its rule.
fn by_code<T>(text: &mut String, title: &str, section: &ByCode<T>, says: impl Fn(&T) -> String) {
    heading(text, title);
    if let Some(default) = &section.default {
        _ = writeln!(text, "  其余 default      {}", says(default));
    }
    for (pattern, Ruled { name, says: said }) in section.rules.iter() {
        _ = writeln!(text, "  {:<17}{}  [{name}]", pattern.to_string(), says(said));
    }
}

fn ownership(text: &mut String, rules: &Rules) {
    let says = |ownership: &Ownership| {
        let copies = joined(ownership.copies.iter().map(|copy| copy.as_str()));
        format!("{} <- {copies}", ownership.owner.as_str())
    };
    by_code(text, "双重管理 ownership (owner <- copies)", &rules.ownership, says);
    _ = writeln!(text, "  无网格 fallback   {}", rules.fallback_unit);
}

fn delegation(text: &mut String, rules: &Rules) {
    by_code(text, "赋权事项 delegation", &rules.delegation, |delegation| {
        let unit = match &delegation.unit {
            DelegatedUnit::Named(unit) => unit,
            DelegatedUnit::OfGrid(authority) => authority.as_str(),
        };
        format!("{:?} {unit}", delegation.level).to_lowercase()
    });
}

fn joint(text: &mut String, rules: &Rules) {
    heading(text, "联勤联动 joint enforcement");
    for rule in &rules.joint {
        _ = writeln!(text, "  [{}] {}", rule.name, joined(&rule.codes));
        let place = rule.place.as_ref().map_or("everywhere".to_owned(), place);
        _ = writeln!(text, "      地点 where {place}; 时间 when {}", rule.hours);
        for to in &rule.recipients {
            _ = writeln!(text, "      {} {} ({})", party(to.party), to.unit, view(to.view));
        }
    }
}

fn party(party: Party) -> &'static str {
    match party {
        Party::UrbanManagement => "城管 urban management",
        Party::Police => "公安 police",
        Party::ComprehensiveGovernance => "综治 comprehensive governance",
    }
}

fn view(view: View) -> &'static str {
    match view {
        View::Full => "全部 full",
        View::Minimal => "最少 minimal",
    }
}

fn place(place: &JointPlace) -> String {
    let mut parts: Vec<String> = place.places.iter().map(ToString::to_string).collect();
    parts.extend(place.roads.then(|| "every road".to_owned()));
    parts.extend(place.points.then(|| "every joint point".to_owned()));
    if place.is_on_the_map() {
        parts = vec![format!("within {} m of {}", place.within_m, parts.join(", "))];
    }
    parts.extend(place.joint_grids.then(|| "grids marked joint_enforcement".to_owned()));
    parts.extend(place.grids.iter().map(|grid| format!("grid {grid}")));
    parts.join(", or ")
}

fn severity(text: &mut String, rules: &Rules) {
    by_code(text, "等级 severity", &rules.severity, |severity| {
        let level = severity.severity.map_or("-".to_owned(), |level| level.to_string());
        format!("{level}{}", if severity.urgent { " 紧急 urgent" } else { "" })
    });
}

fn tidal(text: &mut String, rules: &Rules) {
    heading(text, "潮汐摊区 tidal areas");
    for area in &rules.tidal {
        _ = writeln!(text, "  [{}] {}; {}", area.name, area.hours, joined(&area.codes));
    }
}

fn quiet(text: &mut String, rules: &Rules) {
    heading(text, "静默 quiet");
    for rule in &rules.quiet {
        let only = joined(rule.stall.iter().map(|word| word.as_str()));
        let only = if only.is_empty() { only } else { format!(" (stall: {only})") };
        _ = writeln!(text, "  [{}] {}{only}", rule.name, joined(&rule.codes));
    }
}

fn duplicates(text: &mut String, rules: &Rules) {
    let duplicates = &rules.duplicates;
    heading(text, "重复 duplicates");
    let minutes = duplicates.within_ms as f64 / 60_000.0;
    _ = writeln!(text, "  {} m, {minutes} min; 不合并 off: {}", duplicates.radius_m, joined(&duplicates.off));
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_section_is_shown_with_the_names_of_its_rules() {
        let shown = super::text(&super::super::built_in());
        for part in [
            "2026-10-01  休 holiday  国庆节",
            "2026-10-10  班 worked   国庆节调休",
            "  event:04*        line_authority <- block_authority, responsible_unit  [突发事件归条]",
            "  event:0403       city 德阳市燃气主管部门  [燃气由市处置]",
            "within 50 m of every road, every joint point; 时间 when 17:00-23:00 (1-7)",
            "公安 police 市公安局治安支队 (最少 minimal)",
            "5 紧急 urgent  [险情]",
            "  event:0102       4WH  [四工作时]",
            "[东湖夜市] 17:00-21:00 (1-7); event:0501",
            "[持证摊位正常经营] event:0501 (stall: licensed)",
            "30 m, 10 min; 不合并 off: event:0409, event:2105",
        ] {
            assert!(shown.contains(part), "{part} in\n{shown}");
        }
    }
}
