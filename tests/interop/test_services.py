"""Services beside storage and query: identities, TLS, performed steps, storage commitment, sending. DCMTK and pynetdicom."""
import os
import re
import socket
import ssl
import subprocess
import threading
import time

import pytest
from conftest import OWN, Server, binary, wait
from images import CR, film
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (
    ComputedRadiographyImageStorage,
    InstanceAvailabilityNotification,
    ModalityPerformedProcedureStep,
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    Verification,
)


def run(*command, env=None):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=120, env=env)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tls_command(data, *arguments):
    env = {**os.environ, **OWN[str(data)], "YIGONG__STORAGE__DATA": str(data)}
    done = run(binary(), "dicom-tls", *arguments, env=env)
    return done


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    """A demonstration whose clinics 1 and 2 are enrolled, restarted with its TLS port open."""
    folder = tmp_path_factory.mktemp("services")
    s = Server(folder / "data")
    s.stop()
    tls = folder / "tls"
    assert tls_command(s.data, "authority", "--dir", tls).returncode == 0
    again = tls_command(s.data, "authority", "--dir", tls)
    assert again.returncode != 0, "a key is never overwritten"
    assert tls_command(s.data, "server", "--dir", tls, "--host", "127.0.0.1").returncode == 0
    for n, plain in (("01", ["--plain-too"]), ("02", ["--plain-too"]), ("05", [])):
        bundle = tls / f"demo{n}.pem"
        made = tls_command(s.data, "enrol", "--dir", tls, "--ae", f"DEMO{n}", *plain, "--out", bundle)
        assert made.returncode == 0, made.stderr
        assert bundle.stat().st_mode & 0o077 == 0, "only its owner reads a bundle"
    for key, value in {"BIND": "127.0.0.1:0", "CERTIFICATE": tls / "server.pem", "KEY": tls / "server.key", "CA": tls / "ca.pem"}.items():
        os.environ[f"YIGONG__DICOM__TLS_{key}"] = str(value)
    try:
        s.start()
    finally:
        for key in ("BIND", "CERTIFICATE", "KEY", "CA"):
            del os.environ[f"YIGONG__DICOM__TLS_{key}"]
    s.tls = tls
    yield s
    s.stop()


def set_peer(server, ae, port=None, **policy):
    """Changes a peer as the administrator does; answers its row."""
    admin = server.login("admin")
    row = next(p for p in admin.get("/api/admin/peers")["rows"] if p["ae_title"] == ae)
    row["policy"] = {**row["policy"], **policy}
    row["port"] = port if port is not None else row["port"]
    return admin.call("PUT", f"/api/admin/peers/{row['id']}", row, expect=200).json()


def store(server, tool, *files, aet="DEMO01", port=None, options=()):
    return run(tool("storescu"), "-v", "-aet", aet, "-aec", server.aet, *options, "127.0.0.1", port or server.dicom_port, *files)


# --- association, cases 2 to 5


def test_an_abort_and_a_visit_leave_nothing(county, tool):
    options = ("-v", "-aet", "DEMO01", "-aec", county.aet)
    aborted = run(tool("echoscu"), *options, "--abort", "127.0.0.1", county.dicom_port)
    assert "Aborting Association" in aborted.stdout + aborted.stderr
    ae = AE(ae_title="DEMO01")
    ae.add_requested_context(Verification)
    ae.add_requested_context(ComputedRadiographyImageStorage)
    before = len(county.fetch("/dicom-web/studies", "C01").json())
    association = ae.associate("127.0.0.1", county.dicom_port, ae_title=county.aet)
    assert association.is_established
    association.release()
    assert association.is_released
    with socket.create_connection(("127.0.0.1", county.dicom_port), timeout=10):
        pass
    assert len(county.fetch("/dicom-web/studies", "C01").json()) == before
    assert run(tool("echoscu"), *options, "127.0.0.1", county.dicom_port).returncode == 0


