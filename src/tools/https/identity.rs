//! Who a server is: a certificate for loopback, and the CA that clients trust for it.

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};

use crate::hash::sha256;

/// As PEM. The CA's own key is thrown away: it signs once.
#[derive(Clone, Serialize, Deserialize)]
pub struct Identity {
    /// What clients are to trust.
    pub ca: String,
    certificate: String,
    key: String,
}

impl Identity {
    /// A new one, for `127.0.0.1` and `localhost`.
    pub fn generate() -> Result<Self> {
        let key = KeyPair::generate().context("making a key")?;
        let ca_key = KeyPair::generate().context("making the CA's key")?;
        let ca_params = authority();
        let ca = ca_params
            .self_signed(&ca_key)
            .context("signing the CA's certificate")?;
        let certificate = server()?
            .signed_by(&key, &Issuer::new(ca_params, ca_key))
            .context("signing the server's certificate")?;
        Ok(Self {
            ca: ca.pem(),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    /// A token that nobody can guess.
    pub fn secret() -> Result<String> {
        let key = KeyPair::generate().context("making a token")?;
        Ok(sha256(key.serialized_der()))
    }

    pub(super) fn credentials(&self) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>)> {
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes());
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes());
        Ok((
            certificate.context("reading the server's certificate")?,
            key.context("reading the server's key")?,
        ))
    }
}

fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params
        .distinguished_name
        .push(DnType::CommonName, "bex-infra sim CA");
    params
}

fn server() -> Result<CertificateParams> {
    let names = ["127.0.0.1", "localhost"].map(str::to_owned);
    let mut params = CertificateParams::new(names).context("naming the server")?;
    params
        .distinguished_name
        .push(DnType::CommonName, "bex-infra sim");
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}
