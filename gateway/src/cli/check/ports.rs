//! Is a port free, or held by this very gateway?

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use super::Finding;
use crate::cli::local_api;
use crate::config::Config;

pub(super) fn check(address: SocketAddr, config: &Config) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) if address.port() == 0 => Finding::ok(format!("{address}: 任意空闲端口 any free port")),
        Ok(_) => Finding::ok(format!("{address}: 空闲 free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => held(address, config),
        Err(error) => Finding::failure(format!("{address}: 无法监听 can't listen: {error}")),
    }
}

/// A port in use is no fault while the gateway of this configuration runs.
fn held(address: SocketAddr, config: &Config) -> Finding {
    match local_api::status(config.http.bind) {
        Ok(report) if report.gateway == config.gateway.id => {
            let id = report.gateway;
            Finding::ok(format!(
                "{address}: 使用中，网关 {id} 正在运行 · in use, and gateway {id} is running"
            ))
        }
        Ok(report) => {
            let id = report.gateway;
            Finding::failure(format!(
                "{address}: 被另一网关 {id} 占用 · in use while another gateway, {id}, is running"
            ))
        }
        Err(_) => Finding::failure(format!("{address}: 被其他程序占用 · in use by another program")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use crate::cli::local_api::stand_in::serve_once;
    use crate::http::status::StatusReport;
    use crate::metrics::Metrics;
    use crate::store::snapshot::Snapshot;

    /// The verdict on a port in use while a gateway of this id answers at `http.bind`.
    fn held_while_running(id: &str) -> Verdict {
        let mqtt = TcpListener::bind("127.0.0.1:0").unwrap();
        let report = StatusReport::new(id, &Snapshot::default(), &[], &Metrics::new());
        let answer = format!("HTTP/1.0 200 OK\r\n\r\n{}", serde_json::to_string(&report).unwrap());
        let (address, served) = serve_once(answer.into());
        let mut config = Config::default();
        config.http.bind = address;
        let verdict = check(mqtt.local_addr().unwrap(), &config).verdict;
        served.join().unwrap();
        verdict
    }

    #[test]
    fn a_port_held_by_the_gateway_itself_passes_and_by_another_gateway_fails() {
        assert_eq!(held_while_running(&Config::default().gateway.id), Verdict::Ok);
        assert_eq!(held_while_running("box-099"), Verdict::Failure);
    }

    #[test]
    fn a_port_held_by_another_program_fails_and_a_free_one_passes() {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut config = Config::default();
        config.http.bind = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(check(other.local_addr().unwrap(), &config).verdict, Verdict::Failure);
        assert_eq!(check(config.http.bind, &config).verdict, Verdict::Ok);
    }
}
