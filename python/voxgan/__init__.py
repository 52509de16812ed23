"""voxgan's library in Python: volumes, data sets, label edits, studies and metrics, as NumPy arrays.

Arrays are indexed [x, y, z] as in nibabel, and affines are 4x4 to millimetres, RAS+.

    ds = voxgan.Dataset("BraTS2021")
    maps = ds.maps(ds.subjects[0])
    smaller = maps.edit("scale:factor=0.5", seed=1)
    voxgan.metric("dice", maps.tumour, smaller.tumour, {"tumour": maps.codes("tumour")}, spacing=maps.spacing)
"""
from __future__ import annotations

import ctypes
import dataclasses
import os
from ctypes import byref, c_double, c_size_t, c_uint8
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt

from . import _library as _l
from ._library import VoxganError

__all__ = ["Dataset", "Maps", "Study", "StudyCase", "Subject", "Volume", "VoxganError", "metric", "read_labels", "read_volume", "version",
           "write_labels", "write_volume"]

Path = Union[str, "os.PathLike[str]"]
Array = npt.NDArray[Any]
ROLES = ("anatomy", "tumour")


def version() -> str:
    return str(_l.lib.vg_version().decode())


@dataclasses.dataclass
class Volume:
    """Intensities (float32) or labels (uint16), and where their voxels lie."""
    data: Array
    affine: npt.NDArray[np.float64]
    format: str = ""

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel size along each axis, mm."""
        return tuple(float(v) for v in np.linalg.norm(self.affine[:3, :3], axis=0))  # type: ignore[return-value]


def _affine(geo: _l.Geometry) -> npt.NDArray[np.float64]:
    return np.vstack([np.array(geo.affine[:], dtype=np.float64).reshape(3, 4), [0, 0, 0, 1]])


def _geometry(shape: Sequence[int], affine: Array) -> _l.Geometry:
    geo = _l.Geometry()
    geo.dim[:] = [int(n) for n in shape]
    geo.affine[:] = [float(v) for v in np.asarray(affine, dtype=np.float64)[:3].ravel()]
    return geo


def _array(pointer: Any, geo: _l.Geometry) -> Array:
    """A copy of the library's voxels, indexed [x, y, z]."""
    x, y, z = geo.dim
    return np.ctypeslib.as_array(pointer, shape=(z, y, x)).transpose(2, 1, 0).copy(order="F")


def _read(path: Path, kind: Callable[[], Any], read: Callable[..., int], release: Callable[..., Any]) -> Volume:
    raw, head = kind(), _l.VolumeHeader()
    _l.check(read(_l.encode(path), byref(raw), byref(head)))
    try:
        return Volume(_array(raw.data, raw.geo), _affine(raw.geo), (head.format or b"").decode())
    finally:
        release(byref(raw))


def read_volume(path: Path) -> Volume:
    """Reads NIfTI, MGH, MetaImage or NRRD as float32. `FILE#2` is the third volume of a file with several."""
    return _read(path, _l.Volume, _l.lib.vg_volume_read, _l.lib.vg_volume_release)


def read_labels(path: Path) -> Volume:
    """Reads whole numbers from 0 to 65535 as uint16."""
    return _read(path, _l.LabelMap, _l.lib.vg_volume_read_labels, _l.lib.vg_labelmap_release)


def _borrow(kind: Callable[..., Any], data: Array, dtype: npt.DTypeLike, affine: Array) -> tuple[Any, Array]:
    if np.ndim(data) != 3:
        raise ValueError(f"a volume has 3 axes, not {np.ndim(data)}")
    held = np.asfortranarray(data, dtype=dtype)
    raw = kind(geo=_geometry(held.shape, affine))
    raw.data = held.ctypes.data_as(type(raw.data))
    return raw, held


def write_volume(path: Path, data: Array, affine: Array) -> None:
    """Writes float32 as .nii or .nii.gz."""
    raw, _held = _borrow(_l.Volume, data, np.float32, affine)
    _l.check(_l.lib.vg_volume_write(_l.encode(path), byref(raw), None))


def write_labels(path: Path, data: Array, affine: Array) -> None:
    """Writes labels as .nii or .nii.gz, in 8 bits where they fit, else in 16."""
    values = np.asarray(data)
    if values.size and (values.min() < 0 or values.max() > 65535 or not np.array_equal(values, np.rint(values))):
        raise ValueError("labels are whole numbers from 0 to 65535")
    raw, _held = _borrow(_l.LabelMap, values, np.uint16, affine)
    _l.check(_l.lib.vg_volume_write_labels(_l.encode(path), byref(raw), 1))


@dataclasses.dataclass(frozen=True)
class Subject:
    """A case: the paths of its files. series: by canonical name (t1, t1c, t2, flair)."""
    id: str
    person: str
    series: Mapping[str, str]
    tumour: Optional[str]
    anatomy: Optional[str]
    index: int


