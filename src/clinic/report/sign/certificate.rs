//! The self-signed certificate of the demonstration key (RFC 5280).

use der::asn1::{Any, BitString, GeneralizedTime, ObjectIdentifier, OctetString, SetOfVec, UtcTime};
use der::{DateTime, Decode, Encode, Tag};
use p256::ecdsa::{DerSignature, SigningKey, signature::Signer as _};
use p256::pkcs8::EncodePublicKey;
use time::{Duration, OffsetDateTime};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::certificate::{Certificate, TbsCertificate, Version};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, KeyUsages};
use x509_cert::ext::{AsExtension, Extension};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

use super::{SignError, sha256};

/// Says in the certificate itself what it is worth.
pub(super) const DEMO_COMMON_NAME: &str = "演示签名 DEMO signer (no legal effect)";
const ORGANISATION: &str = "Yigong 医共";
const VALID_DAYS: i64 = 3650;

pub(super) const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");

/// Makes a certificate for `key`, signed by itself, valid from a day before `now` (clocks differ) for ten years.
pub(super) fn self_signed(key: &SigningKey, now: OffsetDateTime) -> Result<Vec<u8>, SignError> {
    let spki = key.verifying_key().to_public_key_der().map_err(|e| SignError::Encoding(e.to_string()))?;
    let name = demo_name()?;
    let fingerprint = sha256(spki.as_bytes());
    let tbs_certificate = TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(&fingerprint[..16])?,
        signature: ecdsa(),
        issuer: name.clone(),
        validity: Validity {
            not_before: x509_time(now - Duration::days(1))?,
            not_after: x509_time(now + Duration::days(VALID_DAYS))?,
        },
        subject: name.clone(),
        subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(spki.as_bytes())?,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(extensions(&name)?),
    };
    let signature: DerSignature =
        key.try_sign(&tbs_certificate.to_der()?).map_err(|e| SignError::Key(e.to_string()))?;
    let certificate = Certificate {
        tbs_certificate,
        signature_algorithm: ecdsa(),
        signature: BitString::from_bytes(signature.as_bytes())?,
    };
    Ok(certificate.to_der()?)
}

/// ecdsa-with-SHA256 has no parameters (RFC 5758 §3.2).
pub(super) fn ecdsa() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: ECDSA_WITH_SHA256, parameters: None }
}

/// UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5).
pub(super) fn x509_time(t: OffsetDateTime) -> Result<Time, SignError> {
    let seconds =
        u64::try_from(t.unix_timestamp()).map_err(|_| SignError::Encoding("time before 1970".into()))?;
    let date = DateTime::from_unix_duration(core::time::Duration::from_secs(seconds))?;
    Ok(match UtcTime::from_date_time(date) {
        Ok(utc) => Time::UtcTime(utc),
        Err(_) => Time::GeneralTime(GeneralizedTime::from_date_time(date)),
    })
}

/// First common name of `name`.
pub(super) fn common_name(name: &Name) -> Option<String> {
    let mut attributes = name.0.iter().flat_map(|rdn| rdn.0.iter());
    let value = &attributes.find(|a| a.oid == COMMON_NAME)?.value;
    String::from_utf8(value.value().to_vec()).ok()
}

fn demo_name() -> Result<Name, SignError> {
    let part = |oid, text: &str| -> Result<RelativeDistinguishedName, SignError> {
        let value = Any::new(Tag::Utf8String, text.as_bytes())?;
        Ok(RelativeDistinguishedName(SetOfVec::try_from(vec![AttributeTypeAndValue { oid, value }])?))
    };
    Ok(RdnSequence(vec![part(ORGANIZATION_NAME, ORGANISATION)?, part(COMMON_NAME, DEMO_COMMON_NAME)?]))
}

fn extensions(subject: &Name) -> Result<Vec<Extension>, SignError> {
    let usage = KeyUsage(KeyUsages::DigitalSignature | KeyUsages::NonRepudiation);
    let basic = BasicConstraints { ca: false, path_len_constraint: None };
    let mut extensions = vec![usage.to_extension(subject, &[])?];
    let already = extensions.clone();
    extensions.push(basic.to_extension(subject, &already)?);
    // an octet string is what an extension value is (RFC 5280 §4.2); re-encoded to prove it before it is signed
    for extension in &extensions {
        OctetString::from_der(&extension.extn_value.to_der()?)?;
    }
    Ok(extensions)
}
