//! Signs report versions: the PDF (PAdES B-B, ETSI EN 319 142-1) and the canonical content of the version (CMS, RFC 5652).
//!
//! A [`Signer`] is a key and its certificate. The software key of [`LocalSigner`] is for demonstration only: by the
//! Electronic Signature Law of China (电子签名法 §13) only a certified signing service makes a signature legally reliable.

mod canonical;
mod certificate;
mod cms;
mod local;
mod pdf;
mod pdf_objects;
mod verify;

#[cfg(test)]
mod tests;

use std::fmt;

use time::OffsetDateTime;

pub use canonical::canonical_json;
pub use local::LocalSigner;
pub use pdf::sign_pdf;
pub use verify::{Verified, certificate_fingerprint, verify_bytes};

/// How a signer's signatures are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 with SHA-256; the signature is the DER `ECDSA-Sig-Value` (RFC 5480).
    EcdsaP256Sha256,
}

/// A key that signs: the local software key, or a token or service of a certificate authority.
pub trait Signer: Send + Sync {
    /// Certificates, DER, the signer's own first.
    fn certificate_chain(&self) -> &[Vec<u8>];

    /// How [`Signer::sign`] signs.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// Signs `message`; the digest is part of the algorithm.
    ///
    /// # Errors
    /// [`SignError::Key`] when the key is not available or refuses.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;

    /// True when the key has no legal effect; every report signed with it says so.
    fn is_demo(&self) -> bool;
}

/// Who signs, why and when: shown by PDF readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInfo {
    /// Name of the person on whose act the signature is made.
    pub name: String,
    /// Reason as shown, for example `审核签发`.
    pub reason: String,
    /// Time of signing, with the offset it is shown in.
    pub time: OffsetDateTime,
}

/// Detached signature over the content of a report version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentSignature {
    /// SHA-256 of the content, lower-case hexadecimal.
    pub sha256: String,
    /// CMS `SignedData`, DER, without the content.
    pub cms: Vec<u8>,
}

/// Why something could not be signed or verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignError {
    /// The key file or token could not be used.
    Key(String),
    /// A certificate or signature could not be encoded or decoded.
    Encoding(String),
    /// The PDF is not one this program writes.
    Pdf(&'static str),
    /// The signature does not belong to this content, or not to a trusted certificate.
    Invalid(&'static str),
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(why) => write!(f, "signing key: {why}"),
            Self::Encoding(why) => write!(f, "signature encoding: {why}"),
            Self::Pdf(why) => write!(f, "pdf cannot be signed: {why}"),
            Self::Invalid(why) => write!(f, "signature is not valid: {why}"),
        }
    }
}

impl std::error::Error for SignError {}

impl From<der::Error> for SignError {
    fn from(error: der::Error) -> Self {
        Self::Encoding(error.to_string())
    }
}

/// Signs `content` (normally [`canonical_json`] of the version) with the time of `info` inside the signature.
///
/// # Errors
/// See [`SignError`].
pub fn sign_bytes(
    content: &[u8],
    signer: &dyn Signer,
    info: &SignInfo,
) -> Result<ContentSignature, SignError> {
    let digest = sha256(content);
    let cms = cms::signed_data(&digest, signer, Some(info.time))?;
    Ok(ContentSignature { sha256: hex(&digest), cms })
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