class Dataset:
    """A data set in any layout that voxgan reads, such as one that `voxgan synth` made."""

    def __init__(self, root: Path, layout: str = "auto", tumour_scheme: Optional[str] = None,
                 anatomy_scheme: Optional[str] = None, skip_incomplete: bool = False) -> None:
        self._raw = _l.Dataset(skip_incomplete=skip_incomplete)
        try:
            _l.check(_l.lib.vg_dataset_add(byref(self._raw), _l.encode(root), layout.encode(), _l.encode(tumour_scheme),
                                           _l.encode(anatomy_scheme)))
        except VoxganError:
            self.close()
            raise
        names = [self._raw.series.names[i].value.decode() for i in range(self._raw.series.n)]
        self.series: tuple[str, ...] = tuple(names)
        self.layout: str = self._raw.sources[0].layout.decode()
        self.subjects: tuple[Subject, ...] = tuple(self._subject(i, names) for i in range(self._raw.n))
        self._classes = _l.Classes()
        for i in range(self._raw.n_sources):
            source = self._raw.sources[i]
            for role, scheme in enumerate((source.anatomy_scheme, source.tumour_scheme)):
                _l.check(_l.lib.vg_classes_add(byref(self._classes), byref(scheme), role))

    def _subject(self, i: int, names: Sequence[str]) -> Subject:
        raw = self._raw.subjects[i]
        def text(path: Optional[bytes]) -> Optional[str]:
            return None if path is None else os.fsdecode(path)

        series = {name: os.fsdecode(raw.series[k]) for k, name in enumerate(names) if raw.series[k]}
        return Subject(raw.id.decode(), raw.person.decode(), series, text(raw.tumour), text(raw.anatomy), i)

    def __len__(self) -> int:
        return len(self.subjects)

    def __iter__(self) -> Iterator[Subject]:
        return iter(self.subjects)

    @property
    def classes(self) -> dict[str, str]:
        """The role, anatomy or tumour, of each class, anatomy first."""
        c = self._classes
        return {c.names[i].value.decode(): ROLES[c.roles[i]] for i in range(c.n)}

    def maps(self, subject: Subject) -> "Maps":
        """The label maps of a subject as classes on one grid, axes closest to R, A, S."""
        raw = _l.Maps()
        _l.check(_l.lib.vg_maps_read(byref(self._raw), byref(self._raw.subjects[subject.index]), byref(self._classes),
                                     byref(raw)))
        return Maps(raw)

    def close(self) -> None:
        _l.lib.vg_dataset_release(byref(self._raw))

    def __del__(self) -> None:
        if hasattr(self, "_raw"):
            self.close()


class Maps:
    """The two label maps of a case. Codes are 0, or the place of a class in `classes` + 1."""

    def __init__(self, raw: _l.Maps) -> None:
        self._raw = raw

    def _view(self, name: str) -> npt.NDArray[np.uint8]:
        return _array(getattr(self._raw, name), self._raw.geo)

    @property
    def classes(self) -> dict[str, str]:
        c = self._raw.classes
        return {c.names[i].value.decode(): ROLES[c.roles[i]] for i in range(c.n)}

    @property
    def anatomy(self) -> npt.NDArray[np.uint8]:
        return self._view("anatomy")

    @property
    def tumour(self) -> npt.NDArray[np.uint8]:
        return self._view("tumour")

    @property
    def brain(self) -> npt.NDArray[np.uint8]:
        return self._view("brain")

    @property
    def affine(self) -> npt.NDArray[np.float64]:
        return _affine(self._raw.geo)

    @property
    def spacing(self) -> tuple[float, float, float]:
        return tuple(float(v) for v in np.linalg.norm(self.affine[:3, :3], axis=0))  # type: ignore[return-value]

    def codes(self, role: str) -> list[int]:
        """The codes of all classes of a role."""
        return [i + 1 for i, r in enumerate(self.classes.values()) if r == role]

    def edit(self, edits: str, seed: int = 1, key: int = 0) -> "Maps":
        """Applies a chain of edits ("scale:factor=0.5;move:random") to a copy. Edits that need a donor cannot be
        used. VoxganError: an edit is unknown, or has no solution in these maps."""
        raw, chain = _l.Maps(), _l.Chain()
        _l.check(_l.lib.vg_maps_copy(byref(self._raw), byref(raw)))
        made = Maps(raw)
        try:
            _l.check(_l.lib.vg_edit_chain_add(byref(chain), edits.encode()))
            _l.check(_l.lib.vg_edit_chain_apply(byref(chain), byref(raw), byref(_l.Context(seed=seed, key=key)), None))
        finally:
            _l.lib.vg_edit_chain_release(byref(chain))
        return made

    def __del__(self) -> None:
        if hasattr(self, "_raw"):
            _l.lib.vg_maps_release(byref(self._raw))


@dataclasses.dataclass(frozen=True)
class StudyCase:
    """A case of a study: from what and how it was made, and its label maps. edits: the chain with the values that
    were drawn. tumour_ml: the volume of each class of the tumour."""
    id: str
    cohort: str
    source: str
    edits: str
    tumour_ml: Mapping[str, float]
    redraws: int
    maps: Maps


