import io
import re

import pytest
from django.core.management import CommandError, call_command

from crm.team.models import ApiToken, User
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


def test_create_user_prints_a_password_once(capsys):
    call_command(
        "create_user", "Mira@Example.com", "--role", "manager", "--name", "Mira M", "--time-zone", "Asia/Tokyo"
    )
    out, err = capsys.readouterr()
    password = out.strip()
    assert re.fullmatch(r"(\w{5}-){3}\w{5}", password)
    assert password not in err
    assert err.splitlines()[0] == "Created mira@example.com, account manager"
    user = User.objects.get()
    assert (user.email, user.role, user.name, user.time_zone) == ("mira@example.com", "manager", "Mira M", "Asia/Tokyo")
    assert user.check_password(password)


def test_create_user_takes_a_password_from_stdin(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("a long and odd sentence\nmore"))
    call_command("create_user", "ada@example.com", "--role", "admin", "--password-stdin")
    assert capsys.readouterr().out == ""
    assert User.objects.get().check_password("a long and odd sentence")


@pytest.mark.parametrize(
    ("arguments", "stdin", "reason"),
    [
        (["not an address", "--role", "agent"], "", "is not an e-mail address"),
        (["a@example.com", "--role", "agent", "--time-zone", "Mars"], "", "is not a time zone"),
        (["a@example.com", "--role", "agent", "--name", "x" * 121], "", "more than 120 characters"),
        (["a@example.com", "--role", "agent", "--password-stdin"], "short\n", "too short"),
        (["a@example.com", "--role", "agent", "--password-stdin"], "", "too short"),
        (["sam@example.com", "--role", "agent"], "", "There is a user sam@example.com already"),
        (["SAM@example.com", "--role", "agent"], "", "There is a user sam@example.com already"),
    ],
)
def test_create_user_refuses(sam, capsys, monkeypatch, arguments, stdin, reason):
    monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
    with pytest.raises(CommandError, match=reason) as caught:
        call_command("create_user", *arguments)
    assert caught.value.returncode == 2
    assert User.objects.count() == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "arguments",
    [["create_user", "a@example.com", "--role", "king"], ["create_user", "a@example.com"],
     ["create_token", "sam@example.com", "--scope", "all"], ["create_token", "sam@example.com"]],
)  # fmt: skip
def test_unknown_or_missing_choices_are_refused(sam, arguments):
    with pytest.raises(CommandError):
        call_command(*arguments)
    assert (User.objects.count(), ApiToken.objects.count()) == (1, 0)


def test_create_token_prints_the_secret_once(sam, capsys):
    call_command("create_token", "Sam@example.com", "--scope", "read", "--name", "reports")
    out, err = capsys.readouterr()
    token = ApiToken.objects.get()
    assert (token.user, token.scope, token.name) == (sam, "read", "reports")
    assert ApiToken.find(out.strip(), NOON) == token
    assert out.strip() not in err


def test_create_token_refuses(make_user, capsys):
    make_user("Gone", is_active=False)
    make_user("Sam")
    for arguments, reason in [
        (["nobody@example.com"], "There is no user nobody@example.com"),
        (["gone@example.com"], "is closed"),
        (["sam@example.com", "--name", "x" * 81], "more than 80 characters"),
    ]:
        with pytest.raises(CommandError, match=reason) as caught:
            call_command("create_token", *arguments, "--scope", "write")
        assert caught.value.returncode == 2
    assert not ApiToken.objects.exists()
    assert capsys.readouterr().out == ""
