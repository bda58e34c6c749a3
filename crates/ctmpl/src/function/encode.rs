//! Other spellings of bytes: base64 and digests.

use go_base64::{Alphabet, FOR_URLS, STANDARD};
use go_template::Value;
use ring::{digest, hmac};

use super::{Entry, Result, TEXT, TWO_TEXTS, argument, md5};

pub(super) const ALL: &[Entry] = &[
    Entry::new("base64Decode", TEXT, |_, words| {
        decode("base64Decode", &STANDARD, words)
    }),
    Entry::new("base64Encode", TEXT, |_, words| {
        Ok(STANDARD.encode(bytes(words, 0)).into())
    }),
    Entry::new("base64URLDecode", TEXT, |_, words| {
        decode("base64URLDecode", &FOR_URLS, words)
    }),
    Entry::new("base64URLEncode", TEXT, |_, words| {
        Ok(FOR_URLS.encode(bytes(words, 0)).into())
    }),
    Entry::new("hmacSHA256Hex", TWO_TEXTS, |_, words| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, bytes(words, 1));
        Ok(hexadecimal(hmac::sign(&key, bytes(words, 0)).as_ref()).into())
    }),
    Entry::new("md5sum", TEXT, |_, words| {
        Ok(hexadecimal(&md5::digest(bytes(words, 0))).into())
    }),
    Entry::new("sha256Hex", TEXT, |_, words| {
        Ok(sha256(bytes(words, 0)).into())
    }),
];

fn bytes(words: &[Value], index: usize) -> &[u8] {
    argument(words, index).as_bytes().unwrap_or_default()
}

fn decode(function: &str, alphabet: &Alphabet, words: &[Value]) -> Result {
    let decoded = alphabet.decode(bytes(words, 0));
    let decoded =
        decoded.map_err(|at| format!("{function}: illegal base64 data at input byte {at}"))?;
    Ok(decoded.into())
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
