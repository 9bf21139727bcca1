//! What becomes of the messages of other systems? The rules themselves were checked with the configuration.

use super::Finding;
use crate::config::{Geography, Mappings};
use crate::domain::mapping::Rule;
use crate::domain::report::Crs;

pub(super) fn check(mapping: &Mappings, geography: &Geography) -> Finding {
    let rules = &mapping.rules;
    if rules.is_empty() {
        return Finding::ok("无第三方设备 no third-party devices");
    }
    let told = format!("{} 条规则 rules", rules.len());
    // An easting with the number of its zone needs no configuration, so nothing is said about that plane.
    let is_refused = |rule: &&Rule| geography.local_system.is_none() && declared(rule) == Some(Crs::Local);
    let refused: Vec<&str> = rules.iter().filter(is_refused).map(|rule| rule.topic.as_str()).collect();
    match refused.as_slice() {
        [] => Finding::ok(told),
        topics => Finding::warning(format!(
            "{told}; 未配置 geography.local_system is not set, positions end in the quarantine: {}",
            topics.join(", ")
        )),
    }
}

/// The system that a rule declares for all its messages.
fn declared(rule: &Rule) -> Option<Crs> {
    Crs::from_name(rule.fields.get("position.crs")?.default.as_ref()?.as_str()?)
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_system_that_is_not_configured_is_told_before_messages_end_in_the_quarantine() {
        let verdict = |text: &str| {
            let config = Config::from_toml(text, "p.toml", std::iter::empty()).unwrap();
            check(&config.mapping, &config.geography).verdict
        };
        assert_eq!(verdict(""), Verdict::Ok);
        let entry = "[[mapping]]\ntopic = \"a\"\npreset = \"jtt808-json\"\n";
        for crs in ["wgs84", "gcj02", "cgcs2000_gk"] {
            assert_eq!(verdict(&format!("{entry}crs = \"{crs}\"")), Verdict::Ok);
        }
        let local = format!("{entry}crs = \"local\"");
        assert_eq!(verdict(&local), Verdict::Warning);
        let system = "{ dx_m = 0, dy_m = 0, rotation_arcsec = 0, scale_ppm = 0, central_meridian_deg = 105 }";
        assert_eq!(verdict(&format!("[geography]\nlocal_system = {system}\n{local}")), Verdict::Ok);
    }
}
