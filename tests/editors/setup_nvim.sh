#!/bin/bash
# setup_nvim.sh [FOLDER [SUITE]]: Neovim as FOLDER/nvim, if it is not there. Debian's suite sid has
# the newest, which is the default, trixie has 0.10.
set -euo pipefail
source "$(dirname "$0")/debian.sh"
folder=$(realpath -m "${1:-$(editors_folder)/nvim}")
[ ! -x "$folder/nvim" ] || exit 0
use_suite "$folder" "${2:-sid}"

# Debian's package leaves out the parsers for Markdown that Neovim itself comes with.
parsers=$(apt-cache search --names-only '^tree-sitter-markdown(-inline)?-src$' | awk '{print $1}')
unpack_all "$folder" neovim
# shellcheck disable=SC2086  # a list of names, which may be empty
[ -z "$parsers" ] || unpack "$folder" $parsers
root=$folder/root
mkdir -p "$root/usr/lib/nvim/parser"
for source in "$root"/usr/src/tree-sitter/*/*/parser/src; do
  [ -d "$source" ] || continue
  language=$(basename "$(realpath "$source/../../..")")
  cc -O1 -shared -fPIC -I"$source" -o "$root/usr/lib/nvim/parser/$language.so" "$source"/*.c
done

bind_libraries "$folder" usr/bin/nvim
cat > "$folder/nvim" <<RUN
#!/bin/sh
export VIM=$root/usr/share/nvim VIMRUNTIME=$root/usr/share/nvim/runtime
exec $root/usr/bin/nvim --cmd 'set rtp+=$root/usr/lib/nvim' "\$@"
RUN
chmod +x "$folder/nvim"
tidy "$folder"
"$folder/nvim" --version | head -n 1
