# Completion scripts: bash completes from the option tables, and the scripts are valid.
. tests/cli/lib.sh

expect_ok '' "$VOXGAN" completion bash
cp "$T/stdout" "$T/bash"
expect "bash reads it" bash -n "$T/bash"
complete_line() { # WORD...: what bash offers for the last word
  bash --norc -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _voxgan; printf "%s\n" "${COMPREPLY[@]}"' - "$T/bash" "$@"
}
expect "commands" [ "$(complete_line voxgan sp)" = split ]
expect "options" [ "$(complete_line voxgan split data --sha)" = --share ]
expect "shared options" [ "$(complete_line voxgan synth m --donor-)" = --donor-layout ]
expect "common options" [ "$(complete_line voxgan list --verb)" = --verbose ]
expect "layouts" [ "$(complete_line voxgan split data --layout ad)" = adni ]
expect "formats" [ "$(complete_line voxgan edit --format nn)" = nnunet ]
expect "schemes" [ "$(complete_line voxgan inspect d --anatomy-scheme tiss)" = tissues ]
expect "every command" sh -c "'$VOXGAN' --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p' | while read -r c; do grep -q \"    \$c) words=\" '$T/bash' || exit 1; done"
expect_ok '#compdef voxgan' "$VOXGAN" completion zsh
cp "$T/stdout" "$T/zsh"
expect "every option of split" sh -c "'$VOXGAN' split --help | sed -n 's/^  --\([a-z-]*\).*/\1/p' | while read -r o; do grep -q -- \"--\$o\\[\" '$T/zsh' || exit 1; done"
if command -v zsh >/dev/null; then expect "zsh reads it" zsh -n "$T/zsh"; else echo "skipped: no zsh"; fi
expect_fail 2 'no completion for this shell' "$VOXGAN" completion fish
expect_fail 2 'too few arguments' "$VOXGAN" completion
finish
