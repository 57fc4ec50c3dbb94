"""A browser's long name in a few words."""

from __future__ import annotations

#: What stands in a user agent → how people call it; the first that is found counts, since browsers name each other.
_BROWSERS = {
    "Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "FxiOS": "Firefox", "CriOS": "Chrome", "Chrome": "Chrome",
    "Safari": "Safari", "curl": "curl",
}  # fmt: skip
_SYSTEMS = {
    "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows", "Mac OS": "Mac", "CrOS": "ChromeOS",
    "Linux": "Linux",
}  # fmt: skip


def words_for(agent: str) -> str:
    """“Firefox on Linux”; what cannot be told is left out."""
    browser = next((words for part, words in _BROWSERS.items() if part in agent), "")
    system = next((words for part, words in _SYSTEMS.items() if part in agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or "An unknown browser"
