"""What surrounds the clinics: the centre's staff, the receiver of what is sent, whose row is whose."""
import copy
import re
import time
from concurrent.futures import ThreadPoolExecutor

from messages import order, result
from pynetdicom import AE, evt

from conftest import wait
from .county import CLINICS, CONTEXTS, GIVEN, MARK, Clinic, at_rest

ROW = re.compile(rb"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
# The study that is granted to clinics 2 and 3, and another one of the same patient that is not.
SHARED, WITHHELD = 31, 32
GRANTEES = (2, 3)
HOUR_MS = 3_600_000
# Clinics whose report is signed; the film of the others stays work.
SIGNED = 8
SECTIONS = {"findings": "双肺纹理清晰。", "impression": "心肺膈未见明显异常。"}


class World:
    def __init__(self, server, recording):
        self.server, self.recording = server, recording
        self.admin = server.login("admin")
        self.admin.users = self.admin.get("/api/admin/users")["rows"]
        self.rows, self.received = {}, []
        self.clinics = [Clinic(self, n) for n in range(1, CLINICS + 1)]
        self.by_number = {c.n: c for c in self.clinics}
        self.listen()

    def listen(self):
        """One program receives for every clinic what the server sends, and keeps for whom it was."""
        ae = AE()
        for context in CONTEXTS:
            ae.add_supported_context(context)

        def take(event):
            self.received.append((event.assoc.acceptor.primitive.called_ae_title.strip(), event.dataset))
            return 0

        self.receiver = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, take)])
        port = self.receiver.server_address[1]
        for peer in self.admin.get("/api/admin/peers")["rows"]:
            if peer["ae_title"] and peer["ae_title"].startswith("DEMO"):
                peer["port"] = port
                self.admin.call("PUT", f"/api/admin/peers/{peer['id']}", peer, expect=200)

    def owners(self, part):
        """Whose marks and rows stand in a piece of an answer."""
        data = part if isinstance(part, bytes) else str(part).encode()
        return {int(a or b) for a, b in MARK.findall(data)} | {self.rows[r] for r in ROW.findall(data) if r in self.rows}

    def own(self, number, value):
        """Row ids of an answer that are `number`'s."""
        for row in ROW.findall(str(value).encode()):
            assert self.rows.setdefault(row, number) == number, f"row {row.decode()} is shown to {self.rows[row]} and {number}"

    def begin(self):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda c: c.begin(copy.deepcopy(self.recording)), self.clinics))
        first = self.by_number[1]
        first.granted = {SHARED, WITHHELD}
        first.shared = first.image(number=SHARED)
        # One more study of the same patient, which nobody else was granted.
        first.withheld = first.image(number=WITHHELD, patient=first.shared.PatientID, name=str(first.shared.PatientName))
        link = first.associate()
        for ds in (first.shared, first.withheld):
            at_rest(link)
            assert link.send_c_store(ds).Status == 0
        link.release()
        self.laboratory()

    def laboratory(self):
        """A specimen and its critical potassium, for each clinic whose system sends orders; the others' specimens stay ordered."""
        for c in self.clinics[:GIVEN]:
            barcode = c.bottle = f"{c.mark}B"
            sent = order(f"O{c.mark}", c.code, f"{c.mark}PL", barcode, patient=f"{c.mark}L", name=f"测试^{c.mark}")
            assert b"|AA|" in self.server.mllp(sent)
            answer = self.server.mllp(result(f"R{c.mark}", barcode, [("K", "钾", "7.1", "mmol/L", "3.5-5.3")]))
            assert b"|AA|" in answer, answer
        nobody = self.server.mllp(result("RNOBODY", "NOBODY", [("K", "钾", "4.1", "mmol/L", "3.5-5.3")]))
        assert b"|AA|" in nobody, nobody
        self.unmatched = self.server.login("labverifier").get("/api/lab/unmatched")["rows"][0]["id"]

    def reports(self):
        """Every clinic's film becomes work; the centre signs some of the reports, and the one of the study that will be shared."""
        writer, auditor = self.server.login("writer"), self.server.login("auditor")
        wanted = {c.images[0].StudyInstanceUID: c for c in self.clinics}
        wanted[self.by_number[1].shared.StudyInstanceUID] = self.by_number[1]

        def waiting():
            rows = writer.get("/api/worklist?tab=write&pipeline=imaging&limit=200")["rows"]
            return rows if len(rows) >= len(wanted) + 1 else None

        rows = wait(60, "every clinic's film is work", waiting)
        uids = {r["subject"]: writer.get(f"/api/studies/{r['subject']}")["uid"] for r in rows}
        for row in rows:
            clinic = wanted.get(uids[row["subject"]])
            if clinic is None:
                continue
            clinic.work, clinic.report = row["id"], None
            if clinic.n <= SIGNED:
                item = writer.post(f"/api/work/{row['id']}/claim", {})
                writer.post(f"/api/reports/{item['report']}/submit", {"item": item["id"], "epoch": item["epoch"], "sections": SECTIONS})
        for row in auditor.get("/api/worklist?tab=audit&pipeline=imaging&limit=200")["rows"]:
            item = auditor.post(f"/api/work/{row['id']}/claim", {})
            auditor.post(f"/api/reports/{item['report']}/sign", {"item": item["id"], "epoch": item["epoch"], "sections": SECTIONS})
            clinic = wanted[uids[row["subject"]]]
            if uids[row["subject"]] == clinic.images[0].StudyInstanceUID:
                clinic.report, clinic.work = item["report"], item["id"]
            else:
                clinic.shared_report, clinic.shared_work = item["report"], item["id"]

    def collect(self):
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(self.collect_one, self.clinics))

    def collect_one(self, c):
        """Row ids of a clinic as its own person sees them; {kind: id} for the routes."""
        person, ids = c.person, {}
        studies = {d["uid"]: d for d in (person.get(f"/api/studies/{s['id']}") for s in person.get("/api/studies?q=ZQMARK")["rows"])}
        detail = studies[c.images[0].StudyInstanceUID]
        ids["study"], ids["odd"] = detail["id"], studies[c.odd.StudyInstanceUID]["id"]
        ids["series"] = detail["series"][0]["id"]
        stack = person.get(f"/api/series/{ids['series']}/stack")["instances"]
        ids["instance"], ids["order"], ids["barcode"] = stack[0]["id"], c.order["id"], c.barcode
        ids["patient"] = person.get(f"/api/studies/{ids['study']}")["patient"]["id"]
        ids["report"], ids["work"] = c.report, c.work
        quarantine = person.get("/api/quarantine?state=open")["rows"]
        ids["quarantine"] = next(q["id"] for q in quarantine if q["object_id"] == ids["odd"])
        peers = self.admin.get("/api/admin/peers")["rows"]
        ids["peer"] = next(p["id"] for p in peers if p["ae_title"] == c.aet)
        # What a clinic makes of its own: a mark, a link, a batch, a correction.
        ids["key_image"] = person.call("PUT", f"/api/studies/{ids['study']}/key-images", {"instance": ids["instance"], "frame": 1, "note": f"{c.mark} key"}, expect=200).json()["id"]
        link = person.post(f"/api/studies/{ids['study']}/links", {"viewer": "other"}, expect=201)
        ids["link"], c.linked = link["id"], link["dicomweb_by_path"]
        ids["batch"] = person.post(f"/api/studies/{ids['study']}/send", {"peer": ids["peer"]})["batch"]
        ids["filler"], ids["ecg_order"] = c.order["filler_no"], c.ecg_order["id"]
        items = c.web("GET", "/dicom-web/workitems?limit=100").json()
        ids["workitem"] = next((i["00080018"]["Value"][0] for i in items), None)
        if c.report:
            bundle = c.web("GET", "/fhir/R4/DiagnosticReport").text
            ids["binary"] = re.search(r"Binary/([^\"]+)", bundle).group(1)
        ids["act"] = person.post(f"/api/studies/{ids['odd']}/patient", {"local_id": f"{c.mark}A", "name": f"{c.mark}甲", "sex": "M", "why": f"{c.mark} why"})["act"]
        records = person.get("/api/ecg/unmatched")["rows"]
        ids["record"] = records[0]["id"] if records else None
        critical = person.get("/api/critical?state=all")["rows"]
        ids["critical"] = critical[0]["id"] if critical else None
        queue = person.get("/api/lab/queue")["specimens"]
        ids["result"] = queue[0]["results"][0]["id"] if queue else None
        messages = person.get("/api/lab/messages")["rows"]
        ids["message"] = messages[0]["id"] if messages else None
        c.ids = ids
        shown = [ids, c.order, c.lab, c.ecg_order, detail, studies[c.odd.StudyInstanceUID], stack, quarantine, records, critical, queue, messages]
        shown += [person.get(p) for p in ("/api/orders", "/api/clinic/today?days=2", "/api/clinic/reports", "/api/lab/specimens", "/api/outbox", f"/api/studies/{ids['odd']}/history")]
        if c.n == 1:
            c.shared_ids = {"study": studies[c.shared.StudyInstanceUID]["id"]}
            c.withheld_ids = {"study": studies[c.withheld.StudyInstanceUID]["id"]}
            self.own(SHARED, studies[c.shared.StudyInstanceUID]["id"])
            self.own(SHARED, studies[c.shared.StudyInstanceUID]["series"])
            self.own(SHARED, studies[c.shared.StudyInstanceUID]["patient"])
            self.own(WITHHELD, [studies[c.withheld.StudyInstanceUID][k] for k in ("id", "series")])
            shown = [x for x in re.findall("[0-9a-f]{32}", str(shown)) if x.encode() not in self.rows]
        self.own(c.n, shown)

    def grant(self):
        first = self.by_number[1]
        until = int(time.time() * 1000) + HOUR_MS
        for n in GRANTEES:
            first.person.post(f"/api/studies/{first.shared_ids['study']}/grants", {"facility": self.by_number[n].code, "reason": "会诊", "until": until}, expect=204)
            self.by_number[n].granted = {SHARED}

    def revoke(self):
        first = self.by_number[1]
        for n in GRANTEES:
            first.person.call("DELETE", f"/api/studies/{first.shared_ids['study']}/grants/{self.by_number[n].code}", {"why": "done"}, expect=204)
            self.by_number[n].granted = set()

    def stranger(self, clinic, turn=0):
        """Whom a clinic asks about: another one at every turn, never itself."""
        return self.by_number[1 + (clinic.n + turn % (CLINICS - 1)) % CLINICS]