def test_roles_on_every_context_and_nothing_accepted(county):
    """A perimeter proposes a role for every class; an association whose contexts are all refused is still one."""
    ae = AE(ae_title="DEMO01")
    ae.add_requested_context(ComputedRadiographyImageStorage)
    ae.add_requested_context(Verification)
    roles = [build_role(uid, scu_role=True, scp_role=True) for uid in (ComputedRadiographyImageStorage, Verification)]
    association = ae.associate("127.0.0.1", county.dicom_port, ae_title=county.aet, ext_neg=roles)
    assert association.is_established and len(association.accepted_contexts) == 2
    assert all(c.as_scu and not c.as_scp for c in association.accepted_contexts)
    assert association.send_c_echo().Status == 0
    association.release()
    refused = AE(ae_title="DEMO01")
    refused.add_requested_context("1.2.840.10008.5.1.4.34.6.1")
    association = refused.associate("127.0.0.1", county.dicom_port, ae_title=county.aet)
    # pynetdicom aborts an association without contexts by itself: it was accepted, not rejected.
    assert not association.is_rejected
    if association.is_established:
        association.release()


# --- user identity, case 20


def test_user_identity(county, tool, tmp_path):
    film(tmp_path / "a.dcm", patient="ID1")
    right = store(county, tool, tmp_path / "a.dcm", options=("-d", "-usr", "doctor01", "-pwd", "yigong-demo", "-rsp"))
    assert right.returncode == 0, right.stderr
    wrong = store(county, tool, tmp_path / "a.dcm", options=("-usr", "doctor01", "-pwd", "yigong-Demo", "-rsp"))
    assert wrong.returncode != 0 and "Rejected Permanent" in wrong.stdout + wrong.stderr, wrong.stderr
    foreign = store(county, tool, tmp_path / "a.dcm", options=("-usr", "doctor02", "-pwd", "yigong-demo", "-rsp"))
    assert foreign.returncode != 0, "an account of another clinic is none of this peer's"


# --- TLS, case 19


