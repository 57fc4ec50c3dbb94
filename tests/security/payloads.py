"""What attackers write: into templates, names, cells and addresses. Tests count what comes of it."""

from __future__ import annotations

_DUNDERS = (
    "__class__",
    "__class__.__mro__",
    "__init__.__globals__",
    "__dict__",
    "__subclasses__",
    "_meta",
    "pk",
    "owner",
    "password",
    "objects",
    "delete",
    "save",
    "keys",
    "items",
    "get",
    "format",
    "__getattribute__",
    "__reduce__",
)

#: Every one of them must come out blank, or be refused: `[` and `]` stand around what it shows.
TEMPLATE_ATTRIBUTES = [
    *(f"[{{{{ contact.{name} }}}}]" for name in _DUNDERS),
    *(f"[{{{{ contact['{name}'] }}}}]" for name in _DUNDERS),
    *(f"[{{{{ contact.name.{name} }}}}]" for name in _DUNDERS[:10]),
    *(
        f"[{{{{ {name} }}}}]"
        for name in ("self", "request", "settings", "config", "env", "globals", "lipsum", "cycler")
    ),
    "[{% for x in contact.__class__.__mro__ %}{{ x }}{% endfor %}]",
    "[{% assign k = '__class__' %}{{ contact[k] }}]",
    "[{% assign k = '__cla' | append: 'ss__' %}{{ contact.name[k] }}]",
    "[{% capture k %}__class__{% endcapture %}{{ contact[k] }}]",
    "[{{ 'x'.__class__ }}]",
    "[{{ ''.__class__.__mro__[1].__subclasses__() }}]",
    "[{{ (1..2).__class__ }}]",
    "[{{ contact | map: '__class__' }}]",
    "[{{ contact.name | slice: '__class__' }}]",
    "[{{ contact | where: '__class__' }}]",
    "[{{ forloop.__class__ }}]",
    "[{% for a in (1..1) %}{{ forloop.__init__ }}{% endfor %}]",
    "[{% for a in (1..1) %}{{ forloop.parentloop.__class__ }}{% endfor %}]",
    "[{% include 'settings' %}]",
    "[{% include '/etc/passwd' %}]",
    "[{% render '../../crm/config/settings.py' %}]",
    "[{% layout 'x' %}]",
    "[{% extends 'x' %}]",
    "[{% load ui %}]",
    "[{% debug %}]",
    "[{% import os %}]",
    "[{% assign x = contact | call %}]",
    "[{{ x | attr: '__class__' }}]",
    "[{{ cycler.__init__.__globals__.os }}]",
    "[{{ contact.\uff3f\uff3fclass\uff3f\uff3f }}]",
    "[{{ contact.__cla\u200bss__ }}]",
    '[{{ contact["__cla\\x73s__"] }}]',
]

_LOOP = "{{% for a in (1..9999) %}}{}{{% endfor %}}"

