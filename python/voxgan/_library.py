"""The structures and functions of libvoxgan that the package uses, as the headers in include/voxgan declare them."""
from __future__ import annotations

import ctypes.util
import glob
import os
from ctypes import (CDLL, CFUNCTYPE, POINTER, Structure, c_bool, c_char, c_char_p, c_double, c_float, c_int, c_size_t,
                    c_uint8, c_uint16, c_uint64, c_void_p)


class Geometry(Structure):
    _fields_ = [("dim", c_int * 3), ("affine", c_double * 12)]


class VolumeHeader(Structure):
    _fields_ = [("geo", Geometry), ("dtype", c_int), ("slope", c_double), ("inter", c_double), ("format", c_char_p),
                ("version", c_int), ("xform_code", c_int), ("synthetic", c_bool)]


class WriteOptions(Structure):
    _fields_ = [("dtype", c_int), ("slope", c_double), ("inter", c_double), ("xform_code", c_int), ("compression", c_int),
                ("synthetic", c_bool)]


class Volume(Structure):
    _fields_ = [("geo", Geometry), ("data", POINTER(c_float))]


class LabelMap(Structure):
    _fields_ = [("geo", Geometry), ("data", POINTER(c_uint16))]


class Label(Structure):
    _fields_ = [("value", c_uint16), ("name", c_char * 32), ("role", c_int), ("more", c_uint16)]


class Scheme(Structure):
    _fields_ = [("name", c_char * 32), ("n", c_int), ("labels", Label * 64)]


class Classes(Structure):
    _fields_ = [("n", c_int), ("names", (c_char * 32) * 60), ("roles", c_int * 60), ("divided", c_bool), ("limits", (c_float * 16) * 3)]


class SeriesList(Structure):
    _fields_ = [("n", c_int), ("names", (c_char * 16) * 8)]


class Subject(Structure):
    _fields_ = [("id", c_char_p), ("person", c_char_p), ("series", c_char_p * 8), ("tumour", c_char_p),
                ("anatomy", c_char_p), ("source", c_int), ("line", c_size_t), ("origins", c_char_p),
                ("origins_hashed", c_bool)]


class Source(Structure):
    _fields_ = [("root", c_char_p), ("layout", c_char * 32), ("tumour_scheme", Scheme), ("anatomy_scheme", Scheme),
                ("channels", SeriesList), ("guessed", c_bool), ("assumed", c_bool * 2), ("regrid", c_bool),
                ("manifest", c_char_p)]


class Dataset(Structure):
    _fields_ = [("series", SeriesList), ("subjects", POINTER(Subject)), ("n", c_size_t), ("sources", POINTER(Source)),
                ("n_sources", c_int), ("skip_incomplete", c_bool), ("ids", c_void_p)]


class Maps(Structure):
    _fields_ = [("geo", Geometry), ("native", Geometry), ("xform_code", c_int), ("classes", Classes),
                ("anatomy", POINTER(c_uint8)), ("tumour", POINTER(c_uint8)), ("kind", POINTER(c_uint8)),
                ("brain", POINTER(c_uint8))]


class Chain(Structure):
    _fields_ = [("n", c_int), ("steps", c_void_p)]


class Context(Structure):
    _fields_ = [("seed", c_uint64), ("key", c_uint64), ("memo", c_void_p), ("donors", c_void_p), ("donor", c_void_p)]


class Roots(Structure):
    _fields_ = [("paths", POINTER(c_char_p)), ("n", c_int), ("layouts", POINTER(c_char_p)), ("n_layouts", c_int)]


class StudyOptions(Structure):
    _fields_ = [("hosts", Roots), ("opened", c_void_p), ("identity", c_char_p), ("donors", Roots),
                ("tumour_scheme", c_char_p), ("anatomy_scheme", c_char_p), ("edits", POINTER(c_char_p)),
                ("n_edits", c_int), ("per_case", c_int), ("plan", c_char_p), ("prefix", c_char_p), ("numbered", c_bool),
                ("made", c_bool), ("seed", c_uint64), ("redraws", c_int), ("need_tumour", c_bool),
                ("need_anatomy", c_bool), ("clusters", c_void_p), ("predicted", c_void_p), ("skip_incomplete", c_bool),
                ("heal", c_bool)]


