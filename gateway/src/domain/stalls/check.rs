//! A stall against the register.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

use super::{ACCURACY_ASSUMED_M, ACCURACY_MAX_M, Stall, StallRegister};
use crate::domain::civil::CityClock;
use crate::domain::clock_quality::{Distrust, TrustedTime};
use crate::domain::report::CaseKind;
use crate::domain::verdict::StallVerdict;

/// The word on a stall, and what it was judged by. Stored with the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StallCheck<'a> {
    /// The word.
    pub verdict: StallVerdict,
    /// The card.
    #[serde(borrow)]
    pub card: Cow<'a, str>,
    /// Metres from the reported position to the pitch, to the decimetre; 0 in it. `None` without a position or a pitch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance_m: Option<f64>,
    /// The hours that apply, `17:00-21:00 (1-7)`; empty without a known card.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub hours: Cow<'a, str>,
    /// Why a card that the register has is not known to it at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity: Option<Validity>,
    /// The register, `stalls@1a2b3c4d`.
    #[serde(borrow)]
    pub register: Cow<'a, str>,
}

/// Why a card does not count at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// Its last day is over.
    Expired,
    /// Its first day has not come.
    NotYetValid,
    /// It is about other codes than the one that is reported.
    OtherCode,
}

impl StallRegister {
    /// As [`StallRegister::check`], for a report of this kind and code: a card that is about other codes does not cover it.
    pub fn check_report<'a>(
        &'a self,
        (kind, code): (CaseKind, &str),
        card: &'a str,
        (at, accuracy_m): (Option<(f64, f64)>, Option<f64>),
        time: &Result<TrustedTime, Distrust>,
        clock: CityClock,
    ) -> StallCheck<'a> {
        let mut check = self.check(card, at, accuracy_m, time, clock);
        let codes = self.stall(card).map(|stall| stall.codes.as_slice()).unwrap_or_default();
        if !codes.is_empty() && !codes.iter().any(|pattern| pattern.fits(kind, code)) {
            (check.verdict, check.validity) = (StallVerdict::UnknownCard, Some(Validity::OtherCode));
        }
        check
    }

    /// The word on a stall that shows `card` at a position (longitude, latitude in degrees, WGS-84) with an accuracy in metres.
    pub fn check<'a>(
        &'a self,
        card: &'a str,
        at: Option<(f64, f64)>,
        accuracy_m: Option<f64>,
        time: &Result<TrustedTime, Distrust>,
        clock: CityClock,
    ) -> StallCheck<'a> {
        let mut check = StallCheck {
            verdict: StallVerdict::UnknownCard,
            card: card.into(),
            distance_m: None,
            hours: "".into(),
            validity: None,
            register: self.version.as_str().into(),
        };
        let Some(stall) = self.stall(card) else { return check };
        check.hours = stall.hours.to_string().into();
        let distance_m = at.map(|(lon_deg, lat_deg)| stall.pitch.distance_m(lon_deg, lat_deg));
        check.distance_m = distance_m.map(|distance_m| (distance_m * 10.0).round() / 10.0);
        let shown = time.as_ref().ok().map(|time| clock.shows(time.unix_ms()));
        check.validity = shown.and_then(|shown| stall.validity(shown));
        check.verdict = match (check.validity, place(distance_m, accuracy_m)) {
            (Some(_), _) => StallVerdict::UnknownCard,
            (None, Place::Unknown) => StallVerdict::PlaceUnknown,
            (None, Place::OutOfPitch) => StallVerdict::OutOfPitch,
            (None, Place::InPitch) => match shown.map(|shown| stall.hours.opened_on(shown)) {
                None => StallVerdict::ClockUntrusted,
                Some(None) => StallVerdict::OutOfHours,
                Some(Some(_)) => StallVerdict::Licensed,
            },
        };
        check
    }
}

impl Stall {
    /// Whether the card does not count when the clock shows this. An evening that began on the last day ends as it would.
    fn validity(&self, shown: DateTime) -> Option<Validity> {
        let day: Date = self.hours.opened_on(shown).unwrap_or(shown.date());
        if self.valid_from.is_some_and(|first| day < first) {
            return Some(Validity::NotYetValid);
        }
        self.valid_until.is_some_and(|last| day > last).then_some(Validity::Expired)
    }
}

/// A position against a pitch.
enum Place {
    InPitch,
    OutOfPitch,
    Unknown,
}

fn place(distance_m: Option<f64>, accuracy_m: Option<f64>) -> Place {
    let accuracy_m = accuracy_m.unwrap_or(ACCURACY_ASSUMED_M);
    match distance_m {
        _ if accuracy_m > ACCURACY_MAX_M => Place::Unknown,
        Some(distance_m) if distance_m > accuracy_m => Place::OutOfPitch,
        Some(distance_m) if distance_m <= 0.0 => Place::InPitch,
        _ => Place::Unknown,
    }
}
