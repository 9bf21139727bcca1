//! A box that starts with its clock at the wrong end of time reaches its platform: certificates are judged by the latest time that is
//! known to be over. And what is known of certificates is told.

use std::net::SocketAddr;
use std::sync::Arc;

use patrol_gateway::config::Uplink;
use patrol_gateway::uplink::carrier::Trouble;
use patrol_gateway::uplink::https::Platform;
use patrol_gateway::uplink::https::tls::floor::ClockFloor;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// 2040-01-01 to 2041-01-01: a certificate of a platform for a box whose clock stands far before that.
const BEGIN_S: i64 = 2_208_988_800;
const END_S: i64 = 2_240_611_200;

/// A platform that answers everything with nothing, and the file of the authority of its certificate.
async fn platform(dir: &TempDir) -> (SocketAddr, std::path::PathBuf) {
    let (ca_key, key) = (
        KeyPair::generate().expect("a platform of the test's own"),
        KeyPair::generate().expect("a platform of the test's own"),
    );
    let mut ca = CertificateParams::new(Vec::new()).expect("a platform of the test's own");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = ca.self_signed(&ca_key).expect("a platform of the test's own").pem();
    let mut params =
        CertificateParams::new(vec!["localhost".to_owned()]).expect("a platform of the test's own");
    params.not_before = rcgen::date_time_ymd(2040, 1, 1);
    params.not_after = rcgen::date_time_ymd(2041, 1, 1);
    let certificate = params.signed_by(&key, &Issuer::new(ca, ca_key)).expect("a platform of the test's own");
    let file = dir.path().join("authority.pem");
    std::fs::write(&file, pem).expect("a platform of the test's own");
    let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a platform of the test's own");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("a platform of the test's own")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .expect("a platform of the test's own");
    let (listener, acceptor) = (
        TcpListener::bind("127.0.0.1:0").await.expect("a platform of the test's own"),
        TlsAcceptor::from(Arc::new(config)),
    );
    let addr = listener.local_addr().expect("a platform of the test's own");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
            let _ = stream.shutdown().await;
        }
    });
    (addr, file)
}

#[tokio::test]
async fn a_certificate_is_good_once_its_time_is_known_to_have_come_whatever_the_clock_shows() {
    let dir = tempfile::tempdir().unwrap();
    let (addr, authority) = platform(&dir).await;
    let mut uplink = Uplink::to(format!("https://localhost:{}", addr.port()).parse().unwrap());
    uplink.ca_file = Some(authority);
    let floor = ClockFloor::default();
    let platform = Platform::with_floor(&uplink, floor.clone()).unwrap();
    let Err(Trouble::Unreachable(why)) = platform.greet().await else { panic!("not before 2040") };
    assert!(why.contains("certificate"), "{why}");
    assert_eq!(platform.certificates().borrow().platform_expires_at_ms, None, "it was not verified");

    // The store holds a record of that day.
    floor.raise(BEGIN_S + 1);
    assert_eq!(platform.greet().await, Ok(()));
    assert_eq!(platform.certificates().borrow().platform_expires_at_ms, Some(END_S * 1000));

    floor.raise(END_S + 1);
    assert!(platform.greet().await.is_err(), "it has expired, whatever the clock shows");
}