class Log(Structure):
    _fields_ = [("n", c_int), ("steps", c_void_p)]


class Text(Structure):
    _fields_ = [("text", c_char_p), ("len", c_size_t), ("cap", c_size_t), ("failed", c_bool)]


class Facts(Structure):
    _fields_ = [("components", c_int), ("ml", c_double * 60), ("total_ml", c_double), ("centre", c_double * 3),
                ("outside_ml", c_double), ("left_share", c_double)]


class StudyCase(Structure):
    _fields_ = [("k", c_size_t), ("id", c_char * 128), ("cohort", c_char * 64), ("source", c_char * 128), ("edits", Log),
                ("maps", Maps), ("facts", Facts), ("redraws", c_int), ("reasons", Text)]


class Regions(Structure):
    _fields_ = [("n", c_int), ("names", (c_char * 32) * 64), ("member", c_uint64 * 256)]


class Memo(Structure):
    _fields_ = [("kept", (c_void_p * 2) * 8), ("n", c_int)]


class MetricInput(Structure):
    _fields_ = [("dim", c_int * 3), ("spacing", c_double * 3), ("voxel_mm3", c_double), ("regions", POINTER(Regions)),
                ("real", c_void_p), ("synth", c_void_p), ("cells", c_void_p), ("range", c_double),
                ("real_labels", c_void_p), ("synth_labels", c_void_p), ("lesion_rules", c_void_p),
                ("surface_mm", c_double), ("real_surfaces", c_void_p), ("synth_surfaces", c_void_p),
                ("boundary", c_void_p), ("memo", POINTER(Memo))]


class Metric(Structure):
    _fields_ = [("unit", c_char_p), ("kind", c_int), ("ideal", c_double),
                ("compute", CFUNCTYPE(c_int, POINTER(MetricInput), POINTER(c_double)))]


class MetricRow(Structure):
    _fields_ = [("name", c_char_p), ("suite", c_char_p), ("better", c_int), ("help", c_char_p),
                ("metric", POINTER(Metric))]


# The C name of each structure, for the test that compares their sizes with the compiler's.
NAMES = {
    "vg_geometry": Geometry, "vg_volume_header": VolumeHeader, "vg_volume_write_options": WriteOptions,
    "vg_volume": Volume, "vg_labelmap": LabelMap, "vg_label": Label, "vg_scheme": Scheme, "vg_classes": Classes,
    "vg_series_list": SeriesList, "vg_subject": Subject, "vg_source": Source, "vg_dataset": Dataset, "vg_maps": Maps,
    "vg_edit_chain": Chain, "vg_edit_context": Context, "vg_regions": Regions, "vg_metric_memo": Memo,
    "vg_metric_input": MetricInput, "vg_metric": Metric, "vg_metric_row": MetricRow,
    "vg_roots": Roots, "vg_study_options": StudyOptions, "vg_edit_log": Log, "vg_str": Text, "vg_tumour_facts": Facts,
    "vg_study_case": StudyCase,
}


class VoxganError(RuntimeError):
    """The message of the library, which names the file and the fault."""


def _find() -> str:
    """$VOXGAN_LIBRARY, an installed library, or that of the checkout which holds this package."""
    given = os.environ.get("VOXGAN_LIBRARY")
    if given:
        return given
    here = os.path.dirname(os.path.abspath(__file__))
    built = glob.glob(os.path.join(here, "../../build/release*/libvoxgan.so"))
    if built:
        return max(built, key=os.path.getmtime)
    found = ctypes.util.find_library("voxgan")
    if found:
        return found
    raise ImportError("libvoxgan.so is not installed; set VOXGAN_LIBRARY to its path")


lib = CDLL(_find())
lib.vg_error.restype = c_char_p
lib.vg_version.restype = c_char_p
lib.vg_log_set_level(2)  # VG_LOG_WARN: no progress on stderr
lib.vg_study_count.restype = c_size_t
lib.vg_metric_find.restype = POINTER(MetricRow)


def check(status: int) -> None:
    if status:
        raise VoxganError(lib.vg_error().decode())


def encode(text: "str | os.PathLike[str] | None") -> "bytes | None":
    return None if text is None else os.fsencode(text)
