//! The real nginx and the real Caddy, with the files of `docs/proxies`, and a browser's end of TLS.

use crate::{program::Home, support::http::Browser};
use std::{
    fs::{self, File},
    net::{IpAddr, SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tokio::{io::copy_bidirectional, net::TcpSocket, task::JoinHandle};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

pub const NAME: &str = "sign-in.example.org";

const NGINX_CONF: &str = include_str!("../../../docs/proxies/nginx.conf");
const CADDYFILE: &str = include_str!("../../../docs/proxies/Caddyfile");

/// Anything that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nginx,
    Caddy,
}

pub const BOTH: [Kind; 2] = [Kind::Nginx, Kind::Caddy];

/// A change of the documented file: a text in it, and its replacement.
pub type Change<'a> = (&'a str, &'a str);

impl Kind {
    /// The documented file, with only our addresses and certificate changed.
    fn file(self, folder: &Path, port: u16, upstream: SocketAddr, changes: &[Change]) -> String {
        let (listen, listen_v6) = (
            format!("listen 127.0.0.1:{port} "),
            format!("listen [::1]:{port} "),
        );
        let site = format!("https://{NAME}:{port} {{\n\tbind 127.0.0.1 [::1]");
        let upstream = upstream.to_string();
        let key = folder.join("key.pem").display().to_string();
        let certificate = folder.join("certificate.pem").display().to_string();
        let common = [
            ("127.0.0.1:3000", upstream.as_str()),
            ("/etc/ssl/sign-in.example.org.pem", &certificate),
            ("/etc/ssl/private/sign-in.example.org.key", &key),
        ];
        let (text, own) = match self {
            Self::Nginx => (
                NGINX_CONF,
                vec![
                    ("listen 443 ", listen.as_str()),
                    ("listen [::]:443 ", &listen_v6),
                ],
            ),
            Self::Caddy => (CADDYFILE, vec![("sign-in.example.org {", site.as_str())]),
        };
        let all = changes.iter().chain(&common).chain(&own);
        all.fold(text.to_owned(), |text, (before, after)| {
            assert!(text.contains(before), "{before:?} is missing in {text}");
            text.replace(before, after)
        })
    }

    /// The main configuration around the documented file, as on a machine that runs the proxy as a
    /// service. Here everything is in a folder of its own, with no other port, and in one process
    /// that ends on a signal.
    fn whole(self, folder: &Path, file: &str) -> String {
        let folder = folder.display();
        match self {
            Self::Nginx => {
                let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                    .map(|name| format!("{name}_temp_path {folder}/{name};\n"))
                    .concat();
                format!(
                    "daemon off;\nmaster_process off;\nerror_log stderr;\npid {folder}/nginx.pid;\n\
                     events {{}}\nhttp {{\naccess_log off;\n{temporary}{file}}}\n"
                )
            }
            Self::Caddy => {
                format!("{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n{file}")
            }
        }
    }

    fn command(self, folder: &Path) -> Command {
        let file = folder.join("proxy.conf");
        let mut command = match self {
            Self::Nginx => Command::new(program("TEST_NGINX")),
            Self::Caddy => Command::new(program("TEST_CADDY")),
        };
        match self {
            Self::Nginx => command
                .arg("-p")
                .arg(folder)
                .arg("-e")
                .arg("stderr")
                .arg("-c")
                .arg(file),
            Self::Caddy => command
                .args(["run", "--adapter", "caddyfile", "--config"])
                .arg(file),
        };
        // Caddy keeps its state in the home folder.
        command.env_clear().env("HOME", folder);
        command
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it names the programs for the tests"
)]
fn program(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "the tests behind proxies need {variable}: run `tools/with-proxies cargo test --features ssr`, \
             or set it to the path of the program"
        )
    })
}

/// A running proxy. It is killed when it is dropped.
pub struct Front {
    child: Child,
    port: u16,
    tls: TlsConnector,
    tunnels: Vec<JoinHandle<()>>,
}

