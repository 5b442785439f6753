//! The connections to one destination.

use std::{fmt, fs, net::IpAddr, sync::Arc, time::Duration};

use http::Method;
use reqwest::{Certificate, ClientBuilder, Url, redirect::Policy};
use trackside_core::{Clock, Error, ErrorKind, Result};

use crate::{
    Auth, Call, Config, Reach, Refusal, Secret,
    reach::{NotPublic, PublicNames},
};

/// How we name ourselves.
const USER_AGENT: &str = concat!("trackside/", env!("CARGO_PKG_VERSION"));

/// How long an idle connection is kept. uvicorn, under MLflow, closes its own after 5 s: a later request would often
/// meet a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(4);

/// Reads a peer's own error body: a better error than the status alone gives, or `None` to keep that one.
pub type ErrorReader = fn(&Refusal) -> Option<Error>;

/// A client of one destination. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) auth: Auth,
    pub(crate) timeout: Duration,
    pub(crate) read_error: ErrorReader,
    /// Of the addresses that others name.
    reach: Reach,
    base: Url,
    proxied: reqwest::Client,
    direct: reqwest::Client,
}

impl Client {
    /// A client of the server at `base`, an `http` or `https` URL. A user name and password in it serve as
    /// credentials when the configuration has none.
    ///
    /// `Invalid` for any other URL and for a `ca_file` that cannot be used. Connects to nothing.
    pub fn new(base: &str, config: &Config, clock: Arc<dyn Clock>) -> Result<Self> {
        // The URL is not shown: it may hold a password, and be wrong because of it.
        let mut base = Url::parse(base)
            .map_err(|error| Error::invalid(format!("the URL of the server cannot be read: {error}")))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(Error::invalid(format!("a URL with http or https is needed, not {}", base.scheme())));
        }
        let auth = match (&config.auth, credentials(&mut base)) {
            (Auth::None, Some(auth)) => auth,
            (configured, _) => configured.clone(),
        };
        base.set_query(None);
        base.set_fragment(None);
        Ok(Self {
            clock,
            auth,
            timeout: config.timeout,
            read_error: |_| None,
            reach: Reach::Any,
            base,
            proxied: built(builder(config)?)?,
            direct: built(builder(config)?.no_proxy())?,
        })
    }

    /// A client of addresses that others name, see [`Client::call_url`]: it goes through no proxy, which would resolve
    /// names itself, and has no credentials.
    #[expect(clippy::missing_panics_doc, reason = "it does not panic, as the message says")]
    pub fn of_strangers(reach: Reach, config: &Config, clock: Arc<dyn Clock>) -> Result<Self> {
        let mut builder = builder(config)?.no_proxy();
        if reach == Reach::Public {
            builder = builder.dns_resolver(Arc::new(PublicNames));
        }
        let connections = built(builder)?;
        Ok(Self {
            clock,
            auth: Auth::None,
            timeout: config.timeout,
            read_error: |_| None,
            reach,
            // Of no host: RFC 6761.
            base: Url::parse("http://strangers.invalid").expect("it is a URL"),
            proxied: connections.clone(),
            direct: connections,
        })
    }

    /// A client of addresses that are secrets themselves, see [`Client::call_url`]. It has no other credentials.
    pub fn of_secret_addresses(config: &Config, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::new("http://secret.invalid", &Config { auth: Auth::None, ..config.clone() }, clock)
    }

    /// The same client, which reads the errors of its peer in this way.
    #[must_use]
    pub fn reading_errors(mut self, read_error: ErrorReader) -> Self {
        self.read_error = read_error;
        self
    }

    /// A call of the server itself; `path` begins with `/` and is percent-encoded, see also [`Call::below`].
    pub fn call(&self, method: Method, path: &str) -> Call<'_> {
        let mut url = self.base.clone();
        let path = format!("{}{path}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Call::new(self, method, url)
    }

    /// A call of an address that the peer gave. Credentials go along only when it is of the configured origin, and
    /// messages show no more than the origin, because the rest may be a signature.
    pub fn call_url(&self, method: Method, url: &str) -> Result<Call<'_>> {
        let url = Url::parse(url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| Error::new(ErrorKind::Unavailable, "the server gave a URL without use"))?;
        // Only names are resolved, and refused there.
        let refused = literal(&url).filter(|address| !self.reach.allows(*address));
        if let Some(address) = refused {
            let host = url.host_str().unwrap_or_default().to_owned();
            return Err(Error::new(ErrorKind::Denied, NotPublic { host, address }.to_string()));
        }
        Ok(Call::new(self, method, url))
    }

    /// Scheme, host, port and path of the server, without credentials: fit for messages.
    pub fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    pub(crate) fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// Proxies of the environment are for other machines.
    pub(crate) fn connections(&self, url: &Url) -> &reqwest::Client {
        if is_loopback(url) { &self.direct } else { &self.proxied }
    }
}

