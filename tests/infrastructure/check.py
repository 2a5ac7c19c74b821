"""What deploys, compared with the template; see `run`."""

import copy
import fnmatch
import itertools
import json
import pathlib
import re
import subprocess
import sys

import boto3
import botocore.session
import cfnlint
import hcl2
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from report import check, finish, run

DATA = pathlib.Path(sys.argv[1])
DOCUMENT = pathlib.Path("docs/infrastructure-as-code.md").read_text()
DEPLOYING = pathlib.Path("docs/deploying.md").read_text()
OPERATIONS = pathlib.Path("docs/operations.md").read_text()
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


def transformed(package):
    """What CloudFormation makes of the template."""

    class NoPolicies:
        def load(self):
            return {}

    return transform(copy.deepcopy(package), {}, NoPolicies())


# The parameters by which a deployment chooses its doors, with what makes each be there and not.
DOORS = {name: ("yes", "no") for name in yaml_parse(TEMPLATE.read_text())["Parameters"] if name.endswith("Door")}
DOORS |= {"AuthleteRuntime": ("yes", "no"), "StetDomainName": ("psd2.bank.example", "")}
# What a deployment of RFC 7591 and 7592 alone has: five functions that answer, and the one that follows the table.
ALONE = {"register", "client-configuration", "client-lookup", "client-used", "discovery", "stream"}


def types(package):
    """The types of these resources."""
    return {resource["Type"] for resource in transformed(package)["Resources"].values()}


class Deployment:
    """What there is with these parameters."""

    def __init__(self, stack, parameters):
        self.stack = stack
        defaults = {name: parameter.get("Default") for name, parameter in stack["Parameters"].items()}
        self.parameters = defaults | parameters
        self.there = {name for name, part in stack["Resources"].items() if self.holds(part.get("Condition"))}

    def holds(self, condition):
        return condition is None or self.value(self.stack["Conditions"][condition])

    def value(self, part):
        """A part of the template with its conditions decided. References stay, but for those to parameters."""
        if isinstance(part, list):
            return [value for value in map(self.value, part) if value != {"Ref": "AWS::NoValue"}]
        if not isinstance(part, dict):
            return part
        if len(part) == 1:
            ((function, given),) = part.items()
            match function:
                case "Ref" if given in self.parameters:
                    return self.parameters[given]
                case "Condition" if isinstance(given, str):
                    return self.holds(given)
                case "Fn::If":
                    return self.value(given[1] if self.holds(given[0]) else given[2])
                case "Fn::Equals":
                    return self.value(given[0]) == self.value(given[1])
                case "Fn::Not":
                    return not self.value(given[0])
                case "Fn::And":
                    return all(self.value(given))
                case "Fn::Or":
                    return any(self.value(given))
        values = {name: self.value(value) for name, value in part.items()}
        return {name: value for name, value in values.items() if value != {"Ref": "AWS::NoValue"}}

    def parts(self):
        """The resources and outputs that are there."""
        outputs = self.stack["Outputs"].items()
        parts = {f"output {name}": output for name, output in outputs if self.holds(output.get("Condition"))}
        parts |= {name: self.stack["Resources"][name] for name in self.there}
        for name, part in parts.items():
            rest = {member: value for member, value in part.items() if member not in ["Condition", "Metadata"]}
            yield name, self.value(rest)


def references(part):
    """The names that a part with its conditions decided asks for."""
    if isinstance(part, list):
        for value in part:
            yield from references(value)
    if isinstance(part, dict):
        for name, value in part.items():
            match name:
                case "Ref":
                    yield value
                case "Fn::GetAtt":
                    yield value[0] if isinstance(value, list) else value.split(".")[0]
                case "Fn::Sub":
                    text, own = (value[0], value[1]) if isinstance(value, list) else (value, {})
                    yield from (it for it in re.findall(r"\$\{([A-Za-z0-9:]+)", text) if it not in own)
                case "DependsOn":
                    yield from listed(value)
                case _:
                    yield from references(value)


