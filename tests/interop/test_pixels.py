"""Pixels against other people's decoders: every image that pydicom (pylibjpeg, libjpeg, openjpeg, pyjpegls) decodes, every frame.

Lossless results are equal byte by byte. Lossy JPEG may differ by a mean of 1 grey level, because the standard leaves the inverse
transform and the upsampling of chrominance to the decoder."""
import json
import pathlib
import subprocess
import warnings

import data_store
import numpy
import pydicom
import pytest
from pydicom.pixels import pixel_array

from conftest import binary

FILES = pathlib.Path(pydicom.__file__).parent / "data/test_files"
# the package pydicom-data: larger files, among them the WG04 compression set
MORE = pathlib.Path(data_store.__file__).parent / "data"
LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"}
KEYS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def images(folder):
    """Files below a folder that hold pixel data of any kind."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                dataset = pydicom.dcmread(path, force=True)
                if any(key in dataset for key in KEYS):
                    found.append(path)
            except Exception:
                continue
    return found


def decode(path, out, *options):
    """Runs `yigong decode`; answers the description and the bytes."""
    done = subprocess.run([binary(), "decode", str(path), "--out", str(out), *options], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{path.name}: {done.stderr.strip()}"
    return json.loads(done.stdout), out.read_bytes()


def expected(path, photometric):
    """pydicom's values, frame after frame, or None where it decodes nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(path, force=True)
            # what stays YBR_FULL here is compared as such, everything else as RGB
            values = pixel_array(dataset, raw=photometric == "YBR_FULL")
        except Exception as why:
            print(f"{path.name}: pydicom: {str(why).splitlines()[0]}")
            return None
    return dataset, values


def samples(description, raw, dtype):
    """Our bytes in pydicom's layout."""
    d = description
    if d["bits_allocated"] == 1:
        packed = numpy.frombuffer(raw, numpy.uint8).reshape(d["frames"], -1)
        bits = numpy.unpackbits(packed, axis=1, bitorder="little")
        return bits[:, : d["rows"] * d["cols"]].reshape(-1)
    values = numpy.frombuffer(raw, dtype)
    if d["signed"] and not d["float"] and d["bits_stored"] < d["bits_allocated"]:
        # bits above the stored ones are no part of the value (PS3.5 8.1.1): served as they came, pydicom overwrites them
        up = d["bits_allocated"] - d["bits_stored"]
        values = (values << up) >> up
    if d["samples"] > 1 and d["planar"] == 1:
        values = values.reshape(d["frames"], d["samples"], -1).transpose(0, 2, 1)
    return values.reshape(-1)


def kind(d):
    """Sample type of the raw form."""
    letter = "f" if d["float"] else "i" if d["signed"] else "u"
    return numpy.dtype(f"<{letter}{max(d['bits_allocated'] // 8, 1)}")


def difference(description, raw, values):
    """Largest and mean difference from pydicom's values."""
    ours = samples(description, raw, kind(description)).astype(numpy.float64)
    theirs = values.reshape(-1).astype(numpy.float64)
    assert ours.size == theirs.size, f"{ours.size} samples, pydicom has {theirs.size}"
    apart = numpy.abs(ours - theirs)
    return apart.max(), apart.mean()


@pytest.mark.parametrize("path", images(FILES) + images(MORE), ids=lambda p: p.name)
def test_equals_pydicom(path, tmp_path):
    first = subprocess.run([binary(), "decode", str(path)], capture_output=True, text=True, timeout=60)
    photometric = json.loads(first.stdout)["decoded_photometric"] if first.returncode == 0 else "RGB"
    found = expected(path, photometric)
    if found is None:
        pytest.skip("pydicom does not decode it")
    dataset, values = found
    description, raw = decode(path, tmp_path / "raw")
    largest, mean = difference(description, raw, values)
    # colour turned from native 4:2:2 is rounded by each in its own way
    if str(dataset.file_meta.TransferSyntaxUID) in LOSSY or dataset.PhotometricInterpretation == "YBR_FULL_422":
        assert mean <= 1, f"mean difference {mean:.3f}, largest {largest}"
    else:
        assert largest == 0, f"differs by up to {largest}, mean {mean:.3f}"
