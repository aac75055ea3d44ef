//! The Secrets of webhooks' certificates, made before cert-manager can.
//!
//! A controller's pod mounts the Secret of its Certificate, and cert-manager, which would issue it, is a pod itself that has
//! yet to start. So the Secrets are made here, such as a backup would bring them back: cert-manager takes a Secret over
//! that suits its Certificate, and renews it when it is time (its documentation, "Backup and Restore Resources"). And since
//! the CA is known before the webhooks are, they are trusted from the start.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use kube::Client;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use serde_json::{Value, json};

use crate::catalog::manifest::text;
use crate::tools::kube::Objects;

/// As long as cert-manager's own are good for by default.
const DAYS: i64 = 90;

/// Of those Certificates that sign themselves.
pub(super) struct Secrets {
    /// Those that do not exist yet.
    pub new: Vec<Value>,
    /// What their webhooks are trusted by: PEM as base64, by `NAMESPACE/NAME` of the Certificate.
    pub bundles: BTreeMap<String, String>,
    /// Whether that is all of them.
    pub complete: bool,
}

/// The Secrets of the Certificates among these objects.
pub(super) async fn secrets(client: &Client, objects: &[Value]) -> Result<Secrets> {
    let mut secrets = Secrets {
        new: Vec::new(),
        bundles: BTreeMap::new(),
        complete: true,
    };
    for certificate in objects.iter().filter(|it| it["kind"] == "Certificate") {
        if signs_itself(certificate, objects) {
            secrets.add(client, certificate).await?;
        } else {
            secrets.complete = false;
        }
    }
    Ok(secrets)
}

impl Secrets {
    async fn add(&mut self, client: &Client, certificate: &Value) -> Result<()> {
        let secrets = Objects::new(client, "v1", "Secret", namespace(certificate));
        let name = text(certificate, "/spec/secretName");
        let data = if let Some(there) = secrets.get(name).await? {
            there.data
        } else {
            let made = secret(certificate, Timestamp::now())
                .with_context(|| format!("making {}", secrets.title(name)))?;
            self.new.push(made.clone());
            made
        };
        if let Some(bundle) = data["data"]["ca.crt"].as_str() {
            let namespace = namespace(certificate).unwrap_or_default();
            let certificate = text(certificate, "/metadata/name");
            let certificate = format!("{namespace}/{certificate}");
            self.bundles.insert(certificate, bundle.to_owned());
        }
        Ok(())
    }
}

/// Whether its Issuer is one of the objects, and lets certificates sign themselves.
fn signs_itself(certificate: &Value, objects: &[Value]) -> bool {
    let issuer = |object: &&Value| {
        object["kind"] == "Issuer"
            && namespace(object) == namespace(certificate)
            && object["metadata"]["name"] == certificate["spec"]["issuerRef"]["name"]
    };
    let issuer = objects.iter().find(issuer);
    issuer.is_some_and(|issuer| issuer["spec"]["selfSigned"].is_object())
}

/// A new key, its certificate, and the annotations by which cert-manager knows what it was issued for.
fn secret(certificate: &Value, now: Timestamp) -> Result<Value> {
    let names = texts(certificate, "/spec/dnsNames");
    let key = KeyPair::generate()?;
    let pem = params(certificate, &names, now)?.self_signed(&key)?.pem();
    let encoded = |text: &str| BASE64_STANDARD.encode(text);
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {
            "name": text(certificate, "/spec/secretName"),
            "namespace": namespace(certificate),
            // cert-manager looks at no Secret without it.
            "labels": {"controller.cert-manager.io/fao": "true"},
            "annotations": {
                "cert-manager.io/certificate-name": text(certificate, "/metadata/name"),
                "cert-manager.io/issuer-name": text(certificate, "/spec/issuerRef/name"),
                "cert-manager.io/issuer-kind": "Issuer",
                "cert-manager.io/issuer-group": text(certificate, "/spec/issuerRef/group"),
                "cert-manager.io/alt-names": names.join(","),
                "cert-manager.io/common-name": "",
                "cert-manager.io/ip-sans": "",
                "cert-manager.io/uri-sans": "",
            },
        },
        "data": {
            "tls.crt": encoded(&pem),
            "tls.key": encoded(&key.serialize_pem()),
            "ca.crt": encoded(&pem),
        },
    }))
}

