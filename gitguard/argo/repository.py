"""Repository URLs as Argo CD compares them: its NormalizeGitURL, with the parts of Go's net/url that decide the outcome.

Facts: argo-cd util/git/git.go and Go 1.27's net/url (Parse, String); pinned by vectors in the tests.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from gitguard.argo.golang import SPACE, lower
from gitguard.argo.version import at_least

_SSH = re.compile(r"^(ssh://)?([^/:]*?)@[^@]+$", re.DOTALL)
_SCHEME_CHARACTER = re.compile(r"[A-Za-z0-9+.\-]")
_USER_ALLOWED = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
_HOST_ALLOWED = re.compile(r"(?:[A-Za-z0-9\-_.~!$&'()*+,;=:\[\]<>\"]|[^\x00-\x7f]|%25|%[89A-Fa-f][0-9A-Fa-f])*")
_ZONE_ALLOWED = re.compile(r"(?:[A-Za-z0-9\-_.~!$&'()*+,;=:\[\]<>\"]|[^\x00-\x7f]|%[2-7][0-9A-Fa-f])*")
_PORT = re.compile(r":[0-9]*")
_PATH_AS_IS = re.compile(r"(?:[A-Za-z0-9\-_.~$&+,/:;=@!'()*\[\]]|%[0-9A-Fa-f]{2})*")
_PATH_BARE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@")
_HOST_BARE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~!$&'()*+,;=:[]<>\"")
_USER_BARE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,;=")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# What comes out of the round trip as it went in; most repositories are named so.
_PLAIN = re.compile(r"https?://[a-z0-9.\-]+/[a-z0-9._~\-*/]*")


class UrlError(ValueError):
    """Go's url.Parse refuses it."""


@lru_cache(maxsize=16384)
def normalize_git_url(url: str, version: str = "3.6") -> str:
    """The form in which Argo CD compares repository URLs; "" where it can't be parsed.

    The version counts by the release of Go that Argo CD is built with: 1.26 since 3.4, 1.27 since 3.6.
    """
    lowered = lower(url.strip(SPACE))
    if _PLAIN.fullmatch(lowered):
        return lowered.removesuffix(".git")
    match = _SSH.match(lowered)
    if match and not match.group(1):
        lowered = "ssh://" + lowered.replace(":", "/", 1)
    lowered = lowered.removesuffix(".git")
    try:
        return _round_trip(lowered, version).removeprefix("ssh://")
    except UrlError:
        return ""


def same_url(left: str, right: str, version: str = "3.6") -> bool:
    """Argo CD's SameURL: equal after normalisation, where an unparsable URL stands for itself; an empty one equals nothing."""
    first, second = normalize_git_url(left, version) or left, normalize_git_url(right, version) or right
    return bool(first) and first == second


def one_of(own: Iterable[str]) -> Callable[[str], bool]:
    """Tells whether a URL is one of these, as `same_url` compares them. Each URL is compared once."""
    own, known = tuple(own), dict[str, bool]()

    def is_one(url: str) -> bool:
        if url not in known:
            known[url] = any(same_url(url, one) for one in own)
        return known[url]

    return is_one


def _round_trip(url: str, version: str) -> str:
    """Go's url.Parse followed by URL.String."""
    rest, _, fragment = url.partition("#")
    if _CONTROL.search(rest):
        raise UrlError("control character")
    tail = f"#{_escaped_fragment(fragment)}" if fragment else ""
    if rest == "*":
        return f"*{tail}"
    scheme, rest = _scheme(rest)
    if rest.endswith("?") and rest.count("?") == 1:
        rest, tail = rest[:-1], f"?{tail}"
    else:
        rest, question, query = rest.partition("?")
        tail = f"{question}{query}{tail}"
    prefix = f"{scheme}:" if scheme else ""
    if not rest.startswith("/"):
        if scheme:
            return f"{prefix}{rest}{tail}"
        if ":" in rest.partition("/")[0]:
            raise UrlError("first path segment contains a colon")
    authority = ""
    rooted = rest.startswith("//") and (scheme or not rest.startswith("///"))
    if rooted:
        host, slash, path = rest[2:].partition("/")
        rest = slash + path
        authority = _authority(scheme, host, strict=at_least(version, (3, 4)))
    path = _path(rest)
    if rooted and (authority or rest or scheme):
        return f"{prefix}{_with_authority(scheme, authority, path, version)}{tail}"
    if not prefix and not authority and ":" in path.partition("/")[0]:
        path = f"./{path}"
    return f"{prefix}{path}{tail}"


