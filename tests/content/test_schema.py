"""The JSON Schemas say the same as the classes the documents become."""

import json

import msgspec
import pytest
from jsonschema import Draft202012Validator

from cds_service.content import schema
from cds_service.content.model import KINDS
from cds_service.content.schema import shipped_content, validators

SCHEMAS = {
    path.name.removesuffix(".schema.json"): json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((shipped_content() / "schemas").glob("*.schema.json"))
}
OPEN_IN_CASES = {"given", "expect", "records", "order", "cards", "missing", "findings"}


def resolved(shape, root):
    reference = shape.get("$ref")
    if reference is None:
        return shape, root
    file, _, pointer = reference.partition("#")
    target = SCHEMAS[file.removesuffix(".schema.json")] if file else root
    found = target
    for step in pointer.strip("/").split("/"):
        found = found[step]
    return found, target


def differences(kind, shape, root, where):
    """Yield where the type `kind` and `shape` allow different documents."""
    shape, root = resolved(shape, root)
    if isinstance(kind, msgspec.inspect.UnionType):
        some = [part for part in kind.types if not isinstance(part, msgspec.inspect.NoneType)]
        if len(some) > 1:
            return  # an expression, whose shape has its own rule
        (kind,) = some
    if isinstance(kind, msgspec.inspect.StructType):
        fields = {field.encode_name: field for field in kind.fields}
        if set(fields) != set(shape["properties"]):
            yield f"{where}: keys {set(fields) ^ set(shape['properties'])}"
        required = {name for name, field in fields.items() if field.required}
        if required - set(shape["required"]):
            yield f"{where}: not required {required - set(shape['required'])}"
        for name in set(fields) & set(shape["properties"]):
            yield from differences(
                fields[name].type, shape["properties"][name], root, f"{where}.{name}"
            )
    elif isinstance(kind, msgspec.inspect.DictType):
        if shape["type"] != "object":
            yield f"{where}: not a block of keys"
        if isinstance(shape.get("additionalProperties"), dict):
            yield from differences(kind.value_type, shape["additionalProperties"], root, where)
    elif isinstance(kind, msgspec.inspect.VarTupleType):
        if shape["type"] != "array":
            yield f"{where}: not a list"
        yield from differences(kind.item_type, shape["items"], root, f"{where}[]")
    else:
        yield from differences_in_words(kind, shape, where)


def differences_in_words(kind, shape, where):
    """Yield where two types of single values allow different words."""
    if isinstance(kind, msgspec.inspect.EnumType):
        if {word.value for word in kind.cls} != set(shape["enum"]):
            yield f"{where}: words"
    elif isinstance(kind, msgspec.inspect.LiteralType):
        if set(kind.values) != set(shape["enum"]):
            yield f"{where}: words"
    elif "const" not in shape:
        name = {"StrType": "string", "BoolType": "boolean", "IntType": "integer"}
        if name[type(kind).__name__] != shape["type"]:
            yield f"{where}: {shape['type']}"


@pytest.mark.parametrize("kind", KINDS)
def test_schema_and_model_allow_the_same_documents(kind):
    info = msgspec.inspect.type_info(KINDS[kind])
    assert list(differences(info, SCHEMAS[kind], SCHEMAS[kind], kind)) == []


def test_there_is_a_schema_for_every_kind_and_for_cases():
    assert set(validators()) == {*KINDS, "cases"}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_valid_and_refers_by_its_own_name(name):
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"] == f"{name}.schema.json"


def parts(shape, where):
    yield shape, where
    for key in ("properties", "$defs"):
        for name, part in shape.get(key, {}).items():
            yield from parts(part, (*where, name))
    if "items" in shape:
        yield from parts(shape["items"], (*where, "[]"))


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_key_is_described_and_every_block_is_closed(name):
    for shape, where in parts(SCHEMAS[name], ()):
        if where and where[-1] != "[]" and "$ref" not in shape:
            assert shape.get("description"), where
        if "properties" in shape and not (
            name == "cases" and where[-1:] and where[-1] in OPEN_IN_CASES
        ):
            assert shape["additionalProperties"] is False, where


@pytest.mark.parametrize(
    ("file", "replace", "by", "said"),
    [
        (
            "topic/back-pain.cases.yaml",
            "{Observation: failed}",
            "{observation: failed}",
            "'missing' is written as 'observation' (A FHIR resource type, for example Condition)",
        ),
        (
            "topic/recommendations.yaml",
            "remedy: {order: [mri-lumbar]}",
            "remedy: {best-rated: 9}",
            "'best-rated' cannot be more than 3 (Offer up to this many of",
        ),
        (
            "value-sets/cancer.yaml",
            "url: https://www.example.org/icd",
            f"url: {'x' * 200}",
            f"'url' is written as '{'x' * 60}…' (A web address",
        ),
        (
            "topic/findings.yaml",
            "value-sets: [cancer]",
            "value-sets: [cancer, {any: fever}]",
            "entry 2 of 'value-sets' is a block of keys (it needs a text: A name in",
        ),
    ],
)
def test_a_wrong_shape_is_said_in_an_authors_words(file, replace, by, said, content):
    content.edit(file, replace, by)
    (report,) = content.reports()
    assert said in report


def test_an_installation_without_schemas_says_so(monkeypatch):
    monkeypatch.setattr(schema, "shipped_content", lambda: None)
    with pytest.raises(FileNotFoundError, match="no schemas"):
        schema._schemas.__wrapped__()
