//! The browser's end of TLS.

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

/// Whose certificates are believed.
#[derive(Clone)]
pub struct Tls(TlsConnector);

impl Tls {
    /// Believes the authorities in a PEM file, or else those that browsers believe.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the file.
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
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Shakes hands with `name` over a connection.
    ///
    /// # Errors
    /// Where the certificate is not that of `name`, has expired, or comes from nobody believed.
    pub async fn connect(
        &self,
        name: &str,
        stream: TcpStream,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(name.to_owned()).map_err(std::io::Error::other)?;
        self.0.connect(name, stream).await
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
