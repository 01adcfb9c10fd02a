"""Codestreams of other people's encoders (libjpeg-turbo, CharLS, OpenJPEG, OpenJPH, libjxl through imagecodecs) in every transfer
syntax, and what our own encoders write read by other people's decoders."""
import subprocess
import zlib

import imagecodecs
import numpy
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import pixel_array
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from conftest import binary
from test_pixels import FILES

BASE = "1.2.840.10008.1.2."
# syntaxes that pydicom does not write, and one of the same length that it does
UNKNOWN = {BASE + f"4.11{n}": BASE + "4.201" for n in range(3)} | {BASE + "8.1": BASE + "4.80"}
SECONDARY = "1.2.840.10008.5.1.4.1.1.7"


def picture(rows, cols, bits, samples=1, signed=False, seed=3):
    """Edges, a ramp, flat areas and noise, over the whole range."""
    random = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:rows, 0:cols]
    top = (1 << bits) - 1
    planes = []
    for sample in range(samples):
        ramp = (x * 37 + y * 11 + sample * 40) * max(1, top // 4096) & top
        noise = random.integers(0, top, (rows, cols), endpoint=True)
        zone = (x // 16 + y // 16) % 4
        planes.append(numpy.select([zone == 0, zone == 1, zone == 2], [0, ramp, top - sample], noise))
    data = numpy.stack(planes, axis=-1) if samples > 1 else planes[0]
    if signed:
        data = data - (1 << (bits - 1))
    kind = "i" if signed else "u"
    return data.astype(f"{kind}{1 if bits <= 8 else 2 if bits <= 16 else 4}")


def smooth(rows, cols, bits, samples=1):
    """What lossy coding is made for."""
    y, x = numpy.mgrid[0:rows, 0:cols]
    top = (1 << bits) - 1
    planes = [(numpy.sin((x + 9 * s) / 17) * numpy.cos(y / 23) * 0.45 + 0.5) * top for s in range(samples)]
    data = numpy.stack(planes, axis=-1) if samples > 1 else planes[0]
    return data.round().astype("u1" if bits <= 8 else "u2")


def describe(data, bits, photometric=None, frames=1):
    """A data set for images of this form."""
    colour = data.ndim == 3
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = SECONDARY, "2.25.77"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "2.25.7", "2.25.71"
    ds.PatientID, ds.Modality = "CODEC", "OT"
    ds.Rows, ds.Columns = data.shape[:2]
    ds.SamplesPerPixel = 3 if colour else 1
    ds.PhotometricInterpretation = photometric or ("RGB" if colour else "MONOCHROME2")
    if colour:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated = data.dtype.itemsize * 8
    ds.BitsStored, ds.HighBit = bits, bits - 1
    ds.PixelRepresentation = int(data.dtype.kind == "i")
    if frames > 1:
        ds.NumberOfFrames = frames
    return ds


def store(path, ds, syntax, streams, fragments=1, table=True):
    """Writes encapsulated frames."""
    ds.file_meta = FileMetaDataset()
    ds.PixelData = encapsulate(streams, fragments_per_frame=fragments, has_bot=table)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    known = UNKNOWN.get(syntax, syntax)
    ds.file_meta.TransferSyntaxUID = known
    ds.save_as(path, enforce_file_format=True)
    if known != syntax:
        path.write_bytes(path.read_bytes().replace(known.encode(), syntax.encode().ljust(len(known), b"\0"), 1))
    return path


def run(path, *options):
    return subprocess.run([binary(), "decode", str(path), *options], capture_output=True, text=True, timeout=120)


def decoded(path, tmp_path, dtype):
    out = tmp_path / "raw"
    done = run(path, "--out", str(out))
    assert done.returncode == 0, done.stderr
    return numpy.frombuffer(out.read_bytes(), dtype)


def check(tmp_path, data, bits, syntax, stream, photometric=None, fragments=1, apart=0.0):
    ds = describe(data, bits, photometric)
    path = store(tmp_path / "coded.dcm", ds, BASE + syntax, [bytes(stream)], fragments)
    ours = decoded(path, tmp_path, data.dtype.newbyteorder("<"))
    difference = numpy.abs(ours.astype(float) - data.reshape(-1).astype(float))
    assert difference.mean() <= apart, f"mean {difference.mean()}, largest {difference.max()}"


@pytest.mark.parametrize("predictor", range(1, 8))
@pytest.mark.parametrize("bits,samples", [(8, 1), (12, 1), (16, 1), (8, 3), (12, 3), (16, 3)])
def test_jpeg_lossless(tmp_path, bits, samples, predictor):
    data = picture(61, 83, bits, samples)
    stream = imagecodecs.jpeg8_encode(data, lossless=True, predictor=predictor, bitspersample=bits)
    check(tmp_path, data, bits, "4.70" if predictor == 1 else "4.57", stream)


@pytest.mark.parametrize("samples,subsampling,apart", [(1, None, 1.0), (3, "444", 1.0), (3, "420", 20.0)])
def test_jpeg_extended_12_bits(tmp_path, samples, subsampling, apart):
    data = smooth(61, 83, 12, samples)
    stream = bytes(imagecodecs.jpeg8_encode(data, level=95, bitspersample=12, subsampling=subsampling))
    theirs = imagecodecs.jpeg8_decode(stream)
    name = "YBR_FULL_422" if samples == 3 else None
    # halved chrominance is repeated here and interpolated there: half a percent of the range
    check(tmp_path, theirs, 12, "4.51", stream, photometric=name, apart=apart)


def test_12_bits_with_a_scan_header_that_pydicom_refuses(tmp_path):
    source = FILES / "JPEG-lossy.dcm"
    subprocess.run(["dcmdjpeg", str(source), str(tmp_path / "theirs.dcm")], check=True, capture_output=True)
    theirs = pydicom.dcmread(tmp_path / "theirs.dcm").pixel_array
    ours = decoded(source, tmp_path, "<u2").reshape(theirs.shape)
    assert numpy.abs(ours.astype(int) - theirs).mean() <= 1


@pytest.mark.parametrize("subsampling", ["444", "422", "420"])
def test_jpeg_baseline_colour(tmp_path, subsampling):
    data = smooth(62, 84, 8, 3)
    stream = bytes(imagecodecs.jpeg8_encode(data, level=92, subsampling=subsampling))
    check(tmp_path, imagecodecs.jpeg8_decode(stream), 8, "4.50", stream, photometric="YBR_FULL_422", apart=1.0)


@pytest.mark.parametrize("bits,samples,signed", [(8, 1, False), (12, 1, False), (16, 1, False), (8, 3, False), (16, 1, True)])
def test_jpeg_ls(tmp_path, bits, samples, signed):
    data = picture(61, 83, bits, samples, signed)
    unsigned = data.view(data.dtype.str.replace("i", "u")) & ((1 << bits) - 1)
    check(tmp_path, data, bits, "4.80", imagecodecs.jpegls_encode(unsigned.copy()))


@pytest.mark.parametrize("fragments", [2, 7])
def test_fragmented_frames(tmp_path, fragments):
    data = picture(61, 83, 16)
    check(tmp_path, data, 16, "4.80", imagecodecs.jpegls_encode(data), fragments=fragments)
    check(tmp_path, data, 16, "4.90", imagecodecs.jpeg2k_encode(data, reversible=True, codecformat="j2k"), fragments=fragments)
    check(tmp_path, data, 16, "4.70", imagecodecs.jpeg8_encode(data, lossless=True, predictor=1), fragments=fragments)


@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("syntax", ["4.80", "4.90", "4.70", "5"])
def test_fragmented_frames_of_several(tmp_path, syntax, table):
    frames = [picture(40, 52, 8, seed=n) for n in range(3)]
    encode = {
        "4.80": imagecodecs.jpegls_encode,
        "4.90": lambda d: imagecodecs.jpeg2k_encode(d, reversible=True, codecformat="j2k"),
        "4.70": lambda d: imagecodecs.jpeg8_encode(d, lossless=True, predictor=1),
        "5": lambda d: pydicom.pixels.encoders.native._encode_frame(d.tobytes(), Runner(d)),
    }[syntax]
    ds = describe(frames[0], 8, frames=3)
    path = store(tmp_path / "coded.dcm", ds, BASE + syntax, [bytes(encode(f)) for f in frames], 3, table)
    assert decoded(path, tmp_path, "u1").tobytes() == b"".join(f.tobytes() for f in frames)


class Runner:
    """What pydicom's RLE encoder asks of its runner."""

    def __init__(self, data):
        self.bits_allocated, self.samples_per_pixel = data.dtype.itemsize * 8, 1
        self.rows, self.columns = data.shape[:2]

    def get_option(self, name, default=None):
        return {"byteorder": "<"}.get(name, default)


@pytest.mark.parametrize("form", ["j2k", "jp2"])
@pytest.mark.parametrize("bits,samples,signed", [(1, 1, False), (8, 1, False), (12, 1, False), (16, 1, False), (16, 1, True), (8, 3, False), (16, 3, False)])
def test_jpeg_2000(tmp_path, bits, samples, signed, form):
    data = picture(61, 83, bits, samples, signed)
    stream = imagecodecs.jpeg2k_encode(data, reversible=True, codecformat=form, bitspersample=bits, mct=samples == 3)
    check(tmp_path, data, bits, "4.90", stream, photometric="YBR_RCT" if samples == 3 else None)


def test_jpeg_2000_of_32_bits(tmp_path):
    data = picture(61, 83, 24)
    stream = imagecodecs.jpeg2k_encode(data, reversible=True, codecformat="j2k", bitspersample=24)
    check(tmp_path, data, 24, "4.90", stream)


def test_jpeg_2000_of_one_bit_packed(tmp_path):
    data = picture(61, 83, 1)
    stream = bytes(imagecodecs.jpeg2k_encode(data, reversible=True, codecformat="j2k", bitspersample=1))
    ds = describe(data, 1)
    ds.BitsAllocated = 1
    path = store(tmp_path / "seg.dcm", ds, BASE + "4.90", [stream])
    packed = decoded(path, tmp_path, "u1")
    assert (numpy.unpackbits(packed, bitorder="little")[: data.size] == data.reshape(-1)).all()


@pytest.mark.parametrize("bits,samples,signed", [(8, 1, False), (12, 1, False), (16, 1, False), (16, 1, True), (8, 3, False), (16, 3, False)])
@pytest.mark.parametrize("syntax", ["4.201", "4.202"])
def test_high_throughput_jpeg_2000(tmp_path, bits, samples, signed, syntax):
    data = picture(61, 83, bits, samples, signed)
    stream = imagecodecs.htj2k_encode(data, reversible=True)
    check(tmp_path, data, bits, syntax, stream, photometric="YBR_RCT" if samples == 3 else None)


def test_high_throughput_jpeg_2000_lossy(tmp_path):
    data = smooth(128, 96, 12)
    stream = bytes(imagecodecs.htj2k_encode(data, reversible=False, level=0.001))
    check(tmp_path, imagecodecs.htj2k_decode(stream), 12, "4.203", stream, apart=1.0)


@pytest.mark.parametrize("container", [False, True])
@pytest.mark.parametrize("bits,samples", [(8, 1), (12, 1), (16, 1), (8, 3), (16, 3)])
def test_jpeg_xl_lossless(tmp_path, bits, samples, container):
    data = picture(61, 83, bits, samples)
    stream = imagecodecs.jpegxl_encode(data, lossless=True, bitspersample=bits, usecontainer=container)
    check(tmp_path, data, bits, "4.110", stream)


@pytest.mark.parametrize("samples", [1, 3])
def test_jpeg_xl_lossy_and_recompressed(tmp_path, samples):
    data = smooth(96, 128, 8, samples)
    lossy = bytes(imagecodecs.jpegxl_encode(data, distance=1.0))
    check(tmp_path, imagecodecs.jpegxl_decode(lossy), 8, "4.112", lossy, apart=1.0)
    jpeg = bytes(imagecodecs.jpeg8_encode(data, level=92, subsampling="420" if samples == 3 else None))
    again = bytes(imagecodecs.jpegxl_encode_jpeg(jpeg))
    check(tmp_path, imagecodecs.jpeg8_decode(jpeg), 8, "4.111", again, apart=1.0)


def test_deflated_frames(tmp_path):
    data = picture(61, 83, 16)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    check(tmp_path, data, 16, "8.1", deflate.compress(data.tobytes()) + deflate.flush())


def test_one_bit_frames_share_bytes(tmp_path):
    frames = numpy.stack([picture(5, 7, 1, seed=n) for n in range(4)])
    ds = describe(frames[0], 1, frames=4)
    ds.BitsAllocated = 1
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = syntax
        bits = numpy.packbits(frames.reshape(-1), bitorder="little").tobytes()
        ds.PixelData = bits + b"\0" * (len(bits) % 2)
        ds["PixelData"].VR = "OB"
        ds.save_as(tmp_path / "seg.dcm", enforce_file_format=True)
        packed = decoded(tmp_path / "seg.dcm", tmp_path, "u1").reshape(4, -1)
        assert (numpy.unpackbits(packed, axis=1, bitorder="little")[:, :35].reshape(-1) == frames.reshape(-1)).all()


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_floating_point(tmp_path, kind):
    data = numpy.linspace(-1, 1, 35, dtype=kind).reshape(5, 7)
    ds = describe(data, 32)
    for keyword in ("BitsStored", "HighBit", "PixelRepresentation"):
        delattr(ds, keyword)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    setattr(ds, "FloatPixelData" if kind == "f4" else "DoubleFloatPixelData", data.tobytes())
    ds.save_as(tmp_path / "float.dcm", enforce_file_format=True)
    assert (decoded(tmp_path / "float.dcm", tmp_path, "<" + kind) == data.reshape(-1)).all()


@pytest.mark.parametrize("change,slug", [("cut", "codestream"), ("size", "codestream-size"), ("video", "codec-unsupported")])
def test_what_cannot_be_decoded_is_named(tmp_path, change, slug):
    data = picture(61, 83, 8)
    stream = bytes(imagecodecs.jpegls_encode(data))
    ds = describe(data, 8)
    if change == "size":
        ds.Rows = 62
    syntax = "4.102" if change == "video" else "4.80"
    path = store(tmp_path / "bad.dcm", ds, BASE + syntax, [stream[: len(stream) // 2] if change == "cut" else stream])
    done = run(path, "--out", str(tmp_path / "raw"))
    assert done.returncode == 1 and slug in done.stderr, done.stderr


def native(path, data, bits, syntax):
    ds = describe(data, bits)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    ds.PixelData = data.astype(data.dtype.newbyteorder(order)).tobytes()
    ds["PixelData"].VR = "OW" if data.dtype.itemsize > 1 else "OB"
    if len(ds.PixelData) % 2:
        ds.PixelData += b"\0"
    pydicom.dcmwrite(path, ds, enforce_file_format=True, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=order == "<")
    return path


@pytest.mark.parametrize("source", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("target", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.5"])
@pytest.mark.parametrize("bits,samples,signed", [(8, 1, False), (12, 1, False), (12, 1, True), (16, 1, True), (8, 3, False)])
def test_objects_in_another_syntax_hold_the_same(tmp_path, source, target, bits, samples, signed):
    data = picture(41, 83, bits, samples, signed)
    path = native(tmp_path / "native.dcm", data, bits, source)
    out = tmp_path / "out.dcm"
    done = run(path, "--form", "object", "--to", target, "--out", str(out))
    assert done.returncode == 0, done.stderr
    before, after = pydicom.dcmread(path), pydicom.dcmread(out)
    assert after.file_meta.TransferSyntaxUID == target
    assert (pixel_array(after) == data).all()
    for element in before:
        if element.tag != 0x7FE00010:
            assert after[element.tag].value == element.value, element


def test_jpeg_baseline_frames_are_written(tmp_path):
    data = smooth(61, 83, 8, 3)
    path = native(tmp_path / "native.dcm", data, 8, ExplicitVRLittleEndian)
    done = run(path, "--form", "frames", "--to", BASE + "4.50", "--out", str(tmp_path / "frame.jpg"))
    assert done.returncode == 0, done.stderr
    theirs = imagecodecs.jpeg8_decode((tmp_path / "frame.jpg").read_bytes())
    assert numpy.abs(theirs.astype(int) - data).mean() < 2
    done = run(path, "--form", "object", "--to", BASE + "4.50", "--out", str(tmp_path / "out.dcm"))
    assert done.returncode == 1 and "codec-unsupported" in done.stderr, "no object is made lossy under its own identity"
