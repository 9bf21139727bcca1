use proptest::prelude::*;

use super::deciding::{Need, Refusal, Shown};
use super::*;
use crate::domain::access::Principal;
use crate::domain::topic::Filter;

fn id(text: &str) -> DeviceId {
    DeviceId::parse(text).unwrap()
}

fn hash(of: &str) -> PasswordHash {
    PasswordHash::parse(&format!("$argon2id$v=19$m=8192,t=3,p=1$c2FsdHNhbHRzYWx0${of:A<22}")).unwrap()
}

fn device(name: &str, credentials: Credentials) -> DeviceEntry {
    let (kind, home_grid, vehicle, enrolled_with) = (DeviceKind::Vehicle, None, None, None);
    DeviceEntry { id: id(name), kind, home_grid, vehicle, credentials, enrolled_with }
}

fn with_password() -> Credentials {
    Credentials { password: Some(hash("a")), ..Credentials::default() }
}

fn application(name: &str, subscribe: &str) -> ApplicationEntry {
    let subscribe = vec![Filter::parse(subscribe, FILTER_LIMITS).unwrap()];
    let application = Arc::new(Application { name: id(name), subscribe, publish: vec![] });
    ApplicationEntry { application, credentials: with_password() }
}

/// A device with a password, one with a certificate, one revoked, an application.
fn city() -> Registry {
    let mut registry = Registry::default();
    registry.add_device(device("car-07", with_password())).unwrap();
    let certificate = Credentials { certificate: true, ..Credentials::default() };
    registry.add_device(device("cam-01", certificate)).unwrap();
    registry.add_device(device("car-66", Credentials { revoked: true, ..with_password() })).unwrap();
    registry.add_application(application("console", "patrol/v1/up/#")).unwrap();
    registry
}

const LOCAL: Shown<'static> =
    Shown { client_id: "", user: None, has_password: false, certificate: None, is_local: true };

#[test]
fn without_credentials_a_device_is_taken_on_its_word_on_this_machine_only() {
    let mut registry = Registry::default();
    let shown = Shown { client_id: "car-07", ..LOCAL };
    assert_eq!(registry.need(shown), Ok(Need::Word(id("car-07"))));
    assert_eq!(registry.need(Shown { is_local: false, ..shown }), Err(Refusal::Credentials));
    // An entry that has nothing to show describes a device and changes nothing,
    registry.add_device(device("sen-01", Credentials::default())).unwrap();
    assert_eq!(registry.need(shown), Ok(Need::Word(id("car-07"))));
    // and from the first one on that has, nobody is taken on its word, not even when that one is revoked.
    registry.add_device(device("car-08", with_password())).unwrap();
    assert_eq!(registry.need(shown), Err(Refusal::Credentials));
    registry.revoke(AccountKind::Device, &id("car-08")).unwrap();
    assert_eq!(registry.need(shown), Err(Refusal::Credentials));
}

#[test]
fn a_certificate_is_good_for_its_own_account_and_only_where_that_says_so() {
    let registry = city();
    let shown = Shown { certificate: Some("cam-01"), is_local: false, ..LOCAL };
    assert_eq!(registry.need(shown), Ok(Need::Certified(id("cam-01"))));
    assert_eq!(registry.need(Shown { user: Some("cam-01"), ..shown }), Ok(Need::Certified(id("cam-01"))));
    let contradiction = Shown { user: Some("car-07"), has_password: true, ..shown };
    assert_eq!(registry.need(contradiction), Err(Refusal::Credentials));
    let not_for_this_one = Shown { certificate: Some("car-07"), ..shown };
    assert_eq!(registry.need(not_for_this_one), Err(Refusal::Credentials));
    let nobody_here = Shown { certificate: Some("fleet"), user: Some("car-07"), has_password: true, ..shown };
    assert_eq!(registry.need(nobody_here), Ok(Need::Password(Some(id("car-07")))));
}

#[test]
fn a_name_means_one_account_and_enrol_none() {
    let mut registry = city();
    let taken = RegistryFault::Taken(id("car-07"));
    assert_eq!(registry.add_application(application("car-07", "#")), Err(taken));
    assert_eq!(registry.add_device(device(ENROL_USER, with_password())), Err(RegistryFault::Reserved));
    let nobody = RegistryFault::Nobody(id("console"));
    assert_eq!(registry.revoke(AccountKind::Device, &id("console")), Err(nobody));
}

