//! What a run needs to reach the outside: the Docker Engine, a bundle, the platform's directory; and what it wants.

use crate::home::Home;
use crate::render::Manifest;
use crate::spec::Platform;
use crate::tools::docker::Docker;
