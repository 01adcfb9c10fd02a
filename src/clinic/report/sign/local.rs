//! The software key of a demonstration installation: made at the first start, kept in the data folder.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use der::pem::LineEnding;
use der::{Decode, DecodePem, Encode};
use p256::SecretKey;
use p256::ecdsa::{DerSignature, SigningKey, signature::Signer as _};
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use time::OffsetDateTime;
use x509_cert::Certificate;

use super::certificate::self_signed;
use super::{SignError, SignatureAlgorithm, Signer};

const KEY_FILE: &str = "signer.key.pem";
const CERTIFICATE_FILE: &str = "signer.cert.pem";

/// P-256 key and self-signed certificate in two PEM files. Never of legal effect.
pub struct LocalSigner {
    key: SigningKey,
    chain: Vec<Vec<u8>>,
}

impl LocalSigner {
    /// Opens the key in `folder`, or makes it from `seed` (32 random bytes) when there is none yet.
    ///
    /// # Errors
    /// [`SignError::Key`] when a file cannot be read or written, when others may read the key, or when key and
    /// certificate do not belong together.
    pub fn open_or_create(folder: &Path, now: OffsetDateTime, seed: &[u8; 32]) -> Result<Self, SignError> {
        let key_path = folder.join(KEY_FILE);
        let certificate_path = folder.join(CERTIFICATE_FILE);
        if !key_path.exists() {
            let key =
                SecretKey::from_slice(seed).map_err(|_| SignError::Key("unusable random seed".into()))?;
            let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|e| SignError::Key(e.to_string()))?;
            keep(&key_path, 0o600, pem.as_bytes())?;
        }
        let key = read_key(&key_path)?;
        if !certificate_path.exists() {
            let certificate = Certificate::from_der(&self_signed(&key, now)?)?;
            let pem = der::EncodePem::to_pem(&certificate, LineEnding::LF)?;
            keep(&certificate_path, 0o644, pem.as_bytes())?;
        }
        let pem = std::fs::read(&certificate_path).map_err(|e| io(&certificate_path, &e))?;
        let certificate = Certificate::from_pem(&pem)?;
        let spki = key.verifying_key().to_public_key_der().map_err(|e| SignError::Key(e.to_string()))?;
        if certificate.tbs_certificate.subject_public_key_info.to_der()? != spki.as_bytes() {
            return Err(SignError::Key(format!("{CERTIFICATE_FILE} does not belong to {KEY_FILE}")));
        }
        Ok(Self { key, chain: vec![certificate.to_der()?] })
    }
}

impl Signer for LocalSigner {
    fn certificate_chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::EcdsaP256Sha256
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature: DerSignature =
            self.key.try_sign(message).map_err(|e| SignError::Key(e.to_string()))?;
        Ok(signature.as_bytes().to_vec())
    }

    fn is_demo(&self) -> bool {
        true
    }
}

fn read_key(path: &Path) -> Result<SigningKey, SignError> {
    let mode = std::fs::metadata(path).map_err(|e| io(path, &e))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(SignError::Key(format!(
            "{KEY_FILE} may be read by others (mode {:o}), expected 600",
            mode & 0o777
        )));
    }
    let pem = std::fs::read_to_string(path).map_err(|e| io(path, &e))?;
    let key = SecretKey::from_pkcs8_pem(&pem).map_err(|e| SignError::Key(format!("{KEY_FILE}: {e}")))?;
    Ok(SigningKey::from(key))
}

/// Writes a whole file or none: temporary name, sync, rename, sync of the folder.
fn keep(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), SignError> {
    let temporary: PathBuf = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&temporary)?;
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(|e| io(path, &e))
}

fn io(path: &Path, error: &std::io::Error) -> SignError {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    SignError::Key(format!("{name}: {error}"))
}