def _with_authority(scheme: str, authority: str, path: str, version: str) -> str:
    if authority:
        return f"//{authority}{path}"
    # Without a host Go writes `//` only where the path could be taken for one, or for `file:`-like forms that it parsed so.
    if path.startswith("//"):
        return f"//%2F{path[1:]}" if scheme and at_least(version, (3, 6)) else f"//{path}"
    return f"//{path}" if path else ""


def _scheme(url: str) -> tuple[str, str]:
    for index, character in enumerate(url):
        if character == ":":
            if index == 0:
                raise UrlError("missing scheme")
            return url[:index], url[index + 1 :]
        if not _SCHEME_CHARACTER.match(character) or (index == 0 and not character.isalpha()):
            return "", url
    return "", url


def _authority(scheme: str, authority: str, *, strict: bool) -> str:
    user, at, host = authority.rpartition("@")
    if at and not _USER_ALLOWED.fullmatch(user):
        raise UrlError("invalid userinfo")
    if not at:
        return _host(scheme, host, strict)
    name, colon, password = user.partition(":")
    credentials = _escape(_unescape(name), _USER_BARE) + (f":{_escape(_unescape(password), _USER_BARE)}" if colon else "")
    return f"{credentials}@{_host(scheme, host, strict)}"


def _host(scheme: str, host: str, strict: bool) -> str:
    if "[" in host:
        # What stands before the bracket was dropped, without a word, before it was refused.
        return _bracketed(host if strict else host[host.rindex("[") :])
    if ":" in host:
        colon = host.index(":") if strict and scheme in ("http", "https") else host.rindex(":")
        if not _PORT.fullmatch(host[colon:]):
            raise UrlError("invalid port")
    if not _HOST_ALLOWED.fullmatch(host):
        raise UrlError("invalid character in host name")
    return _escape(_unescape(host), _HOST_BARE)


def _bracketed(host: str) -> str:
    """`[IPv6 address]:port`, where a zone may follow the address behind `%25`."""
    end = host.rfind("]")
    if host.rfind("[") > 0 or end < 0 or not _PORT.fullmatch(host[end + 1 :] or ":"):
        raise UrlError("invalid IP literal")
    address, mark, zone = host[1:end].partition("%25")
    escaped = {int(code, 16) for code in re.findall(r"%([0-9A-Fa-f]{2})", zone)}
    if not _HOST_ALLOWED.fullmatch(address) or not _ZONE_ALLOWED.fullmatch(zone) or (mark and not zone) or escaped - _HOST_BARE - {0x20, 0x25}:
        raise UrlError("invalid character in IP literal")
    # Unescaped, a `%` of the address would begin a zone too, but then something else has to stand before it.
    bare, percent, rest = _unescape(address).decode("utf-8", "surrogateescape").partition("%")
    if (percent and not rest and not mark) or not _is_ipv6(bare):
        raise UrlError("not an IPv6 address")
    return "[" + _escape(_unescape(address + mark + zone), _HOST_BARE) + "]" + host[end + 1 :]


def _is_ipv6(address: str) -> bool:
    from ipaddress import AddressValueError, IPv6Address

    try:
        IPv6Address(address)
    except AddressValueError:
        return False
    return True


def _path(path: str) -> str:
    if _BAD_ESCAPE.search(path):
        raise UrlError("invalid escape")
    if _PATH_AS_IS.fullmatch(path):
        return path
    return _escape(_unescape(path), _PATH_BARE)


def _escaped_fragment(fragment: str) -> str:
    if _BAD_ESCAPE.search(fragment):
        raise UrlError("invalid escape")
    if re.fullmatch(r"(?:[A-Za-z0-9\-_.~$&+,/:;=?@!'()*\[\]]|%[0-9A-Fa-f]{2})*", fragment):
        return fragment
    return _escape(_unescape(fragment), _PATH_BARE | frozenset(b"?!()*"))


def _unescape(text: str) -> bytes:
    if _BAD_ESCAPE.search(text):
        raise UrlError("invalid escape")
    raw = text.encode("utf-8", "surrogatepass")
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes([int(match.group(1), 16)]), raw)


def _escape(raw: bytes, bare: frozenset[int]) -> str:
    return "".join(chr(byte) if byte in bare else f"%{byte:02X}" for byte in raw)