class Study:
    """Edited label maps as `voxgan edit` makes them. The same hosts, edits and seed give the same cases, in any order:
    study[k] makes case k. edits is a chain for every host, applied per_case times, or plan names a JSON file instead.
    donors: tumours to graft. VoxganError: the plan has a fault, or no draw of a case passed its checks."""

    def __init__(self, hosts: Path, edits: Sequence[str] = (), per_case: int = 0, seed: int = 1,
                 donors: Optional[Path] = None, plan: Optional[Path] = None, layout: str = "auto",
                 tumour_scheme: Optional[str] = None, anatomy_scheme: Optional[str] = None) -> None:
        self._raw = ctypes.c_void_p()
        chain = (ctypes.c_char_p * max(len(edits), 1))(*[e.encode() for e in edits])
        options = _l.StudyOptions(edits=chain, n_edits=len(edits), per_case=per_case, seed=seed, plan=_l.encode(plan),
                                  tumour_scheme=_l.encode(tumour_scheme), anatomy_scheme=_l.encode(anatomy_scheme))
        for place, root in ((options.hosts, hosts), (options.donors, donors)):
            if root is not None:
                place.paths, place.n = (ctypes.c_char_p * 1)(_l.encode(root)), 1
                place.layouts, place.n_layouts = (ctypes.c_char_p * 1)(layout.encode()), 1
        _l.check(_l.lib.vg_study_open(byref(options), byref(self._raw)))

    def __len__(self) -> int:
        return int(_l.lib.vg_study_count(self._raw))

    def __getitem__(self, k: int) -> StudyCase:
        if not 0 <= k < len(self):
            raise IndexError(f"case {k} of {len(self)}")
        raw, text = _l.StudyCase(), _l.Text()
        _l.check(_l.lib.vg_study_make(self._raw, c_size_t(k), byref(raw)))
        try:
            _l.lib.vg_edit_log_text(byref(raw.edits), None, None, byref(text))
            own = _l.Maps()
            _l.check(_l.lib.vg_maps_copy(byref(raw.maps), byref(own)))
            maps = Maps(own)
            ml = {name: raw.facts.ml[i] for i, (name, role) in enumerate(maps.classes.items()) if role == "tumour"}
            return StudyCase(raw.id.decode(), raw.cohort.decode(), raw.source.decode(), (text.text or b"").decode(), ml,
                             raw.redraws, maps)
        finally:
            _l.lib.vg_str_release(byref(text))
            _l.lib.vg_study_case_release(byref(raw))

    def __iter__(self) -> Iterator[StudyCase]:
        return (self[k] for k in range(len(self)))

    def __del__(self) -> None:
        if getattr(self, "_raw", None):
            _l.lib.vg_study_free(self._raw)


def metric(name: str, real: Array, synth: Array, regions: Mapping[str, Sequence[int]],
           spacing: Sequence[float] = (1, 1, 1), cells: Optional[Array] = None,
           data_range: float = 2.0) -> dict[str, float]:
    """Computes a metric of `voxgan list metrics` for each region.

    Overlap and lesion metrics (dice, hd95, ...): real and synth are label maps of codes from 0 to 255, and a region
    is a list of codes. Image metrics (mae, ssim, ...): real and synth are intensities, `cells` says which cell each
    voxel belongs to, a region is a list of cells, and data_range is the largest minus the smallest value."""
    row = _l.lib.vg_metric_find(name.encode())
    if not row:
        raise ValueError(f"no metric {name}; `voxgan list metrics` shows all")
    kind = row.contents.metric.contents.kind
    if real.shape != synth.shape or real.ndim != 3:
        raise ValueError(f"volumes of one shape with 3 axes are needed, not {real.shape} and {synth.shape}")
    if kind > 2:
        raise ValueError(f"{name} compares surfaces, which this function does not make")
    if kind == 0 and (cells is None or cells.shape != real.shape):
        raise ValueError(f"{name} needs the cells of the voxels")
    raw, memo = _l.Regions(), _l.Memo()
    _l.lib.vg_metric_regions_init(byref(raw))
    for region, codes in regions.items():
        list_ = (c_uint8 * len(codes))(*codes)
        _l.check(_l.lib.vg_metric_regions_add(byref(raw), region.encode(), list_, c_size_t(len(codes))))
    kept = [np.asfortranarray(a, dtype=np.float32 if kind == 0 else np.uint8) for a in (real, synth)]
    given = _l.MetricInput(regions=ctypes.pointer(raw), memo=ctypes.pointer(memo), range=data_range)
    given.dim[:] = [int(n) for n in real.shape]
    given.spacing[:] = [float(v) for v in spacing]
    if kind == 0:
        kept.append(np.asfortranarray(cells, dtype=np.uint8))
        given.real, given.synth, given.cells = (a.ctypes.data for a in kept)
    else:
        given.real_labels, given.synth_labels = (a.ctypes.data for a in kept)
    values = (c_double * 64)()
    try:
        _l.check(row.contents.metric.contents.compute(byref(given), values))
    finally:
        _l.lib.vg_metric_memo_release(byref(memo))
    return {region: values[i] for i, region in enumerate(regions)}