fn builder(config: &Config) -> Result<ClientBuilder> {
    let builder = reqwest::Client::builder()
        .use_rustls_tls()
        .user_agent(USER_AGENT)
        .connect_timeout(config.connect_timeout)
        .pool_idle_timeout(IDLE)
        .redirect(Policy::none());
    let Some(path) = &config.ca_file else { return Ok(builder) };
    let unusable = |why: &dyn fmt::Display| {
        Error::invalid(format!("the certificates in {} cannot be used: {why}", path.display()))
    };
    let pem = fs::read(path).map_err(|error| unusable(&error))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(&error))?;
    if certificates.is_empty() {
        return Err(unusable(&"it holds none"));
    }
    Ok(certificates.into_iter().fold(builder, ClientBuilder::add_root_certificate))
}

fn built(builder: ClientBuilder) -> Result<reqwest::Client> {
    builder.build().map_err(|error| Error::invalid(format!("no HTTPS client can be made: {error}")))
}

/// Takes user name and password out of a URL.
fn credentials(url: &mut Url) -> Option<Auth> {
    let (user, password) = (decoded(url.username()), decoded(url.password().unwrap_or_default()));
    let given = !user.is_empty() || !password.is_empty();
    // Both fail for URLs without a host only, which `http` and `https` always have.
    let stripped = url.set_username("").and_then(|()| url.set_password(None)).is_ok();
    (given && stripped).then(|| Auth::Basic { user, password: Secret::new(password) })
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The address that a URL names itself.
fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    literal(url).map_or_else(|| host == "localhost" || host.ends_with(".localhost"), |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use trackside_core::SystemClock;

    use super::*;

    fn client(base: &str) -> Result<Client> {
        Client::new(base, &Config::default(), Arc::new(SystemClock))
    }

    #[test]
    fn credentials_in_the_url_are_used_and_not_shown() {
        let client = client("https://ann:p%40ss@tracker.example/base/?q=1#f").unwrap();
        assert_eq!(client.auth, Auth::Basic { user: "ann".into(), password: Secret::new("p@ss") });
        assert_eq!(client.base(), "https://tracker.example/base");
        assert!(!format!("{client:?}").contains("p@ss") && !format!("{client:?}").contains("p%40ss"));
    }

    #[test]
    fn what_is_no_http_url_is_refused_without_showing_it() {
        for bad in ["", "tracker.example", "ftp://u:secret@host/", "http://u:secret@:x/", "https://"] {
            let error = client(bad).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_file_of_certificates_must_hold_some() {
        let config = |path: &str| Config { ca_file: Some(path.into()), ..Config::default() };
        let with = |path| Client::new("https://host", &config(path), Arc::new(SystemClock));
        assert!(with("/dev/null").unwrap_err().message().contains("it holds none"));
        assert!(with("/nowhere").unwrap_err().message().starts_with("the certificates in /nowhere cannot be used"));
    }

    #[test]
    fn only_loopback_is_reached_without_proxies() {
        let local = |url: &str| is_loopback(&Url::parse(url).unwrap());
        for url in ["http://localhost:1", "http://127.0.0.9/", "http://[::1]:5/", "http://a.localhost"] {
            assert!(local(url), "{url}");
        }
        for url in ["http://localhost.example", "http://10.0.0.1", "http://[2001:db8::1]"] {
            assert!(!local(url), "{url}");
        }
    }
}
