//! CMS `SignedData` over a detached content (RFC 5652), with the attributes CAdES asks for (ETSI EN 319 122-1).

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedAttributes, SignedData, SignerIdentifier, SignerInfo,
    SignerInfos,
};
use der::asn1::{Any, ObjectIdentifier, OctetString, SetOfVec};
use der::{Decode, Encode, Sequence, Tag};
use time::OffsetDateTime;
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::certificate::{ecdsa, x509_time};
use super::{SignError, SignatureAlgorithm, Signer, sha256};

pub(super) const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(super) const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
pub(super) const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
pub(super) const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
pub(super) const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
pub(super) const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
pub(super) const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// `SigningCertificateV2` (RFC 5035 §3), policies left out.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(super) struct SigningCertificateV2 {
    pub(super) certs: Vec<EssCertIdV2>,
}

/// `ESSCertIDv2`: the hash algorithm is left out because SHA-256 is its default; so is the optional issuer.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(super) struct EssCertIdV2 {
    pub(super) cert_hash: OctetString,
}

/// Builds the DER of a `SignedData` whose content has the SHA-256 `digest` and is kept elsewhere.
///
/// `signing_time` is left out of PDF signatures: there the entry `/M` carries it (EN 319 142-1 §6.3).
pub(super) fn signed_data(
    digest: &[u8; 32],
    signer: &dyn Signer,
    signing_time: Option<OffsetDateTime>,
) -> Result<Vec<u8>, SignError> {
    let chain = signer.certificate_chain();
    let leaf = chain.first().ok_or_else(|| SignError::Key("no certificate".into()))?;
    let certificate = Certificate::from_der(leaf)?;
    let signed_attrs = signed_attributes(digest, leaf, signing_time)?;
    // what is signed is the SET OF encoding of the attributes, not the [0] that stands in the message (RFC 5652 §5.4)
    let signature = signer.sign(&signed_attrs.to_der()?)?;
    let signature_algorithm = match signer.algorithm() {
        SignatureAlgorithm::EcdsaP256Sha256 => ecdsa(),
    };
    let signer_info = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: certificate.tbs_certificate.issuer.clone(),
            serial_number: certificate.tbs_certificate.serial_number.clone(),
        }),
        digest_alg: sha256_algorithm(),
        signed_attrs: Some(signed_attrs),
        signature_algorithm,
        signature: OctetString::new(signature)?,
        unsigned_attrs: None,
    };
    let certificates = chain.iter().map(|c| Ok(CertificateChoices::Certificate(Certificate::from_der(c)?)));
    let message = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![sha256_algorithm()])?,
        encap_content_info: EncapsulatedContentInfo { econtent_type: DATA, econtent: None },
        certificates: Some(CertificateSet(SetOfVec::try_from(
            certificates.collect::<Result<Vec<_>, SignError>>()?,
        )?)),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![signer_info])?),
    };
    let content = Any::encode_from(&message)?;
    Ok(ContentInfo { content_type: SIGNED_DATA, content }.to_der()?)
}

fn signed_attributes(
    digest: &[u8; 32],
    leaf: &[u8],
    signing_time: Option<OffsetDateTime>,
) -> Result<SignedAttributes, SignError> {
    let certificate_id = EssCertIdV2 { cert_hash: OctetString::new(sha256(leaf))? };
    let mut attributes = vec![
        attribute(CONTENT_TYPE, Any::encode_from(&DATA)?)?,
        attribute(MESSAGE_DIGEST, Any::new(Tag::OctetString, digest.as_slice())?)?,
        attribute(
            SIGNING_CERTIFICATE_V2,
            Any::encode_from(&SigningCertificateV2 { certs: vec![certificate_id] })?,
        )?,
    ];
    if let Some(t) = signing_time {
        attributes.push(attribute(SIGNING_TIME, Any::encode_from(&x509_time(t)?)?)?);
    }
    Ok(SetOfVec::try_from(attributes)?)
}

fn attribute(oid: ObjectIdentifier, value: Any) -> Result<Attribute, SignError> {
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
}

fn sha256_algorithm() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: SHA256, parameters: None }
}