impl Front {
    pub fn start(
        kind: Kind,
        home: &Home,
        port: u16,
        upstream: SocketAddr,
        changes: &[Change],
    ) -> Self {
        let folder = home.folder.join(format!("{kind:?}"));
        fs::create_dir_all(&folder).unwrap();
        make_certificate(&folder);
        let file = kind.file(&folder, port, upstream, changes);
        fs::write(folder.join("proxy.conf"), kind.whole(&folder, &file)).unwrap();
        let log = File::create(folder.join("log")).unwrap();
        let child = kind
            .command(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut front = Self {
            child,
            port,
            tls: trusting(&folder.join("certificate.pem")),
            tunnels: Vec::new(),
        };
        front.wait_until_it_listens(&folder.join("log"));
        front
    }

    fn wait_until_it_listens(&mut self, log: &Path) {
        let deadline = Instant::now() + TIMEOUT;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.child.try_wait().unwrap();
            let log_text = || fs::read_to_string(log).unwrap();
            assert!(ended.is_none(), "the proxy ended: {}", log_text());
            assert!(
                Instant::now() < deadline,
                "it does not listen: {}",
                log_text()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn origin(&self) -> String {
        origin_at(self.port)
    }

    /// An endpoint for plain HTTP to the proxy: TLS is added on the way, and the proxy sees `from`.
    pub async fn tunnel(&mut self, from: IpAddr) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tls, port) = (self.tls.clone(), self.port);
        self.tunnels.push(tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let tls = tls.clone();
                tokio::spawn(async move {
                    let far = connect(from, port).await;
                    let name = ServerName::try_from(NAME).unwrap();
                    let mut far = tls.connect(name, far).await.expect("TLS");
                    // Closed sides are what some tests are about.
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                });
            }
        }));
        address
    }

    /// The protocol that the proxy chooses if a browser offers both HTTP/2 and HTTP/1.1.
    pub async fn protocol(&self) -> Option<Vec<u8>> {
        let mut config = ClientConfig::clone(self.tls.config());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let tcp = connect([127, 0, 0, 2].into(), self.port).await;
        let name = ServerName::try_from(NAME).unwrap();
        let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp);
        let (_, tls) = tls.await.expect("TLS").into_inner();
        tls.alpn_protocol().map(<[u8]>::to_vec)
    }

    /// A browser on the machine `from`.
    pub async fn browser(&mut self, from: &str) -> Browser {
        let tunnel = self.tunnel(from.parse().unwrap()).await;
        Browser::at(tunnel, &self.origin())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        for tunnel in &self.tunnels {
            tunnel.abort();
        }
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn connect(from: IpAddr, port: u16) -> tokio::net::TcpStream {
    let (socket, to) = match from {
        IpAddr::V4(_) => (TcpSocket::new_v4(), IpAddr::from([127, 0, 0, 1])),
        IpAddr::V6(_) => (TcpSocket::new_v6(), "::1".parse().unwrap()),
    };
    let socket = socket.unwrap();
    socket
        .bind((from, 0).into())
        .expect("an address of loopback");
    socket
        .connect((to, port).into())
        .await
        .expect("the proxy listens")
}

pub fn origin_at(port: u16) -> String {
    format!("https://{NAME}:{port}")
}

/// A certificate that signs itself, for the name of the site.
pub fn make_certificate(folder: &Path) {
    let settings = format!(
        "[req]\ndistinguished_name = name\nx509_extensions = server\nprompt = no\n[name]\nCN = {NAME}\n\
         [server]\nsubjectAltName = DNS:{NAME}\nbasicConstraints = critical, CA:FALSE\n"
    );
    fs::write(folder.join("openssl.cnf"), settings).unwrap();
    let made = Command::new("openssl")
        .current_dir(folder)
        .args(
            "req -x509 -config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256".split(' '),
        )
        .args("-nodes -days 2 -keyout key.pem -out certificate.pem".split(' '))
        .output()
        .expect("openssl");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}

fn trusting(certificate: &Path) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(certificate).unwrap())
        .unwrap();
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}
