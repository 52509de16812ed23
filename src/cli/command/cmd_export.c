/* cmd_export.c: voxgan export. */
#include "base/names.h"
#include "cli/cli.h"
#include "voxgan/run.h"

static const char *to, *out;
static bool overwrite;

static const cli_option options[] = {
    {"to", CLI_TEXT, &to, "torchscript|onnx", "torchscript, which PyTorch runs, or onnx", true},
    {"out", CLI_TEXT, &out, "FILE", "file to write", true},
    {"overwrite", CLI_FLAG, &overwrite, NULL, "replace an existing file", false},
    {NULL, CLI_FLAG, NULL, NULL, NULL, false},
};

static const char *format_at(const void *list, size_t i) {
  (void)list;
  return vg_export_format_name((int)i);
}

static vg_status run(char **args, int n_args) {
  (void)n_args;
  const int format = vg_names_find(VG_NAMES_BY(format_at, NULL), to);
  if (format < 0) return vg_fail(VG_USAGE, "--to is \"%s\", but must be torchscript or onnx", to);
  const vg_export_options o = {args[0], out, (vg_export_format)format, overwrite};
  const vg_torch_module *torch;
  vg_status st = vg_torch_open(&torch);
  return st ? st : torch->export_model(&o);
}

const cli_command vg_cli_cmd_export = {
    .name = "export",
    .arguments = "MODEL",
    .summary = "write a model as TorchScript or ONNX, for programs without voxgan",
    .details = "The file holds the network with its weights. It takes class fractions (N, C, D, H, W), or\n"
               "images from -1 to 1, of any extent, and gives images from -1 to 1, or class fractions. A\n"
               "model with net.noise or net.style takes these as further inputs. The file also lists the\n"
               "classes, series and ranges of the model. docs/guide/pytorch.md has a program that uses it.\n"
               "\n"
               "examples:\n"
               "  voxgan export runs/a --to torchscript --out a.pt\n"
               "  voxgan export runs/a --to onnx --out a.onnx\n",
    .options = options,
    .least_args = 1,
    .most_args = 1,
    .writes = "out",
    .run = run,
};