#: Every one of them would take seconds or hundreds of megabytes if it were let.
TEMPLATE_BOMBS = [
    _LOOP.format(_LOOP.format("x")),
    _LOOP.format("") * 400,
    _LOOP.format("{{ 'x' | upcase }}" * 400),
    "{% for a in (1..1000000000) %}{% endfor %}",
    "{% assign n = 1000000000 %}{% for a in (1..n) %}{% endfor %}",
    "{{ (1..3000000) | join }}",
    "{{ (1..9999) | join: '" + "x" * 5_000 + "' }}",
    _LOOP.format("x" * 9_000),
    _LOOP.format("{{ '" + "x" * 9_000 + "' | url_encode | strip_html | size }}"),
    _LOOP.format("{{ '" + "<a>" * 4_000 + "' | strip_html | size }}"),
    _LOOP.format("{{ 1 " + "| plus: 1 " * 1_500 + "}}"),
    _LOOP.format("{% if true " + "and true " * 80 + "%}{% endif %}"),
    _LOOP.format("{% assign d = a | append: ' jan 2000' | date: '%Y' %}"),
    "{% assign a = 'x' %}{% for i in (1..100) %}{% assign a = a | append: a %}{% endfor %}",
    "{% assign a = 'x' %}{% for i in (1..100) %}{% capture a %}{{ a }}{{ a }}{% endcapture %}{% endfor %}",
    "{% assign a = 'a,b' | split: ',' %}{% for i in (1..60) %}{% assign a = a | concat: a %}{% endfor %}",
    "{{ 'x' " + f"| replace: '', '{'y' * 40}' " * 40 + "}}",
    "{{ '%' " + "| url_encode " * 1_400 + "| size }}",
    "{{ '" + "&" * 12_000 + "' | escape | escape | size }}",
    "{% assign a = 99999999999999 %}{% for i in (1..60) %}{% assign a = a | times: a %}{% endfor %}",
    "{% assign a = (1..9999) | join | split: ' ' %}{{ a | uniq | size }}",
    "{% for i in (1..900) %}{{ (1..9999) | sort | join | split: ' ' | sort_natural | first }}{% endfor %}",
    "{{ 9" + "9" * 15_000 + " }}",
    "{{ (1..9" + "9" * 5_000 + ") | size }}",
    "{{ 1" + " | times: 999999999" * 900 + " }}",
    "{{" * 9_000,
    "{%" * 9_000,
    "{{ x" + " " * 19_000 + "}}",
    "{{" + " " * 19_000 + "}}",
    "{% if" + " " * 19_000 + "%}",
    "{% raw %}" * 2_000,
    "{% if x %}" * 1_900,
    "{% if x %}" * 900 + "{% endif %}" * 900,
    "{{ " + "(" * 9_000 + "1",
    "{{ a" + "[a" * 4_000 + "]" * 4_000 + " }}",
    "{% if a " + "or a " * 3_500 + "%}{% endif %}",
    "{% liquid\n" + "if x\n" * 3_000 + "%}",
    "x" * 10_000_000,
    "{{ x }}" * 1_000_000,
    "{# " * 6_000,
    "\0",
    "{{ '\ud800' }}",
    "{% tablerow i in (1..9999) %}xxxxxxxxxxxxxxxx{% endtablerow %}",
    "{{ '99999999999999999999' | date: '%Y' }}",
    "{{ '1e999999999' | ceil }}",
    "{{ 'nan' | round }}",
    "{{ 1 | divided_by: 0 }}",
    "{{ '////' | base64_decode }}",
    "{{ 'now' | date: '" + "%c" * 5_000 + "' }}",
    "{{ '" + "1" * 9_000 + "' | date: '%Y' }}",
]

#: Written as HTML, each would do something. `held()` is what the page of the test counts.
SCRIPTS = [
    "<script>held()</script>",
    "<img src=x onerror=held()>",
    '"><svg onload=held()>',
    "'\"><details open ontoggle=held()>",
    "</textarea></title></style><script>held()</script>",
    "<a href=javascript:held()>x</a>",
    "{{constructor.constructor('held()')()}}",
    "<iframe srcdoc='<script>parent.held()</script>'>",
    "${held()}`-held()-`",
    "\\u003cscript\\u003eheld()\\u003c/script\\u003e",
    "javascript:held()//",
    "' onmouseover='held()' autofocus onfocus='held()' x='",
    "<div hx-on:click=held() hx-get=/ hx-trigger=load hx-on::after-request=held()>x</div>",
    "\u202e<scr\0ipt>held()</script>".replace("\0", ""),
]

#: A spreadsheet would compute each of them.
FORMULAS = [
    f"{before}{sign}HYPERLINK(0)"
    for sign in ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
    for before in ("", " ", "\t", "\u00a0", "\ufeff", "\u200b")
]

#: Of headers, each with what must not become one.
HEADER_BREAKS = ["\r\n", "\n", "\r", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "%0d%0a"]

#: Turns what is read around.
BIDI = ["\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"]

#: Not an address of ours, whatever a browser makes of it.
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "////evil.example/x",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "http:evil.example",
    "http:///evil.example",
    "https:/evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "//evil.example@testserver/",
    "http://testserver@evil.example/",
    "http://testserver.evil.example/",
    "http://[::1]/",
    "ftp://testserver/",
    "//testserver:evil@evil.example",
    "x" * 5_000,
    "\u2028//evil.example",
    "/\u0000/evil.example",
    "\uff0f\uff0fevil.example",
]
