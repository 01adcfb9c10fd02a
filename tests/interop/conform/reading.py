"""A report from an image to a clinic's archive: what an administrator, a reader and an auditor do, over HTTP."""
import subprocess
import time

from images import film

from .target import tool, wait_for

SECTIONS = {"findings": "双肺纹理清晰。", "impression": "心肺膈未见明显异常。"}


class Staff:
    """A signed-in person."""

    def __init__(self, t, login):
        self.session, self.base = t.login(login)

    def call(self, method, path, body=None):
        answer = self.session.request(method, self.base + path, json=body, timeout=60)
        assert answer.status_code in (200, 201, 204), f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.content else None


def report_as_dicom(t, folder):
    """Signs a report of a new film; answers the Encapsulated PDF that reached the clinic's archive."""
    inbox = folder / "archive"
    inbox.mkdir()
    archive = subprocess.Popen([tool("storescp"), "-aet", "PACS1", "-od", str(inbox), str(t.me_port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        admin = Staff(t, "admin")
        admin.call("POST", "/api/admin/destinations", {
            "facility": "C01", "kind": "dicom", "name": "卫生院影像归档", "address": f"PACS1@127.0.0.1:{t.me_port}", "settings": {}, "enabled": True})
        ds = film(folder / "report.dcm", patient="REPORT1", name="Lu^Wei=卢^瑋", rows=128)
        t.must_store(folder / "report.dcm")
        writer, auditor = Staff(t, "writer"), Staff(t, "auditor")
        row = wait_for(40, "the study becomes work", lambda: next(iter(writer.call("GET", "/api/worklist?tab=write&q=REPORT1")["rows"]), None))
        item = writer.call("POST", f"/api/work/{row['id']}/claim", {})
        writer.call("POST", f"/api/reports/{item['report']}/submit", {"item": item["id"], "epoch": item["epoch"], "sections": SECTIONS})
        row = next(iter(auditor.call("GET", "/api/worklist?tab=audit&q=REPORT1")["rows"]))
        item = auditor.call("POST", f"/api/work/{row['id']}/claim", {})
        auditor.call("POST", f"/api/reports/{item['report']}/sign", {"item": item["id"], "epoch": item["epoch"], "sections": SECTIONS})
        wait_for(40, "the report reaches the archive", lambda: any(inbox.iterdir()))
        time.sleep(0.5)
        return ds, next(iter(inbox.iterdir()))
    finally:
        archive.terminate()
        archive.wait()
