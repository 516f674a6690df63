#!/bin/bash
# setup_others.sh [FOLDER]: Helix and Emacs of Debian's suite trixie as FOLDER/helix/hx and
# FOLDER/emacs/emacs, where they are not there.
set -euo pipefail
source "$(dirname "$0")/debian.sh"

set_up_helix() {
  local folder=$1
  use_suite "$folder" trixie
  unpack_all "$folder" hx
  bind_libraries "$folder" usr/lib/hx/hx
  tidy "$folder"
  cat > "$folder/hx" <<RUN
#!/bin/sh
export HELIX_RUNTIME=$folder/root/usr/lib/hx/runtime
exec $folder/root/usr/lib/hx/hx "\$@"
RUN
  chmod +x "$folder/hx"
  "$folder/hx" --version
}

set_up_emacs() {
  local folder=$1 shared programs
  use_suite "$folder" trixie
  unpack_all "$folder" emacs-nox
  bind_libraries "$folder" usr/bin/emacs-nox
  tidy "$folder"
  shared=$(echo "$folder"/root/usr/share/emacs/[0-9]*)
  programs=$(echo "$folder"/root/usr/libexec/emacs/[0-9]*/*)
  cat > "$folder/emacs" <<RUN
#!/bin/sh
export EMACSDATA=$shared/etc EMACSDOC=$shared/etc EMACSPATH=$programs
export EMACSLOADPATH=$(find "$shared/lisp" -type d | paste --serial --delimiters=:)
exec $folder/root/usr/bin/emacs-nox --dump-file=$(echo "$programs"/*.pdmp) "\$@"
RUN
  chmod +x "$folder/emacs"
  "$folder/emacs" --version | head -n 1
}

editors=$(realpath -m "${1:-$(editors_folder)}")
[ -x "$editors/helix/hx" ] || set_up_helix "$editors/helix"
[ -x "$editors/emacs/emacs" ] || set_up_emacs "$editors/emacs"
