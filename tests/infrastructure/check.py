"""What deploys, compared with the template; see `run`."""

import fnmatch
import json
import pathlib
import re
import sys

import boto3
import cfnlint
import hcl2
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from report import check, finish, run

DATA = pathlib.Path(sys.argv[1])
DOCUMENT = pathlib.Path("docs/infrastructure-as-code.md").read_text()
PACKAGE = DATA / "packaged.yaml"
TEMPLATE = pathlib.Path("template.yaml")
FUNCTION = "AWS::Serverless::Function"
STACK = "aws_cloudformation_stack"


def block(language):
    """The one block of the document in that language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    return found


def pack():
    """Packages the template as the document says, with functions that are too small to wait for."""
    boto3.client("s3").create_bucket(Bucket="packages")
    code = DATA / "code"
    code.mkdir()
    (code / "bootstrap").write_text("not built")
    built = re.sub(r"(?m)^( +CodeUri:) .*$", r"\1 code", TEMPLATE.read_text())
    (DATA / "built.yaml").write_text(built)
    line = next(line for line in DOCUMENT.splitlines() if line.startswith("sam package "))
    line = line.replace("BUCKET", "packages") + f" --template-file {DATA}/built.yaml"
    run(line.replace(" packaged.yaml", f" {PACKAGE}").split())


def difference(package):
    """What the package has otherwise than the template, but for where the code is."""
    for resource in package["Resources"].values():
        if resource["Type"] == FUNCTION:
            uri = resource["Properties"].pop("CodeUri")
            if not uri.startswith("s3://packages/registrar/"):
                return f"its code is at {uri}"
    template = yaml_parse(TEMPLATE.read_text())
    parts = [part for part in ["Parameters", "Resources", "Outputs"] if package[part].keys() != template[part].keys()]
    return f"it has other {parts}" if parts else None


def types(package):
    """The types of what CloudFormation makes of the template."""

    class NoPolicies:
        def load(self):
            return {}

    return {resource["Type"] for resource in transform(package, {}, NoPolicies())["Resources"].values()}


# What resources of these types may need in use that the template does not make.
UNUSED = [
    "dynamodb:*Replica", "dynamodb:*Item", "dynamodb:Query", "dynamodb:Scan", "dynamodb:*Import*",
    "dynamodb:*ableKinesisStreamingDestination", "dynamodb:UpdateKinesisStreamingDestination",
    "dynamodb:PutResourcePolicy", "dynamodb:DeleteResourcePolicy", "ec2:*", "elasticfilesystem:*", "firehose:*",
    "iam:*PermissionsBoundary", "iam:CreateServiceLinkedRole", "kinesis:*", "kms:CreateGrant", "kms:RevokeGrant",
    "kms:*crypt", "kms:GenerateDataKey", "lambda:*CodeSigningConfig", "lambda:GetLayerVersion", "s3:*", "s3files:*",
]  # fmt: skip


def lacking(types):
    """What CloudFormation needs to make, change and delete resources, by the types' own words, and StackRole lacks."""
    needed = set()
    for path in (pathlib.Path(cfnlint.__file__).parent / "data/schemas/resources").glob("*.json"):
        schema = json.loads(path.read_text())
        if schema["typeName"] in types:
            types.discard(schema["typeName"])
            handlers = [schema.get("handlers", {}).get(verb, {}) for verb in ["create", "read", "update", "delete"]]
            needed.update(action for handler in handlers for action in handler.get("permissions", []))
    assert not types and len(needed) > 100, f"no words of {types}"
    role = yaml_parse(pathlib.Path(".github/deploy-role.yaml").read_text())["Resources"]["StackRole"]["Properties"]
    statements = [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]
    granted = [action for statement in statements for action in listed(statement["Action"])]
    patterns = [pattern.lower() for pattern in granted + UNUSED]
    return sorted(action for action in needed if not permitted(action.lower(), patterns))


def permitted(action, patterns):
    return any(fnmatch.fnmatchcase(action, pattern) for pattern in patterns)


def listed(value):
    return value if isinstance(value, list) else [value]


def misfits(parameters, outputs):
    """Parameters and outputs that the template has not."""
    template = yaml_parse(TEMPLATE.read_text())
    unknown = [name for name in parameters if name not in template["Parameters"]]
    unknown += [name for name in outputs if name not in template["Outputs"]]
    return unknown or (None if parameters and outputs else "nothing is given or taken")


def synthesized():
    (DATA / "app.mjs").write_text(block("js"))
    (DATA / "node_modules").symlink_to(pathlib.Path("tests/infrastructure/node_modules").resolve())
    command = ["node_modules/.bin/cdk", "synth", "--app", "node app.mjs", "--quiet", "--output", "cdk.out"]
    run(command, cwd=DATA)
    template = DATA / "cdk.out/identity.template.json"
    run(["cfn-lint", template])
    return json.loads(template.read_text())


def cdk():
    stack = synthesized()
    (registrar,) = [part for part in stack["Resources"].values() if part["Type"] == "AWS::CloudFormation::Stack"]
    outputs = [output["Value"]["Fn::GetAtt"][1].removeprefix("Outputs.") for output in stack["Outputs"].values()]
    (asset,) = (DATA / "cdk.out").glob("asset.*.yaml")
    if asset.read_text() != PACKAGE.read_text():
        return "another template than the packaged one"
    if asset.name.removeprefix("asset.") not in json.dumps(registrar["Properties"]["TemplateURL"]):
        return f"it leads elsewhere: {registrar['Properties']['TemplateURL']}"
    return misfits(registrar["Properties"]["Parameters"], outputs)


def unquoted(value):
    """What hcl2 reads, without the quotation marks of names and texts."""
    if isinstance(value, dict):
        return {name.strip('"'): unquoted(member) for name, member in value.items()}
    if isinstance(value, list):
        return [unquoted(member) for member in value]
    return value.strip('"') if isinstance(value, str) else value


def terraform():
    text = block("hcl")
    blocks = unquoted(hcl2.loads(text))
    there = {f"{type}.{name}" for part in blocks["resource"] for type in part for name in part[type]}
    there |= {f"data.{type}.{name}" for part in blocks["data"] for type in part for name in part[type]}
    there |= {f"var.{name}" for part in blocks["variable"] for name in part}
    asked = set(re.findall(r"\b(data\.aws_\w+\.\w+|(?<!data\.)aws_\w+\.\w+|var\.\w+)", text))
    (stack,) = [part[STACK]["registrar"] for part in blocks["resource"] if STACK in part]
    capabilities = stack["capabilities"]
    if missing := asked - there:
        return f"it asks for {missing}"
    if capabilities != ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]:
        return f"{capabilities}"
    return misfits(stack["parameters"], re.findall(rf"{STACK}\.registrar\.outputs\[\"(\w+)\"\]", text))


pack()
check("the package is the template, with its code in the bucket", difference(yaml_parse(PACKAGE.read_text())))
check("StackRole may make, change and delete what the template has", lacking(types(yaml_parse(PACKAGE.read_text()))))
check("CDK's stack has the package in it", cdk())
check("Terraform's configuration names what is there", terraform())
finish()
