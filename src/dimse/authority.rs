//! Making certificates for DICOM over TLS: a private authority and what it signs (PS3.15 §B.12). ECDSA on P-256, which every
//! TLS 1.2 stack of the last decade speaks.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use time::{Duration, OffsetDateTime};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use yigong_base::digest::sha256_hex;
use yigong_base::fault::{Fault, Result};

/// An authority is valid for this long.
const AUTHORITY_DAYS: i64 = 3_650;
/// Clocks of devices are behind by up to this much.
const SKEW_DAYS: i64 = 1;

/// A certificate and its private key, PEM.
#[derive(Clone)]
pub struct Pair {
    /// Certificate.
    pub certificate: String,
    /// Private key, PKCS #8.
    pub key: String,
}

/// For whom a certificate is made.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Common name.
    pub name: String,
    /// Host names and addresses.
    pub hosts: Vec<String>,
    /// Serves as well as calls.
    pub server: bool,
}

/// A certificate that was signed.
#[derive(Clone)]
pub struct Issued {
    /// The certificate and its key.
    pub pair: Pair,
    /// SHA-256 of the certificate, by which a peer is known.
    pub sha256: String,
    /// End of its validity, ms.
    pub not_after: i64,
}

/// Makes an authority.
///
/// # Errors
/// `Internal` when no key can be made.
pub fn make(name: &str, now_ms: i64) -> Result<Pair> {
    let key = KeyPair::generate().map_err(failed)?;
    let mut params = params(name, &[], now_ms, AUTHORITY_DAYS)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
}

/// Signs a certificate for a subject with a new key.
///
/// # Errors
/// `Invalid` for an authority that cannot be read or a host that is no name.
pub fn issue(authority: &Pair, subject: &Subject, now_ms: i64, days: i64) -> Result<Issued> {
    let wrong = |e: String| Fault::invalid("authority", e);
    let signer = KeyPair::from_pem(&authority.key).map_err(|e| wrong(e.to_string()))?;
    let mut own = params(&name_of(&authority.certificate)?, &[], now_ms, AUTHORITY_DAYS)?;
    own.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    own.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let issuer = Issuer::new(own, signer);
    let key = KeyPair::generate().map_err(failed)?;
    let mut params = params(&subject.name, &subject.hosts, now_ms, days)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // Every node calls back: reports of storage commitment, answers to C-MOVE.
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&key, &issuer).map_err(failed)?;
    Ok(Issued {
        sha256: sha256_hex(certificate.der()),
        not_after: now_ms + days * yigong_base::clock::DAY_MS,
        pair: Pair { certificate: certificate.pem(), key: key.serialize_pem() },
    })
}

/// End of a certificate's validity, ms since 1970.
///
/// # Errors
/// `Invalid` when it is no certificate.
pub fn not_after(der: &[u8]) -> Result<i64> {
    let read = Certificate::from_der(der).map_err(|e| Fault::invalid("certificate", e.to_string()))?;
    let end = read.tbs_certificate.validity.not_after.to_unix_duration();
    Ok(i64::try_from(end.as_millis()).unwrap_or(i64::MAX))
}

fn name_of(pem: &str) -> Result<String> {
    let wrong = |e: String| Fault::invalid("authority", e);
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|e| wrong(e.to_string()))?;
    let read = Certificate::from_der(&der).map_err(|e| wrong(e.to_string()))?;
    let subject = read.tbs_certificate.subject.to_string();
    let name =
        subject.strip_prefix("CN=").ok_or_else(|| wrong("not made by `dicom-tls authority`".into()))?;
    Ok(name.replace('\\', ""))
}

fn params(name: &str, hosts: &[String], now_ms: i64, days: i64) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(hosts).map_err(|e| Fault::invalid("host", e.to_string()))?;
    let now = OffsetDateTime::from_unix_timestamp(now_ms / 1000)
        .map_err(|e| Fault::internal(format!("time: {e}")))?;
    params.not_before = now - Duration::days(SKEW_DAYS);
    params.not_after = now + Duration::days(days);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

fn failed(error: rcgen::Error) -> Fault {
    Fault::internal(format!("certificate: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_names_its_authority_and_its_end() {
        let now = 1_788_220_800_000;
        let authority = make("County, DICOM", now).expect("made");
        let subject = Subject { name: "CR01".into(), hosts: vec!["127.0.0.1".into()], server: false };
        let made = issue(&authority, &subject, now, 90).expect("issued");
        let der = CertificateDer::from_pem_slice(made.pair.certificate.as_bytes()).expect("pem");
        assert_eq!(not_after(&der).expect("read"), made.not_after);
        assert_eq!(sha256_hex(&der), made.sha256);
        let read = Certificate::from_der(&der).expect("read").tbs_certificate;
        let ca = CertificateDer::from_pem_slice(authority.certificate.as_bytes()).expect("pem");
        assert_eq!(read.issuer, Certificate::from_der(&ca).expect("read").tbs_certificate.subject);
    }
}
