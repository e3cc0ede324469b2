"""Transforms SAM templates, given as arguments, as CloudFormation does, and writes
what comes out beside them into the folder that is the last argument, as JSON."""

import json
import os
import pathlib
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")  # the translator asks boto3 for one

from samtranslator.metrics.method_decorator import MetricsMethodWrapperSingleton
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class NoManagedPolicies:
    """Stands in for the names of managed policies, which are not used, nor asked IAM for."""

    def load(self):
        return {}


*templates, out = map(pathlib.Path, sys.argv[1:])
for path in templates:
    stack = transform(yaml_parse(path.read_text()), {}, NoManagedPolicies())
    MetricsMethodWrapperSingleton.get_instance().publish()  # to nobody; else it complains
    (out / (path.stem + ".json")).write_text(json.dumps(stack, indent=2))
    print(f"{path.name}: the SAM translator makes {len(stack['Resources'])} resources of it")
