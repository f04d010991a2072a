"""The Terraform files: whether they are in form, hang together, and give no more away than is needed.

What a cloud makes of them is not tried here: that takes an account, and the providers, which are fetched from the network.

| fault                                                     | test                                           |
|-----------------------------------------------------------|------------------------------------------------|
| a file cannot be parsed, or is out of form                | test_terraform_takes_the_files_as_they_are     |
| a variable or a block is named that there is not          | test_all_that_is_named_is_there                |
| a variable is there for nothing, or explains nothing      | test_each_variable_is_used_and_explained       |
| the key of a whole account reaches the Pi                 | test_no_key_of_an_account_is_handed_out        |
| a secret is printed on the terminal                       | test_what_is_secret_is_marked                  |
| what was deleted is gone                                  | test_what_was_deleted_can_be_had_back          |
| the Pi is not told what it needs                          | test_the_outputs_fill_the_pis_settings         |
| state with secrets gets into git                          | test_git_keeps_away_from_state                 |
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from wattline_backup.offsite.place import LINE

CHECKOUT = Path(__file__).parents[2]
CLOUD = CHECKOUT / "backup" / "cloud"
CLOUDS = ("azure", "aws", "gcs")
BLOCK = re.compile(r'^(resource|data) "(\w+)" "(\w+)"', re.MULTILINE)
VARIABLE = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(r'^output "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
LOCALS = re.compile(r"^locals \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)


@pytest.fixture(params=CLOUDS)
def text(request) -> str:
    """All files of one cloud, without comments."""
    whole = "\n".join(each.read_text() for each in sorted((CLOUD / request.param).glob("*.tf")))
    return re.sub(r"^\s*#.*$", "", whole, flags=re.MULTILINE)


def test_terraform_takes_the_files_as_they_are(tmp_path):
    terraform = shutil.which("terraform")
    if terraform is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("terraform is not installed.")
    words = [terraform, "fmt", "-check", "-diff", "-recursive", str(CLOUD)]
    ended = subprocess.run(
        words, env={"PATH": "/usr/bin", "HOME": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr


def test_all_that_is_named_is_there(text):
    variables = {name for name, _ in VARIABLE.findall(text)}
    assert set(re.findall(r"\bvar\.(\w+)", text)) <= variables
    (block,) = LOCALS.findall(text)
    assert set(re.findall(r"\blocal\.(\w+)", text)) == set(re.findall(r"^  (\w+)\s+=", block, re.MULTILINE))
    resources = {(kind, name) for what, kind, name in BLOCK.findall(text) if what == "resource"}
    data = {(kind, name) for what, kind, name in BLOCK.findall(text) if what == "data"}
    assert set(re.findall(r"\bdata\.(\w+)\.(\w+)", text)) == data
    named = set(re.findall(r"(?<![\w.])((?:azurerm|azuread|aws|google|random)_\w+)\.(\w+)", text))
    assert named <= resources


def test_each_provider_is_asked_for(text):
    kinds = {kind.partition("_")[0] for _, kind, _ in BLOCK.findall(text)}
    assert kinds == set(re.findall(r'source  = "hashicorp/(\w+)"', text))


def test_each_variable_is_used_and_explained(text):
    for name, body in VARIABLE.findall(text):
        assert f"var.{name}" in text, name
        assert re.search(r'description = ".{20,}\."', body), name
        assert "type " in body, name


def test_no_key_of_an_account_is_handed_out(text):
    for words in (
        "primary_access_key",
        "secondary_access_key",
        "primary_connection_string",
        "roles/owner",
        "roles/editor",
    ):
        assert words not in text
    assert '"s3:*"' not in text.replace('effect    = "Deny"\n    actions   = ["s3:*"]', "")
    assert "DeleteObjectVersion" not in text


def test_what_is_secret_is_marked(text):
    for name, body in OUTPUT.findall(text):
        has_secret = re.search(r"\.secret\}|password\.pi\.value|private_key", body)
        assert bool(has_secret) == ("sensitive   = true" in body), name


def test_what_was_deleted_can_be_had_back(text):
    assert re.search(r"versioning_enabled = true|versioning \{\n    enabled = true|status = \"Enabled\"", text)
    assert text.count("var.undelete_days") >= 1
    assert re.search(r"delete_retention_policy|soft_delete_policy|noncurrent_version_expiration", text)


def test_nothing_is_public(text):
    assert re.search(
        r'container_access_type = "private"|block_public_policy     = true|public_access_prevention    = "enforced"',
        text,
    )


def test_the_outputs_fill_the_pis_settings(text):
    outputs = dict(OUTPUT.findall(text))
    assert {"repository", "credentials"} <= outputs.keys()
    assert re.search(r'value += "(azure|s3|gs):', outputs["repository"])
    lines = re.search(r"<<-EOT\n(.*?)EOT", outputs["credentials"], re.DOTALL)[1].split()
    assert all(LINE.fullmatch(each) for each in lines)


def test_git_keeps_away_from_state():
    for name in ("terraform.tfstate", "terraform.tfstate.backup", "terraform.tfvars", ".terraform/providers"):
        for cloud in CLOUDS:
            words = ["git", "check-ignore", "--quiet", "--no-index", str(CLOUD / cloud / name)]
            assert subprocess.run(words, cwd=CHECKOUT, check=False).returncode == 0, name
