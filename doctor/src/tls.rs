//! The client side of TLS.

use std::{path::Path, sync::Arc};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

/// The handshake failed: the certificate is for another name, has expired or has an unknown issuer, or the peer
/// does not speak TLS.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Untrusted(std::io::Error);

/// The trusted certificate authorities.
#[derive(Clone)]
pub struct Tls {
    http1: TlsConnector,
    /// Offers HTTP/2 first, as browsers do.
    http2: TlsConnector,
}

impl Tls {
    /// Trusts the authorities of a PEM file, or those that browsers trust.
    ///
    /// # Errors
    /// A sentence that describes what is wrong with the file.
    pub fn new(authorities: Option<&Path>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        match authorities {
            Some(file) => read(file, &mut roots)?,
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut http2 = config.clone();
        http2.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            http1: TlsConnector::from(Arc::new(config)),
            http2: TlsConnector::from(Arc::new(http2)),
        })
    }

    /// Performs the TLS handshake with `name` over a connection.
    ///
    /// # Errors
    /// [`Untrusted`], if the certificate does not prove the name.
    pub async fn connect(
        &self,
        name: &str,
        stream: TcpStream,
        http2: bool,
    ) -> Result<TlsStream<TcpStream>, Untrusted> {
        let name = ServerName::try_from(name.to_owned());
        let name = name.map_err(|error| Untrusted(std::io::Error::other(error)))?;
        let connector = if http2 { &self.http2 } else { &self.http1 };
        connector.connect(name, stream).await.map_err(Untrusted)
    }
}

fn read(file: &Path, roots: &mut RootCertStore) -> Result<(), String> {
    let shown = file.display();
    let refuse = |why: &dyn std::fmt::Display| format!("cannot use --ca {shown}: {why}");
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| refuse(&error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| refuse(&error))?;
        roots.add(certificate).map_err(|error| refuse(&error))?;
    }
    if roots.is_empty() {
        return Err(refuse(&"there is no certificate in it"));
    }
    Ok(())
}
