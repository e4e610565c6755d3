"""Repository URLs are normalised as Argo CD's NormalizeGitURL does."""

import pytest

from gitguard.argo.repository import normalize_git_url, one_of, same_url


@pytest.mark.parametrize(
    ("url", "normalised"),
    [
        ("https://github.com/Foo/Bar.git", "https://github.com/foo/bar"),
        ("git@github.com:foo/bar.git", "git@github.com/foo/bar"),
        ("ssh://git@github.com/foo/bar", "git@github.com/foo/bar"),
        ("ssh://git@github.com:22/foo/bar", "git@github.com:22/foo/bar"),
        ("ssh://git@github.com:foo/bar", ""),
        ("ssh://github.com/foo/bar", "github.com/foo/bar"),
        ("https://github.com/foo/bar/", "https://github.com/foo/bar/"),
        ("https://github.com/foo/bar.git/", "https://github.com/foo/bar.git/"),
        ("https://github.com:443/a", "https://github.com:443/a"),
        ("git@ssh.dev.azure.com:v3/o/p/r", "git@ssh.dev.azure.com/v3/o/p/r"),
        ("https://github.com/{a,b}/*", "https://github.com/%7Ba,b%7D/%2A"),
        ("https://{a,b}.com/*", ""),
        ("https://git[hl]ub.com/x", ""),
        ("https://github.com/[ab]*/x", "https://github.com/[ab]*/x"),
        ("http*://h/x", ""),
        ("*://h/x", ""),
        ("*@github.com:foo/*", "%2A@github.com/foo/*"),
        ("https://h/\\*", "https://h/%5C%2A"),
        ("https://h/a b", "https://h/a%20b"),
        ("https://h/é", "https://h/%C3%A9"),
        ("https://h/%zz", ""),
        ("10.0.0.1:5000/x", ""),
        ("my_reg:5000/x", ""),
        ("localhost:5000/charts", "localhost:5000/charts"),
        ("ghcr.io:443/foo", "ghcr.io:443/foo"),
        ("registry-1.docker.io/bitnamicharts", "registry-1.docker.io/bitnamicharts"),
        ("oci://ghcr.io/foo/bar", "oci://ghcr.io/foo/bar"),
        ("  https://github.com/a  ", "https://github.com/a"),
        ("", ""),
        ("*", "*"),
        ("**", "**"),
    ],
)
def test_urls_are_normalised_as_argo_cd_does(url: str, normalised: str) -> None:
    assert normalize_git_url(url) == normalised


def test_urls_are_the_same_when_their_normal_forms_are() -> None:
    assert same_url("https://github.com/Org/Repo.git", "https://github.com/org/repo")
    assert same_url("git@github.com:org/repo", "ssh://git@github.com/org/repo")
    assert not same_url("https://github.com/org/repo", "https://github.com/org/repo/")
    assert not same_url("", "")
    assert same_url("10.0.0.1:5000/x", "10.0.0.1:5000/x")


def test_one_of_several_is_any_spelling_of_them_and_nothing_else():
    is_ours = one_of(["https://github.com/org/repo", "https://git.example.com/other"])
    for _ in range(2):
        assert is_ours("https://github.com/Org/Repo.git")
        assert is_ours("https://GIT.example.com/other.git")
        assert not is_ours("https://github.com/org/third")
        assert not is_ours("")
