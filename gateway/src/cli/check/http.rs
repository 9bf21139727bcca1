//! Can the local API listen, and is its token one?

use super::{Finding, Verdict, ports};
use crate::config::Config;
use crate::http::token::Token;

pub(super) fn check(config: &Config) -> Finding {
    let port = ports::check(config.http.bind, config);
    let token = config.http.token_file.as_deref().map(Token::read).transpose();
    match token {
        Err(error) if port.verdict == Verdict::Ok => {
            Finding::failure(format!("令牌不可用 http.token_file: {error}"))
        }
        _ => port,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_the_start_would_refuse_fails() {
        let mut config = Config::default();
        config.http.bind.set_port(0);
        assert_eq!(check(&config).verdict, Verdict::Ok);
        config.http.token_file = Some("/nowhere/token".into());
        let finding = check(&config);
        assert!(
            finding.verdict == Verdict::Failure && finding.text.contains("/nowhere/token"),
            "{finding:?}"
        );
    }
}
