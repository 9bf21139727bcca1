//! What becomes of the messages of other systems? The rules themselves were checked with the configuration.

use super::Finding;
use crate::config::Mappings;
use crate::domain::mapping::Rule;

/// A system that admission does not take yet.
const NOT_CONVERTED: &str = "gcj02";

pub(super) fn check(mapping: &Mappings) -> Finding {
    let rules = &mapping.rules;
    if rules.is_empty() {
        return Finding::ok("无第三方设备 no third-party devices");
    }
    let told = format!("{} 条规则 rules", rules.len());
    let refused: Vec<&str> =
        rules.iter().filter(|rule| is_not_converted(rule)).map(|rule| rule.topic.as_str()).collect();
    match refused.as_slice() {
        [] => Finding::ok(told),
        topics => Finding::warning(format!(
            "{told}; gcj02 尚不转换，含位置的消息将被隔离 is not converted, positions end in the quarantine: {}",
            topics.join(", ")
        )),
    }
}

fn is_not_converted(rule: &Rule) -> bool {
    let crs = rule.fields.get("position.crs").and_then(|crs| crs.default.as_ref());
    crs.is_some_and(|crs| crs == NOT_CONVERTED)
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_coordinate_system_that_is_not_converted_is_told_before_messages_end_in_the_quarantine() {
        let verdict = |text: &str| {
            let config = Config::from_toml(text, "p.toml", std::iter::empty()).unwrap();
            check(&config.mapping).verdict
        };
        assert_eq!(verdict(""), Verdict::Ok);
        let entry = "[[mapping]]\ntopic = \"a\"\npreset = \"jtt808-json\"\n";
        assert_eq!(verdict(&format!("{entry}crs = \"wgs84\"")), Verdict::Ok);
        assert_eq!(verdict(&format!("{entry}crs = \"gcj02\"")), Verdict::Warning);
    }
}