def doors(package):
    """What is wrong with a choice of doors: a reference to what is not there, or other functions than it says."""
    stack = transformed(package)
    if len(stack["Resources"]) > 500:
        return f"CloudFormation takes 500 resources, and these are {len(stack['Resources'])}"
    given = {"AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms", "Dashboard": "yes", "Tracing": "yes"}
    given |= {"DomainName": "clients.example", "HostedZoneId": "Z1", "EventBus": "default"}
    functions = {name: part for name, part in package["Resources"].items() if part["Type"] == FUNCTION}
    binaries = {name: part["Metadata"]["BuildProperties"]["Binary"] for name, part in functions.items()}
    there = {}
    for choice in itertools.product(*DOORS.values()):
        for others in ({}, given):
            deployment = Deployment(stack, dict(zip(DOORS, choice)) | others)
            known = deployment.there | deployment.parameters.keys()
            for name, part in deployment.parts():
                asked = {it for it in references(part) if not it.startswith("AWS::")}
                if missing := asked - known:
                    return f"{choice}: {name} asks for {missing}, which is not there"
            there[choice] = {binary for name, binary in binaries.items() if name in deployment.there}
    for index, name in enumerate(DOORS):
        closed = tuple(values[place == index] for place, values in enumerate(DOORS.values()))
        row = re.search(rf"^\| `{name}` \| .* \| (\d+) \|$", DEPLOYING, re.MULTILINE)
        if not row or int(row[1]) != len(binaries) - len(there[closed]):
            return f"docs/deploying.md has not {len(binaries) - len(there[closed])} functions for {name}"
    none = {name: off for name, (_, off) in DOORS.items()}
    least = Deployment(stack, none)
    everything, alone = there[tuple(on for on, _ in DOORS.values())], there[tuple(none.values())]
    if everything != set(binaries.values()):
        return f"all doors have not {set(binaries.values()) - everything}"
    if alone != ALONE:
        return f"RFC 7591 alone differs by {alone ^ ALONE}"
    logs = {name for name in least.there if stack["Resources"][name]["Type"] == "AWS::Logs::LogGroup"}
    return f"RFC 7591 alone has {logs}" if logs != {"OauthLogs", "StreamLogs", "AccessLogs"} else None


def base_urls(package):
    """Parameters with which the functions, or the output, have another base URL than they should."""
    stack = transformed(package)
    domain, url = {"DomainName": "clients.example"}, {"BaseUrl": "https://cdn.example"}
    of_gateway = {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}
    of_domain = {"Fn::Sub": "https://${DomainName}"}
    for parameters, told, shown in [
        ({}, None, of_gateway),
        (domain, of_domain, of_domain),
        (url, url["BaseUrl"], url["BaseUrl"]),
        (domain | url, url["BaseUrl"], url["BaseUrl"]),
    ]:
        deployment = Deployment(stack, parameters)
        function = deployment.value(stack["Resources"]["Register"]["Properties"])
        found = function["Environment"]["Variables"].get("REGISTRAR_BASE_URL")
        if (found, deployment.value(stack["Outputs"]["ApiUrl"]["Value"])) != (told, shown):
            return f"{parameters}: {found}"
    return None


def faults(package):
    """A route whose fault is not the one of its own door's metric filter alone."""
    resources = package["Resources"]
    filters = {name: part for name, part in resources.items() if part["Type"] == "AWS::Logs::MetricFilter"}
    filters = {name: part["Properties"]["FilterPattern"] for name, part in filters.items() if name.endswith("Faults")}
    doors = {door.replace("-", ""): door for door in ALARMS}
    seen = 0
    for function in (part["Properties"] for part in resources.values() if part["Type"] == FUNCTION):
        door = function["CodeUri"].split("/")[-1]
        for event in function.get("Events", {}).values():
            if event["Type"] != "HttpApi":
                continue
            route = f"{event['Properties']['Method'].upper()} {event['Properties']['Path']}"
            met = {doors[name.removesuffix("Faults").lower()] for name, it in filters.items() if is_met(it, route)}
            if met != {door if door in ALARMS else "oauth"}:
                return f"{route} of {door} is a fault of {met}"
            seen += 1
    return None if seen > len(filters) else "there are none"


def is_met(pattern, route):
    """Whether a line of the access log with status 500 and that route meets a filter's pattern."""

    def compared(term):
        name, operator, value = term.groups()
        is_like = fnmatch.fnmatchcase({"status": "500", "route": route}[name], value.replace("[", "[[]"))
        return str(is_like == (operator == "="))

    pattern = re.sub(r'\$\.(\w+) (=|!=) "([^"]*)"', compared, pattern.strip("{} "))
    tokens = pattern.replace("&&", " and ").replace("||", " or ")
    if unread := set(re.findall(r"[^\s()]+", tokens)) - {"True", "False", "and", "or"}:
        raise ValueError(f"{unread} in {pattern}")
    return eval(tokens)


