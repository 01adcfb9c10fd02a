//! DICOM over TLS with mutual authentication (PS3.15 §B.12, BCP 195): TLS 1.2 and 1.3, both sides show a certificate of the
//! private authority, and the client's certificate must be one of the peer's.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig,
    SignatureScheme, SupportedProtocolVersion,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use yigong_base::config::DicomConfig;
use yigong_base::digest::sha256_hex;
use yigong_base::fault::{Fault, Result};

use super::door::Connection;

/// From the connection to the end of the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// After a failed handshake: time for the client to read the alert.
const LINGER: Duration = Duration::from_secs(2);
const VERSIONS: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

/// What the accepting side of the TLS port needs.
#[derive(Clone)]
pub struct TlsDoor(TlsAcceptor);

/// What calling a peer by TLS needs: our certificate, the authorities, and the hashes of the peer's certificates.
#[derive(Clone)]
pub struct TlsCall(TlsConnector);

impl std::fmt::Debug for TlsCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsCall")
    }
}

/// The door of the configured certificate, key and authorities.
///
/// # Errors
/// Names the configuration key whose file does not serve.
pub fn door(config: &DicomConfig) -> Result<TlsDoor> {
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(config)?), provider())
        .build()
        .map_err(|e| Fault::invalid("dicom.tls_ca", e.to_string()))?;
    let server = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)
        .map_err(|e| Fault::internal(format!("tls versions: {e}")))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain(config)?, key(config)?)
        .map_err(|e| Fault::invalid("dicom.tls_certificate", e.to_string()))?;
    Ok(TlsDoor(TlsAcceptor::from(Arc::new(server))))
}

/// A connector for a peer whose certificates have these SHA-256 hashes. The name in the certificate is not looked at
/// (addresses of a clinic's network have none): the hash says more.
///
/// # Errors
/// As [`door`].
pub fn call(config: &DicomConfig, hashes: Vec<String>) -> Result<TlsCall> {
    let chained = WebPkiServerVerifier::builder_with_provider(Arc::new(roots(config)?), provider())
        .build()
        .map_err(|e| Fault::invalid("dicom.tls_ca", e.to_string()))?;
    let client = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)
        .map_err(|e| Fault::internal(format!("tls versions: {e}")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Known { chained, hashes }))
        .with_client_auth_cert(chain(config)?, key(config)?)
        .map_err(|e| Fault::invalid("dicom.tls_certificate", e.to_string()))?;
    Ok(TlsCall(TlsConnector::from(Arc::new(client))))
}

impl TlsDoor {
    /// Shakes hands. A client without a certificate gets an alert; one that speaks plainly is closed.
    ///
    /// # Errors
    /// Why there is no line; the connection is closed by then.
    pub(super) async fn open(&self, stream: TcpStream) -> std::result::Result<Connection, String> {
        match timeout(HANDSHAKE, self.0.accept(stream).into_fallible()).await {
            Ok(Ok(stream)) => {
                let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let certificate = shown.map(|c| sha256_hex(c));
                if certificate.is_none() {
                    return Err("tls: no certificate".into());
                }
                let (read, out) = tokio::io::split(stream);
                Ok(Connection { read: Box::new(read), out: Box::new(out), certificate })
            }
            Ok(Err((error, mut stream))) => {
                // The alert was written; bytes still unread would turn our close into a reset and lose it.
                if stream.shutdown().await.is_ok() {
                    let _ = timeout(LINGER, drain(&mut stream)).await;
                }
                Err(format!("tls: {error}"))
            }
            Err(_) => Err("tls: no handshake in time".into()),
        }
    }
}

impl TlsCall {
    /// Shakes hands as the client.
    ///
    /// # Errors
    /// What the handshake failed on.
    pub(super) async fn open(&self, stream: TcpStream) -> std::result::Result<Connection, String> {
        let address = stream.peer_addr().map_err(|e| format!("tls: {e}"))?.ip();
        let shaken = timeout(HANDSHAKE, self.0.connect(ServerName::from(address), stream)).await;
        let stream = shaken.map_err(|_| "tls: no handshake in time")?.map_err(|e| format!("tls: {e}"))?;
        let (read, out) = tokio::io::split(stream);
        Ok(Connection { read: Box::new(read), out: Box::new(out), certificate: None })
    }
}

async fn drain(stream: &mut TcpStream) {
    let mut room = [0_u8; 4096];
    while matches!(stream.read(&mut room).await, Ok(n) if n > 0) {}
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn roots(config: &DicomConfig) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for authority in certificates("dicom.tls_ca", &config.tls_ca)? {
        roots.add(authority).map_err(|e| Fault::invalid("dicom.tls_ca", e.to_string()))?;
    }
    Ok(roots)
}

fn chain(config: &DicomConfig) -> Result<Vec<CertificateDer<'static>>> {
    certificates("dicom.tls_certificate", &config.tls_certificate)
}

fn key(config: &DicomConfig) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_file(&config.tls_key)
        .map_err(|e| Fault::invalid("dicom.tls_key", format!("{}: {e}", config.tls_key)))
}

/// The certificates of a PEM file; none is an error that names the configuration key.
pub(crate) fn certificates(what: &str, file: &str) -> Result<Vec<CertificateDer<'static>>> {
    let wrong = |e: String| Fault::invalid(what, format!("{file}: {e}"));
    let read = CertificateDer::pem_file_iter(file).map_err(|e| wrong(e.to_string()))?;
    let all = read.collect::<std::result::Result<Vec<_>, _>>().map_err(|e| wrong(e.to_string()))?;
    if all.is_empty() { Err(wrong("no certificate in it".into())) } else { Ok(all) }
}

/// Takes a server certificate of the authority whose hash is one of the peer's.
#[derive(Debug)]
struct Known {
    chained: Arc<WebPkiServerVerifier>,
    hashes: Vec<String>,
}

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, Error> {
        let chain =
            self.chained.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match chain {
            Ok(_)
            | Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => {}
            Err(error) => return Err(error),
        }
        let hash = sha256_hex(end_entity);
        if self.hashes.iter().any(|h| h.eq_ignore_ascii_case(&hash)) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        self.chained.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        self.chained.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chained.supported_verify_schemes()
    }
}
