//! Component manifests: variables, labels and order of installation as clusterctl has them. Pure.
