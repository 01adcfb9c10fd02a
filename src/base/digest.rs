//! SHA-256 for what is signed, compared or kept secret; BLAKE3 for the addresses of objects (decision 0057); hex.

use sha2::{Digest, Sha256};

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 of `bytes` as 64 lower-case hex digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&sha256(bytes))
}

/// Lower-case hex of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        out.push(char::from(DIGITS[usize::from(b >> 4)]));
        out.push(char::from(DIGITS[usize::from(b & 15)]));
    }
    out
}

/// A running BLAKE3 (256 bits) for streamed bytes: the address of an object, and what tells large values apart. It is
/// fastest in pieces of 64 KiB and more.
#[derive(Clone, Default)]
pub struct Running(blake3::Hasher);

impl Running {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Adds all that is left of a reader; answers how many bytes there are now.
    ///
    /// # Errors
    /// Of the reader.
    pub fn update_reader(&mut self, reader: impl std::io::Read) -> std::io::Result<u64> {
        self.0.update_reader(reader).map(|hash| hash.count())
    }

    /// The digest as 64 hex digits.
    #[must_use]
    pub fn finish_hex(self) -> String {
        hex(self.0.finalize().as_bytes())
    }
}

/// The address of an object that is in memory.
#[must_use]
pub fn address_of(bytes: &[u8]) -> String {
    hex(blake3::hash(bytes).as_bytes())
}

/// A running SHA-256: the address that objects had before decision 0057.
#[derive(Clone, Default)]
pub struct RunningSha256(Sha256);

impl RunningSha256 {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest as 64 hex digits.
    #[must_use]
    pub fn finish_hex(self) -> String {
        let digest: [u8; 32] = self.0.finalize().into();
        hex(&digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_blake3_of_the_bytes_however_they_come() {
        // The value of the empty input stands in the test vectors of the BLAKE3 specification.
        assert_eq!(address_of(b""), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
        let all: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
        for piece in [1, 63, 1024, 65_536, 131_060] {
            let mut running = Running::default();
            all.chunks(piece).for_each(|p| running.update(p));
            assert_eq!(running.finish_hex(), address_of(&all), "pieces of {piece}");
        }
    }
}
