//! A bundle: a directory with images, component manifests and a checksummed index, used instead of the network.
