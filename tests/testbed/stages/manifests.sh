# The manifests, as upstream publishes them with a release, and the catalogue that lists them.
# shellcheck shell=bash disable=SC2154  # lib.sh and versions.sh are sourced before

# module PATH VERSION  prints the directory Go keeps a module in; it is read-only.
module() { go mod download -json "$1@$2" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p'; }

# cert-manager's chart is a template of a chart: what its release tooling fills in is filled in here.
stage_cert_manager_manifest() {
  local deploy chart=$1/chart
  deploy=$(module github.com/cert-manager/cert-manager "$CERT_MANAGER_VERSION")/deploy
  cp -r --no-preserve=mode "$deploy/charts/cert-manager" "$chart"
  sed -e '/^annotations:/,$d' -e "s/v0.1.0/$CERT_MANAGER_VERSION/" "$chart/Chart.template.yaml" >"$chart/Chart.yaml"
  {
    echo '{{- if .Values.installCRDs }}'
    for crd in "$deploy"/crds/*.yaml; do
      echo '---'
      sed 's/# Generated labels {{-/{{-/' "$crd"
    done
    echo '{{- end }}'
  } >"$chart/templates/crds.yaml"
  cp "$deploy/manifests/namespace.yaml" "$1/cert-manager.yaml"
  "$bin/helm" template cert-manager "$chart" --namespace cert-manager --kube-version "$KUBERNETES_VERSION" \
    --set installCRDs=true,creator=static,startupapicheck.enabled=false >>"$1/cert-manager.yaml"
  rm -r "$chart"
}

# provider OUT MODULE FOLDER FILE IMAGE  builds one provider's manifest the way upstream's release target does.
# The ${VARIABLE:=default} in it stay: whoever installs the provider fills them in.
provider() {
  local out=$1 source work
  source=$(module "$2" "$CLUSTER_API_VERSION")/$3
  work=$(mktemp -d)
  cp -r --no-preserve=mode "$source/config" "$work/"
  sed -i "s,image: .*,image: $5:$CLUSTER_API_VERSION," "$work/config/default/manager_image_patch.yaml"
  sed -i 's/imagePullPolicy: .*/imagePullPolicy: IfNotPresent/' "$work/config/default/manager_pull_policy.yaml"
  mkdir -p "$out"
  "$bin/kubectl" kustomize "$work/config/default" >"$out/$4"
  cp --no-preserve=mode "$(module sigs.k8s.io/cluster-api "$CLUSTER_API_VERSION")/metadata.yaml" "$out/"
  rm -r "$work"
}

stage_provider_manifests() {
  local module=sigs.k8s.io/cluster-api registry=registry.k8s.io/cluster-api
  provider "$1/cluster-api" $module . core-components.yaml $registry/cluster-api-controller
  provider "$1/bootstrap-kubeadm" $module bootstrap/kubeadm bootstrap-components.yaml \
    $registry/kubeadm-bootstrap-controller
  provider "$1/control-plane-kubeadm" $module controlplane/kubeadm control-plane-components.yaml \
    $registry/kubeadm-control-plane-controller
  provider "$1/infrastructure-docker" $module/test infrastructure/docker infrastructure-components-development.yaml \
    gcr.io/k8s-staging-cluster-api/capd-manager
}

# component NAME VERSION FILE [METADATA]  prints the catalogue's entry for a component.
component() {
  local folder=./$1/$2
  echo "  - name: $1"
  echo "    version: $2"
  echo "    manifest: $folder/$3"
  if [ $# -gt 3 ]; then echo "    metadata: $folder/$4"; fi
  echo "    sha256: $(sha256sum <"$upstream/$folder/$3" | cut -d' ' -f1)"
}

catalog() {
  cat <<EOF
kubernetes: $KUBERNETES_VERSION
images:
  node: $NODE_IMAGE
  loadBalancer: $HAPROXY_IMAGE
  smoke: $ECHO_IMAGE
components:
EOF
  component cert-manager "$CERT_MANAGER_VERSION" cert-manager.yaml
  component cluster-api "$CLUSTER_API_VERSION" core-components.yaml metadata.yaml
  component bootstrap-kubeadm "$CLUSTER_API_VERSION" bootstrap-components.yaml metadata.yaml
  component control-plane-kubeadm "$CLUSTER_API_VERSION" control-plane-components.yaml metadata.yaml
  component infrastructure-docker "$CLUSTER_API_VERSION" infrastructure-components-development.yaml metadata.yaml
}

# publish STAGE-DIRECTORY NAME VERSION  puts a component's files where the catalogue says they are.
publish() {
  mkdir -p "$upstream/$2/$3"
  cp "$1"/*.yaml "$upstream/$2/$3/"
}

build_manifests() {
  local stages=$cache/stages name
  stage cert-manager-manifest "$(declare -f module stage_cert_manager_manifest)" "$CERT_MANAGER_VERSION" \
    "$KUBERNETES_VERSION" "$HELM_VERSION"
  stage provider-manifests "$(declare -f module provider stage_provider_manifests)" "$CLUSTER_API_VERSION" \
    "$KUBERNETES_VERSION"
  publish "$stages/cert-manager-manifest" cert-manager "$CERT_MANAGER_VERSION"
  for name in cluster-api bootstrap-kubeadm control-plane-kubeadm infrastructure-docker; do
    publish "$stages/provider-manifests/$name" "$name" "$CLUSTER_API_VERSION"
  done
  catalog >"$upstream/catalog.yaml.new"
  mv "$upstream/catalog.yaml.new" "$upstream/catalog.yaml"
}
