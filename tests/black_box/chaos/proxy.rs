//! What lies between Trackside and a destination: a network that fails in every way there is.
//!
//! One request per connection, passed on whole. While a request is being passed on it counts as under way, also when
//! its sender has died: [`Proxy::quiet`] is when the destination has finished with all of them. No client can tell
//! what a server will yet do with a request it has let go of, so a sender is only started again when it is quiet.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::timeout,
};

use crate::chaos::{
    dice::Dice,
    fault::{Fault, LARGEST_BODY},
    http_message::Request,
};

/// Longer than what any sink waits for.
const HANG: Duration = Duration::from_secs(3);

/// Cheap to clone; clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    destination: SocketAddr,
    dice: Mutex<Dice>,
    faults: Mutex<BTreeMap<Fault, u64>>,
    rages: AtomicBool,
    limits: AtomicBool,
    under_way: watch::Sender<usize>,
}

impl Proxy {
    /// Listens, and fails until told otherwise.
    pub(crate) async fn start(tasks: &mut JoinSet<()>, destination: SocketAddr, dice: Dice) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            destination,
            dice: dice.into(),
            faults: Mutex::default(),
            rages: true.into(),
            limits: true.into(),
            under_way: watch::Sender::new(0),
        });
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Self { url, shared }
    }

    /// From here on nothing fails.
    pub(crate) fn calm(&self) {
        self.shared.rages.store(false, Ordering::Relaxed);
        self.lift_limit();
    }

    /// From here on no body is too large.
    pub(crate) fn lift_limit(&self) {
        self.shared.limits.store(false, Ordering::Relaxed);
    }

    /// How often each fault has happened.
    pub(crate) fn faults(&self) -> BTreeMap<Fault, u64> {
        self.shared.faults.lock().unwrap().clone()
    }

    /// Waits until the destination has finished with everything that was passed on.
    pub(crate) async fn quiet(&self) {
        self.shared.under_way.subscribe().wait_for(|n| *n == 0).await.unwrap();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.unwrap();
                let shared = Arc::clone(&shared);
                // A peer that goes away is what happens here all the time.
                connections.spawn(async move { drop(shared.connection(stream).await) });
            }
            Some(ended) = connections.join_next() => ended.unwrap(),
        }
    }
}

impl Shared {
    fn choose(&self) -> Option<Fault> {
        if !self.rages.load(Ordering::Relaxed) {
            return None;
        }
        Fault::choose(&mut self.dice.lock().unwrap())
    }

    fn note(&self, fault: Fault) {
        *self.faults.lock().unwrap().entry(fault).or_default() += 1;
    }

    async fn connection(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut fault = self.choose();
        if fault == Some(Fault::Refuse) {
            self.note(Fault::Refuse);
            return Ok(());
        }
        let Some(request) = Request::read(&mut stream).await else { return Ok(()) };
        if request.body_len > LARGEST_BODY && self.limits.load(Ordering::Relaxed) {
            fault = Some(Fault::TooLarge);
        }
        if let Some(fault) = fault {
            self.note(fault);
        }
        self.treat(request, fault, &mut stream).await
    }

    async fn treat(&self, request: Request, fault: Option<Fault>, stream: &mut TcpStream) -> io::Result<()> {
        match fault {
            None => stream.write_all(&self.pass_on(&request.bytes).await?).await,
            Some(Fault::Refuse) => Ok(()),
            Some(Fault::Hang) => {
                hang(stream).await;
                Ok(())
            }
            Some(Fault::Throttle) => {
                let again = self.dice.lock().unwrap().below(4);
                let header = if again < 2 { format!("Retry-After: {again}\r\n") } else { String::new() };
                refuse(stream, "429 Too Many Requests", &header).await
            }
            Some(Fault::Answer500) => refuse(stream, "500 Internal Server Error", "").await,
            Some(Fault::Answer503) => refuse(stream, "503 Service Unavailable", "").await,
            Some(Fault::TooLarge) => refuse(stream, "413 Content Too Large", "").await,
            Some(Fault::CutRequest) => self.pass_on_half(&request.bytes).await,
            Some(Fault::CutAnswer) => {
                let answer = self.pass_on(&request.bytes).await?;
                stream.write_all(&answer[..answer.len() / 2]).await
            }
            Some(Fault::DropAnswer) => self.pass_on(&request.bytes).await.map(drop),
            Some(Fault::ActAndFail) => {
                self.pass_on(&request.bytes).await?;
                refuse(stream, "502 Bad Gateway", "").await
            }
            Some(Fault::ActAndHang) => {
                self.pass_on(&request.bytes).await?;
                hang(stream).await;
                Ok(())
            }
        }
    }

    async fn pass_on_half(&self, request: &[u8]) -> io::Result<()> {
        let mut peer = TcpStream::connect(self.destination).await?;
        peer.write_all(&request[..request.len() / 2]).await
    }

    /// Sends a whole request; the whole answer.
    async fn pass_on(&self, request: &[u8]) -> io::Result<Vec<u8>> {
        let _under_way = UnderWay::begin(&self.under_way);
        let mut peer = TcpStream::connect(self.destination).await?;
        peer.write_all(request).await?;
        let mut answer = Vec::new();
        peer.read_to_end(&mut answer).await?;
        Ok(answer)
    }
}

/// Counts as long as it lives.
struct UnderWay<'a>(&'a watch::Sender<usize>);

impl<'a> UnderWay<'a> {
    fn begin(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|n| *n += 1);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}

/// Until the peer goes away, or longer than it waits.
async fn hang(stream: &mut TcpStream) {
    timeout(HANG, stream.read_u8()).await.map(drop).unwrap_or_default();
}

async fn refuse(stream: &mut TcpStream, status: &str, header: &str) -> io::Result<()> {
    let answer = format!("HTTP/1.1 {status}\r\n{header}Content-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await
}
