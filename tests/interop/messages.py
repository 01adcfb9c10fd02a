"""HL7 messages of the tests, invented."""


def join(*segments):
    return "\r".join(segments).encode() + b"\r"


def order(control, facility, placer, barcode, patient="P0001", name="测试^王小东", items=(("LYTES", "电解质"),)):
    rows = [
        f"MSH|^~\\&|HIS|{facility}|YIGONG|LEAD|20261101080000||OML^O21^OML_O21|{control}|P|2.5.1|||||CHN|UNICODE UTF-8",
        f"PID|1||{patient}^^^{facility}||{name}||19630210|M",
    ]
    for n, (code, text) in enumerate(items, 1):
        rows += [
            f"ORC|NW|{placer}|||||||20261101080000|||D01^李医生",
            f"OBR|{n}|{placer}||{code}^{text}^L|R||20261101075500",
        ]
        rows.append(f"SPM|{n}|{barcode}||SER^血清^L")
    return join(*rows)


def result(control, barcode, values, app="DEMO-LAB", facility="LEADLAB", time="20261101090000"):
    rows = [
        f"MSH|^~\\&|{app}|{facility}|YIGONG|LEAD|{time}||ORU^R01^ORU_R01|{control}|P|2.5.1|||||CHN|UNICODE UTF-8",
        "PID|1",
        f"OBR|1|{barcode}|{barcode}|LYTES^电解质^L|||{time}",
    ]
    for n, (code, name, value, unit, reference) in enumerate(values, 1):
        rows.append(f"OBX|{n}|NM|{code}^{name}^L||{value}|{unit}|{reference}||||F|||{time}")
    return join(*rows)
