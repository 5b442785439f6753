"""Readers of in-toto, DSSE, W3C PROV, OpenLineage and CycloneDX that are not ours. Prints what they found as JSON.

Run by the Python of `requirements-attest.txt`; what a reader refuses is its exception.

    statement FILE             a Statement and its provenance, in their protocol buffers, where nothing unknown may stand
    verify ENVELOPE PUBLIC     whether securesystemslib takes the signature
    sign STATEMENT KEY PUBLIC  signs with a fresh key of securesystemslib; the envelope is the answer
    prov FILE                  PROV-JSON, read, written and read again
    cyclonedx FILE             a bill of materials, held strictly against the schemas of 1.5, 1.6 and 1.7
    openlineage FILE           events, one per line, made into the classes of openlineage-python and back
"""

import importlib
import json
import pkgutil
import sys
from pathlib import Path


def statement(path):
    from google.protobuf import json_format
    from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
    from in_toto_attestation.v1.statement import Statement

    text = Path(path).read_text()
    parsed = json_format.Parse(text, statement_pb2.Statement())
    Statement.copy_from_pb(parsed).validate()
    provenance = json_format.ParseDict(json.loads(text)["predicate"], provenance_pb2.Provenance())
    described = [*provenance.build_definition.resolved_dependencies, *provenance.run_details.byproducts]
    for one in described:
        ResourceDescriptor.copy_from_pb(one).validate()
    return {
        "predicate": parsed.predicate_type,
        "subjects": {one.name: dict(one.digest) for one in parsed.subject},
        "dependencies": {one.name: dict(one.digest) for one in provenance.build_definition.resolved_dependencies},
        "builder": provenance.run_details.builder.id,
        "finished": provenance.run_details.metadata.finished_on.ToJsonString(),
    }


def verify(envelope, public):
    from cryptography.hazmat.primitives import serialization
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import SSlibKey

    document = json.loads(Path(envelope).read_text())
    key = serialization.load_pem_public_key(Path(public).read_bytes())
    # It looks at signatures of a key's own id alone.
    keyid = document["signatures"][0]["keyid"]
    try:
        parsed = Envelope.from_dict(document)
        parsed.verify([SSlibKey.from_crypto(key, keyid=keyid)], 1)
    except (VerificationError, ValueError) as error:
        return {"verified": False, "why": str(error)}
    return {"verified": True, "type": parsed.payload_type, "payload": parsed.payload.decode()}


def sign(path, public):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner

    signer = CryptoSigner.generate_ed25519()
    envelope = Envelope(Path(path).read_bytes(), "application/vnd.in-toto+json", {})
    envelope.sign(signer)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signer.public_key.keyval["public"]))
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    Path(public).write_bytes(key.public_bytes(serialization.Encoding.PEM, form))
    return envelope.to_dict()


def prov(path):
    from prov.model import ProvDocument

    def read(text):
        return ProvDocument.deserialize(content=text, format="json")

    document = read(Path(path).read_text())
    assert read(document.serialize(format="json")) == document
    kinds = {}
    for record in document.get_records():
        kinds.setdefault(record.get_type().localpart, []).append(sorted(str(one) for _, one in record.attributes))
    return kinds


def cyclonedx(path):
    from cyclonedx.model.bom import Bom
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    document = json.loads(Path(path).read_text())
    for version in ("1.5", "1.6", "1.7"):
        schema = f"http://cyclonedx.org/schema/bom-{version}.schema.json"
        text = json.dumps(document | {"specVersion": version, "$schema": schema})
        error = JsonStrictValidator(SchemaVersion.from_version(version)).validate_str(text)
        assert error is None, (version, error)
    read = Bom.from_json(document)
    return {
        "name": read.metadata.component.name,
        "kind": read.metadata.component.type.value,
        "components": sorted((part.type.value, part.name, part.version) for part in read.components),
        "files": sorted(part.name for part in read.metadata.component.components),
    }


def openlineage(path):
    from openlineage.client import generated
    from openlineage.client.generated import base
    from openlineage.client.serde import Serde

    facets = {}
    for module in pkgutil.iter_modules(generated.__path__):
        for value in vars(importlib.import_module(f"openlineage.client.generated.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, base.BaseFacet):
                facets[value._get_schema()] = value

    def facet(document):
        # The schema names the class, so its version is one that exists; a field it does not know is a TypeError.
        fields = {name: value for name, value in document.items() if name not in ("_producer", "_schemaURL")}
        return facets[document["_schemaURL"]](**fields, producer=document["_producer"])

    def with_facets(kind, document):
        rest = {name: value for name, value in document.items() if name != "facets"}
        return kind(**rest, facets={name: facet(one) for name, one in document.get("facets", {}).items()})

    events = []
    for line in Path(path).read_text().splitlines():
        document = json.loads(line)
        event = base.RunEvent(
            eventType=base.EventType(document["eventType"]),
            eventTime=document["eventTime"],
            producer=document["producer"],
            run=with_facets(base.Run, document["run"]),
            job=with_facets(base.Job, document["job"]),
            inputs=[with_facets(base.InputDataset, one) for one in document["inputs"]],
            outputs=[with_facets(base.OutputDataset, one) for one in document["outputs"]],
        )
        back = Serde.to_dict(event)
        back["run"].pop("facets")
        for one in back["inputs"]:
            assert one.pop("inputFacets") == {}
        for one in back["outputs"]:
            assert one.pop("outputFacets") == {}
        assert back == document, (back, document)
        events.append(document)
    return events


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    print(json.dumps(globals()[what](*arguments)))