#[test]
fn what_ends_sessions_is_another_credential_or_another_reach() {
    let (registry, car) = (city(), id("car-07"));
    let changed = |change: &dyn Fn(&mut Registry)| {
        let mut newer = city();
        change(&mut newer);
        registry.is_superseded(&newer, &car)
    };
    assert!(!changed(&|newer| newer.add_device(device("car-08", with_password())).unwrap()));
    assert!(!changed(&|newer| newer.devices.get_mut(&car).unwrap().home_grid = Some("7".into())));
    assert!(changed(&|newer| newer.rotate(AccountKind::Device, &car, hash("b")).unwrap()));
    assert!(changed(&|newer| newer.revoke(AccountKind::Device, &car).unwrap()));
    assert!(changed(&|newer| drop(newer.devices.remove(&car))));
    let mut wider = city();
    wider.applications.insert(id("console"), application("console", "#"));
    assert!(registry.is_superseded(&wider, &id("console")));
}

#[test]
fn a_code_takes_as_many_devices_as_it_says_until_its_time_is_over() {
    let (code, other) = (CodeHash::new([1; 32]), CodeHash::new([2; 32]));
    let mut registry = city();
    let kind = DeviceKind::Camera;
    registry.open_enrolment(Enrolment { code, until_ms: 1000, left: 2, kind }, 0).unwrap();
    assert!(!registry.may_enrol(&other, &id("cam-10"), 0), "a wrong code");
    assert!(!registry.may_enrol(&code, &id("cam-10"), 1000), "too late");
    assert!(!registry.may_enrol(&code, &id("car-07"), 0), "a device that is known");
    assert!(!registry.may_enrol(&code, &id("console"), 0), "an application's name");
    assert!(registry.enrol(&code, &id("cam-10"), hash("a"), 0).is_ok());
    // Whoever lost the answer asks again, as long as nobody has used the password.
    assert!(registry.enrol(&code, &id("cam-10"), hash("b"), 5000).is_ok());
    assert_eq!(registry.enrolments()[0].left, 1, "and that counts once");
    assert!(registry.confirm(&id("cam-10")));
    assert!(registry.enrol(&code, &id("cam-10"), hash("c"), 0).is_err(), "the code is used up for it");
    assert!(registry.enrol(&code, &id("cam-11"), hash("a"), 0).is_ok());
    assert!(!registry.may_enrol(&code, &id("cam-12"), 0), "for everybody");
    assert_eq!(registry.device(&id("cam-11")).unwrap().kind, DeviceKind::Camera);
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec!["car-07", "cam-01", "car-66", "console", "enrol", "", "car-99", "Car 1"])
            .prop_map(str::to_owned),
        ".{0,12}"
    ]
}

proptest! {
    /// Whatever is shown: nobody comes in as a device other than the one whose credential it holds, on any path.
    #[test]
    fn nobody_comes_in_as_another(
        client_id in names(), user in prop::option::of(names()), has_password: bool, certificate in prop::option::of(names()),
        is_local: bool,
    ) {
        let registry = city();
        let shown = Shown {
            client_id: &client_id, user: user.as_deref(), has_password, certificate: certificate.as_deref(), is_local,
        };
        let name = match registry.need(shown) {
            Ok(Need::Word(_)) => return Err(TestCaseError::fail("somebody was taken on its word")),
            Ok(Need::Certified(name)) => {
                prop_assert_eq!(certificate.as_deref(), Some(name.as_str()));
                name
            }
            Ok(Need::Password(Some(name))) => {
                prop_assert!(has_password);
                prop_assert_eq!(user.as_deref().unwrap_or(&client_id), name.as_str());
                name
            }
            _ => return Ok(()),
        };
        match registry.admit(&name, &client_id) {
            Ok(Principal::Device(device)) => {
                prop_assert!(device == name && (client_id.is_empty() || client_id == device.as_str()));
                prop_assert!(device.as_str() != "car-66", "it is revoked");
            }
            Ok(Principal::Application(application)) => prop_assert_eq!(&application.name, &name),
            Err(_) => {}
        }
    }
}
