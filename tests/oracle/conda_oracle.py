"""conda_oracle.py: rattler-build reads and renders packaging/conda/recipe.yaml, which must have the version of the headers, and
refuses it with a fault."""
import os
import re

import rattler_build as rb

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
VARIANTS = "c_compiler: [gcc]\ncxx_compiler: [gxx]\nc_stdlib: [sysroot]\nc_stdlib_version: ['2.17']\n"


def render(recipe):
    (variant,) = recipe.render(rb.VariantConfig.from_yaml(VARIANTS))
    return variant.recipe.to_dict()


def refused(text):
    try:
        render(rb.Stage0Recipe.from_yaml(text))
    except rb.RattlerBuildError:
        return True
    return False


def lint(text):
    got = render(rb.Stage0Recipe.from_yaml(text))
    with open(f"{ROOT}/include/voxgan/version.h") as f:
        version = ".".join(re.findall(r"^#define VOXGAN_VERSION_[A-Z]+ (\d+)$", f.read(), re.M))
    assert got["package"] == {"name": "voxgan", "version": version}, (got["package"], version)
    for source in got["source"][1:]:
        assert re.fullmatch("[0-9a-f]{64}", source["sha256"]) and source["url"].endswith(source["file_name"].split("-")[1]), source
    assert os.path.exists(f"{ROOT}/packaging/conda/{got['build']['script']}")
    for line in ("  number: 0", "schema_version: 1", "    sha256: 8"):  # the check can fail
        assert line in text and refused(text.replace(line, line.replace(":", "_:"))), line
    return got


if __name__ == "__main__":
    with open(f"{ROOT}/packaging/conda/recipe.yaml") as opened:
        recipe_text = opened.read()
    said = lint(recipe_text)
    print(f"conda: rattler-build {rb.rattler_build_version()} takes the recipe of voxgan {said['package']['version']}: "
          f"{', '.join(said['requirements']['host'])}")
