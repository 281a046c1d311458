"""check_schema.py SCHEMA.json FILE.toml...: one line a file, "ok" or what the schema has against it.

Exit code 3: the schema itself is not valid by its own draft.
"""

import json
import sys
import tomllib

import jsonschema


def fault(validator, path):
    with open(path, "rb") as file:
        document = tomllib.load(file)
    errors = sorted(validator.iter_errors(document), key=lambda error: error.json_path)
    return "; ".join(f"{error.json_path}: {error.message}" for error in errors) or "ok"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    kind = jsonschema.validators.validator_for(schema)
    try:
        kind.check_schema(schema)
    except jsonschema.SchemaError as error:
        print(error)
        return 3
    for path in sys.argv[2:]:
        print(fault(kind(schema), path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
