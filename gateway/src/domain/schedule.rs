//! What to send next.
//!
//! Strict order of urgency: no telemetry leaves while an incident waits. One batch at a time, so a more urgent record waits
//! at most for the batch in flight.

use super::report::Class;

/// The class to send from next, given how many records of each wait; `None` when nothing does.
pub fn next_class(waiting: impl Fn(Class) -> u64) -> Option<Class> {
    Class::ALL.into_iter().find(|class| waiting(*class) > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_goes_before_any_amount_of_telemetry() {
        let waiting = |class| match class {
            Class::Incident => 1,
            Class::Telemetry => 5_000_000,
            _ => 0,
        };
        assert_eq!(next_class(waiting), Some(Class::Incident));
        assert_eq!(next_class(|class| u64::from(class == Class::Telemetry)), Some(Class::Telemetry));
        assert_eq!(next_class(|_| 0), None);
    }
}