# The doors that canaries can be of at once: CloudFormation takes no more resources. And what takes each back.
TOGETHER = [[], ["authlete", "oauth", "authlete"], ["oauth", "operator", "federation", "identity-center", "stet"]]
ALARMS = {
    "oauth": {"OauthFaultsAlarm", "ServerErrorsAlarm"},
    "authlete": {"AuthleteFaultsAlarm", "ServerErrorsAlarm"},
    "operator": {"OperatorFaultsAlarm", "ServerErrorsAlarm"},
    "federation": {"FederationFaultsAlarm", "ServerErrorsAlarm"},
    "identity-center": {"IdentityCenterFaultsAlarm", "ServerErrorsAlarm"},
    "stet": {"StetFaultsAlarm", "StetServerErrorsAlarm"},
}


def canary(named):
    """What is wrong with the template that `.github/canary` prints for these doors, and what StackRole lacks for it."""

    def printed():
        text = subprocess.run([".github/canary", *named], capture_output=True, text=True, check=True).stdout
        return yaml_parse(re.sub(r"(?m)^( +CodeUri:) (.*)$", r"\1 s3://\2/code", text))

    package, second = printed(), transformed(printed())["Resources"]
    stack = transformed(package)
    first = stack["Resources"]
    if len(first) > 500:
        return f"CloudFormation takes 500 resources, and these are {len(first)}"
    if missing := lacking({part["Type"] for part in first.values()}):
        return f"StackRole may not {missing}"
    kept = {name for name in first.keys() & second.keys() if first[name]["Type"] == "AWS::Lambda::Version"}
    if kept:
        return f"{kept} would keep what parameters were"
    functions = {name: part for name, part in package["Resources"].items() if part["Type"] == FUNCTION}
    doors = {name: part["Properties"]["CodeUri"].split("/")[3] for name, part in functions.items()}
    wanted = {f"{name}Aliaslive": door for name, door in doors.items() if door in (named or ["oauth"])}
    policies = {name: part.get("UpdatePolicy", {}).get("CodeDeployLambdaAliasUpdate") for name, part in first.items()}
    aliases = {name: policy for name, policy in policies.items() if first[name]["Type"] == "AWS::Lambda::Alias"}
    groups = {name: part for name, part in first.items() if part["Type"] == "AWS::CodeDeploy::DeploymentGroup"}
    if aliases.keys() != wanted.keys() or not all(aliases.values()) or len(groups) != len(aliases):
        return f"{aliases} and {len(groups)} groups"
    for name, group in groups.items():
        door = doors[name.removesuffix("DeploymentGroup")]
        alarms = set(references(group["Properties"]["AlarmConfiguration"]))
        if alarms - {"AWS::NoValue"} != ALARMS[door]:
            return f"{name} is taken back for {alarms}"
    asked = {it for api in ("Api", "StetApi") for it in references(first[api])}
    if missing := aliases.keys() - asked:
        return f"no API asks {missing}"
    return unmet(stack)


def unmet(stack):
    """What a choice of doors, with alarms or without, refers to and has not."""
    for choice in itertools.product(*DOORS.values(), ("", "arn:aws:sns:us-east-1:123456789012:alarms")):
        deployment = Deployment(stack, dict(zip([*DOORS, "AlarmTopicArn"], choice)))
        known = deployment.there | deployment.parameters.keys()
        for name, part in deployment.parts():
            asked = {it for it in references(part) if not it.startswith("AWS::")}
            if missing := asked - known:
                return f"{choice}: {name} asks for {missing}, which is not there"
    return None


def canaries():
    """What is wrong with a template that has canaries."""
    unknown = subprocess.run([".github/canary", "pages"], capture_output=True, text=True)
    if unknown.returncode != 2 or "pages is no door" not in unknown.stderr:
        return f"of a door that there is not: {unknown}"
    return next((fault for fault in map(canary, TOGETHER) if fault), None)


def costs():
    """A row of the costs that is not what its formula makes."""
    (table,) = re.findall(r"^\| a million \|.*\n\|[-|]+\n((?:\|.*\n)+)", OPERATIONS, re.MULTILINE)
    for row in table.splitlines():
        name, *numbers = [cell.strip() for cell in row.strip("|").split("|")]
        gateway, calls, time, writes, reads, log, dollars = map(float, numbers)
        cost = gateway + 0.20 * calls + 0.25 * time / 1000 * 13.3334 + 0.625 * writes + 0.125 * reads + 0.50 * log
        if round(cost, 2) != dollars:
            return f"{name}: {cost:.2f}"
    return None if table else "there are none"