def test_tls(county, tool, tmp_path):
    film(tmp_path / "a.dcm", patient="TLS1")
    bundle = county.tls / "demo01.pem"
    def with_(own):
        return ("+tls", own, own, "+cf", county.tls / "ca.pem")
    good = store(county, tool, tmp_path / "a.dcm", port=county.dicom_tls_port, options=with_(bundle))
    assert good.returncode == 0 and "Success" in good.stdout + good.stderr, good.stdout + good.stderr
    nameless = store(county, tool, tmp_path / "a.dcm", port=county.dicom_tls_port, options=("+tla", "+cf", county.tls / "ca.pem"))
    assert nameless.returncode != 0, "no certificate, no association"
    borrowed = store(county, tool, tmp_path / "a.dcm", port=county.dicom_tls_port, options=with_(county.tls / "demo02.pem"))
    assert borrowed.returncode != 0 and "Rejected Permanent" in borrowed.stdout + borrowed.stderr
    plain = store(county, tool, tmp_path / "a.dcm", port=county.dicom_tls_port)
    assert plain.returncode != 0, "plain on the TLS port is closed"
    reverse = store(county, tool, tmp_path / "a.dcm", options=with_(bundle))
    assert reverse.returncode != 0, "TLS on the plain port is closed"
    enrolled = store(county, tool, tmp_path / "a.dcm", aet="DEMO05")
    assert enrolled.returncode != 0, "who is enrolled comes over TLS alone, unless the enrolment says otherwise"
    set_peer(county, "DEMO01", tls="required")
    assert store(county, tool, tmp_path / "a.dcm").returncode != 0
    assert store(county, tool, tmp_path / "a.dcm", port=county.dicom_tls_port, options=with_(bundle)).returncode == 0
    row = set_peer(county, "DEMO01", tls="allowed")
    kept = row["policy"]["certificates"]
    set_peer(county, "DEMO01", certificates=[])
    revoked = store(county, tool, tmp_path / "a.dcm", port=county.dicom_tls_port, options=with_(bundle))
    assert revoked.returncode != 0, "revoked with the next association"
    set_peer(county, "DEMO01", certificates=kept)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_and_the_alert(county, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(county.tls / "ca.pem")
    context.minimum_version = context.maximum_version = version
    with pytest.raises(ssl.SSLError) as told:
        with socket.create_connection(("127.0.0.1", county.dicom_tls_port), timeout=10) as raw:
            with context.wrap_socket(raw) as s:
                s.recv(1)
    assert "ALERT" in str(told.value).upper(), told.value
    context.load_cert_chain(county.tls / "demo01.pem")
    with socket.create_connection(("127.0.0.1", county.dicom_tls_port), timeout=10) as raw:
        with context.wrap_socket(raw) as s:
            assert s.version() == ("TLSv1.2" if version == ssl.TLSVersion.TLSv1_2 else "TLSv1.3")


def test_the_certificates_are_listed(county):
    listed = tls_command(county.data, "list")
    assert listed.returncode == 0 and len(re.findall(r"^ *\d+ days", listed.stdout, re.M)) >= 2, listed.stdout


# --- performed steps, case 17


def began(study):
    ds = Dataset()
    ds.PerformedProcedureStepStatus, ds.PerformedProcedureStepID = "IN PROGRESS", "P1"
    ds.PerformedStationAETitle, ds.Modality = "DEMO01", "CR"
    ds.PerformedProcedureStepStartDate, ds.PerformedProcedureStepStartTime = "20261101", "083000"
    step = Dataset()
    step.StudyInstanceUID, step.AccessionNumber = study, ""
    ds.ScheduledStepAttributesSequence = [step]
    ds.PerformedSeriesSequence = []
    return ds


def ended(state, *images):
    ds = Dataset()
    ds.PerformedProcedureStepStatus = state
    ds.PerformedProcedureStepEndDate, ds.PerformedProcedureStepEndTime = "20261101", "083500"
    series = Dataset()
    series.SeriesInstanceUID = images[0].SeriesInstanceUID if images else generate_uid()
    series.ReferencedImageSequence = []
    for image in images:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
        series.ReferencedImageSequence.append(item)
    ds.PerformedSeriesSequence = [series]
    return ds


def test_a_performed_step(county, tool, tmp_path):
    ds = film(tmp_path / "a.dcm", patient="MPPS1")
    ae = AE(ae_title="DEMO01")
    ae.add_requested_context(ModalityPerformedProcedureStep)
    association = ae.associate("127.0.0.1", county.dicom_port, ae_title=county.aet)
    assert association.is_established
    step, klass = generate_uid(), ModalityPerformedProcedureStep
    status, _ = association.send_n_create(began(ds.StudyInstanceUID), klass, step)
    assert status.Status == 0
    status, _ = association.send_n_create(began(ds.StudyInstanceUID), klass, step)
    assert status.Status == 0x0111
    status, _ = association.send_n_create(ended("COMPLETED"), klass, generate_uid())
    assert status.Status == 0x0106
    status, _ = association.send_n_set(ended("COMPLETED"), klass, generate_uid())
    assert status.Status == 0x0112
    assert store(county, tool, tmp_path / "a.dcm").returncode == 0
    sent = time.time()
    status, _ = association.send_n_set(ended("COMPLETED", ds), klass, step)
    assert status.Status == 0
    status, _ = association.send_n_set(ended("DISCONTINUED", ds), klass, step)
    assert status.Status == 0x0110 and status.ErrorComment.isascii() and len(status.ErrorComment) <= 64
    status, _ = association.send_n_get([], klass, step)
    assert status.Status == 0x0211
    association.release()
    writer = county.login("writer")
    row = wait(20, "the study settles", lambda: next((r for r in writer.get("/api/worklist?tab=write&q=MPPS1")["rows"]), None))
    print(f"settled {time.time() - sent:.1f} s after COMPLETED")
    shown = writer.get(f"/api/studies/{row['subject']}")["steps"]
    assert [(s["state"], s["named"], s["arrived"]) for s in shown] == [("completed", 1, 1)]


def test_another_clinic_does_not_touch_a_step(county):
    step = generate_uid()
    for title, expected in (("DEMO01", 0), ("DEMO02", 0x0112)):
        ae = AE(ae_title=title)
        ae.add_requested_context(ModalityPerformedProcedureStep)
        association = ae.associate("127.0.0.1", county.dicom_port, ae_title=county.aet)
        if title == "DEMO01":
            status, _ = association.send_n_create(began(generate_uid()), ModalityPerformedProcedureStep, step)
        else:
            status, _ = association.send_n_set(ended("COMPLETED"), ModalityPerformedProcedureStep, step)
        assert status.Status == expected
        association.release()


# --- storage commitment, case 18


def action(transaction, *instances):
    ds = Dataset()
    ds.TransactionUID = transaction
    ds.ReferencedSOPSequence = []
    for uid in instances:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CR, uid
        ds.ReferencedSOPSequence.append(item)
    return ds


class Reports:
    """Collects N-EVENT-REPORTs."""

    def __init__(self):
        self.seen, self.came = [], threading.Event()

    def take(self, event):
        self.seen.append((event.event_type, event.event_information))
        self.came.set()
        return 0x0000, None


def check_report(reports, transaction, good, bad):
    assert reports.came.wait(30), "no report"
    kind, info = reports.seen[0]
    assert kind == 2 and info.TransactionUID == transaction
    assert {i.ReferencedSOPInstanceUID for i in info.ReferencedSOPSequence} == set(good)
    assert [(i.ReferencedSOPInstanceUID, i.FailureReason) for i in info.FailedSOPSequence] == [(bad, 0x0112)]


@pytest.mark.parametrize("same", [True, False], ids=["same association", "new association"])
def test_storage_commitment(county, tool, tmp_path, same):
    study = generate_uid()
    sent = [film(tmp_path / f"{n}.dcm", patient=f"SC{same}", study=study) for n in range(2)]
    assert store(county, tool, *[tmp_path / f"{n}.dcm" for n in range(2)]).returncode == 0
    good, bad, transaction = [d.SOPInstanceUID for d in sent], generate_uid(), generate_uid()
    reports = Reports()
    handlers = [(evt.EVT_N_EVENT_REPORT, reports.take)]
    ae = AE(ae_title="DEMO01")
    ae.add_requested_context(StorageCommitmentPushModel)
    listening = None
    if not same:
        ae.add_supported_context(StorageCommitmentPushModel, scu_role=False, scp_role=True)
        listening = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        set_peer(county, "DEMO01", port=listening.server_address[1])
    association = ae.associate("127.0.0.1", county.dicom_port, ae_title=county.aet, evt_handlers=handlers if same else [])
    assert association.is_established
    about = (StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
    status, _ = association.send_n_action(action(transaction, *good, bad), 1, *about)
    assert status.Status == 0
    status, _ = association.send_n_action(action(generate_uid(), *good), 2, *about)
    assert status.Status == 0x0123
    if not same:
        association.release()
    check_report(reports, transaction, good, bad)
    if same:
        association.release()
    else:
        listening.shutdown()
    doctor = county.login("lead")
    page = wait(20, "the study is work", lambda: next((r for r in county.login("writer").get(f"/api/worklist?tab=write&q=SC{same}")["rows"]), None))
    safe = wait(10, "safe to delete", lambda: (lambda s: s if s["complete"] else None)(doctor.get(f"/api/studies/{page['subject']}")["safe"]))
    assert (safe["instances"], safe["proven"]) == (2, 2)


# --- the calling side: outbox and notification


def test_a_study_is_sent_on_and_announced(county, tool, tmp_path):
    port, received = free_port(), tmp_path / "received"
    received.mkdir()
    told = []

    def notified(event):
        told.append(event.attribute_list)
        return 0x0000, None

    class Kept(list):
        def take(self, event):
            self.append((event.dataset.SOPInstanceUID, bytes(event.request.DataSet.getvalue())))
            return 0x0000

    kept = Kept()
    ae = AE(ae_title="DEMO03")
    ae.add_supported_context(ComputedRadiographyImageStorage)
    ae.add_supported_context(InstanceAvailabilityNotification)
    set_peer(county, "DEMO03", port=port, forward={"modalities": ["CR"]}, availability=True)
    ds = film(tmp_path / "a.dcm", patient="OUT1")
    assert store(county, tool, tmp_path / "a.dcm", aet="DEMO03").returncode == 0
    writer = county.login("writer")
    wait(20, "the study settles", lambda: next((r for r in writer.get("/api/worklist?tab=write&q=OUT1")["rows"]), None))
    # nobody listens yet: it waits in the outbox and arrives when somebody does
    admin = county.login("admin")
    wait(20, "a try that failed", lambda: next((b for b in admin.get("/api/outbox")["rows"] if b["kind"] == "batch" and b["error"]), None))
    handlers = [(evt.EVT_C_STORE, kept.take), (evt.EVT_N_CREATE, notified)]
    listening = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    try:
        wait(60, "the object", lambda: len(kept) == 1)
        wait(60, "the notification", lambda: len(told) >= 1)
    finally:
        listening.shutdown()
    assert kept[0][0] == ds.SOPInstanceUID
    (series,) = told[0].ReferencedSeriesSequence
    assert told[0].StudyInstanceUID == ds.StudyInstanceUID
    assert series.ReferencedSOPSequence[0].InstanceAvailability == "ONLINE"
    batch = next(b for b in admin.get("/api/outbox")["rows"] if b["objects"] == 1 and b["cause"] == "forward")
    assert (batch["sent"], batch["failed"]) == (1, 0)


def test_a_receiver_that_takes_no_compression_gets_samples(county, tool, tmp_path):
    from pydicom.uid import ImplicitVRLittleEndian, JPEGLosslessSV1

    port, kept = free_port(), []
    ae = AE(ae_title="DEMO04")
    ae.add_supported_context(ComputedRadiographyImageStorage, ImplicitVRLittleEndian)
    handlers = [(evt.EVT_C_STORE, lambda e: kept.append((e.context.transfer_syntax, e.dataset)) or 0x0000)]
    listening = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    ds = film(tmp_path / "a.dcm", patient="OUT2")
    packed = tmp_path / "packed.dcm"
    assert run(tool("dcmcjpeg"), "+e1", tmp_path / "a.dcm", packed).returncode == 0
    try:
        set_peer(county, "DEMO04", port=port, forward=True)
        assert store(county, tool, packed, aet="DEMO04", options=("-xs",)).returncode == 0
        wait(60, "the object", lambda: kept)
    finally:
        listening.shutdown()
        set_peer(county, "DEMO04", forward=False)
    stored = county.fetch(f"/dicom-web/instances?SOPInstanceUID={ds.SOPInstanceUID}", "C04").json()
    assert stored[0]["00083002"]["Value"] == [JPEGLosslessSV1], "the stored object stays as it came"
    syntax, sent = kept[0]
    assert syntax == ImplicitVRLittleEndian and sent.PixelData == ds.PixelData, "lossless"
    assert sent.SOPInstanceUID == ds.SOPInstanceUID
    # the people of the facility see the batch that the rule made
    admin = county.login("admin")
    wait(20, "the batch is closed", lambda: next((b for b in admin.get("/api/outbox")["rows"] if b["cause"] == "forward" and b["sent"] == 1 and b["failed"] == 0 and b["to_name"] == sent_to(county, "DEMO04")), None))


def sent_to(server, ae):
    return next(p["name"] for p in server.login("admin").get("/api/admin/peers")["rows"] if p["ae_title"] == ae)
