//! One try of a mail.

use std::{
    fs,
    time::{Duration, UNIX_EPOCH},
};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        self,
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use trackside_core::{Error, ErrorKind, Result};

use crate::{
    Config, Mail, Security,
    message::{Message, mail},
};

/// Mails to some people through one server. A connection is made for each mail: they are few.
#[derive(Debug)]
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
    host: String,
}

impl Mailer {
    /// Connects to nothing. `Invalid` for an address that is none and certificates that cannot be read.
    pub(crate) fn new(config: &Config, mail: &Mail) -> Result<Self> {
        let address = |text: &String| {
            text.parse::<Mailbox>()
                .map_err(|error| Error::invalid(format!("'{text}' is no address of a mail: {error}")))
        };
        let tls = match mail.security {
            Security::None => Tls::None,
            Security::Tls => Tls::Wrapper(tls(config, mail)?),
            Security::StartTls => Tls::Required(tls(config, mail)?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(mail.host.clone())
            .port(mail.port)
            .tls(tls)
            .timeout(Some(config.timeout));
        if let Some((user, password)) = &mail.credentials {
            transport = transport.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        Ok(Self {
            transport: transport.build(),
            from: address(&mail.from)?,
            to: mail.to.iter().map(address).collect::<Result<_>>()?,
            host: format!("{}:{}", mail.host, mail.port),
        })
    }

    /// Whom it writes to, and how many more.
    pub(crate) fn to(&self) -> String {
        let first = self.to.first().map(|mailbox| mailbox.email.to_string()).unwrap_or_default();
        match self.to.len() {
            0 | 1 => first,
            n => format!("{first} and {} more", n - 1),
        }
    }

    /// Sends a mail. It has the name of the message, so that whoever gets it twice can tell.
    pub(crate) async fn send(&self, message: &Message, base: Option<&str>) -> Result<()> {
        let mail = self.mail(message, base)?;
        self.transport.send(mail).await.map(drop).map_err(|error| self.error(&error))
    }

    /// Connects, with TLS and password, and says that it is there.
    pub(crate) async fn probe(&self) -> Result<()> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::new(ErrorKind::Unavailable, format!("{} is not ready", self.host))),
            Err(error) => Err(self.error(&error)),
        }
    }

    fn mail(&self, message: &Message, base: Option<&str>) -> Result<lettre::Message> {
        let date = u64::try_from(message.at.millis()).map_or(UNIX_EPOCH, |at| UNIX_EPOCH + Duration::from_millis(at));
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        let mut mail = lettre::Message::builder()
            .from(self.from.clone())
            .message_id(Some(format!("<{}@{}>", message.id, self.from.email.domain())))
            .date(date)
            .subject(mail::subject(message))
            .raw_header(HeaderValue::new(name, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            mail = mail.to(to.clone());
        }
        let mail = mail.body(mail::text(message, base));
        mail.map_err(|error| Error::internal("a mail cannot be written").with_source(error))
    }

    /// What a server refuses for good is the mail's fault; who may not log in finds out by a probe as well.
    fn error(&self, error: &smtp::Error) -> Error {
        let auth = ["530", "534", "535", "538"];
        let code = error.status().map(|code| code.to_string());
        let kind = match &code {
            Some(code) if auth.contains(&code.as_str()) => ErrorKind::Unauthenticated,
            Some(_) if error.is_permanent() => ErrorKind::Invalid,
            _ => ErrorKind::Unavailable,
        };
        Error::new(kind, format!("{}: {error}", self.host))
    }
}

fn tls(config: &Config, mail: &Mail) -> Result<TlsParameters> {
    let mut tls = TlsParameters::builder(mail.host.clone());
    if let Some(path) = &config.ca_file {
        let pem =
            fs::read(path).map_err(|error| Error::invalid(format!("{} cannot be read: {error}", path.display())))?;
        let certificate = Certificate::from_pem(&pem)
            .map_err(|error| Error::invalid(format!("{} holds no certificates: {error}", path.display())))?;
        tls = tls.add_root_certificate(certificate);
    }
    tls.build().map_err(|error| Error::invalid(format!("TLS to {} cannot be used: {error}", mail.host)))
}
