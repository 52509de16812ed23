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
expect "the formats of colours are others" [ "$(complete_line voxgan colours d --format it)" = itksnap ]
expect "words that help names" [ "$(complete_line voxgan export m --to on)" = onnx ]
expect "settings" [ "$(complete_line voxgan train --set data.spac)" = data.spacing= ]
expect "several names" [ "$(complete_line voxgan eval --suite image,boun)" = image,boundary ]
expect "a value behind =" [ "$(complete_line voxgan split d --layout = ad)" = adni ]
expect "nothing behind = yet" [ "$(complete_line voxgan export m --to =)" = "torchscript
onnx" ]
expect "registries" [ "$(complete_line voxgan list lay)" = layouts ]
expect "shells" [ "$(complete_line voxgan completion z)" = zsh ]
expect "help" [ "$(complete_line voxgan help spl)" = split ]
expect "configs that are there" [ "$(PATH=$(dirname "$VOXGAN"):$PATH complete_line voxgan train quickst)" = quickstart ]
expect "a path is left to the shell" [ -z "$(complete_line voxgan train --data x)" ]
expect "every command" sh -c "'$VOXGAN' --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p' | while read -r c; do grep -q \"    \$c) words=\" '$T/bash' || exit 1; done"
expect_ok '#compdef voxgan' "$VOXGAN" completion zsh
cp "$T/stdout" "$T/zsh"
expect "every option of split" sh -c "'$VOXGAN' split --help | sed -n 's/^  --\([a-z-]*\).*/\1/p' | while read -r o; do grep -q -- \"--\$o=\\{0,1\\}\\[\" '$T/zsh' || exit 1; done"
expect "zsh: a value in the same word or the next" grep -q "'--to=\[.*:(.*torchscript onnx)'" "$T/zsh"
expect "zsh: several names" grep -q "'--suite=\[.*:_values -s , name image" "$T/zsh"
expect "zsh: settings" grep -q "'\*--set=\[.*:compadd -S \"\" -- data.series=" "$T/zsh"
if command -v zsh >/dev/null; then expect "zsh reads it" zsh -n "$T/zsh"; else echo "skipped: no zsh"; fi
expect_fail 2 'no completion for this shell' "$VOXGAN" completion fish
expect_fail 2 'too few arguments' "$VOXGAN" completion
finish