fn params(certificate: &Value, names: &[String], now: Timestamp) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    for organization in texts(certificate, "/spec/subject/organizations") {
        let kind = DnType::OrganizationName;
        params.distinguished_name.push(kind, organization);
    }
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
    ];
    let midnight = |date: Date| -> Result<_> {
        let (month, day) = (u8::try_from(date.month())?, u8::try_from(date.day())?);
        Ok(date_time_ymd(date.year().into(), month, day))
    };
    let today = now.to_zoned(TimeZone::UTC).date();
    params.not_before = midnight(today)?;
    params.not_after = midnight(today.checked_add(DAYS.days())?)?;
    Ok(params)
}

fn namespace(object: &Value) -> Option<&str> {
    object["metadata"]["namespace"].as_str()
}

fn texts(object: &Value, pointer: &str) -> Vec<String> {
    let values = object.pointer(pointer).and_then(Value::as_array);
    let values = values.into_iter().flatten().filter_map(Value::as_str);
    values.map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(issuer: &Value) -> [Value; 2] {
        let metadata = |name: &str| json!({"name": name, "namespace": "capd-system"});
        let issuer = json!({"kind": "Issuer", "metadata": metadata("own"), "spec": issuer});
        let spec = json!({
            "dnsNames": ["webhook.capd-system.svc", "webhook.capd-system.svc.cluster.local"],
            "issuerRef": {"kind": "Issuer", "name": "own"},
            "secretName": "serving",
            "subject": {"organizations": ["k8s-sig-cluster-lifecycle"]},
        });
        let certificate =
            json!({"kind": "Certificate", "metadata": metadata("serving-cert"), "spec": spec});
        [issuer, certificate]
    }

    #[test]
    fn only_certificates_of_an_issuer_that_lets_them_sign_themselves_can_be_made_here() {
        let [issuer, certificate] = objects(&json!({"selfSigned": {}}));
        assert!(signs_itself(&certificate, &[issuer]));
        let [issuer, certificate] = objects(&json!({"ca": {"secretName": "root"}}));
        assert!(!signs_itself(&certificate, &[issuer]));
        assert!(!signs_itself(&certificate, &[]));
    }

    #[test]
    fn a_secret_says_what_it_was_issued_for_and_trusts_itself() -> Result<()> {
        let [_, certificate] = objects(&json!({"selfSigned": {}}));
        let secret = secret(&certificate, "2026-11-21T21:17:48Z".parse()?)?;
        assert_eq!(secret["metadata"]["name"], "serving");
        let annotations = &secret["metadata"]["annotations"];
        assert_eq!(
            annotations["cert-manager.io/certificate-name"],
            "serving-cert"
        );
        assert_eq!(annotations["cert-manager.io/issuer-name"], "own");
        assert_eq!(
            annotations["cert-manager.io/alt-names"],
            "webhook.capd-system.svc,webhook.capd-system.svc.cluster.local"
        );
        assert_eq!(secret["data"]["ca.crt"], secret["data"]["tls.crt"]);
        assert_ne!(secret["data"]["tls.key"], secret["data"]["tls.crt"]);
        Ok(())
    }

    #[test]
    fn a_certificate_is_good_from_this_day_on_for_as_long_as_cert_managers_own() -> Result<()> {
        let [_, certificate] = objects(&json!({"selfSigned": {}}));
        let params = params(&certificate, &[], "2026-11-21T21:17:48Z".parse()?)?;
        assert_eq!(params.not_before, date_time_ymd(2026, 11, 21));
        assert_eq!(params.not_after, date_time_ymd(2027, 2, 19));
        Ok(())
    }
}
