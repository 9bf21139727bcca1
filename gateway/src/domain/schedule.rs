//! What to send next.
//!
//! Strict order of urgency: no telemetry leaves while an incident waits. One batch at a time, so a more urgent record waits
//! at most for the batch in flight.

use super::report::Class;

/// The classes of which records wait to be sent, most urgent first. Evidence waits too, and is not sent: the way of files to
/// the platform is another one, and not built yet.
pub fn by_urgency(waiting: impl Fn(Class) -> u64) -> impl Iterator<Item = Class> {
    Class::ALL.into_iter().filter(move |class| *class != Class::Evidence && waiting(*class) > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_goes_before_any_amount_of_telemetry_and_neither_evidence_goes_nor_what_does_not_wait() {
        let waiting = |class| match class {
            Class::Incident => 1,
            Class::Evidence => 100,
            Class::Telemetry => 5_000_000,
            _ => 0,
        };
        assert!(by_urgency(waiting).eq([Class::Incident, Class::Telemetry]));
        assert_eq!(by_urgency(|_| 0).next(), None);
    }
}