# What the command line of AWS has beside the operations of the services.
CUSTOM = {("cloudformation", "deploy"), ("s3", "cp")}


def commands():
    """A command of AWS in a document that the service does not know, or an option of it."""
    session, seen = botocore.session.get_session(), 0
    for path in sorted(pathlib.Path("docs").glob("*.md")):
        for block in re.findall(r"^ *```sh\n(.*?)^ *```$", path.read_text(), re.DOTALL | re.MULTILINE):
            text = block.replace("\\\n", " ")
            for service, operation, rest in re.findall(r"(?:^|[ (;])aws ([a-z0-9-]+) ([a-z-]+)([^|\n]*)", text):
                if (service, operation) in CUSTOM:
                    continue
                seen += 1
                model = session.get_service_model(service)
                known = {botocore.xform_name(name, "-"): name for name in model.operation_names}
                if operation not in known:
                    return f"{path}: aws {service} {operation}"
                shape = model.operation_model(known[operation]).input_shape
                members = {botocore.xform_name(name, "-"): name for name in shape.members}
                given = set(re.findall(r"(?:^| )--([a-z0-9-]+)", rest)) - {"query", "output", "region"}
                unknown = {it for it in given if it not in members and it.removeprefix("no-") not in members}
                lacking = {it for it, name in members.items() if name in shape.required_members and it not in given}
                if unknown or lacking:
                    return f"{path}: aws {service} {operation} knows no {unknown} and wants {lacking}"
    return None if seen > 9 else f"only {seen} were found"


def shown(package):
    """What is wrong with the dashboard: it is JSON with each metric that requests leave in the log."""
    body = package["Resources"]["View"]["Properties"]["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(re.sub(r"\$\{[^}]+\}", "x", body))["widgets"]
    searched = set(re.findall(r'MetricName="(\w+)"', " ".join(text for it in widgets for text in texts(it))))
    line = pathlib.Path("shared/src/http/line.rs").read_text()
    counted = {"Latency", *re.findall(r'\("(\w+)", counted\.', line)}
    (query,) = package["Resources"]["RefusalsAlarm"]["Properties"]["Metrics"]
    asked = set(re.findall(r"SUM\((\w+)\)", query["Expression"]["Fn::Sub"]))
    return f"{searched ^ counted}, {asked - counted}" if searched != counted or not asked <= counted else None


def texts(part):
    """Each text in a part."""
    if isinstance(part, str):
        return [part]
    values = part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
    return [text for value in values for text in texts(value)]


# What resources of these types may need in use that the template does not make.
UNUSED = [
    "dynamodb:*Replica", "dynamodb:*Item", "dynamodb:Query", "dynamodb:Scan", "dynamodb:*Import*",
    "dynamodb:*ableKinesisStreamingDestination", "dynamodb:UpdateKinesisStreamingDestination",
    "dynamodb:PutResourcePolicy", "dynamodb:DeleteResourcePolicy", "ec2:*", "elasticfilesystem:*", "firehose:*",
    "iam:*PermissionsBoundary", "iam:*tachGroupPolicy", "iam:*tachUserPolicy", "iam:CreateServiceLinkedRole",
    "kinesis:*", "kms:CreateGrant", "kms:RevokeGrant", "kms:*crypt", "kms:GenerateDataKey", "lambda:*CodeSigningConfig",
    "lambda:GetLayerVersion", "s3:*", "s3files:*",
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
package = yaml_parse(PACKAGE.read_text())
check("the package is the template, with its code in the bucket", difference(yaml_parse(PACKAGE.read_text())))
check("StackRole may make, change and delete what the template has", lacking(types(package)))
check("each choice of doors has what it refers to, and RFC 7591 alone five functions", doors(package))
check("the base URL is the one that is given, else the domain's, else the gateway's", base_urls(package))
check("the dashboard has the metrics of requests", shown(package))
check("the fault of a route is its own door's", faults(yaml_parse(TEMPLATE.read_text())))
check("a canary deployment has new versions, alarms that take it back, and routes to its aliases", canaries())
check("the costs are what their formula makes", costs())
check("the services of AWS know the commands of the documents", commands())
check("CDK's stack has the package in it", cdk())
check("Terraform's configuration names what is there", terraform())
finish()
