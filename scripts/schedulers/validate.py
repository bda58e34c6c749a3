"""Holds files for schedulers against the schemas of those schedulers. See `validate` beside it.

Kubernetes: its own published schemas, as the package kubernetes-validate brings them, for several
versions, and strictly: a field that a kind does not have is a mistake.
Nomad and Marathon publish no schema of that kind. nomad.schema.json and marathon.schema.json have
the fields, types and ranges of their documentation, as far as the examples go and a little further.
"""

import json
import pathlib
import re
import shutil
import sys

import jsonschema
import yaml

HERE = pathlib.Path(__file__).parent
# The oldest that has policy/v1 and the safe sysctls of the examples, one between, the newest known.
KUBERNETES = ["1.25", "1.31", "1.37"]


class Mistake(Exception):
    """A file that is not what its scheduler takes. The text says where and what."""


# --- Kubernetes


class Loader(yaml.SafeLoader):
    """Refuses what YAML forbids and PyYAML lets pass: a key given twice."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise Mistake(f"line {key.start_mark.line + 1}: the key `{key.value}` is given twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def kubernetes(text):
    """Reads the documents of a YAML file, and holds each against every version."""
    try:
        documents = [document for document in yaml.load_all(text, Loader) if document is not None]
    except yaml.YAMLError as error:
        raise Mistake(f"is no YAML: {error}".replace("\n", " ")) from error
    if not documents:
        raise Mistake("holds no document")
    mistakes = []
    for document in documents:
        if not isinstance(document, dict):
            raise Mistake("holds a document that is no object")
        name = f"{document.get('kind')} {(document.get('metadata') or {}).get('name')}"
        for version in KUBERNETES:
            mistakes += [f"{name}: Kubernetes {version}: {why}" for why in against(document, version)]
    return documents, mistakes


def against(document, version):
    """What a version of Kubernetes has against a document."""
    # Who asks for another scheduler need not wait until this is loaded.
    import kubernetes_validate
    from kubernetes_validate.utils import VersionNotSupportedError

    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield f"{place(error)}: {error.message}"
    except (
        kubernetes_validate.SchemaNotFoundError,
        kubernetes_validate.InvalidSchemaError,
        VersionNotSupportedError,
    ) as error:
        yield error.message
    except KeyError as error:
        yield f"has no {error}"


def settle():
    """Removes the schemas of versions that nobody asks for, most of what was installed, and tries
    what is left. That also has the parser of HCL write its tables now, not when several start."""
    import kubernetes_validate

    schemas = pathlib.Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    for folder in schemas.iterdir():
        if not any(folder.name.startswith(f"v{version}.") for version in KUBERNETES):
            shutil.rmtree(folder)
    for version in KUBERNETES:
        for _ in against({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}, version):
            raise SystemExit(f"there are no schemas of Kubernetes {version}")
    nomad('job "a" { group "a" { task "a" { driver = "docker" } } }')


# --- Nomad


def nomad(text):
    """Reads a job file, puts the defaults of its variables in, and holds it against the schema."""
    # As above.
    import hcl2
    from hcl2.utils import SerializationOptions

    options = SerializationOptions(
        strip_string_quotes=True, explicit_blocks=False, with_comments=False
    )
    try:
        file = hcl2.loads(text, serialization_options=options)
    except Exception as error:
        raise Mistake(f"is no HCL: {error}".replace("\n", " ")) from error
    file = plain(file)
    variables = {}
    for block in file.get("variable", []):
        for name, variable in block.items():
            if "default" in variable:
                variables[name] = variable["default"]
    return [file], list(schema_mistakes("nomad", filled(file, variables)))


def plain(value):
    """Labels of blocks without their quotes."""
    if isinstance(value, dict):
        return {key.strip('"'): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


VARIABLE = re.compile(r"\$\{var\.([A-Za-z0-9_-]+)\}")


def filled(value, variables):
    """The same with every `var.NAME` replaced; what Nomad fills in at run time stays."""
    if isinstance(value, dict):
        for key in value:
            value[key] = filled(value[key], variables)
    elif isinstance(value, list):
        value[:] = [filled(item, variables) for item in value]
    elif isinstance(value, str):
        for name in VARIABLE.findall(value):
            if name not in variables:
                raise Mistake(f"names the variable `{name}`, which is not declared or has no default")
        whole = VARIABLE.fullmatch(value)
        if whole:
            return variables[whole[1]]
        return VARIABLE.sub(lambda match: str(variables[match[1]]), value)
    return value


# --- Marathon


def marathon(text):
    """Reads an application, or a list of them, and holds each against the schema."""
    try:
        document = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise Mistake(f"is no JSON: {error}") from error
    return [document], list(schema_mistakes("marathon", document))


def once(pairs):
    """An object whose keys are each given once."""
    for at, (key, _) in enumerate(pairs):
        if any(key == earlier for earlier, _ in pairs[:at]):
            raise Mistake(f"the key `{key}` is given twice")
    return dict(pairs)


# --- all of them


def schema_mistakes(scheduler, document):
    """What the schema of a scheduler has against a document."""
    schema = json.loads((HERE / f"{scheduler}.schema.json").read_text())
    checker = jsonschema.Draft202012Validator(schema)
    for error in sorted(checker.iter_errors(document), key=lambda error: list(map(str, error.path))):
        yield f"{place(error)}: {error.message}"


def place(error):
    """Where in a document an error is."""
    return "/".join(map(str, error.absolute_path)) or "at the top"


SCHEDULERS = {"kubernetes": kubernetes, "nomad": nomad, "marathon": marathon}


def main(words):
    if words == ["--settle"]:
        settle()
        return 0
    as_json = words[:1] == ["--json"]
    words = words[as_json:]
    if len(words) < 2 or words[0] not in SCHEDULERS:
        print(f"say which scheduler ({', '.join(SCHEDULERS)}), and its files", file=sys.stderr)
        return 2
    read, bad = {}, False
    for name in words[1:]:
        try:
            read[name], mistakes = SCHEDULERS[words[0]](pathlib.Path(name).read_text())
        except Mistake as mistake:
            mistakes = [str(mistake)]
        except (OSError, UnicodeDecodeError) as error:
            mistakes = [f"cannot be read: {error}"]
        bad = bad or bool(mistakes)
        for mistake in mistakes:
            print(f"{name}: {mistake}", file=sys.stderr)
    if as_json:
        json.dump(read, sys.stdout)
        print()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
