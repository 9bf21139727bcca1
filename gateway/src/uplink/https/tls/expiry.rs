//! When certificates expire: noted where they are seen, and told before it is too late.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use tokio::sync::watch;
use x509_parser::prelude::{FromDer, X509Certificate};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What is known of the certificates on the way to a platform.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateNews {
    /// When the platform's certificate expires, in milliseconds since 1970; `None` until one has been verified.
    pub platform_expires_at_ms: Option<i64>,
    /// When the gateway's own certificate for the platform expires; `None` when it has none.
    pub client_expires_at_ms: Option<i64>,
    /// Why files that have changed since can't be used: the ones before are still in use.
    pub unusable: Option<Arc<str>>,
}

/// When a certificate expires, in milliseconds since 1970; `None` when it can't be read.
pub(super) fn expires_at_ms(certificate: &CertificateDer<'_>) -> Option<i64> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    parsed.validity().not_after.timestamp().checked_mul(1000)
}

/// Verifies as usual, and notes when the platform's certificate expires.
#[derive(Debug)]
pub(super) struct Noting {
    pub(super) verifier: Arc<WebPkiServerVerifier>,
    pub(super) news: watch::Sender<CertificateNews>,
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        let expires_at_ms = expires_at_ms(end_entity);
        self.news.send_if_modified(|news| {
            let before = std::mem::replace(&mut news.platform_expires_at_ms, expires_at_ms);
            before != expires_at_ms
        });
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// How near a certificate's end is; each is told once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    /// More than 30 days.
    #[default]
    Far,
    /// 30 days at most.
    Month,
    /// 7 days at most.
    Week,
    /// A day at most.
    Day,
    /// It is over.
    Over,
}

impl Nearness {
    fn of(left_ms: i64) -> Nearness {
        let ends = [(0, Nearness::Over), (1, Nearness::Day), (7, Nearness::Week), (30, Nearness::Month)];
        let near = ends.into_iter().find(|(days, _)| left_ms <= days * DAY_MS);
        near.map_or(Nearness::Far, |(_, near)| near)
    }
}

/// Whole days until a certificate expires, below 0 when it has.
pub fn days_left(expires_at_ms: i64, now_unix_s: i64) -> i64 {
    (expires_at_ms / 1000).saturating_sub(now_unix_s).div_euclid(DAY_MS / 1000)
}

/// Tells in the log that a certificate's end comes near.
#[derive(Debug, Default)]
pub(in crate::uplink::https) struct Alarm {
    told: [Nearness; 2],
}

impl Alarm {
    /// Looks at both certificates.
    pub(in crate::uplink::https) fn look(&mut self, news: &CertificateNews, now_unix_s: i64) {
        let both = [("platform", news.platform_expires_at_ms), ("gateway", news.client_expires_at_ms)];
        for (told, (whose, expires_at_ms)) in self.told.iter_mut().zip(both) {
            let Some(expires_at_ms) = expires_at_ms else { continue };
            if let Some(near) = rose(told, expires_at_ms, now_unix_s) {
                let days = days_left(expires_at_ms, now_unix_s);
                match near {
                    Nearness::Over => {
                        tracing::error!(whose, "A CERTIFICATE OF THE UPLINK HAS EXPIRED: renew it")
                    }
                    _ => tracing::warn!(whose, days, "a certificate of the uplink expires soon: renew it"),
                }
            }
        }
    }
}

/// How near the end is, when it was not that near before. A certificate that was renewed begins anew.
fn rose(told: &mut Nearness, expires_at_ms: i64, now_unix_s: i64) -> Option<Nearness> {
    let near = Nearness::of(expires_at_ms.saturating_sub(now_unix_s.saturating_mul(1000)));
    let before = std::mem::replace(told, near);
    (near > before).then_some(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_at_30_7_and_1_days_and_when_it_is_there_and_anew_after_a_renewal() {
        let expires_at_ms = 100 * DAY_MS;
        let mut told = Nearness::default();
        let mut tells =
            |day: i64, expires_at_ms| rose(&mut told, expires_at_ms, day * DAY_MS / 1000).is_some();
        let days: Vec<i64> = (0..110).filter(|day| tells(*day, expires_at_ms)).collect();
        assert_eq!(days, [70, 93, 99, 100]);
        assert!(!tells(110, 365 * DAY_MS), "a new one has time");
        assert!(tells(364, 365 * DAY_MS), "its last day");
    }

    #[test]
    fn days_are_counted_whole_and_go_below_zero() {
        assert_eq!(days_left(10 * DAY_MS, 0), 10);
        assert_eq!(days_left(DAY_MS - 1000, 0), 0);
        assert_eq!(days_left(0, 1), -1);
    }
}
