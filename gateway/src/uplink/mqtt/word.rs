//! What the carrier asks of the link, and what it is told about each event.

use tokio::sync::oneshot;

use super::message::Message;
use crate::mqtt_client::Fate;
use crate::store::settlement::Decision;
use crate::uplink::carrier::Trouble;

/// An event to publish by the connection with this number, and where its word goes.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) connection: u64,
    pub(super) message: Message,
    pub(super) word: oneshot::Sender<Word>,
}

/// The word on one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// The platform's.
    Decided(Decision),
    /// The broker does not take it now, or not from us.
    Trouble(Trouble),
    /// Its connection ended first: to be asked again by the next one.
    Lost,
    /// The connection always ends with it: not to be asked again for now.
    PutAside,
}

/// Smallest maximum packet size under which an event is to blame. A broker that takes less takes hardly any event: then it is the
/// broker that is set up wrongly, and nothing is rejected for that.
pub(super) const PACKET_BYTES_SENSIBLE: u32 = 4 * 1024;

/// The word of a broker whose packets are too small for an event.
pub(super) fn too_large(bytes: usize, max: u32) -> Word {
    if max < PACKET_BYTES_SENSIBLE {
        return Word::Trouble(Trouble::Setup(format!("the broker takes packets of {max} bytes at most")));
    }
    let reason = format!("an MQTT packet of {bytes} bytes, and the broker takes {max} at most");
    Word::Decided(Decision::Rejected { reason })
}

/// The word of a PUBACK. `None` when another word is to come: the platform's receipt.
pub(super) fn of_fate(fate: Fate, by_receipt: bool) -> Option<Word> {
    match fate {
        // The platform is not there: no receipt will come.
        Fate::Acknowledged { is_unheard: true } if by_receipt => {
            Some(Word::Trouble(Trouble::Unavailable { status: 0x10, retry_after: None }))
        }
        Fate::Acknowledged { .. } if by_receipt => None,
        Fate::Acknowledged { .. } => Some(Word::Decided(Decision::Accepted { case_number: None })),
        Fate::Refused(reason) => Some(of_reason(reason)),
        Fate::Unknown => Some(Word::Lost),
    }
}

/// What a reason of 0x80 or more is about (MQTT 5.0, section 3.4.2.1): the event's own content, our rights or the topic, which are
/// the same for all events, or the broker's state.
fn of_reason(reason: u8) -> Word {
    match reason {
        0x99 => {
            Word::Decided(Decision::Rejected { reason: "the broker: payload format invalid (0x99)".into() })
        }
        0x95 => Word::Decided(Decision::Rejected { reason: "the broker: packet too large (0x95)".into() }),
        0x87 | 0x90 => Word::Trouble(Trouble::Denied { status: reason.into() }),
        _ => Word::Trouble(Trouble::Unavailable { status: reason.into(), retry_after: None }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_the_event_itself_rejects_it() {
        for reason in 0x80..=0xFF {
            let word = of_fate(Fate::Refused(reason), false);
            let is_rejection = matches!(word, Some(Word::Decided(Decision::Rejected { .. })));
            assert_eq!(is_rejection, [0x95, 0x99].contains(&reason), "{reason:#x}");
            let is_denial = matches!(word, Some(Word::Trouble(Trouble::Denied { .. })));
            assert_eq!(is_denial, [0x87, 0x90].contains(&reason), "{reason:#x}");
        }
    }

    #[test]
    fn an_acknowledged_event_waits_for_its_receipt_where_there_are_some() {
        let fate = Fate::Acknowledged { is_unheard: false };
        assert_eq!(of_fate(fate, true), None);
        let unheard = of_fate(Fate::Acknowledged { is_unheard: true }, true);
        assert!(
            matches!(unheard, Some(Word::Trouble(Trouble::Unavailable { .. }))),
            "nobody is there to send one"
        );
        let accepted = Decision::Accepted { case_number: None };
        assert_eq!(of_fate(fate, false), Some(Word::Decided(accepted)));
        assert_eq!(of_fate(Fate::Unknown, true), Some(Word::Lost));
    }

    #[test]
    fn a_broker_that_takes_no_packets_at_all_costs_nobody_a_record() {
        assert!(matches!(too_large(900, 512), Word::Trouble(Trouble::Setup(_))));
        assert!(matches!(too_large(9000, 8192), Word::Decided(Decision::Rejected { .. })));
    }
}
