//! Checks a detached content signature against the certificates this centre has used.

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerInfo};
use der::asn1::{ObjectIdentifier, OctetString};
use der::{Any, Decode, Encode};
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{DerSignature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use time::OffsetDateTime;
use x509_cert::Certificate;
use x509_cert::time::Time;

use super::certificate::{ECDSA_WITH_SHA256, common_name};
use super::cms::{
    CONTENT_TYPE, DATA, MESSAGE_DIGEST, SHA256, SIGNED_DATA, SIGNING_CERTIFICATE_V2, SIGNING_TIME,
    SigningCertificateV2,
};
use super::{SignError, sha256};

/// What a valid signature says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Common name in the signer's certificate.
    pub common_name: String,
    /// SHA-256 of the signer's certificate.
    pub certificate_sha256: [u8; 32],
    /// Time of signing as the signer stated it, UTC.
    pub signed_at: Option<OffsetDateTime>,
}

/// SHA-256 of a certificate in DER, the form in which [`verify_bytes`] wants the trusted ones.
#[must_use]
pub fn certificate_fingerprint(certificate: &[u8]) -> [u8; 32] {
    sha256(certificate)
}

/// Verifies that `signature` (CMS, DER) is over exactly `content` and made with one of the `trusted` certificates
/// (fingerprints). A certificate that merely came with the signature proves nothing.
///
/// # Errors
/// [`SignError::Invalid`] names the check that failed; [`SignError::Encoding`] when it is not such a signature.
pub fn verify_bytes(content: &[u8], signature: &[u8], trusted: &[[u8; 32]]) -> Result<Verified, SignError> {
    let info = ContentInfo::from_der(signature)?;
    if info.content_type != SIGNED_DATA {
        return Err(SignError::Invalid("not signed data"));
    }
    let message: SignedData = info.content.decode_as()?;
    let [signer] = message.signer_infos.0.as_slice() else {
        return Err(SignError::Invalid("not exactly one signer"));
    };
    if signer.digest_alg.oid != SHA256 || signer.signature_algorithm.oid != ECDSA_WITH_SHA256 {
        return Err(SignError::Invalid("unknown algorithm"));
    }
    if attribute(signer, CONTENT_TYPE)?.decode_as::<ObjectIdentifier>()? != DATA {
        return Err(SignError::Invalid("content type"));
    }
    if attribute(signer, MESSAGE_DIGEST)?.decode_as::<OctetString>()?.as_bytes() != sha256(content) {
        return Err(SignError::Invalid("content was changed"));
    }
    let (certificate, fingerprint) = signer_certificate(&message, signer, trusted)?;
    let attributes = signer.signed_attrs.as_ref().ok_or(SignError::Invalid("no signed attributes"))?;
    let public_key = certificate.tbs_certificate.subject_public_key_info.to_der()?;
    let key = VerifyingKey::from_public_key_der(&public_key).map_err(|_| SignError::Invalid("public key"))?;
    let value =
        DerSignature::from_bytes(signer.signature.as_bytes()).map_err(|_| SignError::Invalid("signature"))?;
    key.verify(&attributes.to_der()?, &value).map_err(|_| SignError::Invalid("signature"))?;
    Ok(Verified {
        common_name: common_name(&certificate.tbs_certificate.subject).unwrap_or_default(),
        certificate_sha256: fingerprint,
        signed_at: signing_time(signer)?,
    })
}

/// The certificate named by the signing-certificate attribute, if it is a trusted one.
fn signer_certificate(
    message: &SignedData,
    signer: &SignerInfo,
    trusted: &[[u8; 32]],
) -> Result<(Certificate, [u8; 32]), SignError> {
    let named: SigningCertificateV2 = attribute(signer, SIGNING_CERTIFICATE_V2)?.decode_as()?;
    let hash = named.certs.first().ok_or(SignError::Invalid("no signing certificate"))?.cert_hash.as_bytes();
    for choice in message.certificates.iter().flat_map(|set| set.0.iter()) {
        let CertificateChoices::Certificate(certificate) = choice else { continue };
        let fingerprint = sha256(&certificate.to_der()?);
        if fingerprint == hash {
            let known = trusted.contains(&fingerprint);
            return if known {
                Ok((certificate.clone(), fingerprint))
            } else {
                Err(SignError::Invalid("unknown certificate"))
            };
        }
    }
    Err(SignError::Invalid("certificate is missing"))
}

fn signing_time(signer: &SignerInfo) -> Result<Option<OffsetDateTime>, SignError> {
    let Ok(value) = attribute(signer, SIGNING_TIME) else { return Ok(None) };
    let seconds = Time::from_der(&value.to_der()?)?.to_unix_duration().as_secs();
    Ok(i64::try_from(seconds).ok().and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok()))
}

/// The one value of a signed attribute.
fn attribute(signer: &SignerInfo, oid: ObjectIdentifier) -> Result<&Any, SignError> {
    let mut attributes = signer.signed_attrs.iter().flat_map(|set| set.iter());
    let found =
        attributes.find(|a| a.oid == oid).ok_or(SignError::Invalid("a signed attribute is missing"))?;
    match found.values.as_slice() {
        [value] => Ok(value),
        _ => Err(SignError::Invalid("a signed attribute has not exactly one value")),
    }
}
