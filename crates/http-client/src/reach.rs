//! Which addresses a client may connect to.
//!
//! Names are resolved here, once, and the connection is made to what was found: no name can resolve to something else
//! between the check and the connection. The table of networks is IANA's special-purpose registries as Python 3.11's
//! `ipaddress.is_global` has them, less multicast, which MLflow would try in vain.

use std::{
    error, fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use trackside_core::{Error, ErrorKind, Result};

/// Which addresses may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// All.
    #[default]
    Any,
    /// None of loopback, private, link-local or other networks that are not of the public internet.
    Public,
}

impl Reach {
    /// The addresses of a host, a name or a literal without brackets. `Denied` when one of them is out of reach,
    /// `Unavailable` when there are none.
    pub async fn addresses(self, host: &str) -> Result<Vec<IpAddr>> {
        let found: Vec<IpAddr> = match host.parse() {
            Ok(literal) => vec![literal],
            Err(_) => lookup(host).await.map_err(|error| unresolved(host, &error))?,
        };
        match found.iter().find(|address| !self.allows(**address)) {
            None if found.is_empty() => Err(unresolved(host, &"no address belongs to it")),
            None => Ok(found),
            Some(address) => {
                Err(Error::new(ErrorKind::Denied, NotPublic { host: host.to_owned(), address: *address }.to_string()))
            }
        }
    }

    pub(crate) fn allows(self, address: IpAddr) -> bool {
        self == Self::Any || is_public(address)
    }
}

fn unresolved(host: &str, why: &dyn fmt::Display) -> Error {
    let why = why.to_string();
    // What the standard library puts before the resolver's own words.
    let why = why.strip_prefix("failed to lookup address information: ").unwrap_or(&why);
    Error::new(ErrorKind::Unavailable, format!("'{host}' cannot be resolved: {why}"))
}

async fn lookup(host: &str) -> std::io::Result<Vec<IpAddr>> {
    let mut addresses: Vec<IpAddr> = tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect();
    addresses.dedup();
    Ok(addresses)
}

/// An address that is out of reach.
#[derive(Debug)]
pub(crate) struct NotPublic {
    pub(crate) host: String,
    pub(crate) address: IpAddr,
}

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' resolves to {}, which is no public address", self.host, self.address)
    }
}

impl error::Error for NotPublic {}

/// Resolves names for connections, and refuses what is out of reach.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PublicNames;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = lookup(&host).await?;
            if let Some(address) = found.iter().find(|address| !is_public(**address)) {
                return Err(NotPublic { host, address: *address }.into());
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// Whether an address is of the public internet; one that holds another, as those for the transition to IPv6 do, is
/// what it holds.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => embedded(address).map_or_else(|| is_public_v6(address), is_public_v4),
    }
}

fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        // IPv4-mapped; NAT64; 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        _ => None,
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    match address.octets() {
        // The two of 192.0.0.0/24 that are global.
        [192, 0, 0, 9 | 10] => true,
        [0 | 10 | 127 | 224.., ..]
        | [100, 64..128, ..]
        | [169, 254, ..]
        | [172, 16..32, ..]
        | [192, 168, ..]
        | [192, 0, 0 | 2, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => false,
        _ => true,
    }
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Of 2001::/23 these are global: port control, TURN, AMT, AS112, ORCHIDv2, drone identification.
        [0x2001, 1, 0, 0, 0, 0, 0, 1 | 2] | [0x2001, 3 | 0x20..0x40, ..] | [0x2001, 4, 0x112, ..] => true,
        // Unspecified and loopback, IPv4-compatible; NAT64 of its own; discard; documentation; unique local;
        // link-local and site-local; multicast.
        [0, 0, 0, 0, 0, 0, ..]
        | [0x64, 0xff9b, 1, ..]
        | [0x100, 0, 0, 0, ..]
        | [0x2001, 0..0x200 | 0xdb8, ..]
        | [0xfc00..0xfe00 | 0xfe80..0xff00 | 0xff00.., ..] => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_that_are_not_public_are_known() {
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn public_addresses_are_known() {
        for text in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.0.9",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2001:20::1",
            "2001:4860:4860::8888",
            "2002:101:101::",
            "2606:4700::1111",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_out_of_reach() {
        let refused = Reach::Public.addresses("localhost").await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Denied);
        assert!(refused.message().starts_with("'localhost' resolves to "), "{refused}");
        assert!(!Reach::Any.addresses("localhost").await.unwrap().is_empty());
    }
}
